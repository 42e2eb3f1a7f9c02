"""The options and arguments that commands share."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from archwright.core.ends import DEFAULT_TRIALS
from archwright.core.protocols import DEFAULT_GRACE as DEFAULT_GRACE
from archwright.core.protocols import DEFAULT_RETRIES as DEFAULT_RETRIES
from archwright.core.spaces.named import SPACES
from archwright.display.suggestion import DEFAULT_LOG as DEFAULT_LOG

# The headings of options in help.
TRAINING_PANEL, SEARCH_PANEL, RUNNING_PANEL = "What a model is worth", "The search", "How it runs"
# For help, which has no time to import the searchers: a test holds these names to those of the code.
SEARCHER_NAMES = ("random", "mcts", "mcts-bisection", "smbo", "smbo-paper", "evolution", "local-search")
SEARCHERS_HELP = f"{', '.join(SEARCHER_NAMES[:-1])} or {SEARCHER_NAMES[-1]}"

_training_option = partial(typer.Option, rich_help_panel=TRAINING_PANEL)
_running_option = partial(typer.Option, rich_help_panel=RUNNING_PANEL)
_search_option = partial(typer.Option, rich_help_panel=SEARCH_PANEL)


def format_examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    escaped = [line.replace("[", r"\[") for line in lines]
    return "\n".join(["[bold]Examples[/bold]", *(f"[cyan]  {line}[/cyan]" for line in escaped)])


def _list_spaces() -> list[str]:
    return list(SPACES)


def list_searchers() -> list[str]:
    """The names of the searchers, for completion."""
    from archwright.search.named import SEARCHERS

    return list(SEARCHERS)


def list_data_sets() -> list[str]:
    """The names of the built-in data sets, for completion."""
    from archwright.evaluate.data.builtin import BUILTIN_NAMES

    return list(BUILTIN_NAMES)


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LogOption = Annotated[Path, typer.Option("--log", envvar="ARCHWRIGHT_LOG", metavar="FILE", help="The file of the log.")]
SpaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SPACE",
        help="A built-in name, file.py:attribute or module:attribute.",
        show_default=False,
        autocompletion=_list_spaces,
    ),
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's name.", show_default=False)]
TrialArgument = Annotated[
    str, typer.Argument(metavar="TRIAL", help="The trial's number, or best, or last.", show_default=False)
]
LastRunArgument = Annotated[
    str | None, typer.Argument(metavar="RUN", help="The run's name; the last run if none is given.")
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust", help="Run the code that the log names for its space, evaluator or searcher, whoever has written it."
    ),
]
SvgOption = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Draw it in an SVG file instead.", show_default=False)
]
InputOption = Annotated[
    str | None,
    typer.Option(
        "--input",
        "--input-shape",
        metavar="INPUT",
        help="One input, as in 3,32,32 or tokens:50,20.",
        show_default=False,
    ),
]
WorkersOption = Annotated[
    int,
    _running_option(
        "--workers",
        min=0,
        help="How many trials run at once, each in a process of its own; 0: one after the other in this process, for "
        "debugging.",
    ),
]
DeviceOption = Annotated[
    str | None,
    _running_option("--device", help="auto, cpu, cuda, cuda:0, cuda:1 ... or mps; auto is the GPUs if there are any."),
]
DataDirOption = Annotated[
    str | None,
    _running_option(
        "--data-dir", envvar="ARCHWRIGHT_DATA", metavar="DIR", help="Where built-in data sets lie or are downloaded to."
    ),
]
TrialTimeoutOption = Annotated[
    str | None,
    _running_option("--trial-timeout", metavar="TIME", help="Kill a trial after this long, as in 90s or 10min."),
]
KeepModelsOption = Annotated[
    int | None,
    _running_option(
        "--keep-models",
        min=0,
        metavar="N",
        help="Of how many of the best trials the models are kept beside the log, for export. If none is "
        "given, 1, or as many as before.",
    ),
]
RetriesOption = Annotated[
    int,
    _running_option(
        "--retries",
        min=0,
        metavar="N",
        help="How often a trial is tried again whose end may be chance, as when its worker was killed.",
    ),
]
GraceOption = Annotated[
    str,
    _running_option(
        "--grace",
        metavar="TIME",
        help="How long the running trials may go on after SIGTERM or SIGHUP, as in 10s or 2min.",
    ),
]
DataOption = Annotated[
    str | None,
    _training_option(
        "--data",
        help="digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH, npz:PATH, or a function of your "
        "own that returns arrays: file.py:function or module:function; digits if none is given.",
        autocompletion=list_data_sets,
    ),
]
BudgetOption = Annotated[
    str | None,
    _training_option(
        "--budget",
        help="Of a trial: 5epochs, 30s or 50000examples. If none is given, 5epochs, or the whole training of a table.",
    ),
]
ImageSizeOption = Annotated[
    str | None,
    _training_option(
        "--image-size",
        metavar="HxW",
        help="The height and width that all images of folder:PATH are resized to, as in 32x48, or 32 for both.",
    ),
]
ReaderOption = Annotated[
    int | None,
    _training_option(
        "--reader",
        help="How images are read and split: 2, or 1 as in runs that were begun before there was a choice. 2 if none "
        "is given.",
    ),
]
ValidationOption = Annotated[
    float | None,
    _training_option(
        "--validation",
        help="The fraction of the training images to score on, where the data has no validation images; 0.2 if "
        "none is given.",
    ),
]
KeepOption = Annotated[
    str | None,
    _training_option("--keep", help="The epoch that counts: best or last; best if none is given."),
]
TrainOption = Annotated[
    list[str] | None,
    _training_option(
        "--train",
        metavar="NAME=VALUE",
        help="A setting of the training that the space leaves open, as in batch_size=64, flip=true or "
        "schedule=cosine; may be repeated.",
    ),
]
EvaluatorOption = Annotated[
    str | None,
    _training_option(
        "--evaluator",
        metavar="SOURCE",
        help="A training of your own, or any function: file.py:function or module:function. It gets what it has "
        "parameters for of architecture, budget, model, settings, data, device, seed, report, input and input_shape, "
        "and returns a number or a dict of numbers. Or an evaluation of your own, file.py:Class,setting=value, or a "
        "table: nasbench201:PATH or fcnet:PATH, with settings as in nasbench201:PATH,dataset=cifar100,runs=mean.",
    ),
]
EvaluatorInputOption = Annotated[
    str | None,
    _training_option(
        "--input",
        "--input-shape",
        metavar="INPUT",
        help="With --evaluator: one input, as in image:3,32,32, features:12, tokens:50,20 (vocabulary, length) or "
        "signal:2,128 (channels, length), or a shape of any rank, as in 3,32,32. A function that asks for model needs "
        "it, unless --data or the space says it.",
    ),
]
MetricOption = Annotated[
    str | None,
    _training_option(
        "--metric", help="What the search is about. If none is given, accuracy, or what a function of your own says."
    ),
]
MinimizeOption = Annotated[
    bool | None,
    _training_option(
        "--minimize/--maximize",
        help="Which way is better. If neither is given, less of costs and losses, and else more.",
    ),
]
StoppingOption = Annotated[
    str | None,
    typer.Option(
        "--stopping",
        metavar="RULE",
        help="Stop hopeless trials between epochs. median stops one whose best value so far is worse than the "
        "median of what finished trials had on average by that epoch; with settings, "
        "median,warmup=1,startup=5: after how many epochs of its own, and finished trials. "
        "One of your own: file.py:attribute or module:attribute.",
        rich_help_panel=SEARCH_PANEL,
    ),
]
# The ends of a new run, and of a run that there is.
TrialsOption = Annotated[
    int | None,
    _search_option(
        "--trials", min=1, metavar="N", help=f"End after so many trials; after {DEFAULT_TRIALS} if no end is given."
    ),
]
TimeOption = Annotated[
    str | None,
    _search_option(
        "--time",
        metavar="TIME",
        help="End after this long, as in 90s, 10min or 2h: of all processes that go on with the run together, and of "
        "a table, the time that the trainings took. Running trials are let end.",
    ),
]
UntilScoreOption = Annotated[
    float | None, _search_option("--until-score", metavar="X", help="End once a trial has a score as good as this.")
]
NoImprovementOption = Annotated[
    int | None,
    _search_option(
        "--no-improvement", min=1, metavar="N", help="End after so many trials in a row without a new best score."
    ),
]
MovedTrialsOption = Annotated[
    str | None,
    _search_option(
        "--trials", metavar="N|+N", help="End after how many in all, as in 64, or how many more, as in +32; or none."
    ),
]
MovedTimeOption = Annotated[
    str | None,
    _search_option("--time", metavar="TIME|+TIME", help="End after how long in all, as in 2h, or +1h more; or none."),
]
MovedUntilScoreOption = Annotated[
    str | None,
    _search_option("--until-score", metavar="X", help="End at another score than before, as in 0.95; or none."),
]
MovedNoImprovementOption = Annotated[
    str | None,
    _search_option(
        "--no-improvement",
        metavar="N|+N",
        help="End after so many trials in a row without a new best score, as in 30, or so many more; or none.",
    ),
]
EnqueueOption = Annotated[
    Path | None,
    _search_option(
        "--enqueue",
        metavar="FILE",
        help="Known configurations to try first: JSON, choices by name or a list of such, or trials as best --json "
        "prints them. Choices that are left out are drawn.",
    ),
]
