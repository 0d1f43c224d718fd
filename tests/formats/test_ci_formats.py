"""The formats that code scanning, annotations and reviews take: each by its published schema, and by what it says."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
import xmlschema

from samigrate import pipeline, transforms
from samigrate.domain.model import Finding, Location, Problem, Severity
from samigrate.domain.outcome import FileChange, Outcome
from samigrate.findings.catalogue import findings
from samigrate.plan import recipe
from samigrate.report import remarks
from samigrate.report.fixes import Edit, Fixes
from samigrate.report.formats import Look, load
from samigrate.settings.config import Settings
from tests.command import invoke
from tests.support import schemas

ROOT = Path(__file__).parent.parent.parent
NOTHING = Outcome((), (), 0, 0, (), (), (), (), ())
INPUTS = {"shop": ROOT / "examples" / "shop"} | {path.parent.name: path for path in sorted((ROOT / "golden").glob("*/input"))}
FORMATS = ("github", "gitlab", "junit", "rdjson", "sarif")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
      - name: {name}
        image: nginx
"""
BOUND = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: Ünïcode, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects:
- {kind: ServiceAccount, name: default, namespace: shop}
"""


def run(files: Mapping[str, str]) -> Outcome:
    sources = tuple(pipeline.Source(path, text.encode, may_change=True) for path, text in files.items())
    return pipeline.run(pipeline.Root(".", sources, Settings()), recipe.load([]))


@cache
def outcome(name: str) -> Outcome:
    folder = INPUTS[name]
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in (".yaml", ".yml", ".json")]
    sources = tuple(pipeline.Source(path.relative_to(folder).as_posix(), path.read_bytes, may_change=True) for path in paths)
    return pipeline.run(pipeline.Root(".", sources, Settings()), recipe.load([]))


def shown(result: Outcome, name: str) -> str:
    return "".join(load(name).render(result, Look()))


def parsed(result: Outcome, name: str) -> Any:
    return json.loads(shown(result, name))


def results(result: Outcome) -> list[dict[str, Any]]:
    found = parsed(result, "sarif")["runs"][0]["results"]
    assert isinstance(found, list)
    return found


# ---------------------------------------------------------------- schemas


@cache
def _sarif() -> Any:
    return jsonschema.validators.validator_for(schemas.sarif())(schemas.sarif())


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(schemas.need(schemas.JUNIT)))


@pytest.mark.parametrize("name", INPUTS)
def test_sarif_is_valid(name: str) -> None:
    report = parsed(outcome(name), "sarif")
    assert not [error.message for error in _sarif().iter_errors(report)]
    for result in report["runs"][0]["results"]:  # what the schema does not ask for and GitHub does
        assert result["locations"] and result["partialFingerprints"]
        assert report["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize("name", INPUTS)
def test_junit_is_valid(name: str) -> None:
    _junit().validate(io.StringIO(shown(outcome(name), "junit")))


@pytest.mark.parametrize("name", INPUTS)
def test_rdjson_is_valid(name: str) -> None:
    jsonschema.validate(parsed(outcome(name), "rdjson"), schemas.rdjson())


@pytest.mark.parametrize("name", INPUTS)
def test_gitlab_is_as_its_page_says(name: str) -> None:
    issues = parsed(outcome(name), "gitlab")
    assert all(issue["severity"] in ("info", "minor", "major", "critical", "blocker") for issue in issues)
    for issue in issues:
        assert issue["description"] and issue["check_name"]
        assert issue["location"]["path"] and not issue["location"]["path"].startswith("./")
        assert issue["location"]["lines"]["begin"] >= 1
    assert max(Counter(issue["fingerprint"] for issue in issues).values(), default=1) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_to_say_is_said_well(name: str) -> None:
    assert shown(NOTHING, name) == "" if name == "github" else shown(NOTHING, name)
    if name == "sarif":
        jsonschema.validate(parsed(NOTHING, name), schemas.sarif())
    if name == "junit":
        _junit().validate(io.StringIO(shown(NOTHING, name)))


# ---------------------------------------------------------------- lines, fingerprints, rules


def test_lines_and_columns_are_those_of_the_text() -> None:
    text = "# a comment\n" + DEPLOYMENT.format(name="web") + "---\n" + BOUND
    result = run({"web.yaml": text})
    (binding,) = [one for one in results(result) if one["ruleId"] == "shared-default-binding"]
    region = binding["locations"][0]["physicalLocation"]["region"]
    line = text.split("\n")[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 :].startswith("{kind: ServiceAccount")
    (change,) = results(run({"web.yaml": "# a comment\n" + DEPLOYMENT.format(name="web")}))
    assert change["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}


def test_a_fingerprint_survives_moved_lines() -> None:
    text = DEPLOYMENT.format(name="web") + "---\n" + DEPLOYMENT.format(name="api") + "---\n" + BOUND
    before, after = (results(run({"web.yaml": one})) for one in (text, "# moved\n\n" + text.replace("---\n", "---\n# moved\n")))
    marks = [[one["partialFingerprints"] for one in each] for each in (before, after)]
    assert marks[0] == marks[1] and len({str(mark) for mark in marks[0]}) == len(before)
    places = [[one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in each] for each in (before, after)]
    assert all(first != second for first, second in zip(*places, strict=True))


def test_the_same_said_twice_of_one_place_has_two_fingerprints() -> None:
    one = Finding("duplicate-key", "R-A26", Severity.WARNING, "twice", "remove one of them", Location("a.yaml", line=3))
    assert len({remark.fingerprint for remark in remarks.of(NOTHING._replace(findings=(one, one)))}) == 2


def test_a_rule_has_the_help_that_explain_gives() -> None:
    rules = {rule["id"]: rule for rule in parsed(outcome("shop"), "sarif")["runs"][0]["tool"]["driver"]["rules"]}
    assert findings()["shared-default-binding"]["action"] in rules["shared-default-binding"]["help"]["markdown"]
    assert "samigrate migrate --write" in rules["would-change"]["help"]["text"]
    assert b"samigrate.dev/ignore" in invoke(["explain", "would-change"]).stdout
    assert not remarks.OWN.keys() & (findings().keys() | transforms.discover().keys())


def test_what_is_about_no_file_is_a_notification() -> None:
    result = NOTHING._replace(problems=(Problem("", 0, "standard input cannot be read"), Problem("a.yaml", 0, "cannot be read")))
    run_ = parsed(result, "sarif")["runs"][0]
    assert run_["invocations"][0]["executionSuccessful"] is False
    assert "standard input" in run_["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert [one["locations"][0]["physicalLocation"] for one in run_["results"]] == [
        {"artifactLocation": {"uri": "a.yaml", "uriBaseId": "%SRCROOT%"}}
    ]
    jsonschema.validate(parsed(result, "sarif"), schemas.sarif())


def test_a_path_is_a_uri_and_a_message_no_link() -> None:
    one = Finding("duplicate-key", "", Severity.NOTE, "[click](1)", "", Location("a b/ü#%.yaml", line=1))
    (result,) = results(NOTHING._replace(findings=(one,)))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%23%25.yaml"
    assert result["message"]["text"] == "[click] (1)"


# ---------------------------------------------------------------- edits


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made, from the last to the first."""
    lines = text.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + lines[-1:]
    for edit in sorted(edits, key=lambda edit: -edit.first):
        lines[edit.first - 1 : edit.last] = [edit.text]
    return "".join(lines)


