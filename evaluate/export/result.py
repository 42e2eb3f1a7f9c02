"""What an export has come to."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from attrs import frozen

from archwright.core.errors import to_one_line
from archwright.store.written_paths import shorten


class ExportRecord(TypedDict):
    """The files of an exported model."""

    files: list[str]
    missing: dict[str, str]  # the reasons why files were not written, by their names
    notes: list[str]


@frozen(repr=False)
class ExportResult:
    """The files of an export."""

    files: tuple[Path, ...]
    missing: Mapping[str, str]  # by name, the reasons why files were not written
    notes: tuple[str, ...] = ()  # those of the model

    def details(self) -> ExportRecord:
        """The same as `archwright export --json` prints it: the files named from the current folder on."""
        return {
            "files": [str(shorten(path)) for path in self.files],
            "missing": dict(self.missing),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        folder, names = self.files[0].parent, ", ".join(file.name for file in self.files)
        missing = [f"; without {name}: {_shorten(reason)}" for name, reason in self.missing.items()]
        return f"<Export in {folder}: {names}{''.join(missing)}>"


def _shorten(reason: str) -> str:
    """A reason in one line: of one that ends with a traceback, what comes before it and the error."""
    first, *others = reason.strip().splitlines()
    return to_one_line(" ".join([first, *others[-1:]]))
