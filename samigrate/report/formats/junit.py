"""JUnit's XML, for CI systems that show tests: one suite for each file, one test for each workload.

A test fails where its workload would change, as `migrate --check` does; it is an error where something could not be read.
Findings are told in the output of their workload's test, and fail only at the level `error`. The elements and their order
are those that Jenkins takes (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd, read 2026-11).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from samigrate.base.wording import clean
from samigrate.domain.model import Severity
from samigrate.domain.outcome import Outcome
from samigrate.report import remarks, words
from samigrate.report.formats import Look, Reporter
from samigrate.report.remarks import OWN, WOULD_CHANGE, Remark

_ORDER = ("error", "failure", "system-out")


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    suites = [_suite(path, tests) for path, tests in sorted(_tests(outcome).items())]
    whole = ElementTree.Element("testsuites", {"name": "samigrate", **_sums(suites)})
    whole.extend(suites)
    ElementTree.indent(whole)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(whole, encoding="unicode") + "\n"


def _tests(outcome: Outcome) -> dict[str, dict[str, list[Remark]]]:
    """The remarks by path and test; a workload of which nothing is said passes."""
    tests: dict[str, dict[str, list[Remark]]] = defaultdict(dict)
    called: dict[tuple[str, object], str] = {}
    for report in outcome.workloads:
        path, name = report.workload.resource.at.path, words.name(report)
        called.setdefault((path, report.workload.id), name)
        tests[path][name] = []
    for remark in remarks.of(outcome):
        tests[remark.at.path].setdefault(_test(remark, called), []).append(remark)
    return tests


def _test(remark: Remark, called: dict[tuple[str, object], str]) -> str:
    """The name of the test that a remark belongs to: its workload's, else its own."""
    if remark.report:
        return clean(remark.subject)
    return called.get((remark.at.path, remark.resource), remark.id)


def _suite(path: str, tests: dict[str, list[Remark]]) -> ElementTree.Element:
    cases = [_case(path, name, said) for name, said in tests.items()]
    suite = ElementTree.Element("testsuite", {"name": clean(path) or "samigrate", **_counts(cases)})
    suite.extend(cases)
    return suite


def _case(path: str, name: str, said: Sequence[Remark]) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"name": name, "classname": clean(path) or "samigrate"})
    for element in _ORDER:
        for remark in said:
            if _element(remark) != element:
                continue
            attributes = {} if element == "system-out" else {"type": remark.id, "message": clean(remark.message)}
            ElementTree.SubElement(case, element, attributes).text = _line(remark)
    return case


def _element(remark: Remark) -> str:
    if remark.id in OWN:
        return "failure" if remark.id == WOULD_CHANGE else "error"
    return "failure" if remark.severity is Severity.ERROR else "system-out"


def _line(remark: Remark) -> str:
    place = clean(f"{remark.at.path}:{remark.at.line}" if remark.at.line else remark.at.path)
    return f"{place}: {remark.severity.value} {remark.id}: {remark.sentence}".removeprefix(": ")


def _counts(cases: Sequence[ElementTree.Element]) -> dict[str, str]:
    bad = {"errors": "error", "failures": "failure"}
    return {"tests": str(len(cases)), **{name: str(sum(case.find(element) is not None for case in cases)) for name, element in bad.items()}}


def _sums(suites: Sequence[ElementTree.Element]) -> dict[str, str]:
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in ("tests", "errors", "failures")}


REPORTER = Reporter("junit", "JUnit's XML, for CI systems that show tests", render)
