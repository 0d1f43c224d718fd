"""What a host has written on an object, and what an object that is added beside it must carry.

Helm 4 names each document's chart file in an annotation (it drops a document whose file name starts with `_`, and
files one without under a number); kpt names the file that an item goes back to.
"""

from __future__ import annotations

import posixpath
import re

from samigrate.base.values import mapping, text
from samigrate.domain.model import NewResource, Workload

HELM_FILE = "postrenderer.helm.sh/postrender-filename"
KRM = ("config.kubernetes.io/", "internal.config.kubernetes.io/")
BEFORE_ALL = -100_000
"""Added to an item's index it puts another item before all of its file, and no two of them at one place."""
_INSIDE = re.compile(r"[^/]+(/[^/]+)+")


def own_file(path: str, name: str) -> str:
    """A file for an account of that name beside a chart file; "" where the path is none that Helm may write to."""
    if not _INSIDE.fullmatch(path) or ".." in path.split("/"):
        return ""
    return f"{posixpath.dirname(path)}/{name}-serviceaccount.yaml"


def dressed(added: NewResource, workload: Workload) -> NewResource:
    """The new object with what its host must find on it."""
    beside = workload.resource
    name = text(added.value, "metadata", "name") or ""
    result = {key: path for start in KRM if (path := text(beside.annotations, key := start + "path"))}
    if result and not workload.component:  # two items at one place of a file: kpt refuses
        positions = [(key, text(beside.annotations, key) or "") for start in KRM if (key := start + "index")]
        result |= {key: str(int(place) + BEFORE_ALL) for key, place in positions if place.isdigit()}
    if (path := text(beside.annotations, HELM_FILE)) and (helm_file := own_file(path, name)):
        result[HELM_FILE] = helm_file
    if not result:
        return added
    metadata = mapping(added.value, "metadata")
    return added._replace(value={**added.value, "metadata": {**metadata, "annotations": {**mapping(metadata, "annotations"), **result}}})
