"""A file is there whole or not at all."""

import errno
import os
import signal
import stat
import subprocess
import sys

import pytest

from archwright.store.atomic import write_atomically


@pytest.fixture(params=[None, b"what was there"])
def path(tmp_path, request):
    """A place where nothing is, or something."""
    path = tmp_path / "file"
    if request.param:
        path.write_bytes(request.param)
    return path


def content(path):
    """All that is in the folder."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def test_what_was_written_stands_there_when_the_block_has_ended_well(path):
    before = content(path)
    with write_atomically(path, path.with_name("draft")) as file:
        file.write(b"new")
        assert {name: held for name, held in content(path).items() if name != "draft"} == before
    assert content(path) == {"file": b"new"}


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, OSError])
def test_a_block_that_fails_leaves_what_was_there(path, error):
    before = content(path)

    def fail():
        with write_atomically(path, path.with_name("draft")) as file:
            file.write(b"half of it")
            raise error

    with pytest.raises(error):
        fail()
    assert content(path) == before


def test_a_disk_that_is_full_leaves_what_was_there(path, monkeypatch):
    before = content(path)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), write_atomically(path, path.with_name("draft")) as file:
        file.write(b"new")
    assert content(path) == before


def failing_for_folders(monkeypatch, number):
    """What a file system does that fails so when a folder is to be brought to the disk."""
    sync = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_brings_no_folder_to_the_disk_is_written_to_all_the_same(path, monkeypatch, number):
    failing_for_folders(monkeypatch, number)
    with write_atomically(path, path.with_name("draft")) as file:
        file.write(b"new")
    assert content(path) == {"file": b"new"}


def test_a_disk_that_fails_in_the_last_step_is_told_and_the_file_is_there(path, monkeypatch):
    failing_for_folders(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)), write_atomically(path, path.with_name("draft")) as file:
        file.write(b"new")
    assert content(path) == {"file": b"new"}


KILLED = """
import os, signal, sys
from pathlib import Path
from archwright.store.atomic import write_atomically
path = Path(sys.argv[1])
with write_atomically(path, path.with_name("draft")) as file:
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_leaves_what_was_there_and_a_draft_that_the_next_one_overwrites(path):
    before = content(path)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert content(path) == {**before, "draft": b"half of it"}
    with write_atomically(path, path.with_name("draft")) as file:
        file.write(b"new")
    assert content(path) == {"file": b"new"}


def test_a_link_where_the_draft_is_to_be_is_not_followed(path):
    """It may have come with somebody's log, to have a file of the reader's overwritten."""
    precious = path.with_name("precious")
    precious.write_bytes(b"what was there")
    path.with_name("draft").symlink_to(precious)
    with write_atomically(path, path.with_name("draft")) as file:
        file.write(b"new")
    assert content(path) == {"file": b"new", "precious": b"what was there"}
    assert not path.is_symlink()
