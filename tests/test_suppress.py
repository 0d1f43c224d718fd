"""Opt-outs: by annotation and by comment, for transforms and for findings, on the object that they stand in (cli.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from samigrate.files import manifests, python_files
from samigrate.optouts import suppress
from tests.command import invoke
from tests.stream import Run, migrate
from tests.transforms.manifests import account, deployment, stream

FIELD = "automountServiceAccountToken"
ON_DEFAULT = deployment("serviceAccountName: own", name="web")
OWN = account("own")


def annotated(ids: str) -> str:
    return deployment("serviceAccountName: own", above=f'samigrate.dev/ignore: "{ids}: a reason"')


def run(text: str) -> Run:
    return migrate(stream(OWN, text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(annotated("automount"), id="annotation"),
        pytest.param(annotated("annotate, automount"), id="annotation with two ids"),
        pytest.param(annotated("all"), id="annotation for everything"),
        pytest.param(ON_DEFAULT + "# samigrate: ignore[automount] a reason\n", id="comment at the end"),
        pytest.param(ON_DEFAULT.replace("    spec:", "    spec: # samigrate: ignore[automount]"), id="comment in a line"),
        pytest.param("# samigrate: ignore[all]\n" + ON_DEFAULT, id="comment for everything"),
    ],
)
def test_a_transform_leaves_the_object_alone(text: str) -> None:
    found = run(text)
    assert FIELD not in found.spec()
    assert "unused-suppression" not in found.said() or "annotate" in found.finding("unused-suppression").message


def test_a_comment_in_another_document_does_not_count() -> None:
    found = migrate(stream("# samigrate: ignore[automount]\n" + OWN, ON_DEFAULT))
    assert found.spec()[FIELD] is False
    assert "comment ignore automount silences nothing" in found.finding("unused-suppression").message


# ---------------------------------------------------------------- Lists


def listed(*items: str) -> str:
    """Each item is text, or a comment line of its own."""
    text = "apiVersion: v1\nkind: List\nitems:\n"
    for item in items:
        if item.startswith("#") and item.count("\n") == 0:
            text += item + "\n"
        else:
            first, *rest = item.rstrip("\n").split("\n")
            text += f"- {first}\n" + "".join(f"  {line}\n" for line in rest)
    return text


ONE, TWO = deployment("serviceAccountName: own", name="one"), deployment("serviceAccountName: own", name="two")
COMMENT = "# samigrate: ignore[automount] a reason"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(listed(OWN, ONE + COMMENT, TWO), {"one"}, id="indented as the item before"),
        pytest.param(
            listed(OWN, ONE.replace("spec:\n  selector", f"spec: {COMMENT}\n  selector"), TWO), {"one"}, id="in a line of the item"
        ),
        pytest.param(listed(OWN, ONE, COMMENT, TWO), {"two"}, id="between two items: the next"),
        pytest.param(COMMENT + "\n" + listed(OWN, ONE, TWO), {"one", "two"}, id="on the List itself"),
        pytest.param(listed(OWN, ONE, TWO) + COMMENT + "\n", {"one", "two"}, id="behind the List"),
    ],
)
def test_in_a_list_the_item_counts(text: str, left: set[str]) -> None:
    found = migrate(text)
    specs = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in found.documents[0]["items"] if one["kind"] == "Deployment"}
    assert {name for name, spec in specs.items() if FIELD not in spec} == left


def test_an_item_that_has_moved_keeps_its_comment() -> None:
    """The account that comes before it pushes it on; planning again on the output must still find its opt-out."""
    text = listed(deployment(name="one"), COMMENT, deployment(name="two"), deployment(name="three"))
    found = migrate(text)
    specs = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in found.documents[0]["items"] if one["kind"] == "Deployment"}
    assert {name for name, spec in specs.items() if FIELD not in spec} == {"two"}
    assert {name for name, spec in specs.items() if "serviceAccountName" in spec} == {"one", "two", "three"}


def test_nested_lists_are_told_apart() -> None:
    inner = listed(ONE + COMMENT, TWO)
    manifest = manifests.read("all.yaml", listed(inner, deployment(name="three")), frozenset({"Deployment"}))
    ignored = {one.id.name: suppress.ignored(suppress.by_document(manifest.opts), one, "samigrate.dev") for one in manifest.resources}
    assert ignored == {"one": {"automount"}, "two": set(), "three": set()}


# ---------------------------------------------------------------- findings


SHARED = stream(OWN, deployment(f"serviceAccountName: own\n{FIELD}: false", name="a"))


@pytest.mark.parametrize("id_", [pytest.param("shared-account", id="by its id"), pytest.param("all", id="with everything else")])
def test_a_finding_is_silenced_on_its_object_alone(id_: str) -> None:
    quiet = deployment(f"serviceAccountName: own\n{FIELD}: false", name="b", above=f'samigrate.dev/ignore: "{id_}: known"')
    found = migrate(stream(SHARED, quiet))
    named = [one.resource.name for one in found.outcome.findings if one.id == "shared-account" and one.resource]
    assert named == ["a"]
    assert "unused-suppression" not in found.said()


def test_a_finding_on_a_binding_is_silenced_there() -> None:
    grant = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: readers\n  namespace: shop\n{}"
        "roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}\n"
        "subjects:\n- kind: ServiceAccount\n  name: default\n"
    )
    assert "shared-default-binding" in migrate(stream(deployment(), grant.format(""))).said()
    quiet = grant.format('  annotations:\n    samigrate.dev/ignore: "shared-default-binding: known"\n')
    assert "shared-default-binding" not in migrate(stream(deployment(), quiet)).said()


# ---------------------------------------------------------------- opt-outs that silence nothing


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        pytest.param("projected-token", "projected-token silences nothing", id="a transform that has nothing to do"),
        pytest.param("subpath-token", "subpath-token silences nothing", id="a finding that is not raised"),
        pytest.param("automuont", "automuont silences nothing", id="a word that nobody knows"),
    ],
)
def test_an_unused_opt_out_is_said(ids: str, said: str) -> None:
    finding = run(annotated(ids)).finding("unused-suppression")
    assert said in finding.message
    assert finding.resource is not None
    assert ("no transform" in finding.action) is (ids == "automuont")


def test_what_another_recipe_would_use_is_not_called_unused() -> None:
    found = migrate(stream(OWN, annotated("projected-token, subpath-token, clean-up")), recipes=("disable-automount",))
    assert "unused-suppression" not in found.said()


def test_the_line_of_a_comment_is_said() -> None:
    found = migrate(stream(OWN, ON_DEFAULT + "# samigrate: ignore[subpath-token]\n"))
    line = found.before.split("\n").index("# samigrate: ignore[subpath-token]") + 1
    assert found.finding("unused-suppression").at.line == line


# ---------------------------------------------------------------- programs

A_POD = (
    "client.V1Pod(metadata=client.V1ObjectMeta(name='{}', namespace='n'), "
    "spec=client.V1PodSpec(containers=[client.V1Container(name='a', image='nginx')]))"
)
A_DICT = "{{'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {{'name': '{}', 'namespace': 'n'}}, 'spec': {{'containers': [{{'image': 'nginx'}}]}}}}"
A_TEXT = "\napiVersion: v1\nkind: Pod\nmetadata: {{name: {}, namespace: n}}\nspec:\n  containers: [{{image: nginx}}]{}\n"
SPEC = "S = client.V1PodSpec(containers=[client.V1Container(name='a', image='nginx')])"
NAMED = "client.V1Pod(metadata=client.V1ObjectMeta(name='one', namespace='n'), spec=S)"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(f"{COMMENT}\nA = {A_POD.format('one')}\nB = {A_POD.format('two')}\n", {"one"}, id="right above"),
        pytest.param(f"{COMMENT}\n# It is known.\nA = {A_POD.format('one')}\nB = {A_POD.format('two')}\n", {"one"}, id="in a block above"),
        pytest.param(f"A = {A_POD.format('one')}  {COMMENT}\nB = {A_POD.format('two')}\n", {"one"}, id="behind it"),
        pytest.param(f"A = {A_POD.format('one').replace('spec=', COMMENT + chr(10) + 'spec=')}\n", {"one"}, id="in it"),
        pytest.param(f"A = f(\n    {COMMENT}\n    {A_POD.format('one')},\n    {A_POD.format('two')})\n", {"one"}, id="in another call"),
        pytest.param(f"{SPEC}  {COMMENT}\nA = {NAMED}\nB = {A_POD.format('two')}\n", {"one"}, id="on a variable that it takes"),
        pytest.param(f"A = [\n  {A_DICT.format('one')},\n  {COMMENT}\n  {A_DICT.format('two')},\n]\n", {"two"}, id="above an item of a list"),
        pytest.param(
            f"A = {{'apiVersion': 'v1', 'kind': 'List', 'items': [\n  {COMMENT}\n  {A_DICT.format('one')},\n  {A_DICT.format('two')}]}}\n", {"one"},
            id="above an item of a List",
        ),
        pytest.param(
            f"{COMMENT}\nA = {{'apiVersion': 'v1', 'kind': 'List', 'items': [\n  {A_DICT.format('one')},\n  {A_DICT.format('two')}]}}\n",
            {"one", "two"}, id="above a List",
        ),
        pytest.param(f'A = """{A_TEXT.format("one", " " + COMMENT)}---{A_TEXT.format("two", "")}"""\n', {"one"}, id="in a text, for its document"),
        pytest.param(f'{COMMENT}\nA = """{A_TEXT.format("one", "")}---{A_TEXT.format("two", "")}"""\n', {"one", "two"}, id="above a text"),
        pytest.param(f"A = {A_POD.format('one')}\nN = '{COMMENT}'\n{COMMENT}\nx = 1\n", set(), id="in a string, and at nothing"),
    ],
)  # fmt: skip
def test_a_comment_in_a_program_counts_for_what_it_stands_at(
    text: str, left: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("from kubernetes import client\n" + text)
    result = invoke(["migrate", "--write", "--recipe", "disable-automount", "-v", "a.py"])
    assert result.exit == 0, result.stderr
    after = [one for _, value in python_files.values((tmp_path / "a.py").read_text()) for one in value.get("items", [value])]
    assert {one["metadata"]["name"] for one in after if FIELD not in one["spec"]} == left
    assert ("stands at no declaration" in result.stderr) is (not left)
    assert "unused-suppression" not in result.stderr


def test_an_opt_out_of_a_program_knows_its_line() -> None:
    text = f"from kubernetes import client\n{COMMENT.replace('automount', 'harden')}\nA = {A_POD.format('one')}\n"
    (opt,) = python_files.read("a.py", text).opts
    assert (opt.document, opt.item, opt.ids, opt.line) == (0, "", frozenset(("harden",)), 2)
