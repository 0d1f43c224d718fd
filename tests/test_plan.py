"""Plans: what is left of one is done, exactly, and again after an interruption."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from samigrate.base.errors import InputError
from samigrate.plan import recipe, schema
from samigrate.review.plan_file import planfile
from samigrate.settings.config import load_config
from tests.command import Result, invoke

TOP = Path(__file__).parent.parent
GOLDEN = sorted(case.parent for case in (TOP / "golden").glob("*/case.yaml") if (case.parent / "input").is_dir())


def deployment(name: str, *, namespace: str = "shop", account: str = "", image: str = "nginx:1.27") -> str:
    """An image of ours says of itself that it uses the API."""
    account = f"      serviceAccountName: {account}\n" if account else ""
    sign = '          args: ["--leader-elect"]\n' if image.startswith("example.com/") else ""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n"
        f"  template:\n    spec:\n{account}      containers:\n        - name: app\n          image: {image}\n{sign}"
    )


def binding(account: str = "default") -> str:
    return (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: readers\n  namespace: shop\n"
        "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: view\n"
        f"subjects:\n  - kind: ServiceAccount\n    name: {account}\n    namespace: shop\n"
    )


FILES = {
    "api/api.yaml": "# the API\n" + deployment("api", image="example.com/api:1"),
    "api/worker.yaml": deployment("worker", image="example.com/worker:1"),
    "rbac.yaml": binding(),
    "web.yaml": deployment("web", namespace="front") + "---\n" + deployment("shop", namespace="front"),
    "list.yaml": "apiVersion: v1\nkind: List\nitems:\n"
    + "".join(
        f"  - apiVersion: v1\n    kind: Pod\n    metadata: {{name: {name}, namespace: back}}\n"
        f"    spec: {{containers: [{{name: a, image: nginx:1.27}}]}}\n"
        for name in ("one", "two", "three")
    ),
    "one.json": json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "json", "namespace": "back"},
            "spec": {"containers": [{"name": "a", "image": "nginx:1.27"}]},
        },
        indent=2,
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fill(tmp_path / "work", FILES)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, newline="")


def empty(folder: Path) -> None:
    """Take everything out of the folder, which is the current one."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def plan(folder: Path, *options: str) -> Path:
    """Make a plan beside the folder that it is for."""
    path = folder.parent / "plan.yaml"
    result = invoke(["plan", ".", "-o", str(path), *options])
    assert result.exit == 0, result.stderr
    return path


