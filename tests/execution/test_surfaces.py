"""What live lines are drawn on, and what is printed beside them."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.text import Text

from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.execution.display import ProgressDisplay
from archwright.execution.progress import start_progress
from archwright.execution.surfaces import Notebook, PlainStream, Screen, Terminal, choose_surface
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Scored
from archwright.store.fold import RunState
from tests.cli.running import make_environment


class Cell:
    """The output of a notebook's cell: all that was drawn in the one place there is."""

    def __init__(self) -> None:
        self.drawn = []
        self.outputs = 0
        self.now = 100.0

    def show(self, lines):
        self.outputs += 1
        self.drawn.append(lines)
        return self.drawn.append

    def make_surface(self) -> Notebook:
        return Notebook(self.show, lambda: self.now)


def make_trial_events(n: int, score: float) -> tuple:
    end = AttemptEnded(n, 1, "ok", 2.0, {})
    return Proposed(n, (), Budget(1, "epochs")), AttemptStarted(n, 1), end, Scored(n, "ok", score)


def make_display(console: Console) -> ProgressDisplay:
    return ProgressDisplay("digits-1", start_progress(RunState(), Objective(), 0.0), Screen(console))


def test_a_notebook_is_drawn_in_one_place_some_times_a_second():
    cell, count = Cell(), 0
    with cell.make_surface().hold(lambda: Text(f"line {count}")) as redraw:
        for count in range(1, 1001):  # noqa: B007  (what is drawn)
            redraw()
        assert len(cell.drawn) == 1
        cell.now += 0.5
        redraw()
    assert cell.outputs == 1
    assert [lines.text for lines in cell.drawn] == ["line 0", "line 1000", "line 1000"]


def test_a_notebook_keeps_what_was_drawn_last_also_after_an_error():
    cell, lines = Cell(), ["begun"]

    def change_and_fail() -> None:
        lines.append("as it was")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), cell.make_surface().hold(lambda: Text(lines[-1])):
        change_and_fail()
    assert cell.drawn[-1].text == "as it was"


def test_what_a_notebook_shows_is_html_in_which_nothing_of_a_person_is():
    cell = Cell()
    with cell.make_surface().hold(lambda: Text("<b>&\x1b[31m", style="bold")):
        pass
    bundle = cell.drawn[-1]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "&lt;b&gt;&amp;" in bundle["text/html"]
    assert "\x1b" not in bundle["text/html"] + bundle["text/plain"]


def test_a_notebook_has_the_last_trials_among_its_lines_and_prints_none():
    out, cell = io.StringIO(), Cell()
    display = make_display(Console(file=out, width=200))
    display.screen.surface = cell.make_surface()
    with display.screen.refresh(display.render):
        for n in range(20):
            for event in make_trial_events(n, 0.25):
                display.show_event(event)
    assert out.getvalue() == ""
    last = cell.drawn[-1].text.splitlines()
    assert last[0].startswith("digits-1 ")
    assert "20 trials  best 0.2500 (trial 0)" in last[0]
    assert [line.split("  ")[0] for line in last[1:]] == [f"trial {n}" for n in range(15, 20)]


def test_a_stream_has_a_line_for_each_event_and_nothing_drawn():
    out = io.StringIO()
    display = make_display(Console(file=out, width=200))
    with display.screen.refresh(display.render):
        for event in make_trial_events(0, 0.25):
            display.show_event(event)
    assert out.getvalue() == "trial 0  began\ntrial 0  accuracy 0.2500  in 2.0 s  best so far\n"


def test_the_surface_is_that_of_the_console(monkeypatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    dumb = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert choose_surface(terminal) == Terminal(terminal)
    assert choose_surface(dumb) == choose_surface(Console(file=io.StringIO())) == PlainStream()
    for shell, in_cell in [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=object()), True)]:
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda shell=shell: shell))
        assert isinstance(choose_surface(terminal), Notebook) == in_cell
    assert choose_surface(Console(quiet=True)) == PlainStream()


@pytest.mark.parametrize("surface", [PlainStream(), Cell().make_surface()], ids=["stream", "notebook"])
def test_a_status_leaves_nothing_behind(surface, capsys):
    with surface.show_status("getting ready") or nullcontext():
        pass
    assert capsys.readouterr() == ("", "")


