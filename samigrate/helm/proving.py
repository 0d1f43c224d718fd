"""An edit is kept where every variant then renders exactly what is planned; else the next one is tried."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from samigrate import yamltext
from samigrate.helm import editing
from samigrate.helm.chart import Chart, Refused, Render, nested
from samigrate.helm.deciding import Group
from samigrate.helm.exploring import NotDoneError
from samigrate.helm.rendering import Documents, Gives, Made, Rendered, new_accounts, wrong

ROUNDS = 6
"""How often an edit is tried in other ways before what is left of it is given up."""


def proven(chart: Chart, render: Render, rendered: Sequence[Rendered], groups: Sequence[Group]) -> dict[str, str]:
    """The new texts of what every variant bears out. Groups go on to their next attempt where theirs is not borne out."""
    for _ in range(ROUNDS):
        active = {group.key: group for group in groups if group.attempt}
        if not active:
            return {}
        try:
            changed = editing.texts(chart, [group.attempt for group in active.values() if group.attempt])
        except (yamltext.CannotEdit, yamltext.YamlError) as error:
            raise NotDoneError(f"values.yaml cannot take the edit: {error}", "edit it by hand") from error
        failed, reason = _failed(render, rendered, changed, active)
        if not failed:
            failed, reason = _unswitched(render, rendered[0], changed, active)
        if not failed:
            _name_accounts(render, rendered, changed, _given_accounts(active))
            return changed
        for key in failed:
            active[key].number += 1
            active[key].reason = active[key].reason or reason
    for group in groups:
        group.number = len(group.attempts)
    return {}


def _failed(
    render: Render, rendered: Sequence[Rendered], changed: Mapping[str, str], active: Mapping[int | str, Group]
) -> tuple[set[int | str], str]:
    """The groups whose edit some variant does not bear out, and why."""
    edited = active.keys()
    failed: set[int | str] = set()
    reason = ""
    for each in rendered:
        after = render(changed, each.variant)
        if isinstance(after, Refused):
            return set(active), f"with the edit, {each.variant.name} does not render: {after.message}"
        result = wrong(each, Documents(after), edited, accounts=_given_accounts(active))
        for number in result.pods:
            key = each.pods[number].origin
            failed |= {key} if key in active else _by_values(active)
            reason = reason or f"no edit that was tried gives what is planned with {each.variant.name}"
        if result.elsewhere:
            failed |= set(_given_accounts(active)) or _by_values(active) or set(active)
            reason = reason or f"the edit changes more with {each.variant.name}: {result.elsewhere}"
    return failed, reason


def _unswitched(
    render: Render, defaults: Rendered, changed: Mapping[str, str], active: Mapping[int | str, Group]
) -> tuple[set[int | str], str]:
    """The groups whose value does not turn the token on, or does not keep it off where the value is absent, as it is for
    those who upgrade with `--reuse-values`."""
    failed: set[int | str] = set()
    for switch in {group.attempt.switch for group in active.values() if group.attempt and group.attempt.switch}:
        ours = {key for key, group in active.items() if group.attempt and group.attempt.switch == switch}
        for value in (True, None):
            after = render(changed, defaults.variant._replace(values=json.dumps(nested(switch, value))))
            kept = ours if value else ()
            if isinstance(after, Refused) or not wrong(defaults, Documents(after), active.keys(), kept, _given_accounts(active)).is_right:
                failed |= ours
    return failed, "the value does not decide about the token"


def _given_accounts(active: Mapping[int | str, Group]) -> dict[int | str, Gives]:
    return {key: group.attempt.gives for key, group in active.items() if group.attempt and group.attempt.gives}


def _name_accounts(render: Render, rendered: Sequence[Rendered], changed: Mapping[str, str], accounts: Mapping[int | str, Gives]) -> None:
    """Say of each pod by which name the chart's own template has made its account."""
    for each in rendered if Gives.TEMPLATE in accounts.values() else ():
        after = render(changed, each.variant)
        made = new_accounts(each, Documents(after), accounts) if isinstance(after, str) else ""
        for number, pod in enumerate(each.pods):
            if pod.account and pod.origin in accounts and isinstance(made, Made):
                name = str(made.operations[number].value) if number in made.operations else pod.report.account_before
                report = pod.account.report._replace(account_after=name)
                each.pods[number] = pod._replace(account=pod.account._replace(report=report))


def _by_values(active: Mapping[int | str, Group]) -> set[int | str]:
    """Those that set values, which may reach further than the pods that they are meant for."""
    return {key for key, group in active.items() if group.sets_values}
