"""The program: `samigrate`, or `python -m samigrate`."""

from __future__ import annotations

import gc
import os
from typing import NoReturn


def program() -> NoReturn:
    """Run the command line and leave at once: what a run has made need not be taken down piece by piece, nor be
    searched for cycles meanwhile; for a small input either takes as long as the run."""
    gc.disable()
    from samigrate.cli.main import main

    os._exit(main())  # `main` has flushed what it wrote


if __name__ == "__main__":
    program()
