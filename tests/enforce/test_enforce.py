"""`samigrate enforce`: what is on the lists, what is written, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate import enforce, pipeline
from samigrate.base.errors import InputError
from samigrate.cli.options import Options
from samigrate.cli.running import find_recipes, find_roots
from samigrate.enforce import lists
from samigrate.enforce.rules import RULES, load
from tests.command import invoke
from tests.enforce.engines import cel_policies
from tests.support.admission import admit

HERE = Path(__file__).parents[2]
WEB = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {spec: {containers: [{name: a, image: nginx}]}}}\n"
NEEDY = WEB.replace(
    "name: web, namespace: shop", "name: needy, namespace: shop, annotations: {samigrate.dev/api-access: required}"
).replace("spec: {containers", "spec: {serviceAccountName: needy, containers")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "web.yaml").write_text(WEB + "---\n" + NEEDY)
    return tmp_path


def objects(text: bytes | str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(value["kind"], value["metadata"]["name"]): value for value in yaml.safe_load_all(text)}


def read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# ---------------------------------------------------------------- nothing that the manifests declare is refused


def cases() -> Iterator[Path]:
    yield HERE / "examples/shop"
    yield from sorted(path for path in (HERE / "golden").glob("*/input") if any(path.rglob("*.yaml")))


@pytest.mark.parametrize("case", list(cases()), ids=lambda path: path.parent.name)
def test_nothing_that_the_manifests_declare_is_refused(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every workload, as it is after the migration, gets through each policy: in its place, as admission makes its pods."""
    monkeypatch.chdir(case)
    try:
        roots = find_roots(Options((".",), no_context=True)).roots
    except InputError:
        return  # a config that is to be refused
    chosen = find_recipes(roots, Options((".",)))
    runs = [pipeline.trace(root, chosen[root.settings.recipes]) for root in roots]
    reports = [report for run in runs for report in run.outcome.workloads]
    needs = lists.needs(reports, runs)
    asked = enforce.Asked(tuple(load(rule) for rule in RULES), "deny", enforce.SYSTEM, enforce.HOME)
    policies = cel_policies(enforce.load("vap").render(asked, needs.lists))
    unknown = {(problem.path, problem.line) for problem in needs.problems}
    for report in reports:
        if (report.workload.resource.at.path, report.line) in unknown:
            continue
        places = [(one.namespace, one.account_after) for one in report.builds] or [(report.namespace, report.account_after)]
        for namespace, account in places:
            spec = {**admitted(report.spec_after.value, report.effective), "serviceAccountName": account}
            pod = {"kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
            said = {rule: policy.refusal(pod, namespace=namespace or "") for rule, policy in policies.items()}
            assert said == dict.fromkeys(RULES, ""), (report.workload.id, account)


def admitted(spec: Mapping[str, Any], automount: bool | None) -> dict[str, Any]:
    filled = {"containers": [], **spec}
    return admit(filled, automount)


# ---------------------------------------------------------------- what is written


def test_the_list_tells_why() -> None:
    found = objects(invoke(["enforce", "in"]).stdout)
    assert list(found["ConfigMap", "samigrate-token"]["data"]) == ["shop.needy"]
    assert found["ConfigMap", "samigrate-token"]["data"]["shop.needy"].startswith("Deployment needy (")
    assert found["ConfigMap", "samigrate-default-account"]["data"] == {}


@pytest.mark.parametrize("format_", enforce.names())
@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("warn", {"vap": ["Warn", "Audit"], "kyverno": ("Audit", True), "gatekeeper": "warn"}),
        ("audit", {"vap": ["Audit"], "kyverno": ("Audit", False), "gatekeeper": "dryrun"}),
        ("deny", {"vap": ["Deny"], "kyverno": ("Enforce", False), "gatekeeper": "deny"}),
    ],
)
def test_actions(format_: str, action: str, words: dict[str, Any]) -> None:
    found = objects(invoke(["enforce", "in", "--format", format_, "--action", action, "--exclude-namespace", "calico-system"]).stdout)
    excluded = ["calico-system", "kube-node-lease", "kube-public", "kube-system"]
    for rule in RULES:
        if format_ == "vap":
            policy, binding = (
                found[kind, f"samigrate-{rule}"]["spec"] for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
            )
            assert binding["validationActions"] == words["vap"]
            assert binding["matchResources"]["namespaceSelector"]["matchExpressions"][0]["values"] == excluded
            # A list that is missing is an error of the configuration, which refuses even where the action is to warn.
            assert (policy["failurePolicy"], binding["paramRef"]["parameterNotFoundAction"]) == (
                ("Fail", "Deny") if action == "deny" else ("Ignore", "Allow")
            )
        elif format_ == "kyverno":
            spec = found["ClusterPolicy", f"samigrate-{rule}"]["spec"]
            assert (spec["rules"][0]["validate"]["failureAction"], spec["emitWarning"]) == words["kyverno"]
            assert spec["rules"][0]["exclude"]["any"][0]["resources"]["namespaces"] == excluded
        else:
            spec = next(value["spec"] for (kind, name), value in found.items() if name == f"samigrate-{rule}")
            assert spec["enforcementAction"] == words["gatekeeper"]
            assert spec["match"]["excludedNamespaces"] == excluded


