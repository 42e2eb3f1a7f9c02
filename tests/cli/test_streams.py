"""Whatever stdout is, a command neither dies of it nor passes over what was lost."""

import errno
import json
import os
import subprocess
import sys
from io import BytesIO, RawIOBase, TextIOWrapper

import pytest

from archwright.cli.json_output import print_json
from archwright.cli.streams import GuardedStream, OutputLost, ReaderGone, guard_standard_streams, ignore_lost_stdout
from archwright.display.console import make_console, say
from archwright.store.duckdb_log import DuckDBLog
from tests.cli.running import MAIN, make_environment
from tests.comparison_logs import log_search


class UnwritableStream(RawIOBase):
    """A file that takes nothing."""

    def __init__(self, number: int) -> None:
        self.number = number

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        del data
        raise OSError(self.number, os.strerror(self.number))


def make_unwritable_stream(number: int = errno.ENOSPC) -> TextIOWrapper:
    return TextIOWrapper(UnwritableStream(number), write_through=True)  # pyright: ignore[reportArgumentType]


def make_ascii_stream(errors: str = "strict") -> tuple[BytesIO, TextIOWrapper]:
    held = BytesIO()
    return held, TextIOWrapper(held, encoding="ascii", errors=errors)


@pytest.mark.parametrize(("number", "raised"), [(errno.ENOSPC, OutputLost), (errno.EPIPE, ReaderGone)])
def test_what_cannot_be_written_is_raised_where_it_is_needed(number, raised, monkeypatch):
    monkeypatch.setattr(sys, "stdout", make_unwritable_stream(number))
    with guard_standard_streams(), pytest.raises(raised) as error:
        say("a result")
    assert type(error.value) is raised


def test_what_is_not_needed_may_be_lost(monkeypatch):
    """What a search says on the way; what is said on stderr anywhere."""
    monkeypatch.setattr(sys, "stdout", make_unwritable_stream())
    monkeypatch.setattr(sys, "stderr", make_unwritable_stream())
    with guard_standard_streams():
        say("a mistake", err=True)
        ignore_lost_stdout()
        say("progress")
        make_console().print("progress")
        print_json({})
        sys.stdout.flush()
        sys.stdout.buffer.write(b"progress")


def test_a_stream_that_is_missing_leads_nowhere(monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with guard_standard_streams():
        say("nobody hears")
        say("nobody hears", err=True)
        assert sys.stdin.read() == ""
    for name in ("stdin", "stdout", "stderr"):
        getattr(sys, name).close()


def test_the_streams_are_those_of_before_once_a_command_is_done():
    before = sys.stdout, sys.stderr
    with guard_standard_streams():
        assert isinstance(sys.stdout, GuardedStream)
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize("verb", [["runs"], ["best"], ["show"], ["--help"]])
def test_columns_of_nothing_are_as_none(verb, cli, tmp_path, monkeypatch):
    """Some programs leave $COLUMNS at 0 for those that they start."""
    log_search(DuckDBLog(tmp_path / "archwright.duckdb"), "a.random.0", [0.1, 0.5])
    plain = cli(*verb)
    monkeypatch.setenv("COLUMNS", "0")
    assert cli(*verb) == plain
    assert plain.out


def test_a_character_that_an_encoding_does_not_have_is_written_as_its_number(monkeypatch):
    held, stream = make_ascii_stream()
    monkeypatch.setattr(sys, "stdout", stream)
    with guard_standard_streams():
        say("ä ▁ \ud800")
        make_console().print("é")
        print_json({"ü": "\U0001f600 \ud800"})
    said, more, *rest = held.getvalue().decode("ascii").splitlines()
    assert (said, more) == (r"\xe4 \u2581 \ud800", r"\xe9")
    assert json.loads("\n".join(rest)) == {"ü": "\U0001f600 \ud800"}


def run_in_shell(*words: str, shell: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """A command that a shell starts with its streams redirected."""
    line = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-P", "-c", MAIN, *words]
    return subprocess.run(line, env=make_environment() | more, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_under_stdout_is_an_error_and_no_traceback(unbuffered):
    done = run_in_shell("space", "figure1", shell="> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr == "error: stdout cannot be written: No space left on device; write somewhere else\n"


def test_closed_streams_are_none():
    done = run_in_shell("space", "figure1", shell="<&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_pipe_that_has_ended_ends_what_only_reads_without_a_word():
    done = run_in_shell("space", "figure1", shell="| true")
    assert done.stderr == ""
