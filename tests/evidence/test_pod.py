"""Ranks 2 to 4, 13 to 17 and R-E2: what the pod, its volumes and its account say."""

from __future__ import annotations

import pytest

from samigrate.domain.model import Level, Sign
from samigrate.settings.config import AccessDeclaration, Settings
from tests.evidence.scene import container, deployment, told, verdict

PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
OWN = "annotations: {samigrate.dev/reason: x, samigrate.dev/previous-automount: unset}"
STILL = "annotations: {samigrate.dev/reason: x}"


@pytest.mark.parametrize(
    ("content", "level", "pieces"),
    [
        pytest.param(deployment(), Level.NONE, set(), id="nothing"),
        pytest.param(deployment("automountServiceAccountToken: true"), Level.REQUIRED, {("explicit-automount", Sign.EXPLICIT_AUTOMOUNT, "proof")}, id="explicit true"),
        pytest.param(deployment("automountServiceAccountToken: yes"), Level.REQUIRED, {("explicit-automount", Sign.EXPLICIT_AUTOMOUNT, "proof")}, id="a YAML 1.1 true"),
        pytest.param(deployment("automountServiceAccountToken: 'true'"), Level.NONE, set(), id="an invalid true"),
        pytest.param(deployment("automountServiceAccountToken: false"), Level.NONE, set(), id="false"),
        pytest.param(
            deployment("automountServiceAccountToken: true", metadata=STILL), Level.REQUIRED, {("explicit-automount", Sign.EXPLICIT_AUTOMOUNT, "proof")},
            id="a true that our run left as it was",
        ),
        pytest.param(
            deployment("automountServiceAccountToken: true", metadata=OWN), Level.LIKELY, {("own-automount", Sign.EXPLICIT_AUTOMOUNT, "strong")},
            id="put back by hand after our run: nothing else speaks for it",
        ),
        pytest.param(
            deployment("automountServiceAccountToken: true, containers: [{name: k, image: bitnami/kubectl}]", metadata=OWN), Level.LIKELY,
            {("image", Sign.IMAGE, "strong")}, id="our own true does not feed on itself",
        ),
        pytest.param(
            deployment("automountServiceAccountToken: true, containers: [{name: app, image: nginx}], priorityClassName: system-x", metadata=OWN),
            Level.LIKELY, {("own-automount", Sign.EXPLICIT_AUTOMOUNT, "strong"), ("image", Sign.IMAGE, "counter"), ("host", Sign.NODE, "weak")}, id="a hand-written true beside weak signs",
        ),
    ],
)  # fmt: skip
def test_explicit_automount(content: str, level: Level, pieces: set[tuple[str, int, str]]) -> None:
    found = verdict(content)
    assert (found.level, told(found)) == (level, pieces)


def mounting(volume: str, path: str = "/tokens", *, is_mounted: bool = True) -> str:
    mounts = f"volumeMounts: [{{name: v, mountPath: {path}}}]" if is_mounted else "volumeMounts: []"
    return deployment(f"containers: [{{name: app, image: example/app, {mounts}}}], volumes: [{{name: v, {volume}}}]")


