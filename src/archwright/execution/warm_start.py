"""A warm start: a new run begins with the results of those trials of other runs whose models are in its space."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shlex import quote

from attrs import evolve, field, frozen

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError
from archwright.core.json import UnreadableTerm
from archwright.core.node import Node, replay
from archwright.core.protocols import Problem
from archwright.core.term import Term
from archwright.display.text import format_budget, format_score, pluralize
from archwright.display.warning import warn
from archwright.execution.same_search import find_other_problem, is_partly_told
from archwright.search.running.run_view import RunView
from archwright.search.searcher import AnySearcher, find_rungs
from archwright.store.events import Inherited, RunStarted
from archwright.store.fold import TrialState
from archwright.store.needed import explain_changed, is_told
from archwright.store.parts import find_changed
from archwright.store.permission import NotTrusted
from archwright.store.user_code import BadSourceName, NoSuchAttribute, NoSuchSource, SourceFailed
from archwright.store.written_paths import shorten

MAX_REASONS = 5  # that are told of a run, the most frequent first
MODELS_REMEDY = "a space keeps its models where old values stay and what is new may be left out, as in aw.optional(...)"


class SourceUnreadable(ArchwrightError, RuntimeError):
    """A run to start from whose space has modules that cannot be loaded."""


@frozen
class WarmStart:
    """The runs from which a new one starts warm, and what a person says of their scores."""

    sources: Sequence[RunView] = ()
    comparable: bool = False  # whether scores that are told mean the same as those of an evaluation


COLD_START = WarmStart()


@frozen
class TakenOver:
    """What a new run takes over of another one."""

    source: RunView
    trials: Sequence[Inherited]  # each has the number -1, until `number_inherited` numbers those of all runs
    reasons: Counter[str] = field(factory=Counter[str])  # why the others are left out, and of how many
    lacks_models: bool = False  # whether some are left out since the space does not have their models

    def describe(self, started: RunStarted) -> Iterator[str]:
        """How many trials are taken over, and why the others are not, in lines for people."""
        best = next(iter(started.ranking.rank(self.trials)), None)
        known = "" if best is None else f", the best with {started.objective.metric} {format_score(best.score)}"
        total = len(self.trials) + self.reasons.total()
        yield f"inherited {len(self.trials)} of {pluralize(total, 'trial')} of {self.source.name}{known}"
        for reason, count in self.reasons.most_common(MAX_REASONS):
            yield f"  left out {count}: {reason}"
        rest = self.reasons.most_common()[MAX_REASONS:]
        if rest:
            yield f"  left out {sum(count for _, count in rest)} for {pluralize(len(rest), 'other reason')}"
        if self.lacks_models:
            yield f"  {MODELS_REMEDY}"


def take_over(
    warm_start: WarmStart, log: Path, started: RunStarted, problem: Problem, searcher: AnySearcher
) -> Sequence[TakenOver]:
    """What the run of a `log` that begins with `started` takes over of others, with a warning of changed code.

    A trial is taken over if it has ended, was about the same problem, with the budget of a trial here, of which a
    ladder has several, and is a model of the space; once, where several runs have it, as a fork has those of the run
    that it was forked from. What these have inherited themselves is not taken. Between a study and a search, trials are
    taken over where the person says that they are comparable, since nobody else knows what told scores mean. Raises
    NotTrusted where that takes code of others, and SourceUnreadable where that is not there.
    """
    rungs = find_rungs(searcher, problem.budgets or problem.budget)
    taken: list[TakenOver] = []
    known = set[object]()
    for source in warm_start.sources:
        result = _take_over_run(source, started, problem, rungs, known, comparable=warm_start.comparable)
        if log_name := _name_log(source, log):
            result = evolve(result, trials=[evolve(event, source_log=log_name) for event in result.trials])
        known |= {_identify(trial) for trial in source.trials}
        taken.append(result)
        changed = find_changed(source.run.started.needed_parts, started.needed_parts)
        warn(explain_changed(name, source.name) for name in changed if result.trials)
    return taken


def number_inherited(taken: Sequence[TakenOver]) -> Sequence[Inherited]:
    """The events of all trials that are taken over, numbered in their order up to -1."""
    events = [event for each in taken for event in each.trials]
    return [evolve(event, trial=i - len(events)) for i, event in enumerate(events)]


def describe_absent_sources(
    run: str, sources: Sequence[RunView], log: Path, inherited: Iterable[Inherited]
) -> Iterator[str]:
    """A sentence on each of the `sources` of which a `run` that has begun, and has `inherited` these, has nothing."""
    known = {(run, None), *((event.source_run, event.source_log) for event in inherited)}
    for source in sources:
        if (source.name, _name_log(source, log)) not in known:
            yield (
                f"{run} goes on without trials of {source.name}: a run takes them over when it begins, and {run} took "
                "none; give another name to begin one with them"
            )


def _name_log(source: RunView, log: Path) -> str | None:
    """The name of the file that holds a run, where it is another one than `log`."""
    return None if source.log.resolve() == log.resolve() else source.log.name


def _take_over_run(
    source: RunView,
    started: RunStarted,
    problem: Problem,
    rungs: Sequence[Budget],
    known: set[object],
    *,
    comparable: bool,
) -> TakenOver:
    """What is taken over of one run, without the trials that are `known`."""
    # Here, since it takes time to import, and few runs begin with trials of others.
    from archwright.core.membership.same_model import find_same_model

    if reason := _explain_other_problem(source.run.started, started, comparable=comparable):
        return TakenOver(source, (), Counter({reason: len(source.trials)}))
    space = _load_space(source)
    events, reasons, lacks_models = list[Inherited](), Counter[str](), False
    for trial in source.trials:
        if _identify(trial) in known:
            reasons["it is a copy of a trial of a run before"] += 1
        elif reason := _explain_unfit(source, trial, started, rungs):
            reasons[reason] += 1
        else:
            leaf = find_same_model(problem.root, replay(space, source.run.started.input_shape, trial.path))
            if isinstance(leaf, str):
                reasons[leaf] += 1
                lacks_models = True
            else:
                events.append(_inherit(source, trial, leaf, started, rungs))
    return TakenOver(source, events, reasons, lacks_models)


def _load_space(source: RunView) -> Term:
    """The space of a run, with its modules."""
    started, name = source.run.started, source.name
    try:
        return source.space
    except NotTrusted as error:
        log, file = shorten(source.log), quote(started.term_sources[0])
        raise NotTrusted(
            f"trials of {name} are taken over with the modules of its space, whose code may be anybody's; look at "
            f"{file}, then name it in a command of yours, as in: archwright space {file}, or give the run as "
            f"aw.Log({str(log)!r}, trust=True)[{name!r}] in Python"
        ) from error
    except (BadSourceName, NoSuchAttribute, NoSuchSource, SourceFailed, UnreadableTerm) as error:
        raise SourceUnreadable(
            f"trials of {name} cannot be taken over, as the modules of its space are not there: {error}; put their "
            f"code where it was, or begin without {name}"
        ) from error


def _identify(trial: TrialState) -> object:
    """What tells a trial from others, but not from its copy in a fork: its attempt took so long to the last bit."""
    return trial.path, trial.budget, trial.status, trial.score, trial.seconds


def _explain_other_problem(logged: RunStarted, started: RunStarted, *, comparable: bool) -> str:
    """Why no trial of a run tells this one anything, whatever their models are; empty if they do."""
    reasons: list[str] = []
    if difference := find_other_problem(logged, started):
        reasons.append(f"{difference}: that is another problem; trials are taken over where it is as it was")
    if is_partly_told(logged, started) and not comparable:
        remedy = "comparable=True" if is_told(started.evaluator) else "--comparable (comparable=True in Python)"
        reasons.append(
            "you alone know whether scores that are told and those of an evaluation mean the same; if they do, add "
            f"{remedy}"
        )
    return "; ".join(reasons)


def _explain_unfit(source: RunView, trial: TrialState, started: RunStarted, rungs: Sequence[Budget]) -> str:
    """Why a trial tells this run nothing, whatever its model is; empty if it does."""
    if trial.status is None:
        return f"it has not ended; go on with {source.name} before it is taken over"
    return _explain_other_budget(source, trial.budget, started, rungs)


def _explain_other_budget(source: RunView, budget: Budget, started: RunStarted, rungs: Sequence[Budget]) -> str:
    """Why a trial of that budget tells this run, whose trials have the budgets of `rungs`, nothing; empty if it does.

    A run that reads no budget takes trials of any, but between a study and a search those alone of the source's own: a
    person who calls these comparable means one budget, whether or not both runs name it.
    """
    logged, had = source.run.started, format_budget(budget)
    is_across = is_partly_told(logged, started)
    if started.reads_budget and budget not in rungs and not (is_across and not logged.reads_budget):
        has = " or ".join(map(format_budget, rungs))
        return f"it had {had}, and a trial here has {has}; with the budget {budget} it is taken over"
    if is_across and logged.reads_budget and not started.reads_budget and budget != logged.budget:
        remedy = f"; with the budget {budget} it is taken over" if is_told(started.evaluator) else ""
        return (
            f"it had {had}, where {source.name} is about {format_budget(logged.budget)}, and here is no budget{remedy}"
        )
    return ""


def _inherit(source: RunView, trial: TrialState, leaf: Node, started: RunStarted, rungs: Sequence[Budget]) -> Inherited:
    assert trial.status is not None
    return Inherited(
        -1,
        leaf.path,
        trial.budget if trial.budget in rungs else started.budget,  # where one of the two runs reads none
        trial.status,
        trial.score,
        source.name,
        trial.trial,
        metrics=trial.metrics,
        seconds=trial.seconds,
    )
