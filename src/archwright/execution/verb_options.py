"""The options of what is done with a run or a trial: by its own verbs, and by the functions of the same names."""

from collections.abc import Mapping
from typing import Annotated, TypedDict

from archwright.core.budget import Budget
from archwright.core.defaults import DEFAULT_SEEDS
from archwright.core.json import JSON
from archwright.execution.call_options import Option
from archwright.execution.given_values import AnyData, AnyEvaluation
from archwright.execution.known_configurations import Configurations
from archwright.execution.options import WorkOptions
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule


class MovedEnds(TypedDict, total=False):
    """Ends of a run, as they are to be from here on; None leaves one as it is, "none" takes it away."""

    trials: Annotated[int | str | None, Option(None, "how many in all, or '+32' for so many more; 'none' for no end")]
    time: Annotated[float | str | None, Option(None, "how long in all, seconds or '2h', or '+1h' for so much more")]
    until_score: Annotated[float | str | None, Option(None, "the score that ends it")]
    no_improvement: Annotated[int | str | None, Option(None, "how many trials in a row without a new best end it")]
    configurations: Annotated[int | str | None, Option(None, "how many configurations in all, or '+32' for more")]
    total: Annotated[Budget | str | None, Option(None, "what all trials may spend, as '500epochs', or '+100epochs'")]


class MachineOptions(TypedDict, total=False):
    """Where it goes on, if not as before."""

    device: Annotated[str | None, Option(None, "what it computes on; as before if left out")]
    data_dir: Annotated[str | None, Option(None, "where built-in data sets lie; as before if left out")]
    trust: Annotated[bool, Option(False, "whether code that the log names runs, wherever it lies")]


class ContinuationOptions(TypedDict, total=False):
    """What a run goes on with."""

    enqueue: Annotated[Configurations, Option((), "known configurations, or a file of them, which are tried first")]
    keep_models: Annotated[int | None, Option(None, "of how many of the best trials the weights are kept")]


class GivenOptions(TypedDict, total=False):
    """What no other process can import, as functions and classes of a notebook, given again."""

    evaluation: Annotated[AnyEvaluation | None, Option(None, "the evaluation, or its class, to be given again")]
    data: Annotated[AnyData | None, Option(None, "the function of its data, to be given again")]
    searcher: Annotated[AnySearcher | type[AnySearcher] | None, Option(None, "the searcher, to be given again")]
    stopping: Annotated[AnyStoppingRule | type[AnyStoppingRule] | None, Option(None, "the rule, to be given again")]


class ResumeOptions(MovedEnds, ContinuationOptions, GivenOptions, MachineOptions, WorkOptions, total=False):
    """What a run is resumed with."""


class ForkOptions(MovedEnds, total=False):
    """What a fork has that its run has not."""

    searcher: Annotated[AnySearcher | str | None, Option(None, "another searcher")]
    settings: Annotated[Mapping[str, JSON] | None, Option(None, "other settings of the searcher that the run has")]
    seed: Annotated[int | None, Option(None, "another seed")]
    name: Annotated[str | None, Option(None, "of the new run; RUN-fork-1, RUN-fork-2 ... if left out")]
    trust: Annotated[bool, Option(False, "whether code that the log names runs, wherever it lies")]


class TrainingOptions(TypedDict, total=False):
    """What a final training has that the search had not."""

    seeds: Annotated[int, Option(DEFAULT_SEEDS, "how many trainings, each with weights of its own")]
    data: Annotated[AnyData | None, Option(None, "other data than the search's")]
    image_size: Annotated[tuple[int, int] | None, Option(None, "height and width that images are resized to")]
    settings: Annotated[Mapping[str, JSON] | None, Option(None, "of the training, instead of the trial's own")]
    seed: Annotated[int | None, Option(None, "of all randomness; one that the search had not if left out")]


class RetrainOptions(TrainingOptions, MachineOptions, WorkOptions, total=False):
    """What a trial is trained anew with."""

    budget: Annotated[Budget | str | None, Option(None, "of each training, as in '50epochs'")]
    evaluation: Annotated[AnyEvaluation | None, Option(None, "the evaluation, or its class, to be given again")]
    name: Annotated[str | None, Option(None, "of the new run; RUN.retrain-TRIAL if left out")]


class ExportOptions(TypedDict, total=False):
    """How a model is written."""

    force: Annotated[bool, Option(False, "whether the files of an earlier export are overwritten")]
    untrained: Annotated[bool, Option(False, "whether the weights are those that the training begins with")]
    data_dir: Annotated[str | None, Option(None, "where built-in data sets lie")]
    evaluation: Annotated[AnyEvaluation | None, Option(None, "the evaluation, or its class, to be given again")]
    trust: Annotated[bool, Option(False, "whether code that the log names runs, wherever it lies")]
