"""Pull requests from a plan, on real repositories."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate import pipeline
from samigrate.base.markdown import code
from samigrate.review.pull_request import codeowners, grouping, pullrequest
from tests.command import Result, invoke
from tests.test_plan import binding, deployment, fill, tree

OWNERS = "# who reviews what\n* @acme/platform\n/pay/ @acme/payments\n/shop/ @acme/store # the store\n"
TEAMS = ("pay", "shop", "ops")


def git(*words: str, folder: Path | None = None) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True, cwd=folder).stdout.strip()


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 workloads of three teams; the ops share a binding."""
    folder = tmp_path / "repository"
    files = {
        f"{TEAMS[n % 3]}/w{n:02}.yaml": deployment(
            f"w{n:02}", namespace=TEAMS[n % 3], image="example.com/ops" if n % 3 == 2 else "nginx:1.27"
        )
        for n in range(40)
    }
    fill(folder, {**files, ".github/CODEOWNERS": OWNERS, "ops/rbac.yaml": binding().replace("namespace: shop", "namespace: ops")})
    monkeypatch.chdir(folder)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "somebody@example.com")
    git("init", "-q", "-b", "main")
    commit("first")
    return folder


def commit(message: str) -> str:
    git("add", "-A")
    git("commit", "-q", "-m", message)
    return git("rev-parse", "HEAD")


@pytest.fixture
def plan(repository: Path) -> str:
    path = str(repository.parent / "plan.yaml")
    assert invoke(["plan", ".", "-q", "-o", path]).exit == 0
    return path


def pr(plan: str, *options: str) -> tuple[Result, list[Any]]:
    result = invoke(["pr", plan, *options])
    return result, json.loads(result.stdout)["pull_requests"] if result.stdout else []


def branches() -> dict[str, str]:
    """Ours, with their commits."""
    lines = git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/samigrate").splitlines()
    return dict(line.split(" ") for line in lines)


def files(branch: str) -> list[str]:
    return git("diff", "--name-only", "main", branch).split()


# ---------------------------------------------------------------- on a dirty checkout


def test_three_owners_forty_workloads_and_a_dirty_checkout(repository: Path, plan: str) -> None:
    git("checkout", "-q", "-b", "work")
    fill(repository, {"notes.txt": "mine\n", "staged.txt": "mine, too\n", "README.md": "dirty\n"})
    git("add", "staged.txt")
    git("rm", "-q", "--cached", "shop/w01.yaml")
    before = tree(repository / ".git" / "refs" / "heads"), git("status", "--porcelain"), git("symbolic-ref", "HEAD"), _files(repository)
    result, opened = pr(plan, "--by", "owner")
    assert result.exit == 0, result.stderr
    assert {one["branch"]: len(one["workloads"]) for one in opened} == {
        "samigrate/owner-acme--payments": 14,
        "samigrate/owner-acme--platform": 13,
        "samigrate/owner-acme--store": 13,
    }
    for one in opened:
        assert git("rev-list", "--count", f"main..{one['branch']}") == "1"
        assert git("rev-parse", one["branch"]) == one["commit"]
        assert files(one["branch"]) == one["files"]
        team = {"payments": "pay", "platform": "ops", "store": "shop"}[one["branch"].rpartition("--")[2]]
        assert {path.split("/")[0] for path in one["files"]} == {team}
        assert Path(one["body_file"]).read_text() == one["body"]
        assert one["labels"][0] == "samigrate"
    assert "ops/rbac.yaml" in files("samigrate/owner-acme--platform")
    assert (git("status", "--porcelain"), git("symbolic-ref", "HEAD"), _files(repository)) == before[1:]
    assert git("rev-parse", "work") == git("rev-parse", "main")
    assert git("worktree", "list", "--porcelain").count("worktree ") == 1
    made = branches()
    again, unchanged = pr(plan, "--by", "owner")
    assert again.exit == 0
    assert [one["state"] for one in unchanged] == ["unchanged"] * 3
    assert branches() == made
    assert [{**one, "state": ""} for one in unchanged] == [{**one, "state": ""} for one in opened]
    assert git("fsck", "--full", "--strict") == ""


