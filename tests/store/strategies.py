"""Events and histories: strategies for laws, fixed ones for examples."""

from collections.abc import Sequence
from typing import get_args

from hypothesis import strategies as st

from archwright.core.budget import UNITS, Budget
from archwright.core.objective import Direction, Objective
from archwright.core.protocols import STATUSES, EarlyStop, StoppedBy
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Enqueued,
    Event,
    ForkPoint,
    Inherited,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    RunStopped,
    Scored,
)
from archwright.store.fold import RunState, decide

EPOCH = Budget(1, "epochs")

small = st.integers(0, 5)
names = st.text(min_size=1, max_size=12)
scalars = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
jsons = st.recursive(scalars | st.none(), lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=6)
numbers = st.floats(allow_nan=False)  # infinities included; NaN has tests of its own, since it equals nothing
metrics = st.dictionaries(names, numbers, max_size=3)
budgets = st.builds(Budget, st.floats(1e-3, 1e9), st.sampled_from(UNITS))
objectives = st.builds(Objective, names, st.sampled_from(("maximize", "minimize")))
versions = st.dictionaries(names, names, max_size=3)
paths = st.lists(st.tuples(names, scalars), max_size=4).map(tuple)
forks = st.builds(ForkPoint, names, small, small, st.floats(0, 1e9))

stops = st.builds(EarlyStop, st.sampled_from(get_args(StoppedBy)), small, st.text(max_size=20))

starts = st.builds(
    RunStarted,
    space=jsons,
    space_source=names,
    input_shape=st.lists(st.integers(1, 32), max_size=3).map(tuple),
    searcher=jsons,
    evaluator=jsons,
    objective=objectives,
    budget=budgets,
    seed=st.integers(),
    trials=st.none() | st.integers(0, 100),
    versions=versions,
    time_limit=st.none() | st.floats(1e-3, 1e9),
    until_score=st.none() | st.floats(-1e9, 1e9),
    no_improvement=st.none() | small,
    simulates_time=st.booleans(),
    simulated_workers=st.none() | small,
    forked_from=st.none() | forks,
    stopping=jsons,
    input=st.none() | names,
    kind_code=jsons,
    reads_budget=st.booleans(),
)
events: st.SearchStrategy[Event] = st.one_of(
    starts,
    st.builds(Proposed, small, paths, budgets, st.none() | small, st.none() | small),
    st.builds(
        Inherited,
        st.integers(-9, -1),
        paths,
        budgets,
        st.sampled_from(STATUSES),
        st.none() | numbers,
        names,
        small,
        st.none() | names,
        metrics,
        st.floats(0, 1e9),
    ),
    st.builds(Enqueued, small, paths),
    st.builds(AttemptStarted, small, small, st.none() | st.floats(0, 1e9)),
    st.builds(Reported, small, small, small, metrics),
    st.builds(
        AttemptEnded,
        small,
        small,
        st.sampled_from(STATUSES),
        numbers,
        metrics,
        st.text(max_size=20),
        st.none() | stops,
        st.none() | st.floats(0, 1e9),
    ),
    st.builds(Scored, small, st.sampled_from(STATUSES), st.none() | numbers, metrics),
    st.builds(
        RunResumed,
        st.none() | small,
        versions,
        time_limit=st.none() | st.floats(1e-3, 1e9),
        until_score=st.none() | st.floats(-1e9, 1e9),
        no_improvement=st.none() | small,
    ),
    st.builds(RunStopped, names, st.text(max_size=20)),
)


def make_run_started(*, direction: Direction = "maximize", trials: int = 10, seed: int = 0) -> RunStarted:
    """The start of a run whose details do not matter."""
    return RunStarted(
        space={"kind": "affine"},
        space_source="toy",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        evaluator={"kind": "training", "data": "digits"},
        objective=Objective("accuracy", direction),
        budget=EPOCH,
        seed=seed,
        trials=trials,
        versions={"archwright": "0.1.0"},
    )


def make_trial_events(number: int, score: float = 0.5) -> list[Event]:
    """The events of an ordinary trial."""
    return [
        Proposed(number, (("width", 8 * number), ("rate", 0.1), ("act", "relu")), EPOCH),
        AttemptStarted(number, 1),
        Reported(number, 1, 1, {"accuracy": score, "loss": 1 - score}),
        AttemptEnded(number, 1, "ok", 1.5, {"accuracy": score}),
        Scored(number, "ok", score, {"accuracy": score}),
    ]


def make_run_events(trials: int) -> list[Event]:
    """The events of a whole run in which every trial is ok."""
    return [
        make_run_started(trials=trials),
        *(event for number in range(trials) for event in make_trial_events(number)),
        RunStopped("finished"),
    ]


@st.composite
def histories(draw: st.DrawFn, longest: int = 25) -> list[Event]:
    """Events, each admissible after those before it, with crashes and resumptions."""
    state, history = RunState(), list[Event]()
    for _ in range(draw(st.integers(0, longest))):
        event = draw(st.sampled_from(_list_admissible_events(state)))
        state = decide(state, event)
        history.append(event)
    return history


def _list_admissible_events(state: RunState) -> Sequence[Event]:
    """Some events that are admissible after `state`."""
    if state.started is None:
        return [make_run_started()]
    resumed = RunResumed((state.target_trials or 0) + 1, {})
    if state.stopped is not None:
        return [resumed]
    scored_trials = [number for number, trial in state.trials.items() if trial.status is not None]
    events: list[Event] = [
        Proposed(
            state.proposal_count,
            (("width", 1),),
            EPOCH,
            scored_trials[0] if scored_trials else None,
            state.queue.first.entry if state.queue.first else None,
        ),
        Enqueued(state.queue.entry_count, (("width", 1),)),
    ]
    if not state.trials and (not state.inherited or state.inherited[-1].trial < -1):
        number = state.inherited[-1].trial + 1 if state.inherited else -3
        events.append(Inherited(number, (("width", 1),), EPOCH, "ok", 0.9, "earlier-1", 0))
    for number in state.open_trials:
        trial = state.trials[number]
        if trial.running:
            events.append(Reported(number, trial.attempts, 1, {"accuracy": 0.5}))
            events.append(AttemptEnded(number, trial.attempts, "crashed", 2.0, error="signal 9"))
        else:
            events.append(AttemptStarted(number, trial.attempts + 1))
            events.append(Scored(number, "ok", number / 10, {"accuracy": number / 10}))
    return [*events, *events, resumed, RunStopped("interrupted")]
