"""Importing the objects that a user's source names, in one process: children that their code forks end there."""

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.tracebacks import format_traceback
from archwright.store.named_paths import describe_file_kind, explain_relative_path


class BadSourceName(ArchwrightError, ValueError):
    """A name that is neither `file.py:attribute` nor `module:attribute`."""


class NoSuchSource(ArchwrightError, ImportError):
    """A file or module that is not there."""


class NoSuchAttribute(ArchwrightError, AttributeError):
    """A file or module that does not hold the named attribute."""


class SourceFailed(ArchwrightError, RuntimeError):
    """A file or module that raised while it was imported; the message ends with its own traceback."""


class ReportedByChild(ArchwrightError, RuntimeError):
    """A report from a process that a user's function has forked."""


def is_source(text: str) -> bool:
    """Whether `text` has the form `file.py:attribute` or `module:attribute`, as no built-in name has."""
    place, colon, attribute = text.rpartition(":")
    return bool(colon and place and attribute)


def load_object(source: str) -> Any:
    """The object that `source` names: `file.py:attribute` or `module:attribute`, where attribute may be dotted.

    A file is imported once, under a name that follows from its path, and again only after its text has changed;
    it may import its neighbours. Raises BadSourceName, NoSuchSource, NoSuchAttribute or SourceFailed.
    """
    place, _, attribute = source.rpartition(":")
    if not is_source(source):
        raise BadSourceName(f"{source!r} names no Python object; write file.py:attribute or module:attribute")
    value: Any = _import_file(resolve_file(place)) if place.endswith(".py") else _import_module(place)
    for name in attribute.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            raise NoSuchAttribute(f"{place} has no {name!r}; {suggest_names(name, _list_attributes(value))}") from None
    return value


def resolve_file(place: str) -> Path:
    """The absolute path, without links, of a file that exists; raises NoSuchSource."""
    try:
        path = Path(place).expanduser().resolve()
        is_file = path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # an unknown user, links in a circle, a NUL
        raise NoSuchSource(f"{place} is no path to a file: {error}") from error
    if path.exists() and not is_file:
        raise NoSuchSource(f"{path} is {describe_file_kind(path)}; name a file of Python code")
    if not is_file:
        neighbours = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        suggestion = suggest_names(path.name, neighbours)
        raise NoSuchSource(f"there is no file {path}; in its folder {suggestion}{explain_relative_path(place)}")
    return path


def find_module_files(name: str) -> Sequence[str]:
    """The absolute paths of the files that importing the module `name` runs: those of its packages, and its own last.

    They are found as importing finds them, in the current folder first, and none is run. Links are not followed: what
    a module imports comes from beside the link. A module without a file, as `math` is, goes by its name.
    Raises NoSuchSource.
    """
    if not all(part.isidentifier() for part in name.split(".")):
        raise NoSuchSource(f"{name!r} is no name of a module; for a file, write its path ending in .py")
    files, file, folders = list[str](), None, None
    for module in accumulate(name.split("."), "{}.{}".format):
        files += [file] if file else []
        file, folders = _locate_module(module, folders)
    return [*files, file or name]


def find_loaded_file(module: ModuleType | None) -> str | None:
    """The absolute path of the file that `load_object` made the module of; None for any other module."""
    loader = getattr(module, "__loader__", None)
    return loader.path if isinstance(loader, _FileLoader) else None


@contextmanager
def end_forked_children() -> Generator[None]:
    """A child process that is forked in the block ends where it would leave the block, as a program does."""
    parent = os.getpid()
    try:
        yield
    except BaseException as error:
        if os.getpid() != parent:
            _exit_child(error)
        raise
    if os.getpid() != parent:
        _exit_child(None)


def require_same_process(pid: int) -> None:
    """Nothing in the process with this id; raises ReportedByChild in all others."""
    if os.getpid() != pid:
        raise ReportedByChild(
            "report was called in a process that the function has forked; send what it finds to the function's own "
            "process, and report it there"
        )


def _exit_child(error: BaseException | None) -> NoReturn:
    """Ends this process with the exit code that Python gives a program whose main module raised `error`."""
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


def _list_attributes(value: Any) -> list[str]:
    """The public attributes of a module or class that are no modules."""
    attributes = getattr(value, "__dict__", {})
    return [name for name, item in attributes.items() if not name.startswith("_") and not isinstance(item, ModuleType)]


def _import_file(path: Path) -> ModuleType:
    name = f"{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    imported = sys.modules.get(name)
    if imported is not None and getattr(imported.__loader__, "text", None) == path.read_bytes():
        return imported
    loader = _FileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        with _import_from(path.parent), _guard_import(str(path)):
            loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _FileLoader(SourceFileLoader):
    """Compiles the text that the file has now: a cached .pyc is stale where a file changed twice within a second."""

    text: bytes = b""

    def get_code(self, fullname: str) -> Any:
        self.text = self.get_data(self.get_filename(fullname))
        return self.source_to_code(self.text, self.path)


def _import_module(name: str) -> ModuleType:
    # An installed module imports what is installed: not what lies in the folder that the command happens to run in.
    folder = Path.cwd()
    with _import_from(folder) if _lies_in(folder, name) else nullcontext(), _guard_import(name):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise  # the module exists; one that it imports does not
            raise NoSuchSource(f"there is no module {error.name!r}; for a file, write its path ending in .py") from None


def _lies_in(folder: Path, name: str) -> bool:
    """Whether the module, or the outermost package that it is in, lies in the folder itself, not below."""
    outermost, file = name.partition(".")[0], Path(find_module_files(name)[-1])
    return file.is_relative_to(folder) and file.relative_to(folder).parts[0].partition(".")[0] == outermost


@contextmanager
def _import_from(folder: Path) -> Generator[None]:
    """Puts `folder` first in the import path, as Python does for a script; afterwards last, for late imports."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))


@contextmanager
def _guard_import(place: str) -> Generator[None]:
    """Turns whatever a user's code raises at import, also SystemExit, into SourceFailed with its traceback.

    A child process that it forks ends with the import: it is neither a second command nor a second worker.
    """
    try:
        with end_forked_children():
            yield
    except (NoSuchSource, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise SourceFailed(f"importing {place} failed:\n{format_traceback(error, lines=None)}") from error


def _locate_module(name: str, folders: Sequence[str] | None) -> tuple[str | None, Sequence[str]]:
    """The file of a module, if it has one, and the folders of its submodules; no package is imported for that."""
    spec, path = getattr(sys.modules.get(name), "__spec__", None), list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    try:
        importlib.invalidate_caches()
        spec = spec or next(filter(None, (_find_spec(finder, name, folders) for finder in sys.meta_path)), None)
        if spec is None:
            raise NoSuchSource(f"there is no module {name!r}; for a file, write its path ending in .py")
        subfolders = list(spec.submodule_search_locations or ())
    finally:
        sys.path[:] = path
    return str(Path(spec.origin).absolute()) if spec.has_location and spec.origin else None, subfolders


def _find_spec(finder: Any, name: str, folders: Sequence[str] | None) -> ModuleSpec | None:
    try:
        return finder.find_spec(name, folders)
    except KeyError:  # a folder without __init__.py in a package that is not imported: Python looks for that
        return finder.find_spec(name.rpartition(".")[2], folders)
