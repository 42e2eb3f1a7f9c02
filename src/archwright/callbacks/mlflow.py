"""The callback that shows a run in MLflow: a run of it for the search, and one below it for each trial."""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import define, field

from archwright.callbacks.protocol import FollowedRun
from archwright.callbacks.tools import import_tool, make_legal_name, to_plain_value
from archwright.callbacks.trials import RunPoint, TrackedEpoch, TrackedTrial, TrialTracker, name_budget
from archwright.core.errors import ArchwrightError, cut_text
from archwright.store.events import RunStarted

# What MLflow takes: of a name, of the value of a parameter and of a tag. Its client makes several requests of what is
# too much for one.
MAX_MLFLOW_NAME_CHARACTERS = 250
MAX_MLFLOW_PARAMETER_CHARACTERS = 6000
MAX_MLFLOW_TAG_CHARACTERS = 5000
_RUNS_A_PAGE = 1000
# Characters that names may not have, and what would make a path of them that leads elsewhere.
_ILLEGAL = r"[^\w\-. /]|^/|/$|(?<=/)/|(?:^|(?<=/))\.{1,2}(?=/|$)"
# What MLflow calls how a run of archwright ended.
_STATUSES: Mapping[str, str] = {"finished": "FINISHED", "failing": "FAILED", "closed": "FINISHED"}
# Tags: the id of a run, the number of a trial of it, and how that ended.
_RUN, _TRIAL, _STATUS = "archwright.run", "archwright.trial", "archwright.status"
_PARENT = "mlflow.parentRunId"  # the tag by which MLflow shows a run below another one


