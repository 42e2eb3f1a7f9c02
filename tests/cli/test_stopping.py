"""What stops a search, and that it goes on afterwards as if nothing had been."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, Proposed, Scored
from tests.cli.running import MAIN, SCORE, RecordedCommand, make_environment, read_json, run_command, run_inline
from tests.processes import wait_until_gone

WAITS = ("search", "digits", "--evaluator", "score.py:waits", "--trials", "4", "--workers", "2")
REPORTS = 2  # are waited for before anything is done to the search


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "score.py").write_text(SCORE)
    return tmp_path


@pytest.fixture
def begun(start) -> Callable[..., RecordedCommand]:
    """A search that is in the middle of its first trials, which go on once `release_trials` is called."""

    def search(folder: Path, *words: str) -> RecordedCommand:
        going = start(folder, *words)
        going.wait_for("  epoch ", times=REPORTS)
        return going

    return search


def release_trials(folder: Path) -> None:
    """Let this and all later trials come to their end."""
    (folder / "go").touch()


def read_events(folder: Path) -> list:
    return [recorded.event for recorded in DuckDBLog(folder / "archwright.duckdb").read("digits-1")]


def assert_complete(folder: Path, trials: int = 4) -> None:
    """Every trial was proposed and scored exactly once, and its searcher would do it again."""
    events = read_events(folder)
    for kind in (Proposed, Scored):
        assert Counter(e.trial for e in events if isinstance(e, kind)) == Counter(range(trials))
    assert run_inline(folder, "replay", "--verify").returncode == 0
    assert run_inline(folder, "verify").returncode == 0


def find_workers(folder: Path) -> set[str]:
    """The workers whose folder this is: those of other searches on the machine are none of this test's."""
    found = {line.parent for line in Path("/proc").glob("[0-9]*/cmdline") if is_worker(line)}
    return {process.name for process in found if find_working_folder(process) == folder}


def is_worker(line: Path) -> bool:
    with suppress(OSError):  # it has just ended
        return b"archwright.evaluate.workers.worker" in line.read_bytes()
    return False


def find_working_folder(process: Path) -> Path | None:
    with suppress(OSError):
        return (process / "cwd").readlink()
    return None


def test_ctrl_c_finishes_the_running_trials(folder, begun):
    search = begun(folder, *WAITS)
    search.send_signal(signal.SIGINT)
    search.wait_for("press Ctrl-C again to stop at once")
    release_trials(folder)
    out, err = search.wait_to_end()
    assert (search.returncode, err) == (130, "")
    assert out.splitlines()[-1].endswith("archwright resume digits-1 --workers 2")
    events = read_events(folder)
    assert all(e.status == "ok" for e in events if isinstance(e, Scored))
    assert sum(isinstance(e, Scored) for e in events) == sum(isinstance(e, Proposed) for e in events) == 2
    assert read_json(folder, "show")["status"] == "interrupted"
    assert run_command(folder, "resume", "--workers", "2").returncode == 0
    assert_complete(folder)


def test_ctrl_c_twice_stops_at_once_and_loses_nothing(folder, begun):
    search = begun(folder, *WAITS)
    assert len(find_workers(folder)) == 4  # two, each under its guard
    search.send_signal(signal.SIGINT)
    search.wait_for("press Ctrl-C again to stop at once")
    search.send_signal(signal.SIGINT)
    out, err = search.wait_to_end()
    assert (search.returncode, err) == (130, "")
    assert "stopping at once" in out
    assert "archwright resume digits-1 --workers 2" in out
    assert wait_until_gone(map(int, find_workers(folder)))
    assert not any(isinstance(e, AttemptEnded) for e in read_events(folder))
    trials = read_json(folder, "show")["trials"]
    assert [trial["status"] for trial in trials] == ["interrupted", "interrupted"]
    release_trials(folder)
    assert run_command(folder, "resume", "--workers", "2").returncode == 0
    assert_complete(folder)
    assert [trial["attempts"] for trial in read_json(folder, "show")["trials"]] == [2, 2, 1, 1]


