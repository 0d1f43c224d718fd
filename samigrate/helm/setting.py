"""Which values decide about a pod's token: found by setting one after the other and looking at what is rendered then.

Names are no proof: `serviceAccount.automount` may be the account's, the pod's, or nobody's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from samigrate import yamltext
from samigrate.helm import editing
from samigrate.helm.chart import Chart, Refused, Render
from samigrate.helm.deciding import Group
from samigrate.helm.editing import Attempt, Setting
from samigrate.helm.rendering import Documents, Rendered, wrong
from samigrate.helm.value_keys import candidates

MOST = 40
"""How many values are tried at most."""


def give_attempts(chart: Chart, render: Render, rendered: Sequence[Rendered], groups: Sequence[Group]) -> None:
    """Gives each group that can be edited by values only the settings that take its token and no other that stays: those that
    reach most groups first."""
    by_file: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        if group.values_in is not None:
            by_file[group.values_in].append(group)
    for file, ours in by_file.items():
        wanted = {group.key for group in ours}
        found: dict[Setting, frozenset[int | str]] = {}
        for keys in candidates(chart, file)[:MOST]:
            if set().union(*found.values()) >= wanted:
                break
            setting = Setting(file, keys)
            if reached := _reached(chart, render, rendered, setting, wanted):
                found[setting] = reached
        for group in ours:
            group.attempts = [Attempt((each,)) for each in sorted(found, key=lambda each: -len(found[each])) if group.key in found[each]]


def _reached(chart: Chart, render: Render, rendered: Sequence[Rendered], setting: Setting, wanted: set[int | str]) -> frozenset[int | str]:
    """The groups whose pods lose their token where the setting is made; none where anything else changes, too."""
    try:
        changed = editing.texts(chart, [Attempt((setting,))])
    except (yamltext.CannotEdit, yamltext.YamlError):
        return frozenset()
    reached: set[int | str] = set()
    for each, keys in _first_seen(rendered, wanted).items():
        after = render(changed, rendered[each].variant)
        if isinstance(after, Refused):
            return frozenset()
        result = wrong(rendered[each], Documents(after), keys)
        missed = {rendered[each].pods[number].origin for number in result.pods}
        if result.elsewhere or not missed <= keys:
            return frozenset()
        reached |= keys - missed
    return frozenset(reached)


def _first_seen(rendered: Sequence[Rendered], wanted: set[int | str]) -> Mapping[int, set[int | str]]:
    """The variants, by index, in which groups are first to lose a token, with these groups."""
    result: dict[int, set[int | str]] = {}
    missing = set(wanted)
    for index, each in enumerate(rendered):
        if here := {pod.origin for pod in each.pods if pod.operation} & missing:
            result[index] = here
            missing -= here
    return result
