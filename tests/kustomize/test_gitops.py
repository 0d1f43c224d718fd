"""What Flux and Argo CD apply together, decided together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import invoke
from tests.test_plan import fill

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web{space}
spec:
  template:
    spec:
      containers:
      - name: app
        image: nginx
"""
RIGHTS = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: readers
  namespace: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
- kind: ServiceAccount
  name: {name}
  namespace: shop
"""
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- {file}\n"
FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: web
  namespace: flux-system
spec:
  path: {path}
  targetNamespace: {space}
{more}"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: argocd
spec:
  destination:
    namespace: {space}
  source:
    repoURL: https://example.com/repository.git
    path: {path}
{more}"""
APPLICATION_SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: apps
  namespace: argocd
spec:
  generators:
{generators}
  template:
    spec:
      destination:
        namespace: '{space}'
      source:
        path: '{path}'
"""
TO_THE_ACCOUNT = "  patches:\n  - target: {kind: Deployment}\n    patch: |\n      - op: add\n        path: /spec/template/spec/serviceAccountName\n        value: reader\n"
VARIABLES = "  postBuild:\n    substitute: {more}\n"
FROM = "  postBuild:\n    substituteFrom:\n    {more}\n"
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: flux-system\ndata:\n  SPACE: shop\n  NAME: other\n"
SIDECAR = (
    "  patches:\n  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      spec: {template: {spec: "
    "{containers: [{name: sync, image: registry.k8s.io/git-sync, command: [kubectl, get, pods]}]}}}\n"
)


def tied(**files: str) -> dict[str, str]:
    return {name.replace("__", "/") + ".yaml": content for name, content in files.items()}


BUILT = {"apps/web/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml"), "apps/web/web.yaml": DEPLOYMENT.format(space="")}
PLAIN = {"apps/web/web.yaml": DEPLOYMENT.format(space="")}
FAR = {"infra/kustomization.yaml": KUSTOMIZATION.format(file="rbac.yaml"), "infra/rbac.yaml": RIGHTS.format(name="default")}
DIRECTORIES = "  - git:\n      directories:\n      - path: apps/*\n"
SHAPES: dict[str, dict[str, str]] = {
    "Flux puts it into the namespace": {**BUILT, **FAR, "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more="")},
    "Flux, a folder without kustomization": {**PLAIN, **FAR, "c/a.yaml": FLUX.format(path="apps/web/", space="shop", more="")},
    "Flux, from a folder above": {**PLAIN, **FAR, "c/a.yaml": FLUX.format(path="./apps", space="shop", more="")},
    "Flux patches the account": {
        **BUILT,
        "apps/web/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml\n- rbac.yaml"),
        "apps/web/rbac.yaml": RIGHTS.format(name="reader"),
        "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=TO_THE_ACCOUNT),
    },
    "Flux patches a sidecar in": {**BUILT, "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=SIDECAR)},
    "Flux lays a component over it": {
        **BUILT,
        "components/rights/kustomization.yaml": KUSTOMIZATION.format(file="rbac.yaml")
        .replace("Kustomization", "Component")
        .replace("v1beta1", "v1alpha1"),
        "components/rights/rbac.yaml": RIGHTS.format(name="default"),
        "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more="  components:\n  - ../../components/rights\n"),
    },
    "Flux fills in the account": {
        "apps/web/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml"),
        "apps/web/web.yaml": DEPLOYMENT.format(space="").replace("    spec:\n", "    spec:\n      serviceAccountName: ${ACCOUNT}\n"),
        "infra/kustomization.yaml": KUSTOMIZATION.format(file="rbac.yaml"),
        "infra/rbac.yaml": RIGHTS.format(name="reader"),
        "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=VARIABLES.format(more="{ACCOUNT: reader}")),
    },
    "Flux fills in the namespace, from a ConfigMap": {
        "apps/web/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml"),
        "apps/web/web.yaml": DEPLOYMENT.format(space="\n  namespace: ${SPACE}"),
        **FAR,
        "c/settings.yaml": SETTINGS,
        "c/a.yaml": FLUX.format(path="./apps/web", space="null", more=FROM.format(more="- {kind: ConfigMap, name: settings}")),
    },
    "Flux fills in the subject": {
        **BUILT,
        "infra/kustomization.yaml": KUSTOMIZATION.format(file="rbac.yaml"),
        "infra/rbac.yaml": RIGHTS.format(name="${NAME:=other}"),
        "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=""),
        "c/b.yaml": FLUX.format(path="./infra", space="shop", more=VARIABLES.format(more="{NAME: default}")).replace("web", "infra"),
    },
    "Flux fills in what starts pods": {
        "apps/web/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml"),
        "apps/web/web.yaml": DEPLOYMENT.format(space="").replace("image: nginx", "image: ${IMAGE}"),
        "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=VARIABLES.format(more="{IMAGE: bitnami/kubectl}")),
    },
    "an Application has its namespace": {**BUILT, **FAR, "c/a.yaml": APPLICATION.format(path="apps/web", space="shop", more="")},
    "an Application of a plain folder": {**PLAIN, **FAR, "c/a.yaml": APPLICATION.format(path="apps/web", space="shop", more="")},
    "an Application that goes into folders": {
        **PLAIN,
        **FAR,
        "c/a.yaml": APPLICATION.format(path="apps", space="shop", more="    directory:\n      recurse: true\n"),
    },
    "an Application sets the namespace": {
        "apps/web/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml"),
        "apps/web/web.yaml": DEPLOYMENT.format(space="\n  namespace: other"),
        **FAR,
        "c/a.yaml": APPLICATION.format(path="apps/web", space="shop", more="    kustomize:\n      namespace: shop\n"),
    },
    "an Application of several sources": {
        **BUILT,
        **FAR,
        "c/a.yaml": APPLICATION.format(path="x", space="shop", more="  sources:\n  - path: apps/web\n  - chart: redis\n"),
    },
    "an ApplicationSet of folders": {
        **BUILT,
        **FAR,
        "c/a.yaml": APPLICATION_SET.format(generators=DIRECTORIES, space="shop", path="{{path}}"),
    },
    "an ApplicationSet in Go's words": {
        "apps/shop/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml"),
        "apps/shop/web.yaml": DEPLOYMENT.format(space=""),
        **FAR,
        "c/a.yaml": APPLICATION_SET.format(generators=DIRECTORIES, space="{{ .path.basename }}", path="{{ .path.path }}"),
    },
    "an ApplicationSet by the parts of a path": {
        "apps/shop/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml"),
        "apps/shop/web.yaml": DEPLOYMENT.format(space=""),
        **FAR,
        "c/a.yaml": APPLICATION_SET.format(generators=DIRECTORIES, space="{{index .path.segments 1}}", path="{{.path.path}}"),
    },
    "an ApplicationSet of a list": {
        **BUILT,
        **FAR,
        "c/a.yaml": APPLICATION_SET.format(
            generators="  - list:\n      elements:\n      - {app: web, space: shop}\n", space="{{space}}", path="apps/{{app}}"
        ),
    },
    "an ApplicationSet of clusters and folders": {
        **BUILT,
        **FAR,
        "c/a.yaml": APPLICATION_SET.format(
            generators="  - matrix:\n      generators:\n      - clusters: {}\n      - git:\n          directories:\n          - path: apps/*\n",
            space="shop",
            path="{{path}}",
        ),
    },
    "a copied repository": {
        **{f"copies/one/{name}": content for name, content in {**BUILT, **FAR}.items()},
        "copies/one/c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=""),
    },
    "rights beside a plain folder that state no namespace": {
        **PLAIN,
        "rbac.yaml": RIGHTS.format(name="default").replace("  namespace: shop\n", ""),
        "c/a.yaml": APPLICATION.format(path="apps/web", space="shop", more=""),
    },
    "rights in a plain folder, for what nobody ties": {
        "web.yaml": DEPLOYMENT.format(space=""),
        "infra/rbac.yaml": RIGHTS.format(name="default").replace("  namespace: shop\n", ""),
        "c/a.yaml": APPLICATION.format(path="infra", space="shop", more=""),
    },
}


def verdicts() -> dict[str, Any]:
    report = json.loads(invoke(["audit", "--format", "json", "."]).stdout)
    return {one["resource"]["name"]: one for one in report["workloads"]}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_applied_together_is_decided_together(shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, SHAPES[shape])
    assert verdicts()["web"]["verdict"] != "none", "a fact that the tie brings is not seen"


@pytest.mark.parametrize(
    "tie",
    [
        FLUX.format(path="./apps/web", space="other", more=""),
        APPLICATION.format(path="apps/web", space="other", more=""),
        APPLICATION.format(path="elsewhere", space="shop", more=""),
        APPLICATION.format(path=".", space="shop", more=""),
        APPLICATION_SET.format(generators=DIRECTORIES + "      - {path: apps/web, exclude: true}\n", space="shop", path="{{path}}"),
        APPLICATION_SET.format(generators="  - git:\n      directories:\n      - path: app*\n", space="shop", path="{{path}}"),
    ],
)
def test_what_is_not_applied_there_is_not(tie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, {**BUILT, **FAR, "c/a.yaml": tie})
    assert verdicts()["web"]["verdict"] == "none"


@pytest.mark.parametrize(
    ("stated", "is_known"),
    [
        (VARIABLES.format(more="{NAME: other}"), True),
        (FROM.format(more="- {kind: ConfigMap, name: settings}"), True),
        (FROM.format(more="- {kind: Secret, name: secrets}\n    - {kind: ConfigMap, name: settings}"), True),
        (FROM.format(more="- {kind: ConfigMap, name: settings}\n    - {kind: Secret, name: secrets}"), False),
        (FROM.format(more="- {kind: ConfigMap, name: elsewhere}"), False),
        (VARIABLES.format(more="{OTHER: other}"), False),
        (VARIABLES.format(more="{NAME: ''}"), False),
    ],
)
def test_a_subject_that_is_filled_in_concerns_nobody_else(
    stated: str, is_known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that only the cluster knows may be anyone's: doubt keeps the token."""
    monkeypatch.chdir(tmp_path)
    rights = {"apps/web/rbac.yaml": RIGHTS.format(name="${NAME:=default}")}
    both = {**BUILT, **rights, "apps/web/kustomization.yaml": KUSTOMIZATION.format(file="web.yaml\n- rbac.yaml")}
    fill(tmp_path, {**both, "c/settings.yaml": SETTINGS, "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=stated)})
    assert (verdicts()["web"]["verdict"] == "none") is is_known


def test_two_environments_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder is applied twice; only one of the two namespaces has the rights. The file is one, so its token stays."""
    monkeypatch.chdir(tmp_path)
    flux = FLUX.format(path="./apps/web", space="{space}", more="")
    fill(tmp_path, {**BUILT, **FAR, "c/a.yaml": flux.replace("{space}", "shop"), "d/a.yaml": flux.replace("{space}", "staging")})
    found = verdicts()["web"]
    assert found["verdict"] != "none"
    assert {one["namespace"] for one in found["builds"]} == {"shop", "staging"}


def test_a_change_through_a_tie_is_made_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, {**BUILT, "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more="")})
    assert invoke(["migrate", "--write", "."]).exit == 0
    changed = Path("apps/web/web.yaml").read_text()
    assert "automountServiceAccountToken: false" in changed
    assert "serviceAccountName: web" in changed
    assert Path("c/a.yaml").read_text() == FLUX.format(path="./apps/web", space="shop", more="")


def test_a_patch_of_flux_is_an_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, {**BUILT, "c/a.yaml": FLUX.format(path="./apps/web", space="shop", more=TO_THE_ACCOUNT)})
    result = invoke(["migrate", "--unknown", "account", "."])
    assert "c/a.yaml patches its serviceAccountName" in result.stderr
    assert "serviceAccountName" not in result.stdout.decode()
