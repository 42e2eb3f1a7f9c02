"""The files whose code a person lets their commands run: a list of theirs, which no log can add to.

It is a text file with one absolute path a line, in the user's folder for settings. What counts is where a file lies,
not what is in it: whoever may change a file of theirs may run code of theirs already.
"""

import os
from contextlib import suppress
from pathlib import Path

from archwright.core.errors import ArchwrightError
from archwright.core.whole_file import whole_file

FOLDER = "ARCHWRIGHT_CONFIG"  # the environment variable that names another folder for settings
WAIT = 5.0  # seconds for another process that writes the list


class ListUnwritable(ArchwrightError, OSError):
    """A list of trusted files that cannot be written, as in a home that is read-only."""


def settings_folder() -> Path:
    """Where this user's settings lie: $ARCHWRIGHT_CONFIG, or archwright in $XDG_CONFIG_HOME or ~/.config.

    RuntimeError where nobody knows the user's home.
    """
    if given := os.environ.get(FOLDER):
        return Path(given)
    shared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (shared if shared.is_absolute() else Path("~/.config").expanduser()) / "archwright"


def is_trusted(file: str) -> bool:
    """Whether the absolute path `file` is on the list; of a list that cannot be read, nothing is."""
    with suppress(OSError, RuntimeError):
        return file in _listed(settings_folder() / "trusted")
    return False


def trust(file: str) -> None:
    """Put the absolute path `file` on the list; raises ListUnwritable."""
    from filelock import FileLock, Timeout  # only where there is something to write: it takes time to import

    try:
        path = settings_folder() / "trusted"
        if file in _listed(path):
            return
        if "\n" in file:
            raise OSError("a path with a line break in it cannot be on it")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_name("trusted.lock"), timeout=WAIT):
            files = dict.fromkeys([*_listed(path), file])
            with whole_file(path, path.with_name("trusted.draft")) as draft:
                os.fchmod(draft.fileno(), 0o600)  # whoever could write it could have their code run
                draft.write(os.fsencode("".join(f"{each}\n" for each in files)))
    except (OSError, RuntimeError, Timeout) as error:
        raise ListUnwritable(
            f"{file} cannot be put on the list of trusted files ({error}); commands that go on with what is begun now "
            f"need --trust, or set {FOLDER} to a folder that can be written"
        ) from error


def _listed(path: Path) -> list[str]:
    try:
        return os.fsdecode(path.read_bytes()).split("\n")[:-1]
    except FileNotFoundError:
        return []
