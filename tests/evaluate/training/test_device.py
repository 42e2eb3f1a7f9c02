"""Workers share the cores and the GPUs, and torch.compile is refused where there is no compiler."""

import json
import warnings

import pytest
import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training import device
from archwright.evaluate.training.device import NoCompiler, choose_device, compile_for_training, require_compiler
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers.machine import count_cores
from archwright.evaluate.workers.pool import WorkerPool
from tests.evaluate.jobs import make_job, run_jobs

OWN = """
import json, os, sys
import archwright as aw

@aw.module
class TellsThreads(aw.Basic):
    __slots__ = ()
    def out_shape(self, in_shape):
        return in_shape
    def compile(self, in_shape):
        import torch
        with open(os.path.dirname(__file__) + f"/threads-{os.getpid()}", "w") as file:
            compiler = "torch._dynamo" in sys.modules
            json.dump([torch.get_num_threads(), torch.get_num_interop_threads(), compiler], file)
        return torch.nn.Identity()

space = aw.sequential(TellsThreads(), aw.affine(units=10))
"""


def test_workers_share_the_cores(tmp_path):
    """Each tells its threads from within a trial; together they are no more than there are cores for.

    It tells too that the trial before has not imported torch's compiler, which takes as long as the rest of torch.
    """
    from archwright.store.user_code import load_object

    (tmp_path / "tells.py").write_text(OWN)
    source, workers = f"{tmp_path / 'tells.py'}:space", 2
    with WorkerPool(Training(device="cpu"), workers=workers, space_source=source) as pool:
        ended, _ = run_jobs(pool, *(make_job(i, load_object(source), Budget(20, "epochs")) for i in range(4)))
    assert [e.status for e in ended] == ["ok"] * 4
    written = [json.loads(file.read_text()) for file in tmp_path.glob("threads-*")]
    assert len(written) == workers
    assert {(interop, compiler) for _, interop, compiler in written} == {(1, False)}
    assert all(threads == max(1, count_cores() // workers) for threads, *_ in written)
    assert sum(threads for threads, *_ in written) <= max(count_cores(), workers)


@pytest.mark.parametrize(
    ("name", "gpus", "expected"),
    [
        ("auto", 0, ["cpu", "cpu", "cpu"]),
        ("auto", 2, ["cuda:0", "cuda:1", "cuda:0"]),
        ("cuda:0", 2, ["cuda:0", "cuda:0", "cuda:0"]),
        ("cpu", 2, ["cpu", "cpu", "cpu"]),
    ],
)
def test_workers_are_spread_over_the_gpus_or_share_the_one_that_is_named(monkeypatch, name, gpus, expected):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert [str(choose_device(name, index)) for index in range(3)] == expected


def test_a_compiler_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(device.shutil, "which", lambda _: None)
    with pytest.raises(NoCompiler, match="install g\\+\\+ or set CXX"):
        require_compiler(torch.device("cpu"))


def test_what_the_compiler_says_of_python_3_13_0_is_no_error():
    """And that alone: with other words, or of another kind, a warning is one, as everywhere in these tests."""
    compile_for_training(compile_architecture(aw.sequential(aw.affine(units=10)), (1, 8, 8), 0))
    message = "Guards may run slower on Python 3.13.0. Consider upgrading to Python 3.13.1+."
    warnings.warn(message, RuntimeWarning, stacklevel=1)
    for warning, kind in ((message, UserWarning), ("Guards may run slower", RuntimeWarning)):
        with pytest.raises(kind):
            warnings.warn(warning, kind, stacklevel=1)
