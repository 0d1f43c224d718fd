"""A Secret's value, wherever it may stand near an edit, is never printed; and what is no Secret is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import invoke

CANARY = "Y2FuYXJ5c2VjcmV0"
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.29
"""
HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n"
FORMS = {
    "data": HEAD + f"data:\n  password: {CANARY}\n",
    "a key called name": HEAD + f"data:\n  name: {CANARY}\n",
    "a key called kind": HEAD + f"data:\n  kind: {CANARY}\n",
    "stringData": HEAD + f"stringData:\n  password: {CANARY}\n",
    "in braces": HEAD + f"data: {{password: {CANARY}}}\n",
    "a block scalar": HEAD + f"stringData:\n  file: |\n    a\n\n    {CANARY}\n    # {CANARY}\n",
    "a folded scalar": HEAD + f"stringData:\n  file: >-\n    a\n    {CANARY}\n",
    "a quoted value over lines": HEAD + f'stringData:\n  file: "a\n    {CANARY}"\n',
    "a comment inside data": HEAD + f"data:\n  # was {CANARY}\n  password: eA==\n",
    "a comment behind a value": HEAD + f"data:\n  password: eA== # was {CANARY}\n",
    "a comment behind the kind": HEAD.replace("kind: Secret", f"kind: Secret # {CANARY}") + "data: {a: eA==}\n",
    "a comment behind the name": HEAD.replace("name: s", f"name: s # {CANARY}") + "data: {a: eA==}\n",
    "a comment behind metadata": HEAD.replace("metadata:", f"metadata: # {CANARY}") + "data: {a: eA==}\n",
    "a comment above data": HEAD + f"# old: {CANARY}\ndata:\n  password: eA==\n",
    "a comment below data": HEAD + f"data:\n  password: eA==\n# old: {CANARY}\n",
    "a comment below an empty line": HEAD + f"data:\n  password: eA==\n\n# old: {CANARY}\n",
    "a comment above the kind": f"# {CANARY}\n" + HEAD + "data: {a: eA==}\n",
    "last-applied": HEAD
    + f'  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {{"data": "{CANARY}"}}\ndata: {{}}\n',
    "kapp's original": HEAD + f'  annotations:\n    kapp.k14s.io/original: \'{{"data":"{CANARY}"}}\'\ndata: {{}}\n',
    "objectset": HEAD + f"  annotations:\n    objectset.rio.cattle.io/applied: {CANARY}\ndata: {{}}\n",
    "a label": HEAD + f"  labels:\n    x: {CANARY}\ndata: {{}}\n",
    "metadata in braces": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, annotations: {{x: {CANARY}}}}}\ndata: {{}}\n",
    "a misspelt field": HEAD + f"dataa:\n  password: {CANARY}\n",
    "a field of another case": HEAD + f"Data:\n  password: {CANARY}\n",
    "a misspelt kind": HEAD.replace("Secret", "Secrets") + f"data:\n  password: {CANARY}\n",
    "a kind in lower case": HEAD.replace("Secret", "secret") + f"data:\n  password: {CANARY}\n",
    "a kind with space behind": HEAD.replace("kind: Secret", 'kind: "Secret "') + f"data:\n  password: {CANARY}\n",
    "space before the colon": HEAD.replace("kind:", "kind :") + f"data:\n  password: {CANARY}\n",
    "an escaped kind": HEAD.replace("kind: Secret", 'kind: "\\x53ecret"') + f"data:\n  password: {CANARY}\n",
    "an escaped kind in Unicode": HEAD.replace("kind: Secret", 'kind: "\\u0053ecret"') + f"data:\n  password: {CANARY}\n",
    "an escaped key": HEAD.replace("kind: Secret", '"\\u006bind": Secret') + f"data:\n  password: {CANARY}\n",
    "a kind with a tag": HEAD.replace("kind: Secret", "kind: !!str Secret") + f"data:\n  password: {CANARY}\n",
    "a kind with an anchor": HEAD.replace("kind: Secret", "kind: &k Secret") + f"data:\n  password: {CANARY}\n",
    "a folded kind": HEAD.replace("kind: Secret", "kind: >-\n  Secret") + f"data:\n  password: {CANARY}\n",
    "no kind": f"apiVersion: v1\nmetadata:\n  name: s-secret\ndata:\n  password: {CANARY}\n",
    "no kind, a type": f"metadata: {{name: s-secret}}\ntype: Opaque\ndata:\n  password: {CANARY}\n",
    "a type of Kubernetes": HEAD + f"type: kubernetes.io/tls\ndata:\n  tls.key: {CANARY}\n",
    "a key twice": HEAD + f"data:\n  a: {CANARY}\ndata:\n  b: eA==\n",
    "an anchor": HEAD + f"data:\n  a: &x {CANARY}\n  b: *x\n",
    "no YAML": HEAD + f"data:\n  password: [{CANARY}\n",
    "a tab": HEAD + f"data:\n\tpassword: {CANARY}\n",
    "a template": HEAD + f"data:\n  {{{{ range . }}}}\n  password: {CANARY}\n  {{{{ end }}}}\n",
    "a merge conflict": HEAD + f"data:\n<<<<<<< ours\n  password: {CANARY}\n=======\n  password: eA==\n>>>>>>> theirs\n",
    "a stray marker": HEAD + f"stringData:\n  a: one\n---\n  b: {CANARY}\n",
    "a stray end": HEAD + f"stringData:\n  a: one\n...\n  b: {CANARY}\n",
    "a marker within braces": HEAD + f"stringData: {{a: one\n---\n  b: {CANARY}}}\n",
    "a List": f"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {{name: s}}\n  data:\n    a: {CANARY}\n",
    "a comment in a List": f"apiVersion: v1\nkind: List\nitems:\n# {CANARY}\n- apiVersion: v1\n  kind: Secret\n  metadata: {{name: s}}\n  data: {{}}\n",
    "a SecretList": f"apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {{name: s}}\n  data:\n    a: {CANARY}\n",
    "a List in braces": f'{{"apiVersion": "v1", "kind": "List", "items": [{{"kind": "Secret", "data": {{"a": "{CANARY}"}}}}]}}\n',
    "JSON": f'{{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "s"}}, "data": {{"a": "{CANARY}"}}}}\n',
    "JSON over lines": f'{{\n  "apiVersion": "v1",\n  "kind": "Secret",\n  "data": {{\n    "a": "{CANARY}"\n  }}\n}}\n',
    "an OpenShift Template": (
        "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: t}\nobjects:\n"
        f"- apiVersion: v1\n  kind: Secret\n  metadata: {{name: s}}\n  stringData:\n    a: {CANARY}\n"
    ),
    "a Crossplane Object": (
        "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\nmetadata: {name: o}\nspec:\n  forProvider:\n    manifest:\n"
        f"      apiVersion: v1\n      kind: Secret\n      data:\n        a: {CANARY}\n"
    ),
    "Helm values with a manifest": (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h}\nspec:\n  values:\n    extra:\n"
        f"    - apiVersion: v1\n      kind: Secret\n      stringData:\n        a: {CANARY}\n"
    ),
    "a text in a ConfigMap": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  s.yaml: |\n    kind: Secret\n    data:\n      a: {CANARY}\n",
    "JSON in a ConfigMap": f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  s: \'{{"kind":"Secret","data":{{"a":"{CANARY}"}}}}\'\n',
    "a ClusterResourceSet's text": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  s: |\n    stringData:\n      a: {CANARY}\n",
    "an annotation of another object": f'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n    x: \'{{"kind": "Secret", "data": "{CANARY}"}}\'\n',
    "commented out": f"# apiVersion: v1\n# kind: Secret\n# data:\n#   a: {CANARY}\n",
    "commented out with gaps": f"# apiVersion: v1\n# kind: Secret\n\n# data:\n#   a: {CANARY}\n",
    "commented out twice": f"## kind: Secret\n## data:\n##   a: {CANARY}\n",
    "commented out, values first": f"# stringData:\n#   a: {CANARY}\n# kind: Secret\n",
    "commented out in JSON": f'# {{"kind": "Secret", "data": {{"a": "{CANARY}"}}}}\n',
    "CR LF": (HEAD + f"data:\n  password: {CANARY}\n").replace("\n", "\r\n"),
    "a directive": "%YAML 1.1\n---\n" + HEAD + f"data:\n  password: {CANARY}\n",
    "content behind the marker": f"--- {{kind: Secret, data: {{a: {CANARY}}}}}\n",
}
"""Texts of one document or several. Each is put right before and right behind a workload that is edited."""
GENERATORS = {
    "literals": f"secretGenerator:\n- name: s\n  literals:\n  - password={CANARY}\n",
    "commented literals": f"secretGenerator:\n- name: s\n  literals:\n  # - password={CANARY}\n  - user=x\n",
    "a comment below": f"secretGenerator:\n- name: s\n  literals:\n  - user=x\n  # - password={CANARY}\n",
    "a comment above": f"# {CANARY}\nsecretGenerator:\n- name: s\n  literals: [user=x]\n",
    "commented out": f"# secretGenerator:\n# - name: s\n#   literals:\n#   - password={CANARY}\n",
    "in braces": f"secretGenerator: [{{name: s, literals: [password={CANARY}]}}]\n",
    "a strategic patch": f"patches:\n- patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {{name: s}}\n    data: {{a: {CANARY}}}\n",
    "by kind": f"patches:\n- target: {{kind: Secret}}\n  patch: |\n    - {{op: replace, path: /data/a, value: {CANARY}}}\n",
    "by an expression": f"patches:\n- target: {{kind: Sec.*}}\n  patch: |\n    - {{op: replace, path: /data/a, value: {CANARY}}}\n",
    "by name": f"patches:\n- target: {{name: s}}\n  patch: |\n    - {{op: replace, path: /data/a, value: {CANARY}}}\n",
    "by label": f"patches:\n- target: {{labelSelector: a=b}}\n  patch: |\n    - {{op: add, path: /stringData/a, value: {CANARY}}}\n",
    "a merge by name": f"patches:\n- target: {{name: s}}\n  patch: |\n    metadata: {{name: s}}\n    data: {{a: {CANARY}}}\n",
    "patchesJson6902": f"patchesJson6902:\n- target: {{version: v1, kind: Secret, name: s}}\n  patch: '[{{op: replace, path: /data/a, value: {CANARY}}}]'\n",
    "patchesStrategicMerge": f"patchesStrategicMerge:\n- |\n  kind: Secret\n  metadata: {{name: s}}\n  stringData: {{a: {CANARY}}}\n",
    "a patch that is no YAML": f"patches:\n- patch: |\n    data: [{CANARY}\n",
}
"""Texts for a kustomization that gains the account's file."""
PLACES = {
    **{f"before: {name}": {"all.yaml": text + "---\n" + WEB} for name, text in FORMS.items()},
    **{
        f"behind: {name}": {"all.yaml": WEB + "---\n" * (not text.startswith(("---", "%"))) + text}
        for name, text in FORMS.items()
        if name != "a directive"
    },
    **{
        f"generator: {name}": {
            "samigrate.yaml": "apiVersion: samigrate.dev/v1\nkind: Config\naccount-file: account.yaml\n",
            "web.yaml": WEB,
            "kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- web.yaml\n" + text,
        }
        for name, text in GENERATORS.items()
    },
}
PRINTING = (
    ["migrate"],
    ["migrate", "--format", "json"],
    ["migrate", "--format", "sarif"],
    ["migrate", "--diff", "--check"],
    ["audit", "-v"],
    ["plan"],
)


