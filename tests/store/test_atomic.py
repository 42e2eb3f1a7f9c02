"""Files are there whole or not at all; scratch folders are gone with their block, and after a kill with the next."""

import errno
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress

import pytest

from archwright.store.atomic import DRAFT_FOLDER_PREFIX, make_scratch_folder, sweep_scratch_folders, write_atomically
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from tests.store.processes import run_process
from tests.store.strategies import make_run_started

HOLDER = """
from archwright.store.atomic import make_scratch_folder
with make_scratch_folder(sys.argv[1], "toy-") as folder:
    (folder / "inner").mkdir()
    (folder / "inner" / "file").write_text("x")
    print("made", flush=True)
    sys.stdin.read()
"""


def test_it_goes_with_its_block(tmp_path):
    """Also after an error, with all that is in it."""
    with suppress(ZeroDivisionError), make_scratch_folder(tmp_path, "toy-") as folder:
        (folder / "file").write_text(str(1 / 0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_next_one_sweeps_what_the_dead_have_left_and_nothing_else(tmp_path, number):
    """A live process's, one's own, and names of others stay."""
    (tmp_path / "toy-file").touch()
    (tmp_path / "other").mkdir()
    with (
        run_process(HOLDER, tmp_path) as alive,
        run_process(HOLDER, tmp_path) as dead,
        make_scratch_folder(tmp_path, "toy-"),
    ):
        dead.send_signal(number)
        assert dead.wait(30) == -number
        assert len(list(tmp_path.iterdir())) == 5
        with make_scratch_folder(tmp_path, "toy-"):
            assert len(list(tmp_path.iterdir())) == 5, "the dead one's is gone, the new one is there"
        alive.communicate()
        assert alive.returncode == 0
    sweep_scratch_folders(tmp_path, "toy-")
    assert {path.name for path in tmp_path.iterdir()} == {"toy-file", "other"}


def test_a_folder_that_is_swept_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    """Another process may come between the making and the lock."""
    make, taken = __import__("tempfile").mkdtemp, []

    def made(**where):
        folder = make(**where)
        if not taken:
            taken.append(folder)
            sweep_scratch_folders(tmp_path, "toy-")
        return folder

    monkeypatch.setattr("archwright.store.atomic.tempfile.mkdtemp", made)
    with make_scratch_folder(tmp_path, "toy-") as folder:
        assert [folder] == list(tmp_path.iterdir()) != taken


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    """Folders are made, and nobody's are swept."""

    def unsupported(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("archwright.store.atomic.fcntl.flock", unsupported)
    with make_scratch_folder(tmp_path, "toy-") as first, make_scratch_folder(tmp_path, "toy-") as second:
        assert first.exists()
        assert second.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["first", "search", "resume"])
def test_a_draft_of_a_dead_process_goes_with_the_next_command(tmp_path, command):
    """What a kill in the first instants has left beside the log."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    if command != "first":
        log.append("a-1", [make_run_started()], START)
    with run_process(HOLDER.replace("toy-", DRAFT_FOLDER_PREFIX), tmp_path) as dead:
        dead.kill()
        dead.wait(30)
    assert drafts(tmp_path)
    if command == "resume":
        with claim(log.path, "a-1"):
            pass
    else:
        log.append("b-1", [make_run_started()], START)
    assert not drafts(tmp_path)


def drafts(folder):
    """Those that lie there."""
    return [path.name for path in folder.iterdir() if path.name.startswith(DRAFT_FOLDER_PREFIX)]


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
