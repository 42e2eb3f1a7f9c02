"""The evaluation that the options of a command name."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, evolve

import archwright
from archwright.cli.options import EvaluationOptions
from archwright.cli.values import BadOption, parse_image_size, parse_settings, require_plain_text
from archwright.evaluate.named_evaluations import parse_evaluation

TRAINING_OPTIONS = ("data", "keep", "validation", "image_size", "reader", "device", "train")


def configure_evaluation(options: EvaluationOptions, device: str | None, data_dir: str | None) -> archwright.Evaluation:
    """What the evaluator names; without one, training. Raises what is wrong with the options."""
    if options.metric is not None:
        require_plain_text("--metric", options.metric)
    given = {**asdict(options), "device": device, "data_dir": data_dir}
    if options.evaluator is None:
        return _configure_training(given)
    evaluation = parse_evaluation(options.evaluator)
    if (function := evaluation.user_function) is not None:
        _refuse(["keep"], given)
        return _configure_function(function, given)
    _refuse(TRAINING_OPTIONS, given)
    return evaluation


def _configure_training(given: Mapping[str, Any]) -> archwright.Training:
    """Training on the data, or the digits."""
    settings = parse_settings("--train", given["train"] or ())
    return evolve(archwright.Training(given["data"] or "digits", settings=settings), **_select_settings(given))


def _configure_function(function: archwright.Function, given: Mapping[str, Any]) -> archwright.Function:
    """A user's function; a bare number is the metric unless it says otherwise."""
    settings = {**function.settings, **parse_settings("--train", given["train"] or ())}
    changed = evolve(function, data=given["data"], settings=settings, metric=given["metric"] or function.metric)
    changed = evolve(changed, text_settings=()) if given["train"] else changed
    return evolve(changed, **_select_settings(given))


def _select_settings(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings that training and functions have alike, as far as they are given."""
    names = ("validation", "reader", "keep", "device", "data_dir")
    settings = {name: given[name] for name in names} | {"image_size": parse_image_size(given["image_size"])}
    return {name: value for name, value in settings.items() if value is not None}


def _refuse(names: Sequence[str], given: Mapping[str, Any]) -> None:
    """BadOption where one of the named options, which are for training alone, was given."""
    for name in names:
        if given[name] not in (None, []):
            raise BadOption(f"--{name.replace('_', '-')} is for training; it does not go with --evaluator")
