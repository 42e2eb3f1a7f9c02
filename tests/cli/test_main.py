"""The command as a whole: help, versions, completion, exit codes, and what is imported for what."""

import gc
import re
import runpy
import subprocess
import sys
import tomllib

import duckdb
import pytest
from typer.testing import CliRunner

import archwright
from archwright.cli.main import app, main
from archwright.search.running.loop import TrialsKeepFailing
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsDamaged, NoSuchRun
from archwright.store.log import START
from tests.paths import ROOT
from tests.store.strategies import make_run_started

COMMANDS = (
    "spaces", "space", "search", "resume", "retrain", "compare",
    "correlation", "importance", "runs", "show", "best", "export", "plot", "sql",
    "replay", "fork", "verify",
)  # fmt: skip
RUNNER = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"})


def test_commands_are_those_of_the_design():
    assert sorted(c.name or c.callback.__name__ for c in app.registered_commands if c.callback) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_a_command_does_and_gives_an_example(command):
    shown = RUNNER.invoke(app, [command, "--help"]).output
    assert f"archwright {command}" in shown.split("Examples")[1]
    assert max(map(len, shown.splitlines())) <= 80


def test_help_lists_every_command():
    shown = RUNNER.invoke(app, ["--help"]).output
    assert all(re.search(rf"^\W*{command}\s", shown, re.MULTILINE) for command in COMMANDS)


def test_version():
    assert RUNNER.invoke(app, ["--version"]).output.strip() == f"archwright {archwright.__version__}"


def test_python_runs_it_as_a_module(monkeypatch, capsys, tmp_path):
    """Where the script is not on the path; the current folder, which Python puts there then, is taken from it."""
    monkeypatch.setattr(sys, "argv", ["archwright", "--version"])
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        runpy.run_module("archwright", run_name="__main__")
    assert (left.value.code, capsys.readouterr().out.strip()) == (0, f"archwright {archwright.__version__}")
    assert str(tmp_path) not in sys.path


@pytest.mark.parametrize(("shell", "begins"), [("bash", "complete "), ("zsh", "#compdef "), ("fish", "complete ")])
def test_completion_script(shell, begins, monkeypatch):
    """For the shell that the command is called from."""
    monkeypatch.setattr("shellingham.detect_shell", lambda: (shell, f"/bin/{shell}"))
    shown = RUNNER.invoke(app, ["--show-completion"])
    assert shown.exit_code == 0
    assert any(line.startswith(begins) for line in shown.output.splitlines())


def test_unknown_command_is_a_mistake_with_the_nearest(cli):
    done = cli("serch", "digits")
    assert (done.code, done.out) == (2, "")
    assert "search" in done.err


@pytest.mark.parametrize(("error", "code"), [(NoSuchRun, 2), (LogIsDamaged, 1), (TrialsKeepFailing, 1)])
def test_mistakes_exit_with_2_and_failures_with_1(error, code, monkeypatch, capsys):
    def fail(**_):
        raise error("what is wrong, and what to do")

    monkeypatch.setattr("archwright.cli.main.app", fail)
    with pytest.raises(SystemExit) as raised:
        main([])
    shown = capsys.readouterr()
    assert (raised.value.code, shown.out, shown.err) == (code, "", "error: what is wrong, and what to do\n")


@pytest.mark.parametrize(("command", "is_seldom"), [("show", True), ("replay", True), ("retrain run 0", False)])
def test_the_collector_looks_seldom_while_a_command_reads(cli, monkeypatch, command, is_seldom):
    """Then it is as it was; it stays so where a person's code may train."""
    usual, seen = gc.get_threshold(), []

    def read(*_, **__):
        seen.append(gc.get_threshold())
        raise NoSuchRun("no such run")

    monkeypatch.setattr("archwright.results.run.view_run", read)
    assert cli(*command.split()).code == 2
    assert [each != usual for each in seen] == [is_seldom]
    assert gc.get_threshold() == usual


def test_an_error_of_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("archwright.list_spaces", None)
    with pytest.raises(TypeError):
        main(["spaces"])


@pytest.mark.parametrize(
    "words",
    [
        ["sh\x1b[2Jow"],
        ["show", "--l\x1b[2Jog"],
        ["show", "a", "1", "\x1b[2J"],
        ["show", "--log", "\x1b[2J"],
    ],
)
def test_words_that_are_wrong_are_told_without_what_steers_a_terminal(cli, words):
    done = cli(*words)
    assert done.code == 2
    assert r"\x1b[2J" in done.err
    assert "\x1b" not in done.err


def test_what_is_warned_of_a_log_is_told_without_what_steers_a_terminal(cli, tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("a-1", [make_run_started()], START)
    with duckdb.connect(log.path) as database:
        database.execute("UPDATE events SET run = chr(27) || '[2J'")
    done = cli("runs", "--log", str(log.path))
    assert r"is not in step with its journal: event 1 of \x1b[2J in" in done.err
    assert "\x1b" not in done.out + done.err


def list_imports(*words: str) -> set[str]:
    program = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from archwright.cli.main import main\n"
        "main(sys.argv[1:]) if len(sys.argv) > 1 else None"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_script_and_python_m_run_one_function_which_collects_garbage_as_usual():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"archwright": "archwright.__main__:run"}
    program = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.isenabled(), file=sys.stderr))\n"
        "from archwright.__main__ import run\n"
        "sys.argv = ['archwright', '--version']\n"
        "run()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"archwright {archwright.__version__}\n", "True\n")


@pytest.mark.parametrize("words", [(), ("--help",), ("space", "figure1", "--count"), ("search", "--help")])
def test_what_needs_no_log_is_light(words):
    """Counting a space and giving help take no time: neither the database, nor numpy, nor torch are imported."""
    imports = list_imports(*words)
    assert imports & {"torch", "duckdb", "numpy", "sklearn"} == set()
    parts = {name.removeprefix("archwright.store.") for name in imports if name.startswith("archwright.store.")}
    assert parts <= {
        "extensions",
        "named_paths",
        "origins",
        "permission",
        "user_code",
        "written_paths",
    }  # of the store: those about a user's files, not the log
    assert list_loaded(imports, *FEW_NEED) == []


FEW_NEED = (
    "core.drawing.svg",
    "core.membership",
    "core.modules.grammar",
    "core.variation",
    "execution.written_configurations",
    "execution.resuming",
    "execution.retraining",
)


def list_loaded(imports: set[str], *parts: str) -> list[str]:
    return sorted(imports & {f"archwright.{part}" for part in parts})
