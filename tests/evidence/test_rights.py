"""Ranks 1, 6, 18 and R-E4, R-E9: what bindings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from samigrate import evidence
from samigrate.domain.model import Level, Sign
from samigrate.scope.matching import Match
from samigrate.settings.config import Settings
from tests.command import invoke
from tests.evidence.scene import CATALOG, deployment, scene, told, verdict

ACCOUNT = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n"
PLAIN = "[{apiGroups: [''], resources: [pods], verbs: [get]}]"
PSP = "[{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use]}]"


def binding(account: str = "web", namespace: str | None = "shop", role: str = "read", kind: str = "Role", subject: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    entry = subject or f"{{kind: ServiceAccount, name: {account}{where}}}"
    return (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: read-pods, namespace: shop}\n"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: '{role}'}}\nsubjects: [{entry}]\n"
    )


def role(rules: str, name: str = "read", kind: str = "Role") -> str:
    where = ", namespace: shop" if kind == "Role" else ""
    return f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}{where}}}\nrules: {rules}\n"


NAMED = deployment("serviceAccountName: web") + ACCOUNT
USER = "{kind: User, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccount:shop:web'}"
GROUP = "{kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccounts:shop'}"
AUTHENTICATED = "{kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:authenticated'}"


@pytest.mark.parametrize(
    ("content", "level", "piece"),
    [
        pytest.param(NAMED + binding() + role(PLAIN), Level.REQUIRED, ("rbac-binding", Sign.BINDING, "proof"), id="a role for its account"),
        pytest.param(NAMED + binding(namespace=None) + role(PLAIN), Level.REQUIRED, ("rbac-binding", Sign.BINDING, "proof"), id="a subject without namespace"),
        pytest.param(NAMED + binding(subject=USER) + role(PLAIN), Level.REQUIRED, ("rbac-binding", Sign.BINDING, "proof"), id="its user name"),
        pytest.param(NAMED + binding(), Level.REQUIRED, ("rbac-binding", Sign.BINDING, "proof"), id="a role that the input does not hold"),
        pytest.param(
            NAMED + binding(kind="ClusterRole", role="system:auth-delegator"), Level.REQUIRED, ("rbac-binding", Sign.DELEGATION, "proof"), id="delegated authentication"
        ),
        pytest.param(
            NAMED + binding(role="extension-apiserver-authentication-reader"), Level.REQUIRED, ("rbac-binding", Sign.DELEGATION, "proof"), id="extension API server"
        ),
        pytest.param(NAMED + binding() + role(PSP), Level.NONE, None, id="H-7: only use of a pod security policy"),
        pytest.param(NAMED + binding() + role(PSP[:-1] + ", {apiGroups: [''], resources: [pods], verbs: [get]}]"), Level.REQUIRED,
                     ("rbac-binding", Sign.BINDING, "proof"), id="use of a policy, and more"),
        pytest.param(NAMED + binding(kind="ClusterRole", role="psp:web"), Level.NONE, None, id="a well-known policy role"),
        pytest.param(NAMED + binding(kind="ClusterRole", role="system:openshift:scc:anyuid"), Level.NONE, None, id="a well-known SCC role"),
        pytest.param(NAMED + binding(kind="Role", role="psp:web"), Level.REQUIRED, ("rbac-binding", Sign.BINDING, "proof"), id="a Role is not well known"),
        pytest.param(NAMED + binding() + role("[]"), Level.UNKNOWN, ("rbac-binding", Sign.BINDING, "weak"), id="a role without rules"),
        pytest.param(
            NAMED + binding(kind="ClusterRole") + role("[]\naggregationRule: {}", kind="ClusterRole"), Level.REQUIRED, ("rbac-binding", Sign.BINDING, "proof"),
            id="an aggregated role",
        ),
        pytest.param(NAMED + binding(account="other") + role(PLAIN), Level.NONE, None, id="another account"),
        pytest.param(NAMED + binding(namespace="prod") + role(PLAIN), Level.NONE, None, id="the same name in another namespace"),
        pytest.param(
            deployment("serviceAccountName: web", namespace="") + ACCOUNT + binding() + role(PLAIN), Level.LIKELY, ("rbac-binding", Sign.BINDING, "strong"),
            id="in doubt: the workload names no namespace",
        ),
        pytest.param(deployment() + binding("default") + role(PLAIN), Level.LIKELY, ("shared-default-binding", Sign.BINDING, "strong"), id="R-E9: a role for default"),
        pytest.param(deployment() + binding("default", kind="ClusterRole", role="system:auth-delegator"), Level.LIKELY,
                     ("shared-default-binding", Sign.DELEGATION, "strong"), id="R-E9 goes before delegation"),
        pytest.param(deployment() + binding("default") + role(PSP), Level.NONE, None, id="R-E9: use only"),
        pytest.param(deployment(namespace="") + binding("default", namespace="prod"), Level.LIKELY, ("shared-default-binding", Sign.BINDING, "strong"), id="H-14"),
        pytest.param(deployment() + binding(subject=GROUP) + role(PLAIN), Level.UNKNOWN, ("group-binding", Sign.GROUP_BINDING, "weak"), id="every account's rights"),
        pytest.param(deployment() + binding(subject=GROUP) + role(PSP), Level.NONE, None, id="every account may use a policy"),
        pytest.param(deployment() + binding(subject=AUTHENTICATED) + role(PLAIN), Level.NONE, None, id="everyone's rights say nothing"),
    ],
)  # fmt: skip
def test_bindings(content: str, level: Level, piece: tuple[str, int, str] | None) -> None:
    found = verdict(content)
    assert found.level is level
    assert told(found) == ({piece} if piece else set())


def test_the_detail_names_binding_and_role() -> None:
    found = verdict(NAMED + binding() + role(PLAIN))
    assert found.evidence[0].detail == "RoleBinding shop/read-pods grants it Role read"
    assert (found.evidence[0].at.document, found.evidence[0].pointer) == (2, "/subjects/0")


def managed(previous: str | None) -> str:
    account = ACCOUNT.replace("namespace: shop}", "namespace: shop, annotations: {samigrate.dev/managed: 'true'}}")
    was = f"annotations: {{samigrate.dev/reason: x, samigrate.dev/previous-service-account: {previous}}}" if previous else ""
    return deployment("serviceAccountName: web", metadata=was) + account


@pytest.mark.parametrize(
    ("previous", "level", "piece"),
    [
        pytest.param("default", Level.LIKELY, ("shared-default-binding", Sign.BINDING, "strong"), id="moved off default"),
        pytest.param("unset", Level.LIKELY, ("shared-default-binding", Sign.BINDING, "strong"), id="moved off an unstated default"),
        pytest.param(None, Level.LIKELY, ("shared-default-binding", Sign.BINDING, "strong"), id="a kind that is not annotated"),
        pytest.param("shared", Level.REQUIRED, ("rbac-binding", Sign.BINDING, "proof"), id="split off a named account"),
    ],
)
def test_a_grant_that_we_added_proves_no_more_than_before(previous: str | None, level: Level, piece: tuple[str, int, str]) -> None:
    found = verdict(managed(previous) + binding() + role(PLAIN))
    assert (found.level, told(found)) == (level, {piece})


def test_a_second_run_judges_like_the_first() -> None:
    first = verdict(deployment() + binding("default") + role(PLAIN))
    spec = "serviceAccountName: web, automountServiceAccountToken: true"
    was = "annotations: {samigrate.dev/reason: x, samigrate.dev/previous-service-account: default, samigrate.dev/previous-automount: unset}"
    account = managed("default").split("---")[1]
    added = binding("default").replace("subjects: [", "subjects: [{kind: ServiceAccount, name: web, namespace: shop}, ")
    second = verdict(deployment(spec, metadata=was) + "---" + account + added + role(PLAIN))
    assert first.level is second.level is Level.LIKELY
    assert told(first) == told(second)
    assert [item.detail for item in first.evidence] == [item.detail for item in second.evidence]


def test_views_meet_in_the_strictest_verdict() -> None:
    workload, alone = scene(NAMED)[0]
    _, bound = scene(NAMED + binding() + role(PLAIN))[0]
    for views in ([alone, bound], [bound, alone]):
        found = evidence.judge(workload, views, CATALOG, Settings())
        assert found.level is Level.REQUIRED
        assert len(found.evidence) == 1
    assert bound.grants("web")[0].match is Match.SAME


def test_an_account_of_the_name_in_another_environment_does_not_tell_that_the_user_has_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first run leaves on `default`, in doubt, the second must leave, too."""
    monkeypatch.chdir(tmp_path)
    head = (
        "---\napiVersion: apps/v1\nkind: {}\nmetadata: {{name: {}, namespace: shop}}\nspec: {{template: {{spec: {{containers: [{}]}}}}}}\n"
    )
    hint = "{name: c, image: x, env: [{name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}]}"
    nginx = "{name: c, image: nginx}"
    binding = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: shop}\n"
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\n"
        "subjects: [{kind: ServiceAccount, name: default, namespace: shop}]\n"
    )
    Path("prod").mkdir()
    Path("test").mkdir()
    Path("prod/all.yaml").write_text(binding + head.format("Deployment", "web", nginx) + head.format("StatefulSet", "web", hint))
    both = head.format("Deployment", "web", nginx) + head.format("StatefulSet", "web", nginx)
    Path("test/all.yaml").write_text(both + head.format("Deployment", "api", nginx))
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert invoke(["migrate", "--check", "."]).exit == 0
