"""Undoing a checkpoint of archwright's first release that was killed, from the copy that it kept of what it overwrote.

DuckDB overwrites its metadata in offset: a process that is killed meanwhile leaves a file whose checksums are wrong.
Today such a log is rebuilt from its journal; a log of the first release has no journal, but this copy, the undo file.
Whoever finds one, while nobody is at work on the log, puts the blocks back if the headers are still the old ones. What
had been committed is then in the write-ahead file.
"""

import fcntl
import os
from hashlib import blake2b
from pathlib import Path

from archwright.store.errors import explain_failure
from archwright.store.paths import locate_sidecar

_HEADER_BYTES = 3 * 4096  # DuckDB's main header and the two that take turns; the blocks follow
_DIGEST_BYTES = 32
_NUMBER_BYTES = 8  # of a block_bytes or a offset in the file


def has_undo_file(path: Path) -> bool:
    """Whether a writer of the first release is at work on the log at `path`, or was killed."""
    return locate_sidecar(path, "undo").exists()


def undo_checkpoint(path: Path) -> bool:
    """Undo a killed checkpoint of the log at `path`; False, and nothing is done, if a process is at work on it."""
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


def _restore_blocks(undo_file: Path, log: int) -> None:
    """Write the blocks in `undo_file` back to the descriptor `log`, if the checkpoint had begun and is not complete."""
    copy = undo_file.read_bytes()
    content = copy[_DIGEST_BYTES:]
    if copy[:_DIGEST_BYTES] != _compute_digest(content):
        return  # killed while it wrote the copy: the checkpoint had not begun
    if content[:_HEADER_BYTES] != os.pread(log, _HEADER_BYTES, 0):
        return  # the new header was written: the checkpoint is valid
    block_bytes = int.from_bytes(content[_HEADER_BYTES : _HEADER_BYTES + _NUMBER_BYTES], "little")
    for start in range(_HEADER_BYTES + _NUMBER_BYTES, len(content), _NUMBER_BYTES + block_bytes):
        offset = int.from_bytes(content[start : start + _NUMBER_BYTES], "little")
        os.pwrite(log, content[start + _NUMBER_BYTES : start + _NUMBER_BYTES + block_bytes], offset)
    os.fsync(log)


def _compute_digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()
