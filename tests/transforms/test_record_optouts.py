"""Scanners are told where a token stays, and what they are told is no evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate.cli import options
from samigrate.optouts import scanners
from tests.command import invoke
from tests.test_plan import binding, deployment


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(deployment("web", image="example.com/web:1"))
    Path("rbac.yaml").write_text(binding())
    Path("static.yaml").write_text(deployment("static"))


def marks(name: str, *arguments: str) -> dict[str, Any]:
    assert invoke(["migrate", "--write", *arguments, "."]).exit == 0
    assert invoke(["migrate", "--check", *arguments, "."]).exit == 0
    found = [one for one in yaml.safe_load_all(Path(f"{name}.yaml").read_text()) if one["kind"] == "Deployment"]
    return dict(found[0]["metadata"].get("annotations", {}))


@pytest.mark.parametrize("scanner", scanners.WRITTEN)
def test_each_scanner_reads_what_is_written(scanner: str) -> None:
    found = marks("web", "--record", scanner)
    assert [word.scanner.lower() for word, _ in scanners.found(found) if word.is_about_tokens] == [scanner]
    assert found["samigrate.dev/recorded"] == scanner
    assert "samigrate.dev/recorded" not in marks("static", "--record", scanner)


def test_the_reason_is_in_it() -> None:
    found = marks("web", "--record", "checkov,polaris")
    assert found["checkov.io/skip1"].startswith("CKV_K8S_38=uses the Kubernetes API: RoleBinding")
    assert found["samigrate.dev/recorded"] == "checkov, polaris"


def test_other_skips_stay() -> None:
    text = deployment("web", image="example.com/web:1").replace(
        "  namespace: shop\n", "  namespace: shop\n  annotations:\n    checkov.io/skip1: CKV_K8S_8=x\n", 1
    )
    Path("web.yaml").write_text(text)
    found = marks("web", "--record", "checkov")
    assert found["checkov.io/skip1"] == "CKV_K8S_8=x"
    assert found["checkov.io/skip2"].startswith("CKV_K8S_38=")


def test_what_a_person_has_said_is_not_said_again() -> None:
    text = deployment("web", image="example.com/web:1").replace(
        "  namespace: shop\n", "  namespace: shop\n  annotations:\n    checkov.io/skip1: CKV_K8S_38=mine\n", 1
    )
    Path("web.yaml").write_text(text)
    assert "checkov.io/skip2" not in marks("web", "--record", "checkov")


def test_what_was_recorded_does_not_keep_the_token() -> None:
    marks("web", "--record", "checkov")
    Path("rbac.yaml").unlink()
    text = (
        Path("web.yaml")
        .read_text()
        .replace("example.com/web:1", "nginx:1.27")
        .replace("automountServiceAccountToken: true\n", "automountServiceAccountToken: true # ours\n")
    )
    Path("web.yaml").write_text(text)
    told = invoke(["audit", "."]).stdout.decode()
    assert "tells checkov" not in told


def test_a_scanner_without_annotations_is_refused() -> None:
    result = invoke(["migrate", "--record", "kubescape", "."])
    assert result.exit == 2
    assert "known are checkov, polaris" in result.stderr


def test_the_names_are_the_same() -> None:
    assert options.WRITTEN == scanners.WRITTEN
