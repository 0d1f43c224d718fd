"""Files on disk as roots: what is read, what may change, and what is decided together.

The root of a file is the folder of the nearest `samigrate.yaml` or `.git` at or above it, else the PATH that leads
to it; then what its kustomizations gather from outside of it is read, too. The whole root is read; PATH and the
excludes say what of it may change.
"""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from samigrate.base import globs
from samigrate.base.errors import InputError
from samigrate.domain.model import Problem, Skip
from samigrate.files import manifests
from samigrate.hosts import chart_notes, sides, walk
from samigrate.kustomize import kustomization
from samigrate.pipeline import Root, Source
from samigrate.reading import NotFollowedError
from samigrate.settings.config import CONFIG_NAME, Settings, load_config


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user asks for. `adjust` lays the command line's options over a config's settings; `exclude` are
    patterns relative to the current folder; `context` are files and folders to read besides; `reads_programs` tells
    whether a root's folders are read for programs, too."""

    paths: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    is_wide: bool = True
    config: str | None = None
    adjust: Callable[[Settings], Settings] = lambda settings: settings
    reads_programs: Callable[[Settings], bool] = lambda settings: bool(settings.python)


class FoundChart(NamedTuple):
    """A chart that is asked about, with those inside it: its folder, as people see it, and the settings that hold for it."""

    folder: str
    shown: str
    settings: Settings

    @property
    def file(self) -> str:
        """Its Chart.yaml, as people see it."""
        return os.path.normpath(os.path.join(self.shown, walk.CHART))


class Gathered(NamedTuple):
    roots: tuple[Root, ...]
    skipped: tuple[Skip, ...]
    problems: tuple[Problem, ...]
    charts: tuple[FoundChart, ...] = ()


def gather(selection: Selection) -> Gathered:
    """The roots that the paths lead to. Raises InputError for a path that is not there, a bad pattern and a bad config."""
    for glob in selection.exclude:
        if not globs.is_valid(glob):
            raise InputError("", 0, f"--exclude: {glob!r} is no path pattern such as `envs/*`")
    return _Gathering(selection).run()


def is_excluded(path: str, excluded: Iterable[str], here: str, settings: Settings) -> bool:
    """Whether --exclude (relative to the current folder, `here`) or the config takes a file out."""
    if any(globs.matches(glob, _relative(path, here)) for glob in excluded):
        return True
    return any(globs.matches(glob, _relative(path, settings.folder)) for glob in settings.exclude)


def besides(paths: tuple[str, ...]) -> tuple[tuple[Source, ...], tuple[Problem, ...]]:
    """The manifests of `--context` for a stream, and what could not be read."""
    gathering = _Gathering(Selection((), context=paths))
    sources = gathering.context()
    return _sorted(list(sources.values())), tuple(problem._replace(path=gathering.shown(problem.path)) for problem in gathering.problems)


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _refuse(reason: str) -> bytes:
    """The reading of what the walk could not even look into."""
    raise OSError(0, reason.removeprefix("cannot be read: "))


def _not_followed(reason: str) -> bytes:
    """The reading of a link that is not followed."""
    raise NotFollowedError(0, reason)


@dataclass(slots=True)
class _Root:
    folder: str
    files: set[str] = field(default_factory=set)


