"""The files whose code a person lets their commands run: a list of theirs, which no log can add to.

It is a text file with one absolute path a line, in the user's folder for settings. What counts is where a file lies,
not what is in it: whoever may change a file of theirs may run code of theirs already.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote

from archwright.core.errors import ArchwrightError
from archwright.evaluate.user_code import find_module_files, is_source, resolve_file

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


def is_trusted_file(file: str) -> bool:
    """Whether the absolute path `file` is on the list; of a list that cannot be read, nothing is."""
    with suppress(OSError, RuntimeError):
        return file in _listed(settings_folder() / "trusted")
    return False


def trust_file(file: str) -> None:
    """Put the absolute path `file` on the list; raises ListUnwritable."""
    # Imported only where there is something to write: both take time.
    from filelock import FileLock, Timeout

    from archwright.store.atomic import write_atomically

    try:
        path = settings_folder() / "trusted"
        if file in _listed(path):
            return
        if "\n" in file:
            raise OSError("a path with a line break in it cannot be on it")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_name("trusted.lock"), timeout=WAIT):
            files = dict.fromkeys([*_listed(path), file])
            with write_atomically(path, path.with_name("trusted.draft")) as draft:
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


ARTIFACTS = ".artifacts"  # the end of the names of folders that travel with logs


class NotTrusted(ArchwrightError, PermissionError):
    """Code that a log names, in a file that this person has named in no command of theirs."""


def trust_source(source: str) -> None:
    """Take note that a person names `source` in a command: from now on, a log of theirs may name it.

    Raises NoSuchSource, and ListUnwritable.
    """
    if is_source(source):
        for file in _files_of(source):
            if not _travels(source, file):
                trust_file(file)


def require_trusted(source: str, *, trusted: bool = False, named_by: str = "archwright space") -> None:
    """Nothing, if what a log names as `source` may run, as all may where the person has said that it is `trusted`.

    `named_by` is the beginning of a command with which they can name it.
    Raises NotTrusted, which says which file would run, and NoSuchSource.
    """
    if trusted or not is_source(source):
        return
    for file in _files_of(source):
        if _travels(source, file):
            raise NotTrusted(
                f"the log names code in {file}, which lies in a folder that travels with logs and may be anybody's; "
                "look at it, then let it run with --trust"
            )
        if not is_trusted_file(file):
            raise NotTrusted(
                f"the log names code in {file}, which no command of yours has named; look at it, then let it run with "
                f"--trust, or name it yourself, as in: {named_by} {quote(source)}"
            )


def find_source_file(source: str) -> str:
    """The absolute path of the file that `source` names; nothing is imported.

    Paths are from the current folder, where modules are looked for, too. A module without a file, as `math` is, goes by
    its name. Raises NoSuchSource.
    """
    return _files_of(source)[-1]


def _files_of(source: str) -> Sequence[str]:
    """All that importing `source` runs at once: a module's packages, too, which may lie elsewhere than it."""
    place = source.rpartition(":")[0]
    return [str(resolve_file(place))] if place.endswith(".py") else find_module_files(place)


def _travels(source: str, file: str) -> bool:
    """Whether `file` lies in a folder of artifacts, by the path that `source` names it by or by the one it has."""
    place = source.rpartition(":")[0]
    paths = [Path(file), Path(file).resolve(), *([Path(place).absolute()] if place.endswith(".py") else [])]
    return any(part.casefold().endswith(ARTIFACTS) for path in paths for part in path.parts)
