"""The options and arguments that commands share, and the values that people write for them."""

import json
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from archwright.core.errors import ArchwrightError
from archwright.core.named import SPACES
from archwright.core.term import Shape
from archwright.core.trial import RETRIES as RETRIES
from archwright.core.trial import InvalidBudget, parse_budget

TRAINING, SEARCHING, RUNNING = "What a model is worth", "The search", "How it runs"  # headings of options in help
DEFAULT_LOG = Path("archwright.duckdb")
POINTED = r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"  # .1 and 1. are numbers to people, though not in JSON
# For help, which has no time to import the searchers: a test holds these names to those of the code.
SEARCHERS = ("random", "mcts", "mcts-bisection", "smbo", "smbo-paper", "evolution", "local-search")
SEARCHER_NAMES = f"{', '.join(SEARCHERS[:-1])} or {SEARCHERS[-1]}"


class BadOption(ArchwrightError, ValueError):
    """An option whose value cannot be read, or that does not go with another one."""


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    shown = [line.replace("[", r"\[") for line in lines]
    return "\n".join(["[bold]Examples[/bold]", *(f"[cyan]  {line}[/cyan]" for line in shown)])


def command(log: Path, verb: str, *words: str) -> str:
    """A command that a person may type next, about a log that may not be where commands look by themselves."""
    return shlex.join(["archwright", verb, *words, *([] if log == DEFAULT_LOG else ["--log", str(log)])])


def shape(text: str | None) -> Shape | None:
    """The shape that a text such as `3,32,32` names."""
    if text is None:
        return None
    axes = text.replace("x", ",").strip("() ").split(",")
    if not all(axis.strip().isdecimal() and int(axis) > 0 for axis in axes):
        raise BadOption(f"--input-shape is {text!r}; write positive integers without a batch, as in 3,32,32")
    return tuple(int(axis) for axis in axes)


def seconds(text: str | None) -> float | None:
    """The seconds that a text such as `90s`, `10min` or `1h` names."""
    if text is None:
        return None
    budget = None
    with suppress(InvalidBudget):
        budget = parse_budget(text)
    if budget is None or budget.unit != "seconds":
        raise BadOption(f"--trial-timeout is {text!r}; write a time of more than 0, as in 90s, 10min or 1h")
    return budget.amount


def pairs(option: str, texts: Sequence[str]) -> dict[str, Any]:
    """The settings that texts such as `batch_size=64` or `flip=true` name: JSON values, or else plain text."""
    found: dict[str, Any] = {}
    for name, value in (_pair(option, text) for text in texts):
        if name in found:
            raise BadOption(f"{option} gives {name} twice, as {found[name]!r} and as {value!r}; keep one of them")
        found[name] = value
    return found


def searcher_parts(text: str, more: Sequence[str] = ()) -> tuple[str, dict[str, Any]]:
    """The name and the settings that a text such as `mcts,exploration=0.1` gives, and those that --set gives beside."""
    name, *settings = text.split(",")
    given, set_ = pairs("--searcher", settings), pairs("--set", more)
    if twice := sorted(given.keys() & set_.keys()):
        raise BadOption(f"--searcher {text} and --set both give {twice[0]}; keep one of them")
    return name, given | set_


