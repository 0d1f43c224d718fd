"""Go templates as text."""

from __future__ import annotations

import pytest

from samigrate import gotext
from samigrate.gotext import Guard


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a {{ .b }} c", [("", ".b")], id="an expression"),
        pytest.param("{{- if .a -}}x{{- end -}}", [("if", ".a"), ("end", "")], id="trimmed"),
        pytest.param("{{ else if .b }}", [("else", "if .b")], id="else if"),
        pytest.param('{{ printf "}}" }}{{ end }}', [("", 'printf "}}"'), ("end", "")], id="braces in a text"),
        pytest.param("{{ `}}` }}{{ end }}", [("", "`}}`"), ("end", "")], id="braces in a raw text"),
        pytest.param("{{/* if {{ a */}}{{ end }}", [("", "/* if {{ a */"), ("end", "")], id="a comment"),
        pytest.param("{{ iffy .a }}{{ .end }}", [("", "iffy .a"), ("", ".end")], id="words that begin or end so"),
        pytest.param('{{ define "a" }}{{ end }}', [("define", '"a"'), ("end", "")], id="a definition"),
        pytest.param("{{ open", [], id="not closed"),
    ],
)
def test_actions(text: str, found: list[tuple[str, str]]) -> None:
    assert [(action.keyword, action.argument) for action in gotext.actions(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("{{ if .a }}X{{ end }}", [Guard("if", ".a")], id="if"),
        pytest.param("{{ if .a }}{{ else }}X{{ end }}", [Guard("if", ".a", True)], id="else"),
        pytest.param("{{ if .a }}{{ else if .b }}X{{ end }}", [Guard("if", ".a", True), Guard("if", ".b")], id="else if"),
        pytest.param("{{ if .a }}{{ end }}X", [], id="behind it"),
        pytest.param("{{ range .a }}{{ with .b }}X", [Guard("range", ".a"), Guard("with", ".b")], id="range and with"),
        pytest.param('{{ define "a" }}{{ if .b }}X', [Guard("if", ".b")], id="in a definition"),
        pytest.param("{{ end }}X", [], id="an end too much"),
    ],
)
def test_what_encloses_a_place(text: str, found: list[Guard]) -> None:
    assert gotext.guards(text, text.index("X")) == found


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        pytest.param("X a Y", True, id="nothing between"),
        pytest.param("X {{ if .a }}b{{ end }} Y", True, id="a whole condition between"),
        pytest.param("{{ if .a }}X{{ end }} Y", False, id="the condition ends between"),
        pytest.param("X {{ if .a }}Y{{ end }}", False, id="the condition opens between"),
        pytest.param("{{ if .a }}X{{ else }}Y{{ end }}", False, id="on both sides of else"),
        pytest.param("X {{ if .a }}b{{ else }}c{{ end }} Y", True, id="an else of a whole condition"),
    ],
)
def test_whether_two_places_stand_in_one_block(text: str, is_one: bool) -> None:
    assert gotext.is_one_block(text, text.index("X"), text.index("Y")) == is_one