SECRET = (
    "---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n"
    "metadata: {name: robot, namespace: shop, annotations: {kubernetes.io/service-account.name: default}}\n"
)
PROOF = ("token-volume", Sign.MOUNTED_TOKEN, "proof")


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        pytest.param(mounting("projected: {sources: [{serviceAccountToken: {path: token}}]}"), PROOF, id="a token for the API"),
        pytest.param(
            mounting("projected: {sources: [{serviceAccountToken: {path: token, audience: 'https://kubernetes.default.svc'}}]}"), PROOF,
            id="the API's audience by name",
        ),
        pytest.param(mounting("projected: {sources: [{serviceAccountToken: {path: t, audience: vault}}]}"), None, id="R-E5: another audience"),
        pytest.param(mounting("projected: {sources: [{serviceAccountToken: {path: t, audience: '${AUD}'}}]}"), ("token-volume", Sign.MOUNTED_TOKEN, "strong"), id="an audience in doubt"),
        pytest.param(mounting("projected: {sources: [{serviceAccountToken: {path: token}}]}", is_mounted=False), None, id="not mounted"),
        pytest.param(
            deployment(
                f"containers: [{{name: app, image: example/app, volumeMounts: [{{name: kube-api-access-x7k2p, mountPath: {PATH}}}]}}], "
                "volumes: [{name: kube-api-access-x7k2p, projected: {sources: [{serviceAccountToken: {path: token}}]}}]"
            ),
            None,
            id="what admission injects",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: app, image: example/app, "
            f"volumeMounts: [{{name: default-token-x7k2p, mountPath: {PATH}, readOnly: true}}]}}], "
            "volumes: [{name: default-token-x7k2p, secret: {secretName: default-token-x7k2p}}]}\n",
            None,
            id="what admission injected before bound tokens",
        ),
        pytest.param(
            deployment(
                "containers: [{name: app, image: example/app, volumeMounts: [{name: kube-api-access-x7k2p, mountPath: /mine}]}], "
                "volumes: [{name: kube-api-access-x7k2p, projected: {sources: [{serviceAccountToken: {path: token}}]}}]"
            ),
            PROOF,
            id="an injected volume mounted by hand",
        ),
        pytest.param(mounting("secret: {secretName: default-token-x7k2p}"), PROOF, id="a generated name of its own account"),
        pytest.param(mounting("secret: {secretName: default-token-x7k2p}", is_mounted=False), None, id="a token Secret not mounted"),
        pytest.param(mounting("secret: {secretName: other-token-x7k2p}"), None, id="R-B7 medium is no evidence"),
        pytest.param(mounting("secret: {secretName: default-token-abcde}"), None, id="B-6: outside the alphabet"),
        pytest.param(mounting("secret: {secretName: github-token}"), None, id="a look-alike"),
        pytest.param(mounting("secret: {secretName: robot}") + SECRET, PROOF, id="a token Secret of the input"),
        pytest.param(mounting("projected: {sources: [{secret: {name: robot}}]}") + SECRET, PROOF, id="a token Secret, projected"),
        pytest.param(container("env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: robot, key: token}}}]") + SECRET, PROOF, id="a variable"),
        pytest.param(container("envFrom: [{secretRef: {name: robot}}]") + SECRET, PROOF, id="all its variables"),
    ],
)  # fmt: skip
def test_token_volumes(content: str, piece: tuple[str, int, str] | None) -> None:
    assert {item for item in told(verdict(content)) if item[1] == 3} == ({piece} if piece else set())


CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {a: 'x', b: 'file: " + PATH + "/token'}\n"
STRINGS = CONFIG.replace("ConfigMap", "Secret").replace("\ndata:", "\nstringData:")


