"""Ask and tell: a search whose trials nobody but the person evaluates, logged and resumable like any run.

`Study.ask` gives a trial, and `Study.tell` says how it went, of any number of open trials in any order. Each call is in
the log when it returns: a process that dies loses nothing, and whoever resumes the run may tell the trials that it had
asked for. A call that raises has changed nothing, and any thread may make one.
"""

import weakref
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Self, cast

from attrs import define, field

from archwright.callbacks.protocol import follow_run
from archwright.core.errors import ArchwrightError, show, to_one_line
from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult, Proposal, Report, Status, describe_status
from archwright.core.value import as_integer
from archwright.display.text import format_score, name_trial
from archwright.execution.given_values import GivenValues
from archwright.execution.known_configurations import Configurations, read_configurations
from archwright.execution.naming import claim_new_run, generate_numbered_names
from archwright.results.run import Run
from archwright.results.trial import Trial
from archwright.search.running.attempts import derive_training_seed, to_scored
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.ends import explain_exhaustion
from archwright.search.running.enqueuing import enqueue_all, select_unknown
from archwright.search.running.run_writer import RunWriter
from archwright.search.running.runs import RunRecord, make_resumption, read_run
from archwright.search.running.search_state import make_initial_state, replay_search
from archwright.search.searcher import AnySearcher
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Event, Inherited, RunStarted, RunStopped
from archwright.store.fold import RunState
from archwright.store.log import START
from archwright.store.needed import is_told
from archwright.store.run_time import fold_run_time
from archwright.store.suggestions import format_study_call
from archwright.studies.asked_trial import AskedTrial
from archwright.studies.told_outcomes import (
    BadOutcome,
    describe_open_trials,
    find_asking_times,
    join_told_metrics,
    read_told_metrics,
    read_told_seconds,
    read_told_status,
    require_told_metric,
)

STUDY_STEM = "study"  # of the names of studies that nobody named


class NothingToAsk(ArchwrightError, RuntimeError):
    """A searcher that proposes nothing: all of its space was, or it waits for the outcomes of open trials."""


class NotAStudy(ArchwrightError, ValueError):
    """A run whose trials an evaluator runs, where one is needed whose outcomes are told."""


class NoSuchOpenTrial(ArchwrightError, LookupError):
    """A trial that was not asked for in this study, or whose outcome was told already."""


class StudyIsClosed(ArchwrightError, RuntimeError):
    """A study that this process has closed; any process may go on with it."""


