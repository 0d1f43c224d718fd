"""What could not be read is not absent: it is doubt for whatever it may speak of."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from samigrate.hosts import repository
from tests.command import invoke

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      serviceAccountName: {account}
      containers:
      - name: app
        image: nginx
"""
ACCOUNT = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n  namespace: shop\n"
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: reader
  namespace: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
- kind: ServiceAccount
  name: {account}
  namespace: shop
"""
RANGED = """\
{{{{ range .Values.readers }}}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{{{ .name }}}}
  namespace: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
- kind: ServiceAccount
  name: {{{{ .account }}}}
{{{{ end }}}}
"""


def typed(content: str) -> bytes:
    return content.replace("roleRef:\n", "roleRef\n").encode()


def without_its_colon(content: str) -> bytes:
    return content.replace("kind: RoleBinding", "kind RoleBinding").encode()


DAMAGED: dict[str, Callable[[str], bytes]] = {
    "a typing error": typed,
    "a typing error in its kind": without_its_colon,
    "a tab": lambda content: content.replace("  name: reader", "\tname: reader").encode(),
    "a list that does not close": lambda content: content.replace("- kind: S", "- [kind: S").encode(),
    "UTF-16": lambda content: content.encode("utf-16"),
    "UTF-16 without a mark": lambda content: content.encode("utf-16-le"),
    "another encoding": lambda content: content.replace("name: reader", "name: reader # für alle").encode("latin-1"),
    "a NUL": lambda content: content.encode() + b"\0",
    "lines that end in CR": lambda content: content.replace("\n", "\r").encode(),
    "a merge conflict": lambda content: content.replace("subjects:\n", "<<<<<<< ours\nsubjects:\n=======\n>>>>>>> theirs\n").encode(),
    "a template": lambda content: RANGED.format().encode(),
    "a name in braces": lambda content: content.replace("{account}", "{{ .Values.account }}").encode(),
    "a template of another language": lambda content: ("{% for one in readers %}\n" + content + "{% endfor %}\n").encode(),
    "JSON cut short": lambda content: (
        b'{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "subjects": [{"kind": '
        b'"ServiceAccount", "name": "web"}, {"kind": "ServiceAccount", "name": "default"}'
    ),
}


@pytest.fixture(params=["web", "default"])
def account(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    account: str = request.param
    Path("web.yaml").write_text(WORKLOAD.format(account=account) + ACCOUNT * (account == "web"))
    return account


def assert_kept() -> None:
    before = Path("web.yaml").read_bytes()
    result = invoke(["migrate", "--write", "--unknown", "leave", "."])
    assert Path("web.yaml").read_bytes() == before, result.stdout.decode() + result.stderr


def test_without_a_binding_the_token_goes(account: str) -> None:
    invoke(["migrate", "--write", "."])
    assert "automountServiceAccountToken: false" in Path("web.yaml").read_text()


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_binding_that_cannot_be_read_keeps_the_token(account: str, damage: str) -> None:
    Path("rbac.yaml").write_bytes(DAMAGED[damage](BINDING.format(account=account) if damage != "a name in braces" else BINDING))
    assert_kept()


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.ESTALE])
def test_a_file_that_does_not_open_keeps_the_token(account: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("rbac.yaml").write_text(BINDING.format(account=account))
    opened = repository.read

    def refusing(path: str) -> bytes:
        if path.endswith("rbac.yaml"):
            raise OSError(code, os.strerror(code))
        return opened(path)

    monkeypatch.setattr(repository, "read", refusing)
    assert_kept()


@pytest.mark.parametrize("target", ["../outside/rbac.yaml", "../outside"])
def test_a_link_that_is_not_followed_keeps_the_token(account: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/rbac.yaml").write_text(BINDING.format(account=account))
    (tmp_path / "here").mkdir()
    os.rename("web.yaml", "here/web.yaml")
    monkeypatch.chdir(tmp_path / "here")
    os.symlink(target, "shared" if target.endswith("outside") else "shared.yaml")
    assert_kept()
    assert "shared" in invoke(["audit", "."]).stdout.decode()


def test_a_binding_elsewhere_that_cannot_be_read_keeps_the_token(account: str) -> None:
    """Another kustomization of the same repository."""
    for folder, name in (("apps", "web.yaml"), ("cluster", "rbac.yaml")):
        Path(folder).mkdir()
        Path(folder, "kustomization.yaml").write_text(
            f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- {name}\n"
        )
    Path("cluster/rbac.yaml").write_bytes(typed(BINDING.format(account=account)))
    before = Path("web.yaml").read_bytes()
    os.rename("web.yaml", "apps/web.yaml")
    invoke(["migrate", "--write", "."])
    assert Path("apps/web.yaml").read_bytes() == before


def test_a_configuration_that_cannot_be_read_keeps_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mounts = "      volumes:\n      - name: settings\n        configMap: {name: settings}\n"
    Path("web.yaml").write_text(WORKLOAD.format(account="web").replace("nginx", "example.com/app") + mounts + ACCOUNT)
    Path("settings.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata: [kube\n")
    assert_kept()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(BINDING.format(account="other").replace("roleRef:\n", "roleRef\n"), id="a binding of another account"),
        pytest.param(BINDING.format(account="web").replace("shop", "bar").replace("roleRef:\n", "roleRef\n"), id="of another namespace"),
        pytest.param("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec [\n", id="a Service"),
        pytest.param("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web2\nspec: [\n", id="another workload"),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata: [\n", id="a configuration of others"),
        pytest.param("just: [text\n", id="no manifest"),
    ],
)
def test_what_cannot_speak_of_the_account_is_no_doubt(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(WORKLOAD.format(account="web") + ACCOUNT)
    Path("broken.yaml").write_text(content)
    invoke(["migrate", "--write", "."])
    assert "automountServiceAccountToken: false" in Path("web.yaml").read_text()


@pytest.mark.parametrize("seal", ["sops:\n  mac: ENC[x]\n", "sops:\r\n  mac: ENC[x]\r\n"])
def test_a_file_that_sops_has_sealed_is_not_touched(seal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sealed = WORKLOAD.format(account="default") + seal
    Path("web.yaml").write_bytes(sealed.encode())
    Path("other.yaml").write_text(WORKLOAD.format(account="default").replace("name: web", "name: other"))
    result = invoke(["migrate", "--write", "."])
    assert Path("web.yaml").read_bytes() == sealed.encode()
    assert "SOPS has sealed the file" in result.stderr
    assert "serviceAccountName: other" in Path("other.yaml").read_text()


@pytest.mark.parametrize(
    "more", ["helmCharts:\n- name: rights\n  repo: https://example.com\n", "generators:\n- plugin.yaml\n", "- https://example.com/base\n"]
)
@pytest.mark.parametrize(("image", "keeps"), [("example.com/app", True), ("nginx", False)])
def test_a_build_of_which_a_part_is_not_seen_is_doubt(
    more: str, image: str, keeps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(WORKLOAD.format(account="web").replace("nginx", image) + ACCOUNT)
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- web.yaml\n"
    Path("kustomization.yaml").write_text(head + more)
    invoke(["migrate", "--write", "."])
    assert ("automountServiceAccountToken: false" not in Path("web.yaml").read_text()) is keeps
