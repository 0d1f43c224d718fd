"""Runs the command line in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from samigrate.cli.main import main


class Result(NamedTuple):
    exit: int
    stdout: bytes
    stderr: str


def invoke(arguments: Sequence[str], stdin: bytes = b"") -> Result:
    """What the command does when called with these arguments in the current folder."""
    out, err = io.BytesIO(), io.BytesIO()
    with _streams(stdin, out, err):
        code = main(arguments)
    return Result(code, out.getvalue(), err.getvalue().decode())


@contextmanager
def _streams(stdin: bytes, out: io.BytesIO, err: io.BytesIO) -> Iterator[None]:
    saved = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    stderr = io.TextIOWrapper(err, encoding="utf-8", write_through=True)
    sys.stdout, sys.stderr = stdout, stderr
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = saved
        stdout.detach()
        stderr.detach()
