"""Processes that do jobs side by side."""

import os
import signal
import subprocess
import sys
import time

import pytest

from archwright.search.running.process_pool import KEPT, Crew, ProcessDied
from tests.ends import children_of, gone
from tests.places import ROOT
from tests.search import chores
from tests.search.chores import Unlucky, same


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """The processes of a crew import what they are to do: here, from the tests."""
    monkeypatch.syspath_prepend(str(ROOT))


def everything(crew: Crew, found: list | None = None) -> list:
    """Each item with its result, once all are there; `found` has them also where something goes wrong."""
    found = [] if found is None else found
    while crew.at_work:
        found += crew.done(1.0)
        crew.check()
    return found


def test_every_item_is_done_once_by_one_of_the_processes():
    """A job is made here of each item; then the processes are gone."""
    with Crew(chores.square, lambda item: item + 1, range(40), 2) as crew:
        found = everything(crew)
    assert sorted((item, square) for item, (square, _) in found) == [(item, (item + 1) ** 2) for item in range(40)]
    pids = {pid for _, (_, pid) in found}
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids
    assert gone(pids)


SCRIPT = """
import math
from archwright.search.running.process_pool import Crew
if __name__ == "__main__":
    with Crew(math.sqrt, float, [4], 1) as crew:
        while not (found := crew.done(1.0)):
            crew.check()
    print(found)
"""


def test_files_of_the_current_folder_stand_for_nothing_that_its_processes_need(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    for name in ("pickle", "signal", "runpy"):
        (tmp_path / "here" / f"{name}.py").write_text("raise ValueError('not the one that is meant')\n")
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, cwd=tmp_path / "here", capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[(4, 2.0)]\n", "")


def test_results_may_be_larger_than_a_pipe_holds():
    with Crew(chores.grown, same, [1, 3, 2], 1) as crew:
        assert [len(result) >> 20 for _, result in everything(crew)] == [1, 3, 2]


def test_no_items_are_no_work():
    with Crew(chores.square, same, [], 2) as crew:
        assert everything(crew) == []


def test_what_a_job_raises_is_raised_here_and_the_others_results_arrive():
    found = []
    with Crew(chores.unlucky, same, [1, 2, 13, 3], 1) as crew, pytest.raises(Unlucky, match="thirteen") as raised:
        everything(crew, found)
    assert [item for item, _ in found] == [1, 2]
    assert "in unlucky" in raised.value.__notes__[0]  # where it was raised


def test_what_making_a_job_raises_is_raised_here():
    def refused(item):
        raise PermissionError(item)  # an OSError, as that of a broken pipe is

    with Crew(chores.square, refused, [1], 1) as crew, pytest.raises(PermissionError):
        everything(crew)


def test_a_process_that_is_killed_is_named_and_what_was_done_arrives():
    """It kills itself with thirteen, as the system does for want of memory; what it had done before is there."""
    found, said = [], r"killed by SIGKILL.*the same command goes on"
    with Crew(chores.killed, same, [1, 2, 13], 1) as crew, pytest.raises(ProcessDied, match=said):
        everything(crew, found)
    assert found == [(1, 1), (2, 2)]


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="this system has no real-time signals")
def test_a_signal_without_a_name_is_told_by_its_number():
    with (
        Crew(chores.killed_namelessly, same, [1], 1) as crew,
        pytest.raises(ProcessDied, match=rf"was killed by signal {signal.SIGRTMIN + 1};"),
    ):
        everything(crew)


def test_no_more_items_are_begun_once_that_is_said(tmp_path):
    """Of a hundred, the one under way comes to its end; the one that the process has at hand is not begun."""
    quick, slow = tmp_path / "quick", tmp_path / "slow"
    for folder in (quick, slow):
        folder.mkdir()
    (quick / "go").touch()
    items = [quick / "0", quick / "1", *(slow / str(i) for i in range(2, 100))]
    with Crew(chores.waited, same, items, 1) as crew:
        found: list = []
        while not (slow / "2").exists():
            found += crew.done(0.05)
        crew.give_no_more()
        time.sleep(1)  # until the process has heard it
        (slow / "go").touch()
        found += everything(crew)
    assert [name for _, name in found] == ["0", "1", "2"]
    assert sorted(file.name for file in slow.iterdir()) == ["2", "go"]


def test_leaving_the_block_ends_what_runs():
    began = time.monotonic()
    with Crew(chores.slept, same, [100.0] * 4, 2) as crew:
        pids = [member.process.pid for member in crew._members]
        assert crew.done(0.5) == []
    assert time.monotonic() - began < 30
    assert gone(pids)


@pytest.mark.slow
def test_results_that_nobody_takes_keep_the_processes_waiting():
    """There is room for so many; the rest is done once they are taken, or never."""
    items = range(10 * KEPT)
    with Crew(chores.square, same, items, 1) as crew:
        time.sleep(2)
        waiting = list(crew._waiting)
    assert len(waiting) >= 8 * KEPT
    with Crew(chores.square, same, items, 1) as crew:
        time.sleep(2)
        assert len(everything(crew)) == len(items)


def test_signals_of_a_terminal_do_not_reach_the_processes():
    """Ctrl-C is sent to all processes in the foreground, also to those that have only begun to import."""
    with Crew(chores.slept, same, [1.0, 1.5], 2) as crew:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            for member in crew._members:
                os.kill(member.process.pid, number)
            time.sleep(0.5)
        assert sorted(item for item, _ in everything(crew)) == [1.0, 1.5]


@pytest.mark.parametrize("wait", [0.0, 0.5, None])
def test_processes_are_gone_once_who_started_them_is_killed(tmp_path, wait):
    """Whether they begin, or do what takes for ever: five seconds after SIGKILL there is none."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.search.chores", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as program:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (children := children_of(program.pid)):
            time.sleep(0.01)
        while wait is None and len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(wait or 0.0)
        children = children_of(program.pid)
        assert children
        program.kill()
    assert gone(children)
    assert gone(int(file.name) for file in tmp_path.iterdir())
