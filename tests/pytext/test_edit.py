"""Edits of what programs declare: the value is what was asked for, the rest of the text is what it was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samigrate import pytext
from samigrate.base.values import Value, pointer
from samigrate.domain.json_patch import apply_all
from samigrate.domain.model import Location, Operation
from samigrate.files import python_files
from samigrate.files.dialects import dialects
from samigrate.files.manifests import RefusedError
from samigrate.pytext.write import Style, string

AT = Location("a.py")
HEAD = "from kubernetes import client\n"
WIDE = 3 * ("# " + 300 * "-" + "\n")  # so wide are lines here: what is on one stays on one
POD = HEAD + WIDE + 'p = client.V1Pod(metadata=client.V1ObjectMeta(name="p"), spec=client.V1PodSpec({}))\n'


def op(kind: str, where: str, value: Value = None, after: tuple[str, ...] = ()) -> Operation:
    return Operation(AT, kind, where, value, None, after)


def edited(text: str, *operations: Operation) -> str:
    return python_files.rewrite(text, {0: operations}, [], [])


AUTOMOUNT = op("add", "/spec/automountServiceAccountToken", False, ("serviceAccountName", "serviceAccount"))


@pytest.mark.parametrize(
    ("inside", "operations", "expected"),
    [
        pytest.param("containers=[]", [AUTOMOUNT], "containers=[], automount_service_account_token=False", id="on one line, at the end"),
        pytest.param("", [AUTOMOUNT], "automount_service_account_token=False", id="where there is nothing"),
        pytest.param(
            "\n    service_account_name='a',  # who\n    containers=[],\n", [AUTOMOUNT],
            "\n    service_account_name='a',  # who\n    automount_service_account_token=False,\n    containers=[],\n",
            id="behind a line with a comment",
        ),
        pytest.param(
            "\n    containers=[]  # none\n", [AUTOMOUNT], "\n    containers=[],  # none\n    automount_service_account_token=False\n",
            id="behind the last, which has no comma",
        ),
        pytest.param(
            "containers=[],\n         host_ipc=False", [op("add", "/spec/hostNetwork", True, ("hostIPC",))],
            "containers=[],\n         host_ipc=False,\n         host_network=True", id="aligned with the bracket",
        ),
        pytest.param(
            "\n    # the first\n    containers=[],\n", [op("add", "/spec/hostNetwork", True, ("^",))],
            "\n    host_network=True,\n    # the first\n    containers=[],\n", id="first: comments stay with what they speak of",
        ),
        pytest.param(
            "service_account='a', containers=[]",
            [op("add", "/spec/serviceAccountName", "a", ("serviceAccount",)), op("remove", "/spec/serviceAccount")],
            "service_account_name=\"a\", containers=[]", id="in place of another",
        ),
        pytest.param(
            "\n    service_account='a',  # long ago\n    containers=[],\n", [op("remove", "/spec/serviceAccount")],
            "\n    # long ago\n    containers=[],\n", id="a removed line leaves its comment",
        ),
        pytest.param("containers=[], service_account='a'", [op("remove", "/spec/serviceAccount")], "containers=[]", id="the last of a line"),
        pytest.param("service_account='a'", [op("remove", "/spec/serviceAccount")], "", id="the only one"),
        pytest.param("host_ipc=None", [op("replace", "/spec/hostIPC", True)], "host_ipc=True", id="None is a value to replace"),
        pytest.param(
            "volumes=[{'name': 'a', 'secret': {}}, {'name': 'b'}]", [op("remove", "/spec/volumes/0")], "volumes=[{'name': 'b'}]",
            id="an item of a list",
        ),
        pytest.param(
            "volumes=[client.V1Volume(name='a')]", [op("add", "/spec/volumes/-", {"name": "b", "projected": {"defaultMode": 256}})],
            "volumes=[client.V1Volume(name='a'), client.V1Volume(name=\"b\", projected=client.V1ProjectedVolumeSource(default_mode=256))]",
            id="a new item is what its neighbours are",
        ),
        pytest.param(
            "volumes=[{'name': 'a'}]", [op("add", "/spec/volumes/0/projected", {"sources": []})],
            "volumes=[{'name': 'a', 'projected': {'sources': []}}]", id="a dict among models takes the API's own keys",
        ),
    ],
)  # fmt: skip
def test_edits(inside: str, operations: list[Operation], expected: str) -> None:
    assert edited(POD.format(inside), *operations) == POD.format(expected)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "client.V1Pod(metadata=client.V1ObjectMeta(name='p'), spec=client.V1PodSpec(host_ipc=False, containers=[{'image': 'a'}]))",
            "client.V1Pod(\n    metadata=client.V1ObjectMeta(name='p'),\n    spec=client.V1PodSpec(\n        host_ipc=False,\n        "
            "containers=[{'image': 'a'}],\n        automount_service_account_token=False,\n    ),\n)",
            id="the outermost first, and the others where they still do not fit",
        ),
        pytest.param(
            "make(client.V1Pod(spec=client.V1PodSpec(host_ipc=False, host_network=False, containers=[one, two]), metadata=client.V1ObjectMeta()), 1)",
            "make(client.V1Pod(\n    spec=client.V1PodSpec(\n        host_ipc=False,\n        host_network=False,\n        "
            "containers=[one, two],\n        automount_service_account_token=False,\n    ),\n    metadata=client.V1ObjectMeta(),\n), 1)",
            id="only what is declared: a call around it is as it was",
        ),
        pytest.param(
            "client.V1Pod(metadata=client.V1ObjectMeta(name='p'), spec=client.V1PodSpec(containers=[]))",
            "client.V1Pod(\n    metadata=client.V1ObjectMeta(name='p'),\n    spec=client.V1PodSpec(containers=[], automount_service_account_token=False),\n)",
            id="what fits stays on its line",
        ),
        pytest.param(
            "client.V1Pod(spec=client.V1PodSpec(containers=[{}]), **more, metadata=client.V1ObjectMeta(name='p', labels={'app': 'p'}))",
            None,
            id="not with arguments from elsewhere, which may not be edited at all",
        ),
        pytest.param(
            "client.V1Pod(\n    spec=client.V1PodSpec(containers=[client.V1Container(name='a', image='nginx', command=['nginx'])]),\n)",
            "client.V1Pod(\n    spec=client.V1PodSpec(\n        containers=[client.V1Container(name='a', image='nginx', command=['nginx'])],\n"
            "        automount_service_account_token=False,\n    ),\n)",
            id="on a line of its own",
        ),
    ],
)
def test_what_no_longer_fits_on_its_line(before: str, after: str | None) -> None:
    if after is None:
        with pytest.raises(RefusedError):
            edited(HEAD + f"p = {before}\n", AUTOMOUNT)
    else:
        assert edited(HEAD + f"p = {before}\n", AUTOMOUNT) == HEAD + f"p = {after}\n"


@pytest.mark.parametrize(
    ("rest", "step"),
    [
        pytest.param('T = """\nmetadata:\n  name: a\nspec:\n  a: 1\n"""\n', 4, id="what stands in a string is not the program's"),
        pytest.param("def f():\n  return 1\n", 2, id="as its blocks"),
    ],
)
def test_new_lines_are_indented_as_the_program_is(rest: str, step: int) -> None:
    before = "client.V1Pod(metadata=client.V1ObjectMeta(name='p'), spec=client.V1PodSpec(host_ipc=False, host_network=False))"
    assert f"V1Pod(\n{' ' * step}metadata=" in edited(f"{HEAD}p = {before}\n{rest}", AUTOMOUNT)


def test_line_breaks_are_kept() -> None:
    text = POD.format("\n    containers=[],\n").replace("\n", "\r\n")
    assert "\r\n    automount_service_account_token=False,\r\n" in edited(text, AUTOMOUNT)
    assert edited(text, AUTOMOUNT).count("\n") == edited(text, AUTOMOUNT).count("\r\n")


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        pytest.param("**more", "other code puts together", id="keyword arguments from elsewhere"),
        pytest.param("[]", "positional", id="positional arguments"),
        pytest.param("automount_service_account_token=choose()", "when the program runs", id="a value that is computed"),
    ],
)
def test_refusals(inside: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        edited(POD.format(inside), AUTOMOUNT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(HEAD + "s = client.V1PodSpec()\na = client.V1Pod(spec=s)\nb = client.V1Pod(spec=s)\n", "more than one place", id="shared"),
        pytest.param(HEAD + "s = client.V1PodSpec()\na = client.V1Pod(spec=s)\ns.volumes = []\n", "line 4 changes", id="assigned to"),
        pytest.param(HEAD + "s = client.V1PodSpec(volumes=[])\na = client.V1Pod(spec=s)\ns.volumes.append(1)\n", "line 4", id="appended to"),
        pytest.param(HEAD + "a = client.V1Pod(spec=client.V1PodSpec())\ns = a.spec\ns.volumes = []\n", "line 4", id="by another name of a part"),
        pytest.param(HEAD + "a = client.V1Pod(spec=client.V1PodSpec())\nb = a\nb.spec.volumes = []\n", "line 4", id="by another name"),
        pytest.param("a = {'apiVersion': 'v1', 'kind': 'Pod', 'spec': {**base}}\n", "other keys", id="a dict with keys from elsewhere"),
        pytest.param("a = {'apiVersion': 'v1', 'kind': 'Pod', 'spec': {}}\na['spec']['x'] = 1\n", "line 2 changes", id="a dict set later"),
    ],
)  # fmt: skip
def test_what_may_change_elsewhere_stays(text: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        edited(text, AUTOMOUNT)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('def f():\n    """\n    apiVersion: v1\n    kind: Pod\n    """\n', id="a docstring"),
        pytest.param("import client\nclient.V1Pod(spec=client.V1PodSpec())\n", id="a namesake of the library"),
        pytest.param("from kubernetes import client\nclient.CoreV1Api().read_namespaced_pod('a', 'b')\n", id="a call that makes nothing"),
    ],
)
def test_what_declares_nothing(text: str) -> None:
    assert python_files.read("a.py", text).documents == {}


def test_unreadable_programs_are_said() -> None:
    manifest = python_files.read("a.py", "from kubernetes import client\nprint 'V1'\n")
    assert manifest.skips[0].line == 2 and "not readable as Python" in manifest.skips[0].reason


def test_libcst_is_imported_when_a_file_needs_it() -> None:
    code = (
        "import sys; from samigrate import cli\nfrom samigrate.files import python_files\n"
        "python_files.read('a.py', 'import os\\n'); assert 'libcst' not in sys.modules\n"
        "python_files.read('a.py', 'from kubernetes import client\\nclient.V1Pod()\\n'); assert 'libcst' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@given(st.text(), st.sampled_from("'\""))
def test_strings_say_what_they_say(value: str, quote: str) -> None:
    assert eval(string(value, Style(quote, "    ", "\n"))) == value


# ---------------------------------------------------------------- any layout, any edit

SCALARS = st.one_of(st.booleans(), st.none(), st.integers(-9, 999), st.sampled_from(["a", "it's", 'say "no"', "é", "${x}"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)),
    max_leaves=12,
)


def spelled(value: Value, chance: random.Random, indent: str) -> str:
    """The value as some person might write it."""
    if not isinstance(value, dict | list):
        return repr(value)
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    way = chance.choice(["flat", "tall", "hanging", "mixed"]) if value else "flat"
    inner = indent + ("    " if way != "hanging" else " ")
    head = [f"{key!r}: " for key in value] if isinstance(value, dict) else [""] * len(value)
    items = value.values() if isinstance(value, dict) else value
    parts = [start + spelled(item, chance, inner) for start, item in zip(head, items, strict=True)]
    if way == "flat":
        return opening + ", ".join(parts) + ("," if parts and chance.random() < 0.2 else "") + closing
    if way == "hanging":
        return opening + f",\n{inner}".join(parts) + closing
    lines = []
    for place, part in enumerate(parts):
        comma = "," if place + 1 < len(parts) or chance.random() < 0.5 else ""
        lines.append(inner + part + comma + ("  # why" if chance.random() < 0.3 else ""))
        if chance.random() < 0.2:
            lines.insert(-1, f"{inner}# {chance.choice(['first,', 'then (', 'last'])}")
    if way == "mixed" and "#" not in lines[-1]:
        return "\n".join([opening, *lines]) + closing
    return "\n".join([opening, *lines, indent + closing])


def places(value: Value, where: str = "") -> list[tuple[str, Value]]:
    found = [(where, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, where + pointer(key))
    return found


def some_operation(value: Value, chance: random.Random, fresh: Value) -> Operation:
    where, found = chance.choice([(where, item) for where, item in places(value, "") if where.startswith("/spec") and where != "/spec/-"])
    if isinstance(found, dict) and chance.random() < 0.6:
        after = chance.choice([(), ("^",), ("a",), ("c", "b")])
        return op("add", where + pointer(chance.choice("abcdef")), fresh, after)
    if isinstance(found, list) and chance.random() < 0.6:
        return op("add", f"{where}/{chance.choice(['-', *range(len(found) + 1)])}", fresh)
    return op(chance.choice(["remove", "replace"]) if where != "/spec" else "replace", where, fresh)


@settings(max_examples=int(os.environ.get("SAMIGRATE_EXAMPLES", "40")), deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4), st.lists(VALUES, min_size=1, max_size=4), st.integers(0, 1 << 32))
def test_any_edit_of_any_layout(spec: dict[str, Any], fresh: list[Value], seed: int) -> None:
    chance = random.Random(seed)
    before = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}
    text = f"# A program.\nx = {spelled(before, chance, '')}  # end\ny = 1\n"
    assert [value for _, value in python_files.values(text)] == [before]
    operations: list[Operation] = []
    value: Value = before
    for each in fresh:
        operations.append(some_operation(value, chance, each))
        value = apply_all(value, operations[-1:])
    try:
        new = edited(text, *operations)
    except RefusedError as error:
        assert "when the program runs" in str(error)
        return
    assert [found for _, found in python_files.values(new)] == [value], new
    assert new.startswith("# A program.\nx = ") and new.endswith("  # end\ny = 1\n")
    if all(one.op == "add" and one.pointer[-1] in "ef-" for one in operations):  # nothing is replaced
        assert new.count("#") == text.count("#")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(HEAD + "p = client.V1Pod(spec=client.V1PodSpec(containers=[]))\n", "PodOverride", id="laid over another pod"),
        pytest.param(HEAD + "p = client.V1Pod(metadata=client.V1ObjectMeta(labels=x))\n", "Pod", id="filled in later"),
        pytest.param(HEAD + "p = client.V1Pod(metadata=client.V1ObjectMeta(name='a'), spec=x())\n", "Pod", id="a pod of its own"),
    ],
)
def test_pods_without_a_name(text: str, kind: str) -> None:
    (resource,) = python_files.read("a.py", text).resources
    assert resource.id.kind == kind


def test_computed_parts_are_placeholders() -> None:
    text = (
        HEAD + "def f(x):\n    return client.V1Pod(metadata=client.V1ObjectMeta(name=x.name, annotations=x.notes()), "
        "spec=client.V1PodSpec(containers=[x.main, client.V1Container(name='a', image=f'a:{x}')], automount_service_account_token=x.on))\n"
    )
    (resource,) = python_files.read("a.py", text).resources
    spec = resource.value["spec"]
    assert resource.value["metadata"] == {"name": "${x.name}", "annotations": {}}
    assert spec["automountServiceAccountToken"] is None
    assert spec["containers"][0] == {"name": "${x.main}", "image": "${x.main}"}
    assert spec["containers"][1]["image"].startswith("${")


# ---------------------------------------------------------------- cdk8s-plus

PLUS = "import cdk8s_plus_33 as kplus\nsa = kplus.ServiceAccount(self, 'own')\nkplus.Pod(self, 'p', containers=[{{}}], {})\n"


def edited_plus(inside: str, *operations: Operation) -> str:
    return python_files.rewrite(PLUS.format(inside), {1: operations}, [], [])


@pytest.mark.parametrize(
    ("inside", "operation", "reason"),
    [
        pytest.param("", op("add", "/spec/serviceAccountName", "web"), "takes an object of the program: pass it web", id="a name alone"),
        pytest.param("service_account=sa", op("replace", "/spec/serviceAccountName", "web"), "takes an object", id="another account"),
        pytest.param("service_account=sa", op("remove", "/spec/serviceAccountName"), "takes an object", id="no account"),
        pytest.param("", op("add", "/spec/hostIPC", True), "has no parameter for hostIPC", id="what the library cannot say"),
    ],
)
def test_what_cdk8s_plus_cannot_take(inside: str, operation: Operation, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        edited_plus(inside, operation)


def test_a_default_is_replaced_by_saying_it() -> None:
    (_, pod) = python_files.values(PLUS.format(""))
    assert pod[1]["spec"]["automountServiceAccountToken"] is False
    assert "automount_service_account_token=True" in edited_plus("", op("replace", "/spec/automountServiceAccountToken", True))


@pytest.mark.parametrize(
    ("given", "account"),
    [
        pytest.param("sa", "own", id="a construct that names itself by its id"),
        pytest.param("kplus.ServiceAccount.from_service_account_name(self, 'a', 'b')", "b", id="a reference"),
        pytest.param("other.sa", "${other.sa}", id="what the program does not spell"),
    ],
)
def test_accounts_of_cdk8s_plus(given: str, account: str) -> None:
    *_, (_, pod) = python_files.values(PLUS.format(f"service_account={given}"))
    assert pod["spec"]["serviceAccountName"] == account
    assert len(python_files.values(PLUS.format(f"service_account={given}"))) == 2, "the account is an object of its own"


@pytest.mark.parametrize("method", ["add_container", "attach_container", "add_init_container", "add_volume"])
def test_what_is_added_later_is_a_placeholder(method: str) -> None:
    text = f"import cdk8s_plus_33 as kplus\np = kplus.Pod(self, 'p', containers=[{{'image': 'nginx'}}])\np.{method}(x)\n"
    ((_, pod),) = python_files.values(text)
    assert [one["image"][:2] for one in pod["spec"]["containers"]] == ["ng", "${"]


def test_releases_whose_defaults_we_have_seen() -> None:
    for number, is_read in (("22", False), ("24", True), ("33", True), ("41", True)):
        text = f"import cdk8s_plus_{number} as kplus\nkplus.Pod(self, 'p', containers=[{{}}])\n"
        assert bool(python_files.values(text)) is is_read, number


# ---------------------------------------------------------------- texts

DOCS = "\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n"
NEW = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(f"docs = list(load_all('''{DOCS}'''))\nfor one in docs:\n    f(one)\n", 0, id="all of them"),
        pytest.param(f"a, b = load_all('''{DOCS}''')\n", 1, id="unpacked"),
        pytest.param(f"T = '''{DOCS}'''\ndocs = list(load_all(T))\nf(docs[1])\n", 11, id="by an index, through variables"),
        pytest.param(f"f(next(load_all('''{DOCS}''')))\n", 1, id="the next"),
        pytest.param(f"f(list(load_all('''{DOCS}'''))[0])\n", 1, id="by an index"),
        pytest.param("A = [{'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'a'}}]\nf(*A)\n", 0, id="a list"),
        pytest.param("A = [{'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'a'}}]\nf(A[0])\n", 2, id="a list, by an index"),
        pytest.param("a, = [{'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'a'}}]\n", 1, id="a list, unpacked"),
    ],
)
def test_nothing_is_put_among_what_is_counted(text: str, line: int) -> None:
    if line:
        with pytest.raises(RefusedError, match=f"line {line} counts on their number"):
            python_files.rewrite(text, {}, [(0, NEW)], [])
    else:
        assert python_files.values(python_files.rewrite(text, {}, [(0, NEW)], []))[0][1] == NEW


POD_TEXT = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: []\n"
PERCENT_TEXT = POD_TEXT.replace("{name: a}", '{name: "%s"}')
LIKE_ITS_OWN = POD_TEXT.replace("{name: a}", '{{name: {a}, x: "${{a}}"}}')
HEADED = 'X = "a"\nT = '


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        pytest.param(repr(POD_TEXT), repr(POD_TEXT.replace("spec:\n", "spec:\n  automountServiceAccountToken: false\n")), id="on one line"),
        pytest.param(
            "'''" + POD_TEXT.replace("a}", "\\x61}") + "'''",
            "'''" + POD_TEXT.replace("a}", "\\x61}").replace("spec:\n", "spec:\n  automountServiceAccountToken: false\n") + "'''",
            id="escapes stay",
        ),
        pytest.param(
            "f'''" + POD_TEXT.replace("{name: a}", "{{name: {X}}}") + "'''",
            "f'''" + POD_TEXT.replace("{name: a}", "{{name: {X}}}").replace("spec:\n", "spec:\n  automountServiceAccountToken: false\n") + "'''",
            id="an f-string",
        ),
        pytest.param(
            "'''" + POD_TEXT.replace("{name: a}", "{{name: {}}}") + "'''.format(X)",
            "'''" + POD_TEXT.replace("{name: a}", "{{name: {}}}").replace("spec:\n", "spec:\n  automountServiceAccountToken: false\n")
            + "'''.format(X)", id="format",
        ),
        pytest.param(
            "'''" + POD_TEXT.replace("a}", "%s}") + "''' % X",
            "'''" + POD_TEXT.replace("a}", "%s}").replace("spec:\n", "spec:\n  automountServiceAccountToken: false\n") + "''' % X",
            id="percent",
        ),
        pytest.param(
            "r'''" + POD_TEXT.replace("[]", "[{args: ['\\d']}]") + "'''",
            "r'''" + POD_TEXT.replace("[]", "[{args: ['\\d']}]").replace("spec:\n", "spec:\n  automountServiceAccountToken: false\n") + "'''",
            id="a raw string",
        ),
    ],
)  # fmt: skip
def test_texts_are_edited_as_they_are_written(literal: str, expected: str) -> None:
    text = HEADED + literal + "\n"
    first = op("add", "/spec/automountServiceAccountToken", False, ("^",))
    assert edited(text, first) == HEADED + expected + "\n"
    before, after = ({}, {})  # type: dict[str, Any], dict[str, Any]
    exec(text, before)
    exec(edited(text, first), after)
    assert after["T"] == before["T"].replace("spec:\n", "spec:\n  automountServiceAccountToken: false\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(f"T = '''{POD_TEXT}'''\nf(T.replace('a', 'b'))\n", "not known here", id="replaced"),
        pytest.param(f"f(string.Template('''{POD_TEXT}'''))\n", "not known here", id="an engine"),
        pytest.param(f"T = '''{PERCENT_TEXT}'''\nf(T % 1, T)\n", "not known here", id="filled in, and not"),
        pytest.param(f"T = ('''{POD_TEXT}''' '')\n", "put together of several", id="several literals"),
        pytest.param(f"f(f'''{LIKE_ITS_OWN}''')\n", "look like", id="a literal placeholder"),
    ],
)
def test_texts_that_stay(text: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        edited(text, AUTOMOUNT)


def test_a_text_whose_structure_is_filled_in_is_said() -> None:
    manifest = python_files.read(
        "a.py", f"def f(more):\n    return f'''{POD_TEXT.replace('{name: a}', '{more}').replace('[]', '[]' + chr(10) + '{more}')}'''\n"
    )
    assert [skip.reason for skip in manifest.skips] == ["a text that is no manifest before it is filled in, when the program runs"]


@settings(deadline=None)
@given(
    st.text("ab\n\t'\"\\{}%é\x00 ", max_size=30), st.text("ab\n\t'\"\\{}%é\x00 ", max_size=30),
    st.sampled_from(["'", '"', "'''", '"""']), st.sampled_from(["", "f", "format", "%"]), st.integers(0, 30), st.integers(0, 30),
)  # fmt: skip
def test_a_literal_says_any_new_text(before: str, after: str, quote: str, style: str, one: int, other: int) -> None:
    """What is filled in stays in; the program says so itself."""
    head, word = "apiVersion: v1\nkind: Pod\n", "filled0x"
    filled = {"": "", "f": "{X}", "format": "{X}", "%": "%(X)s"}[style]
    escapes = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\t": "\\t", "\x00": "\\x00"}
    escaped = "".join(escapes.get(char, char) for char in before)
    doubled = (
        escaped.replace("{", "{{").replace("}", "}}") if style in ("f", "format") else escaped.replace("%", "%%") if style else escaped
    )
    ends = {"format": ".format(X='x')", "%": " % {'X': 'x'}"}.get(style, "")
    source = f"X = 'x'\nT = {'f' if style == 'f' else ''}{quote}{repr(head)[1:-1]}{filled}{doubled}{quote}{ends}\n"
    (declaration,) = [each for each in pytext.read(source, dialects()) if each.block]
    block = declaration.block
    assert block is not None and block.text == head + (word if style else "") + before
    new = head + after[:one] + (word if style else "") + after[one:other]
    body = pytext.respelled(block, new, "\n")
    made: dict[str, Any] = {}
    exec(source[: block.span[0]] + body + source[block.span[1] :], made)
    assert made["T"] == new.replace(word, "x")


