"""How a worker ended, and which line of that is told first."""

import signal

import pytest

from archwright.display.text import summarize_error
from archwright.evaluate.workers.death import explain_death
from archwright.evaluate.workers.machine import OomKills


@pytest.mark.parametrize("code", [None, 0, 3, -signal.SIGSEGV, -signal.SIGKILL, -signal.SIGRTMIN])
@pytest.mark.parametrize("children", [signal.SIG_DFL, signal.SIG_IGN])
def test_how_it_ended_says_more_than_the_last_line_that_it_printed(monkeypatch, code, children):
    monkeypatch.setattr(signal, "getsignal", lambda _: children)
    why = explain_death(code, OomKills(), None).reason
    assert summarize_error(f"{why}\nthe last line") == why
