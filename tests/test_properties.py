"""What must hold whatever a namespace looks like: random workloads, accounts, roles, bindings and Secrets, in one
environment or two, plain or built by kustomize.

What a workload needs and what a container can read is told by the scene itself and by the model of the admission
plugin in test_admission, never by samigrate.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from samigrate import pipeline
from samigrate.domain.model import Risk
from samigrate.plan import recipe
from samigrate.settings.config import Settings
from tests.support.admission import admit, readable

Object = dict[str, Any]
Files = Mapping[str, str]
PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
RBAC = "rbac.authorization.k8s.io"
RECIPE = recipe.load([])
PROFILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ACCOUNTS = ("default", "app", "web")
TEMPLATES = {
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "Pod": ("spec",),
}


# ---------------------------------------------------------------- running


class Ran(NamedTuple):
    before: Files
    after: Files


def run(files: Files, **options: Any) -> Ran:
    """The files migrated, with no proof failed and nothing unread; a second run has nothing to do."""
    after = _once(files, options)
    assert _once(after, options) == after, "a second run changes it again"
    return Ran(files, after)


def _once(files: Files, options: Mapping[str, Any]) -> dict[str, str]:
    sources = tuple(pipeline.Source(path, text.encode, may_change=True) for path, text in sorted(files.items()))
    outcome = pipeline.run(pipeline.Root(".", sources, replace(Settings(), **options)), RECIPE)
    assert not outcome.problems, outcome.problems
    return {**files, **{change.path: change.new for change in outcome.changes}}


def objects(files: Files) -> list[tuple[str, Object]]:
    """(path, object) of all of them; a kustomization need not say its kind."""
    return [(path, {"kind": "Kustomization", **one}) for path, text in sorted(files.items()) for one in yaml.safe_load_all(text) if one]


def pod_of(one: Object) -> Object:
    for key in TEMPLATES[one["kind"]]:
        one = one[key]
    return one


def workloads(files: Files) -> dict[tuple[str, str, str], Object]:
    """By (folder, kind, name)."""
    return {(path.split("/")[0], one["kind"], one["metadata"]["name"]): one for path, one in objects(files) if one["kind"] in TEMPLATES}


def account_of(pod: Object) -> str:
    return str(pod.get("serviceAccountName") or pod.get("serviceAccount") or "default")


def tokens(files: Files, folder: str, pod: Object) -> dict[str, int]:
    """Readable API tokens by container, as the admission model has it."""
    everything = [one for path, one in objects(files) if path.split("/")[0] == folder]
    secrets = {one["metadata"]["name"] for one in everything if one["kind"] == "Secret"}
    found = [one for one in everything if one["kind"] == "ServiceAccount" and one["metadata"]["name"] == account_of(pod)]
    automount = next((one["automountServiceAccountToken"] for one in found if "automountServiceAccountToken" in one), None)
    names = [container["name"] for container in pod["containers"]]
    held = [token.container for token in readable(admit(pod, automount), secrets) if token.is_api]
    return {name: held.count(name) for name in names}


# ---------------------------------------------------------------- scenes


class Scene(NamedTuple):
    """One environment; `needy` are (kind, name) of the workloads that its objects show to need the API."""

    objects: list[Object]
    needy: set[tuple[str, str]]


IMAGES = st.sampled_from(["nginx", "registry.example.com/app:1", "bitnami/kubectl", "redis:7", "postgres"])
TRISTATE = st.sampled_from([None, None, False, True])


@st.composite
def pods(draw: st.DrawFn) -> tuple[Object, bool]:
    """A pod spec, and whether it shows by itself that it needs the API."""
    pod: Object = {}
    account, alias = draw(st.sampled_from([None, None, None, *ACCOUNTS])), draw(st.booleans())
    if account is not None:
        pod["serviceAccount" if alias else "serviceAccountName"] = account
    automount = draw(TRISTATE)
    if automount is not None:
        pod["automountServiceAccountToken"] = automount
    pod["containers"] = [{"name": f"c{index}", "image": draw(IMAGES)} for index in range(draw(st.integers(1, 2)))]
    main, shows = pod["containers"][0], automount is True
    match draw(st.sampled_from(["", "", "", "path", "projected", "secret", "secret at the default path", "variable", "hint", "exported"])):
        case "path":
            main["args"], shows = [f"--token={PATH}/token"], True
        case "projected":
            _mount(pod, main, "/tokens", {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}})
            shows = True
        case "secret":
            _mount(
                pod, main, "/tokens", {"name": "t", "secret": {"secretName": draw(st.sampled_from(["token-of-app", "token-of-default"]))}}
            )
            shows = True
        case "secret at the default path":
            _mount(pod, main, PATH, {"name": "t", "secret": {"secretName": f"token-of-{account or 'default'}"}})
            shows = True
        case "variable":
            reference = {"name": "token-of-app", "key": draw(st.sampled_from(["token", "namespace", "ca.crt"]))}
            main["env"] = [{"name": "X", "valueFrom": {"secretKeyRef": reference}}]
            shows = shows or reference["key"] == "token"
        case "hint":
            main["env"] = [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]
        case "exported":
            _mount(
                pod, main, PATH, {"name": "kube-api-access-x7k2p", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
            )
    return pod, shows


def _mount(pod: Object, container: Object, path: str, volume: Object) -> None:
    container["volumeMounts"] = [{"name": volume["name"], "mountPath": path}]
    pod["volumes"] = [volume]


def token_secrets(stated: Object) -> list[Object]:
    """The legacy token Secrets that pods mount here; without them a name like `token-of-app` says nothing (R-B7)."""
    made = []
    for name in ("app", "default", "web"):
        metadata = {"name": f"token-of-{name}", **stated, "annotations": {"kubernetes.io/service-account.name": name}}
        made.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/service-account-token"})
    return made


@st.composite
def scenes(draw: st.DrawFn, namespace: str | None = "shop") -> Scene:
    stated = {"namespace": namespace} if namespace else {}
    made: list[Object] = []
    for name in draw(st.lists(st.sampled_from(ACCOUNTS), unique=True, max_size=3)):
        account: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, **stated}}
        if (automount := draw(TRISTATE)) is not None:
            account["automountServiceAccountToken"] = automount
        if draw(st.booleans()):
            account["imagePullSecrets"] = [{"name": "registry"}]
        if draw(st.integers(0, 5)) == 0:
            account["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}
        made.append(account)
    made += token_secrets(stated)
    bound = draw(st.lists(st.sampled_from(ACCOUNTS), unique=True, max_size=2))
    for name in bound:
        made.append(draw(bindings(name, namespace)))
    pods_made: dict[tuple[str, str], tuple[Object, bool]] = {}
    for kind in draw(st.lists(st.sampled_from(list(TEMPLATES)), min_size=1, max_size=3)):
        name = draw(st.sampled_from(["web", "api", "app"]))
        if any((one["kind"], one["metadata"]["name"]) == (kind, name) for one in made):
            continue
        pod, shows = draw(pods())
        made.append(workload(kind, name, pod, stated))
        pods_made[kind, name] = pod, shows
    needy = {key for key, (pod, shows) in pods_made.items() if shows or (account_of(pod) in bound and account_of(pod) != "default")}
    if "default" in bound:
        needy |= _users_of_default({key: one for key, one in pods_made.items() if account_of(one[0]) == "default"})
    return Scene(draw(st.permutations(made)), needy)


def _users_of_default(pods_there: Mapping[tuple[str, str], tuple[Object, bool]]) -> set[tuple[str, str]]:
    """Who may be the one that a binding on `default` is for: those that show a use; where none may show one, those of an
    image that is not known; where all images are known to have no use, each of them."""
    shown = {key for key, (pod, shows) in pods_there.items() if shows or _has_image(pod, "kubectl")}
    if any(key in shown or _mentions_api(pod) for key, (pod, _) in pods_there.items()):
        return shown
    strange = {key for key, (pod, _) in pods_there.items() if _has_image(pod, "example")}
    return strange or set(pods_there)


def _has_image(pod: Object, word: str) -> bool:
    return any(word in container["image"] for container in pod["containers"])


def _mentions_api(pod: Object) -> bool:
    """Whether it names something that users of the API name, and others do, too."""
    return any("env" in container for container in pod["containers"]) or PATH in str(pod)


@st.composite
def bindings(draw: st.DrawFn, account: str, namespace: str | None) -> Object:
    stated = {"namespace": namespace} if namespace else {}
    forms: list[Object] = [{"kind": "ServiceAccount", "name": account, **stated}]
    if namespace:
        forms.append({"kind": "User", "apiGroup": RBAC, "name": f"system:serviceaccount:{namespace}:{account}"})
    forms.append({"kind": "ServiceAccount", "name": account})
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"of-{account}", **stated},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "Group", "apiGroup": RBAC, "name": "staff"}, draw(st.sampled_from(forms))],
    }


def workload(kind: str, name: str, pod: Object, stated: Mapping[str, str]) -> Object:
    one: Object = {"apiVersion": "v1" if kind == "Pod" else "batch/v1" if kind == "CronJob" else "apps/v1", "kind": kind}
    one["metadata"] = {"name": name, **stated}
    inner = one
    for key in TEMPLATES[kind][:-1]:
        inner = inner.setdefault(key, {})
    inner["spec"] = copy.deepcopy(pod)
    return one


def stream(made: Sequence[Object]) -> str:
    return yaml.safe_dump_all(made, sort_keys=False)


@st.composite
def environments(draw: st.DrawFn, folder: str = "prod", namespace: str | None = "shop") -> tuple[dict[str, str], set[tuple[str, str]]]:
    """A scene over one to three files of a folder."""
    scene = draw(scenes(namespace))
    cuts = sorted(draw(st.lists(st.integers(0, len(scene.objects)), max_size=2)))
    edges = [0, *cuts, len(scene.objects)]
    pieces = [scene.objects[start:end] for start, end in pairwise(edges)]
    return {f"{folder}/{index}.yaml": stream(piece) for index, piece in enumerate(pieces) if piece}, scene.needy


# ---------------------------------------------------------------- what must hold


def check(ran: Ran, needy: set[tuple[str, str]], folder: str) -> None:
    before, after = workloads(ran.before), workloads(ran.after)
    assert before.keys() == after.keys()
    for key, old in before.items():
        if key[0] != folder:
            continue
        had, has = tokens(ran.before, folder, pod_of(old)), tokens(ran.after, folder, pod_of(after[key]))
        follows = _follows_its_token(pod_of(old), pod_of(after[key]))
        for container, count in had.items():
            assert has[container] <= count, f"{key}: container {container} gained a token\n{ran.after}"
            if key[1:] in needy and count and (container == "c0" or not follows):
                assert has[container], f"{key}: container {container} lost its token\n{ran.after}"
        _account_exists(ran, folder, pod_of(old), pod_of(after[key]), is_user=key[1:] in needy and any(has.values()))
    event(f"changed: {ran.before != ran.after}")
    event(f"needy: {len(needy)} of {len(before)}")


def _follows_its_token(old: Object, new: Object) -> bool:
    """R-B11: the pod leaves `default` for the account whose token its first container mounts."""
    now, held = account_of(new), {volume.get("secret", {}).get("secretName") for volume in old.get("volumes", [])}
    return now != account_of(old) and f"token-of-{now}" in held


def _account_exists(ran: Ran, folder: str, old: Object, new: Object, is_user: bool) -> None:
    """The account that a pod moves to is there; where the pod uses the API, it may do what the old one may."""
    was, now = account_of(old), account_of(new)
    if was == now:
        return
    assert was == "default", f"{was} became {now}"
    assert "serviceAccount" not in new, "a stale alias"
    follows = _follows_its_token(old, new)
    accounts = {
        one["metadata"]["name"] for path, one in objects(ran.after) if path.split("/")[0] == folder and one["kind"] == "ServiceAccount"
    }
    assert now in accounts or follows, f"{now} exists nowhere"
    bindings = [one for path, one in objects(ran.after) if path.split("/")[0] == folder and one["kind"] == "RoleBinding"]
    for one in bindings:
        names = [subject["name"].rpartition(":")[2] for subject in one["subjects"] if subject["kind"] != "Group"]
        if is_user and not follows:
            assert "default" not in names or now in names, f"{now} lost what default may do"


@PROFILE
@given(environments(), st.sampled_from(["leave", "account", "disable"]), st.sampled_from(list(Risk)))
def test_nobody_who_needs_a_token_loses_it_and_nobody_gains_one(
    made: tuple[dict[str, str], set[tuple[str, str]]], unknown: str, risk: Risk
) -> None:
    files, needy = made
    check(run(files, unknown=unknown, max_risk=risk), needy, "prod")


@PROFILE
@given(environments(namespace=None))
def test_the_same_without_a_namespace(made: tuple[dict[str, str], set[tuple[str, str]]]) -> None:
    files, needy = made
    check(run(files), needy, "prod")


@settings(PROFILE, max_examples=20)
@given(environments("prod"), environments("test"))
def test_a_strangers_environment_changes_no_decision(
    mine: tuple[dict[str, str], set[tuple[str, str]]], theirs: tuple[dict[str, str], set[tuple[str, str]]]
) -> None:
    """Of two folders that hold the same workloads nothing of one tells anything of the other."""
    both = workload("Deployment", "shared", {"containers": [{"name": "c", "image": "nginx"}]}, {"namespace": "shop"})
    missing = {key[1:] for key in workloads(mine[0])} - {key[1:] for key in workloads(theirs[0])}
    copies = [
        workload(kind, name, {"containers": [{"name": "c", "image": "nginx"}]}, {"namespace": "shop"}) for kind, name in sorted(missing)
    ]
    own = {**mine[0], "prod/both.yaml": stream([both])}
    other = {**theirs[0], "test/both.yaml": stream([both, *copies])}
    alone, together = run(own), run({**own, **other})
    assert {path: text for path, text in together.after.items() if path.startswith("prod/")} == alone.after
    check(together, mine[1], "prod")
    check(together, theirs[1], "test")


@PROFILE
@given(pods(), st.lists(st.sampled_from(["dev", "test", "prod"]), unique=True, min_size=1), st.data())
def test_a_base_serves_all_its_overlays(made: tuple[Object, bool], overlays: list[str], data: st.DataObject) -> None:
    """What one overlay binds, the base keeps the token for, whatever the others say."""
    pod, shows = made
    files = {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": stream([workload("Deployment", "web", pod, {}), *token_secrets({})]),
    }
    is_bound = False
    for overlay in overlays:
        resources = ["../../base"]
        if data.draw(st.booleans()):
            resources.append("rbac.yaml")
            files[f"overlays/{overlay}/rbac.yaml"] = stream([data.draw(bindings(account_of(pod), None))])
            is_bound = True
        files[f"overlays/{overlay}/kustomization.yaml"] = yaml.safe_dump({"namespace": f"shop-{overlay}", "resources": resources})
    ran = run(files)
    old, new = pod_of(workloads(ran.before)["base", "Deployment", "web"]), pod_of(workloads(ran.after)["base", "Deployment", "web"])
    had, has = tokens(ran.before, "base", old), tokens(ran.after, "base", new)
    follows = _follows_its_token(old, new)
    for container, count in had.items():
        assert has[container] <= count
        if count and (is_bound or (shows and (container == "c0" or not follows))):
            assert has[container], f"{container} lost its token\n{ran.after}"
    for overlay in overlays if any(has.values()) else ():
        for one in [one for path, one in objects(ran.after) if path == f"overlays/{overlay}/rbac.yaml"]:
            assert account_of(new) in [subject["name"] for subject in one["subjects"]], "the new account lacks what the old one may do"


@settings(PROFILE, max_examples=40)
@given(scenes(), st.sampled_from(list(Risk)))
def test_without_workloads_nothing_happens(scene: Scene, risk: Risk) -> None:
    files = {"all.yaml": stream([one for one in scene.objects if one["kind"] not in TEMPLATES])}
    assert run(files, max_risk=risk).after == files
