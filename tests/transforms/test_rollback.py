"""`rollback` brings back what the annotations have recorded, by name, and nothing else (R-G23, R-A5)."""

from __future__ import annotations

import pytest

from samigrate.base.errors import InputError
from samigrate.plan import recipe
from samigrate.prove import checks
from tests.stream import Run, migrate
from tests.transforms.manifests import account, binding, deployment, recorded, role, stream

MOVED = "serviceAccountName: web\nautomountServiceAccountToken: false"
WEB = account("web", made_for="web")


def rolled_back(text: str) -> Run:
    return migrate(text, recipes=("rollback",))


def test_the_previous_account_is_written_by_name() -> None:
    """A key that is gone would leave the live object with the new account, through its alias (R-A5)."""
    run = rolled_back(stream(WEB, deployment(MOVED, above=recorded())))
    assert run.spec()["serviceAccountName"] == "default"
    assert "automountServiceAccountToken" not in run.spec()
    assert "annotations" not in run.object("Deployment", "web")["metadata"]


def test_the_account_and_its_grants_stay() -> None:
    """Revisions that run now name it, and must be able to start (R-G3)."""
    run = rolled_back(stream(WEB, deployment(MOVED, above=recorded()), binding("shop/default", "shop/web")))
    assert run.accounts() == ["web"]
    assert [one["name"] for one in run.object("RoleBinding", "readers")["subjects"]] == ["default", "web"]
    assert "web" in run.finding("account-kept").message


@pytest.mark.parametrize(
    ("automount", "expected"),
    [
        pytest.param("true", True, id="stated true"),
        pytest.param("false", False, id="stated false"),
        pytest.param("unset", None, id="stated nothing"),
        pytest.param("", False, id="not recorded, so not touched"),
    ],
)
def test_automount_is_as_recorded(automount: str, expected: bool | None) -> None:
    run = rolled_back(stream(WEB, deployment(MOVED, above=recorded(automount=automount))))
    assert run.spec().get("automountServiceAccountToken") is expected


def test_an_alias_goes() -> None:
    run = rolled_back(stream(WEB, deployment("serviceAccount: web\n" + MOVED, above=recorded())))
    assert run.spec()["serviceAccountName"] == "default"
    assert "serviceAccount" not in run.spec()


def test_annotations_of_others_stay() -> None:
    run = rolled_back(stream(WEB, deployment(MOVED, above='team: shop\nsamigrate.dev/ignore: "annotate: no"\n' + recorded())))
    assert run.object("Deployment", "web")["metadata"]["annotations"] == {"team": "shop", "samigrate.dev/ignore": "annotate: no"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            stream(account("other"), deployment("serviceAccountName: other", above=recorded())),
            "not an account that was made for it",
            id="the account is not one of ours: it may be the one that the token is for (R-B11)",
        ),
        pytest.param(deployment(MOVED, above=recorded()), "not an account that was made for it", id="the account is not in the input"),
        pytest.param(
            stream(WEB, deployment(MOVED, above=recorded(automount="perhaps"))), "previous-automount says", id="the record is unreadable"
        ),
        pytest.param(
            stream(WEB, deployment(MOVED, above=recorded("", ""))),
            "volumes",
            id="only volumes have changed, and nothing holds what they were",
        ),
        pytest.param(
            stream(WEB, deployment(MOVED, above=recorded()), role(), binding("shop/web")),
            "add default to it first",
            id="default has lost the grant since",
        ),
        pytest.param(
            stream(
                account("default", more="automountServiceAccountToken: false\n"),
                WEB,
                deployment("serviceAccountName: web\nautomountServiceAccountToken: true", above=recorded()),
            ),
            "mounts no token any more",
            id="default has been hardened since",
        ),
    ],
)
def test_what_cannot_come_back_whole_stays(text: str, said: str) -> None:
    run = rolled_back(text)
    assert run.is_untouched
    assert said in run.finding("cannot-roll-back").message


def test_who_was_never_migrated_is_left_alone() -> None:
    run = rolled_back(stream(deployment("serviceAccountName: web"), account("web")))
    assert run.is_untouched
    assert not run.said() & {"cannot-roll-back", "account-kept"}


def test_there_and_back_again() -> None:
    """Each recipe's output is the other's input: the second round trip changes nothing but what the first did."""
    text = stream(account("default"), deployment(image="example.com/app:1"), role(), binding("shop/default"))
    there = migrate(text, recipes=("least-privilege",)).after
    back = rolled_back(there).after
    assert migrate(back, recipes=("least-privilege",)).after == there
    assert rolled_back(there).after == back


def test_rollback_shares_no_run() -> None:
    with pytest.raises(InputError, match="on its own"):
        recipe.load(["rollback", "least-privilege"])


# ---------------------------------------------------------------- the proof


def shown(spec: dict[str, object], **annotations: str) -> dict[str, object]:
    return {
        "metadata": {"annotations": {f"samigrate.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}},
        "spec": spec,
    }


BEFORE = shown({"serviceAccountName": "web", "volumes": []}, previous_service_account="default", previous_automount="true")
RIGHT = {"serviceAccountName": "default", "automountServiceAccountToken": True, "volumes": []}


def test_the_proof_takes_the_recorded_state() -> None:
    assert checks.restored(BEFORE, shown(RIGHT), "/spec", "samigrate.dev") == ""


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(shown(RIGHT | {"serviceAccountName": "other"}), id="another account"),
        pytest.param(shown({key: RIGHT[key] for key in ("automountServiceAccountToken", "volumes")}), id="no account by name"),
        pytest.param(shown(RIGHT | {"automountServiceAccountToken": False}), id="another automount value"),
        pytest.param(shown(RIGHT | {"volumes": [{"name": "more"}]}), id="more than was recorded"),
        pytest.param(shown(RIGHT, previous_automount="true"), id="the record stays"),
        pytest.param({"metadata": {"annotations": {"team": "x"}}, "spec": RIGHT}, id="an annotation of others"),
    ],
)
def test_the_proof_refuses_anything_else(after: dict[str, object]) -> None:
    assert checks.restored(BEFORE, after, "/spec", "samigrate.dev")
