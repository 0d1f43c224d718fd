"""Charts are edited where their pods come from, and nothing is written that Helm's own rendering does not prove (R-F22)."""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from samigrate.domain.model import AUTOMOUNT_FIELD
from samigrate.helm import editing
from samigrate.helm.chart import Chart
from samigrate.helm.editing import Attempt, Setting, Splice
from samigrate.helm.sites import Site
from tests.command import invoke
from tests.helm.charts import ACCOUNT as ACCOUNT_DOCUMENT
from tests.helm.charts import CONTAINERS, FALSE, HELPERS, POD, SAMPLES, chart


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in sorted(folder.rglob("*")) if path.is_file()}


def changes(before: dict[str, str], after: dict[str, str]) -> dict[str, list[str]]:
    result = {}
    for path in sorted(before.keys() | after.keys()):
        lines = difflib.unified_diff(before.get(path, "").split("\n"), after.get(path, "").split("\n"), lineterm="", n=0)
        if changed := [line for line in lines if not line.startswith(("---", "+++", "@@"))]:
            result[path] = changed
    return result


def rendered(helm: str, folder: Path) -> list[object]:
    output = subprocess.run([helm, "template", "r", str(folder)], capture_output=True, check=True, cwd=folder).stdout
    return [each for each in yaml.safe_load_all(output) if each]


