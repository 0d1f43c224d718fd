"""Source code as evidence: what each language's files say, which image they speak of, and what the verdict makes of it."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from samigrate.base.errors import InputError
from samigrate.domain.model import Level, Strength
from samigrate.settings import evidence_files
from samigrate.settings.config import Settings, load_config
from samigrate.settings.evidence_files import Item, Known
from samigrate.sources import code, facts, scan, ties
from tests.command import invoke
from tests.evidence.scene import container, verdict

STRONG, WEAK = Strength.STRONG, Strength.WEAK
GOLDEN = Path(__file__).parent.parent / "golden"


def said(path: str, text: str) -> list[tuple[int, Strength]]:
    """(line, strength) of what a file says."""
    found = [one for one in code.read(path, text.encode(), facts()) if isinstance(one, code.Find)]
    return [(one.line, one.strength) for one in found]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        pytest.param("go.mod", "module x\nrequire k8s.io/client-go v0.31.0\n", [(2, STRONG)], id="go: a requirement on one line"),
        pytest.param("go.mod", "require (\n\tk8s.io/client-go v0 // indirect\n)\n", [(2, WEAK)], id="go: of another package only"),
        pytest.param("go.mod", "require (\n\tk8s.io/api v0\n)\n", [(2, WEAK)], id="go: types without a client"),
        pytest.param("go.mod", "// require k8s.io/client-go v0\n", [], id="go: a comment"),
        pytest.param("package.json", '{\n"dependencies": {\n"@kubernetes/client-node": "1"}}', [(3, STRONG)], id="npm"),
        pytest.param("package.json", '{"devDependencies": {"@kubernetes/client-node": "1"}}', [(1, WEAK)], id="npm: development only"),
        pytest.param("yarn.lock", '"@kubernetes/client-node@^1":\n  version "1"\n', [(1, WEAK)], id="yarn lock"),
        pytest.param("pnpm-lock.yaml", "packages:\n  '@kubernetes/client-node@1':\n", [(2, WEAK)], id="pnpm lock"),
        pytest.param("build.gradle", "testImplementation 'io.fabric8:kubernetes-server-mock:6'\n", [], id="gradle: another package"),
        pytest.param("build.gradle", "dependencies {\n implementation 'io.fabric8:kubernetes-client:6'\n}", [(2, STRONG)], id="gradle"),
        pytest.param("build.gradle.kts", 'testImplementation("io.kubernetes:client-java:1")\n', [(1, WEAK)], id="gradle: tests"),
        pytest.param(
            "gradle/libs.versions.toml",
            '[libraries]\nk = {module = "io.fabric8:kubernetes-client", version = "6"}\n',
            [(2, STRONG)],
            id="gradle: version catalogue",
        ),
        pytest.param("Cargo.toml", '[dependencies]\nserde = "1"\nkube = { version = "1" }\n', [(3, STRONG)], id="cargo"),
        pytest.param("Cargo.toml", '[dev-dependencies]\nkube = "1"\n', [(2, WEAK)], id="cargo: development only"),
        pytest.param("Cargo.toml", '[dependencies]\nk = { package = "kube" }\n', [(2, STRONG)], id="cargo: under another name"),
        pytest.param("Cargo.lock", '[[package]]\nname = "kube-client"\n', [(2, WEAK)], id="cargo lock"),
        pytest.param("Gemfile", "gem 'kubeclient', '~> 4'\n", [(1, STRONG)], id="gem"),
        pytest.param("Gemfile", "group :test do\n  gem 'kubeclient'\nend\ngem 'rails'\n", [(2, WEAK)], id="gem: of a test group"),
        pytest.param(
            "Api.csproj",
            '<Project>\n<ItemGroup><PackageReference Include="KubernetesClient"/></ItemGroup></Project>',
            [(2, STRONG)],
            id="nuget",
        ),
        pytest.param("mix.exs", 'defp deps, do: [\n  {:k8s, "~> 2.0"}\n]', [(2, STRONG)], id="hex"),
        pytest.param(
            "requirements.txt", "flask\nkubernetes_asyncio[x]>=30 ; python_version > '3'\n", [(2, STRONG)], id="pypi: other spelling"
        ),
        pytest.param("requirements-dev.txt", "kubernetes\n", [(1, WEAK)], id="pypi: development only"),
        pytest.param("requirements.txt", "# kubernetes\nkubernetes-validate\n", [], id="pypi: a comment, and another package"),
        pytest.param("pyproject.toml", '[project]\ndependencies = [\n  "kopf>=1.37",\n]\n', [(3, STRONG)], id="pyproject"),
        pytest.param("pyproject.toml", '[tool.poetry.group.dev.dependencies]\nkubernetes = "^30"\n', [(2, WEAK)], id="poetry: development"),
        pytest.param("poetry.lock", '[[package]]\nname = "kubernetes"\nversion = "30"\n', [(2, WEAK)], id="poetry lock"),
        pytest.param("a.go", "cfg, err := rest.InClusterConfig()\n", [(1, STRONG)], id="go: loads the pod's credentials"),
        pytest.param("a.go", "// rest.InClusterConfig()\n", [], id="go: in a comment"),
        pytest.param("a_test.go", "cfg, err := rest.InClusterConfig()\n", [(1, WEAK)], id="go: in a test"),
        pytest.param("a.rb", 'File.read("/var/run/secrets/kubernetes.io/serviceaccount/token")\n', [(1, STRONG)], id="the token's path"),
        pytest.param("a.sh", 'curl "https://kubernetes.default.svc/api"\n', [(1, STRONG)], id="the API's address"),
        pytest.param("a.sh", "kubectl get pods\n", [(1, STRONG)], id="kubectl in a script"),
        pytest.param("a.py", "import kopf\n", [(1, STRONG)], id="python: import"),
        pytest.param("a.py", "from kr8s.objects import Pod\n", [(1, STRONG)], id="python: from import"),
        pytest.param("a.py", "from .kubernetes import x\nimport kubernetesque\n", [], id="python: its own module, and a namesake"),
        pytest.param("a.py", '"""Uses kubernetes.default.svc."""\n# import kubernetes\n', [], id="python: docstring and comment"),
        pytest.param(
            "a.py", "def f():\n  return open('/var/run/secrets/kubernetes.io/serviceaccount/token')\n", [(2, STRONG)], id="python: path"
        ),
        pytest.param(
            "a.py", "import os\nif os.environ.get('KUBERNETES_SERVICE_HOST'): pass\n", [(2, WEAK)], id="python: asks where it runs"
        ),
        pytest.param("tests/test_a.py", "import kubernetes\n", [(1, WEAK)], id="python: in a test"),
        pytest.param(
            "a.py", "import typing as t\nif t.TYPE_CHECKING:\n  import kubernetes\n", [(3, WEAK)], id="python: for type checking only"
        ),
        pytest.param(
            "a.py",
            "from kubernetes import config as c\nf = c\nf.load_incluster_config()\nc.load_incluster_config()\n",
            [(1, STRONG), (4, STRONG)],
            id="python: a call under another name",
        ),
    ],
)
def test_files_say(path: str, text: str, expected: list[tuple[int, Strength]]) -> None:
    assert said(path, text) == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("package.json", "{", id="json"),
        pytest.param("pom.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><project>&a;</project>", id="xml that declares entities"),
        pytest.param("Cargo.toml", "[", id="toml"),
        pytest.param("package.json", '{"dependencies": []', id="json of another shape"),
        pytest.param("a.py", "import kubernetes\ndef", id="python"),
        pytest.param("a.py", "import kubernetes\nx = " + "(" * 5000 + ")" * 5000, id="python nested deeply enough to crash libcst"),
        pytest.param("a.py", "import kubernetes\nx = " + "-" * 5000 + "1", id="python with more signs than a stack holds"),
    ],
)
def test_what_cannot_be_read_is_said(path: str, text: str) -> None:
    found = list(code.read(path, text.encode(), facts()))
    assert len(found) == 1 and isinstance(found[0], code.UnreadSource) and found[0].reason


def found_ties(files: dict[str, str], declared: dict[str, str] | None = None) -> set[tuple[str, str, bool]]:
    found = ties.find(sorted(files), lambda path: files[path].encode(), declared or {}, "top")
    return {(tie.image, tie.folder, tie.is_sure) for tie in found}


@pytest.mark.parametrize(
    ("files", "declared", "expected"),
    [
        pytest.param({"svc/cart/Dockerfile": ""}, {}, {("cart", "svc/cart", False)}, id="a Dockerfile in a folder of that name"),
        pytest.param({"svc/cart/docker/Dockerfile": ""}, {}, {("cart", "svc/cart", False)}, id="a Dockerfile in docker/"),
        pytest.param({"Dockerfile": ""}, {}, {("top", ".", False)}, id="a Dockerfile at the top"),
        pytest.param({"b/cart.Dockerfile": ""}, {}, {("cart", "b", False)}, id="a Dockerfile that names the image"),
        pytest.param(
            {"d/compose.yaml": "services:\n  cart:\n    build: ../cart\n  db:\n    image: postgres\n"},
            {},
            {("cart", "cart", True)},
            id="compose: build, and an image that is only pulled",
        ),
        pytest.param(
            {
                "compose.yml": "services:\n  c:\n    image: x/cart:1\n    build: {context: ., dockerfile: cart/Dockerfile}\n",
                "cart/a.py": "",
            },
            {},
            {("x/cart:1", "cart", True)},
            id="compose: a Dockerfile below its context",
        ),
        pytest.param(
            {"skaffold.yaml": "apiVersion: skaffold/v4\nbuild: {artifacts: [{image: r/cart, context: c}]}\n", "c/Dockerfile": ""},
            {},
            {("r/cart", "c", True), ("c", "c", False)},
            id="skaffold",
        ),
        pytest.param({"cart/Dockerfile": ""}, {"cart": "other"}, {("cart", "other", True)}, id="the config has the last word"),
    ],
)
def test_ties(files: dict[str, str], declared: dict[str, str], expected: set[tuple[str, str, bool]]) -> None:
    assert found_ties(files, declared) == expected


SKAFFOLD = "apiVersion: skaffold/v4beta11\nbuild: {{artifacts: [{{image: r/cart, {build}}}]}}\n"
CLIENT = "package main\nfunc main() { rest.InClusterConfig() }\n"
KUBECTL = "#!/bin/sh\nkubectl get pods\n"


def strengths(files: dict[str, str]) -> set[Strength]:
    """What all ties of the files say together of the image r/cart or cart."""

    def read(path: str) -> bytes:
        return files[path].encode()

    tied = [tie for tie in ties.find(sorted(files), read, {}, "top") if tie.image.endswith("cart")]
    found, _ = scan.items(tied, sorted(files), read, facts(), ".")
    return {item.strength for item in found}


COUNTER = {Strength.COUNTER}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="jib: {project: svc/cart}"), "svc/cart/A.java": "", "extra/x.go": CLIENT}, COUNTER, id="jib: a path"),
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="jib: {project: ':cart'}"), "svc/cart/A.java": "", "x.go": CLIENT}, COUNTER, id="jib: a module"),
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="jib: {project: ':svc:cart'}"), "svc/cart/A.java": "", "x.go": CLIENT}, COUNTER, id="jib: gradle"),
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="jib: {project: svc/cart}"), "svc/cart/a.go": CLIENT}, {STRONG}, id="jib: the module's own"),
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="jib: {}"), "svc/cart/a.go": CLIENT}, {STRONG}, id="jib: all of it"),
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="bazel: {target: '//svc/cart:image'}"), "svc/cart/a.go": "", "x/a.go": CLIENT}, COUNTER, id="bazel"),
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="ko: {main: ./cmd/cart}"), "cmd/cart/a.go": "", "cmd/b/a.go": CLIENT}, COUNTER, id="ko"),
        pytest.param({"skaffold.yaml": SKAFFOLD.format(build="jib: {project: gone}"), "a.go": CLIENT}, {STRONG}, id="a module that is not there"),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "FROM x\nCOPY src/cart /app\n", "src/cart/a.go": "", "src/b/a.go": CLIENT},
            COUNTER, id="a Dockerfile that copies one folder",
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY --chown=1:1 \\\n [\"src/cart\", \"/app\"]\n", "src/cart/a.go": CLIENT},
            {STRONG}, id="in another form",
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY src/*.go /app\n", "src/a.go": CLIENT}, {STRONG}, id="with a wildcard"
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY go.mod .\nCOPY . .\n", "src/b/a.go": CLIENT}, {STRONG}, id="that copies all"
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY $WHAT /app\n", "src/b/a.go": CLIENT}, {STRONG}, id="that is filled in later"
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY . .\nCMD [\"./app\"]\n", "a.go": "", "setup.sh": KUBECTL}, COUNTER,
            id="a script for people",
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY . .\nENTRYPOINT [\"./run.sh\"]\n", "run.sh": KUBECTL}, {STRONG},
            id="an entry point",
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY . .\nCMD ./run.sh\n", "run.sh": ". ./lib.sh\n", "lib.sh": KUBECTL}, {STRONG},
            id="what an entry point calls",
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY . .\n", "k8s/a.yaml": "command: [/app/run.sh]\n", "run.sh": KUBECTL}, {STRONG},
            id="what a manifest runs",
        ),
        pytest.param(
            {"skaffold.yaml": SKAFFOLD.format(build="context: ."), "Dockerfile": "COPY . .\n", ".github/workflows/a.yml": "run: ./ci.sh\n", "ci.sh": KUBECTL,
             "Makefile": "x: ; ./ci.sh\n"}, COUNTER, id="what CI and make run",
        ),
    ],
)  # fmt: skip
def test_what_is_in_an_image(files: dict[str, str], expected: set[Strength]) -> None:
    assert strengths(files) == expected


def items(files: dict[str, str], *tied: ties.Tie) -> list[Item]:
    found, _ = scan.items(tied, sorted(files), lambda path: files[path].encode(), facts(), ".")
    return found


CART = ties.Tie("cart", "cart", "skaffold.yaml", True)


def test_a_folder_built_into_another_image_is_not_counted_twice() -> None:
    outer = ties.Tie("all", ".", "skaffold.yaml", True)
    found = items({"cart/a.py": "import kopf\n", "main.py": "x = 1\n"}, CART, outer)
    assert {(dict(item.subject)["image"], item.strength) for item in found} == {("cart", STRONG), ("all", Strength.COUNTER)}


def test_a_kubeconfig_counts_less() -> None:
    found = items({"cart/a.py": "from kubernetes import config\nconfig.load_kube_config()\n"}, CART)
    assert {item.strength for item in found} == {WEAK}


def test_code_speaks_louder_than_dependencies() -> None:
    found = items({"cart/a.py": "x = 1\n", "cart/requirements.txt": "kubernetes\n"}, CART)
    assert [(item.path, item.strength) for item in found] == [("cart/requirements.txt", WEAK)]


@pytest.mark.parametrize(
    ("files", "tie"),
    [
        pytest.param({"cart/a.py": "x = 1\n"}, ties.Tie("cart", "cart", "cart/Dockerfile", False), id="a folder's name alone ties it"),
        pytest.param({"cart/a.py": "import kubernetes def"}, CART, id="a file could not be read"),
        pytest.param({"cart/logo.svg": "<svg/>"}, CART, id="there is no source"),
    ],
)
def test_absence_proves_nothing_where(files: dict[str, str], tie: ties.Tie) -> None:
    assert items(files, tie) == []


def settings(*found: Item) -> Settings:
    return Settings(evidence=Known(found))


def item(subject: dict[str, str], strength: Strength = STRONG) -> Item:
    return Item(tuple(sorted(subject.items())), strength, "because", "a.py", 3)


@pytest.mark.parametrize(
    ("subject", "level"),
    [
        pytest.param({"image": "example/app"}, Level.LIKELY, id="the image"),
        pytest.param({"image": "app"}, Level.LIKELY, id="the end of the image's path"),
        pytest.param({"image": "registry.example.com/example/app:7"}, Level.LIKELY, id="registry and tag do not count"),
        pytest.param({"image": "pp"}, Level.NONE, id="half a name"),
        pytest.param({"image": "other/app"}, Level.NONE, id="another image"),
        pytest.param({"kind": "Deployment", "namespace": "shop", "name": "web"}, Level.LIKELY, id="the workload"),
        pytest.param({"kind": "Deployment", "namespace": "other", "name": "web"}, Level.NONE, id="another namespace"),
        pytest.param({"account": "default", "namespace": "shop"}, Level.LIKELY, id="its account"),
    ],
)
def test_verdict_by_subject(subject: dict[str, str], level: Level) -> None:
    assert verdict(container(""), settings(item(subject))).level is level


def test_counter_evidence_cancels_a_hint_and_nothing_more() -> None:
    hint = container("env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]")
    counter = item({"image": "example/app"}, Strength.COUNTER)
    assert verdict(hint).level is Level.UNKNOWN
    assert verdict(hint, settings(counter)).level is Level.NONE
    assert verdict(container("command: [kubectl]"), settings(counter)).level is Level.LIKELY


def test_files_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = item({"image": "a"}), item({"image": "b"}, WEAK)
    (tmp_path / "1.json").write_text(evidence_files.render([two, one]))
    (tmp_path / "2.json").write_text(evidence_files.render([two]))
    result = invoke(["evidence", "merge", "1.json", "2.json"])
    assert result.exit == 0
    (tmp_path / "3.json").write_bytes(result.stdout)
    assert evidence_files.read("3.json") == (one, two)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "1: not readable as JSON", id="no JSON"),
        pytest.param("[]", "is no evidence file", id="another shape"),
        pytest.param('{"version": 2, "items": []}', "reads version 1", id="another version"),
        pytest.param('{"version": 1, "items": [{"subject": {"pod": "x"}}]}', "item 1: `subject`", id="an unknown subject"),
        pytest.param('{"version": 1, "items": [{"subject": {"image": "x"}, "strength": "sure"}]}', "`strength` must be", id="strength"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        evidence_files.read(str(path))


def test_config_names_folders_and_files(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(evidence_files.render([item({"image": "a"})]))
    config = tmp_path / "samigrate.yaml"
    config.write_text("apiVersion: samigrate.dev/v1\nkind: Config\nsource: {shop/cart: svc/cart}\nevidence: e.json\n")
    found = load_config(str(config))
    assert found.source == (("shop/cart", "svc/cart"),)
    assert found.evidence.items == (item({"image": "a"}),)


def test_the_sample_is_what_the_command_writes() -> None:
    """The evidence that the one golden case reads is what the other one writes."""
    written = GOLDEN / "source-becomes-evidence" / "expected" / "evidence.json"
    assert json.loads(written.read_bytes()) == json.loads((GOLDEN / "source-decides-the-verdict/input/evidence.json").read_bytes())


def test_the_documented_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table in docs/evidence-source.md tells the verdicts of the sample, without and with evidence."""
    page = (GOLDEN.parent / "docs" / "evidence-source.md").read_text()
    told = {name: verdicts for name, *verdicts in re.findall(r"^\| `(\w+)` \| [^|]+ \| (\w+) \| (\w+) \|", page, re.MULTILINE)}
    assert len(told) == 5
    shutil.copytree(GOLDEN / "source-decides-the-verdict" / "input", tmp_path / "sample")
    monkeypatch.chdir(tmp_path / "sample")
    for column, options in enumerate(([], ["--evidence", "evidence.json"])):
        report = json.loads(invoke(["audit", "k8s", "--format", "json", *options]).stdout)
        found = {one["resource"]["name"]: one["verdict"] for one in report["workloads"]}
        assert found == {name: verdicts[column] for name, verdicts in told.items()}


def test_libraries_are_well_formed() -> None:
    known = facts()
    assert {"kubernetes", "client-go", "fabric8", "client-node", "kube-rs"} <= {library.id for library in known.libraries}
    assert all(library.packages or library.modules for library in known.libraries)
    for word in code.words(known):
        assert code.may_say(b"x " + word, known)
    assert all(any(word in sign.word.encode() for word in code.words(known)) for sign in known.signs)


def test_the_sieve_is_fast() -> None:
    """What names no library is passed over at 100 MB/s and more (measured: docs/evidence-source.md); half of that here,
    for machines that do other things besides."""
    line = b"    value = self.registry.lookup(name, default=None)  # the usual way to find a thing\n"
    data, known = line * (20_000_000 // len(line)), facts()
    started = time.process_time()
    assert not list(code.read("a.py", data, known))
    assert len(data) / (time.process_time() - started) > 50_000_000
