"""A run, as the log holds it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, Unpack, overload

from attrs import evolve, field, frozen

from archwright.core.budget import Budget, Budgets
from archwright.core.ends import EndName, GivenEnds
from archwright.core.input import Input
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.core.term import Term
from archwright.execution.call_options import select_options, take_options
from archwright.execution.checks import (
    check_flag,
    check_text,
    read_count,
    read_event_number,
    read_log_path,
    read_seed,
)
from archwright.execution.given_values import NOTHING_GIVEN, GivenValues, read_given_data, read_given_evaluation
from archwright.execution.options import RunOptions, WorkOptions, make_run_options
from archwright.execution.verb_options import (
    ContinuationOptions,
    ForkOptions,
    GivenOptions,
    MovedEnds,
    ResumeOptions,
    RetrainOptions,
    TrainingOptions,
)
from archwright.results.correlation import Correlation, CorrelationOptions
from archwright.results.describing import describe_run
from archwright.results.frames import make_frame
from archwright.results.numbered_events import NumberedEvent, find_scoring, number_events
from archwright.results.plotting import PlotOptions, read_figure_options
from archwright.results.records import RepeatsRecord, RunDetails, SearchStateRecord
from archwright.results.repeats import describe_repeats
from archwright.results.replaying import describe_search_state
from archwright.results.rows import Rows, write_rows
from archwright.results.run_text import describe_progress, render_run
from archwright.results.trial import Trial
from archwright.results.trial_table import tabulate_trials
from archwright.results.verification import Verification, verify_run
from archwright.search.running.ends import measure_seconds, suggest_moves
from archwright.search.running.run_view import NAMED_TRIALS, RunView, view_run
from archwright.search.searcher import AnySearcher
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.query import RunScope

if TYPE_CHECKING:
    from archwright.results.importance import Importance


@frozen(eq=False, repr=False)
class Run(Sequence[Trial]):
    """A run as it stood when it was read: a sequence of its trials, in the order of proposing."""

    view: RunView
    # What this process was given, where the log does not hold all of it.
    given: GivenValues = field(default=NOTHING_GIVEN, kw_only=True)

    @classmethod
    def read(
        cls,
        log: str | Path,
        name: str | None = None,
        *,
        at: int | None = None,
        trust: bool = False,
        given: GivenValues = NOTHING_GIVEN,
    ) -> Self:
        """The run of that name in a log, or the one that was started last, as it stood after event number `at`.

        Code that the log names runs only where it lies in files that this person has named, or says to `trust`. What
        is `given` goes on with it where the log does not hold it whole. Raises LogMissing, NoSuchRun and NoSuchEvent.
        """
        view = view_run(read_log_path(log), name, at, trusted=trust)
        return cls(view, given=given.select_needed(view.run.started))

    @property
    def name(self) -> str:
        """Its name."""
        return self.view.name

    @property
    def log(self) -> Path:
        """The file of its log."""
        return self.view.log

    @property
    def status(self) -> str:
        """Why its last process left it: finished, interrupted, failing, closed; or running, died, or new."""
        return self.view.status

    @property
    def space(self) -> Term:
        """The search space; raises NotTrusted where that takes code of others."""
        return self.view.space

    @property
    def space_source(self) -> str:
        """What the person called the space; what it is, as in `a sequential of 4 modules`, where it was a value."""
        return self.view.run.started.space_name

    @property
    def input(self) -> Input:
        """One input of the models: its kind and its shape, without the batch."""
        return self.view.model_input

    @property
    def searcher(self) -> JSON:
        """The searcher's name, revision and settings."""
        return self.view.run.started.searcher

    @property
    def evaluation(self) -> JSON:
        """The evaluation's kind and settings."""
        return self.view.run.started.evaluator

    @property
    def objective(self) -> Objective:
        """The metric that the search is about, and which way is better."""
        return self.view.run.started.objective

    @property
    def stopping(self) -> JSON:
        """The rule that stops hopeless trials; None if there is none."""
        return self.view.run.started.stopping

    @property
    def budget(self) -> Budget | Budgets | None:
        """What a trial may spend; None where what evaluates the trials reads none."""
        started = self.view.run.started
        return (started.budget_choice or started.budget) if started.reads_budget else None

    @property
    def seed(self) -> int:
        """The seed of all its randomness."""
        return self.view.run.started.seed

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Its trials, in the order of proposing."""
        return tuple(Trial(self.view, state, self.given) for state in self.view.trials)

    @property
    def inherited(self) -> tuple[Trial, ...]:
        """The trials of other runs with which it began: their numbers are below 0, and their `source` says whose."""
        return tuple(Trial(self.view, state, self.given) for state in self.view.inherited)

    @overload
    def best(self, *, inherited: bool = False) -> Trial: ...
    @overload
    def best(self, n: int, *, inherited: bool = False) -> list[Trial]: ...
    def best(self, n: int | None = None, *, inherited: bool = False) -> Trial | list[Trial]:
        """The best trial, or a list of the best `n`, best first: of the largest budget, then by score.

        Of equal ones the earlier comes first. Trials that are `inherited` from other runs are ranked only where that is
        asked for. Raises NothingScored where no trial has a score.
        """
        states = self.view.best_with_inherited if check_flag("inherited", inherited) else []
        ranked = [Trial(self.view, state, self.given) for state in states or self.view.rank_best()]
        return ranked[0] if n is None else ranked[: read_count("n", n)]

    @property
    def repeats(self) -> RepeatsRecord | None:
        """The mean and the standard deviation of the scores of a run of one architecture, as `retrain` makes it.

        None for a search. Trainings without a score are left out; the `deviation`, that of a sample, takes two scores.
        """
        return describe_repeats(self.view)

    @overload
    def __getitem__(self, name: int | str | Trial) -> Trial: ...
    @overload
    def __getitem__(self, name: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, name: int | str | Trial | slice) -> Trial | tuple[Trial, ...]:
        """The trial of that number, also counted from the end, as in -1, or the one that is "best" or "last".

        A trial of this run, which may have been read before, gives that trial as it stands here. Raises NoSuchTrial.
        """
        if isinstance(name, slice):
            return self.trials[name]
        number = name.require_of(self.view).number if isinstance(name, Trial) else name
        return Trial(self.view, self.view.get_trial(number), self.given)

    def __len__(self) -> int:
        return self.view.run.state.proposal_count

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def curves(self, metric: str | None = None) -> Mapping[int, Sequence[float]]:
        """The values of a metric, or of the objective's, after each epoch: by the number of each trial that has any."""
        name = self.objective.metric if metric is None else check_text("metric", metric, "the name of a metric")
        return {trial.number: curves[name] for trial in self if name in (curves := trial.curves)}

    def frame(self, library: str | None = None) -> Any:
        """A data frame of pandas, or of polars where that alone is installed or is the `library`, with a row a trial.

        Its columns are TRIAL_COLUMNS, then the metrics, then the choices; one whose name another column has before it
        is called metric.NAME or choice.NAME. What a trial does not have is None. Raises NoFrameLibrary.
        """
        return make_frame(tabulate_trials(self.trials), library)

    def sql(self, query: str, limit: int | None = None) -> Rows:
        """As `Log.sql`, but of views that hold this run alone, as it stood; raises QueryFailed."""
        return Rows.read(self.log, query, limit, self._scope)

    def export_sql(self, query: str, file: str | Path | BinaryIO, format: str | None = None) -> None:  # noqa: A002
        """As `Log.export_sql`, but of this run alone, as `sql` has it."""
        write_rows(self.log, query, file, format, self._scope)

    @property
    def _scope(self) -> RunScope:
        return RunScope(self.name, self.view.run.state.seq)

    def verify(self, searcher: AnySearcher | None = None) -> Verification:
        """Whether the log still has the run as it was written, and whether its searcher makes the same proposals again.

        A `searcher` that no other process can import is given again, as a value or its class, where `__main__` does not
        define it with the text that it had. Raises ExtensionNeeded without one, NotTrusted where its proposals
        take code of others, and LogIsDamaged where the log cannot be read.
        """
        return verify_run(self.view, GivenValues(searcher=searcher).fill_in(self.given))

    def replay(self, *, must_propose: bool = True) -> SearchStateRecord:
        """What its searcher knew at that point, and what it proposes next, as `archwright replay --json` prints it.

        Raises NotTrusted where the proposal takes code of others; unless it `must_propose`, that is left out then.
        """
        return describe_search_state(self.view, must_propose=must_propose, given=self.given)

    @property
    def events(self) -> Sequence[NumberedEvent]:
        """All that happened, in order, with the numbers that `at` and `fork` take; the kinds are those of events."""
        return number_events(self.view)

    def at(self, event: int | str | NumberedEvent | Trial) -> Self:
        """The run as it stood after an event, or the one of that number; after a trial, when it had ended.

        The trial may also be named, "best" or "last". Raises NoSuchEvent, also where the trial has not ended, and
        NoSuchTrial.
        """
        return evolve(self, view=view_run(self.log, self.name, self._find_event(event), trusted=self.view.trusted))

    def _find_event(self, event: int | str | NumberedEvent | Trial) -> int:
        if isinstance(event, Trial) or (isinstance(event, str) and event in NAMED_TRIALS):
            return find_scoring(self.view, self[event].number)
        return event.number if isinstance(event, NumberedEvent) else read_event_number(event)

    def refresh(self) -> Self:
        """The run as it stands in the log now."""
        return evolve(self, view=view_run(self.log, self.name, trusted=self.view.trusted))

    @take_options
    def resume(self, **options: Unpack[ResumeOptions]) -> "Run":
        """Go on with it, wherever and however it stopped, and return it as it stands when it has stopped again.

        An end that is None stays as it is; "+32" or "+1h" moves it on, and "none" takes it away. What no other
        process can import is given again in another process, where `__main__` does not define it with the text that it
        had: a function, or a value of a class or the class, as `evaluation`, a function of data as `data`, a searcher
        as `searcher`, a rule as `stopping`; this run has what its process was given. Raises what `search` does, and
        where code or data has changed SpaceChanged and DataChanged; of a run `at` an event RunHasGoneOn.
        """
        from archwright.execution.resuming import Resumption, resume_in_log  # here, since most only look at runs

        self.view.require_end()
        run, given = self._let_run(options), self._gather_given(**select_options(options, GivenOptions))
        resumption = Resumption(
            ends=GivenEnds(**select_options(options, MovedEnds)),
            given=given,
            device=options.get("device"),
            data_dir=options.get("data_dir"),
            **select_options(options, ContinuationOptions),
        )
        resume_in_log(DuckDBLog(self.log), self.name, resumption, run._make_run_options(options))
        return run._read(self.name, given)

    def suggest_moves(self) -> Mapping[EndName, str]:
        """How its ends are moved for a finished run to go on, as `resume` takes them; none while it is not finished."""
        seconds = measure_seconds(self.view.run.state, self.view.run.run_time)
        return suggest_moves(self.view.run.state, seconds) if self.status == "finished" else {}

    def _let_run(self, options: ResumeOptions | ForkOptions | RetrainOptions) -> Self:
        """The same, with the code that the log names trusted where this person says so, by now or before."""
        trusted = check_flag("trust", options.get("trust", False)) or self.view.trusted
        return evolve(self, view=evolve(self.view, trusted=trusted))

    def _make_run_options(self, options: ResumeOptions | RetrainOptions) -> RunOptions:
        return make_run_options(select_options(options, WorkOptions), trusted=self.view.trusted)

    def _gather_given(
        self, evaluation: Any = None, data: Any = None, searcher: Any = None, stopping: Any = None
    ) -> GivenValues:
        """What is given, and of what the log does not hold whole what this process was given before."""
        read_evaluation, read_data = read_given_evaluation(evaluation), read_given_data(data)
        given = GivenValues(evaluation=read_evaluation, data=read_data, searcher=searcher, stopping=stopping)
        return given.fill_in(self.given)

    def _read(self, name: str, given: GivenValues) -> "Run":
        """The run of that name in this log, of which this process was given these."""
        return Run.read(self.log, name, trust=self.view.trusted, given=given)

    @take_options
    def fork(self, at: int | str | NumberedEvent | Trial, **options: Unpack[ForkOptions]) -> "Run":
        """A new run with its events up to one of them, as `at` takes it, to go on differently from there with `resume`.

        With another searcher, other `settings` of the one that it has, another seed or other ends; an end is moved as
        in `resume`. Its stopping rule stays, unless the searcher brought it; another searcher may bring one. Raises
        NoSuchEvent, InvalidEnd and RunExists, BadArgument and WrongMetric where such a rule does not go with the run,
        and NotTrusted where `settings` are for a searcher that takes code of others.
        """
        from archwright.execution.forking import ForkRequest, fork_in_log, read_fork_searcher

        run, moves = self._let_run(options), GivenEnds(**select_options(options, MovedEnds))
        given = (options.get("searcher"), options.get("settings"), self.given.searcher)
        written, value = read_fork_searcher(self.searcher, *given, trusted=run.view.trusted)
        seed = None if options.get("seed") is None else read_seed(options.get("seed"))
        request = ForkRequest(searcher=written, searcher_value=value, seed=seed, moves=moves, given=self.given)
        new = fork_in_log(run.view, self._find_event(at), request, options.get("name"))
        return run._read(new, evolve(self.given, searcher=value))

    @take_options
    def retrain(self, trial: int | str | Trial = "best", **options: Unpack[RetrainOptions]) -> "Run":
        """Train a trial's architecture anew, `seeds` times, on all data but that for testing: a run of its own.

        A `trial` is one of this run, its number, "best" or "last". What is None is as it was in the search; `settings`
        stand instead of the trial's own. A person's function is called again, with the larger budget and other seeds;
        what no other process can import is given again as `evaluation`, as for `resume`. With `data`, which may be a
        function, our training trains.
        """
        from archwright.execution.arguments import read_budget
        from archwright.execution.retraining import Retraining, retrain_trial

        run, given = self._let_run(options), self._gather_given(options.get("evaluation"))
        retraining = Retraining(
            budget=read_budget(options.get("budget")),
            device=options.get("device"),
            data_dir=options.get("data_dir"),
            given=given,
            **select_options(options, TrainingOptions),
        )
        run_options = run._make_run_options(options)
        given = given if retraining.data is None else evolve(given, data=retraining.data)
        new = retrain_trial(run.view, run[trial].number, retraining, options.get("name"), run_options)
        return run._read(new, given)

    def importance(self, budget: Budget | str | None = None, *, pairs: bool = False, seed: int = 0) -> "Importance":
        """How much each hyperparameter matters for the scores at a budget, the largest that has enough trials.

        With `pairs`, also what two do together. Raises TooFewTrials, NothingVaries and NotTrusted.
        """
        from archwright.execution.arguments import read_budget
        from archwright.results.importance import compute_importance

        with_pairs = check_flag("pairs", pairs)
        return compute_importance(self.view, read_budget(budget), with_pairs=with_pairs, seed=read_seed(seed))

    def details(self) -> RunDetails:
        """All that is to know about it, as `archwright show --json` prints it."""
        return describe_run(self.view)

    @take_options
    def correlation(self, **options: Unpack[CorrelationOptions]) -> Correlation:
        """What the scores at each of its budgets say of those at each larger one.

        Raises NothingToCorrelate where its trials are not of several budgets.
        """
        return Correlation.read([self.view], options)

    @take_options
    def plot(self, kind: str = "incumbent", ax: Any = None, **options: Unpack[PlotOptions]) -> Any:
        """Draw it, and return the matplotlib axes: `ax`, or those of a new figure.

        The kinds are those of `archwright plot`. Raises NothingScored, NothingToShow, UnknownFigureKind and
        UnwritableFigure.
        """
        from archwright.plots.figures import plot_view  # matplotlib takes half a second

        self.view.rank_best()
        return plot_view(self.view, kind, ax, read_figure_options(options))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and self.view.identity == other.view.identity

    def __hash__(self) -> int:
        return hash(self.view.identity)

    def __repr__(self) -> str:
        return f"<Run {self.name}: {describe_progress(self.view)}>"

    def _repr_html_(self) -> str:
        return render_run(self.view)
