"""Small charts, one for each way in which charts write their pods, with the lines that an edit adds and takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-web\nspec:\n  selector: {matchLabels: {app: web}}\n"
POD = HEAD + "  template:\n    metadata: {labels: {app: web}}\n    spec:\n"
CONTAINERS = "      containers:\n        - name: web\n          image: nginx\n"
FALSE = "      automountServiceAccountToken: false"
HELPERS = """\
{{- define "web.account" -}}
{{ if .Values.serviceAccount.create }}{{ .Release.Name }}-web{{ else }}default{{ end }}
{{- end -}}
"""
BINDING = """\
{{- if .Values.rbac.create }}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .Release.Name }}-web
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .Release.Name }}-web}
subjects: [{kind: ServiceAccount, name: {{ .Release.Name }}-web, namespace: {{ .Release.Namespace }}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .Release.Name }}-web
rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]
{{- end }}
"""
WEB = {"templates/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"}
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {{ .Release.Name }}-web\n"
NAMED = POD + "      serviceAccountName: {{ .Release.Name }}-web\n" + CONTAINERS


class Sample(NamedTuple):
    """`changes` are the lines that the diff takes (-) and adds (+), file by file; {}: nothing is written. `left` are words of
    what is said of what is left."""

    files: Mapping[str, str]
    changes: Mapping[str, list[str]]
    left: str = ""


def chart(deployment: str, values: str = "", **more: str) -> dict[str, str]:
    """A chart with one template; further files by their paths, `__` for a slash and `_` before the suffix for its dot."""
    files = {"Chart.yaml": CHART, "values.yaml": values, "templates/deployment.yaml": deployment}
    return files | {name.replace("__", "/"): text for name, text in more.items()}


def with_files(files: dict[str, str], more: Mapping[str, str]) -> dict[str, str]:
    return files | dict(more)


TEMPLATE = "templates/deployment.yaml"
ADDED = {TEMPLATE: [f"+{FALSE}"]}
SUB = {
    "charts/cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 0.1.0\n",
    "charts/cache/values.yaml": "enabled: true\n",
    "charts/cache/templates/pod.yaml": POD.replace("-web", "-cache") + CONTAINERS,
}
RANGE = (
    "{{- range $name, $each := .Values.parts }}\n---\n"
    + POD.replace("{{ .Release.Name }}-web", "{{ $name }}")
    + CONTAINERS.replace("nginx", "{{ $each.image }}")
    + "{{- end }}\n"
)
RANDOM = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: {{ randAlphaNum 12 }}}\n"
SAMPLES: dict[str, Sample] = {
    "no account": Sample(chart(POD + CONTAINERS), ADDED),
    "an account by a literal": Sample(chart(POD + "      serviceAccountName: web\n" + CONTAINERS) | WEB, ADDED),
    "an account by a helper": Sample(
        with_files(
            chart(POD + '      serviceAccountName: {{ include "web.account" . }}\n' + CONTAINERS, "serviceAccount: {create: true}\n"),
            {
                "templates/_helpers.tpl": HELPERS,
                "templates/account.yaml": "{{ if .Values.serviceAccount.create }}\n" + ACCOUNT + "{{ end }}\n",
            },
        ),
        ADDED,
    ),
    "an account under a condition": Sample(
        chart(
            POD + "      {{- if .Values.account }}\n      serviceAccountName: {{ .Values.account }}\n      {{- end }}\n" + CONTAINERS,
            "account: ''\n",
        ),
        ADDED,
    ),
    "an account behind the containers": Sample(chart(POD + CONTAINERS + "      serviceAccountName: web\n") | WEB, ADDED),
    "no break at the end": Sample(chart(POD + CONTAINERS + "      serviceAccountName: web") | WEB, ADDED),
    "lines that end in CRLF": Sample(chart((POD + CONTAINERS).replace("\n", "\r\n")), {TEMPLATE: [f"+{FALSE}\r"]}),
    "trimmed whitespace above": Sample(
        chart(
            POD + "      {{- with .Values.pull }}\n      imagePullSecrets: {{ toYaml . }}\n      {{- end }}\n" + CONTAINERS, "pull: []\n"
        ),
        ADDED,
    ),
    "a range": Sample(chart(RANGE, "parts: {a: {image: nginx}, b: {image: redis}}\n"), ADDED),
    "a range of which one part uses the API": Sample(
        chart(RANGE, "parts: {a: {image: nginx}, b: {image: bitnami/kubectl}}\n"), {}, "under some values"
    ),
    "a pod in a helper": Sample(
        with_files(
            chart('{{ include "web.pod" . }}\n'),
            {"templates/_pod.tpl": '{{- define "web.pod" }}\n' + POD + CONTAINERS + "{{- end }}\n"},
        ),
        {"templates/_pod.tpl": [f"+{FALSE}"]},
    ),
    "the token by a literal": Sample(chart(POD + "      automountServiceAccountToken: false # already\n" + CONTAINERS), {}),
    "a token that a template asks for": Sample(chart(POD + "      automountServiceAccountToken: true\n" + CONTAINERS), {}),
    "the token by a value": Sample(
        chart(POD + "      automountServiceAccountToken: {{ .Values.token }}\n" + CONTAINERS, "# of the pods\ntoken: false # not needed\n"),
        {},
    ),
    "a value that is not written": Sample(
        chart(
            POD
            + '      {{- if hasKey .Values.pod "automountServiceAccountToken" }}\n'
            + "      automountServiceAccountToken: {{ .Values.pod.automountServiceAccountToken }}\n      {{- end }}\n"
            + CONTAINERS,
            "pod:\n  # what it runs\n  image: nginx # pinned\n",
        ),
        {"values.yaml": ["+  automountServiceAccountToken: false"]},
    ),
    "a binding that is made": Sample(
        with_files(chart(NAMED, "rbac: {create: true}\n"), {"templates/rbac.yaml": BINDING, "templates/account.yaml": ACCOUNT}), {}
    ),
    "a binding that a value switches off": Sample(
        with_files(
            chart(NAMED, "rbac: {create: true}\n"),
            {"templates/rbac.yaml": BINDING, "templates/account.yaml": ACCOUNT, "ci/own-values.yaml": "rbac: {create: false}\n"},
        ),
        {},
        "need the token under some values: with its defaults",
    ),
    "a binding that a value switches on": Sample(
        with_files(chart(NAMED, "rbac: {create: false}\n"), {"templates/rbac.yaml": BINDING, "templates/account.yaml": ACCOUNT}),
        {TEMPLATE: ["+      {{- if not (.Values.rbac.create) }}", f"+{FALSE}", "+      {{- end }}"]},
    ),
    "a binding that nothing here renders": Sample(
        with_files(
            chart(NAMED),
            {
                "templates/rbac.yaml": BINDING.replace(".Values.rbac.create", '.Capabilities.APIVersions.Has "example.com/v1"'),
                "templates/account.yaml": ACCOUNT,
            },
        ),
        {
            TEMPLATE: [
                '+      {{- if not (.Capabilities.APIVersions.Has "example.com/v1") }}',
                f"+{FALSE}",
                "+      {{- end }}",
            ]
        },
    ),
    "a binding in a block that nothing here renders": Sample(
        with_files(
            chart(NAMED),
            {
                "templates/rbac.yaml": BINDING.replace("{{- if .Values.rbac.create }}", "{{- range .Values.bindings }}").replace(
                    ".Release", "$.Release"
                ),
                "templates/account.yaml": ACCOUNT,
            },
        ),
        {},
        "makes a binding that no values",
    ),
    "a pod and a binding that different values switch on": Sample(
        with_files(
            chart("{{- if .Values.hook }}\n" + NAMED + "{{- end }}\n", "hook: false\nrbac: {create: false}\n"),
            {"templates/rbac.yaml": BINDING, "templates/account.yaml": ACCOUNT, "ci/hook-values.yaml": "hook: true\n"},
        ),
        {TEMPLATE: ["+      {{- if not (.Values.rbac.create) }}", f"+{FALSE}", "+      {{- end }}"]},
    ),
    "a value for the pod and its account": Sample(
        with_files(
            chart(
                NAMED.replace(
                    "      containers", "      automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}\n      containers"
                ),
                "# for both\nautomountServiceAccountToken: true\n",
            ),
            {"templates/account.yaml": ACCOUNT + "automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}\n"},
        ),
        {"values.yaml": ["-automountServiceAccountToken: true", "+automountServiceAccountToken: false"]},
    ),
    "a container that a value switches on": Sample(
        chart(
            POD
            + CONTAINERS
            + "        {{- if .Values.tools.enabled }}\n        - name: tools\n          image: bitnami/kubectl\n        {{- end }}\n",
            "tools: {enabled: false}\n",
        ),
        {},
        "under some values",
    ),
    "a sub-chart in the chart": Sample(
        with_files(chart(POD + CONTAINERS), SUB), ADDED | {"charts/cache/templates/pod.yaml": [f"+{FALSE}"]}
    ),
    "a template that a value switches on": Sample(
        chart("{{- if .Values.extra }}\n" + POD + CONTAINERS + "{{- end }}\n", "extra: false\n"), ADDED
    ),
    "a template that nothing renders": Sample(
        chart('{{- if eq (.Files.Get "no") "yes" }}\n' + POD + CONTAINERS + "{{- end }}\n"), {}, "no values that were tried render it"
    ),
    "values that must be given": Sample(
        chart(POD + CONTAINERS.replace("nginx", '{{ required "image is required" .Values.image }}')), {}, "image is required"
    ),
    "values that must be given, and an example of them": Sample(
        with_files(
            chart(POD + CONTAINERS.replace("nginx", '{{ required "image is required" .Values.image }}')),
            {"ci/some-values.yaml": "image: nginx\n"},
        ),
        ADDED,
    ),
    "a dependency that is not here": Sample(
        chart(POD + CONTAINERS) | {"Chart.yaml": CHART + "dependencies: [{name: db, version: 1.0.0, repository: https://example.com}]\n"},
        {},
        "helm dependency build",
    ),
    "random values": Sample(with_files(chart(POD + CONTAINERS), {"templates/secret.yaml": RANDOM}), ADDED),
    "a checksum of a file": Sample(
        chart(
            POD.replace(
                "metadata: {labels: {app: web}}",
                "metadata:\n      labels: {app: web}\n      annotations:\n"
                '        checksum/all: {{ (.Files.Get "values.yaml") | sha256sum }}{{ include "web.sum" . }}',
            )
            + CONTAINERS
        )
        | {"templates/_sum.tpl": '{{- define "web.sum" -}}x{{- end -}}'},
        ADDED,
    ),
    "a pod in a text": Sample(
        with_files(
            chart(POD + CONTAINERS),
            {
                "templates/text.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t}\ndata:\n  pod.yaml: |\n"
                "    spec:\n      containers:\n      - name: a\n"
            },
        ),
        ADDED,
    ),
    "a pod that is summed up in a label": Sample(
        chart(
            '{{ include "web.pod" . }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: sum\n'
            '  labels: {sum: {{ include "web.pod" . | sha256sum | trunc 8 | quote }}}\n'
            + '{{- define "web.pod" }}\n'
            + POD
            + CONTAINERS
            + "{{- end }}\n"
        ),
        {},
        "changes what it renders",
    ),
    "a hook": Sample(
        chart(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: {helm.sh/hook: test}\nspec:\n"
            "  containers: [{name: t, image: nginx}]\n"
        ),
        {TEMPLATE: [f"+{FALSE[4:]}"]},
    ),
    "a pod that is made of values": Sample(
        with_files(chart(POD + "{{ toYaml .Values.pod | indent 6 }}\n", "pod:\n  containers: [{name: web, image: nginx}]\n"), {}),
        {},
        "no value that was tried takes",
    ),
    "a library's option": Sample(
        chart(
            POD + "      {{- with .Values.defaultPodOptions }}\n      {{- toYaml . | nindent 6 }}\n      {{- end }}\n"
            "{{ toYaml .Values.pod | indent 6 }}\n",
            "pod:\n  containers: [{name: web, image: nginx}]\n",
        ),
        {"values.yaml": ["+defaultPodOptions:", "+  automountServiceAccountToken: false"]},
    ),
    "a program that calls the API": Sample(chart(POD + CONTAINERS.replace("nginx", "bitnami/kubectl")), {}),
}
