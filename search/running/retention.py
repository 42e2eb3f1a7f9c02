"""Which models and checkpoints of a run are kept, and the deletion of the others.

The rule: a run keeps the models of its `keep_models` best trials, in the order of core/incumbent.py; and the
checkpoints (the artifact "state") of the trials that the searcher may still continue, or that an open trial continues.
This follows from the log alone, and a file is deleted only once the events that make it unneeded are logged: a process
that is killed in between leaves too many files, never too few, and the next one deletes them. A run that is resumed
with more trials keeps as many models as before; a retraining that has kept all of its models goes on to keep all.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from attrs import define, field

from archwright.core.protocols import Artifact
from archwright.search.searchers.fixed import Fixed
from archwright.store.artifacts import ARTIFACT_FILES, discard_artifacts, find_kinds, find_trials, remove_if_empty
from archwright.store.fold import RunState

ArtifactsByTrial = Mapping[int, frozenset[Artifact]]
ALL_ARTIFACTS = frozenset(ARTIFACT_FILES)


def choose_artifacts_to_write(trial: int, run_state: RunState, promotable: Collection[int]) -> tuple[Artifact, ...]:
    """The artifacts that a trial has to write at its end, as the rule may keep them if its score is good enough."""
    may_be_kept: Mapping[Artifact, bool] = {"model": run_state.keep_models > 0, "state": trial in promotable}
    return tuple(kind for kind in ARTIFACT_FILES if may_be_kept[kind])


def choose_artifacts_to_keep(
    existing_artifacts: ArtifactsByTrial, run_state: RunState, promotable: Collection[int]
) -> ArtifactsByTrial:
    """The artifacts that the rule keeps of the `existing_artifacts`, which are those of trials that do not run."""
    ok_trials = [
        trial for trial in existing_artifacts if trial in run_state.trials and run_state.trials[trial].status == "ok"
    ]
    with_models = [run_state.trials[trial] for trial in ok_trials if "model" in existing_artifacts[trial]]
    ranked = run_state.ranking.rank_configurations(with_models)  # as best lists them
    best_trials = [trial.trial for trial in ranked[: run_state.keep_models]]
    continuable = {*promotable, *(run_state.trials[trial].continues for trial in run_state.open_trials)}
    continuable_trials = [trial for trial in ok_trials if trial in continuable]
    trials_to_keep: Mapping[Artifact, Collection[int]] = {"model": best_trials, "state": continuable_trials}
    return {
        trial: frozenset(kind for kind in kinds if trial in trials_to_keep[kind])
        for trial, kinds in existing_artifacts.items()
    }


def count_models_to_keep(run_state: RunState, target_trials: int | None) -> int:
    """The default of `keep_models` for a run that is resumed or forked to have `target_trials` trials in all.

    As many as before where it has no such end (None).
    """
    is_retraining = run_state.started is not None and run_state.started.searcher["name"] == Fixed.name
    if not is_retraining or target_trials is None or run_state.target_trials is None:
        return run_state.keep_models
    keeps_all = run_state.keep_models >= run_state.target_trials
    return max(target_trials, run_state.keep_models) if keeps_all else run_state.keep_models


@define
class ArtifactRetention:
    """Deletes the artifacts that the rule does not keep from a run's folder, while the run is under way."""

    folder: Path
    # Trials that may have artifacts in the folder; None before it was first listed.
    _trials: set[int] | None = field(default=None, init=False)

    def delete_unneeded(
        self, running_trials: Collection[int], run_state: RunState, promotable: Collection[int]
    ) -> None:
        """Delete what the rule does not keep, except for the `running_trials`, which may be writing just now.

        The first call must come before the first trial runs: it deals with the artifacts of an earlier process.
        """
        earlier_trials = self._trials
        ended_trials = find_trials(self.folder) if earlier_trials is None else earlier_trials.difference(running_trials)
        existing_artifacts = {trial: find_kinds(self.folder, trial) for trial in ended_trials}
        artifacts_to_keep = choose_artifacts_to_keep(existing_artifacts, run_state, promotable)
        for trial in ended_trials:
            discard_artifacts(self.folder, trial, ALL_ARTIFACTS - artifacts_to_keep[trial])
        self._trials = {trial for trial in ended_trials if artifacts_to_keep[trial]} | set(running_trials)
        if not self._trials and earlier_trials != set():
            remove_if_empty(self.folder, self.folder.parent)
