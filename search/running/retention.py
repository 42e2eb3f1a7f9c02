"""Which models and checkpoints of a run are kept, and the deletion of the others.

The rule: the models of the best trials, as many as the run was told to keep, the earlier of two that are as good; and
the checkpoints of the trials that the searcher may still continue, or that one under way is just continuing. Everything
follows from the log, and is done after the log has it: a process that is killed in between leaves files too many, never
too few, and the next one deletes them. A run that goes on with more trials keeps as many models as before; a retraining
whose models were all kept goes on to keep all.
"""

from collections.abc import Collection, Mapping
from heapq import nsmallest
from pathlib import Path

from attrs import define, field

from archwright.core.objective import Objective
from archwright.core.protocols import Artifact
from archwright.search.searchers.fixed import Fixed
from archwright.store.artifacts import ARTIFACT_FILES, discard_artifacts, find_kinds, find_trials, remove_if_empty
from archwright.store.fold import RunState

Kept = Mapping[int, frozenset[Artifact]]
EVERYTHING = frozenset(ARTIFACT_FILES)


def to_leave(trial: int, state: RunState, promotable: Collection[int]) -> tuple[Artifact, ...]:
    """What a trial about to begin has to leave, so that the rule can be kept whatever its score."""
    wanted: Mapping[Artifact, bool] = {"model": state.keep_models > 0, "state": trial in promotable}
    return tuple(kind for kind in ARTIFACT_FILES if wanted[kind])


def kept(there: Kept, state: RunState, objective: Objective, promotable: Collection[int]) -> Kept:
    """What is to be kept, by the rule of this module, of what is `there` of trials that are not running."""
    ok = [n for n in there if n in state.trials and state.trials[n].status == "ok"]
    models = [n for n in ok if "model" in there[n]]
    best = nsmallest(state.keep_models, models, key=lambda n: (-objective.utility(state.trials[n].score), n))
    going_on = {*promotable, *(state.trials[n].continues for n in state.in_flight)}
    wanted: Mapping[Artifact, Collection[int | None]] = {"model": best, "state": [n for n in ok if n in going_on]}
    return {n: frozenset(kind for kind in there[n] if n in wanted[kind]) for n in there}


def models_from_here(state: RunState, target: int) -> int:
    """Of how many trials the models are kept once a run is to have `target` trials, if nobody says."""
    repeats = state.started is not None and state.started.searcher["name"] == Fixed.name
    return max(target, state.keep_models) if repeats and state.keep_models >= state.target else state.keep_models


@define
class Keeper:
    """Deletes what is not to be kept from the folder of a run, as the run goes on."""

    folder: Path
    _trials: set[int] | None = field(default=None, init=False)  # that may have left something; None before a first look

    def tidy(
        self, running: Collection[int], state: RunState, objective: Objective, promotable: Collection[int]
    ) -> None:
        """Deletes what the rule does not keep, but for what is of trials that are `running`: they may just write.

        To be called before the first of them runs: whatever is there then was left by a process that is gone.
        """
        known = self._trials
        still = find_trials(self.folder) if known is None else known.difference(running)
        wanted = kept({n: find_kinds(self.folder, n) for n in still}, state, objective, promotable)
        for n in still:
            discard_artifacts(self.folder, n, EVERYTHING - wanted[n])
        self._trials = {n for n in still if wanted[n]} | set(running)
        if not self._trials and known != set():
            remove_if_empty(self.folder, self.folder.parent)
