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

from archwright.store.errors import explain_failure
from archwright.store.paths import locate_sidecar

_HEADER_BYTES = 3 * 4096  # bytes: DuckDB's main header and the two that take turns; the blocks follow
_DIGEST_BYTES = 32  # bytes
_NUMBER_BYTES = 8  # bytes


def has_undo_file(path: Path) -> bool:
    """Whether such a writer of the log at `path` is at work, or was killed."""
    return locate_sidecar(path, "undo").exists()


def undo_checkpoint(path: Path) -> bool:
    """Undo a checkpoint of the log at `path` that was killed; False, and nothing done, if somebody is at work on it."""
    try:
        log = os.open(path, os.O_RDWR)
        try:
            fcntl.lockf(log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # DuckDB's own lock
            _restore_blocks(locate_sidecar(path, "undo"), log)
            locate_sidecar(path, "undo").unlink(missing_ok=True)
        finally:
            os.close(log)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # another process was faster
        return True
    except OSError as error:
        raise explain_failure(error, path) from error
    return True


def _restore_blocks(file: Path, log: int) -> None:
    kept = file.read_bytes()
    content = kept[_DIGEST_BYTES:]
    if kept[:_DIGEST_BYTES] != _compute_digest(content):
        return  # killed while it kept this: the checkpoint had not begun
    if content[:_HEADER_BYTES] != os.pread(log, _HEADER_BYTES, 0):
        return  # the checkpoint had come as far as to count
    size = int.from_bytes(content[_HEADER_BYTES : _HEADER_BYTES + _NUMBER_BYTES], "little")
    for start in range(_HEADER_BYTES + _NUMBER_BYTES, len(content), _NUMBER_BYTES + size):
        place = int.from_bytes(content[start : start + _NUMBER_BYTES], "little")
        os.pwrite(log, content[start + _NUMBER_BYTES : start + _NUMBER_BYTES + size], place)
    os.fsync(log)


def _compute_digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()
