"""Which models and checkpoints of a run are kept, and the deletion of the others.

The rule: the models of the best trials, as many as the run was told to keep, the earlier of two that are as good; and
the checkpoints of the trials that the searcher may still continue, or that a running trial is just continuing. All of
it follows from the log, and files are deleted only once the log has what makes them unneeded: a process that is killed
in between leaves files too many, never too few, and the next one deletes them. A run that is resumed with more trials
keeps as many models as before; a retraining that has kept all of its models goes on to keep all.
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

ArtifactsByTrial = Mapping[int, frozenset[Artifact]]
ALL_ARTIFACTS = frozenset(ARTIFACT_FILES)


def choose_artifacts_to_write(trial: int, state: RunState, promotable: Collection[int]) -> tuple[Artifact, ...]:
    """What a trial about to start has to write at its end, so that the rule can be kept whatever its score."""
    may_be_kept: Mapping[Artifact, bool] = {"model": state.keep_models > 0, "state": trial in promotable}
    return tuple(kind for kind in ARTIFACT_FILES if may_be_kept[kind])


def choose_artifacts_to_keep(
    existing: ArtifactsByTrial, state: RunState, objective: Objective, promotable: Collection[int]
) -> ArtifactsByTrial:
    """Those of the `existing` artifacts that the rule of this module keeps; none of them is of a running trial."""
    ok = [n for n in existing if n in state.trials and state.trials[n].status == "ok"]
    models = [n for n in ok if "model" in existing[n]]
    best = nsmallest(state.keep_models, models, key=lambda n: (-objective.utility(state.trials[n].score), n))
    continuable = {*promotable, *(state.trials[n].continues for n in state.in_flight)}
    trials_to_keep: Mapping[Artifact, Collection[int]] = {"model": best, "state": [n for n in ok if n in continuable]}
    return {n: frozenset(kind for kind in existing[n] if n in trials_to_keep[kind]) for n in existing}


def count_models_to_keep(state: RunState, target: int) -> int:
    """Of how many trials the models are kept once a run is to have `target` trials, if the person does not say."""
    is_retraining = state.started is not None and state.started.searcher["name"] == Fixed.name
    return max(target, state.keep_models) if is_retraining and state.keep_models >= state.target else state.keep_models


@define
class ArtifactRetention:
    """Deletes what is not to be kept from the folder of a run, while the run is under way."""

    folder: Path
    # Trials that may have left something; None before the folder was first listed.
    _trials: set[int] | None = field(default=None, init=False)

    def delete_unneeded(
        self, running: Collection[int], state: RunState, objective: Objective, promotable: Collection[int]
    ) -> None:
        """Delete what the rule does not keep, except for trials that are `running`, which may be writing just now.

        To be called before the first of them runs: whatever is in the folder then was left by an earlier process.
        """
        known = self._trials
        ended = find_trials(self.folder) if known is None else known.difference(running)
        existing = {n: find_kinds(self.folder, n) for n in ended}
        keep = choose_artifacts_to_keep(existing, state, objective, promotable)
        for n in ended:
            discard_artifacts(self.folder, n, ALL_ARTIFACTS - keep[n])
        self._trials = {n for n in ended if keep[n]} | set(running)
        if not self._trials and known != set():
            remove_if_empty(self.folder, self.folder.parent)
