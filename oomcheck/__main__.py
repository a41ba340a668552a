"""`oomcheck` and `python -m oomcheck`: loads the command line where Ctrl-C is already a clean end."""

from __future__ import annotations

import sys
from importlib import import_module

INTERRUPTED = 130


def main() -> int:
    """Run the command line; its exit code."""
    try:
        code = import_module("oomcheck.cli.main").main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing is known yet\n")
        return INTERRUPTED
    assert isinstance(code, int)
    return code


if __name__ == "__main__":
    sys.exit(main())