class DeletedExperiment(ArchwrightError, LookupError):
    """An experiment of MLflow that was deleted there, and whose name nothing else can have."""


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
        if experiment is None:
            return self._client.create_experiment(self.experiment)
        if experiment.lifecycle_stage == "deleted":
            raise DeletedExperiment(
                f"the experiment {self.experiment} was deleted in MLflow; restore it with: mlflow experiments restore "
                f"-x {experiment.experiment_id}, or name another one: MLflow(experiment=...)"
            )
        return experiment.experiment_id

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
        """Delete the runs of trials that did not end; the numbers of the others, which are put below the parent."""
        for child in children:
            # Somebody may have ended it in MLflow: it is whole once it has the last that is written.
            if child.info.status == "RUNNING" or _STATUS not in child.data.tags:
                self._client.delete_run(child.info.run_id)
                continue
            if child.data.tags.get(_PARENT) != self._parent:
                self._client.set_tag(child.info.run_id, _PARENT, self._parent)
            yield int(child.data.tags[_TRIAL])

    def _create_parent(self, run: FollowedRun, started: RunStarted) -> str:
        parent = self._client.create_run(self._experiment_id, run_name=run.name, tags={_RUN: run.id})
        settings = {
            "space": started.space_name,
            "searcher": started.searcher,
            "evaluator": started.evaluator,
            "objective": str(started.objective),
            **name_budget(started, started.budget_text),
            "seed": started.seed,
            "log": str(Path(run.log).resolve()),
        }
        self._log(parent.info.run_id, params=self._make_parameters(settings))
        return parent.info.run_id

    def _begin(self, trial: TrackedTrial) -> None:
        if trial.number in self._children:
            self._client.delete_run(self._children.pop(trial.number))
        child = self._children[trial.number] = self._create_child(trial)
        self._log(child, params=self._make_parameters(trial.choices))

    def _add_point(self, trial: TrackedTrial, point: TrackedEpoch) -> None:
        self._log(self._children[trial.number], self._make_epoch(point))

    def _end(self, trial: TrackedTrial) -> None:
        child = self._children.pop(trial.number)
        self._log(child, self._make_results(trial), tags=self._make_tags(trial))
        self._end_child(child, trial)

    def _write_whole(self, trial: TrackedTrial) -> None:
        child = self._create_child(trial)
        metrics = chain(chain.from_iterable(map(self._make_epoch, trial.curve)), self._make_results(trial))
        self._log(child, metrics, self._make_parameters(trial.choices), self._make_tags(trial))
        self._end_child(child, trial)

    def _write_run_points(self, points: Sequence[RunPoint]) -> None:
        unknown = [point for point in points if point.scored_trials > self._known_steps]
        self._log(
            self._parent,
            chain.from_iterable(self._make_metrics(point.values, point.time, point.scored_trials) for point in unknown),
        )

    def _close(self, reason: str) -> None:
        if not self._parent:
            return
        for child in self._children.values():
            self._client.delete_run(child)
        self._set_terminated(self._parent, _STATUSES.get(reason, "KILLED"))

    def _abandon(self) -> None:
        """Nothing is held, and a server that does not answer is not asked again."""

    def _create_child(self, trial: TrackedTrial) -> str:
        """A run of MLflow for a trial; its id."""
        child = self._client.create_run(
            self._experiment_id,
            start_time=_to_milliseconds(trial.started_at),
            run_name=f"trial {trial.number}",
            tags={_RUN: self._run_id, _TRIAL: str(trial.number), _PARENT: self._parent},
        )
        return child.info.run_id

    def _end_child(self, child: str, trial: TrackedTrial) -> None:
        status = "FINISHED" if trial.state.status == "ok" else "FAILED"
        self._set_terminated(child, status, _to_milliseconds(trial.ended_at))

    def _set_terminated(self, run: str, status: str, at: int | None = None) -> None:
        """End a run of MLflow, at so many milliseconds since 1970, UTC; None: now."""
        with _print_no_address(self._module.environment_variables.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT):
            self._client.set_terminated(run, status, at)

    def _log(self, run: str, metrics: Iterable[Any] = (), params: Iterable[Any] = (), tags: Iterable[Any] = ()) -> None:
        """Log what belongs to a run of MLflow, at once."""
        self._client.log_batch(run, list(metrics), list(params), list(tags))

    def _make_parameters(self, values: Mapping[str, Any]) -> Iterator[Any]:
        """Values as parameters of a run of MLflow."""
        for name, value in values.items():
            text = str(to_plain_value(value, MAX_MLFLOW_PARAMETER_CHARACTERS))
            yield self._module.entities.Param(_name(name), text)

    def _make_metrics(self, values: Mapping[str, float], at: float, step: int) -> Iterator[Any]:
        """A point of each metric; `at` is in seconds since 1970, UTC."""
        for name, value in values.items():
            yield self._module.entities.Metric(_name(name), value, _to_milliseconds(at), step)

    def _make_epoch(self, point: TrackedEpoch) -> Iterator[Any]:
        """The metrics of an epoch of a trial."""
        return self._make_metrics(
            {f"epoch/{name}": value for name, value in point.metrics.items()}, point.time, point.epoch
        )

    def _make_results(self, trial: TrackedTrial) -> Iterator[Any]:
        """The metrics of a trial that has ended."""
        step = trial.curve[-1].epoch if trial.curve else 0
        return self._make_metrics(trial.results, trial.ended_at, step)

    def _make_tags(self, trial: TrackedTrial) -> Iterator[Any]:
        """What else is known of a trial that has ended."""
        for name, value in trial.facts.items():
            yield self._module.entities.RunTag(f"archwright.{name}", cut_text(str(value), MAX_MLFLOW_TAG_CHARACTERS))


@contextmanager
def _print_no_address(variable: Any) -> Generator[None]:
    """MLflow does not print where a run is to be seen, for which it asks its server, as long as the block lasts.

    What MLflow takes where its `variable` is not set is changed, and not the environment of this process: workers that
    another thread starts meanwhile would inherit that.
    """
    before, variable.default = variable.default, True
    try:
        yield
    finally:
        variable.default = before


def _name(name: str) -> str:
    return make_legal_name(name, _ILLEGAL, MAX_MLFLOW_NAME_CHARACTERS)


def _to_milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
