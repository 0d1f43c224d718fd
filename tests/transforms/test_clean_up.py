"""`clean-up` takes what earlier runs have left once nothing names it any more (R-G21, R-G3, R-D21, R-D33)."""

from __future__ import annotations

from typing import Any

import pytest

from samigrate.domain.model import Risk
from tests.stream import Run, migrate
from tests.transforms.manifests import account, binding, deployment, role, stream, token_secret

COMPLETE = {"assume_complete_input": True}
RUNS_AS_WEB = deployment("serviceAccountName: web")
WEB, OLD = account("web", made_for="web"), account("old", made_for="old")


def cleaned(text: str, **settings: Any) -> Run:
    return migrate(text, recipes=("clean-up",), settings=COMPLETE | settings)


def subjects(run: Run, name: str = "readers", kind: str = "RoleBinding") -> list[str]:
    return [one["name"] for one in run.object(kind, name).get("subjects", [])]


def test_an_account_of_ours_goes_with_its_subjects() -> None:
    run = cleaned(stream(WEB, RUNS_AS_WEB, OLD, role(), binding("shop/web", "shop/old")))
    assert run.accounts() == ["web"]
    assert subjects(run) == ["web"]


def test_the_rest_of_the_text_stays() -> None:
    text = stream("# Ours.\n\n" + WEB, OLD, RUNS_AS_WEB)
    assert cleaned(text).after == stream("# Ours.\n\n" + WEB, RUNS_AS_WEB)


def test_an_item_of_a_list_goes() -> None:
    items = "".join(f"- {one.replace(chr(10), chr(10) + '  ').rstrip()}\n" for one in (OLD, WEB, OLD.replace("old", "older"), RUNS_AS_WEB))
    run = cleaned("apiVersion: v1\nkind: List\nitems:\n" + items)
    assert [one["metadata"]["name"] for one in run.documents[0]["items"]] == ["web", "web"]


def test_default_loses_what_its_workloads_took_along() -> None:
    run = cleaned(stream(WEB, RUNS_AS_WEB, role(), binding("shop/default", "shop/web")))
    assert subjects(run) == ["web"]


def test_default_keeps_its_grant_where_the_input_may_not_be_all() -> None:
    """What runs as default in another repository would be cut off (R-D33)."""
    text = stream(WEB, RUNS_AS_WEB, role(), binding("shop/default", "shop/web"))
    run = cleaned(text, assume_complete_input=False)
    assert run.is_untouched
    assert "assume-complete-input" in run.finding("above-max-risk").message
    assert subjects(migrate(text, recipes=("clean-up",), risk=Risk.L4)) == ["web"]


def test_default_keeps_its_grant_where_something_unseen_is_released() -> None:
    release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: more, namespace: shop}\n"
    run = cleaned(stream(release, WEB, RUNS_AS_WEB, role(), binding("shop/default", "shop/web")))
    assert run.is_untouched
    assert "HelmRelease" in run.finding("above-max-risk").message


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param(deployment(name="api"), id="a workload runs as default"),
        pytest.param(deployment(name="api", namespace=""), id="a workload may be in the namespace"),
        pytest.param(token_secret("machine", "default"), id="a token Secret of default"),
        pytest.param(
            "apiVersion: example.com/v1\nkind: Runner\nmetadata: {name: r, namespace: shop}\n"
            "spec: {pod: {containers: [{name: a, image: b}]}}\n",
            id="a pod spec of a kind that nobody knows",
        ),
        pytest.param(
            "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: s, namespace: shop}\n"
            "spec: {provider: {vault: {auth: {kubernetes: {serviceAccountRef: {name: default}}}}}}\n",
            id="a controller acts as default (R-D21)",
        ),
    ],
)
def test_default_keeps_its_grant_while_anything_needs_it(holder: str) -> None:
    run = cleaned(stream(WEB, RUNS_AS_WEB, role(), binding("shop/default", "shop/web"), holder))
    assert run.is_untouched


def test_a_grant_to_default_that_no_run_has_added_to_is_not_ours() -> None:
    assert cleaned(stream(account("web"), RUNS_AS_WEB, role(), binding("shop/default", "shop/web"))).is_untouched


