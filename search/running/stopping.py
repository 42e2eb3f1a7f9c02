"""Early stopping of hopeless trials (pruning) by a run's rule, as it follows from the events of the run."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from functools import reduce
from typing import Any

from attrs import evolve, frozen
from pyrsistent import PMap, PSet, pmap, pset

from archwright.core.errors import show
from archwright.core.objective import Objective
from archwright.core.protocols import EarlyStop
from archwright.core.tracebacks import guard_user_code
from archwright.search.named_rules import RULE_KIND, NotAStoppingRule
from archwright.search.stopping_rule import AnyStoppingRule, TrialBegun, TrialFinished, TrialNews, ValueReported
from archwright.store.configured import ExtensionFailed
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Proposed, Reported, RunStarted, Scored

_Records = tuple[tuple[int, float], ...]  # the values of a training that were better than all before, with their epochs
_NO_RECORDS: PMap[int, _Records] = pmap()


@frozen
class BestValues:
    """The best values that a run's trials have reported of the objective's metric; those that are not finite are none.

    A trial that goes on with another one's training, from the epoch of its first report, has what that had by then.
    """

    objective: Objective
    running_records: PMap[int, _Records] = _NO_RECORDS  # of the last attempt at each trial that is not finished
    finished_records: PMap[int, _Records] = _NO_RECORDS  # of trials that ended well, except those that were hopeless

    def fold(self, news: TrialNews) -> "BestValues":
        """The values that count what happened next."""
        match news:
            case TrialBegun(trial, continues):
                records = () if continues is None else self.finished_records.get(continues, ())
                return evolve(self, running_records=self.running_records.set(trial, records))
            case ValueReported(trial, epoch, value):
                return self._add_value(trial, epoch, value) if math.isfinite(value) else self
            case TrialFinished(trial, status, is_hopeless=is_hopeless):
                records, finished_records = self.running_records.get(trial, ()), self.finished_records
                if status == "ok" and records and not is_hopeless:
                    finished_records = finished_records.set(trial, records)
                running_records = self.running_records.discard(trial)
                return evolve(self, running_records=running_records, finished_records=finished_records)

    def _add_value(self, trial: int, epoch: int, value: float) -> "BestValues":
        records = self.running_records.get(trial, ())
        earlier = records[: bisect_left(records, epoch, key=lambda record: record[0])]
        is_record = not earlier or self.objective.is_better(value, earlier[-1][1])
        new_records = (*earlier, (epoch, value)) if is_record else earlier
        return evolve(self, running_records=self.running_records.set(trial, new_records))

    def find(self, trial: int) -> float | None:
        """The best value that a running trial has reported; None if it has reported none."""
        records = self.running_records.get(trial, ())
        return records[-1][1] if records else None


@frozen
class EarlyStopping:
    """A run's stopping rule with its state, and what else stopping a trial takes: the run's events one by one."""

    rule_name: str  # as the log has it
    rule: AnyStoppingRule
    rule_state: Any
    objective: Objective
    best_values: BestValues
    continues: PMap[int, int] = pmap()  # the trial whose training a trial continues, where it does
    hopeless_trials: PSet[int] = pset()  # those whose last attempt was stopped early

    def fold(self, event: Event) -> "EarlyStopping":
        """The state with one more event applied; ExtensionFailed where the rule raises."""
        match event:
            case Proposed(trial, continues=int(earlier)):
                return evolve(self, continues=self.continues.set(trial, earlier))
            case AttemptStarted(trial):
                again = evolve(self, hopeless_trials=self.hopeless_trials.discard(trial))
                return again._tell(TrialBegun(trial, self.continues.get(trial)))
            case Reported(trial, _, epoch, metrics):
                value = metrics.get(self.objective.metric)
                return self if value is None else self._tell(ValueReported(trial, epoch, value))
            case AttemptEnded(trial, stopped=EarlyStop("hopeless")):
                return evolve(self, hopeless_trials=self.hopeless_trials.add(trial))
            case Scored(trial, status, score):
                return self._tell(TrialFinished(trial, status, score, trial in self.hopeless_trials))
            case _:
                return self

    def _tell(self, news: TrialNews) -> "EarlyStopping":
        with guard_user_code(ExtensionFailed, f"the stopping rule {self.rule_name} failed at {news}"):
            rule_state = self.rule.fold(self.rule_state, news)
        return evolve(self, rule_state=rule_state, best_values=self.best_values.fold(news))

    def find_best(self, trial: int) -> float | None:
        """The best value that a running trial has reported; None if it has reported none."""
        return self.best_values.find(trial)

    def find_stop_reason(self, trial: int) -> str:
        """Why the running trial is hopeless after the value that it reported last; empty if it is not.

        ExtensionFailed where the rule raises, and NotAStoppingRule where it gives something else than a text.
        """
        what = f"the stopping rule {self.rule_name} failed at whether trial {trial} is hopeless"
        with guard_user_code(ExtensionFailed, what):
            reason: Any = self.rule.find_stop_reason(self.rule_state, trial)
        if not isinstance(reason, str):
            raise NotAStoppingRule(
                f"find_stop_reason of the stopping rule {self.rule_name} gave {show(reason)} for trial {trial}; it "
                "gives the reason in words, or an empty text where the trial may go on"
            )
        return reason


def load_rule(started: RunStarted, *, trusted: bool = False) -> AnyStoppingRule | None:
    """The stopping rule that a run was begun with; None for a run without one.

    NotTrusted where that is code which this user does not let run, unless it is `trusted`; ExtensionNeeded where only
    the process had it that began the run.
    """
    return None if started.stopping is None else RULE_KIND.from_json(started.stopping, trusted=trusted)


def fold_early_stopping(
    started: RunStarted, events: Iterable[Event] = (), rule: AnyStoppingRule | None = None
) -> EarlyStopping | None:
    """The state after `events` of a run with a stopping rule; None for a run without one.

    The `rule` is the logged one unless given: a built-in one, or code that the user trusts.
    """
    rule = load_rule(started) if rule is None else rule
    if started.stopping is None or rule is None:
        return None
    name, objective = RULE_KIND.parse(started.stopping)[0], started.objective
    with guard_user_code(ExtensionFailed, f"the stopping rule {name} failed at its start"):
        rule_state = rule.start(objective)
    return reduce(EarlyStopping.fold, events, EarlyStopping(name, rule, rule_state, objective, BestValues(objective)))