def test_a_trial_whose_worker_is_killed_is_tried_again(folder):
    """Once, if nothing else is said; the line says why."""
    done = run_command(folder, "search", "digits", "--evaluator", "score.py:killed", "--trials", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "trial 0  began again, attempt 2: the worker was killed by SIGKILL" in done.stdout
    assert [trial["attempts"] for trial in read_json(folder, "show")["trials"]] == [2, 1]
    assert_complete(folder, 2)


def test_no_retries_are_told_and_told_again(folder):
    """With --retries 0 the trial has failed; the command that goes on has the option, too."""
    words = ("search", "digits", "--evaluator", "score.py:killed", "--trials", "2", "--retries", "0")
    done = run_command(folder, *words)
    assert done.returncode == 0
    assert "trial 0  crashed  after" in done.stdout
    assert "archwright resume digits-1 --retries 0 --trials +16" in done.stdout
    assert [trial["status"] for trial in read_json(folder, "show")["trials"]] == ["crashed", "ok"]


def test_sigterm_lets_what_runs_end(folder, begun):
    search = begun(folder, *WAITS, "--grace", "1h")
    search.send_signal(signal.SIGTERM)
    search.wait_for("SIGTERM: the running trials have 1 h 0 min to end; a second signal stops at once")
    release_trials(folder)
    out, _ = search.wait_to_end()
    assert search.returncode == 143
    assert "archwright resume digits-1 --workers 2 --grace 1h" in out
    assert all(e.status == "ok" for e in read_events(folder) if isinstance(e, Scored))


def test_what_does_not_end_in_its_grace_is_stopped(folder, begun):
    """By SIGHUP, as where a terminal is closed; nothing that was logged is lost."""
    search = begun(folder, *WAITS, "--grace", "0.5s")
    search.send_signal(signal.SIGHUP)
    out, err = search.wait_to_end()
    assert (search.returncode, err) == (129, "")
    assert "stopping at once; the running trials run again when the run is resumed" in out
    assert "archwright resume digits-1 --workers 2" in out
    assert not any(isinstance(e, AttemptEnded) for e in read_events(folder))


def test_kill_9_then_resume(folder, begun):
    search = begun(folder, *WAITS)
    search.kill()
    search.wait_to_end()
    assert read_json(folder, "show")["status"] == "died"
    assert read_json(folder, "runs")[0]["status"] == "died"
    assert "archwright resume digits-1" in run_inline(folder, "show").stdout
    release_trials(folder)
    assert run_command(folder, "resume", "digits-1", "--workers", "2", "--trials", "+1").returncode == 0
    assert_complete(folder, 5)


def test_live_display_on_a_terminal(folder):
    """80 columns, 24 rows: Ctrl-C as a person types it, to the whole foreground group, leaves the workers alone."""
    shown = run_on_terminal(folder, *WAITS[:-4], "--trials", "3", interrupt_at="epoch 1/5")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "0/3 trials" in text
    assert "trial 0  epoch 1/5" in text
    assert "finishing the running trials; press Ctrl-C again to stop at once" in text
    assert "trial 0  accuracy 0." in text
    assert "best of 1 trial:" in text
    assert "archwright resume digits-1" in text
    assert max(len(line) for line in re.split(r"[\r\n]+", text)) <= 80
    assert "Traceback" not in text


def run_on_terminal(folder: Path, *words: str, interrupt_at: str) -> str:
    """All that a command wrote to a terminal of 80x24, to which Ctrl-C is typed once it shows `interrupt_at`."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "rows", "24", "cols", "80"], stdin=theirs, check=True)
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"import os; os.login_tty(0)\n{MAIN}", *words],
        cwd=folder,
        env=make_environment() | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
            if interrupt_at and interrupt_at.encode() in shown:
                os.write(ours, b"\x03")
                interrupt_at = ""
            if b"press Ctrl-C again" in shown:
                release_trials(folder)
    except OSError:  # on Linux, the end of the other side
        pass
    process.wait(60)
    os.close(ours)
    assert process.returncode == 130
    return shown.decode()


def test_a_search_outlives_its_stdout(folder):
    """It ends as if it had been heard, though nobody reads its pipe any more."""
    words = ["search", "digits", "--evaluator", "score.py:score", "--trials", "2"]
    line = ["bash", "-o", "pipefail", "-c", '"$@" | true', "sh", sys.executable, "-P", "-c", MAIN, *words]
    done = subprocess.run(line, cwd=folder, env=make_environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [each["scored"] for each in read_json(folder, "runs")] == [2]
