"""What a person sees of a comparison while it goes on."""

import signal
import sys
from io import StringIO

import pytest
from rich.console import Console

from archwright.cli.comparisons.conclusions import format_own_command
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.execution.comparison_display import ComparisonDisplay
from archwright.execution.interrupts import Interrupts
from archwright.search.running.callbacks import StopRequest
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunStarted, Scored
from archwright.store.fold import RunState
from tests.search.instant import make_started


def make_display(terminal: bool, trains: bool = True) -> tuple[ComparisonDisplay, StringIO]:
    """The display of a comparison of ten searches, of which two were done before, and what it prints."""
    output = StringIO()
    return ComparisonDisplay(10, 2, trains, Console(file=output, force_terminal=terminal, width=100)), output


def make_events(started: RunStarted) -> list:
    """A trial of two epochs that is done, and one that is in its first."""
    return [
        started,
        Proposed(0, (), Budget(2, "epochs")),
        AttemptStarted(0, 1),
        Reported(0, 1, 1, {"accuracy": 0.4}),
        AttemptEnded(0, 1, "ok", 3.0, {"accuracy": 0.5}),
        Scored(0, "ok", 0.5),
        Proposed(1, (), Budget(2, "epochs")),
        AttemptStarted(1, 1),
        Reported(1, 1, 1, {"accuracy": 0.25}),
    ]


def test_ends_of_trials_and_searches_are_lines_where_there_is_no_terminal():
    display, output = make_display(terminal=False)
    with display.refresh():
        display.begin_search("a.mcts.3", RunState(), Objective())
        for event in make_events(make_started(6)):
            display.show_event(event)
        display.end_search("a.mcts.3 is done")
    assert (
        output.getvalue() == "a.mcts.3  trial 0  accuracy 0.5000  in 3.0 s  best so far\na.mcts.3 is done (3 of 10)\n"
    )


def test_a_terminal_shows_the_searches_and_how_far_the_one_is_that_is_under_way():
    display, output = make_display(terminal=True)
    display.begin_search("a.mcts.3", RunState(), Objective())
    for event in make_events(make_started(6)):
        display.show_event(event)
    display.console.print(display.render())
    text = output.getvalue()
    for part in ("2/10 searches", "a.mcts.3", "1/6 trials", "best 0.5000 (trial 0)", "trial 1", "epoch 1/2", "0.2500"):
        assert part in text
    display.end_search("a.mcts.3 is done")
    assert "is done" not in output.getvalue()
    display.console.print(display.render())
    assert "3/10 searches" in output.getvalue()


@pytest.mark.parametrize(("trains", "noun"), [(True, "trials"), (False, "searches")])
def test_what_a_signal_does_is_said_once(trains, noun):
    display, output = make_display(terminal=False, trains=trains)
    interrupts = Interrupts(10.0)
    assert display.get_stop_request(interrupts) == StopRequest.NONE
    for urgency in (StopRequest.GRACEFUL, StopRequest.IMMEDIATE):
        interrupts.handle(signal.SIGINT, None)
        assert [display.get_stop_request(interrupts), display.get_stop_request(interrupts)] == [urgency] * 2
    first, second = output.getvalue().splitlines()
    assert first == f"finishing the running {noun}; press Ctrl-C again to stop at once"
    assert second.startswith(f"stopping at once; the running {noun} run again when")


def test_the_command_again_is_what_was_typed(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/archwright", "compare", "my space.py:space", "--seeds", "3"])
    assert format_own_command() == "archwright compare 'my space.py:space' --seeds 3"
