"""The rules of the layout, read from the source: layers, strangers, and one door for each library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import names

PACKAGE = Path(__file__).parent.parent / "samigrate"
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
LONGEST_MODULE, LONGEST_FUNCTION, LOOSE_MODULES, MOST_PARAMETERS = 400, 60, 6, 6
ORDER = (
    *(
        "base",
        "yamltext",
        "pytext",
        "gotext",
        "domain",
        "kinds",
        "catalog",
        "settings",
        "optouts",
        "files",
        "kustomize",
        "reading",
        "scope",
    ),
    *(
        "sources",
        "auditlog",
        "evidence",
        "facts",
        "transforms",
        "plan",
        "findings",
        "prove",
        "report",
        "pipeline",
        "review",
        "helm",
        "enforce",
        "hosts",
    ),
    *("api", "cli", "__main__"),
)
"""The packages, and the modules that stand beside them, each above all that it may import."""
CLI = ("samigrate.cli.main", "samigrate.cli")
DOORS = {
    "click": {name for name in MODULES if name.startswith("samigrate.cli.")},
    "ruamel": {"samigrate.yamltext.parse"},
    "deepdiff": {"samigrate.prove.checks"},
    "libcst": {name for name in MODULES if name.startswith("samigrate.pytext.")},
}
STRANGERS = ("samigrate.evidence", "samigrate.transforms", "samigrate.report.formats")
HOSTS = {*CLI, "samigrate.__main__", "samigrate.api", "samigrate.hosts"}


def imports(module: str) -> Iterator[str]:
    """Full names of what a module imports, wherever in it the import stands; names imported from a module count too."""
    is_package = MODULES[module].name == "__init__.py"
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: None if is_package and node.level == 1 else -node.level + is_package or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def test_modules_are_found() -> None:
    assert {"samigrate.cli.main", "samigrate.domain.model", "samigrate.report.formats.text"} <= MODULES.keys()
    assert "samigrate.domain.model" in set(imports("samigrate.report.formats.text"))


def test_yamltext_knows_nothing_of_samigrate() -> None:
    for module in MODULES:
        if is_in(module, "samigrate.yamltext"):
            outside = {name for name in imports(module) if is_in(name, "samigrate") and not is_in(name, "samigrate.yamltext")}
            assert not outside, f"{module} imports {outside}"
            assert '"kind"' not in MODULES[module].read_text(encoding="utf-8"), f"{module} speaks of `kind`"


@pytest.mark.parametrize("package", STRANGERS)
def test_strangers(package: str) -> None:
    """A part imports its package for the types it is made of, and no other part, of this or another kind. (A module
    whose name starts with an underscore is no part: parts of one package may share it.)"""
    for module in MODULES:
        if is_in(module, package) and module != package:
            for name in imports(module):
                is_shared = is_in(name, package + "._" + name.rpartition("._")[2])
                is_part = name in MODULES and name not in (package, module) and any(is_in(name, other) for other in STRANGERS)
                assert not is_part or is_shared, f"{module} imports {name}"


def test_verify_trusts_nobody_it_checks() -> None:
    forbidden = (
        "samigrate.transforms",
        "samigrate.yamltext.ops",
        "samigrate.yamltext.edit",
        "samigrate.plan.planner",
        "samigrate.plan.recipe",
    )
    for name in imports("samigrate.prove.checks"):
        assert not any(is_in(name, one) for one in forbidden), f"verify imports {name}"


@pytest.mark.parametrize("library", DOORS)
def test_one_door_for_each_library(library: str) -> None:
    users = {module for module in MODULES if any(is_in(name, library) for name in imports(module))}
    assert users <= DOORS[library]


def test_only_hosts_are_above_the_pipeline() -> None:
    """Nothing below imports who reads, writes, prints or exits."""
    for module in MODULES:
        if module != "samigrate" and not any(is_in(module, host) for host in HOSTS):
            above = [name for name in imports(module) if any(is_in(name, host) for host in HOSTS)]
            assert not above, f"{module} imports {above}"


def test_only_cli_prints_or_exits() -> None:
    for module, tree in TREES.items():
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not called & {"print", "exit", "input"}, module
        used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if module != "samigrate.__main__" and not any(is_in(module, one) for one in CLI):
            assert not used & {"sys.exit", "sys.stdout", "sys.stderr", "sys.stdin"}, module


def test_only_cli_catches_everything() -> None:
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                is_all = not caught or any(name in caught for name in ("Exception", "BaseException"))
                reraises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in node.body)
                assert not is_all or reraises or module == "samigrate.cli.main", f"{module}:{node.lineno} catches {caught or 'everything'}"


def test_no_clock_and_no_chance() -> None:
    """Same input, same bytes."""
    for module in MODULES:
        found = [name for name in imports(module) if name.split(".")[0] in ("time", "datetime", "random", "uuid", "secrets")]
        assert not found, f"{module} imports {found}"


@pytest.mark.parametrize("module", MODULES)
def test_modules_say_what_they_do(module: str) -> None:
    assert ast.get_docstring(TREES[module]) or not MODULES[module].read_text(encoding="utf-8").strip(), module


@pytest.mark.parametrize("module", MODULES)
def test_sizes(module: str) -> None:
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{module} has {lines} lines"
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{module}.{node.name} has {length} lines"


def test_the_page_names_every_module() -> None:
    """Of a package the page names the whole."""
    table = (PACKAGE.parent / "docs/architecture.md").read_text(encoding="utf-8").partition("| module |")[2]
    for path in PACKAGE.iterdir():
        if path.is_dir() and path.name != "__pycache__":
            assert f"`{path.name}/`" in table, path.name
        elif path.suffix == ".py" and path.stem.strip("_") == path.stem:
            assert f"`{path.stem}`" in table, path.name


def packages() -> dict[str, set[str]]:
    """What each package at the top, or module there, imports of the others: in functions and for types, too."""
    found: dict[str, set[str]] = {}
    for module in MODULES:
        for name in imports(module) if module != "samigrate" else ():
            user, used = _top(module), _top(name)
            if used and used != user and used != "__version__":
                found.setdefault(user, set()).add(used)
    return found


def _top(name: str) -> str:
    return name.split(".")[1] if name.startswith("samigrate.") else ""


def test_the_order_is_the_stated_one() -> None:
    """A package imports what stands before it in ORDER alone, in functions and for types, too: there are no circles."""
    place = {name: number for number, name in enumerate(ORDER)}
    assert place.keys() == {
        path.stem for path in PACKAGE.iterdir() if path.suffix in (".py", "") and path.stem not in ("__init__", "__pycache__")
    }
    wrong = {user: found for user, used in packages().items() if (found := sorted(one for one in used if place[one] >= place[user]))}
    assert not wrong, wrong


def test_few_modules_stand_loose() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= LOOSE_MODULES


def test_functions_take_few_parameters() -> None:
    """But for callbacks of the command line, which click hands every option."""
    many = {}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not (is_in(module, "samigrate.cli") and node.decorator_list):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                count = sum(argument.arg not in ("self", "cls") for argument in arguments)
                if count > MOST_PARAMETERS:
                    many[f"{module}.{node.name}"] = count
    assert not many


def test_names_say_what_they_hold() -> None:
    nothing, every = names.share()
    assert nothing < 0.02 * every, "python -m tests.support.names lists them"
