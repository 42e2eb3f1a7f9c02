"""The stopping rules: the built-in ones and a person's own, by name, as values, as texts and as a log holds them."""

from collections.abc import Mapping

from archwright.core.errors import ArchwrightError
from archwright.search.logged_extensions import LoggedKind
from archwright.search.rules.halving import HalvingRule
from archwright.search.rules.median import MedianRule
from archwright.search.stopping_rule import AnyStoppingRule, StoppingRule

# Each with its usual settings.
STOPPING_RULES: Mapping[str, AnyStoppingRule] = {MedianRule.name: MedianRule(), HalvingRule.name: HalvingRule()}


class UnknownStoppingRule(ArchwrightError, LookupError):
    """A name that no stopping rule has."""


class NotAStoppingRule(ArchwrightError, TypeError):
    """Something other than a stopping rule under the name of one, or a rule that gives no reason in words."""


# The revision of a rule is logged as that of a searcher is, for people to read. No run is held against it: what a rule
# decided is in the log, and, other than a proposal, is never worked out again.
RULE_KIND: LoggedKind[AnyStoppingRule] = LoggedKind(
    noun="stopping rule",
    builtin=STOPPING_RULES,
    unknown=UnknownStoppingRule,
    protocol=StoppingRule,
    misfit=NotAStoppingRule,
    argument="stopping",
    naming_command="archwright search SPACE --stopping",
    former_name_key="rule",
)
