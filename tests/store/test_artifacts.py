"""Where the models and checkpoints of a run lie; a file of them is all there or not at all."""

import os
import random
import resource
import signal
import sys
import time
from subprocess import PIPE, Popen

import pytest

from archwright.store.artifacts import (
    ArtifactsExist,
    ArtifactUnwritable,
    discard_artifacts,
    find_runs_with_artifacts,
    find_trials,
    locate_artifact,
    locate_run_folder,
    require_no_artifacts,
    write_artifact,
)
from archwright.store.errors import InvalidRunName


def test_what_a_run_keeps_lies_beside_its_log_wherever_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "log.duckdb.artifacts" / "digits-1"
    assert (
        locate_run_folder("log.duckdb", "digits-1") == locate_run_folder(tmp_path / "log.duckdb", "digits-1") == there
    )
    assert locate_artifact(there, 3, "model") == there / "trial-3" / "model.safetensors"
    assert locate_artifact(str(there), 12, "state") == there / "trial-12" / "state.pt"
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_a_log_leads_to_what_lies_beside_the_log(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "real" / "log.duckdb")
    assert locate_run_folder(tmp_path / "link.duckdb", "a") == locate_run_folder(tmp_path / "real" / "log.duckdb", "a")


def test_what_an_earlier_run_has_left_is_found_and_kept_from_a_new_one(tmp_path):
    """A folder without trials, and files of other names, are nobody's models."""
    log = tmp_path / "log.duckdb"
    assert find_runs_with_artifacts(log) == frozenset()
    write_artifact(locate_artifact(locate_run_folder(log, "a-1"), 3, "model"), b"weights")
    (locate_run_folder(log, "a-2")).mkdir()
    (tmp_path / "log.duckdb.artifacts" / "notes").touch()
    assert find_runs_with_artifacts(log) == {"a-1"}
    require_no_artifacts(log, "a-2")
    with pytest.raises(
        ArtifactsExist, match=rf"{locate_run_folder(log, 'a-1')} holds what an earlier run a-1 has left"
    ):
        require_no_artifacts(log, "a-1")


def test_no_name_of_a_run_leads_elsewhere(tmp_path):
    with pytest.raises(InvalidRunName):
        locate_run_folder(tmp_path / "log.duckdb", "../elsewhere")


def test_where_nothing_can_be_written_the_file_before_stays(tmp_path):
    """A folder stands in the way of the temporary name's target; no temporary file is left."""
    (tmp_path / "state.pt").mkdir()
    (tmp_path / "state.pt" / "x").touch()
    with pytest.raises(ArtifactUnwritable, match=r"state.pt cannot be written \(.*\); make room"):
        write_artifact(tmp_path / "state.pt", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactUnwritable, match=r"file/trial-1/state.pt cannot be written"):
        write_artifact(tmp_path / "file" / "trial-1" / "state.pt", b"new")


def test_on_a_full_disk_the_file_before_stays(tmp_path):
    """The system lets no file grow beyond a limit, and stops the writer in the middle."""
    path = write_artifact(locate_artifact(tmp_path, 0, "model"), b"before")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(ArtifactUnwritable, match="File too large"):
            write_artifact(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert path.read_bytes() == b"before"
    assert list(path.parent.iterdir()) == [path]


def test_only_what_is_ours_is_discarded(tmp_path):
    for trial in (1, 12):
        for kind in ("model", "state"):
            write_artifact(locate_artifact(tmp_path, trial, kind), b"x")
    mine = tmp_path / "trial-1" / "notes.txt"
    mine.touch()
    (tmp_path / "trial-1" / ".state.pt.99.tmp").touch()
    (tmp_path / "trial-x").touch()
    assert find_trials(tmp_path) == {1, 12}
    discard_artifacts(tmp_path, 1, ("state",))
    assert sorted(path.name for path in mine.parent.iterdir()) == ["model.safetensors", "notes.txt"]
    discard_artifacts(tmp_path, 1)
    discard_artifacts(tmp_path, 12)
    discard_artifacts(tmp_path, 7)
    assert list(mine.parent.iterdir()) == [mine]
    assert find_trials(tmp_path) == {1}
    assert find_trials(tmp_path / "nowhere") == frozenset()


# A parent that forks a writer for each line, and says when it is gone.
WRITER = """
import os, sys
from pathlib import Path
from archwright.store.artifacts import write_artifact

path, size = Path(sys.argv[1]), int(sys.argv[2])
for _ in sys.stdin:
    if not (writer := os.fork()):
        for i in range(1, 1_000_000):
            write_artifact(path, bytes([i % 256]) * size)
    print(writer, flush=True)
    os.waitpid(writer, 0)
    print("gone", flush=True)
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_at_any_instant_leaves_a_whole_file(tmp_path):
    """Each version is one byte repeated: a mixture or a torn end would show."""
    path, size, chance = tmp_path / "trial-0" / "state.pt", 3_000_000, random.Random(0)
    killed_in_the_middle = 0
    command, pipes = [sys.executable, "-c", WRITER, str(path), str(size)], dict.fromkeys(("stdin", "stdout"), PIPE)
    with Popen(command, text=True, bufsize=1, **pipes) as parent:
        for _ in range(10):
            parent.stdin.write("\n")
            writer = int(parent.stdout.readline())
            while not path.exists():
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.05))
            os.kill(writer, signal.SIGKILL)
            assert parent.stdout.readline() == "gone\n"
            content = path.read_bytes()
            assert len(content) == size
            assert content == content[:1] * size
            others = [other for other in path.parent.iterdir() if other != path]
            assert all(other.name.startswith(".state.pt.") for other in others)
            killed_in_the_middle += len(others)
            for other in others:
                other.unlink()
    assert killed_in_the_middle


@pytest.mark.parametrize("linked", ["a/trial-0", "a"])
def test_nothing_is_written_or_deleted_through_a_link_that_came_with_a_log(tmp_path, linked):
    """It may lead to a folder of the reader's, where a file has the name of ours."""
    mine = tmp_path / "mine" / ("trial-0" if linked == "a" else "") / "model.safetensors"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    (tmp_path / "log.duckdb.artifacts" / linked).parent.mkdir(parents=True)
    (tmp_path / "log.duckdb.artifacts" / linked).symlink_to(tmp_path / "mine")
    folder = locate_run_folder(tmp_path / "log.duckdb", "a")
    with pytest.raises(ArtifactUnwritable, match=r"model\.safetensors cannot be written \(the folder .* is a link"):
        write_artifact(locate_artifact(folder, 0, "model"), b"other")
    discard_artifacts(folder, 0)
    assert mine.read_bytes() == b"mine"
