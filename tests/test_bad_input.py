"""What a user can get wrong: said with path and line, the rest still done, nothing lost, no traceback."""

from __future__ import annotations

import copy
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate import pipeline
from samigrate.hosts import repository
from samigrate.hosts.write import write
from samigrate.plan import recipe
from tests.command import Result, invoke

RUN = [sys.executable, "-m", "samigrate"]
HEAD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: bad\nspec:\n  containers:\n  - name: bad\n    image: nginx\n"
GOOD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: good
spec:
  template:
    spec:
      containers:
        - name: good
          image: nginx:1.27
"""
BOMB = "x:\n  a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"  {chr(98 + level)}: &{chr(98 + level)} [{', '.join(['*' + chr(97 + level)] * 10)}]\n" for level in range(9)
)


def chain(opened: str, closed: str) -> str:
    """Anchors that are no deeper than they may be, each within the next."""
    links = [f"x{number}: &a{number} {opened * 150}{f'*a{number - 1} ' if number else '1'}{closed * 150}\n" for number in range(30)]
    return "".join(links)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


def is_done(folder: Path) -> bool:
    return "serviceAccountName: good" in (folder / "good.yaml").read_text()


def assert_graceful(result: Result) -> None:
    assert "Traceback" not in result.stderr
    assert "bug in samigrate" not in result.stderr
    assert result.exit != 3


# ---------------------------------------------------------------- files that cannot be read as YAML


UNREADABLE = [
    pytest.param(HEAD.encode() + b"x: y: z\n", 9, "mapping values are not allowed", id="broken YAML"),
    pytest.param(HEAD.encode() + b"x: \xe9\n", 9, "not UTF-8: byte 0xe9", id="Latin-1"),
    pytest.param(HEAD.encode() + b"x: \xed\xa0\x80\n", 9, "not UTF-8: byte 0xed", id="a surrogate in UTF-8"),
    pytest.param(HEAD.encode("utf-16"), 1, "is UTF-16: save it as UTF-8", id="UTF-16"),
    pytest.param(b"\xfe\xff" + HEAD.encode("utf-16-be"), 1, "is UTF-16", id="UTF-16, big end first"),
    pytest.param(HEAD.encode("utf-16-le"), 1, "NUL byte", id="UTF-16 without a mark"),
    pytest.param(HEAD.encode("utf-32"), 1, "is UTF-32", id="UTF-32"),
    pytest.param(HEAD.encode() + b"x: \0\n", 9, "NUL byte", id="a NUL byte"),
    pytest.param(b"\xef\xbb\xbf" * 2 + HEAD.encode(), 1, "a second byte order mark", id="two byte order marks"),
    pytest.param(HEAD.encode() + b"x: \x07\n", 9, "the character #x0007 is not allowed", id="a control character"),
    pytest.param((HEAD + BOMB).encode(), 15, "aliases stand for more than 1,000,000 nodes", id="an alias bomb"),
    pytest.param((HEAD + "x: &x\n  y: *x\n").encode(), 10, "an alias stands inside what it refers to", id="an alias inside its anchor"),
    pytest.param((HEAD + "x: *y\n").encode(), 9, "an alias refers to no anchor", id="an alias of nothing"),
    pytest.param((HEAD + "x: " + "[" * 100_000).encode(), 9, "nested brackets", id="brackets that nobody closes"),
    pytest.param((HEAD + "x: " + "[" * 100_000 + "]" * 100_000).encode(), 9, "nested brackets", id="brackets"),
    pytest.param((HEAD + "x: " + "{a: " * 100_000).encode(), 9, "nested brackets", id="braces"),
    pytest.param((HEAD + "x: don't\ny: " + "[" * 100_000 + "\nz: don't\n").encode(), 10, "nested", id="brackets between apostrophes"),
    pytest.param((HEAD + "x:\n  " + "- " * 100_000).encode(), 10, "on one line", id="dashes"),
    pytest.param((HEAD + "x:\n  " + "-\t" * 100_000).encode(), 10, "on one line", id="dashes and tabs"),
    pytest.param((HEAD + "x:\n  " + "? " * 100_000).encode(), 10, "on one line", id="question marks"),
    pytest.param((HEAD + "x:\n  " + "- ? : " * 100_000).encode(), 10, "on one line", id="all indicators"),
    pytest.param(
        (HEAD + "x:\n" + "".join(" " * depth + "a:\n" for depth in range(1, 2_000))).encode(), 209, "nested too deeply", id="blocks"
    ),
    pytest.param((HEAD + chain("[", "]")).encode(), 10, "nested too deeply", id="lists in lists by aliases"),
    pytest.param((HEAD + chain("{a: ", "}")).encode(), 10, "nested too deeply", id="mappings in mappings by aliases"),
    pytest.param((HEAD + "x: !!int y\n").encode(), 9, "cannot be read as !!int", id="a value that is not of its tag"),
    pytest.param((HEAD + "x: 'y\n").encode(), 9, "unexpected end of stream", id="a quote that nobody closes"),
]


@pytest.mark.parametrize(("content", "line", "words"), UNREADABLE)
def test_an_unreadable_manifest_is_named_and_the_others_are_done(folder: Path, content: bytes, line: int, words: str) -> None:
    (folder / "bad.yaml").write_bytes(content)
    result = invoke(["migrate", "--write", "."])
    assert_graceful(result)
    assert result.exit == 2
    said = [one for one in result.stderr.splitlines() if one.startswith("bad.yaml:")]
    assert len(said) == 1
    assert words in said[0]
    assert len(said[0]) < 200
    if "end of stream" not in words:
        assert said[0].startswith(f"bad.yaml:{line}: ")
    assert (folder / "bad.yaml").read_bytes() == content
    assert is_done(folder)


@pytest.mark.parametrize(("content", "line", "words"), UNREADABLE)
def test_a_stream_with_an_unreadable_document_prints_nothing(content: bytes, line: int, words: str) -> None:
    result = invoke(["migrate", "-"], GOOD.encode() + b"---\n" + content)
    assert_graceful(result)
    assert (result.exit, result.stdout) == (2, b"")
    assert result.stderr.startswith("<stdin>:")


def test_one_bad_document_leaves_its_file_to_the_rest(folder: Path) -> None:
    (folder / "two.yaml").write_text(HEAD + "x: y: z\n---\n" + GOOD.replace("good", "other"))
    result = invoke(["migrate", "--write", "."])
    assert result.exit == 2
    assert "two.yaml:9: " in result.stderr
    found = (folder / "two.yaml").read_text()
    assert found.startswith(HEAD + "x: y: z\n---\n")
    assert "serviceAccountName: other" in found


def test_a_neighbours_duplicate_keys_are_its_own_affair(folder: Path) -> None:
    (folder / ".git").mkdir()
    for name in ("mine", "theirs"):
        (folder / name).mkdir()
        (folder / name / "web.yaml").write_text(GOOD.replace("good", name) + "kind: Pod\n")
    result = invoke(["audit", "-v", "mine"])
    assert "duplicate-key" in result.stdout.decode() and "theirs/web.yaml" not in result.stdout.decode()


@pytest.mark.parametrize(
    ("others", "said"),
    [
        pytest.param(0, "not read, so what it says is not known: not UTF-8", id="one"),
        pytest.param(1, "not read, nor is 1 more file beside PATH, so what they say is not known: not UTF-8", id="two"),
        pytest.param(2, "not read, nor are 2 more files beside PATH, so what they say is not known: not UTF-8", id="three"),
    ],
)
def test_what_cannot_be_read_beside_path_is_a_note(others: int, said: str, folder: Path) -> None:
    (folder / ".git").mkdir()
    for name in ("mine", "theirs"):
        (folder / name).mkdir()
    (folder / "mine/web.yaml").write_text(GOOD)
    for number in range(others + 1):
        (folder / f"theirs/{number}.yaml").write_bytes(HEAD.encode() + b"# \xe9\n")
    result = invoke(["migrate", "--check", "mine"])
    assert result.exit == 1 and f"{said}: byte 0xe9  theirs/0.yaml:9" in result.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# nothing\n",
        b"---\n",
        b"...\n",
        b"\xef\xbb\xbf",
        b"x: [\n",
        b"- a\n- b\n",
        b"text",
        random.Random(0).randbytes(3_000),
        b"[1, 2",
        b"{}",
    ],
)
def test_what_is_no_manifest_is_no_error(folder: Path, content: bytes) -> None:
    (folder / "other.yaml").write_bytes(content)
    (folder / "other.json").write_bytes(content)
    result = invoke(["migrate", "--write", "."])
    assert_graceful(result)
    assert result.exit == 0
    assert is_done(folder)
    assert (folder / "other.yaml").read_bytes() == (folder / "other.json").read_bytes() == content


def test_broken_json_is_an_error_where_it_is_a_manifest(folder: Path) -> None:
    (folder / "bad.json").write_text('{"apiVersion": "v1", "kind": "Pod"} x\n')
    (folder / "tsconfig.json").write_text('{ // what kind of module\n  "kind": "x"\n}\n')
    result = invoke(["migrate", "."])
    assert result.exit == 2
    assert "bad.json:1: something stands behind the end of the document" in result.stderr
    assert "not readable as YAML, and no manifest" in result.stderr


def test_lines_that_end_in_cr_alone_are_named(folder: Path) -> None:
    (folder / "mac.yaml").write_bytes(HEAD.replace("\n", "\r").encode())
    result = invoke(["migrate", "--write", "."])
    assert result.exit == 0
    assert "its lines end in CR alone: save it with LF or CR LF  mac.yaml:1" in result.stderr
    assert (folder / "mac.yaml").read_bytes() == HEAD.replace("\n", "\r").encode()


def test_a_long_line_and_many_duplicate_keys_take_no_time(folder: Path) -> None:
    (folder / "long.yaml").write_text(HEAD + "#" + "x" * 3_000_000 + "\n")
    (folder / "same.yaml").write_text(HEAD.replace("bad", "same") + "x: {" + "a," * 200_000 + "}\n")
    result = invoke(["migrate", "--write", "."])
    assert_graceful(result)
    assert result.exit == 0
    assert "serviceAccountName: bad" in (folder / "long.yaml").read_text()
    assert "the key a stands twice in one mapping" in result.stderr


# ---------------------------------------------------------------- values of the wrong type


WRONG = [
    pytest.param("spec: text", "spec is text, not a mapping", id="a spec that is text"),
    pytest.param("spec: [x]", "spec is a list, not a mapping", id="a spec that is a list"),
    pytest.param("spec: {containers: {a: b}}", "containers is a mapping, not a list", id="containers that are a mapping"),
    pytest.param("spec: {containers: [null]}", "an item of containers is empty", id="an empty container"),
    pytest.param("spec: {containers: [{name: a, image: b, env: {A: b}}]}", "container a: env is a mapping", id="env that is a mapping"),
    pytest.param("spec: {volumes: [null], containers: [{name: a, image: b}]}", "an item of volumes is empty", id="an empty volume"),
    pytest.param(
        "spec: {serviceAccountName: 5, containers: [{name: a, image: b}]}",
        "serviceAccountName is a number",
        id="an account that is a number",
    ),
]


@pytest.mark.parametrize(("spec", "words"), WRONG)
def test_a_value_of_the_wrong_type_is_named(folder: Path, spec: str, words: str) -> None:
    (folder / "odd.yaml").write_text(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: odd}}\n{spec}\n")
    result = invoke(["migrate", "--write", "."])
    assert result.exit == 0
    assert f"Pod odd: {words}" in result.stderr
    assert "odd.yaml:1" in result.stderr
    assert is_done(folder)
    assert (folder / "odd.yaml").read_text().endswith(spec + "\n")


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ("{name: x, annotations: text}", "annotations is text"),
        ("{name: x, labels: [a]}", "labels is a list"),
        ("[x]", "has no name"),
        ("{name: 5}", "its name is a number to Kubernetes: quote it"),
        ("{name: on}", "its name is a boolean to Kubernetes: quote it"),
    ],
)
def test_metadata_of_the_wrong_type_is_named_and_kept(folder: Path, metadata: str, words: str) -> None:
    content = HEAD.replace("metadata:\n  name: bad", f"metadata: {metadata}")
    (folder / "odd.yaml").write_text(content)
    result = invoke(["migrate", "--write", "."])
    assert result.exit == 0
    assert words in result.stderr
    assert (folder / "odd.yaml").read_text() == content


def test_a_name_that_leaves_nothing_for_an_account(folder: Path) -> None:
    (folder / "odd.yaml").write_text(HEAD.replace("name: bad\nspec", "name: 日本\nspec"))
    result = invoke(["migrate", "--write", "."])
    assert result.exit == 0
    assert "no-account-name" in result.stderr
    assert "serviceAccountName" not in (folder / "odd.yaml").read_text()


FUZZED = list(yaml.safe_load_all((Path(__file__).parent / "fuzzed.yaml").read_text(encoding="utf-8")))
ODD: list[Any] = [None, True, 0, -3, 1.5, "", "x", "a: b", [], {}, [None], ["x"], {"a": None}, [[]], [{}], {"x": {"y": [1]}}, 10**30]
ODD += ["$(X)", "${X}", "é\u2028", "-", "a/b/c", [True, None, {}], {"containers": [{}]}, "system:serviceaccount:", "false", float("inf")]
COMMANDS = (
    ["migrate", "-"],
    ["migrate", "-", "--diff"],
    ["audit", "-", "-v"],
    ["audit", "-", "--format", "json"],
    ["migrate", "-", "--max-risk", "L5", "--unknown", "disable"],
    ["migrate", "-", "--unknown", "account", "--format", "json"],
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _places(inner, (*path, key))


def _mutated(rng: random.Random) -> list[Any]:
    documents = copy.deepcopy(FUZZED)
    if rng.random() < 0.5:
        documents = rng.sample(documents, rng.randint(3, len(documents)))
    for _ in range(rng.choice([1, 1, 2, 3, 8, 20])):
        document = rng.choice(documents) if rng.random() < 0.6 else documents[0]
        *way, last = rng.choice(list(_places(document)))
        holder = document
        for step in way:
            holder = holder[step]
        if rng.random() < 0.9:
            holder[last] = copy.deepcopy(rng.choice(ODD))
        else:
            del holder[last]
        if not any(True for _ in _places(document)):
            documents.remove(document)
    return documents


@pytest.mark.parametrize("seed", range(40))
def test_random_types_anywhere(seed: int) -> None:
    rng = random.Random(seed)
    documents = _mutated(rng)
    if rng.random() < 0.4:
        text = "\n---\n".join(json.dumps(one) for one in documents)
    else:
        flow = None if rng.random() < 0.5 else False
        text = "---\n".join(yaml.safe_dump(one, sort_keys=False, default_flow_style=flow) for one in documents)
    assert_graceful(invoke(rng.choice(COMMANDS), text.encode()))


# ---------------------------------------------------------------- paths


def test_paths_that_lead_nowhere(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    for path, words in (("no", "No such file"), ("good.yaml/x", "Not a directory"), ("pipe.yaml", "neither a file"), ("", "PATH is empty")):
        result = invoke(["migrate", "--write", path])
        assert_graceful(result)
        assert result.exit == 2
        assert words in result.stderr
    assert invoke(["migrate", "/dev/zero"]).exit == 2
    assert invoke(["migrate", "--context", "pipe.yaml", "good.yaml"]).exit == 2
    assert not is_done(folder)


def test_links_and_what_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "gone.yaml").symlink_to("nowhere")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / "self").symlink_to(".")
    (folder / "twin.yaml").symlink_to("good.yaml")
    (folder / "dir.yaml").mkdir()
    result = invoke(["migrate", "--write", "."])
    assert_graceful(result)
    assert result.exit == 0
    for name in ("pipe", "loop", "gone", "zero"):
        assert f"{name}.yaml:1" in result.stderr
    assert (folder / "twin.yaml").is_symlink()
    assert (folder / "good.yaml").read_text().count("kind: ServiceAccount") == 1


def test_nothing_there(folder: Path) -> None:
    (folder / "empty").mkdir()
    result = invoke(["migrate", "empty"])
    assert (result.exit, result.stdout) == (0, b"")
    assert "Nothing to change" in result.stderr


NOBODY = 65534


@pytest.fixture
def others_folder() -> Iterator[Path]:
    """A folder of a user who is not root, for whom permissions count."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "good.yaml").write_text(GOOD)
        (folder / "hidden.yaml").write_text(HEAD)
        (folder / "hidden.yaml").chmod(0)
        (folder / "fixed.yaml").write_text(GOOD.replace("good", "fixed"))
        (folder / "fixed.yaml").chmod(0o444)
        (folder / "closed").mkdir()
        (folder / "closed").chmod(0)
        (folder / "locked").mkdir()
        (folder / "locked" / "in.yaml").write_text(GOOD.replace("good", "in"))
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, os.getegid())
        (folder / "locked").chmod(0o555)
        yield folder
        if (folder / "closed").exists():
            (folder / "closed").chmod(0o700)
        (folder / "locked").chmod(0o700)


