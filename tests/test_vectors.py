"""The golden vectors of the domain (B.4 and H), each under its name, through the whole pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from samigrate.domain.model import Risk, Sign
from tests.stream import Run, migrate

TOKEN = {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}
CA = {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
NAMESPACE = {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}}
FIELD = "automountServiceAccountToken"


def deployment(pod: str = "", *, name: str = "web", namespace: str = "", image: str = "nginx:1.29", above: str = "", kind: str = "") -> str:
    """A Deployment; `pod` are lines of the pod spec, `above` lines of its metadata."""
    head = f"apiVersion: apps/v1\nkind: {kind or 'Deployment'}\nmetadata:\n  name: {name}\n"
    head += f"  namespace: {namespace}\n" * bool(namespace) + _indented(above, 2)
    body = f"spec:\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n"
    containers = "" if "containers:" in pod else f"      containers:\n      - name: app\n        image: {image}\n"
    return head + body + _indented(pod, 6) + containers


def _indented(text: str, width: int) -> str:
    return "".join(" " * width + line + "\n" for line in text.strip("\n").splitlines())


def account(name: str, *, namespace: str = "", more: str = "") -> str:
    text = f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n"
    return text + f"  namespace: {namespace}\n" * bool(namespace) + more


def binding(subject: str, *, namespace: str = "", role: str = "reader", kind: str = "RoleBinding", role_kind: str = "Role") -> str:
    text = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: readers\n" + f"  namespace: {namespace}\n" * bool(
        namespace
    )
    text += f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {role_kind}, name: {role}}}\n"
    return text + f"subjects:\n- {subject}\n"


def role(*, namespace: str = "", rules: str = '{apiGroups: [""], resources: [pods], verbs: [get]}', kind: str = "Role") -> str:
    text = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: reader\n" + f"  namespace: {namespace}\n" * bool(
        namespace
    )
    return text + f"rules:\n- {rules}\n"


def stream(*documents: str) -> str:
    return "---\n".join(documents)


def volume_of(run: Run, name: str = "web") -> dict[str, Any]:
    found = run.spec(name)["volumes"]
    assert len(found) == 1
    return dict(found[0])


# ---------------------------------------------------------------- B.4: legacy token Secrets


def token_pod(volume: str, *, pod: str = "serviceAccountName: app", mount: str = "mountPath: /etc/kube", env: str = "") -> str:
    text = f"{pod}\ncontainers:\n- name: app\n  image: nginx:1.29\n"
    text += "".join(f"  {line}\n" for line in env.splitlines())
    if volume:
        text += f"  volumeMounts:\n  - name: token\n    {mount}\nvolumes:\n- name: token\n"
        text += "".join(f"  {line}\n" for line in volume.splitlines())
    return deployment(text)


SECRET = "secret:\n  secretName: app-token-x7k2p\n"


def token_secret(name: str, owner: str) -> str:
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  annotations:\n    kubernetes.io/service-account.name: {owner}\n"
        "type: kubernetes.io/service-account-token\n"
    )


def test_b1_whole_volume() -> None:
    run = migrate(stream(account("app"), token_pod(SECRET)))
    assert volume_of(run) == {"name": "token", "projected": {"sources": [TOKEN, CA, NAMESPACE]}}
    assert run.spec()["serviceAccountName"] == "app"
    assert run.accounts() == ["app"]
    assert FIELD not in run.spec(), "the token volume is proof that it uses the API"
    assert run.verdict() == "required"
    assert run.report().risk is Risk.L2


def test_b2_token_item_with_a_mode() -> None:
    items = "  defaultMode: 420\n  items:\n  - {key: token, path: kube/tok, mode: 256}\n"
    run = migrate(stream(account("app"), token_pod(SECRET + items)))
    token = {"serviceAccountToken": {"path": "kube/tok", "expirationSeconds": 3607}}
    assert volume_of(run) == {"name": "token", "projected": {"defaultMode": 256, "sources": [token]}}


def test_b3_other_items_keep_the_old_mode() -> None:
    items = "  defaultMode: 420\n  items:\n  - {key: token, path: kube/tok, mode: 256}\n  - {key: ca.crt, path: ca.pem}\n"
    run = migrate(stream(account("app"), token_pod(SECRET + items)))
    projected = volume_of(run)["projected"]
    assert projected["defaultMode"] == 256
    assert projected["sources"][1] == {
        "configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.pem", "mode": 420}]}
    }
    assert len(projected["sources"]) == 2


def test_b4_token_of_another_account() -> None:
    text = token_pod("secret:\n  secretName: token-of-b\n", pod="serviceAccountName: a")
    run = migrate(stream(account("a"), account("b"), token_secret("token-of-b", "b"), text))
    assert run.is_untouched
    found = run.finding("token-of-another-account")
    assert found.rule == "R-B11"
    assert " a" in found.message and " b" in found.message, "both accounts are named"


def test_b5_switch_to_the_account_of_the_token() -> None:
    text = token_pod("secret:\n  secretName: token-of-b\n", pod="")
    run = migrate(stream(account("b"), token_secret("token-of-b", "b"), text))
    assert run.spec()["serviceAccountName"] == "b"
    assert run.spec()[FIELD] is False
    assert volume_of(run)["projected"]["sources"] == [TOKEN, CA, NAMESPACE]
    assert run.accounts() == ["b"], "a switched workload gets no generated account"
    assert run.report().risk is Risk.L3
    assert run.report().tokens_before == 2 and run.report().tokens_after == 1


def test_b6_no_generated_name() -> None:
    run = migrate(token_pod("secret:\n  secretName: default-token-abcde\n", pod=""))
    assert "secret" in volume_of(run)
    assert run.finding("possible-token-secret").rule == "R-B7"
    assert run.verdict() == "none", "medium is no evidence"


def test_b7_token_in_the_environment() -> None:
    env = "env:\n- name: TOKEN\n  valueFrom:\n    secretKeyRef: {name: app-token-x7k2p, key: token}\n"
    run = migrate(stream(account("app"), token_pod("", env=env)))
    assert run.is_untouched
    assert run.finding("token-in-env").rule == "R-B2"


def test_b8_namespace_in_the_environment() -> None:
    env = "env:\n- name: SPACE\n  valueFrom:\n    secretKeyRef: {name: app-token-x7k2p, key: namespace}\n"
    run = migrate(stream(account("app"), token_pod("", env=env)))
    variable = run.spec()["containers"][0]["env"][0]
    assert variable == {"name": "SPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}


def test_b9_sub_path_never_sees_a_renewed_token() -> None:
    run = migrate(stream(account("app"), token_pod(SECRET, mount="mountPath: /etc/kube/token\n    subPath: token")))
    assert run.is_untouched
    found = run.finding("subpath-token")
    assert (found.rule, found.severity) == ("R-B18", "error")


def test_b10_projected_in_place() -> None:
    volume = "projected:\n  sources:\n  - secret: {name: app-token-x7k2p}\n  - configMap: {name: other}\n"
    run = migrate(stream(account("app"), token_pod(volume)))
    assert volume_of(run)["projected"]["sources"] == [TOKEN, CA, NAMESPACE, {"configMap": {"name": "other"}}]


def test_b11_exported_pod() -> None:
    pod = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  serviceAccountName: web
  containers:
  - name: app
    image: nginx:1.29
    volumeMounts:
    - mountPath: /data
      name: data
    - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      name: kube-api-access-9zq4w
      readOnly: true
  volumes:
  - name: data
    emptyDir: {}
  - name: kube-api-access-9zq4w
    projected:
      defaultMode: 420
      sources:
      - serviceAccountToken:
          expirationSeconds: 3607
          path: token
      - configMap:
          name: kube-root-ca.crt
          items:
          - key: ca.crt
            path: ca.crt
"""
    run = migrate(stream(account("web", namespace="shop"), pod))
    spec = run.spec("web", "Pod")
    assert spec[FIELD] is False
    assert spec["volumes"] == [{"name": "data", "emptyDir": {}}]
    assert spec["containers"][0]["volumeMounts"] == [{"mountPath": "/data", "name": "data"}]
    assert run.report().tokens_after == 0
    assert run.report().risk is Risk.L3
    assert run.finding("needs-recreate").rule == "R-G4"


