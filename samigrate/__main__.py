"""`python -m samigrate`."""

import sys

from samigrate.cli import main

if __name__ == "__main__":
    sys.exit(main())