@contextmanager
def _as_nobody() -> Iterator[None]:
    """What follows runs without root's rights, for root passes over permissions."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_what_may_not_be_read_or_written(others_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke(["migrate", "--write", "good.yaml"]).exit == 0  # imports all it needs while it may
    monkeypatch.chdir(others_folder)
    with _as_nobody():
        result = invoke(["migrate", "--write", "-q", "."])
        assert set(result.stderr.splitlines()) == {
            "closed: cannot be read: Permission denied",
            "hidden.yaml: cannot be read: Permission denied",
        }
        assert not is_done(others_folder), "what cannot be read may name its account"
        (others_folder / "hidden.yaml").unlink()
        (others_folder / "closed").rmdir()
        result = invoke(["migrate", "--write", "-q", "."])
    assert_graceful(result)
    assert result.exit == 2
    assert set(result.stderr.splitlines()) == {
        "fixed.yaml: not written: the file is read-only",
        "locked/in.yaml: not written: Permission denied",
    }
    assert is_done(others_folder)
    assert (others_folder / "fixed.yaml").read_text() == GOOD.replace("good", "fixed")
    assert os.listdir(others_folder / "locked") == ["in.yaml"]


def test_output_takes_no_manifests_place(folder: Path) -> None:
    for output, words in (("no/x.json", "no such folder"), ("good.yaml", "is a PATH, too")):
        result = invoke(["migrate", "--write", "good.yaml", "--output", output])
        assert result.exit == 2
        assert words in result.stderr
    assert (folder / "good.yaml").read_text() == GOOD


# ---------------------------------------------------------------- the ground moves while we run


def _outcome(folder: Path) -> Any:
    root = repository.gather(repository.Selection((str(folder),))).roots[0]
    return pipeline.run(root, recipe.load(("least-privilege",)))


def test_a_file_that_changes_before_the_write_is_kept(folder: Path) -> None:
    (folder / "other.yaml").write_text(GOOD.replace("good", "other"))
    outcome = _outcome(folder)
    (folder / "good.yaml").write_text(GOOD + "# mine\n")
    written, problems = write(outcome)
    assert [Path(path).name for path in written] == ["other.yaml"]
    assert "changed by someone else" in problems[0].message
    assert (folder / "good.yaml").read_text() == GOOD + "# mine\n"


def test_a_file_that_is_gone_before_the_write_stays_gone(folder: Path) -> None:
    outcome = _outcome(folder)
    (folder / "good.yaml").unlink()
    written, problems = write(outcome)
    assert written == ()
    assert "No such file" in problems[0].message
    assert not (folder / "good.yaml").exists()


def test_a_full_disk_leaves_the_old_file_whole(folder: Path) -> None:
    """A limit on file size stands for the disk: the write fails half-way with an OSError, as on a full one."""
    (folder / "big.yaml").write_text(GOOD.replace("good", "big") + "# x\n" * 5_000)
    before = (folder / "big.yaml").read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, 8_192))

    ran = subprocess.run([*RUN, "migrate", "--write", "."], capture_output=True, text=True, preexec_fn=limit, check=False)
    assert ran.returncode == 2
    assert "big.yaml: not written: File too large" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert (folder / "big.yaml").read_bytes() == before
    assert is_done(folder)
    assert sorted(os.listdir(folder)) == ["big.yaml", "good.yaml"]


# ---------------------------------------------------------------- standard streams


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        pytest.param("migrate - <&-", 2, "standard input cannot be read", id="stdin closed"),
        pytest.param("migrate - </dev/null", 0, "", id="stdin empty"),
        pytest.param("migrate good.yaml >&-", 2, "standard output cannot be written", id="stdout closed"),
        pytest.param("migrate good.yaml >/dev/full", 2, "standard output cannot be written: No space left", id="stdout full"),
        pytest.param("audit good.yaml >/dev/full", 2, "standard output cannot be written: No space left", id="stdout of audit full"),
        pytest.param("audit good.yaml 2>&- >/dev/null", 0, "", id="stderr closed"),
        pytest.param("audit good.yaml 2>/dev/full >/dev/null", 0, "", id="stderr full"),
        pytest.param("--help >/dev/full", 2, "No space left", id="stdout full of help"),
        pytest.param("migrate --bogus 2>/dev/full", 2, "", id="stderr full of a wrong option"),
        pytest.param("migrate good.yaml --output /dev/full", 2, "/dev/full: cannot be written: No space left", id="a full report"),
        pytest.param("plan good.yaml -o /dev/full", 2, "/dev/full: cannot be written: No space left", id="a full plan"),
        pytest.param("post-render --log-file /dev/full <good.yaml", 0, "/dev/full: cannot be written: No space left", id="a full log"),
        pytest.param(
            "post-render --bogus --log-file /dev/full", 2, "/dev/full: cannot be written: No space left", id="a full log of misuse"
        ),
        pytest.param("post-render --bogus --log-file no/log", 2, "no/log: cannot be written: No such file", id="a log of misuse nowhere"),
    ],
)
def test_streams_that_are_not_there(command: str, code: int, words: str) -> None:
    ran = subprocess.run(["sh", "-c", f'"$0" -m samigrate {command}', sys.executable], capture_output=True, text=True, check=False)
    assert ran.returncode == code
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "bug in samigrate" not in ran.stderr


def test_a_reader_that_leaves_early(folder: Path) -> None:
    (folder / "many.yaml").write_text("---\n".join(GOOD.replace("good", f"w{number}") for number in range(300)))
    shell = 'set -o pipefail; "$0" -m samigrate migrate many.yaml | head -n 1'
    ran = subprocess.run(["bash", "-c", shell, sys.executable], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "--- a/many.yaml\n")
    assert "Traceback" not in ran.stderr


# ---------------------------------------------------------------- Secrets


CANARIES = """\
apiVersion: v1
kind: Secret
metadata:
  name: one
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"data": {"password": "CANARY1"}}
data:
  password: CANARY2
