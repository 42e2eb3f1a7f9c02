"""What live lines are drawn on, and what is printed beside them."""

import io
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.text import Text

from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.execution.display import ProgressDisplay, refresh_display
from archwright.execution.progress import start_progress
from archwright.execution.surfaces import Notebook, PlainStream, Terminal, choose_surface
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Scored
from archwright.store.fold import RunState


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
    return ProgressDisplay("digits-1", start_progress(RunState(), Objective(), 0.0), console)


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
    display.surface = cell.make_surface()
    with refresh_display(display):
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
    with refresh_display(display):
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
