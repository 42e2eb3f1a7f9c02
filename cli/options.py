"""The options and arguments that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from archwright.core.named import SPACES
from archwright.core.trial import RETRIES as RETRIES

TRAINING, SEARCHING, RUNNING = "What a model is worth", "The search", "How it runs"  # headings of options in help
DEFAULT_LOG = Path("archwright.duckdb")
# For help, which has no time to import the searchers: a test holds these names to those of the code.
SEARCHERS = ("random", "mcts", "mcts-bisection", "smbo", "smbo-paper", "evolution", "local-search")
SEARCHER_NAMES = f"{', '.join(SEARCHERS[:-1])} or {SEARCHERS[-1]}"


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    shown = [line.replace("[", r"\[") for line in lines]
    return "\n".join(["[bold]Examples[/bold]", *(f"[cyan]  {line}[/cyan]" for line in shown)])


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
        help="Of how many of the best trials the models are kept beside the log, for export. If none is "
        "given, 1, or as many as before.",
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
GRACE = "10s"
Grace = Annotated[
    str,
    typer.Option(
        "--grace",
        metavar="TIME",
        help="How long the running trials may go on after SIGTERM or SIGHUP, as in 10s or 2min.",
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
        help="Of a trial: 5epochs, 30s or 50000examples. If none is given, 5epochs, or the whole training of a table.",
        rich_help_panel=TRAINING,
    ),
]
ImageSize = Annotated[
    str | None,
    typer.Option(
        "--image-size",
        metavar="HxW",
        help="The height and width that all images of folder:PATH are resized to, as in 32x48, or 32 for both.",
        rich_help_panel=TRAINING,
    ),
]
Reader = Annotated[
    int | None,
    typer.Option(
        "--reader",
        help="How images are read and split: 2, or 1 as in runs that were begun before there was a choice. 2 if none "
        "is given.",
        rich_help_panel=TRAINING,
    ),
]
Validation = Annotated[
    float | None,
    typer.Option(
        "--validation",
        help="The fraction of the training images to score on, where the data has no validation images; 0.2 if "
        "none is given.",
        rich_help_panel=TRAINING,
    ),
]
Keep = Annotated[
    str | None,
    typer.Option(
        "--keep", help="The epoch that counts: best or last; best if none is given.", rich_help_panel=TRAINING
    ),
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
        "--input-shape",
        metavar="SHAPE",
        help="With --evaluator: the shape of an input, of any rank and without a batch, as in 3,32,32 or 16. A "
        "function that asks for model needs it, unless --data or a built-in space says it.",
        rich_help_panel=TRAINING,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        help="What the search is about. If none is given, accuracy, or what a function of your own says.",
        rich_help_panel=TRAINING,
    ),
]
Minimize = Annotated[
    bool | None,
    typer.Option(
        "--minimize/--maximize",
        help="Which way is better. If neither is given, less of costs and losses, and else more.",
        rich_help_panel=TRAINING,
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
