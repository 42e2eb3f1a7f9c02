"""Writing a file whole or not at all: beside its place first, brought to the disk, and then renamed."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_CANNOT = (errno.EINVAL, errno.ENOTSUP)  # what file systems say that bring no folder to the disk


@contextmanager
def whole_file(path: Path, draft: Path) -> Generator[BinaryIO]:
    """What the block writes to stands at `path`, whatever was there before, once the block has ended well.

    Until then it is at `draft`, in the same folder, where a killed process leaves it and the next one overwrites it.
    Where the block fails, or the disk, with OSError, there is no draft and `path` is as it was. Only where the disk
    fails once the file has its name, it stays, and a power cut might yet take it. A file system that brings no folder
    to the disk, as some of networks do, does not fail.
    """
    try:
        draft.unlink(missing_ok=True)  # it may be a link, which a stranger has put there to have its target overwritten
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _settle_names(path.parent)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _settle_names(folder: Path) -> None:
    """Bring the names in `folder` to the disk, where it may be opened and its file system knows how."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
        finally:
            os.close(descriptor)