class _Gathering:
    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.here = os.path.realpath(os.getcwd())
        self.asked = {_real(path): path for path in selection.paths}
        self.roots: dict[str, _Root] = {}
        self.charts: set[str] = set()
        self.listed: set[str] = set()
        self.followed: list[str] = []
        self.skipped: list[Skip] = []
        self.problems: list[Problem] = []
        self.closed: dict[str, Callable[[], bytes]] = {}
        self.settings: dict[str | None, Settings] = {}
        self.with_programs: set[str] = set()

    def run(self) -> Gathered:
        if self.selection.config:
            self._settings("")  # whether or not there is anything to decide
        for path in sorted(self.asked):
            self._enter(path)
        context = self.context()
        roots = [root for found in self.roots.values() for root in self._finish(found, context)]
        self._note_empty(is_nothing_left=not roots)
        self._note_charts()
        return Gathered(
            tuple(sorted(roots, key=lambda root: root.path)),
            tuple(skip._replace(path=self.shown(skip.path)) for skip in self.skipped if not self._is_unread(skip.path)),
            tuple(problem._replace(path=self.shown(problem.path)) for problem in self.problems),
            tuple(FoundChart(chart, self.shown(chart), self._settings(chart)) for chart in self._asked_charts()),
        )

    # ---- finding the files

    def _enter(self, path: str) -> None:
        """List the root of a path that the user has named."""
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        top = walk.find_above(folder, CONFIG_NAME, walk.GIT)
        if chart := walk.find_above(os.path.dirname(top) if top else folder, walk.CHART):
            self.charts.add(chart)
        if top:
            self._list(top)
            self._add_ignored(path, top)
        elif not self._is_listed(path):
            if os.path.isdir(path):
                self._list(path)
            else:
                self._add(folder, path)
            self._follow(folder)

    def _list(self, folder: str) -> None:
        """List a root, and the repositories below it that the user has asked for."""
        if folder in self.listed:
            return
        self.listed.add(folder)
        listing = walk.list_folder(folder, programs=True)
        self.skipped += listing.skipped
        self.charts |= walk.chart_folders(listing.files)
        homes = walk.config_folders(listing.files, folder) | {folder}
        for path in (*listing.files, *self._close(listing)):
            self._add(walk.folder_of(path, homes) or folder, path)
        for nested in listing.nested:
            if self._is_asked(nested):
                self._list(nested)

    def _close(self, listing: walk.Listing) -> list[str]:
        """What is there and cannot or shall not be read: the caller reports it."""
        closed = {problem.path: partial(_refuse, problem.message) for problem in listing.problems}
        closed |= {link: partial(_not_followed, reason) for link, reason in listing.not_followed.items()}
        self.closed |= closed
        return list(closed)

    def _follow(self, folder: str) -> None:
        """Where nothing says what belongs together, what kustomizations gather from outside of a PATH does."""
        root = self.roots.get(folder, _Root(folder))
        waiting = sorted(root.files)
        while waiting:
            path = waiting.pop()
            for candidate in _kustomizations(path):
                new = [each for each in candidate.resources if self._is_new(each, folder)]
                for entry in new:
                    self.listed.add(entry)
                    self.followed.append(entry)
                    result = walk.kustomizations_in(entry) if os.path.isdir(entry) else [entry]
                    waiting += sorted(set(result) - root.files)
                    for file in result:
                        self._add(folder, file)

    def _is_new(self, entry: str, folder: str) -> bool:
        """Whether what a kustomization lists is to be read, too: it lies outside, and does not hold the folder, which
        kustomize refuses as a cycle."""
        return not _is_within(entry, folder) and not _is_within(folder, entry) and entry not in self.listed and os.path.exists(entry)

    def _is_listed(self, path: str) -> bool:
        return path in self.listed or walk.folder_of(path, self.listed) is not None

    def _add_ignored(self, path: str, top: str) -> None:
        """A path that git ignores is done all the same when the user names it."""
        if os.path.isfile(path):
            self._add(top, path)
        elif not any(_is_within(file, path) for root in self.roots.values() for file in root.files) and walk.is_ignored(top, path):
            listing = walk.list_folder(path, programs=True, with_ignored=True)
            self.skipped += listing.skipped
            self.charts |= walk.chart_folders(listing.files)
            for file in (*listing.files, *self._close(listing)):
                self._add(top, file)

    def _add(self, folder: str, path: str) -> None:
        self.roots.setdefault(folder, _Root(folder)).files.add(path)

    def context(self) -> dict[str, Source]:
        """The manifests of --context, by path."""
        sources = {}
        for supplied in self.selection.context:
            path = _real(supplied)
            listing = walk.list_folder(path) if os.path.isdir(path) else walk.Listing(files=[path])
            for file in (*listing.files, *self._close(listing)):
                shown = self.shown(file, {path: supplied})
                sources[file] = Source(shown, self.closed.get(file) or partial(read, file), may_change=False, is_context=True)
        return sources

    # ---- what is decided together

    def _finish(self, root: _Root, context: dict[str, Source]) -> list[Root]:
        if not any(self._is_asked(path) for path in root.files):
            return []  # nothing was asked for here, so a broken config beside it does not matter
        settings = self._settings(root.folder)
        if any(path.endswith(walk.PROGRAM) for path in root.files) and self.selection.reads_programs(settings):
            self.with_programs.add(root.folder)
        self._note_scopes(root, settings)
        left_out = () if root.folder in self.with_programs else (walk.PROGRAM,)
        parts: dict[tuple[str, bool], list[Source]] = defaultdict(list)
        for path in root.files:
            if walk.outermost(path, self.charts) is None and (path in self.asked or not path.endswith(left_out)):
                source = self._source(path, settings)
                if source.may_change or self.selection.is_wide:
                    scope = _scope(path, settings)
                    parts[scope or root.folder, scope is not None].append(source)
        opened = partial(sides.read, self._open_folders(root.folder), self.here)
        return [
            Root(self.shown(folder), _sorted(_with_context(sources, context)), settings, is_declared=is_declared, opened=opened)
            for (folder, is_declared), sources in parts.items()
            if any(source.may_change for source in sources)
        ]

    def _note_scopes(self, root: _Root, settings: Settings) -> None:
        """The patterns under `scopes:` that match nothing, which may be a typing error."""
        for glob in settings.scopes:
            if not any(_matched(glob, _relative(path, settings.folder)) is not None for path in root.files):
                home = os.path.join(settings.folder, CONFIG_NAME)
                self.skipped.append(Skip(home, 0, f"the scope {glob} matches nothing: no file is decided by itself for it"))

    def _open_folders(self, folder: str) -> list[str]:
        """Where files may be read from that kustomizations list."""
        if not self.selection.is_wide:
            return [path if os.path.isdir(path) else os.path.dirname(path) for path in self.asked]
        return [folder, *self.followed]

    def _source(self, path: str, settings: Settings) -> Source:
        is_out = is_excluded(path, self.selection.exclude, self.here, settings)
        may_change = self._is_asked(path) and not is_out
        opened = self.closed.get(path) or partial(read, path)
        return Source(self.shown(path), opened, may_change, path in self.asked, is_out)

    def _settings(self, folder: str) -> Settings:
        """The settings of a root: of the config named on the command line, else of the nearest one upward."""
        home = None if self.selection.config else walk.find_above(folder, CONFIG_NAME)
        if home not in self.settings:
            path = self.selection.config or (os.path.normpath(os.path.join(self.shown(home), CONFIG_NAME)) if home else None)
            self.settings[home] = self.selection.adjust(load_config(path) if path else Settings())
        return self.settings[home]

    # ---- what is said

    def _note_empty(self, *, is_nothing_left: bool) -> None:
        """A finding on a folder in which there is nothing to read, since the path may be mistyped; and where nothing at all is left to
        do, what is excluded."""
        result = {path for root in self.roots.values() for path in root.files}
        result |= {skip.path for skip in self.skipped} | {problem.path for problem in self.problems}
        holding = {os.path.dirname(path) for path in result if not self._is_unread(path)}
        above = {folder for start in holding for folder in (start, *walk.parents(start))}
        empty = [path for path in sorted(self.asked) if os.path.isdir(path) and path not in above]
        self.skipped += [Skip(path, 0, walk.EMPTY) for path in empty]
        if is_nothing_left:
            excluded = [path for path in sorted(self.asked) if path not in empty and not self._is_in_chart(path)]
            self.skipped += [Skip(path, 0, "excluded: nothing in it may change") for path in excluded]

    def _is_in_chart(self, path: str) -> bool:
        return any(path == chart or _is_within(path, chart) or _is_within(chart, path) for chart in self.charts)

    def _asked_charts(self) -> list[str]:
        return [
            chart
            for chart in sorted(self.charts)
            if walk.outermost(chart, self.charts) is None
            and (self._is_asked(chart) or any(_is_within(asked, chart) for asked in self.asked))
        ]

    def _note_charts(self) -> None:
        for chart in self._asked_charts():
            self.skipped.append(Skip(os.path.join(chart, walk.CHART), 1, chart_notes.note(chart, self.shown(chart))))

    def _is_unread(self, path: str) -> bool:
        """Whether it is a program of a root that is not read for programs: whether it could be read does not matter."""
        return path.endswith(walk.PROGRAM) and walk.folder_of(path, self.roots) not in self.with_programs

    def _is_asked(self, path: str) -> bool:
        return path in self.asked or any(above in self.asked for above in walk.parents(path))

    def shown(self, path: str, supplied: dict[str, str] | None = None) -> str:
        """A path as people see it: relative to the current folder, else as the user has spelled its start."""
        if path == self.here or _is_within(path, self.here):
            return _relative(path, self.here)
        for start, spelling in (supplied or self.asked).items():
            if path == start or _is_within(path, start):
                return os.path.normpath(os.path.join(spelling, os.path.relpath(path, start))).replace(os.sep, "/")
        spelled_absolutely = any(os.path.isabs(spelling) for spelling in self.asked.values())
        return path.replace(os.sep, "/") if spelled_absolutely else _relative(path, self.here)


