"""Values that a tool reads out of comments."""

from __future__ import annotations

import pytest

from samigrate.files import fill_comments
from tests.stream import migrate
from tests.test_vectors import FIELD, account, binding, deployment, role, stream


@pytest.mark.parametrize(
    ("piece", "text", "frozen"),
    [
        ("namespace: #{Shop}\n", "namespace: '#{Shop}'\n", True),
        ("- name: #{Shop}\r\n", "- name: '#{Shop}'\r\n", True),
        ("replicas: #{Count}\n", "replicas: '#{Count}'\n", False),
        ("image: x # {}\n", "image: x # {}\n", False),
        ("image: x #{Tag}\n", "image: x #{Tag}\n", False),
        ("serviceAccountName: #@ data.values.account\n", "serviceAccountName: '#@ data.values.account'\n", True),
        ("#@ if data.values.on:\nx: 1\n#@ end\n", "#@ if data.values.on:\nx: 1\n#@ end\n", True),
        ("namespace: shop # kpt-set: ${ns}\n", "namespace: shop # kpt-set: ${ns}\n", True),
        ('namespace: shop # {"$kpt-set":"ns"}\n', 'namespace: shop # {"$kpt-set":"ns"}\n', True),
        ("replicas: 3 # kpt-set: ${n}\n", "replicas: 3 # kpt-set: ${n}\n", False),
    ],
)
def test_what_is_read(piece: str, text: str, frozen: bool) -> None:
    assert fill_comments.has_any(piece) or not frozen
    found = fill_comments.read(piece)
    assert (found.text, bool(found.frozen)) == (text, frozen)


@pytest.mark.parametrize(
    "field",
    [
        "serviceAccountName: #{Web.Account}",
        "automountServiceAccountToken: #{Web.Automount}",
        "serviceAccountName: default # kpt-set: ${account}",
        "serviceAccountName: #@ data.values.account",
        "#@ if data.values.node:\nnodeName: x\n#@ end",
    ],
)
def test_the_object_is_left_alone_and_its_neighbour_is_done(field: str) -> None:
    text = stream(deployment(field), deployment(name="other"))
    run = migrate(text)
    assert run.after.startswith(deployment(field).rstrip("\n"))
    assert run.spec("other")[FIELD] is False
    assert "cannot-edit" in run.said() or "placeholder-automount" in run.said() or run.verdict() == "unknown"


@pytest.mark.parametrize("namespace", ["#{Shop}", "#@ data.values.ns"])
def test_a_subject_in_a_comment_is_doubt(namespace: str) -> None:
    grant = binding("{kind: ServiceAccount, name: web, namespace: NS}", namespace="shop").replace(
        "- {kind: ServiceAccount, name: web, namespace: NS}", f"- kind: ServiceAccount\n  name: web\n  namespace: {namespace}"
    )
    assert namespace in grant
    run = migrate(
        stream(role(namespace="shop"), grant, account("web", namespace="shop"), deployment("serviceAccountName: web", namespace="shop"))
    )
    assert FIELD not in run.spec()


def test_no_account_is_made_in_a_namespace_that_is_filled_in_later() -> None:
    run = migrate(deployment(namespace="#{Shop.Namespace}"))
    assert run.is_untouched
