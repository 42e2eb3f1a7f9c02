"""Jobs in the coordinator, for debugging: as in a worker, but where one can look."""

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.protocols import AttemptResult, Report, ReportsWithin
from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import WrongParameters
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers.in_process import InProcessEvaluator, NothingToKill
from archwright.evaluate.workers.pool import WorkerPool
from archwright.evaluate.workers.simulated import SimulatedWorkers
from archwright.search.running.callbacks import RunCallbacks, StopRequest
from archwright.search.running.runs import resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, Reported, Scored
from tests.evaluate.jobs import make_job, run_jobs
from tests.search.instant import make_started

pytestmark = pytest.mark.usefixtures("one_thread")


def draw(architecture, seed, report):
    import numpy as np
    import torch

    report(1, accuracy=random.random())
    report(2, accuracy=np.random.random())
    return {"accuracy": float(torch.rand(())), "units": architecture.units, "seed": seed}


def fail(seed):
    match seed:
        case 0:
            raise ValueError("no good")
        case 1:
            raise SystemExit
        case 2:
            raise FloatingPointError("the loss is nan")
        case _:
            return 0.5


@pytest.mark.parametrize(
    "config", [wrap_callable(draw, threads=1, device="cpu"), Training("digits", device="cpu", threads=1)]
)
def test_scores_are_the_same_with_no_worker_one_and_two(config):
    """And reports come in their order."""
    leaf = aw.affine(units=10)
    results = []
    for workers in (0, 1, 2):
        with config.open(workers=workers) as evaluator:  # pyright: ignore[reportGeneralTypeIssues]
            ended, reports = run_jobs(evaluator, *(make_job(i, leaf, seed=i // 2) for i in range(3)))
        measured = ("seconds", "latency_seconds", "train_seconds", "examples_per_second", "peak_memory_bytes")
        results.append(
            [{name: value for name, value in result.metrics.items() if name not in measured} for result in ended]
        )
        assert [result.status for result in ended] == ["ok"] * 3, ended
        for trial in range(3):
            epochs = [report.epoch for report in reports if report.trial == trial]
            assert epochs == sorted(epochs)
            assert epochs
        results[-1].append(
            {f"{r.trial} {r.epoch}": r.metrics["accuracy"] for r in sorted(reports, key=lambda r: (r.trial, r.epoch))}
        )
    assert results[0] == results[1] == results[2]
    assert results[0][0] == results[0][1] != results[0][2]


@settings(max_examples=10)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_a_failing_function_costs_an_attempt(seeds):
    statuses = ["crashed", "crashed", "diverged", "ok"]
    evaluator = InProcessEvaluator(wrap_callable(fail))
    ended, _ = run_jobs(evaluator, *(make_job(i, seed=seed) for i, seed in enumerate(seeds)))
    assert [result.status for result in ended] == [statuses[seed] for seed in seeds]
    for result, seed in zip(ended, seeds, strict=True):
        assert ("ValueError: no good" in result.error) is (seed == 0)


def test_it_runs_in_this_process_and_thread_only_when_it_is_collected():
    begun = []
    evaluator = InProcessEvaluator(wrap_callable(lambda seed: begun.append(seed) or 1))
    assert (evaluator.slots, evaluator.description) == (1, None)
    evaluator.warm_up()
    assert evaluator.description is not None
    assert evaluator.description.arguments == ("seed",)
    evaluator.submit(make_job(0, seed=7))
    assert begun == []
    assert [type(message) for message in evaluator.collect(0.0)] == [AttemptResult]
    assert begun == [7]
    assert evaluator.collect(1.0) == []


def test_what_is_wrong_with_the_function_is_raised_as_it_is():
    with pytest.raises(WrongParameters, match="reads model, and nothing says the input of the models"):
        InProcessEvaluator(wrap_callable(lambda model: model)).warm_up()


def test_a_time_limit_is_refused():
    with pytest.raises(NothingToKill, match=r"limit of a trial is 60 s, and with workers=0 .* use workers=1"):
        Function("own.py:score").open(workers=0, trial_timeout=60.0)


def test_only_what_runs_within_collect_has_its_reports_handled():
    assert isinstance(InProcessEvaluator(Training()), ReportsWithin)
    assert not issubclass(WorkerPool, ReportsWithin)
    assert not issubclass(SimulatedWorkers, ReportsWithin)


def report_thrice(report):
    for epoch in (1, 2, 3):
        report(epoch, accuracy=epoch / 10)
    return 0.9


def test_a_job_stops_early_at_the_report_that_is_handled():
    evaluator, handled = InProcessEvaluator(wrap_callable(report_thrice)), []

    def handle(report: Report) -> bool:
        handled.append(report.epoch)
        if report.epoch == 2:
            evaluator.stop_early(1, "of another trial")
            evaluator.stop_early(0, "it is hopeless")
        return True

    evaluator.handle_reports(handle)
    (ended,), reports = run_jobs(evaluator, make_job(0))
    assert (handled, reports) == ([1, 2], [])
    assert ended.status == "ok"
    assert ended.stopped is not None
    assert (ended.stopped.epoch, ended.stopped.why) == (2, "it is hopeless")
    evaluator.handle_reports(lambda _: True)
    (ended,), _ = run_jobs(evaluator, make_job(0))
    assert ended.stopped is None, "what stopped an earlier job does not stop this one"


class LogIsFullError(Exception):
    """In place of what a log raises."""


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, LogIsFullError])
def test_what_is_no_fault_of_the_job_goes_through_it(interrupt):
    evaluator = InProcessEvaluator(wrap_callable(report_thrice))

    def handle(_: Report) -> bool:
        raise interrupt

    evaluator.handle_reports(handle)
    evaluator.submit(make_job(0))
    with pytest.raises(interrupt):
        evaluator.collect(1.0)
    assert evaluator.collect(1.0) == []


def test_ctrl_c_in_a_function_ends_the_attempt_without_an_end():
    def interrupted(seed):
        if seed == 0:
            raise KeyboardInterrupt
        return 1

    evaluator = InProcessEvaluator(wrap_callable(interrupted))
    evaluator.submit(make_job(0, seed=0))
    with pytest.raises(KeyboardInterrupt):
        evaluator.collect(1.0)
    (ended,), _ = run_jobs(evaluator, make_job(0, seed=1))
    assert ended.status == "ok"


def score_with_curve(architecture, seed, report):
    units = sum(term.units for term in architecture.subterms if hasattr(term, "units"))
    for epoch in (1, 2, 3):
        report(epoch, accuracy=epoch * units / 1000 + random.random())
    return {"accuracy": units / 1000 + seed % 97 / 97}


def read_trials(log: DuckDBLog, run: str) -> tuple[list[object], ...]:
    events = [logged.event for logged in log.read(run)]
    reported = [(e.trial, e.epoch, e.metrics) for e in events if isinstance(e, Reported)]
    stops = [(e.trial, e.status, e.stopped) for e in events if isinstance(e, AttemptEnded)]
    return reported, stops, [(e.trial, e.score) for e in events if isinstance(e, Scored)]


def test_a_search_in_this_process_is_the_search_that_it_is_in_a_worker(tmp_path):
    """With a rule that stops trials between two epochs, which in a worker may come too late for one."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    rule = {"rule": "median", "startup": 1, "warmup": 0}
    for name, workers in (("here", 0), ("again", 0), ("worker", 1)):
        with wrap_callable(score_with_curve).open(workers=workers) as evaluator:  # pyright: ignore[reportGeneralTypeIssues]
            assert start_run(log, name, make_started(8, stopping=rule), evaluator).reason == "finished"
    reported, ends, scores = read_trials(log, "here")
    assert (reported, ends, scores) == read_trials(log, "again")
    stopped = {trial for run in ("here", "worker") for trial, _, stop in read_trials(log, run)[1] if stop is not None}
    assert any(stop is not None for _, _, stop in ends)
    in_worker = [score for score in read_trials(log, "worker")[2] if score[0] not in stopped]
    assert [score for score in scores if score[0] not in stopped] == in_worker != []


def test_a_run_that_is_to_stop_at_once_gives_the_trial_up_at_its_next_report(tmp_path):
    """And loses no score when it goes on."""
    log, urgency = DuckDBLog(tmp_path / "log.duckdb"), [StopRequest.NONE]

    def interrupting(report, seed):
        report(1, accuracy=0.1)
        if len(calls) == 1:
            urgency[0] = StopRequest.IMMEDIATE
        calls.append(seed)
        report(2, accuracy=0.2)
        return seed % 97 / 97

    calls: list[int] = []
    callbacks = RunCallbacks(lambda: urgency[0])
    evaluator = InProcessEvaluator(wrap_callable(interrupting))
    assert start_run(log, "run", make_started(3), evaluator, callbacks=callbacks).reason == "interrupted"
    _, ends, scores = read_trials(log, "run")
    assert ([trial for trial, *_ in ends], len(scores)) == ([0], 1)
    urgency[0] = StopRequest.NONE
    assert resume_run(log, "run", evaluator, callbacks=callbacks).reason == "finished"
    reported, ends, scores = read_trials(log, "run")
    assert [(trial, epoch) for trial, epoch, _ in reported] == [
        (0, 1),
        (0, 2),
        (1, 1),
        (1, 2),
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    ]
    assert [trial for trial, *_ in ends] == [0, 1, 2]
    assert calls[1] == calls[2], "the trial has its seed again"


def draw_from_all(seed):
    import numpy as np
    import torch

    torch.set_num_threads(3)
    torch.backends.cudnn.benchmark = seed % 2 == 0
    return random.random() + float(np.random.random()) + float(torch.rand(()))


def list_own_draws():
    import numpy as np
    import torch

    return random.random(), float(np.random.random()), float(torch.rand(())), torch.get_num_threads()


@given(st.lists(st.integers(0, 3), max_size=4))
def test_the_person_s_own_generators_and_threads_stay_as_they_are(seeds):
    """Whatever jobs draw: what is drawn after them is what would have been drawn without them."""
    import numpy as np
    import torch

    evaluator = InProcessEvaluator(wrap_callable(draw_from_all, threads=2))
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    without = list_own_draws()
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    run_jobs(evaluator, *(make_job(i, seed=seed) for i, seed in enumerate(seeds)))
    assert list_own_draws() == without


def test_a_job_has_the_threads_that_its_evaluation_says_and_the_person_theirs_again():
    import torch

    def count(device):
        del device
        return {"accuracy": torch.get_num_threads()}

    before = torch.get_num_threads()
    evaluator = InProcessEvaluator(wrap_callable(count, threads=before + 2, device="cpu"))
    for _ in range(2):
        (ended,), _ = run_jobs(evaluator, make_job(0))
        assert ended.metrics["accuracy"] == before + 2
        assert torch.get_num_threads() == before


LATE = """
import random
import subprocess
import sys
import sys

import archwright as aw

def draw(seed):
    import numpy
    import torch

    return float(numpy.random.random()) + float(torch.rand(()))

assert not {"numpy", "torch"} & sys.modules.keys()
space = aw.settings(width=[1, 2, 3])
run = aw.search(space, draw, trials=1, workers=0, log=sys.argv[1], progress=False)
import numpy
import torch

print(run.best().score, float(torch.rand(())), float(numpy.random.random()))
"""


def test_a_library_that_a_job_is_the_first_to_import_is_as_it_was_when_it_was_imported(tmp_path):
    """The job draws by its seed, and what comes after it by what the system gave each process."""
    (first, *ours), (again, *others) = (run_python(LATE, tmp_path / f"{number}.duckdb") for number in (1, 2))
    assert first == again
    assert not set(ours) & set(others)


def run_python(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()