@pytest.mark.parametrize(
    ("content", "is_found"),
    [
        pytest.param(container(f"command: [cat, {PATH}/token]"), True, id="command"),
        pytest.param(container(f"args: ['--ca={PATH}/ca.crt']"), True, id="argument"),
        pytest.param(container("args: ['--ns=/run/secrets/kubernetes.io/serviceaccount/namespace']"), True, id="the short path"),
        pytest.param(container(f"command: [sh, -c, 'test -f {PATH}/token && run']"), True, id="script"),
        pytest.param(container(f"env: [{{name: CA, value: {PATH}/ca.crt}}]"), True, id="variable"),
        pytest.param(container(f"livenessProbe: {{exec: {{command: [cat, {PATH}/token]}}}}"), True, id="probe"),
        pytest.param(container(f"lifecycle: {{preStop: {{exec: {{command: [cat, {PATH}/token]}}}}}}"), True, id="lifecycle hook"),
        pytest.param(container("args: [/var/run/secrets/eks.amazonaws.com/serviceaccount/token]"), False, id="another token's path"),
        pytest.param(container(f"volumeMounts: [{{name: x, mountPath: {PATH}}}]"), False, id="a mount path is no text"),
        pytest.param(mounting("configMap: {name: conf}") + CONFIG, True, id="a mounted ConfigMap"),
        pytest.param(mounting("configMap: {name: conf, items: [{key: a, path: a}]}") + CONFIG, False, id="another key of it"),
        pytest.param(mounting("projected: {sources: [{configMap: {name: conf}}]}") + CONFIG, True, id="a projected ConfigMap"),
        pytest.param(mounting("configMap: {name: other}") + CONFIG, False, id="a ConfigMap it does not mount"),
        pytest.param(mounting("configMap: {name: conf}") + CONFIG.replace("shop", "prod"), False, id="a ConfigMap of another namespace"),
        pytest.param(container("envFrom: [{configMapRef: {name: conf}}]") + CONFIG, True, id="imported variables"),
        pytest.param(
            container("env: [{name: F, valueFrom: {configMapKeyRef: {name: conf, key: b}}}]") + CONFIG, True, id="an imported variable"
        ),
        pytest.param(
            container("env: [{name: F, valueFrom: {configMapKeyRef: {name: conf, key: a}}}]") + CONFIG, False, id="another key imported"
        ),
        pytest.param(mounting("secret: {secretName: conf}") + STRINGS, True, id="a mounted Secret"),
        pytest.param(container("envFrom: [{secretRef: {name: conf}}]") + STRINGS, True, id="an imported Secret"),
    ],
)
def test_token_path(content: str, is_found: bool) -> None:
    found = verdict(content)
    assert (("token-path", Sign.TOKEN_PATH, "proof") in told(found)) is is_found
    assert (found.level is Level.REQUIRED) is is_found


def test_no_detail_holds_a_value_of_a_secret() -> None:
    secret = STRINGS.replace("'x'", "'hunter2'").replace("file:", "hunter2")
    found = verdict(mounting("secret: {secretName: conf}") + secret)
    assert found.evidence
    assert "hunter2" not in str(found)


def account(labels: str = "", automount: str = "true") -> str:
    return f"---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: web, namespace: shop, labels: {{{labels}}}}}\nautomountServiceAccountToken: {automount}\n"


NAMED = deployment("serviceAccountName: web")
LACKS, ASKS = ("account-hints", Sign.UNSEEN_ACCOUNT, "weak"), ("account-hints", Sign.OPEN_ACCOUNT, "weak")


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        pytest.param(NAMED, LACKS, id="an account that is not in the input"),
        pytest.param(deployment("serviceAccount: web"), LACKS, id="named by the alias"),
        pytest.param(deployment("serviceAccountName: '${SA}'"), LACKS, id="a placeholder"),
        pytest.param(deployment("serviceAccountName: default"), None, id="default is always there"),
        pytest.param(deployment("serviceAccountName: ''"), None, id="an empty name is unset"),
        pytest.param(NAMED + account(), ASKS, id="its account asks for the token"),
        pytest.param(NAMED + account(automount="false"), None, id="its account refuses it"),
        pytest.param(NAMED + account("helm.sh/chart: web-1.0"), None, id="the scaffold of a chart"),
        pytest.param(NAMED + account("app.kubernetes.io/managed-by: Helm"), None, id="managed by Helm"),
        pytest.param(
            NAMED + account().replace("labels: {}", "annotations: {samigrate.dev/managed: 'true'}"), None, id="an account of ours"
        ),
    ],
)
def test_account_hints(content: str, piece: tuple[str, int, str] | None) -> None:
    found = verdict(content)
    assert (found.level, told(found)) == ((Level.UNKNOWN, {piece}) if piece else (Level.NONE, set()))


