"""The stopping rules: the built-in ones and a person's own, by name, as values, as texts and as a log holds them."""

from collections.abc import Mapping

from archwright.core.errors import ArchwrightError
from archwright.search.configured import ConfiguredKind
from archwright.search.rules.median import MedianRule
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.extensions import ExtensionKind

STOPPING_RULES: Mapping[str, AnyStoppingRule] = {MedianRule.name: MedianRule()}  # each with its usual settings


class UnknownStoppingRule(ArchwrightError, LookupError):
    """A name that no stopping rule has."""


class NotAStoppingRule(ArchwrightError, TypeError):
    """Something other than a stopping rule under the name of one, or a rule that gives no reason in words."""


# The revision of a rule is logged as that of a searcher is, for people to read. No run is held against it: what a rule
# decided is in the log, and, other than a proposal, is never worked out again.
RULE_KIND: ConfiguredKind[AnyStoppingRule] = ConfiguredKind(
    ExtensionKind("stopping rule", STOPPING_RULES, UnknownStoppingRule),
    ("start", "fold", "find_stop_reason"),
    NotAStoppingRule,
    "--stopping",
    former_name_key="rule",
)
