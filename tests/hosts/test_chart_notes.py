"""What is said of a chart folder: its own values that have a say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from samigrate.hosts.chart_notes import note, settings
from tests.support import tools


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param("serviceAccount: {create: true, automount: true, name: ''}", ["serviceAccount.automount=false"], id="helm create"),
        pytest.param("serviceAccount: {create: false}", ["serviceAccount.create=true"], id="runs as default"),
        pytest.param("serviceAccount: {create: false, name: web}", [], id="names an account that is made elsewhere"),
        pytest.param("serviceAccount: {create: true, automount: false}", [], id="safe already"),
        pytest.param(
            "web: {automountServiceAccountToken: true, serviceAccount: {create: true, automountServiceAccountToken: true}}",
            ["web.automountServiceAccountToken=false", "web.serviceAccount.automountServiceAccountToken=false"],
            id="for the pod and for the account, below a component",
        ),
        pytest.param("web: {serviceAccountName: ''}", ["web.serviceAccountName=<an account of its own>"], id="a bare name"),
        pytest.param(
            "jobs: [{name: a, serviceAccountName: default}]", ["jobs.0.serviceAccountName=<an account of its own>"], id="in a list"
        ),
        pytest.param("automountServiceAccountToken: {enabled: true}", [], id="not of that shape"),
        pytest.param("image: nginx", [], id="no key at all"),
    ],
)
def test_the_keys_and_the_values_to_set(values: str, told: list[str]) -> None:
    assert [f"{'.'.join(one.path)}={one.value}" for one in settings(yaml.safe_load(values))] == told


@pytest.mark.parametrize("content", [None, b"a: [", b"\xff", b"- 1\n", b""], ids=["no file", "no YAML", "no text", "a list", "empty"])
def test_a_values_file_of_no_use(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "values.yaml").write_bytes(content)
    assert "values.yaml" not in note(str(tmp_path), "web")


def test_a_real_chart_renders_as_told(tmp_path: Path) -> None:
    """The value that is named for `helm create`'s chart does what it is named for."""
    helm = tools.need("helm3")
    subprocess.run([helm, "create", "web"], cwd=tmp_path, check=True, capture_output=True)
    told = note(str(tmp_path / "web"), "web")
    setting = next(f"{'.'.join(one.path)}={one.value}" for one in settings(yaml.safe_load((tmp_path / "web" / "values.yaml").read_text())))
    assert f"set in web/values.yaml: {setting} (line " in told
    rendered = subprocess.run([helm, "template", "web", "web", "--set", setting], cwd=tmp_path, check=True, capture_output=True).stdout
    account = next(one for one in yaml.safe_load_all(rendered) if one["kind"] == "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
