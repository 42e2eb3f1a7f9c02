"""Whether code that a log names may run: only if this person named its file themselves, or says so now.

A log may be anybody's, and what it names is anybody's code. So are the folders of artifacts that travel with logs.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from itertools import accumulate
from pathlib import Path

from archwright.core.errors import ArchwrightError
from archwright.evaluate.loading import NoSuchSource, is_source, resolved
from archwright.evaluate.trusted_files import is_trusted, trust

ARTIFACTS = ".artifacts"  # the end of the names of folders that travel with logs


class NotTrusted(ArchwrightError, PermissionError):
    """Code that a log names, in a file that this person has named in no command of theirs."""


def name(source: str) -> None:
    """Take note that a person names `source` in a command: from now on, a log of theirs may name it.

    Raises NoSuchSource, and ListUnwritable.
    """
    if is_source(source) and not _travels(source):
        trust(file_of(source))


def require(source: str, *, trusted: bool = False, named_by: str = "archwright space") -> None:
    """Nothing, if what a log names as `source` may run, as all may where the person has said that it is `trusted`.

    `named_by` is the beginning of a command with which they can name it.
    Raises NotTrusted, which says which file would run, and NoSuchSource.
    """
    if trusted or not is_source(source):
        return
    file = file_of(source)
    if _travels(source):
        raise NotTrusted(
            f"the log names code in {file}, which lies in a folder that travels with logs and may be anybody's; "
            "look at it, then let it run with --trust"
        )
    if not is_trusted(file):
        raise NotTrusted(
            f"the log names code in {file}, which no command of yours has named; look at it, then let it run with "
            f"--trust, or name it yourself, as in: {named_by} {source}"
        )


def file_of(source: str) -> str:
    """The absolute path, without links, of the file that importing `source` runs; nothing is imported.

    Paths are from the current folder, where modules are looked for, too. A module without a file, as `math` is, goes by
    its name. Raises NoSuchSource.
    """
    place = source.rpartition(":")[0]
    return str(resolved(place)) if place.endswith(".py") else _file_of_module(place)


def _travels(source: str) -> bool:
    """Whether the file of `source` lies in a folder of artifacts, by the path that names it or by the one it has."""
    place = source.rpartition(":")[0]
    folders = [Path(file_of(source)), *([Path(place).absolute()] if place.endswith(".py") else [])]
    return any(part.casefold().endswith(ARTIFACTS) for path in folders for part in path.parts)


def _file_of_module(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        raise NoSuchSource(f"{name!r} is no name of a module; for a file, write its path ending in .py")
    path: Sequence[str] | None = None
    origin = None
    for part in accumulate(name.split("."), "{}.{}".format):
        spec = _spec(part, path)
        if spec is None:
            raise NoSuchSource(f"there is no module {part!r}; for a file, write its path ending in .py")
        path, origin = spec.submodule_search_locations or (), spec.origin if spec.has_location else None
    return str(Path(origin).resolve()) if origin else name


def _spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """Where a module would come from; its package, in `path`, is not imported for that."""
    if (spec := getattr(sys.modules.get(name), "__spec__", None)) is not None:
        return spec
    sys.path.insert(0, str(Path.cwd()))
    try:
        importlib.invalidate_caches()
        found = (finder.find_spec(name, path) for finder in sys.meta_path)
        return next((spec for spec in found if spec is not None), None)
    finally:
        sys.path.pop(0)
