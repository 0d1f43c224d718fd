"""`harden-default` sets `default` to mount nothing once nothing runs as it (R-G21, R-A21)."""

from __future__ import annotations

import pytest

from tests.stream import Run, migrate
from tests.transforms.manifests import account, deployment, stream

RUNS_AS_WEB = stream(account("web"), deployment("serviceAccountName: web"))
FIELD = "automountServiceAccountToken"


def hardened(text: str) -> Run:
    return migrate(text, recipes=("harden-default",))


def test_default_mounts_nothing() -> None:
    run = hardened(stream(account("default", more="imagePullSecrets:\n- name: registry\n"), RUNS_AS_WEB))
    assert run.after.startswith(account("default", more="imagePullSecrets:\n- name: registry\nautomountServiceAccountToken: false\n"))


def test_an_explicit_true_is_replaced() -> None:
    run = hardened(stream(account("default", more=f"{FIELD}: true # for now\n"), RUNS_AS_WEB))
    assert f"{FIELD}: false # for now\n" in run.after


@pytest.mark.parametrize(
    "user",
    [
        pytest.param(deployment(), id="by default"),
        pytest.param(deployment("serviceAccountName: default"), id="by name"),
        pytest.param(deployment(f"{FIELD}: true"), id="that asks for its token"),
        pytest.param(deployment(namespace=""), id="maybe, its namespace being unknown"),
        pytest.param(
            "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: r, namespace: shop}\nspec: {pod: {containers: [{name: a, image: b}]}}\n",
            id="of a kind that nobody knows",
        ),
    ],
)
def test_default_stays_while_something_runs_as_it(user: str) -> None:
    run = hardened(stream(account("default"), user))
    assert run.is_untouched
    assert "run" in run.finding("default-in-use").message


def test_the_other_namespaces_do_not_count() -> None:
    run = hardened(stream(account("default"), RUNS_AS_WEB, deployment(namespace="ops", name="job")))
    assert run.account("default")[FIELD] is False
    assert "ops" in run.finding("default-in-use").message


def test_where_default_has_no_manifest_the_command_is_given_once() -> None:
    run = hardened(stream(RUNS_AS_WEB, deployment("serviceAccountName: web", name="api")))
    assert run.is_untouched
    (finding,) = [one for one in run.outcome.findings if one.id == "default-not-here"]
    assert finding.action == "kubectl patch serviceaccount default -n shop -p '{\"automountServiceAccountToken\": false}'"


def test_what_an_unseen_release_runs_may_need_the_token() -> None:
    release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: more, namespace: shop}\n"
    run = hardened(stream(account("default"), release, RUNS_AS_WEB))
    assert run.is_untouched
    assert "HelmRelease" in run.finding("above-max-risk").message


def test_a_second_run_has_nothing_to_do() -> None:
    once = hardened(stream(account("default"), RUNS_AS_WEB)).after
    assert hardened(once).is_untouched
