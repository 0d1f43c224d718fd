"""Every policy says what the token table says, of every pod as admission leaves it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from samigrate import enforce
from samigrate.domain.model import PodSpec
from samigrate.domain.tokens import held
from samigrate.enforce.rules import RULES, load
from tests.enforce.engines import NAMESPACE, Cel, Rego, cel_policies, rego_policies
from tests.support.admission import PATH, TRISTATE, Pod, admit, owner, pods

ACCOUNTS = ("default", "own")
SECRETS = {"token-secret": {f"secret.{NAMESPACE}.app-token": "a token of the account app"}}
Policy = Cel | Rego


def files(format_: str, lists: Mapping[str, Mapping[str, str]], *, action: str = "deny") -> Mapping[str, str]:
    asked = enforce.Asked(tuple(load(rule, ["https://oidc.example.com/id/1"]) for rule in RULES), action, enforce.SYSTEM, enforce.HOME)
    return enforce.load(format_).render(asked, {rule: lists.get(rule, {}) for rule in RULES})


def policies(format_: str, lists: Mapping[str, Mapping[str, str]] = SECRETS) -> Mapping[str, Policy]:
    return rego_policies(files(format_, lists)) if format_ == "gatekeeper" else cel_policies(files(format_, lists))


class Row(NamedTuple):
    """What a person writes, what the account says, and what admission makes of it."""

    written: Pod
    account: str
    automount: bool | None
    admitted: Pod


def rows() -> Iterator[Row]:
    """Pods that admission lets in: an account that is not there is refused before any policy is asked (R-A3)."""
    for pod in pods():
        del pod["ephemeralContainers"]  # none can be made together with the pod (R-A13)
        for account in ACCOUNTS:
            for automount in TRISTATE:
                admitted = {**admit(pod, automount), "serviceAccountName": account, "serviceAccount": account}
                yield Row(pod if account == "default" else {**pod, "serviceAccountName": account}, account, automount, admitted)


def by_table(row: Row) -> dict[str, bool]:
    """Which rules the pod breaks, as our token table has it."""
    tokens = held(PodSpec(row.written), row.automount, owner)
    return {
        "default-account": PodSpec(row.written).account == "default",
        "token": any(token.audience is None and token.how in ("injected", "projected") for token in tokens),
        "token-secret": any(token.how in ("legacy", "env") for token in tokens),
    }


def as_pod(spec: Pod) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-x7k2p", "namespace": NAMESPACE}, "spec": spec}


def as_deployment(spec: Pod) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": spec}}}


def as_cron_job(spec: Pod) -> dict[str, Any]:
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "web"}, "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}  # fmt: skip


def judged(policies: Mapping[str, Policy]) -> Callable[[dict[str, Any]], dict[str, bool]]:
    """Asks each policy of an object; the same object is judged once."""
    known: dict[str, dict[str, bool]] = {}

    def ask(reviewed: dict[str, Any]) -> dict[str, bool]:
        key = json.dumps(reviewed, sort_keys=True)
        if key not in known:
            known[key] = {rule: bool(policy.refusal(reviewed)) for rule, policy in policies.items()}
        return known[key]

    return ask


@pytest.mark.parametrize("format_", ["vap", "gatekeeper"])
def test_every_row(format_: str) -> None:
    """Of the pods as they are admitted: no difference. Of templates: what is refused there is refused of their pods, too."""
    ask, checked, differences = judged(policies(format_)), 0, []
    for row in rows():
        of_pod = ask(as_pod(row.admitted))
        if of_pod != by_table(row):
            differences.append((row, of_pod))
        early = ask(as_deployment(row.written))
        assert all(of_pod[rule] for rule in RULES if early[rule]), row
        assert early["default-account"] == of_pod["default-account"]
        checked += 1
    assert (checked, differences) == (14 * 7 * 4 * len(TRISTATE) * len(TRISTATE) * len(ACCOUNTS), [])


def test_kyverno_holds_the_same_expressions() -> None:
    """So the matrix holds for it as well."""
    ours, theirs = (cel_policies(files(format_, SECRETS)) for format_ in ("vap", "kyverno"))
    pod = as_pod({"containers": [{"name": "a"}], "serviceAccountName": "default"})
    for rule in RULES:
        assert vars(ours[rule])["_variables"] == vars(theirs[rule])["_variables"]
        assert vars(ours[rule])["_conditions"] == vars(theirs[rule])["_conditions"]
        assert vars(ours[rule])["_validations"] == vars(theirs[rule])["_validations"]
        assert ours[rule].refusal(pod) == theirs[rule].refusal(pod)


TOKEN = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
MOUNTED = {"name": "a", "volumeMounts": [{"name": "t", "mountPath": PATH}]}
WITH_TOKEN = {"serviceAccountName": "web", "containers": [MOUNTED], "volumes": [TOKEN]}
BOTH = pytest.mark.parametrize("format_", ["vap", "gatekeeper"])


@BOTH
@pytest.mark.parametrize("make", [as_pod, as_deployment, as_cron_job])
def test_what_is_on_a_list_is_let_in(format_: str, make: Callable[[Pod], dict[str, Any]]) -> None:
    lists = {
        "default-account": {NAMESPACE: "why"},
        "token": {f"{NAMESPACE}.web": "why"},
        "token-secret": {**SECRETS["token-secret"], f"account.{NAMESPACE}.web": "why"},
    }
    legacy = {"name": "s", "secret": {"secretName": "app-token"}}
    mount = {"name": "s", "mountPath": "/s"}
    spec = {**WITH_TOKEN, "volumes": [TOKEN, legacy], "containers": [{**MOUNTED, "volumeMounts": [*MOUNTED["volumeMounts"], mount]}]}
    strict, lenient = judged(policies(format_)), judged(policies(format_, lists))
    assert strict(make(spec)) == {"default-account": False, "token": True, "token-secret": True}
    assert lenient(make(spec)) == dict.fromkeys(RULES, False)
    assert lenient(make({**spec, "serviceAccountName": "other"})) == {"default-account": False, "token": True, "token-secret": True}
    assert strict(make({"containers": [{"name": "a"}]}))["default-account"]
    assert not lenient(make({"containers": [{"name": "a"}]}))["default-account"]
    for rule in ("default-account", "token"):
        assert policies(format_, lists)[rule].refusal(make({**spec, "serviceAccountName": "default"}), namespace="elsewhere"), rule


@BOTH
def test_a_generated_name_is_that_of_a_token_secret(format_: str) -> None:
    def refusal(secret: str) -> str:
        variable = {"name": "T", "valueFrom": {"secretKeyRef": {"name": secret, "key": "token"}}}
        spec = {"serviceAccountName": "web", "containers": [{"name": "a", "env": [variable]}]}
        return policies(format_)["token-secret"].refusal(as_pod(spec))

    assert "ci-token-x7k2p" in refusal("ci-token-x7k2p")
    assert not any(refusal(name) for name in ("ci-token-abcde", "ci-token", "ci-token-x7k2p9", "passwords"))


@BOTH
@pytest.mark.parametrize(
    ("audience", "is_refused"),
    [("HTTPS://Kubernetes.default.svc:443", True), ("https://oidc.example.com/id/1", True), ("https://oidc.example.com/id/2", False), ("sts.amazonaws.com", False)],
)  # fmt: skip
def test_a_token_for_somebody_else_is_no_token_for_the_api(format_: str, audience: str, is_refused: bool) -> None:
    """R-E5; `…id/1` is one that the config declares. What AWS's webhook adds for a cloud role passes."""
    volume = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": audience}}]}}
    assert bool(policies(format_)["token"].refusal(as_pod({**WITH_TOKEN, "volumes": [volume]}))) is is_refused