def _files(repository: Path) -> dict[str, bytes]:
    return {name: content for name, content in tree(repository).items() if not name.startswith(".git/")}


def test_the_branches_together_are_the_migration(repository: Path, plan: str) -> None:
    pr(plan, "--by", "namespace", "--max-files", "5")
    for branch in branches():
        git("merge", "-q", "--no-edit", branch)
    merged = _files(repository)
    git("reset", "-q", "--hard", "main~")
    git("reset", "-q", "--hard", git("rev-list", "--max-parents=0", "HEAD"))
    assert invoke(["migrate", "--write", "-q", "."]).exit == 0
    assert _files(repository) == merged


def test_what_is_merged_is_not_opened_again(repository: Path, plan: str) -> None:
    pr(plan, "--by", "namespace")
    git("merge", "-q", "--no-edit", "samigrate/namespace-pay")
    result, opened = pr(plan, "--by", "namespace")
    assert result.exit == 0, result.stderr
    assert [(one["branch"], one["state"]) for one in opened] == [
        ("samigrate/namespace-ops", "updated"),
        ("samigrate/namespace-shop", "updated"),
    ]
    assert git("merge-base", "samigrate/namespace-shop", "main") == git("rev-parse", "main")


def test_a_changed_plan_updates_its_branch(repository: Path, plan: str) -> None:
    pr(plan, "--by", "namespace")
    before = branches()
    value = yaml.safe_load(Path(plan).read_text())
    value["workloads"] = [one for one in value["workloads"] if one["workload"] != "Deployment shop/w01"]
    Path(plan).write_text(yaml.safe_dump(value, sort_keys=False))
    _, opened = pr(plan, "--by", "namespace")
    assert {one["branch"]: one["state"] for one in opened} == {
        "samigrate/namespace-ops": "unchanged",
        "samigrate/namespace-pay": "unchanged",
        "samigrate/namespace-shop": "updated",
    }
    assert "shop/w01.yaml" not in files("samigrate/namespace-shop")
    assert branches().keys() == before.keys()


def test_what_is_not_committed_is_refused_by_name(repository: Path) -> None:
    fill(
        repository,
        {"pay/w00.yaml": deployment("w00", namespace="pay", image="nginx:1.28"), "pay/new.yaml": deployment("new", namespace="pay")},
    )
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", ".", "-q", "-o", plan])
    result, opened = pr(plan, "--by", "namespace")
    assert result.exit == 2
    assert "in HEAD, where only what is committed is: pay/w00.yaml has changed since the plan was made" in result.stderr
    assert "in HEAD, where only what is committed is: is not there" in result.stderr
    pay = next(one for one in opened if one["branch"] == "samigrate/namespace-pay")
    assert "pay/w00.yaml" not in pay["files"] and "pay/new.yaml" not in pay["files"] and len(pay["files"]) == 13


def test_commits_of_others_are_not_lost(repository: Path, plan: str) -> None:
    pr(plan)
    git("checkout", "-q", "samigrate/all")
    fill(repository, {"pay/fix.txt": "by hand\n"})
    theirs = commit("a fix by hand")
    result, opened = pr(plan, "--base", "main")
    assert (result.exit, opened[0]["state"], opened[0]["reason"]) == (2, "refused", "the branch is checked out")
    git("checkout", "-q", "main")
    result, opened = pr(plan)
    assert result.exit == 2
    assert opened[0]["reason"].startswith("the branch has commits of somebody else")
    assert git("rev-parse", "samigrate/all") == theirs


def test_a_plan_of_a_folder_of_the_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "shop")
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", ".", "-q", "-o", plan])
    _, opened = pr(plan, "--by", "owner")
    assert [one["branch"] for one in opened] == ["samigrate/owner-acme--store"]
    assert all(path.startswith("shop/") for path in files("samigrate/owner-acme--store"))


def test_a_hook_of_the_repository_does_not_run(repository: Path, plan: str) -> None:
    for name in ("post-checkout", "pre-commit", "reference-transaction"):
        hook = repository / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntouch hook-ran\n")
        hook.chmod(0o755)
    assert pr(plan)[0].exit == 0
    assert not (repository / "hook-ran").exists()


