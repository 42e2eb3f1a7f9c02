"""The callback that shows a run in MLflow: a run of it for the search, and one below it for each trial."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import define, field

from archwright.callbacks.protocol import FollowedRun
from archwright.callbacks.tools import cut_text, import_tool, make_legal_name, to_plain_value
from archwright.callbacks.trials import SearchProgress, TrackedEpoch, TrackedTrial, TrialTracker
from archwright.store.events import RunStarted

# What MLflow takes: of a name, of the value of a parameter and of a tag; entries of each kind in one request.
MAX_MLFLOW_NAME_CHARACTERS = 250
MAX_MLFLOW_PARAMETER_CHARACTERS = 6000
MAX_MLFLOW_TAG_CHARACTERS = 5000
MAX_MLFLOW_PARAMETERS = 100
MAX_MLFLOW_METRICS = 1000
_RUNS_A_PAGE = 1000
# Characters that names may not have, and what would make a path of them that leads elsewhere.
_ILLEGAL = r"[^\w\-. /]|^/|/$|(?<=/)/|(?:^|(?<=/))\.{1,2}(?=/|$)"
# What MLflow calls how a run of archwright ended.
_STATUSES: Mapping[str, str] = {"finished": "FINISHED", "failing": "FAILED", "closed": "FINISHED"}
_RUN, _TRIAL = "archwright.run", "archwright.trial"  # tags: the id of a run, and the number of a trial of it


@define(eq=False)
class MLflow(TrialTracker):
    """Shows a run in MLflow: one parent run with curves by trial, and a child run for each trial.

    A child has the choices as parameters, the metrics as curves by epoch, the score, cost and final metrics, and its
    status as a tag. `tracking_uri` is MLflow's own address of a store, as in `sqlite:///mlflow.db` or that of a
    server; None: the one that MLflow is set to. A run that is resumed goes on in the same parent run; the child runs
    of attempts that did not end are deleted. Raises MissingPackage where no package of MLflow is installed.
    """

    experiment: str = "archwright"
    tracking_uri: str | None = None
    _module: Any = field(init=False, repr=False, factory=lambda: import_tool("mlflow", "mlflow"))
    _client: Any = field(init=False, repr=False, default=None)
    _experiment_id: str = field(init=False, repr=False, default="")
    _run_id: str = field(init=False, repr=False, default="")  # of the run of archwright
    _parent: str = field(init=False, repr=False, default="")  # MLflow's id of the parent run
    _children: dict[int, str] = field(init=False, repr=False, factory=dict[int, str])  # open ones, by trial
    _known_steps: int = field(init=False, repr=False, default=0)  # up to which the parent has its curves

    def _open(self, run: FollowedRun, started: RunStarted) -> Collection[int]:
        self._client = self._module.MlflowClient(tracking_uri=self.tracking_uri)
        self._run_id, self._children, self._known_steps = run.id, {}, 0
        self._experiment_id = self._find_experiment()
        runs = list(self._find_runs())
        parents = [found for found in runs if _TRIAL not in found.data.tags]
        if parents:
            self._parent = parents[0].info.run_id
            self._client.update_run(self._parent, status="RUNNING")
            history = self._client.get_metric_history(self._parent, "seconds")
            self._known_steps = max((point.step for point in history), default=0)
        else:
            self._parent = self._create_parent(run, started)
        return set(self._delete_unfinished([found for found in runs if _TRIAL in found.data.tags]))

    def _find_experiment(self) -> str:
        experiment = self._client.get_experiment_by_name(self.experiment)
        return self._client.create_experiment(self.experiment) if experiment is None else experiment.experiment_id

    def _find_runs(self) -> Iterator[Any]:
        """The runs of MLflow that belong to this run."""
        token = None
        while True:
            query = f"tags.`{_RUN}` = '{self._run_id}'"
            page = self._client.search_runs(
                [self._experiment_id], query, max_results=_RUNS_A_PAGE, page_token=token, order_by=["start_time ASC"]
            )
            yield from page
            if not (token := page.token):
                return

    def _delete_unfinished(self, children: Sequence[Any]) -> Iterator[int]:
        """Delete the runs of trials that did not end; the numbers of the others."""
        for child in children:
            if child.info.status == "RUNNING":
                self._client.delete_run(child.info.run_id)
            else:
                yield int(child.data.tags[_TRIAL])

    def _create_parent(self, run: FollowedRun, started: RunStarted) -> str:
        parent = self._client.create_run(self._experiment_id, run_name=run.name, tags={_RUN: run.id})
        settings = {
            "space": started.space_source,
            "searcher": started.searcher,
            "evaluator": started.evaluator,
            "objective": f"{started.objective.direction} {started.objective.metric}",
            "budget": str(started.budget),
            "seed": started.seed,
            "log": str(Path(run.log).resolve()),
        }
        self._log_parameters(parent.info.run_id, settings)
        return parent.info.run_id

    def _begin(self, trial: TrackedTrial) -> None:
        if trial.number in self._children:
            self._client.delete_run(self._children.pop(trial.number))
        tags = {_RUN: self._run_id, _TRIAL: str(trial.number), "mlflow.parentRunId": self._parent}
        child = self._client.create_run(
            self._experiment_id,
            start_time=_to_milliseconds(trial.started_at),
            run_name=f"trial {trial.number}",
            tags=tags,
        )
        self._children[trial.number] = child.info.run_id
        self._log_parameters(child.info.run_id, trial.choices)

    def _add_point(self, trial: TrackedTrial, point: TrackedEpoch) -> None:
        metrics = {f"epoch/{name}": value for name, value in point.metrics.items()}
        self._log_metrics(self._children[trial.number], metrics, point.time, point.epoch)

    def _end(self, trial: TrackedTrial) -> None:
        child = self._children.pop(trial.number)
        step = trial.curve[-1].epoch if trial.curve else 0
        self._log_metrics(child, trial.results, trial.ended_at, step)
        entities = self._module.entities
        tags = [
            entities.RunTag(f"archwright.{name}", cut_text(str(value), MAX_MLFLOW_TAG_CHARACTERS))
            for name, value in trial.facts.items()
        ]
        self._client.log_batch(child, tags=tags)
        status = "FINISHED" if trial.state.status == "ok" else "FAILED"
        self._client.set_terminated(child, status, _to_milliseconds(trial.ended_at))

    def _show_progress(self, trial: TrackedTrial, progress: SearchProgress, *, is_known: bool) -> None:
        if progress.scored_trials > self._known_steps:
            self._log_metrics(self._parent, progress.curves(trial), trial.ended_at, progress.scored_trials)

    def _close(self, reason: str) -> None:
        if not self._parent:
            return
        for child in self._children.values():
            self._client.delete_run(child)
        self._client.set_terminated(self._parent, _STATUSES.get(reason, "KILLED"))

    def _log_parameters(self, run: str, values: Mapping[str, Any]) -> None:
        """Log parameters of a run of MLflow, in as many requests as it takes."""
        parameters = (
            self._module.entities.Param(
                make_legal_name(name, _ILLEGAL, MAX_MLFLOW_NAME_CHARACTERS),
                str(to_plain_value(value, MAX_MLFLOW_PARAMETER_CHARACTERS)),
            )
            for name, value in values.items()
        )
        while batch := list(islice(parameters, MAX_MLFLOW_PARAMETERS)):
            self._client.log_batch(run, params=batch)

    def _log_metrics(self, run: str, values: Mapping[str, float], at: float, step: int) -> None:
        """Log a point of each metric; `at` is in seconds since 1970, UTC."""
        metrics = (
            self._module.entities.Metric(
                make_legal_name(name, _ILLEGAL, MAX_MLFLOW_NAME_CHARACTERS), value, _to_milliseconds(at), step
            )
            for name, value in values.items()
        )
        while batch := list(islice(metrics, MAX_MLFLOW_METRICS)):
            self._client.log_batch(run, metrics=batch)


def _to_milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
