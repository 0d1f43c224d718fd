"""Facts that stand in another folder, kustomization or file of the same input."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.command import invoke

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: reader
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
- kind: ServiceAccount
  name: {account}
  namespace: shop
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n"


def workload(name: str = "web", account: str = "", namespace: str = "", image: str = "nginx", more: str = "") -> str:
    where = f"  namespace: {namespace}\n" * bool(namespace)
    runs_as = f"      serviceAccountName: {account}\n" * bool(account)
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n{where}spec:\n  template:\n    spec:\n{runs_as}"
        f"      containers:\n      - name: app\n        image: {image}\n{more}"
    )


def fill(files: dict[str, str]) -> None:
    for path, content in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(content)


def pod(path: str) -> dict[str, object]:
    found = next(one for one in yaml.safe_load_all(Path(path).read_text()) if one["kind"] == "Deployment")
    spec: dict[str, object] = found["spec"]["template"]["spec"]
    return spec


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def app(*, setting: str = "", account: str = "web", image: str = "nginx", more: str = "") -> dict[str, str]:
    """An application in a kustomization of its own, in the namespace shop."""
    return {
        "apps/web/kustomization.yaml": KUSTOMIZATION + "namespace: shop\n" + setting + "resources:\n- web.yaml\n",
        "apps/web/web.yaml": workload(account=account, image=image, more=more) + ("---\n" + ACCOUNT.format(name=account)) * bool(account),
    }


def elsewhere(content: str, *, listed: bool) -> dict[str, str]:
    """A file beside the application: in a kustomization, or applied as it is."""
    return {"cluster/rbac.yaml": content} | ({"cluster/kustomization.yaml": KUSTOMIZATION + "resources:\n- rbac.yaml\n"} if listed else {})


@pytest.mark.parametrize("listed", [True, False])
def test_a_binding_of_its_account_keeps_the_token(listed: bool) -> None:
    fill(app() | elsewhere(BINDING.format(account="web"), listed=listed))
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert pod("apps/web/web.yaml").get("automountServiceAccountToken") is not False


@pytest.mark.parametrize("listed", [True, False])
def test_a_binding_of_another_namespace_is_none_of_its(listed: bool) -> None:
    fill(app() | elsewhere(BINDING.format(account="web").replace("shop", "other"), listed=listed))
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert pod("apps/web/web.yaml")["automountServiceAccountToken"] is False


def test_the_name_that_the_build_makes_is_what_counts() -> None:
    fill(app(setting="namePrefix: eu-\n") | elsewhere(BINDING.format(account="eu-web"), listed=True))
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert pod("apps/web/web.yaml").get("automountServiceAccountToken") is not False


def test_a_binding_of_default_gains_the_new_account_by_its_built_name_and_namespace() -> None:
    fill(
        app(setting="namePrefix: eu-\n", account="", image="registry.k8s.io/ingress-nginx/controller:v1")
        | elsewhere(BINDING.format(account="default"), listed=True)
    )
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert pod("apps/web/web.yaml")["serviceAccountName"] == "web"
    subjects = yaml.safe_load(Path("cluster/rbac.yaml").read_text())["subjects"]
    assert {"kind": "ServiceAccount", "name": "eu-web", "namespace": "shop"} in subjects


def test_a_binding_that_several_builds_share_gains_none() -> None:
    fill(app(account="", image="registry.k8s.io/ingress-nginx/controller:v1"))
    fill({"base/rbac.yaml": BINDING.format(account="default"), "base/kustomization.yaml": KUSTOMIZATION + "resources:\n- rbac.yaml\n"})
    for overlay in ("eu", "us"):
        fill({f"clusters/{overlay}/kustomization.yaml": KUSTOMIZATION + "resources:\n- ../../base\n"})
    result = invoke(["migrate", "--write", "."])
    assert "binding-elsewhere" in result.stderr
    assert "serviceAccountName" not in pod("apps/web/web.yaml")
    assert Path("base/rbac.yaml").read_text() == BINDING.format(account="default")


def test_an_account_elsewhere_says_what_it_gives() -> None:
    default = ACCOUNT.format(name="default") + "  namespace: shop\nimagePullSecrets:\n- name: registry\n"
    fill(app(account="") | elsewhere(default, listed=True))
    assert invoke(["migrate", "--write", "."]).exit == 0
    account = next(one for one in yaml.safe_load_all(Path("apps/web/web.yaml").read_text()) if one["kind"] == "ServiceAccount")
    assert account["imagePullSecrets"] == [{"name": "registry"}]


def test_a_configuration_elsewhere_counts() -> None:
    mounts = "      volumes:\n      - name: settings\n        configMap: {name: settings}\n"
    settings = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\n"
        "data:\n  prometheus.yml: |\n    scrape_configs:\n    - kubernetes_sd_configs: [{role: pod}]\n"
    )
    volume = "        volumeMounts:\n        - {name: settings, mountPath: /etc/prometheus}\n"
    fill(app(image="example.com/prom", more=volume + mounts) | elsewhere(settings, listed=True))
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert pod("apps/web/web.yaml").get("automountServiceAccountToken") is not False


def test_copies_for_two_environments_stay_apart() -> None:
    for stage in ("dev", "prod"):
        fill({f"{stage}/kustomization.yaml": KUSTOMIZATION + "resources:\n- all.yaml\n"})
        grant = BINDING.format(account="web") + "---\n"
        account = ACCOUNT.format(name="web") + "  namespace: shop\n---\n"
        fill({f"{stage}/all.yaml": grant * (stage == "dev") + account + workload(account="web", namespace="shop")})
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert pod("dev/all.yaml").get("automountServiceAccountToken") is not False
    assert pod("prod/all.yaml")["automountServiceAccountToken"] is False


def test_what_stands_beside_a_copy_of_another_workload_is_in_doubt() -> None:
    """It may be another environment: the token stays, and nobody's binding is edited."""
    fill(
        {
            "dev/kustomization.yaml": KUSTOMIZATION + "resources:\n- all.yaml\n",
            "dev/all.yaml": workload(namespace="shop") + "---\n" + BINDING.format(account="default"),
        }
    )
    fill({"prod/kustomization.yaml": KUSTOMIZATION + "resources:\n- all.yaml\n- more.yaml\n", "prod/all.yaml": workload(namespace="shop")})
    fill({"prod/more.yaml": workload("only-here", namespace="shop")})
    result = invoke(["migrate", "--write", "."])
    assert "namespace-in-doubt" in result.stderr
    assert "only-here" not in Path("dev/all.yaml").read_text()
    assert pod("prod/more.yaml").get("automountServiceAccountToken") is not False


