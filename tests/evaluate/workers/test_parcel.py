"""Functions and kinds that no other process can import, in workers."""

import functools
import json
import os
import subprocess
import sys
import threading

import pytest

import archwright as aw
from archwright.core.json import collect_user_kinds, to_json
from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.logged_evaluations import evaluation_from_json, evaluation_to_json
from archwright.evaluate.workers.parcel import CannotTravel, Parcel, pack, unpack
from archwright.evaluate.workers.pool import WorkerPool
from archwright.store.needed import FunctionNeeded
from tests.evaluate.jobs import make_job, run_jobs

SCRIPT = """
import json, os, signal
from pathlib import Path
import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import AttemptResult, Job
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.functions.callables import wrap_callable
from archwright.core.json import collect_user_kinds
from archwright.evaluate.workers.pool import WorkerPool

@aw.module
class Scale(aw.Basic):
    factor: int = aw.hyperparameter()

    def out_shape(self, in_shape):
        return in_shape

    def parameters(self, in_shape):
        return self.factor

    def compile(self, in_shape):
        from torch import nn

        return nn.Linear(self.factor, 1, bias=False)

@aw.module
class Tower(aw.Rewriting):
    height: int = aw.hyperparameter()

    def expand(self):
        return aw.sequential(*[Scale(factor=[2, 3])] * self.height)

def count_scales(term):
    return isinstance(term, Scale) * WEIGHT + sum(map(count_scales, term.subterms))

WEIGHT = 10
SPACE = aw.sequential(Tower(height=[1, 2]), Scale(factor=1))

def evaluate(architecture, budget, seed):
    died = Path(f"died-{seed}")
    if seed == 2 and not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == 3:
        raise ValueError("no good")
    return {"accuracy": count_scales(architecture), "parameters": architecture.parameters((4,)), "pid": os.getpid()}

if __name__ == "__main__":
    function = wrap_callable(evaluate)
    import random

    uniform = random.Random(0).random
    ended = {}
    with WorkerPool(function, workers=2, kinds=collect_user_kinds(SPACE)) as pool:
        pool.warm_up()
        leaves = [aw.sample(aw.root(SPACE, (4,)), uniform).architecture for _ in range(6)]
        jobs = [Job(i, 1, leaf, Budget(1, "epochs"), i) for i, leaf in enumerate(leaves)]
        jobs.append(Job(6, 2, leaves[2], Budget(1, "epochs"), 2))
        running = 0
        while len(ended) < 7:
            while jobs and running < pool.slots:
                pool.submit(jobs.pop(0))
                running += 1
            for message in pool.collect(1.0):
                if isinstance(message, AttemptResult):
                    ended[message.trial] = [message.status, dict(message.metrics), message.error]
                    running -= 1
        arguments = pool.description.arguments
    expected = [[count_scales(leaf), leaf.parameters((4,))] for leaf in [*leaves, leaves[2]]]
    logged = evaluation_to_json(function)
    print(json.dumps({"ended": ended, "expected": expected, "arguments": arguments, "logged": logged}))
"""


def test_a_script_s_function_and_kinds_are_known_to_its_workers_also_to_one_that_replaces_another(tmp_path):
    """And to the second one of two, and what a kind stands for, and the log has their names and texts alone."""
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    ended = {int(trial): result for trial, result in said["ended"].items()}
    assert said["arguments"] == ["architecture", "budget", "seed"]
    assert ended[2][0] == "crashed"
    assert "SIGKILL" in ended[2][2]
    assert ended[3][0] == "crashed"
    assert f'File "{tmp_path}/script.py"' in ended[3][2], "tracebacks are of the person's file"
    assert 'raise ValueError("no good")' in ended[3][2]
    scored = {0, 1, 4, 5, 6}
    assert {trial for trial in ended if ended[trial][0] == "ok"} == scored
    for trial in scored:
        metrics = ended[trial][1]
        assert [metrics["accuracy"], metrics["parameters"]] == said["expected"][trial]
    assert len({ended[trial][1]["pid"] for trial in scored}) > 1
    logged = said["logged"]
    assert (logged["source"], logged["by_value"]) == ("__main__:evaluate", True)
    assert logged["source_text"].startswith("def evaluate(architecture, budget, seed):")
    assert "target" not in logged


def make_closure(base):
    def closure(architecture, seed):
        return base + seed + (architecture is None)

    return closure


class Scorer:
    """Called like a function."""

    def __init__(self, base):
        self.base = base

    def __call__(self, seed):
        return self.base + seed

    def score(self, seed):
        return self.base + seed


@pytest.mark.parametrize(
    "target",
    [
        make_closure(10),
        lambda seed: 10 + seed,
        Scorer(10),
        Scorer(10).score,
        functools.partial(lambda base, seed: base + seed, 10),
    ],
)
def test_functions_of_every_form_score_in_a_worker(target):
    with WorkerPool(wrap_callable(target)) as pool:
        (ended,), _ = run_jobs(pool, make_job(0, seed=3))
    assert ended.error == ""
    assert ended.metrics["accuracy"] == 13


def make_kind():
    @aw.module
    class Half(aw.Basic):
        size: int = aw.hyperparameter()

        def out_shape(self, in_shape):
            return (in_shape[0] // 2,)

    return Half


def test_a_kind_that_travels_is_a_kind():
    """Its values are immutable, and equal those that are read from JSON."""
    half = make_kind()
    (kind,) = collect_user_kinds(aw.sequential(aw.relu(), aw.optional(half([1, 2])), half(3)))
    code = f"""
import archwright as aw
from archwright.evaluate.workers.parcel import unpack
parcel = unpack({pack(Parcel(None, (kind,)))!r})
(kind,) = parcel.kinds
term = aw.from_json({to_json(half(2))!r})
assert type(term) is kind and term == kind(2) and hash(term) == hash(kind(2)) and term.size == 2
assert not hasattr(term, "__dict__") and term.out_shape((8,)) == (4,)
assert [aw.to_json(leaf.architecture) for leaf in aw.enumerate_leaves(kind([1, 2]), (8,))] == [
    aw.to_json(kind(1)), aw.to_json(kind(2))
]
try:
    term.size = 4
except AttributeError:
    print("fine")
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("fine\n", "")
    assert collect_user_kinds(aw.sequential(aw.relu(), aw.affine(3))) == ()
    assert (pack(Parcel()), unpack(None)) == (None, Parcel())


def test_what_cannot_be_sent_is_told_by_its_name():
    lock = threading.Lock()
    with pytest.raises(CannotTravel, match=r"<lambda> cannot be sent to worker processes: .*lock.*workers=0"):
        WorkerPool(wrap_callable(lambda: lock))


def test_a_function_that_was_not_given_again_is_asked_for():
    logged = evaluation_from_json(evaluation_to_json(wrap_callable(make_closure(3))))
    with pytest.raises(
        FunctionNeeded, match=r"make_closure.<locals>.closure, which .* and give it: evaluation=closure$"
    ):
        WorkerPool(logged)