CANNOT = [
    pytest.param(["--base", "nowhere"], "git rev-parse", id="no such commit"),
    pytest.param(["--branch-prefix", "a..b/"], "cannot be the name of a branch", id="no branch name"),
]


@pytest.mark.parametrize("options, message", CANNOT)
def test_what_cannot_be_is_said(plan: str, options: list[str], message: str) -> None:
    result, _ = pr(plan, *options)
    assert result.exit == 2
    assert message in result.stderr
    assert branches() == {}


# ---------------------------------------------------------------- groups


def test_groups_that_edit_one_file_become_one(repository: Path) -> None:
    fill(repository, {"both.yaml": deployment("one", namespace="pay") + "---\n" + deployment("two", namespace="shop")})
    commit("one file, two namespaces")
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", ".", "-q", "-o", plan])
    _, opened = pr(plan, "--by", "namespace")
    assert [one["branch"] for one in opened] == ["samigrate/namespace-ops", "samigrate/namespace-pay-and-shop"]
    assert opened[1]["title"].startswith("Namespace pay, shop: ")


def test_no_group_has_more_files_than_asked_for_but_where_they_hang_together(plan: str) -> None:
    _, opened = pr(plan, "--by", "namespace", "--max-files", "5")
    sizes = {one["branch"].removeprefix("samigrate/"): len(one["files"]) for one in opened}
    assert sizes == {
        "namespace-ops": 14,
        **{f"namespace-pay-{n}": size for n, size in ((1, 5), (2, 5), (3, 4))},
        **{f"namespace-shop-{n}": size for n, size in ((1, 5), (2, 5), (3, 3))},
    }


@pytest.mark.parametrize(
    "text, wanted",
    [
        pytest.param("shop", "shop", id="plain"),
        pytest.param("k8s/prod", "k8s--prod", id="folder"),
        pytest.param("@acme/store", "acme--store", id="team"),
        pytest.param("a.b", "a-b-9bbd60fb", id="told apart by a digest"),
        pytest.param("", "x-e3b0c442", id="empty"),
        pytest.param("../..", "x-", id="no way out"),
    ],
)
def test_slugs(text: str, wanted: str) -> None:
    found = grouping.slug(text)
    assert found.startswith(wanted.rpartition("-")[0] or wanted)
    assert re.fullmatch(r"[a-z0-9-]+", found)


def test_slugs_differ_where_texts_do() -> None:
    texts = ["a.b", "a-b", "a_b", "A-B", "a b", "a/b"]
    assert len({grouping.slug(text) for text in texts if text != "a b"}) == len(texts) - 1


@pytest.mark.parametrize(
    "rules, path, wanted",
    [
        pytest.param("* @a\n/docs/ @b\n", "docs/x.yaml", ("@b",), id="the last match counts"),
        pytest.param("* @a\n/docs/\n", "docs/x.yaml", (), id="a rule without owners takes them away"),
        pytest.param("docs/* @b\n", "docs/x/y.yaml", (), id="one star does not reach further down"),
        pytest.param("docs/* @b\n", "docs/y.yaml", ("@b",), id="one star, same folder"),
        pytest.param("apps/ @b\n", "x/apps/y.yaml", ("@b",), id="a folder anywhere"),
        pytest.param("**/logs @b\n", "x/logs/y.yaml", ("@b",), id="two stars"),
        pytest.param("*.yaml @b @c # both\n", "x/y.yaml", ("@b", "@c"), id="several, and a remark"),
        pytest.param("my\\ folder/ @b\n", "my folder/y.yaml", ("@b",), id="an escaped space"),
        pytest.param("[Apps][2] @d\napps/\n[Docs]\n* @e\n", "apps/y.yaml", ("@d", "@e"), id="sections add up"),
        pytest.param("# * @a\n\n", "y.yaml", (), id="remarks only"),
        pytest.param("* @a\n\\\n[z-a] @b\n", "y.yaml", ("@a",), id="lines that are no rule"),
    ],
)
def test_owners(rules: str, path: str, wanted: tuple[str, ...]) -> None:
    assert codeowners.owners(codeowners.parse(rules), path) == wanted


# ---------------------------------------------------------------- what it says


