"""The callback that shows a run in Weights & Biases: a run of it for the search, and one for each trial."""

import os
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from attrs.converters import optional

from archwright.callbacks.protocol import FollowedRun
from archwright.callbacks.tools import import_tool, make_legal_name, to_plain_value
from archwright.callbacks.trials import RunPoint, TrackedEpoch, TrackedTrial, TrialTracker, name_budget
from archwright.core.errors import cut_text
from archwright.store.events import RunStarted
from archwright.store.written_paths import to_absolute

MAX_WANDB_NAME_CHARACTERS = 128  # of a group, a metric or a setting
MAX_WANDB_VALUE_CHARACTERS = 4000  # of a setting's text
_ILLEGAL = r"[^\w./]|^_"  # names of W&B's own begin with "_"
# A run of W&B records neither the code, the packages nor the load of this process: the trial ran elsewhere.
_SETTINGS: Mapping[str, object] = {
    "console": "off",
    "silent": True,
    "disable_code": True,
    "disable_git": True,
    "disable_job_creation": True,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


@define(eq=False)
class WandB(TrialTracker):
    """Shows a run in Weights & Biases: one run of it with curves by trial, and one for each trial, in one group.

    A trial's run is written once the trial has ended: its choices as config, its metrics as curves by epoch, and its
    score, cost, final metrics and status as summary. `mode` is a mode of W&B, as in `mode="offline"`; None, and
    an `entity` of None: what W&B is set to. The files of W&B are in `folder`/wandb; None: where W&B is set to have
    them, or the current folder. A run that is resumed goes on in the same runs of W&B. Raises MissingPackage where the
    package wandb is not installed.
    """

    project: str = "archwright"
    entity: str | None = None
    folder: str | Path | None = field(default=None, converter=optional(to_absolute))
    mode: str | None = None
    _module: Any = field(init=False, repr=False, factory=lambda: import_tool("wandb", "wandb"))
    _folder: Path = field(init=False, repr=False, default=Path())  # as it was when the run began, from the root
    _followed: FollowedRun | None = field(init=False, repr=False, default=None)
    _search: Any = field(init=False, repr=False, default=None)  # W&B's run of the search
    _next_step: int = field(init=False, repr=False, default=0)  # of the search's curves that W&B does not have

    def _open(self, run: FollowedRun, started: RunStarted) -> Collection[int]:
        self._followed, self._folder = run, Path(self.folder or os.environ.get("WANDB_DIR") or ".").resolve()
        config = {
            "space": started.space_name,
            "searcher": started.searcher,
            "evaluator": started.evaluator,
            "objective": str(started.objective),
            **name_budget(started, started.budget_text),
            "seed": started.seed,
            "log": str(Path(run.log).resolve()),
        }
        self._search = self._start_run(run.id, run.name, "search", config)
        self._search.define_metric("*", step_metric="trials")
        self._next_step = self._search.step
        return _read_numbers(self._ledger)

    @property
    def _ledger(self) -> Path:
        """The file with the numbers of the trials that W&B has whole."""
        assert self._followed is not None
        return self._folder / "wandb" / f"archwright-{self._followed.id}.trials"

    def _start_run(self, run_id: str, name: str, kind: str, config: Mapping[str, Any]) -> Any:
        """A run of W&B, beside others in this process; one of that id that was synced goes on."""
        assert self._followed is not None
        (self._folder / "wandb").mkdir(parents=True, exist_ok=True)
        _delete_unsynced(self._folder / "wandb", run_id)
        return self._module.init(
            project=self.project,
            entity=self.entity,
            dir=str(self._folder),
            mode=self.mode,
            id=run_id,
            name=cut_text(name, MAX_WANDB_NAME_CHARACTERS),
            group=cut_text(self._followed.name, MAX_WANDB_NAME_CHARACTERS),
            job_type=kind,
            config=dict(config),
            resume="allow",
            reinit="create_new",
            settings=self._module.Settings(**_SETTINGS),
        )

    def _begin(self, trial: TrackedTrial) -> None:
        """Nothing yet: what W&B has of a run cannot be taken back, and this attempt may not be the last."""

    def _add_point(self, trial: TrackedTrial, point: TrackedEpoch) -> None:
        """Nothing yet, as before."""

    def _end(self, trial: TrackedTrial) -> None:
        self._write_whole(trial)

    def _write_whole(self, trial: TrackedTrial) -> None:
        assert self._followed is not None
        choices = {
            _name(name): to_plain_value(value, MAX_WANDB_VALUE_CHARACTERS) for name, value in trial.choices.items()
        }
        config = {"choices": choices, "trial": trial.number, **trial.budget}
        run = self._start_run(f"{self._followed.id}-{trial.number}", f"trial {trial.number}", "trial", config)
        try:
            self._log_trial(run, trial)
        except BaseException:
            run.finish(exit_code=1)  # else this process could not open it again
            raise
        run.finish(exit_code=0 if trial.state.status == "ok" else 1)
        if run.disabled:  # W&B keeps nothing
            return
        with self._ledger.open("a") as ledger:
            ledger.write(f"\n{trial.number}.")

    def _log_trial(self, run: Any, trial: TrackedTrial) -> None:
        """Log the curves of a trial, and how it ended, in its run of W&B."""
        run.define_metric("epoch/*", step_metric="epoch")
        next_step = run.step
        for step, point in enumerate(trial.curve):
            if step >= next_step:
                metrics = {_name(f"epoch/{name}"): value for name, value in point.metrics.items()}
                run.log({"epoch": point.epoch, **metrics}, step=step)
        facts = {name: cut_text(str(value), MAX_WANDB_VALUE_CHARACTERS) for name, value in trial.facts.items()}
        run.summary.update({**facts, **{_name(name): value for name, value in trial.results.items()}})

    def _write_run_points(self, points: Sequence[RunPoint]) -> None:
        for point in points:
            step = point.scored_trials - 1
            if step >= self._next_step:
                self._search.log({"trials": point.scored_trials, **point.values}, step=step)

    def _close(self, reason: str) -> None:
        if self._search is not None:
            self._search.summary.update({"reason": reason})
            self._search.finish(exit_code=1 if reason == "failing" else 0)
            self._search = None

    def _abandon(self) -> None:
        """End the run of the search, as this process could not open it again otherwise."""
        if self._search is not None:
            self._search.finish(exit_code=1)
            self._search = None


def _name(name: str) -> str:
    """A name as W&B takes it: it reads a dot as a level of nesting."""
    return make_legal_name(name, _ILLEGAL, MAX_WANDB_NAME_CHARACTERS).replace(".", "-")


def _read_numbers(ledger: Path) -> Collection[int]:
    """The numbers in a file, each on a line that ends with a dot: one that was cut off does not count."""
    return (
        {int(number) for number in re.findall(r"^(\d+)\.$", ledger.read_text(), re.MULTILINE)}
        if ledger.exists()
        else ()
    )


def _delete_unsynced(folder: Path, run_id: str) -> None:
    """Delete what offline mode has left of a run of W&B that is about to be written whole, unless it was synced."""
    for files in folder.glob(f"offline-run-*-{run_id}"):
        if not any(files.glob("*.synced")):
            shutil.rmtree(files, ignore_errors=True)
