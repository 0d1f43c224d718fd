"""What a transform says in its file is all that the rest of samigrate knows of it."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from samigrate import transforms
from samigrate.plan import recipe
from tests.command import invoke
from tests.test_pr import git

TOP = Path(__file__).parent.parent.parent
OUTSIDE = '''\
"""Stop announcing the Services of the namespace to pods, in environment variables."""

from samigrate.domain.model import Operation, Proposal, Risk
from samigrate.transforms import Part, Phase, Sentence, Topic, Transform


def propose(work, state, options):
    workload, spec = work.workload, state.spec(work.workload)
    if spec.value.get("enableServiceLinks") is None:
        where = f"{workload.pod}/enableServiceLinks"
        operation = Operation(workload.resource.at, "add", where, False, None, ("serviceAccountName",), "Services are found by DNS")
        yield Proposal("service-links", (operation,), (), ((Risk.L2, "variables of Services are gone"),))


def describe(work, state, proposals):
    yield Sentence(Topic.OTHER, "Gets no variables of the Services around it.")


TRANSFORM = Transform(
    id="service-links",
    phase=Phase.PODS,
    summary="Stop announcing Services in environment variables.",
    why="Every Service of the namespace is announced to every container; hardly any program reads that.",
    rules=(),
    touches=("pod.enableServiceLinks",),
    propose=propose,
    describe=describe,
    parts={"service-links": Part(title="hide Services from {workloads}", why="{workloads} {get} fewer variables.")},
)
'''
RECIPE = "apiVersion: samigrate.dev/v1\nkind: Recipe\nname: links\nsummary: No links\ninclude: [least-privilege]\ntransforms:\n  service-links: {}\n"
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers: [{name: web, image: nginx}]
"""
PATCH = "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {enableServiceLinks: true}}}\n"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a transform of somebody else's, which is found there."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "service_links.py").write_text(OUTSIDE)
    (tmp_path / "links.yaml").write_text(RECIPE)
    monkeypatch.setattr(transforms, "__path__", [*transforms.__path__, str(tmp_path / "theirs")])
    transforms.discover.cache_clear()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    yield tmp_path / "work"
    monkeypatch.undo()
    transforms.discover.cache_clear()


