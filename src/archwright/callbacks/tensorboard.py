"""The callback that shows a run in TensorBoard: written with TensorBoard's own writer, without torch or TensorFlow."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from archwright.callbacks.protocol import FollowedRun
from archwright.callbacks.tools import import_tool, to_plain_value
from archwright.callbacks.trials import RunPoint, TrackedEpoch, TrackedTrial, TrialTracker
from archwright.store.events import RunStarted
from archwright.store.written_paths import to_absolute

MAX_TENSORBOARD_CHARACTERS = 1000  # of a choice's value, which is a cell of a table
_FILES = "events.out.tfevents.*"  # as TensorBoard knows its files


@define(eq=False)
class TensorBoard(TrialTracker):
    """Shows a run in TensorBoard, in `folder`/NAME: the curves of each trial by epoch, and those of the run by trial.

    Each trial is a session of the hyperparameter plugin. When a run is resumed, its files are written again from the
    log, so that no point is missing or there twice; other files in the folder stay as they are. Raises MissingPackage
    where the package tensorboard is not installed.
    """

    folder: Path = field(converter=to_absolute)
    _tool: "_Modules" = field(init=False, repr=False, factory=lambda: _Modules())
    _run_folder: Path = field(init=False, repr=False, default=Path())
    _suffix: str = field(init=False, repr=False, default="")  # of the files of this run
    _run_writer: Any = field(init=False, repr=False, default=None)
    _trial_writers: dict[int, Any] = field(init=False, repr=False, factory=dict[int, Any])

    def _open(self, run: FollowedRun, started: RunStarted) -> Collection[int]:
        self._suffix, self._trial_writers = f".{run.id[:8]}", {}
        self._run_folder = _find_free_folder(self.folder, run.name, self._suffix)
        _delete_files(self._run_folder, self._suffix)
        self._run_writer = self._tool.make_writer(self._run_folder, self._suffix)
        return ()

    def _begin(self, trial: TrackedTrial) -> None:
        if trial.number in self._trial_writers:
            self._trial_writers.pop(trial.number).close()
        folder = self._run_folder / f"trial-{trial.number}"
        _delete_files(folder, self._suffix)
        writer = self._trial_writers[trial.number] = self._tool.make_writer(folder, self._suffix)
        choices = {name: to_plain_value(value, MAX_TENSORBOARD_CHARACTERS) for name, value in trial.choices.items()}
        settings = {**choices, **{f"archwright.{name}": value for name, value in trial.budget.items()}}
        summary = self._tool.hparams.hparams_pb(settings, f"trial {trial.number}", trial.started_at)
        self._tool.write(writer, summary, trial.started_at, step=0)
        writer.flush()

    def _add_point(self, trial: TrackedTrial, point: TrackedEpoch) -> None:
        writer = self._trial_writers[trial.number]
        scalars = {f"epoch/{name}": value for name, value in point.metrics.items()}
        self._tool.write_scalars(writer, scalars, point.time, step=point.epoch)
        writer.flush()

    def _end(self, trial: TrackedTrial) -> None:
        writer = self._trial_writers.pop(trial.number)
        step = trial.curve[-1].epoch if trial.curve else 0
        self._tool.write_scalars(writer, trial.results, trial.ended_at, step=step)
        text = "\n".join(f"- {name}: {value}" for name, value in trial.facts.items())
        self._tool.write(writer, self._tool.text.text_pb("trial", text), trial.ended_at, step=step)
        end = self._tool.make_session_end(is_ok=trial.state.status == "ok", at=trial.ended_at)
        self._tool.write(writer, end, trial.ended_at, step=step)
        writer.close()

    def _write_whole(self, trial: TrackedTrial) -> None:
        self._begin(trial)
        for point in trial.curve:
            self._add_point(trial, point)
        self._end(trial)

    def _write_run_points(self, points: Sequence[RunPoint]) -> None:
        for point in points:
            self._tool.write_scalars(self._run_writer, point.values, point.time, step=point.scored_trials)
        self._run_writer.flush()

    def _close(self, reason: str) -> None:
        for writer in (self._run_writer, *self._trial_writers.values()):
            if writer is not None:
                writer.close()
        self._run_writer, self._trial_writers = None, {}

    def _abandon(self) -> None:
        self._close("")


class _Modules:
    """What is used of the package tensorboard."""

    def __init__(self) -> None:
        def load(module: str) -> Any:
            return import_tool(f"tensorboard.{module}", "tensorboard")

        self.hparams = load("plugins.hparams.summary_v2")
        self.text = load("plugins.text.summary_v2")
        self._metadata, self._api = load("plugins.hparams.metadata"), load("plugins.hparams.api_pb2")
        self._plugin_data = load("plugins.hparams.plugin_data_pb2")
        self._writers = load("summary.writer.event_file_writer")
        self._events, self._summaries = load("compat.proto.event_pb2"), load("compat.proto.summary_pb2")

    def make_writer(self, folder: Path, suffix: str) -> Any:
        """A writer of a new file in `folder`, which is made; a TensorBoard that runs forgets what it read there."""
        writer = self._writers.EventFileWriter(str(folder), filename_suffix=suffix)
        writer.add_event(self._events.Event(session_log=self._events.SessionLog(status="START"), step=0))
        return writer

    def write(self, writer: Any, summary: Any, at: float, *, step: int) -> None:
        """Write a summary; `at` is in seconds since 1970, UTC."""
        writer.add_event(self._events.Event(wall_time=at, step=step, summary=summary))

    def write_scalars(self, writer: Any, scalars: Mapping[str, float], at: float, *, step: int) -> None:
        """Write a point of each curve, by its tag."""
        values = [self._summaries.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self.write(writer, self._summaries.Summary(value=values), at, step=step)

    def make_session_end(self, *, is_ok: bool, at: float) -> Any:
        """The summary that ends a session of the hyperparameter plugin."""
        status = self._api.STATUS_SUCCESS if is_ok else self._api.STATUS_FAILURE
        end = self._plugin_data.SessionEndInfo(status=status, end_time_secs=at)
        metadata = self._metadata.create_summary_metadata(self._plugin_data.HParamsPluginData(session_end_info=end))
        value = self._summaries.Summary.Value(tag=self._metadata.SESSION_END_INFO_TAG, metadata=metadata)
        return self._summaries.Summary(value=[value])


def _find_free_folder(folder: Path, name: str, suffix: str) -> Path:
    """`folder`/`name`; where files of another run of that name are there, the suffix tells the two apart."""
    run_folder = folder / name
    is_taken = any(not file.name.endswith(suffix) for file in run_folder.glob(_FILES))
    return folder / f"{name}{suffix}" if is_taken else run_folder


def _delete_files(folder: Path, suffix: str) -> None:
    """Delete the files of this run in the folder and those below it."""
    for file in folder.rglob(f"{_FILES}{suffix}"):
        file.unlink(missing_ok=True)