@define(eq=False, repr=False)
class Study:
    """A run whose trials are asked for and told by this process, which no other process may work on meanwhile.

    Its threads may share it: one of them at a time asks, reports or tells. It lets go of the run when it is closed, at
    the end of its `with` block, when it is dropped, or when its process ends.
    """

    _writer: RunWriter
    _log: Path
    _trusted: bool  # whether this person lets the code run that the log names
    _release: "weakref.finalize[Any, Any]" = field(init=False)
    _asked_at: dict[int, float] = field(factory=dict[int, float], init=False)  # by trial, on the writer's clock
    _lock: RLock = field(factory=RLock, init=False)  # one that callbacks, too, may take in the thread that has it

    @property
    def name(self) -> str:
        """The run's name."""
        return self._writer.name

    @property
    def searcher(self) -> AnySearcher:
        """What is asked for its trials."""
        return self._writer.search_state.searcher

    @property
    def run(self) -> Run:
        """The run as it stands in the log now, with all that was told of its trials."""
        given = GivenValues(searcher=self.searcher)
        return Run.read(self._log, self.name, trust=self._trusted, given=given)

    def best(self) -> Trial:
        """The best trial, of the largest budget and then by the score that was told; NothingScored where none was."""
        return self.run.best()

    def frame(self, library: str | None = None) -> Any:
        """A data frame with a row a trial, as `Run.frame` makes it."""
        return self.run.frame(library)

    @property
    def open_trials(self) -> list[AskedTrial]:
        """The trials whose outcome is not told yet, in the order of asking; an earlier process may have asked."""
        with self._lock:
            return [self._describe_trial(proposal) for proposal in self._writer.search_state.open_trials.values()]

    def ask(self) -> AskedTrial:
        """The next trial: of the queue, or else of the searcher. Raises NothingToAsk."""
        with self._change():
            proposal = self._writer.propose()
            if proposal is None:
                raise NothingToAsk(self._explain_no_proposal())
            self._asked_at[proposal.trial] = self._writer.clock()
            self._start_attempt(proposal.trial)
            return self._describe_trial(proposal)

    def report(self, trial: AskedTrial | int, epoch: int, **metrics: float) -> None:
        """Log metrics of an open trial after one of its epochs: 1, 2 ...; they are its learning curve.

        Raises NoSuchOpenTrial and BadOutcome.
        """
        with self._change():
            number, own_epoch = self._require_trial(trial), as_integer(epoch)
            if type(own_epoch) is not int or own_epoch < 1 or not metrics:
                raise BadOutcome(
                    f"a report is of epoch {show(epoch)} and has the metrics {list(metrics)}; "
                    "it must be of an epoch 1, 2 ... and have one metric or more, as in report(trial, 1, accuracy=0.5)"
                )
            plain_metrics = read_told_metrics(metrics)
            self._writer.record_report(Report(number, self._start_attempt(number), own_epoch, plain_metrics))

    def tell(
        self,
        trial: AskedTrial | int,
        score: float | Mapping[str, float] | None = None,
        *,
        metrics: Mapping[str, float] | None = None,
        failed: str | None = None,
        seconds: float | None = None,
    ) -> Status:
        """Log how an open trial went, and tell the searcher; gives the status that it has then.

        `score` is the objective's metric, or several metrics, it among them; `metrics` are further ones. A trial that
        `failed` has no score, and an explanation, which may be one of the statuses, as in "out of memory". A score that
        is NaN or infinite says that it diverged. `seconds` is its cost: by default the time since it was asked for, in
        whichever process. Raises NoSuchOpenTrial and BadOutcome, and then nothing is logged.
        """
        with self._change():
            number = self._require_trial(trial)
            given_metrics = join_told_metrics(self._name_score(score), {} if metrics is None else metrics)
            status = read_told_status(failed, score)
            if status == "ok":
                require_told_metric(self._objective.metric, given_metrics)
            spent = None if seconds is None else read_told_seconds(seconds)
            attempt = self._start_attempt(number)
            passed = self._writer.clock() - self._asked_at[number] if spent is None else spent
            end = self._writer.judge_result(AttemptResult(number, attempt, status, given_metrics, passed, failed or ""))
            self._writer.record_end(end)
            self._writer.record(to_scored(end, self._objective))
            return end.status

    def enqueue(self, *configurations: object) -> None:
        """Have configurations tried before the searcher is asked again.

        Each is some choices by name, a path, an architecture, or names a file of such. What they leave open is drawn.
        Raises what is wrong with any of them, as `read_configurations` and `enqueue_all` do, and then none is enqueued.
        """
        with self._change():
            search_state, first_entry = self._writer.search_state, self._writer.run_state.queue.entry_count
            read = read_configurations(configurations, search_state.problem)
            for event in enqueue_all(search_state.problem, search_state.searcher, read, first_entry):
                self._writer.record(event)

    def close(self) -> None:
        """Log that this process leaves the run, and let others have it. Open trials stay open."""
        with self._lock:
            if not self._release.alive:
                return
            try:
                with self._change():
                    count = len(self._writer.run_state.open_trials)
                    self._writer.record(RunStopped("closed", describe_open_trials(count)))
            finally:
                self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _change(self) -> Generator[None]:
        """One thread at a time has its block logged, all of it or nothing."""
        with self._lock:
            self._require_open()
            with self._writer.change():
                yield

    def __repr__(self) -> str:
        with self._lock:
            state = self._writer.run_state
        told = f"{state.score_count} of {state.proposal_count} trials told"
        best, metric = state.incumbent, to_one_line(self._objective.metric)
        if best is None:
            return f"<Study {self.name}: {told}>"
        name = name_trial(best.trial, best.budget if state.has_several_budgets else None)
        found = f", best {metric} {format_score(best.score)} ({name})"
        return f"<Study {self.name}: {told}{found}>"

    def _repr_html_(self) -> str:
        return self.run._repr_html_()

    @property
    def _objective(self) -> Objective:
        return self._writer.search_state.problem.objective

    def _describe_trial(self, proposal: Proposal) -> AskedTrial:
        seed = derive_training_seed(self._writer.search_state.seed, self._writer.find_first_trial(proposal.trial))
        return AskedTrial(
            self.name,
            proposal.trial,
            proposal.leaf,
            proposal.budget,
            seed,
            proposal.continues,
            proposal.enqueued,
            proposal.promotes,
            proposal.horizon,
            proposal.rung,
            proposal.bracket,
        )

    def _start_attempt(self, trial: int) -> int:
        """The number of the running attempt at a trial, which begins now unless it has in this process."""
        running = self._writer.running_jobs.get(trial)
        if running is None:
            running = self._writer.start_attempt(trial)
        return running.attempt

    def _require_open(self) -> None:
        if not self._release.alive:
            started = self._writer.run_state.started
            assert started is not None, "a study begins with this event"
            call = format_study_call(self._log, self.name, started.searcher)
            raise StudyIsClosed(f"this process has closed {self.name}; go on with {call}")

    def _require_trial(self, trial: AskedTrial | int) -> int:
        """The number of an open trial of this study."""
        if isinstance(trial, AskedTrial) and trial.run != self.name:
            raise NoSuchOpenTrial(f"trial {trial.trial} is of the run {trial.run}, and this is {self.name}")
        number = trial.trial if isinstance(trial, AskedTrial) else as_integer(trial)
        known = None if type(number) is not int else self._writer.run_state.trials.get(number)
        if known is None or known.status is not None:
            open_trials = ", ".join(map(str, self._writer.run_state.open_trials)) or "none"
            reason = (
                "was never asked for"
                if known is None
                else f"was told already: it {describe_status(known.status or 'ok')}"
            )
            raise NoSuchOpenTrial(f"trial {show(number)} of {self.name} {reason}; open trials: {open_trials}")
        return number

    def _name_score(self, score: float | Mapping[str, float] | None) -> Mapping[str, float]:
        if score is None:
            return {}
        return cast(Mapping[str, float], score) if isinstance(score, Mapping) else {self._objective.metric: score}

    def _explain_no_proposal(self) -> str:
        searcher = self._writer.run_state.started.searcher["name"] if self._writer.run_state.started else "the searcher"
        if count := len(self._writer.run_state.open_trials):
            return f"{searcher} proposes nothing before it is told more; tell one of the {count} open trials"
        why = explain_exhaustion(self._writer.search_state.problem, self._writer.run_state)
        return (
            f"{searcher} proposes nothing more: {why}; enqueue configurations to have them tried again, or begin a "
            "study of a larger space"
        )