UNRENDERED = ("values that must be given", "a dependency that is not here", "a pod that is summed up in a label")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_chart_is_edited_where_its_pods_come_from(name: str, helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = SAMPLES[name]
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", dict(sample.files))
    before = texts(tmp_path)
    result = invoke(["migrate", "--charts", "--write", "-v", "."])
    after = texts(tmp_path)
    assert changes(before, after) == {f"web/{path}": lines for path, lines in sample.changes.items()}, result.stderr
    assert sample.left in result.stderr if sample.left else "chart-left" not in result.stderr, result.stderr
    assert result.exit == 0
    again = invoke(["migrate", "--charts", "--check", "."])
    assert texts(tmp_path) == after
    is_judged = "not seen: 1 chart" not in again.stderr  # what cannot be rendered has not passed
    assert again.exit == (0 if is_judged else 2), again.stderr
    assert is_judged == (name not in UNRENDERED)


@pytest.mark.parametrize("style", ["literal", "value"])
def test_the_chart_of_helm_create(style: str, helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line in each pod, where a maintainer would write it. The account's own `automount` is left as it is, since the account may
    serve others, too."""
    monkeypatch.chdir(tmp_path)
    subprocess.run([helm, "create", "web"], capture_output=True, check=True)
    before = texts(tmp_path)
    assert invoke(["migrate", "--charts", "--chart-style", style, "--write", "."]).exit == 0
    after = texts(tmp_path)
    line = "automountServiceAccountToken: " + (
        "false" if style == "literal" else "{{ $.Values.automountServiceAccountToken | default false }}"
    )
    expected = {"web/templates/deployment.yaml": [f"+      {line}"], "web/templates/tests/test-connection.yaml": [f"+  {line}"]}
    if style == "value":
        mark = "# -- " if "# -- " in before["web/values.yaml"] else "# "
        expected["web/values.yaml"] = [f"+{mark}Mount a token for the Kubernetes API into the pods", "+automountServiceAccountToken: false"]
    assert changes(before, after) == expected
    lines = after["web/templates/deployment.yaml"].splitlines()
    assert lines[lines.index(f"      {line}") - 1].startswith("      serviceAccountName: ")
    assert subprocess.run([helm, "lint", "web"], capture_output=True).returncode == 0


def test_a_team_s_own_values_are_rendered_too(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With them, the pod runs what calls the API: nothing may be written."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(POD + CONTAINERS.replace("nginx", "{{ .Values.image }}"), "image: nginx\n"))
    write(tmp_path, {"envs/prod.yaml": "image: bitnami/kubectl\n"})
    assert "+      automountServiceAccountToken: false" in invoke(["migrate", "--charts", "."]).stdout.decode()
    write(tmp_path, {"samigrate.yaml": "apiVersion: samigrate.dev/v1\nkind: Config\ncharts: [{path: web, values: [[envs/prod.yaml]]}]\n"})
    result = invoke(["migrate", "--charts", "."])
    assert result.stdout == b"" and "need the token under some values" in result.stderr


IMAGE = chart(POD + CONTAINERS.replace("nginx", "{{ .Values.image }}"), "image: nginx\n")
FLUX = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: all}}}
"""
ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  source: {repoURL: https://example.com/all.git, path: charts/web, helm: %s}
"""
KUBECTL = "bitnami/kubectl"


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"envs/web.yaml": FLUX + "  values: {image: bitnami/kubectl}\n"}, id="a HelmRelease"),
        pytest.param({"envs/web.yaml": ARGO % "{valuesObject: {image: bitnami/kubectl}}"}, id="an Application with an object"),
        pytest.param({"envs/web.yaml": ARGO % '{values: "image: bitnami/kubectl"}'}, id="an Application with a text"),
        pytest.param(
            {"envs/web.yaml": ARGO % "{parameters: [{name: image, value: bitnami/kubectl}]}"}, id="an Application with parameters"
        ),
        pytest.param(
            {"envs/web.yaml": ARGO % "{valueFiles: [../../envs/prod.yaml]}", "envs/prod.yaml": "image: bitnami/kubectl\n"},
            id="an Application with files",
        ),
        pytest.param(
            {"helmfile.yaml": "releases:\n- {name: web, chart: ./charts/web, values: [{image: bitnami/kubectl}]}\n"}, id="a helmfile"
        ),
        pytest.param({"kustomization.yaml": "helmCharts:\n- {name: web, valuesInline: {image: bitnami/kubectl}}\n"}, id="a kustomization"),
        pytest.param(
            {
                "charts/all/Chart.yaml": "apiVersion: v2\nname: all\nversion: 0.1.0\n"
                "dependencies: [{name: web, alias: front, version: 0.1.0, repository: 'file://../web'}]\n",
                "charts/all/values.yaml": "front: {image: bitnami/kubectl}\n",
            },
            id="a chart that depends on it",
        ),
    ],
)
def test_who_installs_it_decides_too(files: dict[str, str], helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs here calls the API, whatever the chart's defaults say; with another image it is edited."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "charts/web", IMAGE)
    write(tmp_path, files)
    result = invoke(["migrate", "--charts", "-v", "."])
    assert b"+      automount" not in result.stdout
    assert "need the token under some values" in result.stderr
    write(tmp_path, {path: text.replace(KUBECTL, "redis") for path, text in files.items()})
    assert b"+      automountServiceAccountToken: false" in invoke(["migrate", "--charts", "."]).stdout


@pytest.mark.parametrize(
    ("files", "told"),
    [
        pytest.param(
            {"a.yaml": FLUX + "  valuesFrom: [{kind: ConfigMap, name: prod}]\n"}, "ConfigMap prod, which are not read", id="a ConfigMap"
        ),
        pytest.param(
            {"a.yaml": ARGO % "{valueFiles: [prod.yaml]}"}, "charts/web/prod.yaml, which are not read", id="a file that is missing"
        ),
        pytest.param(
            {"helmfile.yaml": "releases:\n- {name: web, chart: charts/web, values: [prod.yaml.gotmpl]}\n"},
            "prod.yaml.gotmpl",
            id="a template",
        ),
        pytest.param({"a.yaml": FLUX + "  values: {image: redis, more: true}\n"}, "", id="values that it takes"),
    ],
)
def test_values_that_are_not_read_are_not_absent(
    files: dict[str, str], told: str, helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "charts/web", IMAGE)
    write(tmp_path, files)
    result = invoke(["migrate", "--charts", "."])
    assert told in result.stderr
    assert (b"+      automount" in result.stdout) == (not told)


def test_a_chart_that_does_not_render_as_it_is_installed_is_left(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "charts/web", chart('{{- if .Values.broken }}{{ fail "no" }}{{ end }}\n' + POD + CONTAINERS))
    write(tmp_path, {"a.yaml": FLUX + "  values: {broken: true}\n"})
    result = invoke(["migrate", "--charts", "."])
    assert result.stdout == b"" and "does not render with HelmRelease web in a.yaml" in result.stderr


VALUES = "serviceAccount:\n  # Make one\n  create: false\n  name: ''\nimage: nginx\n"


@pytest.mark.parametrize(
    ("template", "values", "changed"),
    [
        pytest.param(
            POD + CONTAINERS,
            VALUES,
            {
                "web/templates/deployment.yaml": [f"+{FALSE[:-5]}{{{{ ($.Values.serviceAccount).automount | default false }}}}"],
                "web/values.yaml": ["+  # Mount a token for the Kubernetes API into the pods", "+  automount: false"],
            },
            id="beside the account's own values",
        ),
        pytest.param(
            POD + CONTAINERS,
            "# -- the image\nimage: nginx\n",
            {
                "web/templates/deployment.yaml": [f"+{FALSE[:-5]}{{{{ $.Values.automountServiceAccountToken | default false }}}}"],
                "web/values.yaml": [
                    "+# -- Mount a token for the Kubernetes API into the pods",
                    "+automountServiceAccountToken: false",
                ],
            },
            id="by itself, with a comment for helm-docs",
        ),
        pytest.param(
            '{{ include "pod" (dict "name" "web") }}\n{{- define "pod" }}\n'
            + (POD + CONTAINERS).replace("{{ .Release.Name }}", "x")
            + "{{ end }}",
            VALUES,
            {"web/templates/deployment.yaml": [f"+{FALSE}"]},
            id="where no value reaches, as a literal",
        ),
    ],
)
def test_a_value_that_users_may_turn_on(
    template: str, values: str, changed: dict[str, list[str]], helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A literal cannot be overruled by those who use the chart with a program that calls the API."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(template, values))
    before = texts(tmp_path)
    result = invoke(["migrate", "--charts", "--chart-style", "value", "--write", "."])
    assert result.exit == 0
    assert changes(before, texts(tmp_path)) == changed, result.stderr
    assert invoke(["migrate", "--charts", "--chart-style", "value", "--check", "."]).exit == 0


ACCOUNT = ["+apiVersion: v1", "+kind: ServiceAccount", "+metadata:", "+  name: {{ .Release.Name }}-web", f"+{FALSE.strip()}", "+---"]
OWN = ["+      serviceAccountName: {{ .Release.Name }}-web", f"+{FALSE}"]


@pytest.mark.parametrize(
    ("template", "more", "changed"),
    [
        pytest.param(POD + CONTAINERS, {}, [*ACCOUNT, *OWN], id="a document of its own"),
        pytest.param("{{- if .Values.enabled }}\n" + POD + CONTAINERS + "{{- end }}\n", {}, [*ACCOUNT, *OWN], id="under a condition"),
        pytest.param(
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n---\n" + POD + CONTAINERS,
            {},
            [ACCOUNT[-1], *ACCOUNT[:-1], *OWN],
            id="behind another document",
        ),
        pytest.param(
            (POD + CONTAINERS).replace(
                "metadata:\n  name", "metadata:\n  namespace: {{ .Release.Namespace }}\n  labels:\n    name: other\n  name", 1
            ),
            {},
            [*ACCOUNT[:4], "+  namespace: {{ .Release.Namespace }}", *ACCOUNT[4:], *OWN],
            id="with a namespace",
        ),
        pytest.param(
            "{{- range .Values.parts }}\n---\n" + (POD + CONTAINERS).replace("{{ .Release.Name }}-web", "{{ . }}") + "{{- end }}\n",
            {"values.yaml": "parts: [a, b]\n"},
            [each.replace("{{ .Release.Name }}-web", "{{ . }}") for each in [ACCOUNT[-1], *ACCOUNT[:-1], *OWN]],
            id="in a range",
        ),
        pytest.param(
            POD + "      {{- if .Values.account }}\n      serviceAccountName: {{ .Values.account }}\n      {{- end }}\n" + CONTAINERS,
            {},
            [f"+{FALSE}"],
            id="not where the template may name one",
        ),
        pytest.param(
            (POD + CONTAINERS).replace("{{ .Release.Name }}-web", "{{ randAlphaNum 5 | lower }}"),
            {},
            [f"+{FALSE}"],
            id="not by a random name",
        ),
        pytest.param(
            POD + CONTAINERS,
            {"templates/taken.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: '{{ .Release.Name }}-web'}\n"},
            [f"+{FALSE}"],
            id="not by a name that is taken",
        ),
    ],
)
def test_accounts_of_their_own(
    template: str, more: dict[str, str], changed: list[str], helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(template, "enabled: true\n") | more)
    before = texts(tmp_path)
    result = invoke(["migrate", "--charts", "--chart-accounts", "--write", "-v", "."])
    assert changes(before, texts(tmp_path)) == {"web/templates/deployment.yaml": changed}, result.stderr
    assert invoke(["migrate", "--charts", "--chart-accounts", "--check", "."]).exit == 0


BY_HELPER = {
    **chart(POD + '      serviceAccountName: {{ include "web.account" . }}\n' + CONTAINERS, "serviceAccount:\n  create: false # why\n"),
    "templates/_helpers.tpl": HELPERS,
    "templates/account.yaml": "{{ if .Values.serviceAccount.create }}\n" + ACCOUNT_DOCUMENT + "{{ end }}\n",
}
OPENED = {"web/values.yaml": ["-  create: false # why", "+  create: true # why"], "web/templates/deployment.yaml": [f"+{FALSE}"]}


@pytest.mark.parametrize(
    ("more", "changed"),
    [
        pytest.param({}, OPENED, id="by its own template"),
        pytest.param({"ci/none-values.yaml": "serviceAccount: {create: false}\n"}, OPENED, id="where values say no, as it was"),
        pytest.param({"ci/one-values.yaml": "serviceAccount: {create: true}\n"}, OPENED, id="where values say yes, as it was"),
        pytest.param(
            {
                "templates/rbac.yaml": "{{ if .Values.serviceAccount.create }}\napiVersion: v1\nkind: ConfigMap\n"
                "metadata: {name: more}\n{{ end }}\n"
            },
            {"web/templates/deployment.yaml": [f"+{FALSE}"]},
            id="not where more is made with it",
        ),
        pytest.param(
            {"templates/account.yaml": ""}, {"web/templates/deployment.yaml": [f"+{FALSE}"]}, id="not where the template makes none"
        ),
    ],
)
def test_the_chart_s_own_account(
    more: dict[str, str], changed: dict[str, list[str]], helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chart that can make an account does so, rather than getting another document."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", BY_HELPER | more)
    before = texts(tmp_path)
    result = invoke(["migrate", "--charts", "--chart-accounts", "--write", "-v", "."])
    assert changes(before, texts(tmp_path)) == changed, result.stderr
    assert invoke(["migrate", "--charts", "--chart-accounts", "--check", "."]).exit == 0


def test_the_chart_s_own_account_is_named(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", BY_HELPER | {"templates/_helpers.tpl": HELPERS.replace("-web{{ else", "-own{{ else")})
    write(tmp_path, {"web/templates/account.yaml": BY_HELPER["templates/account.yaml"].replace("-web", "-own")})
    told = invoke(["audit", "--charts", "--chart-accounts", "."]).stdout.decode()
    assert "account release-name-own" in told and "automount false" in told


def test_a_token_secret_is_told_of(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: t\n  annotations: {kubernetes.io/service-account.name: web}\n"
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(POD + CONTAINERS) | {"templates/token.yaml": secret + "type: kubernetes.io/service-account-token\n"})
    result = invoke(["migrate", "--charts", "-v", "."])
    assert "web/templates/token.yaml:6: warning chart-left R-F22: makes a Secret with a token that does not expire" in result.stderr
    assert b"+      automountServiceAccountToken: false" in result.stdout


def test_without_the_option_the_note_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(POD + CONTAINERS))
    result = invoke(["migrate", "-v", "."])
    assert result.stdout == b"" and "--charts edits it" in result.stderr


def test_without_helm_it_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    write(tmp_path / "web", chart(POD + CONTAINERS))
    result = invoke(["migrate", "--charts", "."])
    assert result.exit == 2 and "needs `helm` on PATH" in result.stderr


@pytest.mark.parametrize("arguments", [["migrate", "-"], ["audit", "-"], ["migrate", "--workload", "Deployment/web", "."]])
def test_where_charts_cannot_be_done_it_is_an_error(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(POD + CONTAINERS))
    result = invoke([*arguments, "--charts"])
    assert result.exit == 2 and "--charts" in result.stderr


def test_thoroughly_every_switch_is_turned(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch that encloses neither a pod nor a binding may bring what calls the API."""
    monkeypatch.chdir(tmp_path)
    template = POD + CONTAINERS + "          {{- if .Values.tools.enabled }}\n          args: [--kubeconfig, /k]\n          {{- end }}\n"
    write(tmp_path / "web", chart(template, "tools: {enabled: false}\n"))
    assert b"+      automountServiceAccountToken: false" in invoke(["migrate", "--charts", "."]).stdout
    result = invoke(["migrate", "--charts", "--thorough", "."])
    assert result.stdout == b""
    assert 'under some values: with its defaults with {"tools": {"enabled": true}}, ' in result.stderr


def test_an_excluded_template_is_not_edited(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(POD + CONTAINERS))
    result = invoke(["migrate", "--charts", "--write", "--exclude", "web/templates/**", "."])
    assert "the file is excluded" in result.stderr
    assert texts(tmp_path / "web")["templates/deployment.yaml"] == POD + CONTAINERS


def test_a_link_out_of_the_chart_is_not_followed(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(POD + CONTAINERS))
    write(tmp_path, {"secret.yaml": "a: b\n"})
    (tmp_path / "web/templates/linked.yaml").symlink_to(tmp_path / "secret.yaml")
    result = invoke(["migrate", "--charts", "."])
    assert result.stdout == b"" and "leads out of the chart" in result.stderr


# ---------------------------------------------------------------- wrong edits


TWO = POD + CONTAINERS + "---\n" + (POD + CONTAINERS).replace("-web", "-job").replace("nginx", "bitnami/kubectl")
LINE = f"{FALSE}\n"


def spliced(position: int, text: str) -> Attempt:
    return Attempt((Splice("templates/deployment.yaml", position, position, text),))


MUTANTS: dict[str, tuple[str, str, Callable[[str], Attempt]]] = {
    "in another document": (TWO, "", lambda text: spliced(text.rindex("      containers:"), LINE)),
    "beside the pod spec": (TWO, "", lambda text: spliced(text.index("    spec:\n"), LINE[2:])),
    "in a container": (TWO, "", lambda text: spliced(text.index("          image:"), "    " + LINE)),
    "twice": (TWO, "", lambda text: spliced(text.index("      containers:"), LINE + LINE)),
    "twice, the second time true": (TWO, "", lambda text: spliced(text.index("      containers:"), LINE.replace("false", "true") + LINE)),
    "a text instead of a boolean": (TWO, "", lambda text: spliced(text.index("      containers:"), LINE.replace("false", '"false"'))),
    "zero instead of false": (TWO, "", lambda text: spliced(text.index("      containers:"), LINE.replace("false", "0"))),
    "misspelt": (TWO, "", lambda text: spliced(text.index("      containers:"), LINE.replace("Token", "Tokens"))),
    "under a guard that is never met": (
        TWO,
        "",
        lambda text: spliced(text.index("      containers:"), "      {{- if .Values.never }}\n" + LINE + "      {{- end }}\n"),
    ),
    "joined to the line above by trimmed whitespace": (
        TWO,
        "",
        lambda text: spliced(text.index("      containers:"), "      {{- /* */ -}}\n" + LINE),
    ),
    "a value that is wired to nothing": (TWO, "token: true\n", lambda text: Attempt((Setting("values.yaml", ("token",)),))),
    "a default that swallows false": (
        TWO,
        "token: true\n",
        lambda text: Attempt(
            (
                Splice(
                    "templates/deployment.yaml",
                    text.index("      containers:"),
                    text.index("      containers:"),
                    LINE.replace("false", "{{ .Values.token | default true }}"),
                ),
                Setting("values.yaml", ("token",)),
            ),
        ),
    ),
    "a template that no longer renders": (TWO, "", lambda text: spliced(text.index("      containers:"), "      {{- if }}\n" + LINE)),
    "a line too much": (TWO, "", lambda text: spliced(text.index("      containers:"), LINE + "      hostNetwork: true\n")),
    "the containers taken out": (
        TWO,
        "",
        lambda text: Attempt(
            (Splice("templates/deployment.yaml", text.index("      containers:"), text.index("---"), LINE),),
        ),
    ),
    "a document too much": (TWO, "", lambda text: spliced(0, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n---\n")),
    "the account as well": (TWO, "", lambda text: spliced(text.index("      containers:"), LINE + "      serviceAccount: other\n")),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_edit_is_not_written(name: str, helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template, values, wrong = MUTANTS[name]
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "web", chart(template, values))
    assert invoke(["migrate", "--charts", "--check", "."]).exit == 1, "the right edit is written"

    def attempts(chart: Chart, site: Site, conditions: object, *, by_switch: bool) -> list[Attempt]:
        return [wrong(chart.texts[site.path])]

    monkeypatch.setattr(editing, "attempts", attempts)
    before = texts(tmp_path)
    result = invoke(["migrate", "--charts", "--write", "."])
    assert texts(tmp_path) == before
    assert "chart-left" in result.stderr


def test_what_is_written_is_what_helm_renders(helm: str, tmp_path: Path) -> None:
    """Read by another parser than ours: the pod that has no use for the token, and nothing else."""
    write(tmp_path / "web", chart(TWO))
    before = rendered(helm, tmp_path / "web")
    invoke(["migrate", "--charts", "--write", str(tmp_path / "web")])
    after = rendered(helm, tmp_path / "web")
    [changed] = [number for number, each in enumerate(after) if each != before[number]]
    pod = after[changed]["spec"]["template"]["spec"]  # type: ignore[index]
    assert pod.pop(AUTOMOUNT_FIELD) is False
    assert after == before
