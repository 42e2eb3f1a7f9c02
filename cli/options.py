"""The options and arguments that commands share."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import asdict, frozen

from archwright.core.defaults import DEFAULT_GRACE as DEFAULT_GRACE
from archwright.core.defaults import DEFAULT_RETRIES as DEFAULT_RETRIES
from archwright.core.spaces.named import SPACES
from archwright.store.written_paths import DEFAULT_LOG as DEFAULT_LOG

# The headings of options in help.
TRAINING_PANEL, SEARCH_PANEL, RUNNING_PANEL = "What a model is worth", "The search", "How it runs"
# For help and completion, which have no time to import what has these names: a test holds them to those of the code.
SEARCHER_NAMES = (
    "random",
    "mcts",
    "mcts-bisection",
    "smbo",
    "smbo-paper",
    "kde",
    "prior-guided",
    "evolution",
    "local-search",
    "successive-halving",
    "hyperband",
    "bohb",
    "priorband",
    "asha",
    "pasha",
)
DATA_SET_NAMES = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")
FIGURE_NAMES = (
    *("incumbent", "time", "threshold", "regret", "histogram"),
    *("evaluations", "rungs", "curves", "parallel", "hyperparameter", "models", "correlation"),
)
IMPORTANCE_FIGURE_NAMES = ("bars", "marginals")
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
    return list(SEARCHER_NAMES)


def list_data_sets() -> list[str]:
    """The names of the built-in data sets, for completion."""
    return list(DATA_SET_NAMES)


def list_importance_figures() -> list[str]:
    """The names of the figures of importances, for completion."""
    return list(IMPORTANCE_FIGURE_NAMES)


def list_figure_kinds() -> list[str]:
    """The names of the kinds of figures, for completion."""
    return list(FIGURE_NAMES)


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
DerivationOption = Annotated[
    bool,
    typer.Option("--derivation", help="Show which module asked for which choice, as a tree, instead of architectures."),
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
DataDirOption = Annotated[
    str | None,
    _running_option(
        "--data-dir", envvar="ARCHWRIGHT_DATA", metavar="DIR", help="Where built-in data sets lie or are downloaded to."
    ),
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
ImageSizeOption = Annotated[
    str | None,
    _training_option(
        "--image-size",
        metavar="HxW",
        help="The height and width that all images of folder:PATH are resized to, as in 32x48, or 32 for both.",
    ),
]
StoppingOption = Annotated[
    str | None,
    typer.Option(
        "--stopping",
        metavar="RULE",
        help="Stop hopeless trials between epochs. median stops one whose best value so far is worse than the "
        "median of what finished trials had on average by that epoch; with settings, "
        "median,warmup=1,startup=5: after how many epochs of its own, and finished trials. halving stops one that is "
        "not among the best eta-th of those that have come to a milestone; with settings, "
        "halving,eta=3.0,milestones=[1, 3, 9, 27]: which epochs those are. "
        "One of your own: file.py:attribute or module:attribute.",
        rich_help_panel=SEARCH_PANEL,
    ),
]
EnqueueOption = Annotated[
    list[Path] | None,
    _search_option(
        "--enqueue",
        metavar="FILE",
        help="Known configurations to try first: JSON, choices by name or a list of such, or trials as best --json "
        "prints them. Choices that are left out are drawn. An architecture's JSON, too, as export writes it; or the "
        "name of a built-in one, as in --enqueue shake26-2x32d. May be repeated.",
    ),
]

FromOption = Annotated[
    list[str] | None,
    _search_option(
        "--from",
        metavar="RUN",
        help="Begin with the results of another run of the log, of those of its trials that were about the same "
        "problem and whose models are in the space; may be repeated.",
    ),
]
ComparableOption = Annotated[
    bool,
    _search_option(
        "--comparable",
        help="With --from a study: the scores that it was told mean the same as those of this search, so its trials "
        "are taken over, too.",
    ),
]


@frozen(kw_only=True)
class EvaluationOptions:
    """What a command says of the evaluation, as the user writes it; None where they say nothing."""

    data: Annotated[
        str | None,
        _training_option(
            help=f"{', '.join(DATA_SET_NAMES)}, folder:PATH, npz:PATH, or a function of your "
            "own that returns arrays: file.py:function or module:function; digits if none is given.",
            autocompletion=list_data_sets,
        ),
    ] = None
    budget: Annotated[
        str | None,
        _training_option(
            help="Of a trial: 5epochs, 30s or 50000examples. For a ladder such as asha or hyperband several: a range, "
            "1epochs..27epochs, or a list, 12epochs,200epochs. If none is given, 5epochs, or the whole training of a "
            "table.",
        ),
    ] = None
    image_size: ImageSizeOption = None
    validation: Annotated[
        float | None,
        _training_option(
            help="The fraction of the training images to score on, where the data has no validation images; 0.2 if "
            "none is given.",
        ),
    ] = None
    reader: Annotated[
        int | None,
        _training_option(
            help="How images are read and split: 2, or 1 as in runs that were begun before there was a choice. 2 if "
            "none is given.",
        ),
    ] = None
    keep: Annotated[
        str | None,
        _training_option(help="The epoch that counts: best or last; best if none is given."),
    ] = None
    train: Annotated[
        list[str] | None,
        _training_option(
            metavar="NAME=VALUE",
            help="A setting of the training that the space leaves open, as in batch_size=64, flip=true or "
            "schedule=cosine; may be repeated.",
        ),
    ] = None
    evaluator: Annotated[
        str | None,
        _training_option(
            metavar="SOURCE",
            help="A training of your own, or any function: file.py:function or module:function. It gets what it has "
            "parameters for of architecture, budget, model, settings, data, device, seed, report, input, "
            "input_shape, horizon and checkpoint, and returns a number or a dict of numbers. Or an evaluation of your "
            "own, file.py:Class,setting=value, or a table: nasbench201:PATH, fcnet:PATH, taskset:PATH or lcbench:PATH, "
            "with settings as in nasbench201:PATH,dataset=cifar100,runs=mean.",
        ),
    ] = None
    input: Annotated[
        str | None,
        _training_option(
            "--input",
            "--input-shape",
            metavar="INPUT",
            help="With --evaluator: one input, as in image:3,32,32, features:12, tokens:50,20 (vocabulary, length) or "
            "signal:2,128 (channels, length), or a shape of any rank, as in 3,32,32. A function that asks for model "
            "needs it, unless --data or the space says it.",
        ),
    ] = None
    metric: Annotated[
        str | None,
        _training_option(
            help="What the search is about. If none is given, accuracy, or what a function of your own says.",
        ),
    ] = None
    minimize: Annotated[
        bool | None,
        _training_option(
            "--minimize/--maximize",
            help="Which way is better. If neither is given, less of costs and losses, and else more.",
        ),
    ] = None


@frozen(kw_only=True)
class WorkingOptions:
    """How this process works on a run."""

    workers: Annotated[
        int | None,
        _running_option(
            min=0,
            help="How many trials run at once, each in a process of its own: 1 if it is not given; 0: one after the "
            "other in this process, for debugging. Over a table: for how many it stands, in simulated time; by itself "
            "as many as before.",
        ),
    ] = None
    device: Annotated[
        str | None,
        _running_option(help="auto, cpu, cuda, cuda:0, cuda:1 ... or mps; auto is the GPUs if there are any."),
    ] = None
    trial_timeout: Annotated[
        str | None,
        _running_option(metavar="TIME", help="Kill a trial after this long, as in 90s or 10min."),
    ] = None
    retries: Annotated[
        int,
        _running_option(
            min=0,
            metavar="N",
            help="How often a trial is tried again whose end may be chance, as when its worker was killed.",
        ),
    ] = DEFAULT_RETRIES
    grace: Annotated[
        str,
        _running_option(
            metavar="TIME",
            help="How long the running trials may go on after SIGTERM or SIGHUP, as in 10s or 2min.",
        ),
    ] = DEFAULT_GRACE

    @property
    def work(self) -> dict[str, Any]:
        """What the functions of Python call so: all but the device, which is the evaluation's."""
        return asdict(self, filter=lambda option, _: option.name != "device")