def printed() -> Iterator[str]:
    for command in PRINTING:
        result = invoke([*command, "."])
        assert result.exit in (0, 1, 2), result.stderr
        yield result.stdout.decode() + result.stderr


def test_there_are_enough_places() -> None:
    assert len(PLACES) > 110


@pytest.mark.parametrize("place", PLACES)
def test_no_output_shows_a_value(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in PLACES[place].items():
        Path(name).write_bytes(text.encode())
    told = list(printed())
    assert not [text for text in told if CANARY in text]
    is_left = "Nothing to change" in told[0] or "not shown" in told[0]
    assert "+      serviceAccountName: web" in told[0] or is_left, told[0]


@pytest.mark.parametrize("place", [name for name in PLACES if name.startswith("before: ")])
def test_what_is_no_secret_is_shown(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text of another kind, as far as it is one: its lines are context as any."""
    monkeypatch.chdir(tmp_path)
    words = (
        ("SecretList", "List"),
        ("Secrets", "ConfigMap"),
        ("Secret", "ConfigMap"),
        ("secret", "configmap"),
        ("\\x53ecret", "\\x43onfigMap"),
    )
    text = PLACES[place]["all.yaml"]
    for old, new in (*words, ("\\u0053ecret", "\\u0043onfigMap"), ("stringData", "data"), ("Opaque", "x"), ("kubernetes.io/tls", "x")):
        text = text.replace(old, new)
    Path("all.yaml").write_bytes(text.encode())
    shown = invoke(["migrate", "."]).stdout.decode()
    is_near = CANARY in "\n".join(text.partition("apiVersion: apps/v1")[0].rstrip("-\n").splitlines()[-2:])
    if is_near and "+      serviceAccountName" in shown and "no kind" not in place:
        assert CANARY in shown