def _with_context(sources: Sequence[Source], context: dict[str, Source]) -> list[Source]:
    """The files of a root and those of --context, which may be among them."""
    informing = {source.path: source for source in context.values()}
    own_sources = [source._replace(is_context=informing.pop(source.path, None) is not None) for source in sources]
    return [*own_sources, *informing.values()]


def _kustomizations(path: str) -> list[kustomization.Kustomization]:
    if not manifests.is_kustomization_file(path):
        return []
    try:
        return kustomization.read(path, read(path))
    except OSError:
        return []  # the function that reads the files reports it


def _real(path: str) -> str:
    """What a path that the user has named leads to: a file or a folder."""
    if not path:
        raise InputError("", 0, "a PATH is empty: an unset variable? The current folder is `.`")
    try:
        result = os.path.realpath(path, strict=True)
    except (OSError, ValueError) as error:
        raise InputError(path, 0, getattr(error, "strerror", None) or str(error)) from error
    if not (os.path.isfile(result) or os.path.isdir(result)):
        raise InputError(path, 0, "is neither a file nor a folder; `-` reads a stream")
    return result


def _is_within(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))


def _relative(path: str, folder: str) -> str:
    if path.startswith(start := os.path.join(folder, "")):
        return path[len(start) :].replace(os.sep, "/")
    return os.path.relpath(path, folder).replace(os.sep, "/")


def _sorted(sources: list[Source]) -> tuple[Source, ...]:
    return tuple(sorted(sources, key=lambda source: source.path))


def _scope(path: str, settings: Settings) -> str | None:
    """The folder or file that a pattern under `scopes:` matches and the path is in; the nearest where several do."""
    found = [part for glob in settings.scopes if (part := _matched(glob, _relative(path, settings.folder))) is not None]
    return os.path.normpath(os.path.join(settings.folder, max(found, key=len))) if found else None


def _matched(glob: str, path: str) -> str | None:
    """The longest part of a path that a pattern under `scopes:` matches, from the config's folder on; "" for that folder."""
    plain = posixpath.normpath(glob.strip("/") or ".")
    result = "" if plain == "." else globs.matched("/" + plain, path)
    is_file = result == path and "." not in posixpath.basename(plain)  # which a pattern for folders may match, too
    return posixpath.dirname(path) if is_file else result
