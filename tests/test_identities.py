"""Places outside RBAC that name an account, in the forms that clouds, meshes and vaults have for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.command import invoke

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx}]
"""
ACCOUNT = """\
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: shop, labels: {role: client}}
"""


def named(kind: str, spec: str, group: str = "example.com/v1", head: str = "name: one") -> str:
    return f"---\napiVersion: {group}\nkind: {kind}\nmetadata: {{{head}}}\n{spec}\n"


NAMED = {
    "an association": named("PodIdentityAssociation", "spec: {forProvider: {namespace: shop, serviceAccount: default}}"),
    "an association in a list": named("ClusterConfig", "iam: {podIdentityAssociations: [{namespace: shop, serviceAccountName: default}]}"),
    "eksctl's accounts": named("ClusterConfig", "iam: {serviceAccounts: [{metadata: {name: default, namespace: shop}}]}"),
    "a role of Vault": named("Role", "spec: {boundServiceAccountNames: [default], boundServiceAccountNamespaces: [a, shop]}"),
    "a role of Vault for all namespaces": named(
        "Vault", 'roles: [{bound_service_account_names: [default], bound_service_account_namespaces: ["*"]}]'
    ),
    "a role of Vault by an operator": named(
        "KubernetesAuthEngineRole", "spec: {targetServiceAccounts: [default], targetNamespaces: {targetNamespaces: [shop]}}"
    ),
    "a mesh's label": named(
        "MeshTrafficPermission",
        "spec: {targetRef: {labels: {k8s.kuma.io/service-account: default, k8s.kuma.io/namespace: shop}}}",
        head="name: one, namespace: kuma-system",
    ),
    "a regular expression": named("Route", 'spec: {regex: ".*spiffe://c/ns/shop/sa/default.*"}'),
    "an expression of several": named("Route", 'spec: {regex: "spiffe://c/ns/[^/]+/sa/(web-api|default)$"}'),
    "a placeholder for the namespace": named("Users", "users: ['system:serviceaccount:${NAMESPACE}:default']"),
    "a network policy by the account's label": named(
        "GlobalNetworkPolicy", "spec: {serviceAccountSelector: \"role == 'client'\"}", "projectcalico.org/v3"
    ),
    "a network policy by the account's name": named(
        "GlobalNetworkPolicy",
        "spec: {serviceAccountSelector: \"projectcalico.org/name == 'default'\", namespaceSelector: \"projectcalico.org/name == 'shop'\"}",
        "projectcalico.org/v3",
    ),
    "a peer by the account's label": named(
        "NetworkPolicy",
        'spec: {ingress: [{source: {serviceAccounts: {selector: "has(role)"}}}]}',
        "projectcalico.org/v3",
        "name: one, namespace: shop",
    ),
    "a security group": named(
        "SecurityGroupPolicy",
        "spec: {serviceAccountSelector: {matchLabels: {role: client}}}",
        "vpcresources.k8s.aws/v1beta1",
        "name: one, namespace: shop",
    ),
    "an identity made from the account": named(
        "ClusterSPIFFEID",
        'spec: {spiffeIDTemplate: "spiffe://x/sa/{{ .PodSpec.ServiceAccountName }}", podSelector: {matchLabels: {app: web}}}',
        "spire.spiffe.io/v1alpha1",
    ),
}
OTHERS = {
    "an association in another namespace": named("PodIdentityAssociation", "spec: {namespace: other, serviceAccount: default}"),
    "a role of Vault for another namespace": named(
        "Role", "spec: {boundServiceAccountNames: [default], boundServiceAccountNamespaces: [other]}"
    ),
    "a role of Vault for all accounts": named("Role", 'spec: {boundServiceAccountNames: ["*"], boundServiceAccountNamespaces: [shop]}'),
    "a network policy by another label": named(
        "GlobalNetworkPolicy", "spec: {serviceAccountSelector: \"tier == 'db'\"}", "projectcalico.org/v3"
    ),
    "a network policy for another namespace": named(
        "GlobalNetworkPolicy",
        "spec: {serviceAccountSelector: has(role), namespaceSelector: \"projectcalico.org/name == 'other'\"}",
        "projectcalico.org/v3",
    ),
    "an identity for other pods": named(
        "ClusterSPIFFEID",
        'spec: {spiffeIDTemplate: "spiffe://x/sa/{{ .PodSpec.ServiceAccountName }}", podSelector: {matchLabels: {app: db}}}',
        "spire.spiffe.io/v1alpha1",
    ),
    "an identity by labels": named(
        "ClusterSPIFFEID", 'spec: {spiffeIDTemplate: "spiffe://x/{{ .PodMeta.Labels.app }}/ServiceAccount"}', "spire.spiffe.io/v1alpha1"
    ),
}


