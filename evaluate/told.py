"""Trials whose outcomes a person tells: the evaluation of a study."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.objective import Objective, make_objective
from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.settings import choose_metric
from archwright.store.needed import TOLD_KIND

SCORE_METRIC = "score"  # that a study is about where nobody says another one


class TrialsAreTold(ArchwrightError, TypeError):
    """A study where a run is needed whose trials archwright runs."""


@frozen
class Told(Evaluation):
    """Nothing evaluates the trials but the person, who asks for them and tells how they went."""

    kind: ClassVar[str] = TOLD_KIND

    @property
    def description(self) -> str:
        """The person."""
        return "whoever told their outcomes"

    def choose_objective(self, metric: str | None = None, minimize: bool | None = None) -> Objective:
        """By default `score`; see `make_objective`."""
        return make_objective(choose_metric(metric, SCORE_METRIC, "metric"), minimize)

    @property
    def reported_metrics(self) -> Collection[str] | None:
        """None: whatever the person reports."""
        return None

    @property
    def can_continue(self) -> bool:
        """True: a trial says which one it continues, and the person does it, or begins anew."""
        return True

    @property
    def uses_workers(self) -> bool:
        """False."""
        return False

    def open(
        self,
        *,
        workers: int = 1,
        space_source: str | None = None,
        kinds: Sequence[type[Term]] = (),
        trial_timeout: float | None = None,
    ) -> Evaluator:
        """Raises TrialsAreTold."""
        raise TrialsAreTold("its trials are told, not run: go on with aw.study(name=..., log=...)")