@BOTH
@pytest.mark.parametrize("make", [as_deployment, as_cron_job])
def test_an_update_counts_where_it_makes_other_pods(format_: str, make: Callable[[Pod], dict[str, Any]]) -> None:
    """Scaling, a label, a finalizer that goes: what is there already must not be stuck."""
    old = make(WITH_TOKEN)
    scaled = copy.deepcopy(old)
    scaled["spec"]["replicas"] = 0
    scaled["metadata"]["finalizers"] = []
    restarted = make({**WITH_TOKEN, "containers": [{**MOUNTED, "image": "web:2"}]})
    policy = policies(format_)["token"]
    assert policy.refusal(old)
    assert not policy.refusal(scaled, old)
    assert policy.refusal(restarted, old)


@BOTH
def test_a_static_pod_is_not_judged(format_: str) -> None:
    """R-A14: its mirror has no account, and admission lets it have none."""
    mirror = as_pod({"containers": [{"name": "a"}]})
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "abc"}
    assert judged(policies(format_))(mirror) == dict.fromkeys(RULES, False)


def test_gatekeeper_is_asked_of_updates_and_deletions_too() -> None:
    """It has no operations to choose from: a pod that is there can be labelled and deleted, and its audit reports it."""
    policy = policies("gatekeeper")["token"]
    assert isinstance(policy, Rego)
    pod = as_pod(WITH_TOKEN)
    assert not policy.refusal(pod, pod)
    assert not policy.refusal(pod, operation="DELETE")
    assert policy.refusal(pod, operation=None)
