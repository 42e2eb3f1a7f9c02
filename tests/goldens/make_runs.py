"""Make the golden runs of today's searchers that are not there yet: python -m tests.goldens.make_runs.

One for each searcher, space and revision. Whoever changes what a searcher proposes raises its revision and runs this;
the runs of the revisions before stay as they are: they stand for the logs that people have.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult, Job
from archwright.core.term import Term
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.running.loop import SearchLoop
from archwright.search.running.revisions import compute_logged_revision
from archwright.search.running.search_state import make_initial_state
from archwright.search.searcher import LadderSearcher
from archwright.store import events
from archwright.store.events import Event, RunStarted
from archwright.store.fold import RunState
from archwright.store.log import START
from tests.search.instant import InstantEvaluator
from tests.store.memory_log import MemoryLog

FOLDER = Path(__file__).parent / "runs"
TRIALS = 24

CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "random": ("random", {}),
    "random-once": ("random", {"replacement": False}),
    "mcts": ("mcts", {}),
    "mcts-rescaled": ("mcts", {"rescale": True}),
    "mcts-bisection": ("mcts-bisection", {}),
    "evolution": ("evolution", {"population": 6, "sample": 3}),
    "local-search": ("local-search", {}),
    "smbo": ("smbo", {"initial": 4, "variants": 32, "rollouts": 32}),
    "smbo-forest": ("smbo", {"initial": 20, "variants": 32, "rollouts": 32, "surrogate": "forest"}),
    "kde": ("kde", {"num_samples": 12, "random_fraction": 0.1}),
    "prior-guided": ("prior-guided", {}),
    "smbo-paper": ("smbo-paper", {"rollouts": 8, "occurrences": 2}),
    "successive-halving": ("successive-halving", {}),
    "hyperband": ("hyperband", {"rounding": "ceil", "eta": 2}),
    "hyperband-evolution": ("hyperband", {"sampler": {"name": "evolution", "population": 4, "sample": 2}}),
    "bohb": ("bohb", {"eta": 2}),
    "bohb-pooled": ("bohb", {"eta": 2, "sampler": {"name": "kde", "pooled": True}}),
    "priorband": ("priorband", {}),
    "asha": ("asha", {}),
    "asha-brackets": ("asha", {"brackets": 2, "sampler": {"name": "local-search"}}),
    "pasha": ("pasha", {"eta": 2, "fresh": True}),
}
_LAYER = aw.sequential(aw.conv2d(filters=[8, 16, 32], size=[3, 5]), aw.maybe_swap(aw.relu(), aw.batch_norm()))
_SETTINGS = aw.settings(optimizer=["adam", "sgd"], learning_rate=aw.reals(1e-4, 1e-1, log=True), n=aw.integers(1, 200))
_ROW = aw.shared("row", aw.values(*range(40), ordered=False))
SPACES: Mapping[str, Term] = {
    "wide": aw.sequential(_SETTINGS, aw.repeat(_LAYER, [1, 2]), aw.affine(10)),
    "small": aw.sequential(
        aw.conv2d(filters=[8, 16, 32], size=[3, 5]), aw.optional(aw.dropout([0.1, 0.3])), aw.affine(10)
    ),
    "rows": aw.sequential(  # of a table: what a row says is what surrogates see
        aw.settings(
            optimizer=aw.pick(["adam", "sgd"] * 20, _ROW),
            learning_rate=aw.pick([10.0 ** (-i / 10) for i in range(40)], _ROW),
        ),
        aw.affine(10),
    ),
}


def finish_job(job: Job) -> AttemptResult:
    """A score in [0, 1) that only the architecture decides; a fifth of the trials fail."""
    digest = blake2b(json.dumps(to_json(job.architecture), sort_keys=True).encode(), digest_size=4).digest()
    score = int.from_bytes(digest) / 2**32
    if score < 0.2:
        return AttemptResult(job.trial, job.attempt, "crashed", {}, 0.5, "the model is bad")
    return AttemptResult(job.trial, job.attempt, "ok", {"accuracy": score}, 0.5)


def make_run(case: str, space: str) -> list[Event]:
    """The whole run of a case in a space, with two trials under way at once."""
    name, settings = CASES[case]
    ladder = {"budget": Budget(9, "epochs"), "budgets": "1epochs..9epochs"}
    budgets = ladder if isinstance(SEARCHERS[name], LadderSearcher) else {"budget": Budget(1, "epochs")}
    started = RunStarted(
        space=to_json(SPACES[space]),
        space_source="tests",
        input_shape=(1, 8, 8),
        searcher=SEARCHER_KIND.to_json(name, settings),
        evaluator={"kind": "instant"},
        objective=Objective(),
        **budgets,
        seed=3,
        trials=TRIALS,
        versions={},
    )
    log = MemoryLog()
    evaluator = InstantEvaluator(2, finish_job)
    loop = SearchLoop(
        log, "run", START, RunState(), make_initial_state(started), evaluator, max_consecutive_failures=TRIALS
    )
    loop.run(started)
    return [recorded.event for recorded in log.read("run")]


def format_run(run: list[Event]) -> str:
    """A line for each event: its kind, and its payload."""
    return "".join(f"{kind} {payload}\n" for kind, payload in map(events.event_to_json, run))


def read_golden(path: Path) -> list[Event]:
    """The events of a file."""
    return [events.event_from_json(*line.split(" ", 1)) for line in path.read_text().splitlines()]


def locate_golden(case: str, space: str, revision: int) -> Path:
    """The file of the golden run of a revision."""
    return FOLDER / f"{case}.{space}.{revision}.events"


def main() -> None:
    """Make the golden runs that do not exist."""
    for case in CASES:
        for space in SPACES:
            run = make_run(case, space)
            assert isinstance(run[0], RunStarted)
            file = locate_golden(case, space, compute_logged_revision(run[0].searcher))
            if not file.exists():
                file.write_text(format_run(run))


if __name__ == "__main__":
    main()
