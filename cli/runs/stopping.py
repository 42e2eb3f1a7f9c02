"""The rule that stops trials early, as --stopping names it."""

from archwright.cli.values import BadOption, parse_settings
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.evaluate.config import REPORTED_METRICS, Config, Function, Training
from archwright.search.running.stopping import rule_to_json


def parse_stopping_rule(text: str | None, config: Config, objective: Objective) -> JSON:
    """The rule that a text such as `median` or `median,startup=8` names; None if there is none.

    Raises UnknownStoppingRule, UnknownSetting, BadSetting, and BadOption where the evaluator reports no value of the
    objective after an epoch.
    """
    if text is None:
        return None
    name, *settings = text.split(",")
    rule = rule_to_json(name, parse_settings("--stopping", settings))
    if isinstance(config, Training):
        if objective.metric not in REPORTED_METRICS:
            raise BadOption(
                f"--stopping is {text}, and --metric {objective.metric} is not known after each epoch; with --stopping "
                f"the metric is one of {', '.join(REPORTED_METRICS)}"
            )
    elif not isinstance(config, Function):
        raise BadOption(f"--stopping is {text}, and a table has no epochs to stop at; leave it out")
    return rule
