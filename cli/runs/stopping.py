"""The rule that stops trials early, as --stopping names it."""

from archwright.cli.user_code import trust_named_source
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.evaluate.evaluation import Evaluation, require_reported
from archwright.search.named_rules import RULE_KIND


def parse_stopping_rule(text: str | None, evaluation: Evaluation, objective: Objective) -> JSON:
    """What the log holds of the rule that a text such as `median` or `mine.py:Rule,factor=2` names; None without one.

    Code of a person's own they trust in logs from now on. Raises what `RULE_KIND` does, and WrongMetric where the
    evaluation reports no value of the objective after an epoch.
    """
    if text is None:
        return None
    rule = RULE_KIND.read(text)
    for source in RULE_KIND.find_sources(rule):
        trust_named_source(source)
    require_reported(evaluation, objective.metric)
    return rule
