"""Manifests on standard input, as one root."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from samigrate.config import CONFIG_NAME, Settings, load_config
from samigrate.hosts import walk
from samigrate.model import Outcome
from samigrate.pipeline import Root, Source

NAME = "<stdin>"


def root(content: bytes, config: str | None, adjust: Callable[[Settings], Settings]) -> Root:
    """The stream as a root. Its config is the one named, else the nearest from the current folder upward."""
    home = None if config else walk.find_above(os.path.realpath(os.getcwd()), CONFIG_NAME)
    path = config or (os.path.relpath(os.path.join(home, CONFIG_NAME)) if home else None)
    return _root(content, adjust(load_config(path) if path else Settings()))


def called_root(content: bytes, settings: Settings) -> Root:
    """The stream of a host that calls us: the folder it happens to run in has no say, and nothing may be passed over."""
    return _root(content, settings, is_strict=True)


def informed(root: Root, besides: tuple[Source, ...]) -> Root:
    """The stream with manifests that its decisions see besides."""
    return replace(root, sources=(*root.sources, *besides))


def _root(content: bytes, settings: Settings, *, is_strict: bool = False) -> Root:
    return Root("-", (Source(NAME, lambda: content, may_change=True),), settings, is_stream=True, is_strict=is_strict)


def result(content: bytes, outcome: Outcome) -> bytes:
    """The stream after the run."""
    for change in outcome.changes:
        if change.path == NAME:
            return change.new.encode("utf-8")
    return content