@pytest.mark.parametrize("listed", [True, False])
def test_context_counts_whatever_the_folder_is_built_with(listed: bool) -> None:
    fill({"../beside/rbac.yaml": BINDING.format(account="web")})
    fill(app() if listed else {"apps/web/web.yaml": workload(account="web", namespace="shop")})
    assert invoke(["migrate", "--write", "--context", "../beside", "."]).exit == 0
    assert pod("apps/web/web.yaml").get("automountServiceAccountToken") is not False


def test_context_that_a_kustomization_lists_counts() -> None:
    fill(app() | elsewhere(BINDING.format(account="web"), listed=True))
    assert invoke(["migrate", "--write", "--context", "cluster/rbac.yaml", "apps"]).exit == 0
    assert pod("apps/web/web.yaml").get("automountServiceAccountToken") is not False


@pytest.mark.parametrize(
    "namespace",
    [
        "$NS",
        "${NS}",
        "${NS:-ops}",
        "$(NS)",
        "<namespace>",
        "__NS__",
        "%NS%",
        "'{{ ns }}'",
        "{{ ns }}",
        "@ns@",
        "'#{NS}'",
        "PLACEHOLDER",
        "[[ ns ]]",
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_a_namespace_that_is_filled_in_later_is_doubt(namespace: str, listed: bool) -> None:
    fill(app() | elsewhere(BINDING.format(account="web").replace("shop", namespace), listed=listed))
    invoke(["migrate", "--write", "."])
    assert pod("apps/web/web.yaml").get("automountServiceAccountToken") is not False


@pytest.mark.parametrize("name", ["${ACCOUNT}", "w${X}", "{{ name }}", "<account>", "__SA__"])
def test_a_name_that_is_filled_in_later_is_doubt(name: str) -> None:
    binding = BINDING.format(account=name)
    fill(
        {
            "web.yaml": workload(account="web", namespace="shop") + "---\n" + ACCOUNT.format(name="web") + "  namespace: shop\n",
            "rbac.yaml": binding,
        }
    )
    invoke(["migrate", "--write", "."])
    assert pod("web.yaml").get("automountServiceAccountToken") is not False


def test_a_name_that_cannot_become_the_accounts_is_none() -> None:
    binding = BINDING.format(account="other-${X}")
    fill(
        {
            "web.yaml": workload(account="web", namespace="shop") + "---\n" + ACCOUNT.format(name="web") + "  namespace: shop\n",
            "rbac.yaml": binding,
        }
    )
    invoke(["migrate", "--write", "."])
    assert pod("web.yaml")["automountServiceAccountToken"] is False
