"""What every evaluation says of itself, and whether a class does so."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, cast

from attrs import frozen

from archwright.core.architecture import settings_of
from archwright.core.budget import Budget
from archwright.core.check import check
from archwright.core.errors import ArchwrightError
from archwright.core.input import Input
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.evaluate.data_settings import DataFunction, DataSettings
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation_kinds import find_kind, import_builtin_class, is_class_named
from archwright.evaluate.settings import UnusedSetting, WrongMetric
from archwright.evaluate.verdict import Evaluate
from archwright.store.origins import name_class

if TYPE_CHECKING:  # they import numpy and torch
    from archwright.evaluate.data.dataset import DataInfo
    from archwright.evaluate.data.tensors import Normalisation
    from archwright.evaluate.functions.evaluation import Function

USUAL_BUDGET = Budget(5.0, "epochs")  # of a trial of a training, where nobody says one


class NotAnEvaluation(ArchwrightError, TypeError):
    """Something other than a frozen attrs class with the methods of an evaluation, under the name of one."""


class NothingToRetrain(ArchwrightError, ValueError):
    """A trial that was looked up in a table: there is no training of it to do again."""


@frozen
class EvaluationInput:
    """What an evaluation's models get, as far as it, its data or the space says."""

    input: Input | None
    classes: int | None  # that a model has an output for
    evaluation: "Evaluation"  # the one that knows the input, if it has use for it