stringData:
  config: |
    kubernetes.default.svc serviceaccount CANARY3
    bearer_token_file: /var/run/secrets/kubernetes.io/serviceaccount/token
---
%s
---
kind: Secret
stringData: {kubeconfig: CANARY4}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: two}
  stringData: {kubeconfig: "CANARY5
    CANARY6"}
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: other}
- apiVersion: v1
  kind: Pod
  metadata: {name: listed}
  spec:
    containers: [{name: a, image: nginx}]
- apiVersion: v1
  kind: SecretList
  items:
  - metadata: {name: three}
    data: {a: CANARY7}
---
apiVersion: hive.openshift.io/v1
kind: SyncSet
metadata: {name: sync, note: serviceaccount}
spec:
  resources:
  - kind: Secret
    stringData: {kubeconfig: CANARY8}
---
%s
---
apiVersion: v1
stringData: {kubeconfig: CANARY9}
kind: Secret
stringData: {x: CANARY9}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
"""
BROKEN_SECRETS = [
    "a: CANARY0: x", "a: *CANARY0", "a: !!int CANARY0", "a: !CANARY0!x y", 'a: "\\xCANARY0"', "a: %%CANARY0", "a: @CANARY0", 'a: "CANARY0',
    "a: [CANARY0", "a: CANARY0\n  a: CANARY0", "a: &CANARY0", "? CANARY0 : [", "a: |CANARY0", "CANARY0\n  b: x",
]  # fmt: skip


def _all_outputs() -> Iterator[tuple[str, Result]]:
    for command in (
        "migrate .",
        "migrate -v . --max-risk L5 --unknown disable",
        "migrate --format json . --max-risk L5",
        "migrate --format text -v .",
        "migrate --check --diff .",
        "audit -v .",
        "audit -v . --workload Deployment/web",
        "audit --format json .",
        "migrate --write -v .",
    ):
        yield command, invoke(command.split())


def test_no_output_shows_a_secret(folder: Path) -> None:
    web = GOOD.replace("good", "web") + "      volumes: [{name: s, secret: {secretName: one}}]\n"
    (folder / "secrets.yaml").write_text(CANARIES % (web, GOOD.replace("good", "web2")))
    for number, line in enumerate(BROKEN_SECRETS):
        (folder / f"broken{number}.yaml").write_text(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\nstringData:\n  {line}\n")
    for command, result in _all_outputs():
        assert result.exit != 3, result.stderr
        told = result.stdout.decode() + result.stderr
        assert "CANARY" not in told, (command, next(line for line in told.splitlines() if "CANARY" in line))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_diff_around_secrets_applies(folder: Path, newline: str) -> None:
    text = (CANARIES % (GOOD.replace("good", "web"), GOOD.replace("good", "web2"))).replace("\n", newline)
    (folder / "secrets.yaml").write_bytes(("# a lone\r# return\r" * 9 + newline + text).encode())
    diff = invoke(["migrate", "secrets.yaml"]).stdout
    assert b"CANARY" not in diff
    assert b"serviceAccountName: web2" in diff
    before = (folder / "secrets.yaml").read_bytes()
    assert invoke(["migrate", "--write", "-q", "secrets.yaml"]).exit == 0
    written = (folder / "secrets.yaml").read_bytes()
    (folder / "secrets.yaml").write_bytes(before)
    subprocess.run(["git", "apply", "-"], input=diff, cwd=folder, check=True)
    assert (folder / "secrets.yaml").read_bytes() == written


def test_a_secret_on_the_changed_line_hides_the_diff(folder: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"kubeconfig": "CANARY"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
    (folder / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [secret, pod]}))
    result = invoke(["migrate", "all.json"])
    assert "all.json: not shown" in result.stderr
    assert b"CANARY" not in result.stdout


@pytest.mark.parametrize(
    ("last", "code"),
    [
        pytest.param("kind: Secret\napiVersion: v1\nstringData: {a: CANARY\n", 2, id="unreadable"),
        pytest.param("kind: Secret\napiVersion: v1\nstringData: {a: CANARY", 2, id="unreadable, without a line break"),
        pytest.param("kind: Secret\napiVersion: v1\nstringData:\n  a: CANARY\n  a: CANARY\n", 0, id="a key twice"),
        pytest.param("kind: Secret\napiVersion: v1\nmetadata: &m {name: x}\nother: *m\nstringData:\n  a: CANARY\n", 0, id="an alias"),
        pytest.param("kind: Secrets\napiVersion: v1\nmetadata: {name: x}\nstringData:\n  a: CANARY\n", 0, id="a misspelled kind"),
        pytest.param("kind: Secret\napiVersion: v1\nmetadata: {name: x}\nstringdata:\n  a: CANARY\n", 0, id="a misspelled field"),
        pytest.param("kind: Secret\napiVersion: v1\nmetadata: {name: x}\nstringData:\n  a: CANARY", 0, id="readable"),
    ],
)
def test_a_secret_at_either_end_of_a_file_is_not_shown(folder: Path, last: str, code: int) -> None:
    (folder / "good.yaml").write_text(GOOD + "---\n" + last)
    (folder / "first.yaml").write_text(last.removesuffix("\n") + "\n---\n" + GOOD.replace("good", "other"))
    result = invoke(["migrate", "."])
    assert_graceful(result)
    assert result.exit == code
    for name in (b"good", b"other"):
        assert b"+      serviceAccountName: " + name in result.stdout
    assert "CANARY" not in result.stdout.decode() + result.stderr
