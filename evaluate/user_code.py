"""The process that runs a person's code, and children that this has forked: these must not go on as if they were it."""

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.evaluate.paths import describe_file_kind, explain_relative_path
from archwright.evaluate.user_errors import format_traceback


class ReportedByChild(ArchwrightError, RuntimeError):
    """A report from a process that a person's function has forked."""


@contextmanager
def end_forked_children() -> Generator[None]:
    """A child that is forked in the block ends where it would leave the block, as a program of its own does."""
    home = os.getpid()
    try:
        yield
    except BaseException as error:
        if os.getpid() != home:
            _end(error)
        raise
    if os.getpid() != home:
        _end(None)


def require_same_process(home: int) -> None:
    """Nothing in the process with the id `home`; elsewhere ReportedByChild."""
    if os.getpid() != home:
        raise ReportedByChild(
            "report was called in a process that the function has forked; send what it finds to the function's own "
            "process, and report it there"
        )


def _end(error: BaseException | None) -> NoReturn:
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(error)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF)


class BadSourceName(ArchwrightError, ValueError):
    """A name that is neither `file.py:attribute` nor `module:attribute`."""


class NoSuchSource(ArchwrightError, ImportError):
    """A file or module that is not there."""


class NoSuchAttribute(ArchwrightError, AttributeError):
    """A file or module that does not hold the named attribute."""


class SourceFailed(ArchwrightError, RuntimeError):
    """A file or module that raised while it was imported; the message ends with its own traceback."""


def is_source(text: str) -> bool:
    """Whether `text` has the form `file.py:attribute` or `module:attribute`, as no built-in name has."""
    place, colon, attribute = text.rpartition(":")
    return bool(colon and place and attribute)


def load_object(source: str) -> Any:
    """The object that `source` names: `file.py:attribute` or `module:attribute`, where attribute may be dotted.

    A file is imported once, under a name that follows from its path, and again only after its text has changed;
    it may import its neighbours. Raises BadSource, NoSuchSource, NoSuchAttribute or SourceFailed.
    """
    place, _, attribute = source.rpartition(":")
    if not is_source(source):
        raise BadSourceName(f"{source!r} names no Python object; write file.py:attribute or module:attribute")
    found: Any = _from_file(resolve_file(place)) if place.endswith(".py") else _from_module(place)
    for name in attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise NoSuchAttribute(f"{place} has no {name!r}; {suggest_names(name, _offered(found))}") from None
    return found


def _offered(found: Any) -> list[str]:
    named = getattr(found, "__dict__", {})
    return [name for name, value in named.items() if not name.startswith("_") and not isinstance(value, ModuleType)]


def resolve_file(place: str) -> Path:
    """The absolute path, without links, of a file that is there; raises NoSuchSource."""
    try:
        path = Path(place).expanduser().resolve()
        there = path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # a user that is not there, links in a circle, a NUL
        raise NoSuchSource(f"{place} is no path to a file: {error}") from error
    if path.exists() and not there:
        raise NoSuchSource(f"{path} is {describe_file_kind(path)}; name a file of Python code")
    if not there:
        neighbours = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        near = suggest_names(path.name, neighbours)
        raise NoSuchSource(f"there is no file {path}; in its folder {near}{explain_relative_path(place)}")
    return path


def _from_file(path: Path) -> ModuleType:
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    known = sys.modules.get(name)
    if known is not None and getattr(known.__loader__, "text", None) == path.read_bytes():
        return known
    loader = _FileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        with _importing_beside(path.parent), _border(str(path)):
            loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _FileLoader(SourceFileLoader):
    """Compiles the text that is there now: a cached .pyc is stale where a file changed twice within a second."""

    text: bytes = b""

    def get_code(self, fullname: str) -> Any:
        self.text = self.get_data(self.get_filename(fullname))
        return self.source_to_code(self.text, self.path)


def find_module_files(name: str) -> Sequence[str]:
    """The absolute paths of the files that importing the module `name` runs: those of its packages, and its own last.

    They are found as importing finds them, in the current folder first, and none is run. Links are not followed: what
    a module imports comes from beside the link. A module without a file, as `math` is, goes by its name.
    Raises NoSuchSource.
    """
    if not all(part.isidentifier() for part in name.split(".")):
        raise NoSuchSource(f"{name!r} is no name of a module; for a file, write its path ending in .py")
    files, origin, folders = list[str](), None, None
    for part in accumulate(name.split("."), "{}.{}".format):
        files += [origin] if origin else []
        origin, folders = _found(part, folders)
    return [*files, origin or name]


def _found(name: str, folders: Sequence[str] | None) -> tuple[str | None, Sequence[str]]:
    """The file of a module, if it has one, and the folders of its own modules; no package is imported for that."""
    spec, path = getattr(sys.modules.get(name), "__spec__", None), list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    try:
        importlib.invalidate_caches()
        spec = spec or next(filter(None, (_spec(finder, name, folders) for finder in sys.meta_path)), None)
        if spec is None:
            raise NoSuchSource(f"there is no module {name!r}; for a file, write its path ending in .py")
        inside = list(spec.submodule_search_locations or ())
    finally:
        sys.path[:] = path
    return str(Path(spec.origin).absolute()) if spec.has_location and spec.origin else None, inside


def _spec(finder: Any, name: str, folders: Sequence[str] | None) -> ModuleSpec | None:
    try:
        return finder.find_spec(name, folders)
    except KeyError:  # a folder without __init__.py in a package that is not imported: Python looks for that
        return finder.find_spec(name.rpartition(".")[2], folders)


def _from_module(name: str) -> ModuleType:
    # An installed module imports what is installed: not what lies in the folder that the command happens to run in.
    here = Path.cwd()
    with _importing_beside(here) if _is_found_in(here, name) else nullcontext(), _border(name):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise  # the module is there; one that it imports is not
            raise NoSuchSource(f"there is no module {error.name!r}; for a file, write its path ending in .py") from None


def _is_found_in(folder: Path, name: str) -> bool:
    """Whether the module, or the outermost package that it is in, lies in the folder itself, not below."""
    outermost, file = name.partition(".")[0], Path(find_module_files(name)[-1])
    return file.is_relative_to(folder) and file.relative_to(folder).parts[0].partition(".")[0] == outermost


@contextmanager
def _importing_beside(folder: Path) -> Iterator[None]:
    """Puts `folder` first in the import path, as Python does for a script; last, for late imports, once it is done."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))


@contextmanager
def _border(place: str) -> Iterator[None]:
    """Turns whatever a person's code raises at import, also SystemExit, into SourceFailed with their traceback.

    A child that it forks ends with the import: it is neither a second command nor a second worker.
    """
    try:
        with end_forked_children():
            yield
    except (NoSuchSource, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise SourceFailed(f"importing {place} failed:\n{format_traceback(error, lines=None)}") from error