@pytest.mark.parametrize(
    ("content", "sign"),
    [
        pytest.param(deployment(name="pod-controller"), Sign.NAME, id="name: controller"),
        pytest.param(deployment(name="db-operator"), Sign.NAME, id="name: operator"),
        pytest.param(deployment(name="my-scheduler"), None, id="name: scheduler, of jobs as often as of pods"),
        pytest.param(deployment(name="nfs-provisioner"), Sign.NAME, id="name: provisioner"),
        pytest.param(deployment(name="ingress"), Sign.NAME, id="name: ingress"),
        pytest.param(deployment(name="exporter-k8s"), Sign.NAME, id="name: exporter-k8s"),
        pytest.param(deployment(template="labels: {control-plane: controller-manager}"), Sign.NAME, id="label"),
        pytest.param(deployment(template="labels: {tier: controller-like}"), None, id="a label that names nothing"),
        pytest.param(deployment("volumes: [{name: v, hostPath: {path: /var/lib/kubelet/plugins}}]"), Sign.NODE, id="the kubelet's folder"),
        pytest.param(deployment("volumes: [{name: v, hostPath: {path: /etc/cni/net.d}}]"), Sign.NODE, id="the network's folder"),
        pytest.param(deployment("volumes: [{name: v, hostPath: {path: /data}}]"), None, id="another folder"),
        pytest.param(deployment("priorityClassName: system-node-critical"), Sign.NODE, id="priority of the system"),
        pytest.param(deployment("priorityClassName: high"), None, id="another priority"),
        pytest.param(deployment(namespace="kube-system"), Sign.NODE, id="kube-system"),
    ],
)
def test_names_and_hosts(content: str, sign: Sign | None) -> None:
    found = verdict(content)
    assert [item.sign for item in found.evidence] == ([sign] if sign else [])
    assert found.level is Level.NONE  # alone it says nothing of who runs as `default`
    own = verdict(
        content.replace("spec: {containers", "spec: {serviceAccountName: own, containers")
        .replace("spec: {volumes", "spec: {serviceAccountName: own, volumes")
        .replace("spec: {priority", "spec: {serviceAccountName: own, priority")
        + OWN_ACCOUNT.format(namespace="kube-system" if "kube-system" in content else "shop")
    )
    assert own.level is (Level.UNKNOWN if sign else Level.NONE)


OWN_ACCOUNT = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: own, namespace: {namespace}}}\n"


def test_a_name_and_a_place_are_two_signs() -> None:
    assert verdict(deployment(name="pod-controller", namespace="kube-system")).level is Level.LIKELY


HELM = "labels: {helm.sh/chart: web-1.0}"
RIGHT = (
    "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: shop}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: ServiceAccount, name: web, namespace: shop}]\n"
)


@pytest.mark.parametrize(
    ("content", "level"),
    [
        pytest.param(deployment("automountServiceAccountToken: true", metadata=HELM), Level.UNKNOWN, id="a chart's habit"),
        pytest.param(
            deployment("automountServiceAccountToken: true", metadata="labels: {app.kubernetes.io/managed-by: Helm}"), Level.UNKNOWN, id="another label of it"
        ),
        pytest.param(deployment("automountServiceAccountToken: true", metadata="labels: {app: web}"), Level.REQUIRED, id="a person's word"),
        pytest.param(
            deployment("automountServiceAccountToken: true, serviceAccountName: web", metadata=HELM) + account(automount="false") + RIGHT,
            Level.REQUIRED, id="with a right it is none",
        ),
        pytest.param(
            deployment("automountServiceAccountToken: true, containers: [{name: a, image: prom/alertmanager}]", metadata=HELM), Level.NONE,
            id="a chart's habit on an image without use",
        ),
        pytest.param(
            deployment("automountServiceAccountToken: true, containers: [{name: a, image: bitnami/kubectl}]", metadata=HELM), Level.LIKELY,
            id="beside a sign",
        ),
    ],
)  # fmt: skip
def test_a_true_that_charts_write_always(content: str, level: Level) -> None:
    assert verdict(content).level is level


