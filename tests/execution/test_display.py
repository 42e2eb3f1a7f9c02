"""What a person sees of the data of a run before its first trial, and of a comparison while it goes on."""

import signal
import sys
from io import StringIO

import pytest
from rich.console import Console

from archwright.cli.comparisons import format_own_command
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.loading import describe_dataset
from archwright.evaluate.data.logged_images import images_to_json
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.tables.fcnet import Fcnet
from archwright.evaluate.training.evaluation import Training
from archwright.execution.display import ComparisonDisplay, announce_data
from archwright.execution.interrupts import Interrupts
from archwright.execution.surfaces import SEARCH_WORDS, TRIAL_WORDS, Screen
from archwright.search.running.callbacks import StopRequest
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunStarted, Scored
from archwright.store.fold import RunState
from tests.search.instant import make_started

DIGITS = describe_dataset("digits")


def make_display(terminal: bool, trains: bool = True) -> tuple[ComparisonDisplay, StringIO]:
    """The display of a comparison of ten searches, of which two were done before, and what it prints."""
    output = StringIO()
    console = Console(file=output, force_terminal=terminal, width=100)
    return ComparisonDisplay(10, 2, Screen(console, TRIAL_WORDS if trains else SEARCH_WORDS)), output


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
    with display.screen.refresh(display.render):
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
    display.screen.console.print(display.render())
    text = output.getvalue()
    for part in ("2/10 searches", "a.mcts.3", "1/6 trials", "best 0.5000 (trial 0)", "trial 1", "epoch 1/2", "0.2500"):
        assert part in text
    display.end_search("a.mcts.3 is done")
    assert "is done" not in output.getvalue()
    display.screen.console.print(display.render())
    assert "3/10 searches" in output.getvalue()


@pytest.mark.parametrize(("trains", "noun"), [(True, "trials"), (False, "searches")])
def test_what_a_signal_does_is_said_once(trains, noun):
    display, output = make_display(terminal=False, trains=trains)
    interrupts = Interrupts(10.0)
    assert display.screen.get_stop_request(interrupts) == StopRequest.NONE
    for urgency in (StopRequest.GRACEFUL, StopRequest.IMMEDIATE):
        interrupts.handle(signal.SIGINT, None)
        assert [display.screen.get_stop_request(interrupts), display.screen.get_stop_request(interrupts)] == [
            urgency
        ] * 2
    first, second = output.getvalue().splitlines()
    assert first == f"finishing the running {noun}; press Ctrl-C again to stop at once"
    assert second.startswith(f"stopping at once; the running {noun} run again when")


def test_the_command_again_is_what_was_typed(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/archwright", "compare", "my space.py:space", "--seeds", "3"])
    assert format_own_command() == "archwright compare 'my space.py:space' --seeds 3"


def test_what_has_no_data_says_nothing():
    for config in (Fcnet("a.npz"), Function("a.py:b")):
        assert config.describe_data() is None
        said = StringIO()
        out = Console(file=said)
        announce_data(out, None, config)
        assert said.getvalue() == ""
    assert images_to_json(None) is None
    assert Function("a.py:b", data="digits").describe_data() == DIGITS


def test_an_older_run_is_said_to_be_read_as_it_was(caplog):
    """On one line, whatever the names of its classes are; and warned of on stderr."""
    info = DataInfo("npz:a", (1, 2, 2), ("a\nb", "\x1b[2J"), 8, 1, 1, {"train": (8, 0), "validation": (1, 0)})
    said = StringIO()
    out = Console(file=said, width=200, markup=False, emoji=False, highlight=False)
    announce_data(out, info, Training("npz:a", reader=1))
    assert said.getvalue() == (
        r"npz:a: 1x2x2, 2 classes (a\nb, \x1b[2J): train 8 (a\nb 8, \x1b[2J 0), "
        r"validation 1 (a\nb 1, \x1b[2J 0), test 1; read and split as reader 1 does"
        "\n"
    )
    assert caplog.messages[0].startswith(r"warning: no train image of npz:a is of \x1b[2J; for each split")
