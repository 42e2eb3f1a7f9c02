"""The evaluation that the options of a command name."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from archwright.cli.values import BadOption, parse_image_size, parse_settings, require_plain_text
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.named_evaluations import parse_evaluation
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.training.recipe import make_recipe

TRAINING_OPTIONS = ("data", "keep", "validation", "image_size", "reader", "device", "train")


@frozen(kw_only=True)
class EvaluationOptions:
    """What a command says of the evaluation, as the user writes it; None where they say nothing."""

    evaluator: str | None
    data: str | None
    metric: str | None
    train: Sequence[str] | None
    image_size: str | None
    validation: float | None
    reader: int | None
    keep: str | None
    device: str | None
    data_dir: str | None

    def read(self) -> Evaluation:
        """What the evaluator names; without one, training. Raises what is wrong with the options."""
        if self.metric is not None:
            require_plain_text("--metric", self.metric)
        if self.evaluator is None:
            return self._configure_training()
        evaluation = parse_evaluation(self.evaluator)
        if isinstance(evaluation, Function):
            self._refuse(["keep"])
            return self._configure_function(evaluation)
        self._refuse(TRAINING_OPTIONS)
        return evaluation

    def _configure_training(self) -> Training:
        """Training on the data, or the digits."""
        settings = parse_settings("--train", self.train or ())
        make_recipe(settings)  # raises what is wrong with them
        return evolve(Training(self.data or "digits", settings=settings), **self._select_settings())

    def _configure_function(self, function: Function) -> Function:
        """A user's function; a bare number is the metric unless it says otherwise."""
        settings = {**function.settings, **parse_settings("--train", self.train or ())}
        changed = evolve(function, data=self.data, settings=settings, metric=self.metric or function.metric)
        return evolve(changed, **self._select_settings())

    def _select_settings(self) -> Mapping[str, Any]:
        """The settings that training and functions have alike, as far as they are given."""
        names = ("validation", "reader", "keep", "device", "data_dir")
        settings = {name: getattr(self, name) for name in names} | {"image_size": parse_image_size(self.image_size)}
        return {name: value for name, value in settings.items() if value is not None}

    def _refuse(self, names: Sequence[str]) -> None:
        """BadOption where one of the named options, which are for training alone, was given."""
        for name in names:
            if getattr(self, name) not in (None, []):
                raise BadOption(f"--{name.replace('_', '-')} is for training; it does not go with --evaluator")
