"""What halts hopeless trials, as a person asks for it, and how the end of a stopped one is told."""

from typing import Any

from attrs import asdict

from archwright.cli.options import BadOption, pairs
from archwright.core.serial import JSON
from archwright.core.trial import Objective, Stopped
from archwright.evaluate.config import REPORTED, Config, FunctionConfig, TrainingConfig
from archwright.search.stopping import rule_to_json

Facts = dict[str, Any]


def stopping(text: str | None, config: Config, objective: Objective) -> JSON:
    """The rule that a text such as `median` or `median,startup=8` names; None if there is none.

    Raises BadStoppingRule, and BadOption where no epoch of a trial is reported that the rule could judge by.
    """
    if text is None:
        return None
    name, *settings = text.split(",")
    rule = rule_to_json(name, pairs("--stopping", settings))
    if isinstance(config, TrainingConfig):
        if objective.metric not in REPORTED:
            raise BadOption(
                f"--stopping is {text}, and --metric {objective.metric} is not known after each epoch; with --stopping "
                f"the metric is one of {', '.join(REPORTED)}"
            )
    elif not isinstance(config, FunctionConfig):
        raise BadOption(f"--stopping is {text}, and a table has no epochs to stop at; leave it out")
    return rule


def of_stop(stopped: Stopped | None) -> Facts | None:
    """Why an attempt was stopped, as plain data."""
    return None if stopped is None else asdict(stopped)


def in_short(stopped: Facts | None) -> str:
    """Why, in two words."""
    return "" if stopped is None else f"{stopped['by']}, epoch {stopped['epoch']}"


def in_full(stopped: Facts) -> str:
    """Why, in a sentence."""
    return f"stopped after epoch {stopped['epoch']} ({stopped['by']}): {stopped['why']}"