class PseudoTerminal:
    """A terminal of so many columns, and all that a program writes to it."""

    def __init__(self, columns: int) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(columns)
        self.written = ""

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))

    def start(self, folder: Path, code: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a script that this is the terminal of: Ctrl-C reaches it."""
        variables = {**make_environment(), "TERM": "xterm-256color", **environment}
        command = [sys.executable, "-c", code]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self.slave)
        process = subprocess.Popen(
            command, cwd=folder, env=variables, start_new_session=True, preexec_fn=self._take_control, **streams
        )
        os.close(self.slave)
        return process

    def _take_control(self) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def read(self, words: str = "\0") -> str:
        """Read until it says `words`, or nothing has it open any more; all that was written."""
        while words not in self.written:
            try:
                self.written += os.read(self.master, 65536).decode(errors="replace")
            except OSError:  # closed by all
                return self.written
        return self.written

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())


LIVE = """
import time
import archwright as aw

def evaluate(settings, report, budget):
    print("a line of one's own")
    for epoch in range(1, int(budget.amount) + 1):
        report(epoch, accuracy=settings["rate"] * epoch / 3)
        time.sleep(1.0 if epoch == 1 else 0.2)  # long enough to be seen, also on a busy machine
    return settings["rate"]

space = aw.sequential(aw.settings(rate=aw.reals(0.1, 1.0)))
run = aw.search(space, evaluate, trials={trials}, workers={workers}, budget="3epochs")
print(run)
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def split_screen_lines(written: str) -> list[str]:
    """The lines that were written, also those that were drawn over, without what steers a terminal."""
    return [line.rstrip() for line in re.split(r"[\r\n]+", ESCAPES.sub("", written)) if line.strip()]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [30, 40, 80, 200])
def test_lines_are_whole_on_a_terminal_of_any_width(tmp_path, columns):
    """The live ones have no more columns than there are, and name the run; ends of trials are broken, not cut."""
    terminal = PseudoTerminal(columns)
    with terminal.start(tmp_path, LIVE.format(trials=3, workers=2)) as process:
        lines = split_screen_lines(terminal.read())
    assert process.returncode == 0, lines
    live = [line for line in lines if re.match(r"search-1  ", line)]
    assert live
    assert all(len(line) <= columns for line in live)
    assert not [line for line in lines if "…" in line]
    assert any("3/3 trials" in line for line in lines)
    assert any(re.match(r"trial \d  epoch [123]/3", line) for line in lines)
    whole = re.sub(r"\s+", " ", " ".join(lines))
    assert re.search(r"trial 0 accuracy 0\.1104 in \S+ s best so far", whole)
    assert columns < 80 or "━" in whole


@pytest.mark.slow
def test_a_person_prints_above_the_live_lines(tmp_path):
    terminal = PseudoTerminal(80)
    with terminal.start(tmp_path, LIVE.format(trials=2, workers=0)) as process:
        lines = split_screen_lines(terminal.read())
    assert process.returncode == 0
    assert lines.count("a line of one's own") == 2
    assert any("search-1  " in line and "1/2 trials" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_without_colours_gets_none(tmp_path, environment):
    """One that is dumb gets nothing else that would steer it, and a line for each event."""
    terminal = PseudoTerminal(80)
    with terminal.start(tmp_path, LIVE.format(trials=1, workers=1), **environment) as process:
        written = terminal.read()
    assert process.returncode == 0
    assert not re.search(r"\x1b\[[0-9;]*[34]8?;?[0-9;]*m", written)
    if "TERM" in environment:
        assert "\x1b" not in written
        assert "trial 0  epoch 2/3  accuracy 0.0736" in written


@pytest.mark.slow
def test_a_terminal_that_is_made_narrower_is_drawn_on_in_its_width(tmp_path):
    terminal = PseudoTerminal(120)
    with terminal.start(tmp_path, LIVE.format(trials=2, workers=1)) as process:
        terminal.read("0/2 trials")
        begun = len(terminal.written)
        fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 40, 0, 0))
        written = terminal.read()
    assert process.returncode == 0
    later = split_screen_lines(written[begun:])
    assert any(line.startswith("search-1  1/2 trials") and len(line) <= 40 for line in later)


@pytest.mark.slow
def test_ctrl_c_on_a_terminal_says_one_thing_and_how_to_go_on(tmp_path):
    """The workers, which the terminal interrupts too, let their trials end."""
    terminal = PseudoTerminal(60)
    with terminal.start(tmp_path, LIVE.format(trials=50, workers=2)) as process:
        terminal.read("accuracy")
        terminal.press("\x03")
        lines = split_screen_lines(terminal.read())
    assert process.returncode != 0
    whole = re.sub(r"\s+", " ", " ".join(lines))
    assert whole.count("finishing the running trials; press Ctrl-C again to stop at once") == 1
    assert whole.count("RunInterrupted: search-1 was interrupted; go on with: aw.resume('search-1'") == 1
    assert whole.count("Traceback") == 1
    assert not re.search(r"trial \d+ (failed|crashed)", whole)
