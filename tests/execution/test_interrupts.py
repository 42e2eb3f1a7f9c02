"""What signals mean to a search, told on a clock of the test's own."""

import os
import signal
import threading

import pytest

from archwright.execution.checks import BadArgument
from archwright.execution.interrupts import Interrupts, catch_signals
from archwright.execution.options import read_grace
from archwright.search.running.callbacks import StopRequest

TRIALS = ("trials", "the run is resumed")


class Clock:
    """Stands still unless it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def receive(*numbers: int, seconds: float = 0.0, grace: float = 10.0) -> Interrupts:
    """The signals that have come, and so many seconds later."""
    clock = Clock()
    interrupts = Interrupts(grace, clock)
    for number in numbers:
        interrupts.handle(number, None)
    clock.now += seconds
    return interrupts


@pytest.mark.parametrize(
    ("numbers", "seconds", "urgency"),
    [
        ((), 1e6, StopRequest.NONE),
        ((signal.SIGINT,), 1e6, StopRequest.GRACEFUL),  # a person can press it again
        ((signal.SIGINT, signal.SIGINT), 0.0, StopRequest.IMMEDIATE),
        ((signal.SIGTERM,), 9.9, StopRequest.GRACEFUL),
        ((signal.SIGTERM,), 10.0, StopRequest.IMMEDIATE),
        ((signal.SIGHUP,), 9.9, StopRequest.GRACEFUL),
        ((signal.SIGHUP,), 10.0, StopRequest.IMMEDIATE),
        ((signal.SIGTERM, signal.SIGTERM), 0.0, StopRequest.IMMEDIATE),
        ((signal.SIGINT, signal.SIGTERM), 0.0, StopRequest.IMMEDIATE),
    ],
)
def test_what_runs_has_a_grace_where_a_system_asks(numbers, seconds, urgency):
    assert receive(*numbers, seconds=seconds).urgency == urgency


def test_no_grace_is_none():
    assert receive(signal.SIGTERM, grace=0.0).urgency == StopRequest.IMMEDIATE


def test_the_third_signal_ends_the_process_wherever_it_is():
    with pytest.raises(KeyboardInterrupt):
        receive(signal.SIGTERM, signal.SIGINT, signal.SIGTERM)


def test_what_is_said_fits_the_signal():
    finishing = "finishing the running trials; press Ctrl-C again to stop at once"
    asked = "{}: the running trials have 10 s to end; a second signal stops at once"
    assert receive(signal.SIGINT).describe(*TRIALS) == finishing
    assert receive(signal.SIGTERM).describe(*TRIALS) == asked.format("SIGTERM")
    assert receive(signal.SIGHUP).describe(*TRIALS) == asked.format("SIGHUP")
    now = "stopping at once; the running trials run again when the run is resumed"
    assert receive(signal.SIGTERM, seconds=11.0).describe(*TRIALS) == now
    assert receive(signal.SIGINT, signal.SIGINT).describe(*TRIALS) == now


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_the_exit_code_is_what_a_shell_expects(number, code):
    assert receive(number).exit_code == code


def test_signals_are_taken_for_as_long_as_the_search_lasts_but_for_those_that_it_is_to_ignore():
    """Under nohup a hang-up is ignored, and in the background of a script Ctrl-C."""
    taken, ignored = (signal.SIGTERM,), (signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        with catch_signals(10.0) as interrupts:
            for number in (*ignored, *taken):
                os.kill(os.getpid(), number)
            assert interrupts.received == [signal.SIGTERM]
        assert [signal.getsignal(number) for number in ignored] == [signal.SIG_IGN] * 2
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_in_another_thread_no_signal_is_caught():
    """Python lets the main thread alone say what signals do: there, Ctrl-C stays what it was."""
    seen = []

    def run() -> None:
        with catch_signals(10.0) as interrupts:
            seen.append((signal.getsignal(signal.SIGINT), interrupts.urgency))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(before, StopRequest.NONE)]


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10.0), ("2min", 120.0), ("0s", 0.0), ("0", 0.0), ("0.5s", 0.5)])
def test_a_grace_is_a_time(text, seconds):
    assert read_grace(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "5epochs", "-1s", "long"])
def test_what_is_no_time_is_no_grace(text):
    with pytest.raises(BadArgument, match=r"grace is .*; write a time, as in 10s, 2min or 0s"):
        read_grace(text)
