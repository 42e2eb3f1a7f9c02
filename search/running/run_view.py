"""A run as the log has it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from json import loads
from pathlib import Path

from attrs import evolve, frozen

from archwright.core import json
from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError
from archwright.core.input import Input
from archwright.core.node import Node, replay
from archwright.core.protocols import describe_status
from archwright.core.term import Term
from archwright.core.unknown_modules import specify_by_name
from archwright.core.value import as_integer
from archwright.search.running.loop import NothingScored
from archwright.search.running.runs import RunRecord, read_run
from archwright.search.searchers.fixed import Fixed
from archwright.store import logged_terms
from archwright.store.chain import parse_rows
from archwright.store.claim import NOBODY, is_claimed, locate_lock
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    Inherited,
    Proposed,
    Reported,
    RunStarted,
    Scored,
)
from archwright.store.fold import RunState, TrialState
from archwright.store.log import EventRow
from archwright.store.runs import find_run
from archwright.store.suggestions import suggest_continuation

NAMED_TRIALS = ("best", "last")  # the words that stand for a trial's number


class NoSuchTrial(ArchwrightError, IndexError):
    """A number that no trial of the run has."""


class RunHasGoneOn(ArchwrightError, ValueError):
    """A run as it stood after one of its events, where its end is what goes on."""


@frozen
class RunView:
    """A run as it stands in a log, or stood after one of its events."""

    log: Path
    name: str
    run: RunRecord
    status: str  # why its last process left it; or running, died, or new if no process ever took it up
    trusted: bool = False  # whether this person lets the code run that the log names
    at: int | None = None  # the number of the event after which it stood so, if a person has named one
    has_other_budgets: bool = False  # whether trials that were not read make it a run of several budgets

    @property
    def identity(self) -> tuple[Path, str, str]:
        """What tells it from every other run, and from itself at another time: the log, the name, the last hash."""
        return self.log, self.name, self.run.position.chain

    def require_end(self) -> None:
        """Nothing, unless this is the run after an event that a person has named: then RunHasGoneOn."""
        if self.at is not None:
            raise RunHasGoneOn(
                f"this is {self.name} as it stood after event {self.at}, and a run goes on from its end: call "
                f"run.fork(at={self.at}).resume() for a new run that goes on from event {self.at}, or "
                "run.refresh().resume()"
            )

    @property
    def model_input(self) -> Input:
        """One input of the models."""
        return self.run.started.model_input

    @property
    def trials(self) -> list[TrialState]:
        """Every trial, in the order of proposing."""
        return sort_trials(self.run.state)

    @property
    def has_several_budgets(self) -> bool:
        """Whether its trials have several budgets, of which people are told then."""
        return self.has_other_budgets or self.run.state.has_several_budgets

    def name_budget(self, trial: TrialState) -> Budget | None:
        """The budget of a trial, where not all trials have the same."""
        return trial.budget if self.has_several_budgets else None

    @property
    def inherited(self) -> list[TrialState]:
        """The trials of other runs with which this one began, in the order in which the searcher was told them."""
        return list(map(_as_trial, self.run.state.inherited))

    @property
    def best(self) -> list[TrialState]:
        """The trials that have a score, best first: of the largest budget, then by score; each configuration once."""
        return self.run.started.ranking.rank_configurations(self.trials)

    @property
    def best_with_inherited(self) -> list[TrialState]:
        """The same, among them those of other runs."""
        return self.run.started.ranking.rank_configurations([*self.inherited, *self.trials])

    def get_source(self, trial: int) -> Inherited | None:
        """The event by which a trial was inherited; None for one of the run's own."""
        return next((event for event in self.run.state.inherited if event.trial == trial), None)

    def get_trial(self, name: int | str) -> TrialState:
        """The trial of that number, also as text, or the one that is `best` or `last`, which was proposed last.

        A number below 0 counts from the end. NoSuchTrial says which there are; NothingScored what keeps them from being
        the best.
        """
        state = self.run.state
        if name == "best":
            return self.rank_best()[0]
        text = str(_count_from_start(-1 if name == "last" else name, state.proposal_count))
        number = int(text) if text.isdecimal() else -1
        if number not in state.trials:
            numbers = (
                f"it has trials 0 to {state.proposal_count - 1}, best and last"
                if state.proposal_count
                else "it has none yet"
            )
            raise NoSuchTrial(f"{self.name} has no trial {name}; {numbers}")
        return state.trials[number]

    def rank_best(self) -> list[TrialState]:
        """The trials that have a score, best first; NothingScored where none has."""
        best = self.best
        if best:
            return best
        failed = next((trial for trial in self.trials if trial.last_end is not None and trial.last_end.error), None)
        if failed is not None and failed.last_end is not None:
            reason = f"trial {failed.trial} {describe_status(failed.last_end.status)}: {failed.last_end.error}"
            raise NothingScored(f"no trial of {self.name} has a score; {reason}")
        started = self.run.started
        going_on = suggest_continuation(self.log, self.name, started.evaluator, started.searcher, started.stopping)
        raise NothingScored(f"no trial of {self.name} has a score yet; go on with: {going_on}")

    @cached_property
    def space(self) -> Term:
        """The space; loads a person's file where it holds kinds of module of their own.

        NotTrusted where this person does not let it run.
        """
        return logged_terms.load_logged_term(self.run.space, self.run.started, trusted=self.trusted)

    @cached_property
    def attempt_events(self) -> Mapping[int, Sequence[tuple[Event, float]]]:
        """The events of attempts at each trial, in order, each with its time in seconds since 1970, UTC."""
        events: dict[int, list[tuple[Event, float]]] = {}
        for event, time in zip(self.run.events, self.run.times, strict=True):
            if isinstance(event, AttemptStarted | Reported | AttemptEnded):
                events.setdefault(event.trial, []).append((event, time))
        return events