def test_a_body_says_what_a_reviewer_asks(repository: Path) -> None:
    fill(repository, {"left.yaml": deployment("left", namespace="pay", account="elsewhere")})
    git("rm", "-rq", "shop")
    git("rm", "-q", *[f"pay/w{n:02}.yaml" for n in range(9, 40, 3)], *[f"ops/w{n:02}.yaml" for n in range(8, 40, 3)])
    commit("less")
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", ".", "-q", "-o", plan])
    _, opened = pr(plan)
    body = opened[0]["body"]
    for wanted in (
        "<!-- samigrate:samigrate/all -->",
        "takes the token from what declares no use of the API: 5 tokens could be read before, 2 can be after.",
        "| `Deployment pay/w00` | `pay/w00.yaml:1` | `default` → `w00` | 1 → 0 | no sign of it | L2 |",
        "```mermaid\nflowchart LR",
        "- 5 Deployments: pods are replaced one by one",
        "A subject is added to `RoleBinding ops/readers`.",
        "<details><summary>Left as it is, and why: 1 workload</summary>",
        "kubectl auth can-i --list --as=system:serviceaccount:pay:w00 -n pay",
        "**Not by `git revert`.**",
        "samigrate migrate --write --recipe rollback ops/w02.yaml ops/w05.yaml pay/w00.yaml",
        'samigrate.dev/ignore: "all: why"',
        f"samigrate pr {plan}",
        "- `counter: container app: image nginx is known to have no use for the API (pay/w00.yaml:",
    ):
        assert wanted in body, wanted
    assert opened[0]["title"] == "Give 5 workloads accounts of their own and take unused API tokens from 3 workloads"


def test_what_builds_make_of_a_workload_is_what_people_ask_about(repository: Path) -> None:
    """One command for each account that there is, by the names that the cluster knows."""
    git("rm", "-rq", ".")
    written = deployment("api", account="api").replace("  namespace: shop\n", "")
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: api\n---\n"
    fill(repository, {"base/web.yaml": deployment("web").replace("  namespace: shop\n", ""), "base/api.yaml": account + written})
    fill(repository, {"base/kustomization.yaml": "resources: [web.yaml, api.yaml]\n"})
    for team in ("pay", "ops"):
        fill(repository, {f"{team}/kustomization.yaml": f"namespace: {team}\nnamePrefix: {team}-\nresources: [../base]\n"})
    commit("built")
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", ".", "-q", "-o", plan])
    body = pr(plan)[1][0]["body"]
    before, after = body.split("### How to verify")[1].split("After the rollout")
    asked = re.compile(r"--as=system:serviceaccount:(\S+) -n (\S+)")
    assert set(asked.findall(before)) == {(f"{team}:{name}", team) for team in ("pay", "ops") for name in ("default", f"{team}-api")}
    assert set(asked.findall(after)) == {(f"{team}:{team}-{name}", team) for team in ("pay", "ops") for name in ("web", "api")}
    assert {f"kubectl get pods -n {team}" in after for team in ("pay", "ops")} == {True}
    assert '("default")' in body  # the graph has one node for it, whatever the namespace
    assert "pay/default" not in body.split("### How to verify")[0]


def test_a_way_back_is_not_told_as_a_way_on(repository: Path) -> None:
    invoke(["migrate", "--write", "-q", "."])
    commit("migrated")
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", "pay", "--recipe", "rollback", "-q", "-o", plan])
    (opened,) = pr(plan)[1]
    assert opened["title"] == "Return 14 workloads to the default account"
    assert "This takes back an earlier change: 14 workloads again on the default account." in opened["body"]
    assert "Tokens that were taken away come back: 0 tokens could be read before, 14 can be after." in opened["body"]


def test_a_pull_request_for_accounts(repository: Path) -> None:
    fill(repository, {"pay/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: default\n  namespace: pay\n"})
    invoke(["migrate", "--write", "-q", "."])
    commit("migrated")
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", ".", "--recipe", "harden-default", "-q", "-o", plan])
    (opened,) = pr(plan)[1]
    assert (opened["title"], opened["files"]) == ("Harden the API credentials of 1 object", ["pay/account.yaml"])
    assert "| `ServiceAccount pay/default` | `pay/account.yaml:1` |" in opened["body"]
    assert "How to roll back" not in opened["body"]