def _pair(option: str, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadOption(f"{option} is {text!r}; write name=value, as in batch_size=64")
    try:
        return name.strip(), json.loads(value)
    except json.JSONDecodeError:
        plain = value.strip()
        return name.strip(), float(plain) if re.fullmatch(POINTED, plain) else plain


def target(text: str | None, now: int) -> int | None:
    """The number of trials in all that `64`, or `+32` beyond the `now` that were asked for, names."""
    if text is None:
        return None
    digits = text.strip().removeprefix("+")
    if not digits.isdecimal() or int(digits) == 0:
        raise BadOption(f"--trials is {text!r}; write how many in all, as in 64, or how many more, as in +32")
    return now + int(digits) if text.strip().startswith("+") else int(digits)


def _spaces() -> list[str]:
    return list(SPACES)


def searcher_names() -> list[str]:
    """For completion."""
    from archwright.search.named import SEARCHERS

    return list(SEARCHERS)


def data_names() -> list[str]:
    """For completion."""
    from archwright.evaluate.data.builtin import NAMES

    return list(NAMES)


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Log = Annotated[Path, typer.Option("--log", envvar="ARCHWRIGHT_LOG", metavar="FILE", help="The file of the log.")]
Space = Annotated[
    str,
    typer.Argument(
        metavar="SPACE",
        help="A built-in name, file.py:attribute or module:attribute.",
        show_default=False,
        autocompletion=_spaces,
    ),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's name.", show_default=False)]
LastRun = Annotated[str | None, typer.Argument(metavar="RUN", help="The run's name; the last run if none is given.")]
Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Draw it in an SVG file instead.", show_default=False)
]
InputShape = Annotated[
    str | None,
    typer.Option("--input-shape", metavar="C,H,W", help="The shape of one input, as in 3,32,32.", show_default=False),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="How many trials run at once.", rich_help_panel=RUNNING)]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="auto, cpu, cuda, cuda:0, cuda:1 ... or mps; auto is the GPUs if there are any.",
        rich_help_panel=RUNNING,
    ),
]
DataDir = Annotated[
    str | None,
    typer.Option(
        "--data-dir",
        envvar="ARCHWRIGHT_DATA",
        metavar="DIR",
        help="Where built-in data sets lie or are downloaded to.",
        rich_help_panel=RUNNING,
    ),
]
TrialTimeout = Annotated[
    str | None,
    typer.Option(
        "--trial-timeout",
        metavar="TIME",
        help="Kill a trial after this long, as in 90s or 10min.",
        rich_help_panel=RUNNING,
    ),
]
KeepModels = Annotated[
    int | None,
    typer.Option(
        "--keep-models",
        min=0,
        metavar="N",
        help="Of how many of the best trials the models are kept beside the log, for export; 1, or as many as before.",
        rich_help_panel=RUNNING,
    ),
]
Retries = Annotated[
    int,
    typer.Option(
        "--retries",
        min=0,
        metavar="N",
        help="How often a trial is tried again whose end may be chance, as when its worker was killed.",
        rich_help_panel=RUNNING,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH or npz:PATH; digits if none is given.",
        rich_help_panel=TRAINING,
        autocompletion=data_names,
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        help="Of a trial: 5epochs, 30s or 50000examples; 5epochs, or the whole training of a table.",
        rich_help_panel=TRAINING,
    ),
]
Validation = Annotated[
    float | None,
    typer.Option(
        "--validation", help="The fraction of the training images to score on; 0.2.", rich_help_panel=TRAINING
    ),
]
Keep = Annotated[
    str | None,
    typer.Option("--keep", help="The epoch that counts: best or last; the best.", rich_help_panel=TRAINING),
]
Train = Annotated[
    list[str] | None,
    typer.Option(
        "--train",
        metavar="NAME=VALUE",
        help="A setting of the training that the space leaves open, as in batch_size=64, flip=true or "
        "schedule=cosine; may be repeated.",
        rich_help_panel=TRAINING,
    ),
]
Evaluator = Annotated[
    str | None,
    typer.Option(
        "--evaluator",
        metavar="SOURCE",
        help="A training of your own, or any function: file.py:function or module:function. It gets what it has "
        "parameters for of architecture, budget, model, settings, data, device, seed, report and input_shape, and "
        "returns a number or a dict of numbers. Or a table of results: "
        "nasbench201:PATH or fcnet:PATH, with settings as in nasbench201:PATH,dataset=cifar100,runs=mean.",
        rich_help_panel=TRAINING,
    ),
]
EvaluatorInputShape = Annotated[
    str | None,
    typer.Option(
        "--input-shape", metavar="C,H,W", help="With --evaluator: the shape of an input.", rich_help_panel=TRAINING
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        help="What the search is about; accuracy, or what a function of your own says.",
        rich_help_panel=TRAINING,
    ),
]
Minimize = Annotated[
    bool | None, typer.Option("--minimize/--maximize", help="Which way is better.", rich_help_panel=TRAINING)
]
Stopping = Annotated[
    str | None,
    typer.Option(
        "--stopping",
        metavar="RULE",
        help="Halt hopeless trials between epochs. median halts one whose best value so far is worse than the "
        "median of what finished trials had on average by that epoch; with settings, "
        "median,warmup=1,startup=5: after how many epochs of its own, and finished trials.",
        rich_help_panel=SEARCHING,
    ),
]
