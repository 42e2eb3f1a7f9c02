"""How what commands print is worded."""

import io
import json
import math
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import example, given
from rich.console import Console
from rich.text import Text

from archwright.cli.json_output import print_json
from archwright.cli.reports import show_trial
from archwright.cli.reports.query import show_table
from archwright.core.budget import parse_budget
from archwright.core.objective import Objective
from archwright.display.console import make_console, make_property_table, make_table, say
from archwright.display.text import draw_sparkline, format_budget, format_duration, wrap_choices, wrap_tree
from archwright.execution.comparison_display import ComparisonDisplay
from archwright.execution.display import ProgressDisplay
from archwright.execution.progress import RunProgress
from archwright.store.query import QueryResult
from tests.terminal_text import find_controls, texts


@pytest.mark.parametrize(
    ("budget", "words"),
    {
        "1epochs": "1 epoch",
        "0.5epochs": "0.5 epochs",
        "2min": "120 seconds",
        "1.5s": "1.5 seconds",
        "50000examples": "50,000 examples",
    }.items(),
)
def test_budgets_are_spelled_out(budget, words):
    assert format_budget(parse_budget(budget)) == words


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
    ProgressDisplay(text, RunProgress(Objective(text), 0.0)).print_line(text)
    ComparisonDisplay(1, 0, False).print_line(text)


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


def test_what_looks_like_markup_is_text(capsys):
    make_console().print(make_table({"[red]a[/red]": "left"}, [["[bold]b[/bold]"]]))
    assert capsys.readouterr().out == "[red]a[/red]\n[bold]b[/bold]\n"


def test_a_name_with_a_line_break_is_one_cell(capsys):
    make_console().print(make_table({"a\nb": "left", "c": "right"}, [["1\n2", 3]]))
    assert capsys.readouterr().out.splitlines() == [r"a\nb  c", r"1\n2  3"]


def test_rows_that_do_not_fit_are_names_and_values_with_an_empty_line_after_each(capsys, monkeypatch):
    """A long value is broken where it stands, and leaves the others as they are."""
    monkeypatch.setenv("COLUMNS", "20")
    show_table(QueryResult(("run", "error"), [("a", "one two three four"), ("b  c", None)]))
    lines = "run    a|error  one two three|       four||run    b  c|error  NULL||(2 rows)|"
    assert capsys.readouterr().out == lines.replace("|", "\n")


def test_names_have_a_colour_of_their_own_and_are_the_same_text_without():
    facts = make_property_table({"space": "figure1", "seed": 3})
    coloured, plain = (io.StringIO() for _ in range(2))
    Console(file=coloured, force_terminal=True, color_system="standard", width=40).print(facts)
    Console(file=plain, width=40).print(facts)
    assert coloured.getvalue() == "\x1b[36mspace\x1b[0m  figure1\n\x1b[36mseed\x1b[0m   3\n"
    assert plain.getvalue() == "space  figure1\nseed   3\n"


def test_json_holds_every_character_as_it_was(capsys):
    print_json({"a\x1b\x9b\u202e\u00e9": "\x7f\n"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a\x1b\x9b\u202e\u00e9": "\x7f\n"}
    assert "\u00e9" in out


def test_times_and_curves_at_the_ends_of_floats():
    assert format_duration(math.nan) == "nan s"
    assert format_duration(math.inf) == "inf s"
    assert draw_sparkline([-1e308, 0.0, 1e308], 9) == "▁▅█"
    assert draw_sparkline([math.nan, 1e308, 1e308], 9) == "?▁▁"


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