@pytest.mark.parametrize("name", INPUTS)
def test_all_edits_together_make_the_files_that_write_makes(name: str) -> None:
    result = outcome(name)
    fixes = Fixes(result)
    edits = {edit for remark in remarks.of(result) if remark.report for edit in fixes.of(remark.report)}
    paths = {edit.path for edit in edits}
    for change in result.changes:
        if change.path in paths:
            assert applied(change.old or "", {edit for edit in edits if edit.path == change.path}) == change.new
    assert paths == {change.path for change in result.changes} or any(change.secret_lines for change in result.changes)


def test_sarif_says_an_edit_by_line_and_column() -> None:
    text = DEPLOYMENT.format(name="web").removesuffix("\n")  # the last line has no end
    result = run({"web.yaml": text})
    (one,) = results(result)
    made = text
    for part in reversed(one["fixes"][0]["artifactChanges"][0]["replacements"]):
        region, lines = part["deletedRegion"], made.split("\n")
        start, end = (
            sum(len(line) + 1 for line in lines[: region[f"{side}Line"] - 1]) + region[f"{side}Column"] - 1 for side in ("start", "end")
        )
        made = made[:start] + part["insertedContent"]["text"] + made[end:]
    assert made == result.changes[0].new


def test_one_workloads_edits_are_its_own() -> None:
    files = {"both.yaml": "---\n".join(DEPLOYMENT.format(name=name) for name in ("web", "api"))}
    result = run(files)
    fixes = Fixes(result)
    web, api = (fixes.of(next(report for report in result.workloads if report.workload.id.name == name)) for name in ("web", "api"))
    assert web and api and not set(web) & set(api)
    again = run({"both.yaml": applied(files["both.yaml"], web)})
    assert {report.workload.id.name for report in again.workloads if report.applied} == {"api"}


