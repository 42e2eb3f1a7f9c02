"""How a child process ended, as a person reads it."""

import signal

import pytest

from archwright.core.exit_code import describe_exit, is_self_inflicted


@pytest.mark.parametrize(
    ("code", "words", "self_inflicted"),
    [
        (0, "exited with code 0", True),
        (3, "exited with code 3", True),
        (-signal.SIGSEGV, "was killed by SIGSEGV (segmentation fault)", True),
        (-signal.SIGTERM, "was killed by SIGTERM", False),
        (-signal.SIGKILL, "was killed by SIGKILL, as the system does when memory runs out", False),
        (-signal.SIGRTMIN - 1, f"was killed by signal {signal.SIGRTMIN + 1}", False),
    ],
)
def test_an_exit_code_says_how_a_process_ended_and_whose_doing_that_was(code, words, self_inflicted):
    assert describe_exit(code) == words
    assert is_self_inflicted(code) == self_inflicted


def test_a_process_without_an_exit_code_has_closed_its_pipes():
    assert describe_exit(None) == "closed its pipes"
