"""What a stretch of input that could not be read may say of an account: what is not read is not absent.

Nothing is decided by it but doubt. A text is taken to speak of an account if it may hold rights or identities at all,
by the kinds it names, and names the account, or a word in its place that is filled in later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from samigrate.domain.model import DEFAULT_ACCOUNT, Unread
from samigrate.domain.placeholders import is_filled_in, may_be

_KIND = re.compile(r"""(?:^|[\s{,\-"'])["']?kind["']?[ \t]*:[ \t]*["']?([A-Za-z]+)""")
_NAME = re.compile(r"""(?:^|[\s{,\-"'])["']?(name|namespace)["']?[ \t]*:[ \t]*(.*)""")
_HOLDERS = frozenset(("RoleBinding", "ClusterRoleBinding", "ServiceAccount", "List", "Template"))
"""Kinds that give an account rights or settings, or hold objects that do."""
_USER = "system:serviceaccount"


class Words(NamedTuple):
    """What a text names: kinds, and what stands behind `name:` and `namespace:`."""

    kinds: frozenset[str]
    names: frozenset[str]
    namespaces: frozenset[str]


def may_name(unread: Unread, account: str, namespace: str | None, *, near: bool) -> bool:
    """Whether it may speak of an account. What stands in another scope must name its namespace, too, or one that is
    filled in later; but `default` is in every namespace."""
    if unread.text is None:
        return True
    words = words_of(unread.text)
    if words.kinds and not words.kinds & _HOLDERS and _USER not in unread.text:
        return False
    is_named = _holds_word(unread.text, account)
    if not near:
        is_open = account != DEFAULT_ACCOUNT and any(map(is_filled_in, words.namespaces))
        return is_named and namespace is not None and (is_open or _holds_word(unread.text, namespace))
    if not (is_named or any(is_filled_in(name) and may_be(name, account) for name in words.names) or "serviceaccounts" in unread.text):
        return False
    return namespace is None or not words.namespaces or any(may_be(one, namespace) for one in words.namespaces)


def may_define(unread: Unread, kind: str, names: Iterable[str]) -> bool:
    """Whether it may be an object of that kind and one of those names."""
    if unread.text is None:
        return True
    words = words_of(unread.text)
    return (not words.kinds or kind in words.kinds) and any(may_be(one, name) for one in words.names for name in names)


@lru_cache(maxsize=512)
def words_of(text: str) -> Words:
    named: dict[str, set[str]] = {"name": set(), "namespace": set()}
    for key, value in _NAME.findall(text):
        named[key].add(_unquoted(value))
    return Words(frozenset(_KIND.findall(text)), frozenset(named["name"]), frozenset(named["namespace"]))


def _unquoted(value: str) -> str:
    """The scalar that a line's rest begins with: a template's own braces and quotes belong to it."""
    value = value.strip()
    quoted = re.match(r"""(["'])(.*?)\1""", value)
    if quoted:
        return quoted[2]
    return value if "{{" in value or "{%" in value else re.split(r"[,}\]\s]", value, maxsplit=1)[0]


def _holds_word(text: str, word: str) -> bool:
    return re.search(rf"(?<![-\w.]){re.escape(word)}(?![-\w.])", text) is not None
