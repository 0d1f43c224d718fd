"""One installation of a chart that lies elsewhere: its own values are set so that its pods get no token, and proven by rendering."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial

from samigrate import yamltext
from samigrate.base.values import Value, mapping, pointer
from samigrate.helm import editing
from samigrate.helm.blocks import with_block
from samigrate.helm.chart import Chart, Refused, Render, Variant, nested
from samigrate.helm.deciding import Group, groups_of
from samigrate.helm.editing import Setting
from samigrate.helm.exploring import Deciding, Exploration, NotDoneError
from samigrate.helm.migrating import Result, left_of, told
from samigrate.helm.proving import proven
from samigrate.helm.releases import Release, releases
from samigrate.helm.setting import give_attempts
from samigrate.helm.variants import merged

VALUES = "samigrate-values.yaml"
"""The file of the chart's copy that stands for the release's values."""


def migrate(chart: Chart, render: Render, decide: Deciding, release: Release, text: str) -> Result:
    """Everything about one release, whose own values stand in a file of that text. Its pods are judged as they are installed, with
    no other values. Raises nothing for what it may be: what cannot be done is `left`."""
    try:
        own = json.dumps(release.values or {})
        chart = chart._replace(texts={VALUES: own}, others={**chart.others, **chart.texts})
        variant = release.variant._replace(name="its values", files=(*release.files, VALUES), values="")
        render = partial(_with_values, render, own)
        rendered = Exploration(chart, render, decide).seen_with(variant)
        if isinstance(rendered, Refused):
            raise NotDoneError(rendered.message, "mend the values")
        groups = groups_of(chart, [], [rendered], by_switch=False)
        for group in groups:
            group.values_in = VALUES
        give_attempts(chart, render, [rendered], groups)
        is_proven = bool(proven(chart, render, [rendered], groups))
        changed = {release.path: _written(text, release, groups)} if is_proven else {}
    except NotDoneError as error:
        return Result((), (), {}, (error.left._replace(path=release.path),))
    done = {group.key: False for group in groups if group.attempt} if changed else {}
    left = [left_of(group)._replace(path=release.path) for group in groups if not group.attempt]
    return Result((rendered,), tuple(told(chart, [rendered], [], done)), changed, tuple(left))


def _with_values(render: Render, own: str, changed: Mapping[str, str], variant: Variant) -> str | Refused:
    """Renders with the release's values as a file of the chart."""
    return render({VALUES: own, **changed}, variant)


def _written(text: str, release: Release, groups: Sequence[Group]) -> str:
    """The file with the values that take the tokens. Raises NotDoneError where it cannot take them, or where they would not be
    what counts, as where a parameter of an Application lies over them."""
    settings = sorted({edit.keys for group in groups if group.attempt for edit in group.attempt.edits if isinstance(edit, Setting)})
    values: Value = release.values or {}
    chunk = yamltext.split(text)[release.document]
    document = text[chunk.start : chunk.end]
    try:
        for keys in settings:
            values = merged(values, mapping(nested(keys, False)))
            if release.is_text:
                document = with_block(document, pointer(*release.place), partial(editing.with_setting, keys=keys))
            else:
                document = editing.with_setting(document, (*release.place, *keys))
    except (yamltext.CannotEdit, yamltext.YamlError) as error:
        raise NotDoneError(f"{release.title} cannot take the edit: {error}", "set the value by hand") from error
    after = releases(release.path, [(release.document, yamltext.load(document).value)], (), lambda _: None)
    if not any(each.place == release.place and each.values == values for each in after):
        raise NotDoneError(f"{release.title} has something that lies over the values that were to be set", "set the value by hand")
    return text[: chunk.start] + document + text[chunk.end :]
