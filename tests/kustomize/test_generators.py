"""What generators make is seen by those who read it, from wherever it is written, and nothing else is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.command import invoke
from tests.test_plan import fill

SIGN = "scrape: kubernetes_sd_configs\n"
HEAD = "resources: [web.yaml]\n"


def workload(reads: str) -> str:
    """A workload that declares no use of the API by itself."""
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: app\n          image: example.com/web:1\n{reads}"
    )


MOUNTS = "      volumes:\n        - {name: config, configMap: {name: web}}\n"
MOUNTS_ONE = "      volumes:\n        - {name: config, configMap: {name: web, items: [{key: other, path: x}]}}\n"
MOUNTS_SECRET = "      volumes:\n        - {name: config, secret: {secretName: web}}\n"
IMPORTS = "          envFrom:\n            - {configMapRef: {name: web}}\n"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "repository").mkdir()
    (tmp_path / "outside.conf").write_text(SIGN)
    monkeypatch.chdir(tmp_path / "repository")
    fill(Path(), {"samigrate.yaml": "apiVersion: samigrate.dev/v1\nkind: Config\n", "base/web.yaml": workload(MOUNTS)})
    return tmp_path / "repository"


def audit(*options: str) -> Any:
    ran = invoke(["audit", "--format", "json", *options, "."])
    assert ran.exit == 0, ran.stderr
    return json.loads(ran.stdout)


def evidence() -> list[tuple[str, str, int]]:
    """(source, path, line) of what is said of the workload."""
    return [(one["source"], one["path"], one["line"]) for one in audit()["workloads"][0]["evidence"]]


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        pytest.param(
            {"base/kustomization.yaml": HEAD + "configMapGenerator:\n- name: web\n  files: [a.conf]\n", "base/a.conf": "\n\n" + SIGN},
            ("mounted-config", "base/a.conf", 3),
            id="a file under its own name",
        ),
        pytest.param(
            {"base/kustomization.yaml": HEAD + "configMapGenerator:\n- name: web\n  files: [key=conf/a]\n", "base/conf/a": SIGN},
            ("mounted-config", "base/conf/a", 1),
            id="a file under another",
        ),
        pytest.param(
            {"base/kustomization.yaml": HEAD + "configMapGenerator:\n- name: web\n  literals:\n  - a=b\n  - c=kubernetes_sd_configs\n"},
            ("mounted-config", "base/kustomization.yaml", 6),
            id="a literal",
        ),
        pytest.param(
            {
                "base/web.yaml": workload(IMPORTS),
                "base/kustomization.yaml": HEAD + "configMapGenerator:\n- {name: web, env: a.env}\n",
                "base/a.env": "# first\nKUBERNETES_NAMESPACE=shop\n",
            },
            ("environment", "base/a.env", 2),
            id="a file of variables, listed the old way",
        ),
        pytest.param(
            {
                "base/web.yaml": workload(MOUNTS_SECRET),
                "base/kustomization.yaml": HEAD + "secretGenerator:\n- {name: web, files: [config]}\n",
                "base/config": "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token\n",
            },
            ("token-path", "base/config", 1),
            id="a Secret",
        ),
        pytest.param(
            {
                "base/kustomization.yaml": HEAD,
                "over/kustomization.yaml": "namePrefix: p-\nresources: [../base]\nconfigMapGenerator:\n- {name: web, behavior: merge, files: [a.yaml]}\n",
                "over/a.yaml": SIGN,
            },
            ("mounted-config", "over/a.yaml", 1),
            id="an overlay adds a key",
        ),
        pytest.param(
            {
                "base/kustomization.yaml": HEAD + "components: [../part]\n",
                "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                "configMapGenerator:\n- {name: web, files: [a.conf]}\n",
                "part/a.conf": SIGN,
            },
            ("mounted-config", "part/a.conf", 1),
            id="a component brings it",
        ),
        pytest.param(
            {
                "base/kustomization.yaml": HEAD + "configMapGenerator:\n- {name: web, files: [run.sh]}\n",
                "base/run.sh": "kubectl get pods\n",
            },
            ("mounted-config", "base/run.sh", 1),
            id="a script",
        ),
    ],
)
def test_what_is_generated_speaks_for_who_reads_it(files: dict[str, str], wanted: tuple[str, str, int]) -> None:
    fill(Path(), files)
    assert wanted in evidence()


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"base/kustomization.yaml": HEAD + "configMapGenerator:\n- {name: other, files: [a.conf]}\n"}, id="another name"),
        pytest.param(
            {
                "base/web.yaml": workload(MOUNTS_ONE),
                "base/kustomization.yaml": HEAD + "configMapGenerator:\n- {name: web, files: [a.conf]}\n",
            },
            id="another key",
        ),
        pytest.param({"base/kustomization.yaml": HEAD + "secretGenerator:\n- {name: web, files: [a.conf]}\n"}, id="another kind"),
        pytest.param(
            {
                "base/kustomization.yaml": HEAD,
                "else/kustomization.yaml": "configMapGenerator:\n- {name: web, files: [a.conf]}\n",
                "else/a.conf": SIGN,
            },
            id="another build",
        ),
        pytest.param(
            {"base/kustomization.yaml": HEAD + "namespace: shop\nconfigMapGenerator: 7\n"},
            id="no list",
        ),
        pytest.param(
            {
                "base/kustomization.yaml": HEAD
                + "configMapGenerator: [{name: web, files: {a: b}, literals: [7, x], envs: a.env}, {files: [a.conf]}]\n"
            },
            id="shapes that kustomize refuses",
        ),
    ],
)
def test_nobody_else(files: dict[str, str]) -> None:
    fill(Path(), {"base/a.conf": SIGN, **files})
    assert not [one for one in evidence() if one[0] == "mounted-config"]


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        pytest.param("gone.conf", "there is no such file", id="gone"),
        pytest.param("folder", "there is no such file", id="a folder"),
        pytest.param("../../outside.conf", "it lies outside of what is read", id="outside"),
        pytest.param("link.conf", "it lies outside of what is read", id="outside by a link"),
        pytest.param("large.conf", "it is larger than 1 MiB", id="larger than any ConfigMap"),
        pytest.param("pipe", "there is no such file", id="a pipe"),
    ],
)
def test_what_is_not_read_is_named(listed: str, why: str) -> None:
    Path("base/folder").mkdir(parents=True)
    Path("base/link.conf").symlink_to("../../outside.conf")
    Path("base/large.conf").write_text(SIGN + "x" * (1 << 20))
    os.mkfifo("base/pipe")
    fill(Path(), {"base/kustomization.yaml": f"{HEAD}configMapGenerator:\n- name: web\n  files: [{listed}]\n"})
    told = audit()
    assert not [one for one in told["workloads"][0]["evidence"] if one["source"] == "mounted-config"]
    skipped = [one for one in told["skipped"] if "is not seen here" in one["reason"]]
    assert [(one["path"], one["line"], one["reason"].rpartition(": ")[2]) for one in skipped] == [("base/kustomization.yaml", 3, why)]


def test_without_context_what_lies_beside_the_path_is_still_read() -> None:
    fill(Path(), {"base/kustomization.yaml": HEAD + "configMapGenerator:\n- {name: web, files: [a.conf]}\n", "base/a.conf": SIGN})
    ran = invoke(["audit", "--format", "json", "--no-context", "base/kustomization.yaml", "base/web.yaml"])
    assert [one["source"] for one in json.loads(ran.stdout)["workloads"][0]["evidence"]] == ["mounted-config"]


def test_values_of_a_generated_secret_are_told_nowhere() -> None:
    generator = "secretGenerator:\n- name: web\n  literals: ['login=hunter2 kubernetes_sd_configs']\n  files: [config]\n"
    fill(
        Path(), {"base/web.yaml": workload(MOUNTS_SECRET), "base/kustomization.yaml": HEAD + generator, "base/config": f"# hunter2\n{SIGN}"}
    )
    for arguments in (
        ["audit", "-v", "--workload", "Deployment/web", "."],
        ["audit", "--format", "json", "."],
        ["migrate", "--max-risk", "L4", "."],
    ):
        ran = invoke(arguments)
        assert "kubernetes_sd_configs" in ran.stdout.decode()
        assert "hunter2" not in ran.stdout.decode() + ran.stderr


def test_a_generated_secret_is_no_token_whatever_its_name() -> None:
    mounts = "      volumes:\n        - {name: config, secret: {secretName: web-token-x7k2p}}\n"
    fill(
        Path(),
        {
            "base/web.yaml": workload(mounts),
            "base/kustomization.yaml": HEAD + "secretGenerator:\n- {name: web-token-x7k2p, literals: [a=b]}\n",
        },
    )
    assert not [one for one in evidence() if one[0] == "token-volume"]


def test_a_kustomization_that_changes_keeps_what_it_generates() -> None:
    """The proof plans again on the output: the verdict must be the same there."""
    fill(Path(), {"samigrate.yaml": "apiVersion: samigrate.dev/v1\nkind: Config\naccount-file: account.yaml\n"})
    comment = "# samigrate: ignore[unseen-pull-secrets] none here\n"
    fill(Path(), {"base/kustomization.yaml": comment + HEAD + "configMapGenerator:\n- {name: web, files: [a.conf]}\n", "base/a.conf": SIGN})
    ran = invoke(["migrate", "--write", "--max-risk", "L4", "."])
    assert ran.exit == 0, ran.stderr
    assert "automountServiceAccountToken: true" in Path("base/web.yaml").read_text()
    assert "account.yaml" in Path("base/kustomization.yaml").read_text()
    assert invoke(["migrate", "--check", "."]).exit == 0
