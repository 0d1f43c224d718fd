"""Charts in plans and pull requests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from samigrate.helm.versions import raised
from tests.command import invoke
from tests.helm.charts import CONTAINERS, POD, chart
from tests.helm.test_charts import changes, write
from tests.helm.test_releases import FLUX, WEB

META = "apiVersion: v2\nname: web # ours\nversion: 0.1.0 # of the chart\n"
TWO = {
    **{f"charts/web/{path}": text for path, text in (chart(POD + CONTAINERS) | {"Chart.yaml": META}).items()},
    "apps/web.yaml": FLUX % "",
    "apps/plain.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: plain}\nspec:\n  containers: [{name: a, image: nginx}]\n",
}
PLAN = ["plan", "--charts", "--chart", "web=../elsewhere/web", ".", "-o", "plan.yaml"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm4: str) -> Path:
    write(tmp_path / "elsewhere/web", WEB)
    write(tmp_path / "repo", TWO)
    monkeypatch.chdir(tmp_path / "repo")
    for arguments in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"]):
        subprocess.run(["git", *arguments], check=True)
    return tmp_path / "repo"


def files(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in paths}


def entries(plan: str = "plan.yaml") -> dict[str, dict[str, object]]:
    return {each["workload"]: each for each in yaml.safe_load(Path(plan).read_text())["workloads"]}


def test_a_plan_is_what_a_migration_does(repository: Path) -> None:
    result = invoke(PLAN)
    assert result.exit == 0, result.stderr
    planned = entries()
    assert planned["Chart web"]["edits"] == {"charts/web/templates/deployment.yaml": ["+      automountServiceAccountToken: false"]}
    assert planned["Chart web"]["bump"] == "patch" and planned["Chart web"]["tokens"] == {"before": 1, "after": 0}
    assert planned["HelmRelease web"]["edits"] == {
        "apps/web.yaml": ["+  values:", "+    pod:", "+      automountServiceAccountToken: false"]
    }
    before = files(repository)
    assert invoke(["migrate", "--charts", "--chart", "web=../elsewhere/web", "--write", "."]).exit == 0
    migrated = files(repository)
    write(repository, before)
    applied = invoke(["apply", "plan.yaml"])
    assert applied.exit == 0 and "Applied 3 of 3 entries to 3 files." in applied.stderr
    assert changes(migrated, files(repository)) == {}
    again = invoke(["apply", "plan.yaml"])
    assert again.exit == 0 and "3 done before" in again.stderr


def test_what_is_taken_out_stays_as_it_is(repository: Path) -> None:
    invoke(PLAN)
    plan = yaml.safe_load(Path("plan.yaml").read_text())
    plan["workloads"] = [each for each in plan["workloads"] if each["workload"] != "Chart web"]
    next(each for each in plan["workloads"] if each["workload"] == "HelmRelease web")["skip"] = "not now"
    Path("plan.yaml").write_text(yaml.safe_dump(plan))
    before = files(repository)
    result = invoke(["apply", "plan.yaml"])
    assert result.exit == 0, result.stderr
    assert set(changes(before, files(repository))) == {"apps/plain.yaml"}


def test_lines_that_a_fresh_run_would_not_write_are_refused(repository: Path) -> None:
    """A plan may come from anywhere."""
    invoke(PLAN)
    Path("plan.yaml").write_text(
        Path("plan.yaml").read_text().replace('"+      automountServiceAccountToken: false"', '"+      hostNetwork: true"')
    )
    before = files(repository)
    result = invoke(["apply", "plan.yaml"])
    assert result.exit == 2 and "Chart web: other lines would be edited now; make the plan anew" in result.stderr
    assert not any(path.startswith("charts/") for path in changes(before, files(repository)))


def test_a_chart_that_needs_the_token_by_now_is_refused(repository: Path) -> None:
    invoke(PLAN)
    write(repository, {"charts/web/templates/deployment.yaml": POD + CONTAINERS.replace("nginx", "bitnami/kubectl")})
    result = invoke(["apply", "plan.yaml"])
    assert result.exit == 2 and "Chart web: other lines would be edited now" in result.stderr


def test_a_pull_request_raises_the_version(repository: Path) -> None:
    invoke(PLAN)
    result = invoke(["pr", "plan.yaml"])
    assert result.exit == 0, result.stderr
    [opened] = json.loads(result.stdout)["pull_requests"]
    assert "charts/web/Chart.yaml" in opened["files"]
    shown = subprocess.run(["git", "diff", "--unified=0", "HEAD", opened["branch"], "--", "charts"], capture_output=True, check=True).stdout
    lines = [line for line in shown.decode().splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == [
        "-version: 0.1.0 # of the chart",
        "+version: 0.1.1 # of the chart",
        "+      automountServiceAccountToken: false",
    ]
    body = opened["body"]
    assert "### Charts\n\nHelm has rendered each chart before and after its edit" in body
    assert "Its patch version is raised." in body and "| `Chart web` |" in body
    assert "Nothing to open" in invoke(["pr", "plan.yaml", "--base", opened["branch"], "--branch-prefix", "other/"]).stderr


def test_a_chart_whose_parent_pins_its_version_is_not_raised(repository: Path) -> None:
    parent = "apiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:\n- {name: web, version: 0.1.0, repository: 'file://../web'}\n"
    write(repository, {"charts/all/Chart.yaml": parent, "charts/all/values.yaml": ""})
    invoke(PLAN)
    assert entries()["Chart web"]["bump"] == "none"
    assert "charts/all/Chart.yaml depends on version 0.1.0 of it: raise both together" in str(entries()["Chart web"]["notes"])


def test_the_config_says_what_is_raised(repository: Path) -> None:
    write(repository, {"samigrate.yaml": "apiVersion: samigrate.dev/v1\nkind: Config\ncharts: [{path: charts/web, bump: minor}]\n"})
    invoke(PLAN)
    assert entries()["Chart web"]["bump"] == "minor"


def test_what_is_left_to_people_is_said(repository: Path) -> None:
    write(repository, {"charts/web/tests/__snapshot__/web_test.yaml.snap": "", "charts/web/README.md": "# web\n"})
    write(repository, {f"charts/web/{path}": WEB[path] for path in ("values.yaml", "templates/deployment.yaml")})
    invoke(PLAN)
    notes = str(entries()["Chart web"]["notes"])
    assert "look at the table of values in its README" in notes and "helm unittest --update-snapshot" in notes


CHANGES = "annotations:\n  artifacthub.io/changes: |\n    - kind: added\n      description: More\n    - kind: fixed\n  other: x\n"


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        pytest.param("version: 1.2.3\n", "patch", "version: 1.2.4\n", id="patch"),
        pytest.param("version: 1.2.3\n", "minor", "version: 1.3.0\n", id="minor"),
        pytest.param('version: "v1.2.3" # x\n', "major", 'version: "v2.0.0" # x\n', id="major"),
        pytest.param("version: 1.2.3-rc.1\n", "patch", "version: 1.2.3-rc.1\n", id="a pre-release"),
        pytest.param("name: x\n", "patch", "name: x\n", id="none"),
        pytest.param(
            "version: 1.2.3\n" + CHANGES,
            "patch",
            "version: 1.2.4\nannotations:\n  artifacthub.io/changes: |\n    - kind: changed\n      description: Less\n  other: x\n",
            id="a list of changes",
        ),
        pytest.param(
            ("version: 1.2.3\n" + CHANGES[: CHANGES.index("  other")].rstrip("\n")).replace("\n", "\r\n"),
            "patch",
            "version: 1.2.4\r\nannotations:\r\n  artifacthub.io/changes: |\r\n    - kind: changed\r\n      description: Less",
            id="at the end, without a break",
        ),
        pytest.param(
            'version: 1.2.3\nannotations: {artifacthub.io/changes: "- kind: added"}\n',
            "patch",
            'version: 1.2.4\nannotations: {artifacthub.io/changes: "- kind: added"}\n',
            id="a list in quotes",
        ),
    ],
)
def test_versions(text: str, part: str, expected: str) -> None:
    assert raised(text, part, "Less") == expected
