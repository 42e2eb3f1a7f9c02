"""What a person is told to type next can be typed: names and paths are quoted for the shell."""

import ast
import re
import shlex
import socket

import duckdb
import numpy as np
import pytest

from archwright.execution.naming import claim_new_run
from archwright.plots.histories import SearchHistory, explain_missing_scores
from archwright.store import reconcile
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import (
    LogConflict,
    LogContradicted,
    LogIsDamaged,
    LogIsFolder,
    LogIsGone,
    LogMissing,
    NotALog,
    RunExists,
    RunIsBusy,
    explain_failure,
)
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.paths import resolve_log
from archwright.store.permission import NotTrusted, require_trusted
from archwright.store.rebuild import create_log
from archwright.store.suggestions import format_command
from tests.store.strategies import make_run_events, make_run_started, make_trial_events

NAME = "mine and Anna's.duckdb"


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "a folder; of Anna's"
    folder.mkdir()
    return folder / NAME


def words(error, verb):
    """The words of the command in an error, as a shell reads them, from `verb` on; what it is in Python comes after."""
    said = str(error)
    said = said[said.index(verb) :].partition(" (aw.")[0].partition(" (log=")[0]
    for closing in range(len(said), 0, -1):
        try:
            return shlex.split(said[:closing])
        except ValueError:
            continue
    raise AssertionError(said)


def call(error, function):
    """What an error says in Python: the call of `function`, as text that is the same however its strings are quoted."""
    said = str(error)
    for begin in (match.end() for match in re.finditer(r" \(", said)):
        for closing in (match.start() for match in re.finditer(r" in Python\)", said[begin:])):
            text = said[begin : begin + closing]
            if text.startswith(function):
                return ast.unparse(ast.parse(text, mode="eval"))
    raise AssertionError(said)


def unparse(call):
    return ast.unparse(ast.parse(call, mode="eval"))


def test_a_command(path):
    again = format_command(path, "resume", "digits-1", "--data", "folder:my images")
    expected = ["archwright", "resume", "digits-1", "--data", "folder:my images", "--log", str(path)]
    assert shlex.split(again) == expected


def test_of_a_run_that_goes_on_elsewhere(path):
    with claim(path, "run"), pytest.raises(RunIsBusy) as raised, claim(path, "run"):
        pass
    assert words(raised.value, "archwright show") == ["archwright", "show", "run", "--log", str(path)]
    assert call(raised.value, "aw.Log") == unparse(f"aw.Log({str(path)!r})['run']")


def test_of_a_log_that_is_gone(path):
    DuckDBLog(path).append("run", [make_run_started()], START)
    path.unlink()
    assert locate_journal(path).exists()
    with pytest.raises(LogIsGone) as raised:
        create_log(path)
    assert words(raised.value, "archwright runs")[:4] == ["archwright", "runs", "--log", str(path)]
    assert call(raised.value, "aw.Log") == unparse(f"aw.Log({str(path)!r}).runs()")


def test_of_a_full_disk_names_the_log(path):
    told = words(explain_failure(OSError(28, "No space left on device"), path), "archwright resume")
    assert told[:4] == ["archwright", "resume", "--log", str(path)]
    told = explain_failure(OSError(28, "No space left on device"), path)
    assert call(told, "aw.resume") == unparse(f"aw.resume(log={str(path)!r})")


def test_of_a_run_that_somebody_else_has_written(path):
    log = DuckDBLog(path)
    start = log.append("run", [make_run_started()], START)
    log.append("run", make_trial_events(0)[:1], start)
    with pytest.raises(LogConflict) as raised:
        log.append("run", make_trial_events(1)[:1], start)
    assert words(raised.value, "archwright resume") == ["archwright", "resume", "run", "--log", str(path)]
    assert call(raised.value, "aw.resume") == unparse(f"aw.resume('run', log={str(path)!r})")


def test_of_a_run_that_is_broken(path):
    """Both ways out: what is whole of it, and its journal."""
    log = DuckDBLog(path)
    log.append("run", make_run_events(1), START)
    with duckdb.connect(path) as database:
        database.execute("UPDATE events SET time = 0 WHERE seq = 5")
    for read in (log.read, log.rows):
        with pytest.raises(LogIsDamaged) as raised:
            read("run")
        told = words(raised.value, "archwright fork")
        assert told[:7] == ["archwright", "fork", "run", "--at", "4", "--log", str(path)]
        assert call(raised.value, "aw.fork") == unparse(f"aw.fork('run', at=4, log={str(path)!r})")
        assert words(raised.value, "archwright verify")[:4] == ["archwright", "verify", "--log", str(path)]
        assert call(raised.value, "aw.Log") == unparse(f"aw.Log({str(path)!r}).verify()")


def test_of_a_log_that_its_journal_contradicts(path):
    log = DuckDBLog(path)
    log.append("run", make_run_events(1), START)
    with duckdb.connect(path) as database:
        database.execute("UPDATE events SET run = 'other'")
    reconcile._compared.clear()  # as in a new process
    with pytest.raises(LogContradicted) as raised:
        log.append("new", [make_run_started()], START)
    assert words(raised.value, "archwright verify")[:4] == ["archwright", "verify", "--log", str(path)]


def test_of_a_run_that_is_there(path):
    log = DuckDBLog(path)
    log.append("run", [make_run_started()], START)
    with pytest.raises(RunExists) as raised, claim_new_run(log, "run", lambda: iter(())):
        pass
    assert words(raised.value, "archwright resume") == ["archwright", "resume", "run", "--log", str(path)]
    assert call(raised.value, "aw.resume") == unparse(f"aw.resume('run', log={str(path)!r})")


def test_of_searches_without_a_score(path):
    DuckDBLog(path).append("run", [make_run_started()], START)

    nothing = np.array([])
    found = SearchHistory("run", "random", "accuracy", "maximize", nothing, nothing, nothing)
    told = explain_missing_scores(path, "a search", [found])
    assert words(told, "archwright resume") == ["archwright", "resume", "run", "--log", str(path)]
    assert call(told, "aw.resume") == unparse(f"aw.resume('run', log={str(path)!r})")


def test_of_a_folder_that_is_missing_or_in_the_place_of_a_log(path):
    missing = path.parent / "not there"
    with pytest.raises(LogMissing) as raised:
        resolve_log(missing / "log.duckdb", "create")
    assert words(raised.value, "mkdir -p") == ["mkdir", "-p", str(missing)]
    with pytest.raises(LogIsFolder) as raised:
        resolve_log(path.parent)
    assert words(raised.value, "--log") == ["--log", str(path.parent / "archwright.duckdb")]
    assert f"(log={str(path.parent / 'archwright.duckdb')!r} in Python)" in str(raised.value)


def test_of_code_that_no_command_has_named(path):
    file = path.parent / "space.py"
    file.write_text("")
    with pytest.raises(NotTrusted) as raised:
        require_trusted(f"{file}:space")
    assert words(raised.value, "archwright space") == ["archwright", "space", f"{file}:space"]


def test_a_socket_is_no_log(path, monkeypatch):
    """As a pipe is none, which would be waited for."""
    monkeypatch.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        for mode in ("read", "create"):
            with pytest.raises(NotALog, match="socket is a device, a pipe or a socket, and a log is a file"):
                resolve_log(path.parent / "socket", mode)


def test_a_working_directory_that_is_gone(path, monkeypatch):
    """Said in a sentence, with the way out."""
    gone = path.parent / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(NotALog, match=r"archwright\.duckdb leads to no file .*; name another one with --log"):
        resolve_log(type(path)("archwright.duckdb"))