def view_run(log: Path, name: str | None = None, upto: int | None = None, *, trusted: bool = False) -> RunView:
    """The run of that name, or the one that was started last, as it stood after event number `upto`: running, mostly.

    Code that the log names is `trusted` where this person says so.
    """
    file = DuckDBLog(log)
    run = find_run(file, name)
    view = _make_view(log, run, read_run(file, run, upto), trusted=trusted)
    status = view.status if upto is None or view.run.state.stopped else "running"
    return evolve(view, status=status, at=upto)


def view_best_trials(
    log: Path, name: str | None = None, n: int = 1, *, trusted: bool = False, inherited: bool = False
) -> RunView:
    """As `view_run`, but of the trials only the best `n` and those that they continue: the rest is not parsed.

    Where the `inherited` ones are asked for, all of those are there, too.
    """
    file = DuckDBLog(log)
    run = find_run(file, name)
    rows = file.rows(run)
    started = RunRecord.of(parse_rows(run, (row for row in rows if row.trial is None))).started
    scored = [entry.event for entry in parse_rows(run, (row for row in rows if row.kind == "Scored"))]
    proposed = _read_proposed(run, rows)
    results = [
        evolve(proposed.get(event.trial, _ProposedTrial(event.trial, started.budget)), score=event.score)
        for event in scored
        if isinstance(event, Scored) and event.score is not None
    ]
    best = started.ranking.rank_configurations(results)[:n]
    trials = _add_continued_trials(run, rows, [result.trial for result in best])
    read = (row for row in rows if row.trial is None or row.trial in trials or (inherited and row.kind == "Inherited"))
    view = _make_view(log, run, RunRecord.of(parse_rows(run, read)), trusted=trusted)
    return evolve(view, has_other_budgets=started.reads_budget and len({each.budget for each in proposed.values()}) > 1)


@frozen
class _ProposedTrial:
    """What the ranking of a trial takes, without the time that its choices would take."""

    trial: int
    budget: Budget
    promotes: int | None = None
    score: float | None = None


def _read_proposed(run: str, rows: Iterable[EventRow]) -> Mapping[int, _ProposedTrial]:
    """Each trial that was proposed, by number."""
    proposed: dict[int, _ProposedTrial] = {}
    for row in rows:
        if row.kind != "Proposed" or row.trial is None:
            continue
        try:
            payload = loads(row.payload)
            budget, promotes = Budget(**payload["budget"]), payload.get("promotes", payload.get("continues"))
        except (LookupError, TypeError, ValueError):
            (entry,) = parse_rows(run, [row])  # raises what is wrong with it
            assert isinstance(entry.event, Proposed)
            budget, promotes = entry.event.budget, entry.event.promotes
        proposed[row.trial] = _ProposedTrial(row.trial, budget, promotes)
    return proposed


def _add_continued_trials(run: str, rows: Sequence[EventRow], trials: Iterable[int]) -> set[int]:
    """`trials`, those that they continue, those that these continue ..."""
    proposals, closure, added = {row.trial: row for row in rows if row.kind == "Proposed"}, set[int](), set(trials)
    while added:
        closure |= added
        events = [entry.event for entry in parse_rows(run, (proposals[n] for n in added if n in proposals))]
        added = {e.continues for e in events if isinstance(e, Proposed) and e.continues is not None} - closure
    return closure


def _make_view(log: Path, name: str, run: RunRecord, *, trusted: bool) -> RunView:
    status = run.state.stopped.reason if run.state.stopped else find_open_status(log, name)
    return RunView(log, name, run, status, trusted)


def _as_trial(event: Inherited) -> TrialState:
    """An inherited trial as one that has ended; it has no attempts here."""
    end = AttemptEnded(event.trial, 0, event.status, event.seconds, event.metrics)
    return TrialState(
        event.trial,
        event.path,
        event.budget,
        continues=None,
        last_end=end,
        seconds=event.seconds,
        status=event.status,
        score=event.score,
        metrics=event.metrics,
    )


def _count_from_start(name: int | str, count: int) -> int | str:
    """The number of a trial of so many that a number stands for, also of numpy, or below 0; anything else as it is."""
    number = as_integer(name)
    return number + count if isinstance(number, int) and number < 0 else number


def find_open_status(log: Path, name: str) -> str:
    """What a run is that nobody has left in order: running if a process has its lock, died, or new."""
    try:
        if is_claimed(log, name):
            return "running"
        return "new" if locate_lock(log, name).read_text() == NOBODY else "died"
    except FileNotFoundError:
        return "new"
    except PermissionError:  # it is somebody else's, who lets nobody ask
        return "running"
    except (OSError, ValueError):
        return "died"


def is_repeated(started: RunStarted) -> bool:
    """Whether all trials of a run are of one architecture."""
    return started.searcher["name"] == Fixed.name


def rebuild_leaf(view: RunView, trial: TrialState) -> Node:
    """The leaf that the trial is about. Raises what the space of the view does."""
    return replay(view.space, view.run.started.input_shape, trial.path)


def outline_architecture(view: RunView, trial: TrialState) -> Term:
    """The trial's architecture as far as the log tells it by itself, where its kinds of module are not known."""
    return specify_by_name(json.from_foreign_json(view.run.space), trial.path)


def explain_omission(view: RunView) -> str:
    """What is not told of the run's architectures, and how to get it; empty if all is told.

    What only reads runs no code of others.
    """
    if view.trusted:
        return ""
    return logged_terms.describe_unknown_kinds(view.run.space, view.run.started)


def sort_trials(state: RunState) -> list[TrialState]:
    """The trials of a run in the order of proposing."""
    return sorted(state.trials.values(), key=lambda trial: trial.trial)