class Evaluation(Protocol):
    """How an architecture gets its score: frozen settings, which a run's log holds, and all that follows from them.

    An attrs class that inherits from this one says only where it differs; `open` and `choose_objective` it always says.
    """

    # In a log, a short name for what is built in; else `file.py:Class` or `module:Class`. Empty: where the class is.
    kind: ClassVar[str] = ""

    @property
    def description(self) -> str:
        """What gives a trial its score, in messages."""
        return find_kind(type(self))

    @property
    def usual_budget(self) -> Budget:
        """The budget of a trial where nobody says one."""
        return USUAL_BUDGET

    @property
    def reads_budget(self) -> bool | None:
        """Whether a trial's budget means anything to it; None where that is not known as yet."""
        return True

    @property
    def can_continue(self) -> bool:
        """Whether a trial that continues another one goes on from where that one's training ended."""
        return False

    def require_budget(self, budget: Budget) -> None:
        """Raises NotInTable, or another error, where it can give no result for such a budget."""

    @abstractmethod
    def choose_objective(self, metric: str | None = None, minimize: bool | None = None) -> Objective:
        """The objective of a search: what is None is as usual. Raises WrongMetric for one that it cannot have."""

    @property
    def reported_metrics(self) -> Collection[str] | None:
        """The metrics that are known after each epoch; none: there is none to stop at; None: a person's code says."""
        return ()

    @property
    def leaves_models(self) -> bool:
        """Whether its trials leave models, or may do so."""
        return False

    @property
    def uses_workers(self) -> bool:
        """Whether its trials run in processes of their own; else it answers at once, in the coordinator."""
        return True

    @property
    def threads(self) -> int:
        """CPU threads of one worker; 0: its share of the cores."""
        return 0

    @property
    def user_sources(self) -> Sequence[str]:
        """The sources of a person's code that runs in its trials, beside its own class."""
        return ()

    @property
    def data_settings(self) -> DataSettings | None:
        """The data that it reads; None if there is none."""
        return None

    def describe_data(self) -> "DataInfo | None":
        """What its data is like; raises what `describe_dataset` does. None without data."""
        if self.data_settings is None:
            return None
        from archwright.evaluate.data.loading import describe_configured_dataset  # only here, since it needs numpy

        return describe_configured_dataset(self.data_settings)

    def define_input(self, given: Input | None, of_space: Input | None, data: "DataInfo | None") -> EvaluationInput:
        """The input of its models, from what a person has `given`, what the space was made for, and its data.

        Raises BadSetting where they do not go together.
        """
        return EvaluationInput(given or of_space, None, self)

    def complete_space(self, space: Term) -> Term:
        """The space with what this evaluation alone knows of it, such as the rows of a table; for most, as it is."""
        return space

    def check_space(self, space: Term, model_input: Input, data: "DataInfo | None") -> None:
        """Nothing, if it can evaluate what the space holds; else what `check` raises, or an error of its own."""
        check(space, model_input)

    def list_overruled_settings(self, space: Term) -> Sequence[str]:
        """A sentence for each of its settings that does nothing, since every model of the space says it itself."""
        return ()

    def move_to(self, device: str | None, data_dir: str | None) -> Self:
        """The same on another machine: with another device, or with its data elsewhere; None changes nothing.

        UnusedSetting where it has no use for a device.
        """
        if device is not None:
            raise UnusedSetting(f"device is {device!r}, and nothing in its trials uses one; leave it out")
        return self

    def for_retraining(
        self,
        architecture: Term,
        *,
        data: str | DataFunction | None = None,
        data_dir: str | None = None,
        device: str | None = None,
        image_size: tuple[int, int] | None = None,
        settings: Mapping[str, JSON] | None = None,
    ) -> "Evaluation":
        """The evaluation that trains an architecture for good; what is None is as it was in the search.

        Where `data` is named that a search did not train on, it is archwright's own training on that. Raises
        NothingToRetrain, and what is wrong with the settings.
        """
        if data is None:
            data = self.training_data or "cifar10"
            raise NothingToRetrain(
                f"its trials were evaluated by {self.description}, so there is no training to do again; say what to "
                f"train on, as in --data {quote(data)} (data={data!r} in Python)"
            )
        training = import_builtin_class("training")(data=data)
        return training.for_retraining(
            architecture, data_dir=data_dir, device=device, image_size=image_size, settings=settings
        )

    def choose_retraining_objective(self, searched: Objective) -> Objective:
        """The objective of retraining an architecture: as it was `searched` for, where nothing speaks for another."""
        return searched

    @property
    def training_data(self) -> str | None:
        """The data that its architectures can be trained on, as far as a command can name it."""
        settings = self.data_settings
        return None if settings is None or settings.function is not None else settings.name

    @property
    def trains_models(self) -> bool:
        """Whether training an architecture again needs no more than what it knows."""
        return False

    @abstractmethod
    def open(
        self,
        *,
        workers: int = 1,
        space_source: str | None = None,
        kinds: Sequence[type[Term]] = (),
        trial_timeout: float | None = None,
    ) -> Evaluator:
        """What evaluates jobs: at once, or in `workers` processes, where a job is killed after `trial_timeout` seconds.

        `space_source` names the file that defines a person's own kinds of module, for the workers to import; `kinds`
        are those that no source defines, as `collect_user_kinds` lists them, and are sent to the workers.
        """

    @property
    def sent_code(self) -> Sequence[str]:
        """The names of the code in it that no other process can import: of its class, its data, its function.

        Where there is any, it travels to its workers by value, and its log does not hold all of it.
        """
        data = self.data_settings
        own = [] if is_class_named(type(self)) else [name_class(type(self))]
        return own if data is None or data.function is None else [*own, data.name]

    def make_sendable(self) -> Self:
        """The same, as its workers are sent it by value. Raises DataNeeded where this process was not given it all."""
        if (data := self.data_settings) is not None and data.function is not None:
            data.function.get_target()
        return self

    @property
    def user_function(self) -> "Function | None":
        """The function of a person that its trials call, and how; None where there is none."""
        return None

    def describe_function(self) -> FunctionDescription | None:
        """What a person's function says of itself, for which it is imported; None where there is none."""
        return None

    @property
    def is_complete(self) -> bool:
        """Whether all is known that a log has of it; else its workers tell the rest, see `complete`."""
        return True

    def complete(
        self,
        description: FunctionDescription | None,
        *,
        metric: str | None = None,
    ) -> Self:
        """The same, knowing what a person's function says of itself; to be logged, where there is one.

        `metric` is what a bare number is if the function does not say it. Raises UnusedSetting where the function reads
        a setting that is not at its default with no parameter.
        """
        del description, metric
        return self

    def prepare(self, index: int, threads: int) -> Evaluate:
        """How jobs are evaluated in the worker number `index`, which may use so many CPU threads.

        Only for evaluations that use workers. Everything is imported and loaded then; raises what is wrong with that.
        """
        raise NotAnEvaluation(f"{type(self).__name__} has no method prepare, which its workers need")

    def list_effective_settings(self, architecture: Term) -> Mapping[str, JSON]:
        """The settings that an architecture was evaluated with, its own ones too, by name."""
        return cast("Mapping[str, JSON]", settings_of(architecture))

    def find_initialization(self, architecture: Term) -> str:
        """The rule by which a model's weights begin, as in a recipe; own: as each module says."""
        return "own"

    def load_normalisation(self, architecture: Term) -> "Normalisation | None":
        """What an architecture's inputs were normalised with, read from the data; None without data."""
        return None

    @classmethod
    def complete_settings(cls, settings: Mapping[str, JSON], model_input: Input | None) -> Mapping[str, JSON]:
        """A log's settings with those that earlier releases left out; `model_input` is that of its run, if known."""
        del model_input
        return settings


def require_reported(evaluation: Evaluation, metric: str) -> None:
    """Nothing, if a trial's `metric` is known, or may be, after each of its epochs; else WrongMetric."""
    reported = evaluation.reported_metrics
    if reported is None or metric in reported:
        return
    if not reported:
        raise WrongMetric(
            f"no trial can be stopped early: {evaluation.description} has no epochs to stop at; leave the stopping "
            "rule out, and promotion=false of asha, which brings one"
        )
    raise WrongMetric(
        f"metric is {metric!r}, which is not known after each epoch; with a stopping rule the metric is one of "
        f"{', '.join(reported)}"
    )
