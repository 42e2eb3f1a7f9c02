"""Undoing what a kill of the first release's writer has left: it kept in a file what its checkpoint overwrote.

DuckDB overwrites its metadata where it stands: a process that is killed within that leaves a file whose checksums are
wrong. Today the log is made anew from its journal; a log of that release has none yet, and this file instead. Whoever
finds it, and nobody at work on the log, puts the blocks back if the headers are still those of before. What had been
committed is then in the write-ahead file.
"""

import fcntl
import os
from hashlib import blake2b
from pathlib import Path

from archwright.store.beside import beside
from archwright.store.failure import explain

_HEADERS = 3 * 4096  # bytes: DuckDB's main header and the two that take turns; the blocks follow
_DIGEST = 32  # bytes
_NUMBER = 8  # bytes


def is_kept(path: Path) -> bool:
    """Whether such a writer of the log at `path` is at work, or was killed."""
    return beside(path, "undo").exists()


def put_right(path: Path) -> bool:
    """Undo a checkpoint of the log at `path` that was killed; False, and nothing done, if somebody is at work on it."""
    try:
        log = os.open(path, os.O_RDWR)
        try:
            fcntl.lockf(log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # DuckDB's own lock
            _put_back(beside(path, "undo"), log)
            beside(path, "undo").unlink(missing_ok=True)
        finally:
            os.close(log)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # another process was faster
        return True
    except OSError as error:
        raise explain(error, path) from error
    return True


def _put_back(file: Path, log: int) -> None:
    kept = file.read_bytes()
    content = kept[_DIGEST:]
    if kept[:_DIGEST] != _digest(content):
        return  # killed while it kept this: the checkpoint had not begun
    if content[:_HEADERS] != os.pread(log, _HEADERS, 0):
        return  # the checkpoint had come as far as to count
    size = int.from_bytes(content[_HEADERS : _HEADERS + _NUMBER], "little")
    for start in range(_HEADERS + _NUMBER, len(content), _NUMBER + size):
        place = int.from_bytes(content[start : start + _NUMBER], "little")
        os.pwrite(log, content[start + _NUMBER : start + _NUMBER + size], place)
    os.fsync(log)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()
