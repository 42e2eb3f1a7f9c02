"""A person's Python function as an evaluation: its settings in a run's log, and all that follows from them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import asdict, evolve, field, frozen
from attrs.converters import optional

from archwright.core.architecture import settings_of
from archwright.core.input import Input, input_from_text, input_to_text
from archwright.core.json import JSON
from archwright.core.objective import Objective, make_objective
from archwright.core.protocols import Evaluator
from archwright.core.setting import UNLOGGED, BadSetting
from archwright.core.term import Term
from archwright.evaluate.data_evaluation import DataEvaluation
from archwright.evaluate.data_settings import DataFunction, read_data
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation, EvaluationInput
from archwright.evaluate.functions.signature import SETTING_PARAMETERS
from archwright.evaluate.logged_evaluations import OPTIONAL
from archwright.evaluate.settings import (
    UnusedHyperparameter,
    change,
    choose_metric,
    data_dir_setting,
    device_setting,
    find_overruled_settings,
    hyperparameters_setting,
    image_size_setting,
    reader_setting,
    split_seed_setting,
    threads_setting,
    validation_setting,
)
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.verdict import Evaluate

if TYPE_CHECKING:  # they import numpy and torch
    from archwright.evaluate.data.dataset import DataInfo
    from archwright.evaluate.data.tensors import Normalisation


@frozen
class Function(DataEvaluation):
    """Scores the architecture with a Python function, in a worker of its own.

    `source` is `file.py:attribute` or `module:attribute`, a callable that gets the arguments that it has parameters for
    (functions/signature.py). A function that no other process can import has a source too, for people, and is sent to
    the workers `by_value`: see functions/callables.py.
    """

    kind: ClassVar[str] = "function"

    source: str
    metric: str = "accuracy"  # the name under which a bare number that the function returns is kept
    less_is_better: bool = False  # of that metric, if the function says so
    threads: int = threads_setting()
    input_shape: tuple[int, ...] | None = field(default=None, converter=optional(tuple[int, ...]))  # without a batch
    settings: Mapping[str, JSON] = hyperparameters_setting()  # for what the architecture does not set itself
    # The names of those that came with its text, for messages.
    text_settings: tuple[str, ...] = field(default=(), eq=False, repr=False, kw_only=True, metadata=UNLOGGED)
    device: str = device_setting()
    # As for training; None: it gets none.
    data: str | DataFunction | None = field(default=None, converter=optional(read_data))
    data_dir: str | None = data_dir_setting()
    validation: float = validation_setting()
    split_seed: int = split_seed_setting()
    image_size: tuple[int, int] | None = image_size_setting()
    reader: int = reader_setting()
    by_value: bool = field(default=False, metadata=OPTIONAL)  # whether no other process can import it
    in_main: bool = field(
        default=False, metadata=OPTIONAL
    )  # whether `__main__` had itself by its name, see callables.py
    source_text: str | None = field(default=None, metadata=OPTIONAL)  # of one that is sent by value, where it has any
    source_hash: str | None = field(default=None, metadata=OPTIONAL)  # of that text, see functions/callables.py
    target: Callable[..., Any] | None = field(default=None, eq=False, repr=False, metadata=UNLOGGED)  # the function
    ignores_budget: bool = field(default=False, metadata=OPTIONAL)  # as far as it has said so
    # Whether it is cheap and says the same every time, so that its trials are looked up as in a table: by the process
    # that searches, with simulated time.
    is_table: bool = field(default=False, metadata=OPTIONAL)
    # Whether a trial goes on with another one's training: a function that asks for a checkpoint does, as far as it has
    # said so; of such a table, whether what it says of a model at several budgets is of one training.
    can_continue: bool = field(default=False, metadata=OPTIONAL)
    # The text of the input's type, where its shape alone says less.
    input: str | None = field(default=None, metadata=OPTIONAL)
    # What it says of itself; None before it is imported, in a worker or here.
    said: FunctionDescription | None = field(default=None, eq=False, repr=False, metadata=UNLOGGED)

    @property
    def model_input(self) -> Input | None:
        """The input of the models; None where nothing says it."""
        return None if self.input_shape is None else input_from_text(self.input, self.input_shape)

    def with_input(self, value: Input | None) -> Self:
        """The same for models of another input."""
        text = None if value is None else input_to_text(value)
        return evolve(self, input_shape=None if value is None else value.shape, input=text)

    @property
    def absent(self) -> frozenset[str]:
        """The arguments that do not exist for a function (see functions/signature.py)."""
        without_input = frozenset({"model", "input", "input_shape"} if self.input_shape is None else ())
        return without_input | ({"data"} if self.data is None else frozenset())

    @property
    def changed_settings(self) -> Sequence[str]:
        """The names of those settings that are for some of its parameters, and not at their defaults."""
        usual = Function(self.source)
        return [name for name in SETTING_PARAMETERS if getattr(self, name) != getattr(usual, name)]

    @property
    def description(self) -> str:
        """The function's source."""
        return self.source

    @property
    def user_sources(self) -> Sequence[str]:
        """The function's, where it is imported."""
        return () if self.by_value else (self.source,)

    @property
    def reads_budget(self) -> bool | None:
        """Whether it has a parameter for the budget; None before it has said so."""
        return None if self.said is None and not self.ignores_budget else not self.ignores_budget

    def choose_objective(self, metric: str | None = None, minimize: bool | None = None) -> Objective:
        """By default the score that the function names, in the direction that it says; see `make_objective`."""
        name = choose_metric(metric, self.metric, f"the score of {self.source}")
        says_direction = self.less_is_better or (self.said is not None and self.said.objective is not None)
        if minimize is None and says_direction and name == self.metric:
            minimize = self.less_is_better
        return make_objective(name, minimize)

    @property
    def reported_metrics(self) -> Collection[str] | None:
        """None: whatever the function reports; of a table nothing before the end of a trial."""
        return () if self.is_table else None

    @property
    def leaves_models(self) -> bool:
        """Whether it has a parameter for the model; True before it has said so. A table has none."""
        return not self.is_table and (self.said is None or "model" in self.said)

    @property
    def uses_workers(self) -> bool:
        """Whether it is no table."""
        return not self.is_table

    def describe_data(self) -> "DataInfo | None":
        """Raises BadSetting, too, where there are no images to be given a size."""
        if self.data is None and self.image_size is not None:
            raise BadSetting(
                "image_size is for the images of a folder, and there is no data; name it, as in folder:PATH"
            )
        return super().describe_data()

    def define_input(self, given: Input | None, of_space: Input | None, data: "DataInfo | None") -> EvaluationInput:
        """What is given or the data's, else the space's; the function is told."""
        data_input = None if data is None else data.input
        if data is not None and given not in (None, data_input):
            raise BadSetting(f"the input is given, {given}, and {data.name} has {data_input}; give one of the two")
        model_input = given or data_input or of_space
        return EvaluationInput(model_input, None if data is None else data.classes, self.with_input(model_input))

    def list_overruled_settings(self, space: Term) -> Sequence[str]:
        """A sentence for each; they have no other names."""
        return list(find_overruled_settings(self.settings, space))

    def for_retraining(
        self,
        architecture: Term,
        *,
        data: str | DataFunction | None = None,
        data_dir: str | None = None,
        device: str | None = None,
        image_size: tuple[int, int] | None = None,
        settings: Mapping[str, JSON] | None = None,
    ) -> Evaluation:
        """The function again; or archwright's own training where data is named, split as before if it is the same.

        Raises UnusedHyperparameter for a setting of the function that the architecture sets itself.
        """
        if data is not None:
            same = self.data_settings if data == self.data else None
            logged: dict[str, Any] = {} if same is None else asdict(same, recurse=False)
            training = Training(**{**logged, "data": data})
            return training.for_retraining(
                architecture, data_dir=data_dir, device=device, image_size=image_size, settings=settings
            )
        settings = settings or {}
        if overruled := next(iter(settings.keys() & settings_of(architecture).keys()), None):
            raise UnusedHyperparameter(f"{overruled} does nothing: the architecture sets it itself; leave it out")
        changed = change(self, settings={**self.settings, **settings}, image_size=image_size)
        return changed.move_to(device, data_dir)

    def open(
        self,
        *,
        workers: int = 1,
        space_source: str | None = None,
        kinds: Sequence[type[Term]] = (),
        trial_timeout: float | None = None,
    ) -> Evaluator:
        """Workers, or what looks jobs up; raises what `open_workers` or `open_function_table` does."""
        if not self.is_table:
            return super().open(workers=workers, space_source=space_source, kinds=kinds, trial_timeout=trial_timeout)
        from archwright.evaluate.functions.tabulated import open_function_table  # only here: it imports their code

        return open_function_table(self, workers)

    @property
    def sent_code(self) -> Sequence[str]:
        """The function too, if it is sent by value."""
        return [*super().sent_code, *([self.source] if self.by_value else ())]

    def make_sendable(self) -> Self:
        """The same, without a function that workers can import. Also raises FunctionNeeded."""
        from archwright.evaluate.functions.callables import require_function  # it makes functions of this class

        require_function(self)
        sendable = super().make_sendable()
        return sendable if self.by_value else evolve(sendable, target=None)

    @property
    def user_function(self) -> Self:
        """Itself."""
        return self

    def describe_function(self) -> FunctionDescription:
        """What the function says of itself, for which it is imported."""
        from archwright.evaluate.functions.callables import load_callable
        from archwright.evaluate.functions.description import describe_function

        return describe_function(self, load_callable(self))

    @property
    def is_complete(self) -> bool:
        """Whether the function has said what it is about."""
        return self.said is not None

    def complete(
        self,
        description: FunctionDescription | None,
        *,
        metric: str | None = None,
    ) -> Self:
        """As `complete_function` does it; the same before the function has said anything."""
        from archwright.evaluate.functions.description import complete_function

        return self if description is None else complete_function(self, description, metric=metric)

    def prepare(self, index: int, threads: int) -> Evaluate:
        """The function that calls the person's function with what it asks for."""
        from archwright.evaluate.functions.scoring import make_function_evaluation  # in workers: it imports their code

        return make_function_evaluation(self, index, threads)

    def list_effective_settings(self, architecture: Term) -> Mapping[str, JSON]:
        """The function, and the settings that it was called with."""
        return {"evaluator": self.source, **self.settings, **super().list_effective_settings(architecture)}

    def load_normalisation(self, architecture: Term) -> "Normalisation | None":
        """By channel."""
        if self.data_settings is None:
            return None
        import torch  # only here, since it takes seconds

        from archwright.evaluate.data.loading import load_configured_dataset
        from archwright.evaluate.data.tensors import to_device

        return to_device(load_configured_dataset(self.data_settings), torch.device("cpu")).normalisation

    @classmethod
    def complete_settings(cls, settings: Mapping[str, JSON], model_input: Input | None) -> Mapping[str, JSON]:
        """Also with the run's input where a log says nothing of one."""
        settings = super().complete_settings(settings, model_input)
        if model_input is None or "input_shape" in settings:
            return settings
        return {**settings, "input_shape": model_input.shape, "input": input_to_text(model_input)}
