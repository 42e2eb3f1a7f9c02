"""Folders for a moment: gone with their block, and after a kill with the next one's."""

import signal
from contextlib import suppress

import pytest

from archwright.store.atomic import DRAFT_FOLDER_PREFIX, make_scratch_folder, sweep_scratch_folders
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from tests.store.processes import running
from tests.store.strategies import started

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
    with running(HOLDER, tmp_path) as alive, running(HOLDER, tmp_path) as dead, make_scratch_folder(tmp_path, "toy-"):
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
        log.append("a-1", [started()], START)
    with running(HOLDER.replace("toy-", DRAFT_FOLDER_PREFIX), tmp_path) as dead:
        dead.kill()
        dead.wait(30)
    assert drafts(tmp_path)
    if command == "resume":
        with claim(log.path, "a-1"):
            pass
    else:
        log.append("b-1", [started()], START)
    assert not drafts(tmp_path)


def drafts(folder):
    """Those that lie there."""
    return [path.name for path in folder.iterdir() if path.name.startswith(DRAFT_FOLDER_PREFIX)]
