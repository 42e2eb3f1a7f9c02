"""`python -m archwright`: the command, where the script of that name is not on the path."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if sys.path[0] == str(Path.cwd()):  # which the script has not: no file there is to shadow an installed module
        del sys.path[0]

    from archwright.cli.main import main

    main()