def test_a_large_graph_is_left_out(plan: str) -> None:
    assert "mermaid" not in pr(plan)[1][0]["body"]


def test_a_long_body_is_split_into_several_pull_requests(plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pullrequest, "LIMIT", 7_500)
    _, opened = pr(plan, "--by", "namespace")
    assert all(len(text) <= 7_500 for one in opened for text in [one["body"], *one["comments"]])
    parts = [one for one in opened if one["branch"].startswith("samigrate/namespace-pay-")]
    assert len(parts) > 1 and not any(one["comments"] for one in parts)
    assert sum(len(one["workloads"]) for one in opened) == 40


def test_what_cannot_be_split_goes_on_in_comments(plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ops share a binding, so they are one pull request: nothing that was to be said is lost."""
    whole = next(one for one in pr(plan, "--by", "namespace")[1] if one["branch"].endswith("-ops"))
    monkeypatch.setattr(pullrequest, "LIMIT", 6_000)
    monkeypatch.setattr(pullrequest, "ROWS", 5)
    ops = next(one for one in pr(plan, "--by", "namespace")[1] if one["branch"].endswith("-ops"))
    texts = [ops["body"], *ops["comments"]]
    assert len(texts) > 1 and all(len(text) <= 6_000 for text in texts)
    assert all("".join(texts).count(f"**`Deployment ops/{name}`**") == 1 for name in (f"w{n:02}" for n in range(2, 40, 3)))
    assert "**`Deployment ops/w02`**" in whole["body"]


@pytest.mark.parametrize(
    "text",
    ["@acme/store #12", "a | b", "`code`", "``", "<!-- x -->", "line\nbreak", "<script>", "\x1b[31m"],
)
def test_text_from_manifests_means_nothing(text: str) -> None:
    shown = code(text)
    run = re.match(r"`+", shown)
    assert run and shown.endswith(run[0])
    inside = shown[len(run[0]) : -len(run[0])]
    assert run[0] not in re.findall("`+", inside)
    assert not {"\n", "|", "\x1b"} & set(shown)


def test_names_in_commands_are_words_for_a_shell(repository: Path) -> None:
    fill(repository, {"odd.yaml": deployment("web", namespace='"$(touch /tmp/x); b"')})
    (repository / "ops/rbac.yaml").unlink()  # it may be for that namespace, once that is filled in
    commit("odd")
    plan = str(repository.parent / "plan.yaml")
    invoke(["plan", "odd.yaml", "-q", "-o", plan])
    body = pr(plan)[1][0]["body"]
    assert "-n '$(touch /tmp/x); b'" in body
    assert "-n $(" not in body


def test_the_markdown_report_of_an_audit(repository: Path) -> None:
    told = invoke(["audit", "pay/w00.yaml", "--format", "markdown"]).stdout.decode()
    assert "**1 of 1 workload in 1 file would change: tokens 1 → 0.** API use: 1 no sign of it." in told
    assert "| `Deployment pay/w00` | `pay/w00.yaml:1` | `default` → `w00` | 1 → 0 | no sign of it | L2 | `image nginx" in told


def test_it_needs_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bare").mkdir()
    monkeypatch.chdir(tmp_path / "bare")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    fill(tmp_path / "bare", {"web.yaml": deployment("web")})
    invoke(["plan", ".", "-q", "-o", "plan.yaml"])
    result, _ = pr("plan.yaml")
    assert result.exit == 2
    assert "not a git repository" in result.stderr
    assert os.listdir(tmp_path / "bare") == ["web.yaml", "plan.yaml"] or sorted(os.listdir(tmp_path / "bare")) == ["plan.yaml", "web.yaml"]


def test_the_plan_is_followed_once_for_all_branches(plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run, runs = pipeline.trace, []

    def counted(*arguments: Any, **named: Any) -> Any:
        runs.append(named)
        return run(*arguments, **named)

    monkeypatch.setattr(pipeline, "trace", counted)
    assert len(json.loads(invoke(["pr", plan, "--by", "folder"]).stdout)["pull_requests"]) == 3
    assert len(runs) == 2, "the plan made anew, to compare with, and followed"
