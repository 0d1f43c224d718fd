"""What scanners are told to pass over: a person who silences the check for mounted tokens says that the token is wanted.

By annotations and labels (checkov, kubeaudit, Polaris, KubeLinter, Terrascan, Datree), and by comments in the object's text
(checkov, Trivy, KICS). As of 2026-11.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from samigrate.base.values import Value
from samigrate.domain.model import Resource
from samigrate.optouts import suppress


class Word(NamedTuple):
    """A key of annotations or labels that silences a check, and what its value must hold. `is_about_tokens`: that check
    and no other, so that it is a declaration; else it may be meant."""

    scanner: str
    key: re.Pattern[str]
    value: re.Pattern[str]
    is_about_tokens: bool


_ANY, _TRUE = re.compile(""), re.compile(r"(?i)^\s*(?:true|1|yes)\s*$")
_TOKEN_CHECK = "(?:automount|service-?account-?token|sa-token)"
WORDS = (
    Word("checkov", re.compile(r"(?:checkov|bridgecrew|cortex)\.io/skip\d*"), re.compile(r"\bCKV_K8S_38\b"), True),
    Word("kubeaudit", re.compile(r"(?:.*\.)?(?:kubeaudit\.io|audit\.kubernetes\.io)/.*allow-automount-service-account-token"), _ANY, True),
    Word("Polaris", re.compile(r"polaris\.fairwinds\.com/automountServiceAccountToken-exempt"), _TRUE, True),
    Word("Polaris", re.compile(r"polaris\.fairwinds\.com/exempt"), _TRUE, False),
    Word("KubeLinter", re.compile(rf"(?i)ignore-check\.kube-linter\.io/.*{_TOKEN_CHECK}.*"), _ANY, True),
    Word("KubeLinter", re.compile(r"ignore-check\.kube-linter\.io/default-service-account|kube-linter\.io/ignore-all"), _ANY, False),
    Word("Terrascan", re.compile(r"runterrascan\.io/skip"), re.compile(r"\bAC_K8S_0045\b"), True),
    Word("Datree", re.compile(r"datree\.skip/SRVACC_INCORRECT_AUTOMOUNTSERVICEACCOUNTTOKEN_VALUE"), _ANY, True),
)
_KICS = "48471392-d4d0-47c0-b135-cdec95eb3eef"
_COMMENTS = {
    "checkov": re.compile(r"#\s*(?:checkov|bridgecrew|cortex):\s*skip\s*=[\w,\s]*?\bCKV_K8S_38\b"),
    "Trivy": re.compile(r"#\s*trivy:ignore:[^\n]*?\b(?:AVD-)?KSV-?0*36\b"),
    "KICS": re.compile(rf"#\s*kics-scan\s+(?:disable=[^\n]*{_KICS}|ignore-(?:line|block)[^\n]*\n\s*[\"']?automountServiceAccountToken)"),
}


def found(marks: Mapping[str, Value]) -> Iterator[tuple[Word, str]]:
    """The words among annotations or labels, each with its key."""
    for key, value in marks.items():
        for word in WORDS if isinstance(key, str) and ("/" in key) else ():
            if word.key.fullmatch(key) and word.value.search(str(value)):
                yield word, key


RECORDED = "recorded"
"""The annotation, behind our prefix, that names the scanners that a run has told: what they were told is no person's word."""
_DATREE = "datree.skip/SRVACC_INCORRECT_AUTOMOUNTSERVICEACCOUNTTOKEN_VALUE"
WRITTEN = ("checkov", "polaris", "terrascan", "datree")
"""Scanners that go by annotations of the object, which restart nothing; kubeaudit goes by labels of the pod, kubescape and Trivy
by files of their own."""


def written(scanner: str, reason: str, present: Mapping[str, Value]) -> tuple[str, str]:
    """The annotation by which a scanner of WRITTEN passes over the check for mounted tokens, beside those `present`."""
    if scanner == "checkov":
        number = next(number for number in itertools.count(1) if f"checkov.io/skip{number}" not in present)
        return f"checkov.io/skip{number}", f"CKV_K8S_38={reason}"
    if scanner == "polaris":
        return "polaris.fairwinds.com/automountServiceAccountToken-exempt", "true"
    if scanner == "terrascan":
        return "runterrascan.io/skip", json.dumps([{"rule": "AC_K8S_0045", "comment": reason}])
    return _DATREE, reason


def marked(resources: Sequence[Resource], fragment: str, document: int, line: int) -> list[Resource]:
    """The objects of a document, those with the scanners that a comment of theirs silences. `fragment` is the document's
    text, and `line` its first."""
    opts = list(suppress.at_comments(fragment, document, line, resources, _matches)) if "#" in fragment else []
    return [_with(resource, [opt for opt in opts if suppress.counts_for(opt, resource.at)]) for resource in resources]


def _matches(fragment: str) -> Iterator[tuple[int, frozenset[str]]]:
    """(where, scanner) of each comment that silences the check."""
    if ":skip" in fragment or "trivy:ignore" in fragment or "kics-scan" in fragment:
        for scanner, pattern in _COMMENTS.items():
            yield from ((hit.start(), frozenset((scanner,))) for hit in pattern.finditer(fragment))


def _with(resource: Resource, opts: Sequence[suppress.Opt]) -> Resource:
    return replace(resource, silenced=tuple((name, opt.line) for opt in opts for name in sorted(opt.ids))) if opts else resource
