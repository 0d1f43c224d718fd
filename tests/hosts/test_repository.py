"""What is read, what may change, and what is decided together."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from samigrate.base.errors import InputError
from samigrate.hosts import walk
from samigrate.hosts.repository import Gathered, Selection, gather
from samigrate.pipeline import Root
from samigrate.reading import NotFollowedError

CONFIG = "apiVersion: samigrate.dev/v1\nkind: Config\n"
Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Makes files below the current folder; a name that ends in / is a repository."""

    def make(*names: str, **contents: str) -> Path:
        for name in names:
            path = tmp_path / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                subprocess.run(["git", "init", "-q", str(path)], check=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(CONFIG if path.name == "samigrate.yaml" else "a: 1\n")
        return tmp_path

    monkeypatch.chdir(tmp_path)
    return make


def told(found: Gathered) -> dict[str, str]:
    """Roots with their sources; what may change has a star."""
    return {root.path: " ".join(source.path + "*" * source.may_change for source in root.sources) for root in found.roots}


def roots(*paths: str, **options: object) -> dict[str, str]:
    return told(gather(Selection(paths, **options)))  # type: ignore[arg-type]


def only(found: Gathered) -> Root:
    assert len(found.roots) == 1
    return found.roots[0]


def test_a_plain_folder_is_a_root(tree: Tree) -> None:
    tree("a/web.yaml", "a/b/db.yml", "a/c.json", "a/readme.md", "a/Kustomization", "other/x.yaml")
    assert roots("a") == {"a": "a/Kustomization* a/b/db.yml* a/c.json* a/web.yaml*"}


def test_git_says_what_there_is(tree: Tree) -> None:
    top = tree("./", "web.yaml", "new/db.yaml", "ignored/x.yaml", ".hidden/y.yaml", "gone.yaml")
    (top / ".gitignore").write_text("ignored\n")
    subprocess.run(["git", "add", "web.yaml", "gone.yaml"], check=True)
    (top / "gone.yaml").unlink()
    assert roots(".") == {".": ".hidden/y.yaml* new/db.yaml* web.yaml*"}


def test_hook_variables_do_not_mislead_git(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree("./", "web.yaml", "other/")
    monkeypatch.setenv("GIT_DIR", "other/.git")
    assert roots(".") == {".": "web.yaml*"}


def test_path_limits_what_may_change_not_what_is_read(tree: Tree) -> None:
    tree("./", "a/web.yaml", "b/rbac.yaml")
    assert roots("a") == {".": "a/web.yaml* b/rbac.yaml"}
    assert roots("a/web.yaml") == {".": "a/web.yaml* b/rbac.yaml"}
    assert roots("a", is_wide=False) == {".": "a/web.yaml*"}


def test_seen_from_a_folder_below(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tree("./", "a/web.yaml", "b/rbac.yaml")
    monkeypatch.chdir(top / "a")
    assert roots(".") == {"..": "../b/rbac.yaml web.yaml*"}
    assert roots(str(top / "b"))[str(top)].split() == [f"{top}/b/rbac.yaml*", "web.yaml"]


def test_exclude_limits_what_may_change(tree: Tree) -> None:
    top = tree("a/web.yaml", "a/gen/x.yaml", "a/db.yaml", "a/samigrate.yaml")
    (top / "a" / "samigrate.yaml").write_text(CONFIG + "exclude: [db.yaml]\n")
    assert roots("a", exclude=("a/gen",)) == {"a": "a/db.yaml a/gen/x.yaml a/samigrate.yaml* a/web.yaml*"}


def test_repositories_beside_and_inside_each_other_are_strangers(tree: Tree) -> None:
    tree("one/", "one/a.yaml", "one/inner/", "one/inner/b.yaml", "two/", "two/c.yaml", "loose.yaml")
    assert roots(".") == {".": "loose.yaml*", "one": "one/a.yaml*", "one/inner": "one/inner/b.yaml*", "two": "two/c.yaml*"}
    assert roots("one/inner", "one/a.yaml") == {"one": "one/a.yaml*", "one/inner": "one/inner/b.yaml*"}


def test_a_submodule_is_a_root(tree: Tree) -> None:
    top = tree("./", "a.yaml", "sub/", "sub/b.yaml")
    identity = ["-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run(["git", "-C", "sub", *identity, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run(["git", "-c", "advice.addEmbeddedRepo=false", "add", "sub"], check=True, cwd=top, stderr=subprocess.DEVNULL)
    assert roots(".") == {".": "a.yaml*", "sub": "sub/b.yaml*"}


def test_a_config_makes_its_folder_a_root(tree: Tree) -> None:
    tree("./", "a.yaml", "shop/samigrate.yaml", "shop/web.yaml")
    assert roots(".") == {".": "a.yaml*", "shop": "shop/samigrate.yaml* shop/web.yaml*"}
    assert roots("shop/web.yaml") == {"shop": "shop/samigrate.yaml shop/web.yaml*"}


def test_a_config_above_the_repository_counts(tree: Tree) -> None:
    top = tree("samigrate.yaml", "one/", "one/a.yaml", "one/vendor/b.yaml")
    (top / "samigrate.yaml").write_text(CONFIG + "exclude: [one/vendor]\nunknown: account\n")
    found = gather(Selection(("one",)))
    assert told(found) == {"one": "one/a.yaml* one/vendor/b.yaml"}
    assert only(found).settings.unknown == "account"


def test_scopes_are_roots_of_their_own(tree: Tree) -> None:
    top = tree("./", "samigrate.yaml", "envs/prod/a.yaml", "envs/prod/db/b.yaml", "envs/test/a.yaml", "all-in-one.yaml", "base/c.yaml")
    (top / "samigrate.yaml").write_text(CONFIG + "scopes: ['envs/*', all-in-one.yaml]\n")
    assert roots(".") == {
        ".": "base/c.yaml* samigrate.yaml*",
        "all-in-one.yaml": "all-in-one.yaml*",
        "envs/prod": "envs/prod/a.yaml* envs/prod/db/b.yaml*",
        "envs/test": "envs/test/a.yaml*",
    }
    assert roots("envs/prod/db") == {"envs/prod": "envs/prod/a.yaml envs/prod/db/b.yaml*"}
    assert only(gather(Selection(("envs/test",)))).is_declared


def test_files_outside_any_repository(tree: Tree) -> None:
    tree("a/x.yaml", "a/y.yaml", "a/z.yaml", "b/x.yaml")
    assert roots("a/x.yaml", "a/y.yaml", "b/x.yaml") == {"a": "a/x.yaml* a/y.yaml*", "b": "b/x.yaml*"}
    assert roots("a", "a/x.yaml") == {"a": "a/x.yaml* a/y.yaml* a/z.yaml*"}


def test_what_git_ignores_is_done_when_named(tree: Tree) -> None:
    top = tree("./", "a.yaml", "build/b.yaml", "manifest.txt")
    (top / ".gitignore").write_text("build\n")
    assert roots("build") == {".": "a.yaml build/b.yaml*"}
    assert roots("build/b.yaml") == {".": "a.yaml build/b.yaml*"}
    assert roots("manifest.txt") == {".": "a.yaml manifest.txt*"}


def test_without_git(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree("./", "a.yaml", "b/c.yaml")
    monkeypatch.setenv("PATH", "")
    found = gather(Selection((".",)))
    assert told(found) == {".": "a.yaml* b/c.yaml*"}
    assert "git is not there" in found.skipped[0].reason


@pytest.mark.parametrize("repository", [(), ("./",)], ids=["plain", "git"])
def test_links(tree: Tree, repository: tuple[str, ...]) -> None:
    top = tree(*repository, "work/a.yaml", "work/data.txt", "outside/b.yaml")
    links = {
        "again.yaml": "a.yaml", "data.yaml": "data.txt", "data2.yaml": "data.txt", "loop.yaml": "loop.yaml",
        "out.yaml": "../outside/b.yaml", "out": "../outside", "up": ".", "gone.yaml": "nowhere", "text": "../outside/b.yaml",
    }  # fmt: skip
    (top / "work" / "samigrate.yaml").write_text(CONFIG)
    for name, target in links.items():
        (top / "work" / name).symlink_to(target)
    found = gather(Selection(("work",)))
    assert told(found) == {"work": "work/a.yaml* work/data.yaml* work/out* work/out.yaml* work/samigrate.yaml*"}
    assert {skip.path for skip in found.skipped} == {"work/loop.yaml", "work/gone.yaml"}
    for source in found.roots[0].sources:
        if "out" in source.path:
            with pytest.raises(NotFollowedError, match="leads out of the folder"):
                source.read()


def test_a_named_link_means_its_target(tree: Tree) -> None:
    top = tree("a/x.yaml")
    (top / "link").symlink_to("a")
    (top / "x.yaml").symlink_to("a/x.yaml")
    assert roots("link") == {"a": "a/x.yaml*"}
    assert roots("x.yaml") == {"a": "a/x.yaml*"}


def test_what_is_no_file_is_named(tree: Tree) -> None:
    top = tree("a/x.yaml")
    os.mkfifo(top / "a" / "pipe.yaml")
    found = gather(Selection(("a",)))
    assert told(found) == {"a": "a/x.yaml*"}
    assert [skip.reason for skip in found.skipped] == ["not a regular file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("repository", [(), ("./",)], ids=["plain", "git"])
def test_unreadable_folder_is_a_problem(tree: Tree, repository: tuple[str, ...]) -> None:
    top = tree(*repository, "a/x.yaml", "locked/y.yaml")
    (top / "locked").chmod(0)
    (locked,) = (source for root in gather(Selection((".",))).roots for source in root.sources if source.path == "locked")
    (top / "locked").chmod(0o755)
    with pytest.raises(OSError, match="Permission denied"):
        locked.read()


def test_gits_warning_is_understood() -> None:
    listing = walk.Listing()
    assert walk._UNREADABLE.findall("warning: could not open directory 'a b/': Permission denied\n") == [("a b", "Permission denied")]
    assert not listing.files


def test_charts_are_named_once_and_left_alone(tree: Tree) -> None:
    inside = ("Chart.yaml", "templates/d.yaml", "charts/sub/Chart.yaml", "values.yaml")
    top = tree("./", "a.yaml", *(f"charts/web/{name}" for name in inside))
    (top / "charts/web/values.yaml").write_text("image: x\nserviceAccount:\n  create: true\nautomountServiceAccountToken: true\n")
    found = gather(Selection((".",)))
    assert told(found) == {".": "a.yaml*"}
    assert [skip.path for skip in found.skipped] == ["charts/web/Chart.yaml"]
    assert "helm template web charts/web | samigrate migrate -" in found.skipped[0].reason
    assert "set in charts/web/values.yaml: automountServiceAccountToken=false (line 4)" in found.skipped[0].reason
    templates = gather(Selection(("charts/web/templates",)))
    assert not templates.roots
    assert len(templates.skipped) == 1


def test_inside_a_chart_without_git(tree: Tree) -> None:
    tree("web/Chart.yaml", "web/templates/d.yaml")
    for path in ("web/templates", "web/templates/d.yaml", "web"):
        found = gather(Selection((path,)))
        assert not found.roots
        assert [skip.path for skip in found.skipped] == ["web/Chart.yaml"]


def test_context_is_read_only(tree: Tree) -> None:
    tree("a/x.yaml", "dump/all.yaml", "more.yaml")
    assert roots("a", context=("dump", "more.yaml")) == {"a": "a/x.yaml* dump/all.yaml more.yaml"}
    assert roots("a", context=("a",)) == {"a": "a/x.yaml*"}


def test_a_path_that_is_not_there(tree: Tree) -> None:
    tree("a/x.yaml")
    with pytest.raises(InputError, match="nope: No such file"):
        gather(Selection(("a", "nope")))


def test_names_with_odd_bytes(tree: Tree) -> None:
    top = tree("./", "sp ace.yaml", "ünï.yaml", 'quo"te.yaml', "new\nline.yaml")
    with open(os.fsencode(top) + b"/caf\xe9.yaml", "w") as file:
        file.write("a: 1\n")
    found = only(gather(Selection((".",))))
    assert [source.path for source in found.sources] == ["caf\udce9.yaml", "new\nline.yaml", 'quo"te.yaml', "sp ace.yaml", "ünï.yaml"]
    assert {source.read() for source in found.sources} == {b"a: 1\n"}


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        (".", {"."}), ("./", {"."}), ("*", {"a", "b"}), ("**", {"a", "a/x", "b"}), ("a", {".", "a"}), ("./a/", {".", "a"}), ("/b", {".", "b"}),
        ("a/*", {".", "a", "a/x"}), ("*/w.yaml", {".", "a/w.yaml", "b/w.yaml"}),
    ],
)  # fmt: skip
def test_patterns_of_scopes(tree: Tree, glob: str, found: set[str]) -> None:
    top = tree("a/w.yaml", "a/x/w.yaml", "b/w.yaml")
    (top / "samigrate.yaml").write_text(CONFIG + f"scopes: ['{glob}']\n")
    assert set(roots(".")) - {"."} == found - {"."}
    assert not gather(Selection((".",))).skipped


def test_a_scope_that_matches_nothing_is_told(tree: Tree) -> None:
    top = tree("a/w.yaml")
    (top / "samigrate.yaml").write_text(CONFIG + "scopes: [a, b]\n")
    (skip,) = gather(Selection((".",))).skipped
    assert (skip.path, skip.reason.split(":")[0]) == ("samigrate.yaml", "the scope b matches nothing")