def test_a_raw_literal_that_cannot_say_it_refuses() -> None:
    text = f"T = r'{POD_TEXT.replace(chr(10), ' ')}'\nU = r'''{POD_TEXT}'''\n"
    with pytest.raises(RefusedError, match="cannot hold"):
        edited(text, op("add", "/metadata/annotations", {"a": "'''"}))


# ---------------------------------------------------------------- imports

GONE = "from kubernetes.client import {}\np = V1Pod(spec=V1PodSpec(volumes=[V1Volume(name='a', secret=V1SecretVolumeSource(secret_name='s'))]))\n{}"


@pytest.mark.parametrize(
    ("imported", "more", "after"),
    [
        pytest.param("V1Pod, V1PodSpec, V1SecretVolumeSource, V1Volume", "", "V1Pod, V1PodSpec, V1Volume", id="in the middle"),
        pytest.param("V1Pod, V1PodSpec, V1Volume, V1SecretVolumeSource", "", "V1Pod, V1PodSpec, V1Volume", id="the last"),
        pytest.param("(\n    V1Pod, V1PodSpec,\n    V1SecretVolumeSource,  # x\n    V1Volume,\n)", "",
                     "(\n    V1Pod, V1PodSpec,\n    # x\n    V1Volume,\n)", id="a line of its own"),
        pytest.param("V1Pod, V1PodSpec, V1SecretVolumeSource, V1Volume", "__all__ = ['V1SecretVolumeSource']\n",
                     "V1Pod, V1PodSpec, V1SecretVolumeSource, V1Volume", id="named elsewhere"),
        pytest.param("V1Pod, V1PodSpec, V1Volume\nfrom kubernetes.client import V1SecretVolumeSource", "",
                     "V1Pod, V1PodSpec, V1Volume\nfrom kubernetes.client import V1SecretVolumeSource", id="a statement keeps one"),
    ],
)  # fmt: skip
def test_what_nothing_uses_any_more_is_not_imported(imported: str, more: str, after: str) -> None:
    new = edited(GONE.format(imported, more), op("replace", "/spec/volumes/0", {"name": "a", "emptyDir": {}}))
    assert (
        new == "from kubernetes.client import " + after + "\np = V1Pod(spec=V1PodSpec(volumes=[V1Volume(name='a', empty_dir={})]))\n" + more
    )


