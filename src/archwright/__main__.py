"""The command: what the script `archwright` runs, and `python -m archwright` where that script is not on the path."""

import gc
import sys
from pathlib import Path


def run() -> None:
    """Import the command line, and run the command."""
    gc.disable()  # what is imported lasts, and to look for garbage among it takes a twelfth of the time of `--help`
    from archwright.cli.main import main

    gc.enable()
    main()


if __name__ == "__main__":
    if sys.path[0] == str(Path.cwd()):  # which the script has not: no file there is to shadow an installed module
        del sys.path[0]

    run()
