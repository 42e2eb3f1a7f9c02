"""Whether code that a log names may run: only from files on the user's list of trusted files, which no log can add to.

The list is a text file with one absolute path a line, in the user's folder for settings. What counts is where a file
lies, not what is in it: whoever may change a user's file may run code as that user already.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote

from archwright.core.errors import ArchwrightError
from archwright.store.user_code import find_module_files, is_source, resolve_file

SETTINGS_FOLDER_VARIABLE = "ARCHWRIGHT_CONFIG"  # the environment variable that names another folder for settings
LOCK_TIMEOUT_SECONDS = 5.0  # to wait for another process that writes the list
ARTIFACTS_SUFFIX = ".artifacts"  # of the names of folders that travel with logs


class NotTrusted(ArchwrightError, PermissionError):
    """Code that a log names, in a file that the user has named in no command."""


class ListUnwritable(ArchwrightError, OSError):
    """A list of trusted files that cannot be written, as in a home that is read-only."""


def trust_source(source: str) -> None:
    """Trusts the files of a `source` that the user names in a command: from now on, the user's logs may name it.

    Raises NoSuchSource, and ListUnwritable.
    """
    if is_source(source):
        for file in _find_source_files(source):
            if not _travels_with_log(source, file):
                trust_file(file)


def require_trusted(source: str, *, trusted: bool = False, named_by: str = "archwright space") -> None:
    """Nothing, if the `source` that a log names may run, as every one may where the user says that it is `trusted`.

    `named_by` is the beginning of a command with which the user can name it. Raises NotTrusted, which says which file
    would run, and NoSuchSource.
    """
    if trusted or not is_source(source):
        return
    for file in _find_source_files(source):
        if _travels_with_log(source, file):
            raise NotTrusted(
                f"the log names code in {file}, which lies in a folder that travels with logs and may be anybody's; "
                "look at it, then let it run with --trust (trust=True in Python)"
            )
        if not is_trusted_file(file):
            raise NotTrusted(
                f"the log names code in {file}, which no command of yours has named; look at it, then let it run with "
                f"--trust (trust=True in Python), or name it yourself, as in: {named_by} {quote(source)}"
            )


def find_source_file(source: str) -> str:
    """The absolute path of the file that `source` names; nothing is imported.

    Paths are from the current folder, where modules are looked for, too. A module without a file, as `math` is, goes by
    its name. Raises NoSuchSource.
    """
    return _find_source_files(source)[-1]


def is_trusted_file(file: str) -> bool:
    """Whether the absolute path `file` is on the list; where that cannot be read, no file is."""
    with suppress(OSError, RuntimeError):
        return file in _read_list(find_settings_folder() / "trusted")
    return False


def trust_file(file: str) -> None:
    """Puts the absolute path `file` on the list; raises ListUnwritable."""
    # Imported only where there is something to write: both take time.
    from filelock import FileLock, Timeout

    from archwright.store.atomic import write_atomically

    try:
        path = find_settings_folder() / "trusted"
        if file in _read_list(path):
            return
        if "\n" in file:
            raise OSError("a path with a line break in it cannot be on it")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_name("trusted.lock"), timeout=LOCK_TIMEOUT_SECONDS):
            files = dict.fromkeys([*_read_list(path), file])
            with write_atomically(path, path.with_name("trusted.draft")) as draft:
                os.fchmod(draft.fileno(), 0o600)  # whoever could write it could have their code run
                draft.write(os.fsencode("".join(f"{trusted}\n" for trusted in files)))
    except (OSError, RuntimeError, Timeout) as error:
        raise ListUnwritable(
            f"{file} cannot be put on the list of trusted files ({error}); commands that go on with what is begun now "
            f"need --trust (trust=True in Python), or set {SETTINGS_FOLDER_VARIABLE} to a folder that can be written"
        ) from error


def find_settings_folder() -> Path:
    """Where the user's settings lie: $ARCHWRIGHT_CONFIG, or archwright in $XDG_CONFIG_HOME or ~/.config.

    Raises RuntimeError where the user's home is unknown.
    """
    if folder := os.environ.get(SETTINGS_FOLDER_VARIABLE):
        return Path(folder)
    shared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (shared if shared.is_absolute() else Path("~/.config").expanduser()) / "archwright"


def _read_list(path: Path) -> list[str]:
    try:
        return os.fsdecode(path.read_bytes()).split("\n")[:-1]
    except FileNotFoundError:
        return []


def _find_source_files(source: str) -> Sequence[str]:
    """The files that importing `source` runs: of a module, those of its packages too, which may lie elsewhere."""
    place = source.rpartition(":")[0]
    return [str(resolve_file(place))] if place.endswith(".py") else find_module_files(place)


def _travels_with_log(source: str, file: str) -> bool:
    """Whether `file` lies in a folder of artifacts, by its own path or by the one that `source` names it by."""
    place = source.rpartition(":")[0]
    paths = [Path(file), Path(file).resolve(), *([Path(place).absolute()] if place.endswith(".py") else [])]
    return any(part.casefold().endswith(ARTIFACTS_SUFFIX) for path in paths for part in path.parts)
