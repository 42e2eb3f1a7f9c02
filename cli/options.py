"""The options and arguments that commands share."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from archwright.core.protocols import DEFAULT_RETRIES as DEFAULT_RETRIES
from archwright.core.spaces.named import SPACES

TRAINING, SEARCHING, RUNNING = "What a model is worth", "The search", "How it runs"  # headings of options in help
DEFAULT_LOG = Path("archwright.duckdb")
# For help, which has no time to import the searchers: a test holds these names to those of the code.
SEARCHERS = ("random", "mcts", "mcts-bisection", "smbo", "smbo-paper", "evolution", "local-search")
SEARCHER_NAMES = f"{', '.join(SEARCHERS[:-1])} or {SEARCHERS[-1]}"


_of_training = partial(typer.Option, rich_help_panel=TRAINING)
_of_running = partial(typer.Option, rich_help_panel=RUNNING)


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    shown = [line.replace("[", r"\[") for line in lines]
    return "\n".join(["[bold]Examples[/bold]", *(f"[cyan]  {line}[/cyan]" for line in shown)])


def _spaces() -> list[str]:
    return list(SPACES)


def searcher_names() -> list[str]:
    """For completion."""
    from archwright.search.searchers.named import SEARCHERS

    return list(SEARCHERS)


def data_names() -> list[str]:
    """For completion."""
    from archwright.evaluate.data.builtin import BUILTIN_NAMES

    return list(BUILTIN_NAMES)


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
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Run the code that the log names for its space and its evaluator, whoever has written it."
    ),
]
Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Draw it in an SVG file instead.", show_default=False)
]
InputShape = Annotated[
    str | None,
    typer.Option("--input-shape", metavar="C,H,W", help="The shape of one input, as in 3,32,32.", show_default=False),
]
Workers = Annotated[int, _of_running("--workers", min=1, help="How many trials run at once.")]
Device = Annotated[
    str | None,
    _of_running("--device", help="auto, cpu, cuda, cuda:0, cuda:1 ... or mps; auto is the GPUs if there are any."),
]
DataDir = Annotated[
    str | None,
    _of_running(
        "--data-dir", envvar="ARCHWRIGHT_DATA", metavar="DIR", help="Where built-in data sets lie or are downloaded to."
    ),
]
TrialTimeout = Annotated[
    str | None,
    _of_running("--trial-timeout", metavar="TIME", help="Kill a trial after this long, as in 90s or 10min."),
]
KeepModels = Annotated[
    int | None,
    _of_running(
        "--keep-models",
        min=0,
        metavar="N",
        help="Of how many of the best trials the models are kept beside the log, for export. If none is "
        "given, 1, or as many as before.",
    ),
]
Retries = Annotated[
    int,
    _of_running(
        "--retries",
        min=0,
        metavar="N",
        help="How often a trial is tried again whose end may be chance, as when its worker was killed.",
    ),
]
GRACE = "10s"
Grace = Annotated[
    str,
    _of_running(
        "--grace",
        metavar="TIME",
        help="How long the running trials may go on after SIGTERM or SIGHUP, as in 10s or 2min.",
    ),
]
Data = Annotated[
    str | None,
    _of_training(
        "--data",
        help="digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH or npz:PATH; digits if none is given.",
        autocompletion=data_names,
    ),
]
Budget = Annotated[
    str | None,
    _of_training(
        "--budget",
        help="Of a trial: 5epochs, 30s or 50000examples. If none is given, 5epochs, or the whole training of a table.",
    ),
]
ImageSize = Annotated[
    str | None,
    _of_training(
        "--image-size",
        metavar="HxW",
        help="The height and width that all images of folder:PATH are resized to, as in 32x48, or 32 for both.",
    ),
]
Reader = Annotated[
    int | None,
    _of_training(
        "--reader",
        help="How images are read and split: 2, or 1 as in runs that were begun before there was a choice. 2 if none "
        "is given.",
    ),
]
Validation = Annotated[
    float | None,
    _of_training(
        "--validation",
        help="The fraction of the training images to score on, where the data has no validation images; 0.2 if "
        "none is given.",
    ),
]
Keep = Annotated[
    str | None,
    _of_training("--keep", help="The epoch that counts: best or last; best if none is given."),
]
Train = Annotated[
    list[str] | None,
    _of_training(
        "--train",
        metavar="NAME=VALUE",
        help="A setting of the training that the space leaves open, as in batch_size=64, flip=true or "
        "schedule=cosine; may be repeated.",
    ),
]
Evaluator = Annotated[
    str | None,
    _of_training(
        "--evaluator",
        metavar="SOURCE",
        help="A training of your own, or any function: file.py:function or module:function. It gets what it has "
        "parameters for of architecture, budget, model, settings, data, device, seed, report and input_shape, and "
        "returns a number or a dict of numbers. Or a table of results: "
        "nasbench201:PATH or fcnet:PATH, with settings as in nasbench201:PATH,dataset=cifar100,runs=mean.",
    ),
]
EvaluatorInputShape = Annotated[
    str | None,
    _of_training(
        "--input-shape",
        metavar="SHAPE",
        help="With --evaluator: the shape of an input, of any rank and without a batch, as in 3,32,32 or 16. A "
        "function that asks for model needs it, unless --data or a built-in space says it.",
    ),
]
Metric = Annotated[
    str | None,
    _of_training(
        "--metric", help="What the search is about. If none is given, accuracy, or what a function of your own says."
    ),
]
Minimize = Annotated[
    bool | None,
    _of_training(
        "--minimize/--maximize",
        help="Which way is better. If neither is given, less of costs and losses, and else more.",
    ),
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
