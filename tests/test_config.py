"""`samigrate.yaml`: what it says, and what is said of mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from samigrate.base import globs
from samigrate.base.errors import InputError
from samigrate.domain.model import Risk
from samigrate.settings.config import AccessDeclaration, Settings, default_namespace, load_config

HEAD = "apiVersion: samigrate.dev/v1\nkind: Config\n"


def load(folder: Path, text: str) -> Settings:
    (folder / "samigrate.yaml").write_text(HEAD + text)
    return load_config(str(folder / "samigrate.yaml"))


def test_every_key(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """\
recipe: [disable-automount, mine.yaml]
scopes: ["envs/*"]
namespaces: {"envs/prod/**": shop, "**": default}
exclude: [vendor]
prefix: example.com
account-name: "{name}-{kind}"
token-expiration: 7200
pull-secrets: {"*": [registry], shop: []}
api-access:
  - {kind: Deployment, name: web-*, access: none}
unknown: account
max-risk: L2
account-file: accounts.yaml
mesh: [istio]
""",
    )
    assert settings.recipes == ("disable-automount", str(tmp_path / "mine.yaml"))
    assert settings.scopes == ("envs/*",)
    assert settings.namespaces == (("envs/prod/**", "shop"), ("**", "default"))
    assert settings.exclude == ("vendor",)
    assert (settings.prefix, settings.account_name, settings.token_expiration) == ("example.com", "{name}-{kind}", 7200)
    assert settings.pull_secrets == {"*": ("registry",), "shop": ()}
    assert settings.api_access == (AccessDeclaration("Deployment", "*", "web-*", "none"),)
    assert (settings.unknown, settings.max_risk, settings.account_file, settings.mesh) == ("account", Risk.L2, "accounts.yaml", ("istio",))


def test_kinds_inline_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("- group: example.com\n  kind: Robot\n  pods: [spec.template.spec]\n")
    settings = load(tmp_path, "kinds:\n  - more.yaml\n  - {group: example.org, kind: Drone, pods: [spec.pod]}\n")
    assert [(rule.group, rule.kind, rule.pods) for rule in settings.kinds] == [
        ("example.com", "Robot", ("spec.template.spec",)),
        ("example.org", "Drone", ("spec.pod",)),
    ]


MISTAKES = [
    pytest.param("max_risk: L2\n", 3, "did you mean 'max-risk'", id="unknown key, a near one"),
    pytest.param("\n\nfoo: 1\n", 5, "unknown key 'foo'", id="unknown key on a later line"),
    pytest.param("max-risk: 2\n", 3, "one of L0, L1", id="wrong type"),
    pytest.param("scopes: envs/*\n", 3, "list of strings", id="string for a list"),
    pytest.param("scopes:\n  - envs\n  - 3\n", 5, "scopes.1 must be a string", id="the line of the entry"),
    pytest.param("api-audience: 1\n", 3, "api-audience must be", id="an audience that is no text"),
    pytest.param("token-expiration: 10\n", 3, "from 600", id="token that lives too short"),
    pytest.param("token-expiration: true\n", 3, "number of seconds", id="a bool is no number"),
    pytest.param("account-name: web\n", 3, "{name}", id="account name without a name"),
    pytest.param("account-name: '{name'\n", 3, "{name}", id="broken pattern"),
    pytest.param("prefix: apps.kubernetes.io\n", 3, "Kubernetes keeps", id="reserved prefix"),
    pytest.param("prefix: Big_Name\n", 3, "DNS name", id="prefix that is no DNS name"),
    pytest.param("api-access:\n  - {kind: A, access: none}\n  - {kindd: A}\n", 5, "did you mean 'kind'", id="key of a declaration"),
    pytest.param("api-access:\n  - {kind: A}\n", 4, "one of required, none", id="declaration without access"),
    pytest.param("account-file: a/b.yaml\n", 3, "without folders", id="account file elsewhere"),
    pytest.param("charts: {path: web}\n", 3, "charts must be a list of charts", id="charts that are no list"),
    pytest.param("charts:\n- {values: []}\n", 4, "must be a mapping with path", id="a chart without a path"),
    pytest.param("charts:\n- {path: web, value: []}\n", 4, "must be a mapping with path", id="a chart with an unknown key"),
    pytest.param("charts:\n- {path: web, values: [a.yaml]}\n", 4, "list", id="values that are no lists"),
    pytest.param("charts:\n- {path: web, style: best}\n", 4, "one of literal, value", id="a style that is not known"),
    pytest.param("python: 'yes'\n", 3, "python must be true or false", id="python that is no boolean"),
    pytest.param("mesh: []\nmesh: []\n", 4, "'mesh' is there twice", id="key twice"),
    pytest.param("mesh: [\n", 4, "", id="broken YAML"),
    pytest.param("kinds:\n  - {group: a}\n", 4, "", id="bad kind"),
    pytest.param("catalog:\n  image: []\n", 4, "did you mean 'images'", id="unknown section of the catalogue"),
    pytest.param("catalog:\n  env: []\n  images: [3]\n", 5, "catalog: ", id="bad entry of the catalogue"),
]


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES)
def test_mistakes_have_a_place(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(InputError) as raised:
        load(tmp_path, text)
    assert message in str(raised.value)
    assert f"samigrate.yaml:{line}" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "mapping"), (b"- a\n", "mapping"), (b"kind: Config\n", "apiVersion"), (HEAD[:29].encode(), "kind"), (b"a: \xff\n", "UTF-8")],
)
def test_what_is_no_config(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "samigrate.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_config(str(path))
    with pytest.raises(InputError, match="No such file"):
        load_config(str(tmp_path / "none.yaml"))


def test_default_namespace_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, 'namespaces: {"envs/*/db": data, "envs/prod/**": shop}\n')
    monkeypatch.chdir(tmp_path)
    assert default_namespace(settings, "envs/prod/db/a.yaml") == "data"
    assert default_namespace(settings, "envs/prod/web/a.yaml") == "shop"
    assert default_namespace(settings, "other/a.yaml") is None
    (tmp_path / "envs" / "prod").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "envs" / "prod")
    assert default_namespace(settings, "web/a.yaml") == "shop"
    assert default_namespace(Settings(namespace="given"), "a.yaml") == "given"


@pytest.mark.parametrize(
    ("glob", "path", "is_match"),
    [
        ("vendor", "a/vendor/b.yaml", True),
        ("*.gen.yaml", "a/b.gen.yaml", True),
        ("a/*.yaml", "a/b.yaml", True),
        ("a/*.yaml", "a/b/c.yaml", False),
        ("a/*.yaml", "x/a/b.yaml", False),
        ("a/**", "a/b/c.yaml", True),
        ("a/**/c.yaml", "a/c.yaml", True),
        ("**/c.yaml", "c.yaml", True),
        ("a/", "a/b.yaml", True),
        ("./a/b", "a/b/c.yaml", True),
        ("/a", "a/b.yaml", True),
        ("a", "ab.yaml", False),
        ("[ab].yaml", "b.yaml", True),
        ("[!ab].yaml", "b.yaml", False),
        ("a?c", "a/c", False),
        ("*", "a/b.yaml", True),
        (".*", "a/.git/b.yaml", True),
        ("a+b", "a+b/c.yaml", True),
    ],
)
def test_globs(glob: str, path: str, is_match: bool) -> None:
    assert globs.matches(glob, path) is is_match


def test_the_longest_match_is_the_scope() -> None:
    assert globs.matched("envs/*", "envs/prod/web/a.yaml") == "envs/prod"
    assert globs.matched("envs/**", "envs/prod/web/a.yaml") == "envs/prod/web/a.yaml"
    assert globs.matched("apps/*", "envs/prod/a.yaml") is None
