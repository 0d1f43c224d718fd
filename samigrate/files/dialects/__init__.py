"""How libraries spell manifests in Python: one data file each, read into what `pytext` goes by.

about: the models of the official Kubernetes client
modules: [kubernetes.client]     # where its classes lie; `*` matches one part of a name
signs: [V1]                      # words that a file holds which uses it, beside the first part of a module
objects:                         # classes that make a whole object, and what such an object always says
  V1Pod: {apiVersion: v1, kind: Pod}
fragments:                       # classes that make a part of one, and where it stands in what we take it for
  V1PodSpec: {at: spec, apiVersion: client.samigrate.dev/v1, kind: V1PodSpec}
flat:                            # calls whose parameters are parts of an object: parameter -> pointer
  KubernetesPodOperator: {image: /spec/containers/0/image}
renamed: {host_ip: hostIP}       # spellings that are not the camel case of each other
fields:                          # the class that a new value of a field wants; a dict may stand elsewhere
  V1Volume: {projected: V1ProjectedVolumeSource}
open_by: [pod_template_file]     # parameters that bring in parts we don't see
own: [opts]                      # parameters that are none of the object's
suffix: Args                     # what the classes of parts end in
positional: [resource_name]      # what the first positional arguments of an object's class are
spells_dicts: false              # whether dict keys may be in snake case, too
verbatim: [labels]               # fields whose keys are the user's own, never spelled in another way
account: {class: ServiceAccount, module: core.v1, name: "{name}-account"}
                                 # what makes an account as a statement of its own: its class, the module it lies in
                                 # below the first part of `modules` ("" for that of the workload), its own name;
                                 # `variable`: what it is assigned to, where its users take the object; or, in their
                                 # field `user`, the `reference` to its name, by which the program knows what comes first
defaults:                        # what a class says by itself, by parameter
  Deployment: {automount_service_account_token: false}
named: [service_account]         # parameters that take an object where a manifest has its name
wraps: {from_value: 0}           # methods that only wrap a value, or refer to an object by its name: the place of that
                                 # among their arguments
adders: {containers: [add_container]}  # methods that add to a list which must not be empty
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from samigrate import yamltext
from samigrate.base import data_files
from samigrate.base.errors import InputError
from samigrate.pytext import Dialect

_KEYS = frozenset(
    ("about", "modules", "signs", "objects", "fragments", "flat", "renamed", "fields", "open_by", "own", "suffix", "positional")
) | {"spells_dicts", "account", "verbatim", "defaults", "named", "wraps", "adders"}


@cache
def dialects() -> tuple[Dialect, ...]:
    """All packaged dialects. Raises InputError for a malformed file."""
    return tuple(_dialect(name, data_files.text(name)) for name in data_files.names("files/dialects"))


def _dialect(file_name: str, text: str) -> Dialect:
    try:
        value: Any = yamltext.load(text).value
    except yamltext.YamlError as error:
        raise InputError(file_name, error.line, error.problem) from error
    if not isinstance(value, dict) or set(value) - _KEYS or not {"about", "modules"} <= set(value):
        raise InputError(file_name, 1, f"must hold `about` and `modules`, and of {', '.join(sorted(_KEYS))} only")
    return Dialect(
        file_name.rpartition("/")[2].removesuffix(".yaml"),
        value["about"],
        tuple(value["modules"]),
        value.get("objects", {}),
        value.get("fragments", {}),
        value.get("flat", {}),
        value.get("renamed", {}),
        value.get("fields", {}),
        frozenset(value.get("open_by", ())),
        frozenset(value.get("own", ())),
        value.get("suffix", ""),
        tuple(value.get("positional", ())),
        bool(value.get("spells_dicts", False)),
        frozenset(value.get("verbatim", ())),
        value.get("account", {}),
        _by_key(value.get("defaults", {}), value.get("flat", {})),
        frozenset(value.get("named", ())),
        value.get("wraps", {}),
        {parameter: tuple(methods) for parameter, methods in value.get("adders", {}).items()},
        tuple(sign.encode() for sign in ("" if "k8s" in value["modules"] else value["modules"][0].split(".")[0], *value.get("signs", ()))),
    )


def _by_key(defaults: Mapping[str, Mapping[str, Any]], flat: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Defaults by the keys that the parameters of their class are read as."""
    return {klass: {f"={name}" if klass in flat else name: value for name, value in given.items()} for klass, given in defaults.items()}
