"""Undoing what a kill in the middle of a checkpoint leaves: DuckDB overwrites its metadata where it stands.

A checkpoint writes tables to free blocks, and then one of two headers, which makes them count. But a block of metadata
that has room is written again in its place, and SIGKILL ends a write of 256 KiB between any two pages: the block's
checksum is then wrong, and no DuckDB opens the file any more (2.0.1 on ext4: about one in forty kills of a busy
writer). So a writer first keeps those blocks in a file beside the log, which goes when the checkpoint is done. Whoever
finds that file, and nobody at work on the log, puts the blocks back if the headers are still those of before. What had
been committed is then in the write-ahead file.
"""

import fcntl
import os
from hashlib import blake2b
from pathlib import Path

import duckdb

from archwright.store.beside import beside
from archwright.store.failure import explain

_HEADERS = 3 * 4096  # bytes: DuckDB's main header and the two that take turns; the blocks follow
_DIGEST = 32  # bytes
_NUMBER = 8  # bytes


def undo_file(path: Path) -> Path:
    """Where a writer of the log at `path` keeps what it overwrites."""
    return beside(path, "undo")


def is_kept(path: Path) -> bool:
    """Whether a checkpoint of the log at `path` is under way, or was killed."""
    return undo_file(path).exists()


def keep(path: Path, log: int, database: duckdb.DuckDBPyConnection) -> None:
    """Keep what `database`, which holds the log at `path` for writing, may overwrite in its next checkpoint.

    `log` is a descriptor of the log, opened before DuckDB's and to be closed after it: when a process closes any
    descriptor of a file, the operating system takes all its locks on that file (POSIX).
    """
    size, blocks = _metadata(database)
    places = [_HEADERS + block * size for block in blocks]
    content = os.pread(log, _HEADERS, 0) + size.to_bytes(_NUMBER, "little")
    content += b"".join(place.to_bytes(_NUMBER, "little") + os.pread(log, size, place) for place in places)
    try:
        with undo_file(path).open("wb") as file:
            file.write(_digest(content) + content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        forget(path)
        raise explain(error, path) from error


def forget(path: Path) -> None:
    """Keep nothing any more: the checkpoint is done, or will not begin."""
    undo_file(path).unlink(missing_ok=True)


def put_right(path: Path) -> bool:
    """Undo a checkpoint of the log at `path` that was killed; False, and nothing done, if somebody is at work on it."""
    try:
        log = os.open(path, os.O_RDWR)
        try:
            fcntl.lockf(log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # DuckDB's own lock
            _put_back(undo_file(path), log)
            forget(path)
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


def _metadata(database: duckdb.DuckDBPyConnection) -> tuple[int, list[int]]:
    """The size of a block in bytes, and the numbers of those that hold metadata."""
    ((names,),) = database.execute("SELECT current_setting('search_path')").fetchall()
    name = names.split(",")[-1].removesuffix(".main")
    sizes = database.execute("SELECT block_size FROM pragma_database_size() WHERE database_name = ?", [name])
    ((size,),) = sizes.fetchall()
    blocks = database.execute(f"SELECT DISTINCT block_id FROM pragma_metadata_info('{name}')").fetchall()  # noqa: S608
    return size, [block for (block,) in blocks]


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()