def test_everything_knows_a_transform_from_outside(outside: Path) -> None:
    (outside / "web.yaml").write_text(WEB)
    arguments = ["--recipe", "../links.yaml", "."]
    told = invoke(["explain", "service-links"]).stdout.decode()
    assert "Writes: pod.enableServiceLinks" in told and "Runs after:" in told
    assert "service-links" in invoke(["explain"]).stdout.decode()
    assert "service-links" in invoke(["schema", "recipe"]).stdout.decode()
    audit = invoke(["audit", *arguments])
    assert "service-links" in audit.stdout.decode()
    planned = invoke(["plan", *arguments]).stdout
    assert "by: service-links" in planned.decode() and "Gets no variables of the Services around it." in planned.decode()
    (outside.parent / "plan.yaml").write_bytes(planned)
    git("init", "-q", "-b", "main")
    git("-c", "user.name=a", "-c", "user.email=a@example.com", "add", "-A")
    git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "first")
    [request] = json.loads(invoke(["pr", "../plan.yaml"]).stdout)["pull_requests"]
    assert "hide Services from 1 workload" in request["title"] and "1 workload gets fewer variables." in request["body"]
    assert invoke(["migrate", "--write", *arguments]).exit == 0
    [deployment] = [one for one in yaml.safe_load_all((outside / "web.yaml").read_text()) if one["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["enableServiceLinks"] is False
    assert deployment["metadata"]["annotations"]["samigrate.dev/reason"].endswith("Gets no variables of the Services around it.")
    assert invoke(["migrate", "--check", *arguments]).exit == 0


def test_an_overlay_that_patches_its_field_is_an_obstacle(outside: Path) -> None:
    for path, content in {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": WEB,
        "over/kustomization.yaml": f"resources: [../base]\npatches:\n{PATCH}",
    }.items():
        (outside / path).parent.mkdir(exist_ok=True)
        (outside / path).write_text(content)
    result = invoke(["migrate", "--write", "--recipe", "../links.yaml", "."])
    assert "over/kustomization.yaml patches its enableServiceLinks" in result.stderr
    text = (outside / "base/web.yaml").read_text()
    assert "enableServiceLinks" not in text and "automountServiceAccountToken: false" in text


# ---------------------------------------------------------------- no other module names one

KEYS_OF_FILES = {
    "kinds/__init__.py": {"automount", "annotate"},
    "plan/schema.py": {"automount"},
    "report/formats/json.py": {"automount"},
    "review/plan_file/planfile.py": {"automount"},
    "hosts/chart_notes.py": {"automount"},
    "helm/editing.py": {"automount"},
    "helm/value_keys.py": {"automount"},
    "report/formats/text.py": {"automount ", "automount"},
}
"""Words of files that are read or written, which happen to be names of transforms, too."""


def words() -> set[str]:
    """The ids of the transforms, and the names of their parts."""
    parts = set()
    for path in (TOP / "samigrate/transforms").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Proposal" and isinstance(node.args[0], ast.Constant):
                parts.add(str(node.args[0].value))
    return {*transforms.discover(), *parts - {"account", "subjects", "default"}}


def test_no_other_module_names_a_transform_or_a_part() -> None:
    """Neither do messages, but for what they tell people to type: `--recipe rollback`, or "adds the recipe scope-token"."""
    known = words()
    assert {"projected-token", "identity", "automount"} <= known
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(map(re.escape, known), key=len, reverse=True))})(?![\w-])")
    wrong = []
    for path in sorted((TOP / "samigrate").rglob("*.py")):
        name = path.relative_to(TOP / "samigrate").as_posix()
        if name.startswith("transforms/"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                text = re.sub(r"recipe \S+", "", node.value)
                if text in KEYS_OF_FILES.get(name, set()) or text in ("annotations", "identity", "alias", "record"):
                    continue  # fields of Kubernetes' objects, and words of other trades
                if name.startswith("cli/") and text in recipe.packaged():
                    continue
                if name.startswith("evidence/") and f'SOURCE = EvidenceSource("{text}"' in path.read_text(encoding="utf-8"):
                    continue  # a source of evidence of the same name
                if (" " not in text and pattern.fullmatch(text)) or any("-" in hit[0] for hit in pattern.finditer(text)):
                    wrong.append(f"{name}:{node.lineno}: {node.value[:60]!r}")
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- touches


def test_the_default_recipe_has_those_that_say_so() -> None:
    assert set(recipe.load([]).transforms) == {one.id for one in transforms.discover().values() if one.is_default}


CASES = [
    case
    for case in sorted((TOP / "golden").glob("*/case.yaml"))
    if (case.parent / "input").is_dir() and shlex.split(yaml.safe_load(case.read_text()).get("args", "migrate --write ."))[0] == "migrate"
]


def test_a_transform_writes_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all golden cases; each transform that is for workloads is seen to write something."""
    seen: dict[str, set[str]] = {}
    for number, case in enumerate(CASES):
        arguments = [
            one
            for one in shlex.split(yaml.safe_load(case.read_text()).get("args", "migrate --write ."))[1:]
            if one not in ("--write", "--check", "-q")
        ]
        if any(
            one.split("=")[0] in ("-", "--output", "--format", "--interactive", "--baseline", "-o", "--fix-baseline") for one in arguments
        ):
            continue
        shutil.copytree(case.parent / "input", tmp_path / str(number), symlinks=True)
        monkeypatch.chdir(tmp_path / str(number))
        result = invoke(["audit", "--format", "json", *arguments])
        for one in json.loads(result.stdout)["workloads"] if result.exit in (0, 1) and result.stdout else ():
            for operation in one["operations"]:
                seen.setdefault(operation["transform"], set()).add(_field(one, operation))
    every = transforms.discover()
    for id_, transform in every.items():
        (tmp_path / id_).mkdir()
        monkeypatch.chdir(tmp_path / id_)
        Path("example.yaml").write_text(transform.example[0])
        chosen = "{projected-token: {}, dedicated-account: {}, " * (id_ in ("annotate", "account-alias")) or "{"
        Path("samigrate.yaml").write_text("apiVersion: samigrate.dev/v1\nkind: Config\nassume-complete-input: true\n")
        Path("recipe.yaml").write_text(
            RECIPE.replace("include: [least-privilege]\n", "").replace("\n  service-links: {}", f" {chosen}{id_}: {{}}}}")
        )
        report = json.loads(
            invoke(
                [
                    "audit",
                    "--format",
                    "json",
                    "--recipe",
                    "./recipe.yaml",
                    *(["--record", "checkov"] if id_ == "record-optouts" else []),
                    ".",
                ]
            ).stdout
        )
        for one in [*report["workloads"], *report["objects"]]:
            for operation in one["operations"]:
                seen.setdefault(operation["transform"], set()).add(_field(one, operation))
    assert set(every) == set(seen)
    for id_, fields in seen.items():
        assert fields <= set(every[id_].touches), id_


def _field(workload: dict[str, object], operation: dict[str, object]) -> str:
    """In the words of `touches`."""
    pointer, pod = str(operation["pointer"]), str(workload.get("pod", "")) + "/"
    if not pointer or pointer == "/resources/-":  # the account, or its new file in a kustomization
        return "ServiceAccount"
    if pod != "/" and pointer.startswith(pod):
        return "pod." + pointer.removeprefix(pod).split("/")[0]
    first = pointer.split("/")[1]
    if first == "subjects" or first == "automountServiceAccountToken":
        return {"subjects": "RoleBinding", "automountServiceAccountToken": "ServiceAccount"}[first] + "." + first
    return ".".join(pointer.split("/")[1:3])