def begin_study(
    log: DuckDBLog,
    started: RunStarted,
    name: str | None = None,
    *,
    searcher: AnySearcher | None = None,
    inherited: Sequence[Inherited] = (),
    enqueue: Configurations = (),
    callbacks: Sequence[Any] = (),
) -> Study:
    """A study that is a new run, by its first event; by itself named study-1, study-2 ...

    The `searcher` is the logged one unless given, and is told the `inherited` trials first; what to `enqueue` is as for
    `Study.enqueue`, `callbacks` are as `follow_run` takes them. Raises what `claim_new_run` does, and before anything
    is logged what is wrong with these.
    """
    search_state = make_initial_state(started, searcher=searcher)
    read = read_configurations(enqueue, search_state.problem)
    enqueued = enqueue_all(search_state.problem, search_state.searcher, read)
    with ExitStack() as claims:
        name = claims.enter_context(claim_new_run(log, name, lambda: generate_numbered_names(log, STUDY_STEM)))
        follower = claims.enter_context(follow_run(callbacks, log, name))  # pyright: ignore[reportArgumentType]  (a converter)
        writer = RunWriter(
            log,
            name,
            START,
            RunState(),
            search_state,
            callbacks=RunCallbacks(on_event=follower.on_event, begin=follower.begin),
        )
        return _open(writer, log.path, [started, *inherited, *enqueued], claims)


def resume_study(
    log: DuckDBLog,
    name: str,
    prepare: Callable[[RunRecord], AnySearcher] | None = None,
    *,
    enqueue: Configurations = (),
    callbacks: Sequence[Any] = (),
    trusted: bool = False,
) -> Study:
    """The study that goes on with a run in the log. Raises NotAStudy, and RunIsBusy while another process has it.

    Trials that an earlier process asked for are open. Its attempts at them count as interrupted; when they are told of
    next, another attempt begins. `prepare` gives the run's searcher, by itself the logged one, or raises what keeps the
    run from going on. What to `enqueue` is as for `Study.enqueue`, but what the study has enqueued before is not
    enqueued again, so that a script may begin and go on with a study by the same call.
    """
    with ExitStack() as claims:
        claims.enter_context(claim(log.path, name))
        run = read_run(log, name)
        if not is_told(run.started.evaluator):
            kind = run.started.evaluator.get("kind")
            raise NotAStudy(f"the trials of {name} are of an evaluator, {kind}, and not told; resume it as a search")
        searcher = None if prepare is None else prepare(run)
        resumption = make_resumption(run, searcher=searcher)
        search_state = replay_search([*run.events, resumption], searcher)
        unknown = select_unknown(read_configurations(enqueue, search_state.problem), run.events)
        first_entry = run.state.queue.entry_count
        enqueued = enqueue_all(search_state.problem, search_state.searcher, unknown, first_entry)
        follower = claims.enter_context(follow_run(callbacks, log, name))  # pyright: ignore[reportArgumentType]  (a converter)
        writer = RunWriter(
            log,
            name,
            run.position,
            run.state,
            search_state,
            callbacks=RunCallbacks(on_event=follower.on_event, begin=follower.begin),
            run_time=fold_run_time(run.events, run.times),
        )
        study = _open(writer, log.path, [resumption, *enqueued], claims, trusted=trusted)
        study._asked_at |= find_asking_times(run, writer.event_clock(), writer.clock())
        return study


def _open(writer: RunWriter, log: Path, events: Iterable[Event], claims: ExitStack, *, trusted: bool = False) -> Study:
    """The study of a claimed run, which lets go of it when it is dropped or its process ends.

    `events` are the first ones of this process.
    """
    for event in events:
        writer.record(event)
    writer.commit()
    study = Study(writer, log, trusted)
    study._release = weakref.finalize(study, claims.pop_all().close)
    return study
