"""The rule that stops trials early, as --stopping names it."""

from archwright.cli.values import parse_settings
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.evaluate.evaluation import Evaluation, require_reported
from archwright.search.running.stopping import rule_to_json


def parse_stopping_rule(text: str | None, evaluation: Evaluation, objective: Objective) -> JSON:
    """The rule that a text such as `median` or `median,startup=8` names; None if there is none.

    Raises UnknownStoppingRule, UnknownSetting, BadSetting, and WrongMetric where the evaluation reports no value of the
    objective after an epoch.
    """
    if text is None:
        return None
    name, *settings = text.split(",")
    rule = rule_to_json(name, parse_settings("--stopping", settings))
    require_reported(evaluation, objective.metric)
    return rule