# ---------------------------------------------------------------- Pulumi


@pytest.mark.parametrize(
    ("given", "account"),
    [
        pytest.param("sa.metadata['name']", "own", id="an index"),
        pytest.param("sa.metadata.name", "own", id="an attribute"),
        pytest.param("space.metadata.name", "shop", id="a namespace"),
        pytest.param("auto.metadata.name", "${auto.metadata.name}", id="a name that Pulumi makes"),
        pytest.param("other.metadata.name", "${other.metadata.name}", id="not of this program"),
    ],
)
def test_names_of_other_resources(given: str, account: str) -> None:
    text = (
        "import pulumi_kubernetes as k8s\nsa = k8s.core.v1.ServiceAccount('a', metadata={'name': 'own'})\n"
        "auto = k8s.core.v1.ServiceAccount('auto')\n"
        "space = k8s.core.v1.Namespace('n', metadata={'name': 'shop'})\n"
        f"k8s.core.v1.Pod('p', metadata={{'name': 'p'}}, spec={{'service_account_name': {given}, 'containers': []}})\n"
    )
    *_, (_, pod) = python_files.values(text)
    assert pod["spec"]["serviceAccountName"] == account
    other = op("replace", "/spec/serviceAccountName", "x")
    if account.startswith("$"):
        with pytest.raises(RefusedError, match="when the program runs"):
            python_files.rewrite(text, {3: [other]}, [], [])
    else:
        assert python_files.rewrite(text, {3: [other]}, [], []) == text.replace(given, "'x'")