def values(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def changed(path: Path, change: Any) -> None:
    """Edit the plan's values, as a person would edit its text."""
    value = values(path)
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def entry(value: Any, workload: str) -> Any:
    return next(each for each in value["workloads"] if each["workload"] == workload)


def migrated(folder: Path) -> dict[str, bytes]:
    """What `migrate --write` makes of the files."""
    other = folder.parent / "migrated"
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(folder, other)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(other)
        invoke(["migrate", "--write", "."])
    return tree(other)


# ---------------------------------------------------------------- the round trip


def test_a_plan_applied_is_a_migration(folder: Path) -> None:
    path = plan(folder)
    assert tree(folder) == {name: text.encode() for name, text in FILES.items()}
    wanted = migrated(folder)
    result = invoke(["apply", str(path)])
    assert (result.exit, result.stdout) == (0, b"")
    assert "Applied 8 of 8 entries to 7 files." in result.stderr
    assert tree(folder) == wanted
    again = invoke(["apply", str(path)])
    assert (again.exit, again.stderr) == (0, "Applied 0 of 8 entries to 0 files (8 done before).\n")
    assert tree(folder) == wanted


@pytest.mark.parametrize("case", GOLDEN, ids=[case.name for case in GOLDEN])
def test_every_golden_case_by_way_of_a_plan(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a case migrates, its plan does, too."""
    words = yaml.safe_load((case / "case.yaml").read_text()).get("args", "migrate --write .")
    words = words.split() if isinstance(words, str) else words
    if words[:2] != ["migrate", "--write"] or any(word.startswith(("--format", "--output", "--verify-build")) for word in words):
        pytest.skip("writes no files, or more than them")
    for name in ("a", "b"):
        shutil.copytree(case / "input", tmp_path / name, symlinks=True)
    monkeypatch.chdir(tmp_path / "a")
    code = invoke(words).exit
    monkeypatch.chdir(tmp_path / "b")
    assert invoke(["plan", *words[2:], "-o", str(tmp_path / "plan.yaml")]).exit == code
    assert invoke(["apply", str(tmp_path / "plan.yaml")]).exit == code
    assert tree(tmp_path / "b") == tree(tmp_path / "a")


def test_the_text_says_what_was_read(folder: Path) -> None:
    path = plan(folder)
    assert planfile.show(planfile.read(str(path))) == path.read_text()
    assert path.read_text().startswith("# yaml-language-server: $schema=")
    assert "  # was default; or `keep`, or an account that exists" in path.read_text()


def test_a_plan_takes_the_place_of_no_other_file(folder: Path) -> None:
    result = invoke(["plan", "web.yaml", "-o", "rbac.yaml"])
    assert (result.exit, result.stderr) == (2, "samigrate: rbac.yaml: is there, and no plan of samigrate's: name another file\n")
    assert (folder / "rbac.yaml").read_text() == FILES["rbac.yaml"]
    path = plan(folder)
    assert plan(folder, "-q") == path


def test_a_dry_run_prints_what_git_applies(folder: Path) -> None:
    path, wanted = plan(folder), migrated(folder)
    shown = invoke(["apply", "--dry-run", str(path)])
    assert tree(folder) == {name: text.encode() for name, text in FILES.items()}
    subprocess.run(["git", "apply", "-"], input=shown.stdout, check=True)
    assert tree(folder) == wanted


# ---------------------------------------------------------------- what people change


def test_each_entry_stands_alone(folder: Path) -> None:
    """Without one entry, the objects that differ from the whole migration are that entry's."""
    path = plan(folder)
    whole, value = tree_of_objects(migrated(folder)), values(path)
    for index, dropped in enumerate(value["workloads"]):
        fill(folder, FILES)
        (folder / "one-serviceaccount.json").unlink(missing_ok=True)
        left = [*value["workloads"][:index], *value["workloads"][index + 1 :]]
        (folder.parent / "less.yaml").write_text(yaml.safe_dump({**value, "workloads": left}))
        assert invoke(["apply", str(folder.parent / "less.yaml")]).exit == 0
        found = tree_of_objects(tree(folder))
        name = dropped["workload"].rpartition("/")[2]
        differing = {key for key in whole.keys() | found.keys() if whole.get(key) != found.get(key)}
        expected = {(dropped["workload"].split(" ")[0], name), ("ServiceAccount", name)}
        if name in ("api", "worker"):
            expected.add(("RoleBinding", "readers"))
            accounts = [subject["name"] for subject in found["RoleBinding", "readers"]["subjects"]]
            assert accounts == ["default", *({"api", "worker"} - {name})]
        assert differing == expected, dropped["workload"]


def tree_of_objects(files: dict[str, bytes]) -> dict[tuple[str, str], Any]:
    documents = [one for text in files.values() for one in yaml.safe_load_all(text) if one]
    opened = [item for one in documents for item in (one["items"] if one["kind"] == "List" else [one])]
    return {(one["kind"], one["metadata"]["name"]): one for one in opened}


def test_a_skipped_entry_stays_and_its_reason_on_record(folder: Path) -> None:
    path = plan(folder)
    path.write_text(path.read_text().replace('workload: "Deployment front/web"\n', 'workload: "Deployment front/web"\n    skip: not yet\n'))
    result = invoke(["apply", str(path)])
    assert "Applied 7 of 8 entries to 7 files (1 skipped)." in result.stderr
    objects = tree_of_objects(tree(folder))
    assert "serviceAccountName" not in objects["Deployment", "web"]["spec"]["template"]["spec"]
    assert objects["Deployment", "shop"]["spec"]["template"]["spec"]["serviceAccountName"] == "shop"


def spec(folder: Path, name: str) -> Any:
    return tree_of_objects(tree(folder))["Deployment", name]["spec"]["template"]["spec"]


def test_another_account_gets_what_the_planned_one_was_to_get(folder: Path) -> None:
    (folder / "accounts.yaml").write_text("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: existing\n  namespace: shop\n")
    path = plan(folder)
    changed(path, lambda value: entry(value, "Deployment shop/api").update(account="existing"))
    result = invoke(["apply", str(path)])
    assert result.exit == 0, result.stderr
    objects = tree_of_objects(tree(folder))
    assert spec(folder, "api")["serviceAccountName"] == "existing"
    assert ("ServiceAccount", "api") not in objects
    assert [one["name"] for one in objects["RoleBinding", "readers"]["subjects"]] == ["default", "existing", "worker"]
    assert "its own account existing" in objects["Deployment", "api"]["metadata"]["annotations"]["samigrate.dev/reason"]
    assert invoke(["apply", str(path)]).exit == 0


def test_keeping_the_account_takes_the_token_all_the_same(folder: Path) -> None:
    path = plan(folder)
    changed(path, lambda value: entry(value, "Deployment front/web").update(account="keep"))
    assert invoke(["apply", str(path)]).exit == 0
    assert "serviceAccountName" not in spec(folder, "web")
    assert spec(folder, "web")["automountServiceAccountToken"] is False
    assert ("ServiceAccount", "web") not in tree_of_objects(tree(folder))
    said = tree_of_objects(tree(folder))["Deployment", "web"]["metadata"]["annotations"]
    assert "samigrate.dev/previous-service-account" not in said
    assert said["samigrate.dev/previous-automount"] == "unset"


def test_keeping_the_token_beside_a_new_account_says_so(folder: Path) -> None:
    """The new account itself mounts none, so the pod must."""
    path = plan(folder)
    changed(path, lambda value: entry(value, "Deployment front/web").update(automount="keep"))
    assert invoke(["apply", str(path)]).exit == 0
    assert spec(folder, "web")["serviceAccountName"] == "web"
    assert spec(folder, "web")["automountServiceAccountToken"] is True


def test_keeping_everything_changes_nothing(folder: Path) -> None:
    path = plan(folder)
    changed(path, lambda value: entry(value, "Deployment front/web").update(account="keep", automount="keep"))
    assert invoke(["apply", str(path)]).exit == 0
    assert tree_of_objects(tree(folder))["Deployment", "web"] == next(yaml.safe_load_all(FILES["web.yaml"]))


def test_an_object_without_pods_is_an_entry_too(folder: Path) -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: default\n  namespace: front\n"
    (folder / "account.yaml").write_text(account)
    assert invoke(["migrate", "--write", "."]).exit == 0
    path = plan(folder, "--recipe", "harden-default")
    value = values(path)["workloads"]
    assert [(one["workload"], "pod" in one, "account" in one, "automount" in one) for one in value] == [
        ("ServiceAccount front/default", False, False, False)
    ]
    jsonschema.validate(values(path), dict(schema.plan()))
    assert invoke(["apply", str(path)]).exit == 0
    assert yaml.safe_load((folder / "account.yaml").read_text())["automountServiceAccountToken"] is False
    assert "(1 done before)" in invoke(["apply", str(path)]).stderr


def test_copies_of_an_object_share_an_account_and_neither_depends_on_the_other(folder: Path) -> None:
    empty(folder)
    fill(folder, {"twice.yaml": deployment("web") + "---\n" + deployment("web")})
    path = plan(folder)
    first, second = values(path)["workloads"]
    assert [step["op"] for step in first["operations"]].count("add resource") == 1
    lent = [step for step in second["operations"] if "unless" in step]
    assert [step["op"] for step in lent] == ["add resource"]
    changed(path, lambda value: value["workloads"].pop(0))
    assert invoke(["apply", str(path)]).exit == 0
    kinds = [one["kind"] for one in yaml.safe_load_all((folder / "twice.yaml").read_text())]
    assert kinds == ["Deployment", "ServiceAccount", "Deployment"]


# ---------------------------------------------------------------- what cannot be applied


def test_a_changed_file_is_named_and_what_goes_with_it_waits(folder: Path) -> None:
    path = plan(folder)
    with (folder / "rbac.yaml").open("a") as file:
        file.write("# a late remark\n")
    result = invoke(["apply", str(path)])
    assert result.exit == 2
    assert (
        "rbac.yaml has changed since the plan was made: make the plan anew, or bring the file back (2 of 8 entries wait)" in result.stderr
    )
    assert "Applied 6 of 8 entries" in result.stderr
    assert (folder / "api/api.yaml").read_text() == FILES["api/api.yaml"]
    (folder / "rbac.yaml").write_text(FILES["rbac.yaml"])
    assert invoke(["apply", str(path)]).exit == 0
    assert spec(folder, "api")["serviceAccountName"] == "api"


def test_an_entry_that_shares_a_file_with_a_changed_one_waits_with_it(folder: Path) -> None:
    """A file is written once, with all that is left for it: else the rest could never be applied."""
    path = plan(folder)
    (folder / "api/api.yaml").write_text(FILES["api/api.yaml"].replace("the API", "our API"))
    assert "1 of 8 entries waits, and 1 that shares a file" in invoke(["apply", str(path)]).stderr
    assert (folder / "api/worker.yaml").read_text() == FILES["api/worker.yaml"]
    assert (folder / "rbac.yaml").read_text() == FILES["rbac.yaml"]


def test_a_file_that_was_evidence_counts_too(folder: Path) -> None:
    empty(folder)
    fill(folder, {"web.yaml": deployment("web", account="web"), "rbac.yaml": binding("web"), "x.yaml": deployment("x")})
    fill(folder, {"sa.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n  namespace: shop\n"})
    path = plan(folder)
    assert [one["workload"] for one in values(path)["workloads"]] == ["Deployment shop/x"]
    (folder / "late.yaml").write_text(binding("default").replace("readers", "late"))
    result = invoke(["apply", str(path)])
    assert result.exit == 2
    assert "Deployment shop/x in x.yaml: its verdict was none and is" in result.stderr
    assert (folder / "x.yaml").read_text() == deployment("x")


def test_files_that_are_gone_are_named(folder: Path) -> None:
    path = plan(folder)
    (folder / "web.yaml").unlink()
    result = invoke(["apply", str(path)])
    assert result.exit == 2
    assert "web.yaml: is not there, or may not change; the plan is for the folder that it was made in" in result.stderr


@pytest.mark.parametrize("command", ["apply", "pr"])
def test_a_plan_in_another_folder_names_both(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    path = plan(folder)
    for here, home in (
        (folder.parent, "its paths start at the folder that it was made in"),
        (folder / "api", f"its files are in {folder}"),
    ):
        monkeypatch.chdir(here)
        result = invoke([command, str(path)])
        assert (result.exit, result.stdout) == (2, b"")
        assert result.stderr == f"samigrate: {path}: is a plan for api/api.yaml and 4 more files, none of which is in {here}: {home}\n"


def test_a_migration_by_hand_is_taken_for_done(folder: Path) -> None:
    """Whoever has made the changes: if they hold, there is nothing to do, and later edits around them are no matter."""
    path = plan(folder)
    assert invoke(["migrate", "--write", "web.yaml"]).exit == 0
    with (folder / "web.yaml").open("a") as file:
        file.write("# a late remark\n")
    result = invoke(["apply", str(path)])
    assert result.exit == 0, result.stderr
    assert "(2 done before)" in result.stderr


def test_half_of_what_was_planned_is_a_changed_file(folder: Path) -> None:
    path = plan(folder)
    text = FILES["web.yaml"].replace("    spec:\n", "    spec:\n      serviceAccountName: web\n", 1)
    (folder / "web.yaml").write_text(text)
    result = invoke(["apply", str(path)])
    assert result.exit == 2
    assert (folder / "web.yaml").read_text() == text


WRONG = [
    pytest.param({"pod": 3}, "workloads.0.pod must be of type string", id="wrong type"),
    pytest.param({"verdikt": "none"}, "unknown key 'verdikt'; did you mean 'verdict'?", id="unknown key"),
    pytest.param(
        {"automount": False}, "must be keep or true; for anything else declare its use of the API", id="neither kept nor as planned"
    ),
    pytest.param({"risk": "high"}, "workloads.0.risk must be one of L0, L1", id="no such risk"),
    pytest.param({"files": {}}, "the plan has no digest of api/api.yaml, rbac.yaml", id="no digest"),
]


@pytest.mark.parametrize("change, message", WRONG)
def test_a_plan_that_is_none_is_refused_by_line(folder: Path, change: dict[str, Any], message: str) -> None:
    path = plan(folder)
    changed(path, lambda value: value["workloads"][0].update(change))
    result = invoke(["apply", str(path)])
    assert result.exit == 2
    assert message in result.stderr
    assert tree(folder) == {name: text.encode() for name, text in FILES.items()}


CANNOT = [
    pytest.param({"account": "nobody"}, "there is no ServiceAccount nobody where the workload is applied", id="no such account"),
    pytest.param({"account": "web"}, "there is no ServiceAccount web", id="an account of another namespace"),
]


@pytest.mark.parametrize("change, message", CANNOT)
def test_a_choice_that_cannot_be_had_is_refused(folder: Path, change: dict[str, Any], message: str) -> None:
    path = plan(folder)
    changed(path, lambda value: entry(value, "Deployment shop/api").update(change))
    result = invoke(["apply", str(path)])
    assert result.exit == 2
    assert message in result.stderr
    assert (folder / "api/api.yaml").read_text() == FILES["api/api.yaml"]


def test_what_is_not_planned_cannot_be_chosen(folder: Path) -> None:
    path = plan(folder, "--recipe", "disable-automount")
    changed(path, lambda value: entry(value, "Deployment front/web").update(account="other"))
    assert "the plan does not change the account of Deployment front/web" in invoke(["apply", str(path)]).stderr


# ---------------------------------------------------------------- interruptions

KILLED = """
import os, signal, sys
left = int(sys.argv.pop(1))
def counted(call):
    def inner(*arguments, **named):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)
    return inner
os.replace, os.fsync = counted(os.replace), counted(os.fsync)
from samigrate.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("point", [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 20])
def test_killed_and_applied_again_the_end_is_the_same(folder: Path, point: int) -> None:
    """Killed at the nth file that is made ready, put in place or flushed; nothing is left lying about either."""
    path, wanted = plan(folder), migrated(folder)
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(point), "apply", str(path)], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert tree(folder) != wanted
    result = invoke(["apply", str(path)])
    assert result.exit == 0, result.stderr
    assert tree(folder) == wanted


# ---------------------------------------------------------------- schemas


@pytest.mark.parametrize("kind", schema.KINDS)
def test_published_schemas_are_fresh_and_sound(kind: str) -> None:
    published = (TOP / "schemas" / f"{kind}.json").read_text()
    assert published == schema.text(kind), f"stale: samigrate schema {kind} > schemas/{kind}.json"
    assert invoke(["schema", kind]).stdout.decode() == published
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def test_plans_and_recipes_are_of_their_shape(folder: Path) -> None:
    jsonschema.validate(values(plan(folder)), dict(schema.plan()))
    for path in recipe.packaged().values():
        text = Path(path).read_text()
        assert text.startswith(schema.editor_line("recipe")), path
        jsonschema.validate(yaml.safe_load(text), dict(schema.recipe()))


def test_the_config_schema_knows_what_the_config_knows(folder: Path) -> None:
    """The message about an unknown key names all that are known."""
    (folder / "samigrate.yaml").write_text("apiVersion: samigrate.dev/v1\nkind: Config\nqqqqqqqq: 1\n")
    with pytest.raises(InputError) as caught:
        load_config("samigrate.yaml")
    known = set(str(caught.value).partition("known: ")[2].split(", "))
    assert known == set(schema.config()["properties"])


# ---------------------------------------------------------------- questions on a terminal


def ask(answers: list[str], *options: str) -> tuple[int, str]:
    """`migrate --interactive` on a terminal of its own."""
    import pty
    import select

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "samigrate", "migrate", "--interactive", *options, "."]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "NO_COLOR": "1", "TERM": "dumb"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said = ""
    waiting = list(answers)
    while select.select([ours], [], [], 60)[0]:
        try:
            said += os.read(ours, 65536).decode()
        except OSError:  # the terminal has gone
            break
        if waiting and said.endswith("[q]uit: "):
            os.write(ours, waiting.pop(0).encode() + b"\n")
    os.close(ours)
    return process.wait(), said.replace("\r\n", "\n")


def test_yes_no_and_quit(folder: Path) -> None:
    code, said = ask(["?", "y", "n", "q"])
    assert code == 0, said
    assert "Deployment shop/api  api/api.yaml:2  (1 of 8)\n  verdict likely, risk L3" in said
    assert "+      serviceAccountName: api\n" in said
    assert "Changed 2 files: 1 of 8 workloads." in said
    assert spec(folder, "api")["serviceAccountName"] == "api"
    assert (folder / "api/worker.yaml").read_text() == FILES["api/worker.yaml"]
    assert (folder / "web.yaml").read_text() == FILES["web.yaml"]


def test_all_is_the_whole_migration(folder: Path) -> None:
    wanted = migrated(folder)
    code, said = ask(["a"])
    assert code == 0, said
    assert tree(folder) == wanted


def test_a_script_is_sent_to_plans() -> None:
    result = invoke(["migrate", "--interactive", "."])
    assert result.exit == 2
    assert "for scripts there are `plan` and `apply`" in result.stderr


def run(*words: str) -> Result:
    return invoke(list(words))


def test_written_files_are_staged_where_a_runner_commits_only_what_git_knows(folder: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], check=True)
    assert run("migrate", "--write", "--git-add", "one.json", "web.yaml").exit == 0
    staged = subprocess.run(["git", "diff", "--cached", "--name-only"], check=True, capture_output=True, text=True).stdout
    assert staged.split() == ["one-serviceaccount.json", "one.json", "web.yaml"]
    assert run("migrate", "--git-add", ".").exit == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param('- "L1: images known to need no API"', "- images", "must be a text like", id="a risk without its level"),
        pytest.param("path: /metadata/annotations", "path: /meta/annotations", "make the plan anew", id="a path to nowhere"),
        pytest.param(
            "path: /metadata/annotations", "path: /spec/template/spec/containers/²/x", "make the plan anew", id="a place in a list"
        ),
        pytest.param("          name: lone\n", "          name: []\n", "no object with kind and name", id="a new object's name"),
        pytest.param("          name: lone\n", "          name: {{ .Values.x }}\n", "no object with kind and name", id="a template"),
        pytest.param("          kind: ServiceAccount\n", "", "no object with kind and name", id="a new object without a kind"),
    ],
)
def test_a_plan_that_was_edited_badly_is_refused(folder: Path, tmp_path: Path, old: str, new: str, words: str) -> None:
    fill(tmp_path / "lone", {"lone.yaml": deployment("lone")})
    os.chdir(tmp_path / "lone")
    assert invoke(["plan", ".", "-o", "plan.yaml"]).exit == 0
    text = Path("plan.yaml").read_text()
    assert old.strip() in text
    found = next(line for line in text.splitlines(keepends=True) if line.strip() == old.strip())
    Path("plan.yaml").write_text(text.replace(found, found.replace(old.strip(), new.strip()) if new else "", 1))
    result = invoke(["apply", "plan.yaml"])
    assert (result.exit, result.stdout) == (2, b"")
    assert words in result.stderr
    assert Path("lone.yaml").read_text() == deployment("lone")