def test_b12_optional() -> None:
    run = migrate(stream(account("app"), token_pod(SECRET + "  optional: true\n")))
    ca = {"configMap": {"name": "kube-root-ca.crt", "optional": True, "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    assert volume_of(run) == {"name": "token", "projected": {"sources": [TOKEN, ca, NAMESPACE]}}
    assert run.finding("optional-token").rule == "R-B19"
    assert run.report().risk is Risk.L3


# ---------------------------------------------------------------- H: across the sections


def test_h1_plain_deployment() -> None:
    run = migrate(deployment())
    assert [one["kind"] for one in run.documents] == ["ServiceAccount", "Deployment"], "the account stands before its user"
    assert run.account()[FIELD] is False
    assert run.spec()["serviceAccountName"] == "web"
    assert run.spec()[FIELD] is False
    assert run.verdict() == "none"
    assert run.report().risk <= Risk.L3


@pytest.mark.parametrize("subject", ["{kind: ServiceAccount, name: default}", "{kind: ServiceAccount, name: default, namespace: shop}"])
def test_h2_default_is_bound(subject: str) -> None:
    """It is explained by the workload that shows a use of the API; the other takes no right along (R-E9)."""
    both = [deployment(namespace="shop"), deployment(name="api", namespace="shop", image="bitnami/kubectl")]
    run = migrate(stream(role(namespace="shop"), binding(subject, namespace="shop"), *both))
    subjects = run.object("RoleBinding", "readers")["subjects"]
    assert subjects[0]["name"] == "default", "the old subject stays"
    assert subjects[1:] == [{"kind": "ServiceAccount", "name": "api", "namespace": "shop"}]
    for name, verdict in (("web", "none"), ("api", "likely")):
        assert run.spec(name)["serviceAccountName"] == name
        assert run.spec(name)[FIELD] is (verdict == "likely")
        assert run.verdict(name) == verdict
    assert run.report("api").risk is Risk.L3
    found = run.finding("shared-default-binding")
    assert found.rule == "R-E9"
    assert "web" in found.message and "api" in found.message


@pytest.mark.parametrize(("image", "other"), [("nginx", "nginx"), ("acme/x", "acme/y"), ("acme/x", "nginx")])
def test_h2_a_grant_that_nothing_explains_stays_with_default(image: str, other: str) -> None:
    """Who is known to have no use for the API does not inherit it from who is not known; else each may be the one."""
    both = [deployment(namespace="shop", image=image), deployment(name="api", namespace="shop", image=other)]
    grant = binding("{kind: ServiceAccount, name: default}", namespace="shop")
    run = migrate(stream(role(namespace="shop"), grant, *both))
    assert run.verdict("web") == "likely"
    assert run.verdict("api") == ("none" if image != other and other == "nginx" else "likely")
    assert "serviceAccountName" not in run.spec("web")
    assert FIELD not in run.spec("web")
    assert len(run.object("RoleBinding", "readers")["subjects"]) == 1
    assert run.finding("right-of-default").rule == "R-E9"


@pytest.mark.parametrize("recipe", ["account-alias", "least-privilege"])
def test_h3_alias_alone(recipe: str) -> None:
    run = migrate(stream(account("foo"), deployment("serviceAccount: foo")), recipes=(recipe,))
    assert run.spec()["serviceAccountName"] == "foo"
    assert "serviceAccount" not in run.spec()


def test_h3_alias_is_no_reason_for_a_rollout() -> None:
    text = stream(account("foo"), deployment("serviceAccount: foo\nautomountServiceAccountToken: false"))
    assert migrate(text).is_untouched


@pytest.mark.parametrize("recipe", ["account-alias", "least-privilege"])
def test_h4_alias_differs(recipe: str) -> None:
    run = migrate(stream(account("a"), account("b"), deployment("serviceAccount: a\nserviceAccountName: b")), recipes=(recipe,))
    assert run.spec()["serviceAccountName"] == "b"
    assert "serviceAccount" not in run.spec()
    found = run.finding("alias-differs")
    assert (found.rule, found.severity) == ("R-A1", "note")
    assert run.report().account_before == "b"


@pytest.mark.parametrize("spelling", ["no", "off", "n", "False", "FALSE"])
def test_h5_yaml_booleans(spelling: str) -> None:
    """R-A22."""
    text = stream(account("web"), deployment(f"serviceAccountName: web\nautomountServiceAccountToken: {spelling}"))
    run = migrate(text)
    assert run.is_untouched
    assert run.report().automount_before is False
    assert run.report().tokens_before == 0


@pytest.mark.parametrize("spelling", ['"false"', "'no'", "0"])
def test_h6_no_boolean(spelling: str) -> None:
    text = stream(account("web"), deployment(f"serviceAccountName: web\nautomountServiceAccountToken: {spelling}"))
    run = migrate(text)
    assert run.is_untouched
    assert run.finding("invalid-automount").rule == "R-A23"


@pytest.mark.parametrize("kind", ["Deployment"])
def test_h6_on_the_default_account(kind: str) -> None:
    assert migrate(deployment('automountServiceAccountToken: "false"')).is_untouched


def test_h7_use_of_a_policy_is_no_api_use() -> None:
    rules = "{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use]}"
    grant = binding("{kind: ServiceAccount, name: web, namespace: shop}", kind="ClusterRoleBinding", role_kind="ClusterRole")
    run = migrate(
        stream(
            role(kind="ClusterRole", rules=rules),
            grant,
            account("web", namespace="shop"),
            deployment("serviceAccountName: web", namespace="shop"),
        )
    )
    assert run.verdict() == "none"
    assert run.spec()[FIELD] is False


def vault(*annotations: str) -> str:
    lines = "".join(f"        {one}\n" for one in annotations)
    return deployment().replace("    metadata:\n      labels", f"    metadata:\n      annotations:\n{lines}      labels")


def test_h8_vault_injector() -> None:
    run = migrate(vault('vault.hashicorp.com/agent-inject: "true"'))
    assert run.is_untouched
    assert run.verdict() == "likely"
    found = run.finding("above-max-risk")
    assert "vault" in found.message.lower() and "L4" in found.message
    assert any(piece.sign is Sign.SIDECAR for piece in run.report().verdict.evidence)


def test_h9_dapr_without_its_secret_store() -> None:
    run = migrate(vault('dapr.io/enabled: "true"', 'dapr.io/disable-builtin-k8s-secret-store: "true"'))
    assert run.verdict() == "none"
    assert migrate(vault('dapr.io/enabled: "true"')).verdict() == "likely"


KNATIVE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      containers:
      - image: nginx:1.29
"""


def test_h10_knative_service_that_uses_the_api() -> None:
    grant = binding("{kind: ServiceAccount, name: default}", namespace="shop")
    run = migrate(stream(role(namespace="shop"), grant, KNATIVE.replace("nginx:1.29", "bitnami/kubectl")))
    assert FIELD not in run.spec("web", "Service"), "Knative refuses true"
    assert run.spec("web", "Service")["serviceAccountName"] == "web"
    assert FIELD not in run.account(), "the account must not take the token away"


def test_h11_agones_fleet() -> None:
    fleet = """\
apiVersion: agones.dev/v1
kind: Fleet
metadata:
  name: web
spec:
  template:
    spec:
      template:
        spec:
          containers:
          - name: game
            image: example.com/game:1.0
"""
    run = migrate(fleet, risk=Risk.L5)
    assert run.is_untouched
    assert run.finding("reported-only").rule == "R-C6"


def test_h12_hook_keeps_its_account() -> None:
    job = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: web
  annotations:
    helm.sh/hook: pre-install
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: app
        image: bitnami/kubectl:1.30
"""
    run = migrate(job, risk=Risk.L4)
    assert run.is_untouched
    assert run.verdict() == "likely"
    assert run.finding("hook-keeps-account").rule == "R-F15"


def test_h13_negative_sync_wave() -> None:
    text = deployment(above='annotations:\n  argocd.argoproj.io/sync-wave: "-5"')
    run = migrate(text, risk=Risk.L4)
    assert run.account()["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "-5"
    assert run.report().risk is Risk.L4
    kept = migrate(text)
    assert kept.accounts() == []
    assert "L4" in kept.finding("above-max-risk").message


def test_h14_namespace_in_doubt() -> None:
    grant = binding("{kind: ServiceAccount, name: default, namespace: prod}", namespace="prod")
    run = migrate(stream(role(namespace="prod"), grant, deployment()))
    assert run.verdict() == "likely"
    assert run.is_untouched
    assert run.finding("namespace-in-doubt").rule == "R-D2"
    known = migrate(stream(role(namespace="prod"), grant, deployment(image="bitnami/kubectl")), settings={"namespace": "prod"})
    assert known.spec().get("serviceAccountName") == "web", "said once, it is no longer in doubt"


def test_h15_second_run_is_empty() -> None:
    both = deployment(), deployment(name="api", image="bitnami/kubectl")
    run = migrate(stream(role(), binding("{kind: ServiceAccount, name: default}"), *both))
    assert not run.is_untouched
    assert migrate(run.after).is_untouched


def test_h16_workload_named_on() -> None:
    run = migrate(deployment(name='"on"'))
    assert run.spec("on")["serviceAccountName"] == "on"
    assert run.accounts() == ["on"]
    written = [line for line in run.after.splitlines() if line.strip().startswith(("serviceAccountName:", "name:")) and "on" in line]
    assert len(written) == 3 and all('"on"' in line for line in written)


def test_h17_bound_name() -> None:
    grant = binding("{kind: ServiceAccount, name: web, namespace: shop}", namespace="shop")
    run = migrate(stream(role(namespace="shop"), grant, deployment(namespace="shop")))
    assert run.spec()["serviceAccountName"] == "web-sa"
    assert run.accounts() == ["web-sa"]
    assert run.finding("account-name-taken").rule == "R-F10"
    assert run.object("RoleBinding", "readers")["subjects"] == [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]


def test_h18_second_container_needs_it() -> None:
    containers = """\
containers:
- name: exporter
  image: quay.io/prometheus/node-exporter:v1.8.0
- name: proxy
  image: quay.io/brancz/kube-rbac-proxy:v0.18.0
"""
    run = migrate(deployment(containers), risk=Risk.L4)
    assert run.verdict() == "likely"
    assert run.spec()["serviceAccountName"] == "web"
    assert run.spec()[FIELD] is True
    assert any(piece.container == "proxy" and piece.sign is Sign.IMAGE for piece in run.report().verdict.evidence)


def test_h19_pull_secrets_of_default() -> None:
    run = migrate(stream(account("default", more="imagePullSecrets:\n- name: reg\n"), deployment("imagePullSecrets: []")))
    assert run.account()["imagePullSecrets"] == [{"name": "reg"}]
    assert run.spec()["imagePullSecrets"] == []


def test_h20_k6_test_run() -> None:
    text = """\
apiVersion: k6.io/v1alpha1
kind: TestRun
metadata:
  name: web
spec:
  parallelism: 4
  script: {configMap: {name: script}}
  runner:
    automountServiceAccountToken: "false"
"""
    run = migrate(text)
    assert run.is_untouched
    assert not run.outcome.findings or "invalid-automount" not in run.said(), 'k6 takes the text "false"'
