"""Which values a chart is rendered with."""

from __future__ import annotations

import json

import pytest

from samigrate.helm import variants
from samigrate.helm.chart import Chart, Variant

PATH = "templates/x.yaml"


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        pytest.param("{{ if .Values.a.b }}X", PATH, {"a": {"b": True}}, id="a switch"),
        pytest.param("{{ if not .Values.a }}X", PATH, {"a": False}, id="a switch that must be off"),
        pytest.param("{{ if .Values.a }}{{ else }}X", PATH, {"a": False}, id="behind else"),
        pytest.param('{{ if eq .Values.kind "DaemonSet" }}X', PATH, {"kind": "DaemonSet"}, id="a word"),
        pytest.param("{{ if and .Values.a (not .Values.b) }}X", PATH, {"a": True, "b": False}, id="two"),
        pytest.param("{{ if .Values.a }}{{ if $.Values.b }}X", PATH, {"a": True, "b": True}, id="one in the other"),
        pytest.param("{{ range .Values.a }}X", PATH, None, id="a range, which needs items"),
        pytest.param("{{ if .Capabilities.APIVersions }}X", PATH, None, id="what values do not decide"),
        pytest.param("{{ if .Values.a }}X", f"charts/db/{PATH}", {"db": {"a": True, "enabled": True}}, id="in a sub-chart"),
        pytest.param(
            "{{ if .Values.global.a }}X", f"charts/db/{PATH}", {"global": {"a": True}, "db": {"enabled": True}}, id="for all charts"
        ),
    ],
)
def test_the_switches_that_enclose_a_place(template: str, path: str, values: dict[str, object] | None) -> None:
    chart = Chart("web", {path: template})
    found = variants.turned(chart, [(path, template.index("X"))])
    assert [json.loads(each.values) for each in found] == ([values] if values else [])


def test_the_variants_that_somebody_has_written() -> None:
    paths = ("values.yaml", "values-prod.yaml", "ci/a-values.yaml", "ci/b.yaml", "templates/values-x.yaml", "values.schema.yaml")
    chart = Chart("web", dict.fromkeys(paths, ""))
    installed = Variant("HelmRelease web", (), "{}", must_render=True)
    found = [each.name for each in variants.written(chart, [installed])]
    assert found == ["its defaults", "HelmRelease web", "ci/a-values.yaml", "values-prod.yaml", "values.schema.yaml"]


def test_values_are_merged_as_helm_does() -> None:
    assert variants.merged({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2]}, "d": {"e": 1}}) == {"a": {"b": 1, "c": [2]}, "d": {"e": 1}}
