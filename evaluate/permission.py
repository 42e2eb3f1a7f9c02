"""Whether code that a log names may run: only if this person named its file themselves, or says so now.

A log may be anybody's, and what it names is anybody's code. So are the folders of artifacts that travel with logs.
"""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from archwright.core.errors import ArchwrightError
from archwright.evaluate.loading import is_source, origins, resolved
from archwright.evaluate.trusted_files import is_trusted, trust

ARTIFACTS = ".artifacts"  # the end of the names of folders that travel with logs


class NotTrusted(ArchwrightError, PermissionError):
    """Code that a log names, in a file that this person has named in no command of theirs."""


def name(source: str) -> None:
    """Take note that a person names `source` in a command: from now on, a log of theirs may name it.

    Raises NoSuchSource, and ListUnwritable.
    """
    if is_source(source):
        for file in _files_of(source):
            if not _travels(source, file):
                trust(file)


def require(source: str, *, trusted: bool = False, named_by: str = "archwright space") -> None:
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
        if not is_trusted(file):
            raise NotTrusted(
                f"the log names code in {file}, which no command of yours has named; look at it, then let it run with "
                f"--trust, or name it yourself, as in: {named_by} {quote(source)}"
            )


def file_of(source: str) -> str:
    """The absolute path of the file that `source` names; nothing is imported.

    Paths are from the current folder, where modules are looked for, too. A module without a file, as `math` is, goes by
    its name. Raises NoSuchSource.
    """
    return _files_of(source)[-1]


def _files_of(source: str) -> Sequence[str]:
    """All that importing `source` runs at once: a module's packages, too, which may lie elsewhere than it."""
    place = source.rpartition(":")[0]
    return [str(resolved(place))] if place.endswith(".py") else origins(place)


def _travels(source: str, file: str) -> bool:
    """Whether `file` lies in a folder of artifacts, by the path that `source` names it by or by the one it has."""
    place = source.rpartition(":")[0]
    paths = [Path(file), Path(file).resolve(), *([Path(place).absolute()] if place.endswith(".py") else [])]
    return any(part.casefold().endswith(ARTIFACTS) for path in paths for part in path.parts)