def test_no_edit_shows_a_secrets_value() -> None:
    text = "line\nvalue\nend\n"
    change = FileChange("a.yaml", text, text.replace("value", "other"), ((2, 2),))
    report = outcome("shop").workloads[0]
    changed = report._replace(files=frozenset(["a.yaml"]))
    assert Fixes(NOTHING._replace(changes=(change,), workloads=(changed,))).of(changed) == ()


def test_a_suggestion_covers_the_lines_of_its_comment() -> None:
    diagnostics = parsed(outcome("shop"), "rdjson")["diagnostics"]
    offered = [one for one in diagnostics if one.get("suggestions")]
    assert offered
    assert all(one["location"]["range"] == one["suggestions"][0]["range"] for one in offered)


# ---------------------------------------------------------------- GitHub


def said(count: int, severity: Severity = Severity.NOTE) -> tuple[Finding, ...]:
    return tuple(
        Finding("duplicate-key", "", severity, f"message {number}", "", Location("a.yaml", line=number)) for number in range(1, count + 1)
    )


def test_annotations_are_worst_first() -> None:
    told = shown(NOTHING._replace(findings=(*said(1), *said(1, Severity.WARNING), *said(1, Severity.ERROR))), "github")
    assert re.findall("^::([a-z]+) ", told, re.MULTILINE) == ["error", "warning", "notice"]
    assert "::notice file=a.yaml,line=1,title=samigrate duplicate-key::message 1\n" in told


def test_ten_of_a_level_and_the_rest_in_the_log() -> None:
    assert shown(NOTHING._replace(findings=said(10)), "github").count("\n::notice") == 9
    told = shown(NOTHING._replace(findings=said(12)), "github").splitlines()
    assert [line.startswith("::") for line in told] == [True] * 10 + [False] * 3
    assert "3 more notes in the log" in told[9]
    assert told[10:] == [f"a.yaml:{number}: note duplicate-key: message {number}" for number in (10, 11, 12)]


def test_what_an_annotation_holds_is_escaped() -> None:
    one = Finding("duplicate-key", "", Severity.NOTE, "50%\n::error::x", "do,this", Location("a,b:c%.yaml", line=1, column=2))
    told = shown(NOTHING._replace(findings=(one,)), "github")
    assert told == "::notice file=a%2Cb%3Ac%25.yaml,line=1,col=2,title=samigrate duplicate-key::50%25 ::error::x%0Ado,this\n"
    assert unquote(told.partition("file=")[2].partition(",line")[0]) == "a,b:c%.yaml"


# ---------------------------------------------------------------- JUnit, and the command line


def test_a_test_fails_where_its_workload_would_change() -> None:
    told = shown(outcome("shop"), "junit")
    assert '<testcase name="Deployment shop/stock-operator" classname="stock-operator.yaml" />' in told
    assert re.search(r'<testcase name="Deployment shop/storefront"[^>]*>\s*<failure type="would-change"', told)
    assert 'tests="6" errors="0" failures="4"' in told


@pytest.mark.parametrize("name", FORMATS)
def test_a_check_says_it_and_fails(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(DEPLOYMENT.format(name="web"))
    done = invoke(["migrate", "--check", "--format", name, "."])
    assert done.exit == 1 and b"would-change" in done.stdout
    assert invoke(["migrate", "--check", "--format", name, "--output", "report", "."]).exit == 1
    assert Path("report").read_bytes() == done.stdout
    assert invoke(["audit", "--format", name, "--output", "report", "."]).exit == 0, "a report may take the place of one"
