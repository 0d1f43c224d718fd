"""What stands in a repository is shown, and acts neither on a terminal nor on the CI runner that reads the log."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from samigrate.base.wording import inert
from samigrate.report import formats
from tests.command import invoke

ESCAPE = "\x1b]0;gotcha\x07"
COMMAND = "::error::gotcha"
OLD_COMMAND = "##[add-matcher]gotcha"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}, annotations: {annotations}}}
spec:
  template:
    metadata: {{labels: {{app: x}}}}
    spec:
      serviceAccountName: {account}
      containers: [{{name: {container}, image: {image}}}]
"""
PLAIN = {"name": "web", "namespace": "shop", "annotations": "{}", "account": "default", "container": "web", "image": "nginx"}
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {role}}}
subjects: [{{kind: ServiceAccount, name: default, namespace: shop}}]
"""
COMMANDS = (
    ("audit", "."),
    ("audit", "-vv", "."),
    *(("audit", "--format", name, ".") for name in formats.names() if name != "diff"),  # a diff holds the file's own lines
    ("migrate", "."),
    ("plan", "."),
    ("evidence", "source", "."),
    ("migrate", "--write", "."),
)


def deployment(**given: str) -> str:
    return DEPLOYMENT.format(**{**PLAIN, **{key: json.dumps(value) for key, value in given.items()}})


def binding(**given: str) -> str:
    return BINDING.format(**{"kind": "RoleBinding", "name": "b", "role": "r", **{key: json.dumps(value) for key, value in given.items()}})


HOSTILE: dict[str, Callable[[str], dict[str, str]]] = {
    "a file's name": lambda word: {f"{word}.yaml": deployment()},
    "a folder's name": lambda word: {f"{word}/kustomization.yaml": "resources: [web.yaml]\n", f"{word}/web.yaml": deployment()},
    "a broken file's name": lambda word: {f"{word}.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: [\n"},
    "a template's name": lambda word: {f"{word}.yaml": "kind: Deployment\nspec: {{ range .x }}\n", "web.yaml": deployment()},
    "a workload's name": lambda word: {"web.yaml": deployment(name=word)},
    "a namespace": lambda word: {"web.yaml": deployment(namespace=word)},
    "an account": lambda word: {"web.yaml": deployment(account=word)},
    "a container": lambda word: {"web.yaml": deployment(container=word)},
    "an image": lambda word: {"web.yaml": deployment(image=word)},
    "a kind": lambda word: {"web.yaml": deployment(), "b.yaml": binding(kind=word)},
    "a binding": lambda word: {"web.yaml": deployment(), "b.yaml": binding(name=word)},
    "a role": lambda word: {"web.yaml": deployment(), "b.yaml": binding(role=word)},
    "a declaration": lambda word: {"web.yaml": DEPLOYMENT.format(**{**PLAIN, "annotations": json.dumps({"samigrate.dev/api-access": word})})},
    "a reason": lambda word: {"web.yaml": DEPLOYMENT.format(**{**PLAIN, "annotations": json.dumps({"samigrate.dev/ignore": f"all: {word}"})})},
    "a resource of a kustomization": lambda word: {"kustomization.yaml": f"resources: [web.yaml, {json.dumps(word)}]\n", "web.yaml": deployment()},
    "a key of the configuration": lambda word: {"samigrate.yaml": f"{json.dumps(word)}: 1\n", "web.yaml": deployment()},
    "a value of the configuration": lambda word: {"samigrate.yaml": f"recipe: [{json.dumps(word)}]\n", "web.yaml": deployment()},
    "a patch": lambda word: {
        "kustomization.yaml": f"resources: [web.yaml]\npatches: [{{path: {json.dumps(word)}}}, {{patch: {json.dumps(word)}}}]\n",
        "web.yaml": deployment(),
    },
}  # fmt: skip


_OURS = re.compile(rb"^::(?:error|warning|notice) (?:file=[^,:\n]*,)?(?:line=\d+,)?(?:col=\d+,)?title=samigrate[ a-z-]*::", re.MULTILINE)
"""The start of an annotation of ours, which is meant to act. What stands behind it is data, and is tried without it."""


def acts(shown: bytes) -> list[bytes]:
    """The lines that would act, by the rules of the terminal and of GitHub's runner: a command stands first on its
    line, behind spaces at most; the old form anywhere."""
    return [line for line in shown.split(b"\n") if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|^\s*::|##\[", line)]


@pytest.mark.parametrize("word", [f"{COMMAND} {OLD_COMMAND}", f"{ESCAPE}\n{COMMAND}\r{COMMAND}"], ids=["commands", "escapes"])
@pytest.mark.parametrize("place", HOSTILE)
def test_nothing_shown_acts(place: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path, text in HOSTILE[place](word.replace("/", "-")).items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    for command in COMMANDS:
        result = invoke(command)
        assert result.exit in (0, 1, 2), result.stderr
        assert not acts(result.stderr.encode()), command
        if command[0] != "plan" and command != ("migrate", "."):  # a diff is the file's own bytes
            assert not acts(_OURS.sub(b"", result.stdout)), command


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\x3a:error::x"),
        ("  ::error::x", "  \\x3a:error::x"),
        ("a\n::x", "a\n\\x3a:x"),
        ("see ##[error]x", "see \\x23#[error]x"),
        ("a::b ## [c]", "a::b ## [c]"),
        ("\x1b[31mred\x1b[0m \x1b[8mhidden", "\x1b[31mred\x1b[0m \\x1b[8mhidden"),
        ("one\rtwo\n", "one\\rtwo\n"),
    ],
)
def test_what_is_shown_instead(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_a_name_given_as_an_argument_acts_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pre-commit passes the names of files."""
    monkeypatch.chdir(tmp_path)
    result = invoke(["migrate", f"{ESCAPE}.yaml", os.curdir])
    assert result.exit == 2
    assert not acts(result.stderr.encode())
