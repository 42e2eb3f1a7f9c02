"""How what commands print is worded."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import example, given
from rich.console import Console
from rich.text import Text

from archwright.cli.json_output import print_json
from archwright.cli.reports import show_trial
from archwright.cli.reports.query import show_table
from archwright.cli.reports.show_trial import format_model_size
from archwright.core.objective import Objective
from archwright.display.console import make_console, make_property_table, make_table, say
from archwright.display.text import wrap_choices, wrap_tree
from archwright.execution.display import ComparisonDisplay, ProgressDisplay
from archwright.execution.progress import RunProgress
from archwright.results.rows import Rows
from tests.terminal_text import find_controls, texts


class Terminal(io.StringIO):
    """What a terminal is sent."""

    def isatty(self) -> bool:
        return True


def print_all(text: str) -> None:
    """Everything that prints, given the text of somebody else."""
    out = make_console()
    out.print(text, style="bold")
    out.print(Text(text), soft_wrap=True)
    out.print(make_property_table({text: text}))
    out.print(make_table([(text, "left"), (text, "rest")], [[text, text]]))
    out.print(wrap_choices({text: text}, 40), wrap_tree(text, 40))
    say(text)
    say(text, err=True)
    print_json({text: [text]})
    ProgressDisplay(text, RunProgress(Objective(text), 0.0)).screen.print_line(text)
    ComparisonDisplay(1, 0).screen.print_line(text)


@given(texts)
@example("\x1b]52;c;aGk=\x07 \x1b[2J [red]not red[/red] \x9b31m")
def test_no_text_of_others_steers_the_terminal_or_what_reads_the_pipe(text):
    """Whatever prints it, to stdout or to stderr, into a file or to a terminal."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        print_all(text)
    assert find_controls(out.getvalue() + err.getvalue()) <= set("\n\t")
    with redirect_stdout(Terminal()) as out, redirect_stderr(Terminal()) as err:
        print_all(text)
    ours = out.getvalue() + err.getvalue()
    for style in ("\x1b[1m", "\x1b[36m", "\x1b[0m"):
        ours = ours.replace(style, "")
    assert find_controls(ours) <= set("\n\t")


def test_rows_that_do_not_fit_are_names_and_values_with_an_empty_line_after_each(capsys, monkeypatch):
    """A long value is broken where it stands, and leaves the others as they are."""
    monkeypatch.setenv("COLUMNS", "20")
    show_table(Rows(("run", "error"), (("a", "one two three four"), ("b  c", None))))
    lines = "run    a|error  one two three|       four||run    b  c|error  NULL||(2 rows)|"
    assert capsys.readouterr().out == lines.replace("|", "\n")


def test_json_holds_every_character_as_it_was(capsys):
    print_json({"a\x1b\x9b\u202e\u00e9": "\x7f\n"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a\x1b\x9b\u202e\u00e9": "\x7f\n"}
    assert "\u00e9" in out


@pytest.mark.parametrize("is_terminal", [True, False])
def test_very_many_metrics_are_cut_on_a_terminal_with_a_word(capsys, monkeypatch, is_terminal):
    """There, only those that are shown are drawn; through a pipe come all of them."""
    drawn = []
    monkeypatch.setattr(show_trial, "draw_sparkline", lambda values, _: drawn.append(values) or "x")
    monkeypatch.setattr(Console, "is_terminal", is_terminal)
    metrics = {f"metric-{i}": 0.5 for i in range(300)}
    attempt = {"attempt": 1, "started": "2026-01-01T00:00:00+00:00", "status": "ok", "seconds": 1.0, "stopped": None}
    show_trial._show_attempt(attempt | {"error": "", "metrics": metrics, "curve": [{"epoch": 1, **metrics}]})
    told, shown = capsys.readouterr().out, show_trial.MAX_METRICS_LISTED if is_terminal else 300
    assert len(drawn) == shown
    assert ("metric-299" in told) is not is_terminal
    assert told.count("the first 50 of 300 metrics; through a pipe") == (2 if is_terminal else 0)


@pytest.mark.parametrize(
    ("trained", "whole", "text"),
    [
        (None, None, ""),
        (1234, None, ", 1,234 parameters"),
        (1234, 1234, ", 1,234 parameters"),
        (1234, 5678, ", 1,234 trainable parameters, 5,678 in all of its architecture"),
    ],
)
def test_two_numbers_of_parameters_are_told_apart(trained, whole, text):
    """The one that training changes, and the one that the tree below adds up to."""
    assert format_model_size({"parameters": trained, "all_parameters": whole}) == text


def test_a_space_of_more_architectures_than_python_prints_is_printed(capsys):
    """Its size has 6,000 digits."""
    size = 10**6000
    print_json({"size": size})
    assert str(size) in capsys.readouterr().out
