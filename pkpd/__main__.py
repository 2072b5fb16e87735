"""`python -m pkpd` is the command `pkpd`."""

import sys

from pkpd.cli import main

if __name__ == "__main__":
    sys.exit(main())
