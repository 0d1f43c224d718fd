"""A `helm` that gives back what Helm once gave: cases with charts run where there is none.

What it is asked is known by its arguments and by all files that it could read. With a real Helm it asks that one, and records.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_SCRIPT = """\
#!{python}
import sys

sys.path.insert(0, {root!r})
from tests.support.recorded_helm import main

main({recordings!r}, {real!r})
"""


def install(folder: Path, recordings: Path, real: str = "") -> None:
    """Put such a `helm` into a folder; `real` is the Helm whose answers are recorded, if any."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "helm"
    script.write_text(_SCRIPT.format(python=sys.executable, root=str(ROOT), recordings=str(recordings), real=real), encoding="utf-8")
    script.chmod(0o755)


def main(recordings: str, real: str) -> None:
    path = Path(recordings)
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    key = _key(sys.argv[1:])
    if real and key not in known:
        done = subprocess.run([real, *sys.argv[1:]], capture_output=True, text=True, check=False)
        known[key] = {
            "code": done.returncode,
            "out": done.stdout.replace(os.getcwd(), "HOME"),
            "err": done.stderr.replace(os.getcwd(), "HOME"),
        }
        path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if key not in known:
        sys.exit(f"Error: no recording of `helm {' '.join(sys.argv[1:])}` for these files: make the cases anew, with Helm")
    sys.stdout.write(known[key]["out"].replace("HOME", os.getcwd()))
    sys.stderr.write(known[key]["err"].replace("HOME", os.getcwd()))
    sys.exit(known[key]["code"])


def _key(arguments: list[str]) -> str:
    here = Path.cwd()
    parts = [argument.replace(f"{here}/", "") for argument in arguments]
    for file in sorted(path for path in here.rglob("*") if path.is_file() and "cache" not in path.relative_to(here).parts[:1]):
        parts += [str(file.relative_to(here)), hashlib.sha256(file.read_bytes()).hexdigest()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
