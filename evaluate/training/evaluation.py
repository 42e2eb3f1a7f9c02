"""Training as an evaluation: its settings in a run's log, and all that follows from them without torch."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from attrs import evolve, field, frozen

from archwright.core.architecture import settings_of
from archwright.core.builders import name_wrong_fields
from archwright.core.check import check
from archwright.core.errors import NAMES_ELSEWHERE, ArchwrightError, show, suggest_names
from archwright.core.input import Input, describe_input, name_examples
from archwright.core.json import JSON
from archwright.core.objective import Objective, make_objective
from archwright.core.setting import BadSetting
from archwright.core.shape import format_shape
from archwright.core.term import Term
from archwright.evaluate.data_evaluation import DataEvaluation
from archwright.evaluate.data_settings import DataFunction, read_data
from archwright.evaluate.evaluation import EvaluationInput
from archwright.evaluate.settings import (
    LATEST_READER,
    WrongMetric,
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
from archwright.evaluate.training.recipe import (
    ALIASES,
    Recipe,
    check_settings,
    find_effective_settings,
    list_setting_names,
    make_recipe,
    override_settings,
)
from archwright.evaluate.verdict import TRAINING_METRICS, Evaluate

if TYPE_CHECKING:  # they import numpy and torch
    from archwright.evaluate.data.dataset import DataInfo
    from archwright.evaluate.data.tensors import Normalisation

KeptEpoch = Literal["best", "last"]  # the epoch whose weights and accuracy count
TrainOn = Literal["train", "train+validation"]
REPORTED_METRICS = ("accuracy", "loss", "train_accuracy", "train_loss")  # by a training after each epoch


class DataDoesNotFit(ArchwrightError, ValueError):
    """Data whose images or classes are not those that a single architecture was made for."""


def _is_known(_: object, __: object, keep: str) -> None:
    if keep not in get_args(KeptEpoch):
        raise BadSetting(f"keep is {keep!r}; it may be {' or '.join(get_args(KeptEpoch))}")


def _leaves_enough(training: "Training", _: object, train_on: str) -> None:
    if train_on not in get_args(TrainOn):
        raise BadSetting(f"train_on is {train_on!r}; it may be {' or '.join(get_args(TrainOn))}")
    if train_on != "train" and training.keep != "last":
        raise BadSetting(
            f"keep is {training.keep!r}, and with train_on {train_on!r} no examples are left to choose an epoch by; "
            "keep the last"
        )


def _explain_hyperparameter(name: str, value: object) -> str:
    """That a hyperparameter is none of the arguments of a Training; empty for other names."""
    known = NAMES_ELSEWHERE.get(name, name)
    return f"write settings={{{known!r}: {show(value, 40)}}}" if known in list_setting_names() else ""


@partial(name_wrong_fields, explain=_explain_hyperparameter)
@frozen
class Training(DataEvaluation):
    """Trains the architecture as a classifier; the score is `accuracy`, on the validation split.

    Where the validation split is trained on too, only the test split is left to score on, as `test_accuracy`.
    """

    kind: ClassVar[str] = "training"

    # digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH, npz:PATH, or a person's function: itself, or
    # file.py:function.
    data: str | DataFunction = field(default="digits", converter=read_data)
    data_dir: str | None = data_dir_setting()
    device: str = device_setting()
    validation: float = validation_setting()
    split_seed: int = split_seed_setting()
    keep: KeptEpoch = field(default="best", validator=_is_known)
    threads: int = threads_setting()
    settings: Mapping[str, JSON] = hyperparameters_setting()  # for what the architecture does not set itself
    overrides: Mapping[str, JSON] = hyperparameters_setting()  # instead of what the architecture sets, too
    train_on: TrainOn = field(default="train", validator=_leaves_enough)
    image_size: tuple[int, int] | None = image_size_setting()
    reader: int = reader_setting()

    def __attrs_post_init__(self) -> None:
        make_recipe(self.settings)  # raises what is wrong with them

    @property
    def description(self) -> str:
        """Training, and on what."""
        return f"training on {self.data}"

    def choose_objective(self, metric: str | None = None, minimize: bool | None = None) -> Objective:
        """By default accuracy; see `make_objective`."""
        name = choose_metric(metric, "accuracy", "metric")
        if name not in TRAINING_METRICS:
            candidates = [known for known in TRAINING_METRICS if not known.startswith("test_")]
            raise WrongMetric(f"metric is {name!r}; of what is known of a training, {suggest_names(name, candidates)}")
        return make_objective(name, minimize)

    @property
    def reported_metrics(self) -> Collection[str] | None:
        """REPORTED_METRICS."""
        return REPORTED_METRICS

    @property
    def can_continue(self) -> bool:
        """Always, from checkpoints."""
        return True

    @property
    def leaves_models(self) -> bool:
        """Always."""
        return True

    @property
    def trains_models(self) -> bool:
        """Always."""
        return True

    def define_input(self, given: Input | None, of_space: Input | None, data: "DataInfo | None") -> EvaluationInput:
        """That of the data; BadSetting where a person has given one."""
        assert data is not None  # a training always has data
        if given is not None:
            raise BadSetting(
                f"the input is given, {given}; that goes with an evaluator of one's own, or with a table: for "
                "training, the input is the data's"
            )
        return EvaluationInput(data.input, data.classes, self)

    def check_space(self, space: Term, model_input: Input, data: "DataInfo | None") -> None:
        """Raises what `make_recipe`, `check` and `check_settings` do, and for a single architecture DataDoesNotFit."""
        assert data is not None
        make_recipe(self.settings)  # also where every model of the space sets them itself
        if space.plan.is_specified:
            check(space, model_input)
            _require_fit(space, model_input, data)
        check(space, model_input, data.classes)
        check_settings(space)

    def list_overruled_settings(self, space: Term) -> Sequence[str]:
        """A sentence for each, under either of its names."""
        return list(find_overruled_settings(self.settings, space, ALIASES))

    def for_retraining(
        self,
        architecture: Term,
        *,
        data: str | DataFunction | None = None,
        data_dir: str | None = None,
        device: str | None = None,
        image_size: tuple[int, int] | None = None,
        settings: Mapping[str, JSON] | None = None,
    ) -> "Training":
        """On the validation images, too; `settings` instead of what the search or the architecture has set."""
        base = self
        if data == self.data:
            base = evolve(self, data=data)  # the function of another process is given again so
        elif data is not None:
            base = evolve(self, data=data, data_dir=None, image_size=None, reader=LATEST_READER)
        overrides = override_settings(base.overrides, settings or {})
        make_recipe(base.settings, settings_of(architecture), overrides)  # raises what is wrong with them
        retraining = evolve(base, keep="last", overrides=overrides, train_on="train+validation")
        return change(retraining, image_size=image_size).move_to(device, data_dir)

    def choose_retraining_objective(self, searched: Objective) -> Objective:
        """The accuracy on the test images, which no search has looked at."""
        del searched
        return Objective("test_accuracy")

    def prepare(self, index: int, threads: int) -> Evaluate:
        """The function that trains a job's architecture; the data is on the worker's device."""
        from archwright.evaluate.training.task import prepare_training  # only in workers, since it needs torch

        return prepare_training(self, index, threads)

    def resolve_recipe(self, architecture: Term) -> Recipe:
        """The recipe for an architecture, whose settings replace `settings`; `overrides` replace both.

        Raises UnknownSetting or BadSetting.
        """
        return make_recipe(self.settings, settings_of(architecture), self.overrides)

    def list_effective_settings(self, architecture: Term) -> Mapping[str, JSON]:
        """The settings of the space and of the person, and others that are not at their default."""
        return find_effective_settings(self.settings, settings_of(architecture), self.overrides)

    def find_initialization(self, architecture: Term) -> str:
        """That of the recipe."""
        return self.resolve_recipe(architecture).initialization

    def load_normalisation(self, architecture: Term) -> "Normalisation | None":
        """As the recipe says, by channel or by pixel."""
        from archwright.evaluate.training.task import load_recipe_normalisation  # only here, since it needs torch

        return load_recipe_normalisation(self, architecture)


def _require_fit(architecture: Term, model_input: Input, data: "DataInfo") -> None:
    output_shape = architecture.out_shape(model_input.shape)
    if model_input != data.input or output_shape != (data.classes,):
        raise DataDoesNotFit(
            f"the architecture takes inputs of {describe_input(model_input)} and gives {format_shape(output_shape)} "
            f"outputs, and {data.name} has {name_examples(data.input)} of {describe_input(data.input)} in "
            f"{data.classes} classes; name a data set that fits"
        )
