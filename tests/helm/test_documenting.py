"""What a chart tells of its values besides values.yaml follows the edit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samigrate.helm.documenting import changed_row, new_row, schema
from tests.command import invoke
from tests.helm.charts import CONTAINERS, POD, chart
from tests.helm.test_charts import changes, texts, write

SAID = "Mount a token"
HELM_DOCS = (
    "# web\n\n| Key | Type | Default | Description |\n|-----|------|---------|-------------|\n"
    "| image | string | `nginx` | |\n| serviceAccount.create | bool | `false` | Make one |\n| zone | string | `a` | |\n"
)
PADDED = (
    "| Parameter               | Description | Default |\n| ----------------------- | ----------- | ------- |\n"
    "| `zone`                  | Where       | `a`     |\n| `serviceAccount.create` | Make one    | `true`  |\n"
)


@pytest.mark.parametrize(
    ("text", "keys", "row", "line"),
    [
        pytest.param(
            HELM_DOCS, ("serviceAccount", "automount"), "| serviceAccount.automount | bool | `false` | Mount a token |", 5, id="sorted"
        ),
        pytest.param(HELM_DOCS, ("zoo",), "| zoo | bool | `false` | Mount a token |", 7, id="at the end"),
        pytest.param(PADDED, ("serviceAccount", "automount"), "| `serviceAccount.automount` | Mount a token | `false` |", 4, id="padded"),
        pytest.param(PADDED, ("other",), None, 0, id="no place"),
        pytest.param("# web\n", ("other",), None, 0, id="no table"),
        pytest.param("| A | B |\n|---|---|\n| x | y |\n", ("other",), None, 0, id="another table"),
        pytest.param(HELM_DOCS, ("image",), None, 0, id="there already"),
    ],
)
def test_a_row_more(text: str, keys: tuple[str, ...], row: str | None, line: int) -> None:
    lines = text.splitlines()
    expected = [*lines[:line], row, *lines[line:]] if row else lines
    assert new_row(text, keys, SAID).splitlines() == expected


def test_a_row_that_changes() -> None:
    text = HELM_DOCS.replace("| serviceAccount.create | bool | `false` |", "| token | bool | `true` |")
    assert changed_row(text, ("token",)) == text.replace("`true`", "`false`")
    assert changed_row(text, ("other",)) == text
    twice = text.replace("Make one", "`true` |")
    assert changed_row(twice, ("token",)) == twice


def test_a_schema() -> None:
    closed = {"type": "object", "additionalProperties": False}
    value = {**closed, "properties": {"serviceAccount": {**closed, "properties": {"create": {"type": "boolean"}}}, "image": {}}}
    text = json.dumps(value, indent=4)
    new = json.loads(schema(text, ("serviceAccount", "automount")))
    value["properties"]["serviceAccount"]["properties"]["automount"] = {"type": "boolean"}  # type: ignore[index]
    assert new == value
    assert schema(text, ("image", "token")) == text, "nothing is said of what is in it"
    assert schema("{", ("image",)) == "{"


def test_a_new_value_is_told_of_everywhere(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed schema takes the value."""
    closed = '{"type": "object", "additionalProperties": false, "properties": {"serviceAccount": {"properties": {"create": {}}}}}\n'
    write(tmp_path / "web", chart(POD + CONTAINERS, "serviceAccount:\n  # -- Make one\n  create: false\n"))
    write(tmp_path / "web", {"values.schema.json": closed, "README.md": HELM_DOCS})
    monkeypatch.chdir(tmp_path)
    before = texts(tmp_path)
    assert invoke(["migrate", "--charts", "--chart-style", "value", "--write", "."]).exit == 0
    changed = changes(before, texts(tmp_path))
    assert changed["web/README.md"] == [
        "+| serviceAccount.automount | bool | `false` | Mount a token for the Kubernetes API into the pods |"
    ]
    assert '"automount": {"type": "boolean"}' in changed["web/values.schema.json"][1]
    assert changed["web/values.yaml"] == ["+  # -- Mount a token for the Kubernetes API into the pods", "+  automount: false"]
    assert invoke(["migrate", "--charts", "--chart-style", "value", "--check", "."]).exit == 0


def test_a_default_that_changes_is_told_of(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = POD + "      automountServiceAccountToken: {{ .Values.token }}\n" + CONTAINERS
    readme = HELM_DOCS.replace("| serviceAccount.create | bool | `false` |", "| token | bool | `true` |")
    write(tmp_path / "web", chart(template, "token: true\n") | {"README.md": readme})
    monkeypatch.chdir(tmp_path)
    before = texts(tmp_path)
    assert invoke(["migrate", "--charts", "--write", "."]).exit == 0
    assert changes(before, texts(tmp_path))["web/README.md"] == [
        "-| token | bool | `true` | Make one |",
        "+| token | bool | `false` | Make one |",
    ]