def test_an_import_in_parentheses_takes_another_class() -> None:
    text = "from kubernetes.client import (\n    V1Pod,\n    V1PodSpec,\n    V1Volume,\n)\np = V1Pod(spec=V1PodSpec(volumes=[V1Volume(name='a')]))\n"
    new = edited(text, op("add", "/spec/volumes/0/projected", {"sources": []}))
    assert "    V1PodSpec,\n    V1ProjectedVolumeSource,\n    V1Volume,\n)" in new


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        pytest.param("'p', spec={}", "'p', metadata={'annotations': {'a': 'b'}}, spec={}", id="on one line: before the rest"),
        pytest.param("\n    'p',\n    spec={},\n", "\n    'p',\n    metadata={'annotations': {'a': 'b'}},\n    spec={},\n", id="a line each"),
        pytest.param("'p', opts=o,\n    spec={}", "'p', opts=o,\n    spec={},\n    metadata={'annotations': {'a': 'b'}}", id="hanging: at the end"),
    ],
)  # fmt: skip
def test_metadata_that_nobody_wrote(inside: str, expected: str) -> None:
    text = "import pulumi_kubernetes as k8s\nk8s.core.v1.Pod({})\n"
    assert edited(text.format(inside), op("add", "/metadata/annotations", {"a": "b"})) == text.format(expected)