@pytest.mark.parametrize("format_", enforce.names())
def test_pods_are_judged_when_they_are_made_and_replica_sets_never(format_: str) -> None:
    found = objects(invoke(["enforce", "in", "--format", format_, "--rule", "token"]).stdout)
    assert "replicaset" not in str([value["spec"] for value in found.values() if "spec" in value]).lower()
    if format_ == "vap":
        rules = found["ValidatingAdmissionPolicy", "samigrate-token"]["spec"]["matchConstraints"]["resourceRules"]
        assert {resource: rule["operations"] for rule in rules for resource in rule["resources"]}["pods"] == ["CREATE"]
    if format_ == "kyverno":
        policy = found["ClusterPolicy", "samigrate-token"]
        assert policy["metadata"]["annotations"]["pod-policies.kyverno.io/autogen-controllers"] == "none"


@pytest.mark.parametrize("format_", enforce.names())
def test_again_is_the_same(format_: str, folder: Path) -> None:
    command = ["enforce", "in", "--format", format_, "-o", "policies"]
    assert invoke(command).exit == 0
    before = read(folder / "policies")
    assert invoke(command).exit == 0
    assert read(folder / "policies") == before
    assert objects(b"---\n".join(before.values())) == objects(invoke(["enforce", "in", "--format", format_]).stdout)


def test_policies_among_the_manifests_change_nothing(folder: Path) -> None:
    """They name accounts, and are about accounts; none of it is a use of one."""
    before = invoke(["migrate", "in"]).stdout
    for format_ in enforce.names():
        assert invoke(["enforce", "in", "--format", format_, "--action", "deny", "-o", f"in/{format_}"]).exit == 0
    assert invoke(["migrate", "in"]).stdout == before


def test_what_is_somebody_elses_is_kept(folder: Path) -> None:
    (folder / "policies").mkdir()
    (folder / "policies" / "samigrate-token.yaml").write_text("mine\n")
    done = invoke(["enforce", "in", "-o", "policies"])
    assert done.exit == 2
    assert "policies/samigrate-token.yaml: was not made by `samigrate enforce`" in done.stderr
    assert read(folder / "policies") == {"samigrate-token.yaml": b"mine\n"}


def test_files_of_an_earlier_run_are_named(folder: Path) -> None:
    invoke(["enforce", "in", "-o", "policies"])
    done = invoke(["enforce", "in", "-o", "policies", "--rule", "token"])
    assert "samigrate-default-account.yaml, samigrate-token-secret.yaml, too" in done.stderr


# ---------------------------------------------------------------- in doubt nothing


def test_without_a_namespace_nothing_can_be_listed(folder: Path) -> None:
    (folder / "in" / "web.yaml").write_text(NEEDY.replace(", namespace: shop", ""))
    done = invoke(["enforce", "in", "-o", "policies"])
    assert (done.exit, done.stdout, (folder / "policies").exists()) == (2, b"", False)
    assert "in/web.yaml:1: Deployment needy must be on the list of the rule token, and its namespace is not stated" in done.stderr
    assert invoke(["enforce", "in", "--namespace", "shop"]).exit == 0


def test_what_cannot_be_read_may_need_a_token(folder: Path) -> None:
    (folder / "in" / "bad.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nspec: [\n")
    done = invoke(["enforce", "in"])
    assert (done.exit, done.stdout) == (2, b"")


def test_what_stays_on_default_is_let_pass_and_said(folder: Path) -> None:
    ignored = WEB.replace("namespace: shop}", "namespace: shop, annotations: {samigrate.dev/ignore: all}}")
    (folder / "in" / "web.yaml").write_text(ignored)
    done = invoke(["enforce", "in"])
    assert objects(done.stdout)["ConfigMap", "samigrate-default-account"]["data"] == {"shop": "Deployment web runs as it"}
    assert "default-account: shop/default: Deployment web runs as it" in done.stderr


def test_hostile_names_stay_text(folder: Path) -> None:
    name = 'name: "we\\"b: {x}\\e[31m\\n# no"'
    (folder / "in" / "web.yaml").write_text(
        NEEDY.replace("name: needy", name).replace("serviceAccountName: needy", "serviceAccountName: ok")
    )
    done = invoke(["enforce", "in"])
    entries = objects(done.stdout)["ConfigMap", "samigrate-token"]["data"]
    assert entries["shop.ok"].startswith('Deployment we"b: {x}\\x1b[31m # no (required): ')
    assert b"\x1b" not in done.stdout
    assert "\x1b" not in done.stderr


def test_a_stream_and_an_unknown_format(folder: Path) -> None:
    assert objects(invoke(["enforce", "-"], stdin=NEEDY.encode()).stdout)["ConfigMap", "samigrate-token"]["data"].keys() == {"shop.needy"}
    assert "'opa' is not one of gatekeeper, kyverno, vap" in invoke(["enforce", "in", "--format", "opa"]).stderr
    assert invoke(["enforce", "in", "--exclude-namespace", "Kube_System"]).exit == 2


@pytest.mark.parametrize("content", [b"", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"])
def test_lists_of_nothing_are_not_made(folder: Path, content: bytes) -> None:
    """They would refuse every token in the cluster."""
    done = invoke(["enforce", "-"], stdin=content)
    assert (done.exit, done.stdout) == (2, b"")
    assert "no workload in PATH" in done.stderr
    (folder / "empty").mkdir()
    assert invoke(["enforce", "empty"]).exit == 2