SUBJECTS = "subjects: [{kind: ServiceAccount, name: default, namespace: shop}]"
BINDING = (
    f"{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: b}}, roleRef: {{kind: Role, name: r}}, {SUBJECTS}}}"
)
TEXT = BINDING.replace("{{", "{").replace("'", "''")
GRANTED = {
    "a wrapped object": named("Object", f"spec: {{forProvider: {{manifest: {BINDING}}}}}"),
    "a list of manifests": named("ManifestWork", f"spec: {{workload: {{manifests: [{BINDING}]}}}}"),
    "resources of a set": named("SelectorSyncSet", f"resources: [{BINDING}]"),
    "a policy's template": named(
        "ClusterPolicy",
        "spec: {rules: [{generate: {data: {roleRef: {kind: Role, name: r}, "
        "subjects: [{kind: ServiceAccount, name: default, namespace: '{{request.namespace}}'}]}}}]}",
    ),
    "an object template of a policy": named(
        "ConfigurationPolicy", f"spec: {{object-templates: [{{complianceType: musthave, objectDefinition: {BINDING}}}]}}"
    ),
    "a text": named("ConfigMap", f"data:\n  a.yaml: |\n    {BINDING}", "v1"),
    "several texts": named("ConfigMap", f"data:\n  a.yaml: |\n    kind: Role\n    ---\n    {BINDING}", "v1"),
    "a text in JSON": named(
        "ConfigMap",
        """data: {a.json: '{"roleRef": {}, "subjects": [{"kind": "ServiceAccount", "name": "default"}]}'}""",
        "v1",
        "name: one, namespace: shop",
    ),
    "a template in a text": named(
        "ConfigMap",
        "data:\n  a.yaml: |\n    roleRef: {{ .Role }}: x\n    subjects:\n    - kind: ServiceAccount\n      name: default\n      namespace: {{ .X }}",
        "v1",
    ),
    "an operator's definition": named("RBACDefinition", f"rbacBindings: [{{name: x, {SUBJECTS}, roleBindings: [{{clusterRole: view}}]}}]"),
    "a tenant's owner": named("Tenant", "spec: {owners: [{kind: ServiceAccount, name: 'system:serviceaccount:shop:default'}]}"),
    "a tenant's binding": named("Tenant", f"spec: {{additionalRoleBindings: [{{clusterRoleName: view, {SUBJECTS}}}]}}"),
    "a user's name": named(
        "Object", "spec: {roleRef: {name: view}, subjects: [{kind: User, name: 'system:serviceaccount:shop:default'}]}"
    ),
    "a legacy binding": named(
        "RoleBinding", "roleRef: {name: view}\nuserNames: ['system:serviceaccount:shop:default']", "v1", "name: x, namespace: shop"
    ),
    "a role of Vault": NAMED["a role of Vault"],
}  # fmt: skip
GIVES_NOTHING = {
    "who a policy is for": named("ClusterPolicy", f"spec: {{rules: [{{match: {{any: [{{{SUBJECTS}, clusterRoles: [x]}}]}}}}]}}"),
    "another namespace": named("Object", f"spec: {{manifest: {BINDING.replace('shop', 'other')}}}"),
    "another account": named("Object", f"spec: {{manifest: {BINDING.replace('default', 'other')}}}"),
    "prose": named("ConfigMap", "data: {a: 'the subjects and the roleRef of a ServiceAccount'}", "v1"),
    "a tenant's owner who is a person": named("Tenant", "spec: {owners: [{kind: User, name: default}]}"),
}


def holds_token(text: str) -> bool:
    """Whether the migrated workload, whose image is known to have no use for the API, keeps its token."""
    Path("web.yaml").write_text(WEB)
    Path("other.yaml").write_text(text)
    assert invoke(["migrate", "--write", "."]).exit == 0
    made = next(one for one in yaml.safe_load_all(Path("web.yaml").read_text()) if one["kind"] == "Deployment")
    return made["spec"]["template"]["spec"].get("automountServiceAccountToken") is not False


def warned(text: str) -> bool:
    Path("web.yaml").write_text(WEB + ACCOUNT)
    Path("other.yaml").write_text(text)
    result = invoke(["audit", "."])
    assert result.exit == 0, result.stderr
    return "identity-string" in result.stdout.decode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("form", NAMED)
def test_a_move_is_told_to_what_names_the_account(form: str) -> None:
    assert warned(NAMED[form])


@pytest.mark.parametrize("form", OTHERS)
def test_and_not_to_what_names_another(form: str) -> None:
    assert not warned(OTHERS[form])


@pytest.mark.parametrize("form", NAMED)
def test_in_a_folder_of_its_own_too(form: str) -> None:
    """As in a cluster's repository, where the policies stand in a build of their own."""
    Path("policies").mkdir()
    Path("policies/kustomization.yaml").write_text("resources: [one.yaml]\n")
    Path("policies/one.yaml").write_text(NAMED[form].removeprefix("---\n"))
    assert warned("# nothing\n")


@pytest.mark.parametrize("form", GRANTED)
def test_the_token_stays_with_what_is_given_rights(form: str) -> None:
    assert holds_token(GRANTED[form])


@pytest.mark.parametrize("form", GIVES_NOTHING)
def test_and_not_where_nothing_is_given(form: str) -> None:
    assert not holds_token(GIVES_NOTHING[form])
