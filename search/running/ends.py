"""Which ends of a run are reached: a function of its state and of the time that it has taken, so of its log alone."""

import math
from collections.abc import Mapping, Sequence
from typing import assert_never

from archwright.core.ends import LIFTED, EndName, RunEnds, format_time_limit
from archwright.core.protocols import Problem
from archwright.store.fold import RunState
from archwright.store.run_time import RunTime

TOTAL_SLACK = 1e-9  # by which what was spent may fall short of a total, as sums of fractions do
MORE_TRIALS = 16  # than there are, in a suggestion


def measure_seconds(state: RunState, run_time: RunTime, now: float | None = None) -> float:
    """The seconds that the end `time` is about: of the simulated clock where there is one, else of the processes.

    The process that has the run counts up to its last event, or up to `now`.
    """
    if state.simulates_time:
        return state.clock
    return run_time.seconds if now is None else run_time.get_seconds(now)


def find_ends(state: RunState, seconds: float, ends: RunEnds | None = None) -> Sequence[EndName]:
    """The ends of the run that are reached, of which one is enough to propose no more; of other `ends`, if given.

    Where it has its configurations alone, it proposes no fresh ones, and goes on to promote those that it has.
    A trial that is open is let run to its end all the same. Its score may be a new best one: then the run has improved,
    and goes on where nothing but `no_improvement` had ended it.
    """
    ends = state.ends if ends is None else ends
    reached: list[EndName] = []
    if ends.trials is not None and state.proposal_count >= ends.trials:
        reached.append("trials")
    if ends.time_limit is not None and seconds >= ends.time_limit:
        reached.append("time")
    if ends.until_score is not None and _has_reached(state, ends.until_score):
        reached.append("until_score")
    if ends.no_improvement is not None and state.scored_since_best >= ends.no_improvement:
        reached.append("no_improvement")
    if ends.configurations is not None and state.configuration_count >= ends.configurations:
        reached.append("configurations")
    if ends.total is not None and state.spent >= ends.total.amount * (1 - TOTAL_SLACK):
        reached.append("total")
    return reached


def lets_promote(reached: Sequence[EndName]) -> bool:
    """Whether the ends that are reached let a run promote the configurations that it has."""
    return all(name == "configurations" for name in reached)


def has_ended(state: RunState, seconds: float, ends: RunEnds | None = None) -> bool:
    """Whether nothing is left to do, as far as that is known without the searcher: an end is reached, no trial is open.

    Whether a searcher that has its configurations would promote one, it knows alone; but where it was asked and did not
    when the run last stopped, nothing has come since that it could promote.
    """
    reached = find_ends(state, seconds, ends)
    if state.open_trials or not reached:
        return False
    return not lets_promote(reached) or _was_nothing_promoted(state, seconds)


def _was_nothing_promoted(state: RunState, seconds: float) -> bool:
    """Whether the run has stopped since its searcher had nothing to promote."""
    has_stopped = state.stopped is not None and state.stopped.reason in ("finished", "exhausted")
    return has_stopped and lets_promote(find_ends(state, seconds))


def _has_reached(state: RunState, score: float) -> bool:
    if state.best_score is None or state.started is None:
        return False
    return not state.started.objective.is_better(score, state.best_score)


def explain_ends(state: RunState, seconds: float, ends: RunEnds | None = None) -> str:
    """A sentence, without its full stop, that says which ends are reached; empty where none is."""
    known_ends = state.ends if ends is None else ends
    return "; ".join(_explain_end(name, state, known_ends) for name in find_ends(state, seconds, known_ends))


def _explain_end(name: EndName, state: RunState, ends: RunEnds) -> str:
    metric = "score" if state.started is None else state.started.objective.metric
    match name:
        case "trials":
            has_more = ends.trials is not None and ends.trials < state.proposal_count
            trials = _count_trials(state.proposal_count)
            return f"it has {trials}, more than {ends.trials}" if has_more else f"it has its {trials}"
        case "time":
            return f"its time of {format_time_limit(ends.time_limit or 0.0)} is up"
        case "until_score":
            return f"its best {metric}, {state.best_score:.6g}, has reached {ends.until_score:.6g}"
        case "no_improvement":
            best = "of no trial with a score" if state.best_score is None else f"of {metric} {state.best_score:.6g}"
            return f"{_count_trials(state.scored_since_best)} in a row have not improved on the best, that {best}"
        case "configurations":
            count = state.configuration_count
            has_more = ends.configurations is not None and ends.configurations < count
            configurations = f"{count} configuration{'' if count == 1 else 's'}"
            return (
                f"it has {configurations}, more than {ends.configurations}"
                if has_more
                else f"it has its {configurations}"
            )
        case "total":
            return f"its trials have spent {state.spent:g} of {ends.total}"
        case _:
            assert_never(name)


def explain_exhaustion(problem: Problem, state: RunState) -> str:
    """Why a searcher has nothing more to propose, where nothing is open: a sentence without its full stop.

    Its space has no other architectures, or else the searcher has a reason of its own.
    """
    from archwright.core.analysis.counting import count  # here, since few runs come to the end of their space

    total = count(problem.space, problem.input_shape)
    paths = {repr(trial.path) for trial in [*state.trials.values(), *state.inherited]}
    if len(paths) < total:
        return "the searcher has nothing more to propose"
    if total == 1:
        return "its space has no other architecture than the one that it has tried"
    known = "has tried or taken over" if state.inherited else "has tried"
    return f"its space has no other architectures than the {total} that it {known}"


def suggest_moves(state: RunState, seconds: float, ends: RunEnds | None = None) -> Mapping[EndName, str]:
    """For each end that is reached, the shortest text by which a person moves it so that the run goes on.

    `move_ends` reads it. A time, for example, is moved on by the same time again, as often as need be.
    """
    reached_ends = state.ends if ends is None else ends
    return {name: _suggest_move(name, state, seconds, reached_ends) for name in find_ends(state, seconds, reached_ends)}


def _suggest_move(name: EndName, state: RunState, seconds: float, ends: RunEnds) -> str:
    own = state.ends
    match name:
        case "trials":
            base = state.proposal_count if own.trials is None else own.trials
            return f"+{max(MORE_TRIALS, state.proposal_count + MORE_TRIALS - base)}"
        case "time":
            limit, base = ends.time_limit or math.inf, seconds if own.time_limit is None else own.time_limit
            return f"+{format_time_limit(limit * max(1, (seconds - base) // limit + 1))}"
        case "until_score":
            return LIFTED
        case "no_improvement":
            limit, base = ends.no_improvement or 1, own.no_improvement or 0
            return f"+{limit * max(1, (state.scored_since_best - base) // limit + 1)}"
        case "configurations":
            base = state.configuration_count if own.configurations is None else own.configurations
            return f"+{max(MORE_TRIALS, state.configuration_count + MORE_TRIALS - base)}"
        case "total":
            assert ends.total is not None  # it is reached
            limit, base = ends.total.amount, state.spent if own.total is None else own.total.amount
            return f"+{ends.total * max(1, (state.spent - base) // limit + 1)}"
        case _:
            assert_never(name)


def _count_trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"
