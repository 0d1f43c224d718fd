"""Scanners' own words for a token that is wanted: annotations and labels here, comments through the reading of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from samigrate.domain.model import Level
from samigrate.files import manifests
from samigrate.optouts import scanners
from tests.command import invoke
from tests.evidence.scene import deployment, verdict

REQUIRED = [
    "annotations: {checkov.io/skip1: 'CKV_K8S_38=lists pods'}",
    "annotations: {checkov.io/skip23: CKV_K8S_38}",
    "annotations: {bridgecrew.io/skip1: 'CKV_K8S_38=lists pods'}",
    "labels: {kubeaudit.io/allow-automount-service-account-token: ''}",
    "labels: {kubeaudit.io/allow-automount-service-account-token: lists-pods}",
    "labels: {audit.kubernetes.io/pod.allow-automount-service-account-token: 'true'}",
    "annotations: {polaris.fairwinds.com/automountServiceAccountToken-exempt: 'true'}",
    "annotations: {ignore-check.kube-linter.io/automount-service-account-token: lists pods}",
    "annotations: {ignore-check.kube-linter.io/no-automountServiceAccountToken: lists pods}",
    """annotations: {runterrascan.io/skip: '[{"rule": "AC_K8S_0045", "comment": "lists pods"}]'}""",
    "annotations: {datree.skip/SRVACC_INCORRECT_AUTOMOUNTSERVICEACCOUNTTOKEN_VALUE: lists pods}",
]
UNKNOWN = [
    "annotations: {polaris.fairwinds.com/exempt: 'true'}",
    "annotations: {kube-linter.io/ignore-all: legacy}",
    "annotations: {ignore-check.kube-linter.io/default-service-account: legacy}",
]
NONE = [
    "annotations: {checkov.io/skip1: 'CKV_K8S_37=needs a capability'}",
    "annotations: {checkov.io/skip1: 'CKV_K8S_380=no such check'}",
    "labels: {kubeaudit.io/allow-privileged: ''}",
    "annotations: {polaris.fairwinds.com/exempt: 'false'}",
    "annotations: {polaris.fairwinds.com/hostNetworkSet-exempt: 'true'}",
    "annotations: {ignore-check.kube-linter.io/run-as-non-root: legacy}",
    """annotations: {runterrascan.io/skip: '[{"rule": "AC_K8S_0064"}]'}""",
    "annotations: {example.com/allow-automount-service-account-token: 'true'}",
]
LEVELS = [*((one, Level.REQUIRED) for one in REQUIRED), *((one, Level.UNKNOWN) for one in UNKNOWN), *((one, Level.NONE) for one in NONE)]


@pytest.mark.parametrize(("marks", "level"), LEVELS)
def test_annotations_and_labels(marks: str, level: Level) -> None:
    assert verdict(deployment(metadata=marks)).level is level
    assert verdict(deployment(template=marks)).level is level


def test_every_word_has_its_sample() -> None:
    samples = [deployment(metadata=one) for one in (*REQUIRED, *UNKNOWN)]
    told = {item.detail for sample in samples for item in verdict(sample).evidence}
    assert all(any(f"tells {word.scanner} that" in detail for detail in told) for word in scanners.WORDS)


def test_ones_own_word_goes_before_it() -> None:
    marks = f"{REQUIRED[0][:-1]}, samigrate.dev/api-access: none}}"
    assert verdict(deployment(metadata=marks)).level is Level.NONE


POD = """\
{head}apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  {above}
  automountServiceAccountToken: {value}
  containers:
  - name: web
    image: acme/web
"""


def comments(text: str) -> list[tuple[tuple[str, int], ...]]:
    return [one.silenced for one in manifests.read("all.yaml", text, frozenset(("Pod",))).resources]


@pytest.mark.parametrize(
    ("head", "above", "silenced"),
    [
        pytest.param("", "# checkov:skip=CKV_K8S_38:lists pods", [(("checkov", 6),)], id="checkov"),
        pytest.param("# checkov:skip=CKV_K8S_38\n", "# x", [(("checkov", 1),)], id="checkov, above the object"),
        pytest.param("", "#checkov:skip=CKV_K8S_14,CKV_K8S_38: lists pods", [(("checkov", 6),)], id="checkov, several"),
        pytest.param("", "# trivy:ignore:AVD-KSV-0036", [(("Trivy", 6),)], id="trivy"),
        pytest.param("", "#trivy:ignore:KSV036 lists pods", [(("Trivy", 6),)], id="trivy, the old name"),
        pytest.param("", "# trivy:ignore:KSV-0014 trivy:ignore:KSV-0036", [(("Trivy", 6),)], id="trivy, several"),
        pytest.param("# kics-scan disable=48471392-d4d0-47c0-b135-cdec95eb3eef\n", "# x", [(("KICS", 1),)], id="kics, by the query"),
        pytest.param("", "# kics-scan ignore-line", [(("KICS", 6),)], id="kics, the line"),
        pytest.param("", "# kics-scan ignore-block", [(("KICS", 6),)], id="kics, the block"),
        pytest.param("# kics-scan ignore-line\n", "# x", [()], id="kics, another line"),
        pytest.param("", "# checkov:skip=CKV_K8S_37:a capability", [()], id="another check of checkov"),
        pytest.param("", "# trivy:ignore:KSV-0136", [()], id="another check of trivy"),
        pytest.param("", "# CKV_K8S_38 is for later", [()], id="a mention"),
    ],
)
def test_comments(head: str, above: str, silenced: list[tuple[tuple[str, int], ...]]) -> None:
    assert comments(POD.format(head=head, above=above, value="false")) == silenced


def test_a_comment_counts_for_its_own_item() -> None:
    pods = "".join(
        f"- apiVersion: v1\n  kind: Pod\n  metadata: {{name: {name}}}\n  spec:\n    {comment}\n    containers: [{{name: a, image: b}}]\n"
        for name, comment in (("one", "# checkov:skip=CKV_K8S_38:lists pods"), ("two", "# a remark"))
    )
    assert comments(f"apiVersion: v1\nkind: List\nitems:\n{pods}") == [(("checkov", 8),), ()]


def test_the_token_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(
        POD.format(head="", above="# checkov:skip=CKV_K8S_38:lists pods", value="true").replace(
            "  automountServiceAccountToken: true\n", ""
        )
    )
    before = file.read_text()
    monkeypatch.chdir(tmp_path)
    assert "required" in invoke(["audit", "-v", "."]).stdout.decode()
    invoke(["migrate", "--recipe", "disable-automount", "--write", "."])
    assert file.read_text() == before