@pytest.mark.parametrize(
    ("content", "is_found"),
    [
        pytest.param(deployment("containers: [{name: a, image: '${IMAGE}'}]"), True, id="image"),
        pytest.param(deployment("containers: [{name: a, image: 'app:$(TAG)'}]"), True, id="an image is not expanded by Kubernetes"),
        pytest.param(deployment("containers: [{name: a, image: '<your image>'}]"), True, id="an image to fill in"),
        pytest.param(deployment("containers: [{name: a, image: '{{ .Values.image }}'}]"), True, id="a template in an image"),
        pytest.param(container("args: ['--mode=${MODE}']"), True, id="argument"),
        pytest.param(container("args: ['--mode=<mode>']"), True, id="an argument to fill in"),
        pytest.param(container("command: ['{{ .Values.command }}']"), True, id="command"),
        pytest.param(container("env: [{name: A, value: '${A}'}]"), True, id="variable"),
        pytest.param(container("args: {{ .Values.args }}"), True, id="an unquoted template reads as a mapping"),
        pytest.param(container("args: ['--mode=$(MODE)']"), False, id="Kubernetes' own expansion"),
        pytest.param(container("env: [{name: A, value: $(B)}]"), False, id="Kubernetes' own expansion in a variable"),
        pytest.param(container("command: [sh, -c, 'echo ${HOME}']"), False, id="a shell's own variable"),
        pytest.param(container("args: ['a < b > c']"), False, id="less and greater"),
    ],
)
def test_opaque_values(content: str, is_found: bool) -> None:
    found = verdict(content)
    assert (("opaque-value", Sign.OTHER, "weak") in told(found)) is is_found
    assert found.level is (Level.UNKNOWN if is_found else Level.NONE)


RULES = (AccessDeclaration("Deployment", "shop", "web*", "required"), AccessDeclaration("*", "*", "*", "none"))


@pytest.mark.parametrize(
    ("content", "settings", "level"),
    [
        pytest.param(deployment(metadata="annotations: {samigrate.dev/api-access: required}"), Settings(), Level.REQUIRED, id="annotation: required"),
        pytest.param(
            deployment("automountServiceAccountToken: true", metadata="annotations: {samigrate.dev/api-access: none}"), Settings(), Level.NONE,
            id="annotation: none goes before proof",
        ),
        pytest.param(deployment(template="annotations: {samigrate.dev/api-access: required}"), Settings(), Level.REQUIRED, id="annotation on the pod"),
        pytest.param(deployment(metadata="annotations: {samigrate.dev/api-access: maybe}"), Settings(), Level.REQUIRED, id="no word we know"),
        pytest.param(deployment(metadata="annotations: {acme.org/api-access: required}"), Settings(prefix="acme.org"), Level.REQUIRED, id="own prefix"),
        pytest.param(deployment(), Settings(api_access=RULES), Level.REQUIRED, id="config: the first match"),
        pytest.param(deployment("automountServiceAccountToken: true", name="db"), Settings(api_access=RULES), Level.NONE, id="config: the rest"),
        pytest.param(
            deployment(metadata="annotations: {samigrate.dev/api-access: none}"), Settings(api_access=RULES), Level.NONE, id="the annotation goes first"
        ),
        pytest.param(deployment(namespace="prod"), Settings(api_access=RULES[:1]), Level.NONE, id="config: another namespace"),
    ],
)  # fmt: skip
def test_declarations(content: str, settings: Settings, level: Level) -> None:
    assert verdict(content, settings).level is level


def test_a_kind_that_needs_the_api_by_design() -> None:
    content = (
        "apiVersion: kubeflow.org/v1\nkind: Notebook\nmetadata: {name: n}\nspec: {template: {spec: {containers: [{name: n, image: x}]}}}\n"
    )
    assert told(verdict(content)) == {("kind", Sign.OTHER, "strong")}