def test_default_of_another_namespace_is_another_account() -> None:
    run = cleaned(stream(WEB, RUNS_AS_WEB, deployment(namespace="ops"), role(), binding("shop/default", "ops/default", "shop/web")))
    assert subjects(run) == ["default", "web"]


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param(deployment("serviceAccountName: old", name="api"), id="a workload runs as it"),
        pytest.param(deployment("serviceAccountName: old", name="api", namespace=""), id="a workload may be in the namespace"),
        pytest.param(token_secret("machine", "old"), id="its token Secret would be deleted with it (R-B3)"),
        pytest.param(
            "apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultAuth\nmetadata: {name: v, namespace: shop}\n"
            "spec: {kubernetes: {role: r, serviceAccount: old}}\n",
            id="a controller acts as it (R-D21)",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n"
            "data: {policy: 'kubernetes system:serviceaccount:shop:old'}\n",
            id="an identity string names it (R-D1)",
        ),
    ],
)
def test_an_account_stays_while_anything_names_it(holder: str) -> None:
    run = cleaned(stream(OLD, holder, role(), binding("shop/old", "shop/web"), WEB, RUNS_AS_WEB))
    assert run.is_untouched


def test_accounts_of_others_stay() -> None:
    assert cleaned(stream(account("idle"), role(), binding("shop/idle"))).is_untouched


def test_a_binding_that_names_nobody_any_more_is_said() -> None:
    run = cleaned(stream(OLD, WEB, RUNS_AS_WEB, role(), binding("shop/old")))
    assert "subjects" not in run.object("RoleBinding", "readers")
    assert run.finding("empty-binding").action
    assert run.accounts() == ["web"]


def test_an_account_alone_in_its_text_is_left_to_people() -> None:
    run = cleaned(OLD)
    assert run.is_untouched
    assert "delete it" in run.finding("cannot-edit").message


def test_an_account_stays_while_a_user_name_grants_it_rights() -> None:
    named = binding("shop/web").replace(
        "kind: ServiceAccount\n  name: web\n  namespace: shop", "kind: User\n  name: system:serviceaccount:shop:old"
    )
    run = cleaned(stream(OLD, WEB, RUNS_AS_WEB, role(), named))
    assert run.is_untouched
    assert "readers" in run.finding("account-still-bound").message


def test_token_secrets_are_listed_and_never_removed() -> None:
    """Most are read from outside the cluster (R-B10)."""
    run = cleaned(
        stream(
            token_secret("idle", "web"),
            token_secret("used", "web"),
            WEB,
            deployment("serviceAccountName: web\nvolumes:\n- name: t\n  secret: {secretName: used}"),
        )
    )
    assert [one.message.split(":")[0] for one in run.outcome.findings if one.id == "unused-token-secret"] == ["idle"]
    assert "kubectl delete secret idle -n shop" in run.finding("unused-token-secret").action
    assert run.is_untouched


def test_a_token_secret_that_only_its_own_account_lists_is_unused() -> None:
    """The token controller of old wrote the name there (R-B5): the commonest form of what is left behind."""
    listing = WEB.rstrip("\n") + "\nsecrets:\n- name: idle\n"
    run = cleaned(stream(token_secret("idle", "web"), listing, RUNS_AS_WEB))
    assert run.finding("unused-token-secret")
    other = account("other").rstrip("\n") + "\nsecrets:\n- name: idle\n"
    kept = cleaned(stream(token_secret("idle", "web"), WEB, other, RUNS_AS_WEB))
    assert [one.id for one in kept.outcome.findings if one.id == "unused-token-secret"] == []


def test_an_opt_out_keeps_an_account() -> None:
    kept = OLD.replace("  annotations:\n", '  annotations:\n    samigrate.dev/ignore: "clean-up: a partner uses it"\n')
    assert cleaned(stream(kept, WEB, RUNS_AS_WEB)).is_untouched


def test_the_phases_follow_each_other() -> None:
    """warn, least-privilege, clean-up, harden-default: each takes what the one before has left (R-G21)."""
    text = stream(
        account("default"), deployment(image="bitnami/kubectl"), deployment(name="site"), role(), binding("shop/default"), account("own")
    )
    warned = migrate(text, recipes=("warn",))
    assert warned.spec()["serviceAccountName"] == "web"
    assert "automountServiceAccountToken" not in warned.after
    enforced = migrate(warned.after, recipes=("least-privilege",))
    assert enforced.spec("site")["automountServiceAccountToken"] is False, "the grant of default is explained by who uses it"
    clean = cleaned(enforced.after)
    assert subjects(clean) == ["web"]
    hard = migrate(clean.after, recipes=("harden-default",))
    assert hard.account("default")["automountServiceAccountToken"] is False
    for done in ("warn", "least-privilege", "harden-default"):
        assert migrate(hard.after, recipes=(done,)).is_untouched
    assert cleaned(hard.after).is_untouched
