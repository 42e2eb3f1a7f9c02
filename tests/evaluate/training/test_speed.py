"""An epoch that a GPU never waits in, compiled code that learns the same, and cores that are shared out."""

import json
import warnings
from collections import Counter

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training import device, trainer
from archwright.evaluate.training.device import NoCompiler, forget, require_compiler
from archwright.evaluate.training.progress import Course
from archwright.evaluate.training.recipe import recipe
from archwright.evaluate.training.train import train
from archwright.evaluate.training.trainer import GLANCE, Learner, looks
from archwright.evaluate.workers.machine import cores
from archwright.evaluate.workers.pool import WorkerPool
from tests.evaluate.jobs import job, run

NETWORK = aw.sequential(
    aw.conv2d(filters=4, size=3), aw.batch_norm(), aw.relu(), aw.dropout(rate=0.2), aw.max_pool2d(size=2),
    aw.residual(aw.conv2d(filters=4, size=3)), aw.global_avg_pool(), aw.affine(units=10),
)  # fmt: skip
EVERYTHING = {
    "crop": 1, "flip": True, "cutout": 2, "mixup": 0.2, "label_smoothing": 0.1, "schedule": "cosine",
    "warmup": 0.1, "gradient_clip": 1.0, "ema_decay": 0.9,
}  # fmt: skip
CPU = torch.device("cpu")
LOOKS = {"item", "tolist", "numpy", "cpu", "nonzero", "__bool__", "__float__", "__int__", "__index__", "__array__"}
WAITS = {"_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "equal", "unique2"}


class Methods(TorchFunctionMode):
    """Counts the calls from Python that need a tensor's value on the host."""

    def __init__(self):
        super().__init__()
        self.seen = Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in LOOKS:
            self.seen[name] += 1
        return func(*args, **(kwargs or {}))


class Operations(TorchDispatchMode):
    """Counts the operations, from wherever they are called, for which a GPU has to finish its work."""

    def __init__(self):
        super().__init__()
        self.seen = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        masks = (
            any(isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in args[1]) if name == "index" else False
        )
        if name in WAITS or masks:
            self.seen[name] += 1
        return func(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def digits():
    return to_device(load_dataset("digits"), CPU)


def waits(data, budget, **settings):
    """What a GPU would have to be waited for in an epoch, by name, after the first one."""
    learner = Learner(compile_architecture(NETWORK, (1, 8, 8), 0), data, recipe(settings), budget, 0)
    course, _ = learner.epoch(Course())
    with Methods() as methods, Operations() as operations:
        learner.epoch(course)
    return methods.seen + operations.seen


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "sgd_mom"])
@pytest.mark.parametrize("budget", [Budget(9, "epochs"), Budget(10**6, "examples")])
def test_an_epoch_is_waited_for_only_at_its_end(monkeypatch, digits, optimizer, budget):
    """On the CPU, with the looks of a GPU: one of an epoch's sums is all."""
    as_on_a_gpu = looks(torch.device("cuda"), budget)
    monkeypatch.setattr(trainer, "looks", lambda *_: as_on_a_gpu)
    assert waits(digits, budget, optimizer=optimizer, **EVERYTHING) == {"tolist": 1}


def test_a_budget_in_seconds_is_looked_at_now_and_then(monkeypatch, digits):
    as_on_a_gpu = looks(torch.device("cuda"), Budget(9, "seconds"))
    monkeypatch.setattr(trainer, "looks", lambda *_: as_on_a_gpu)
    steps = len(digits.train) // 50
    assert waits(digits, Budget(1000, "seconds"), batch_size=50) == {"tolist": -(-steps // GLANCE) + 1}


def test_a_look_at_every_step_is_seen(digits):
    """The measure can fail: on the CPU, where a look costs nothing, there is one a step."""
    assert waits(digits, Budget(9, "epochs"), batch_size=50) == {"tolist": len(digits.train) // 50 + 1}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_nothing_in_a_step_waits_for_a_gpu():
    """CUDA itself raises where the host would wait, in every step after the first epoch."""
    device = torch.device("cuda")
    data = to_device(load_dataset("digits"), device)
    model = compile_architecture(NETWORK, (1, 8, 8), 0).to(device)
    learner = Learner(model, data, recipe(EVERYTHING), Budget(9, "epochs"), 0)
    learner.epoch(Course())
    batch = torch.arange(64, device=device)
    torch.cuda.set_sync_debug_mode("error")
    try:
        learner._step(batch, 0.01)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_computes_in_bfloat16_and_channels_last_and_gives_float32():
    device = torch.device("cuda")
    data, seen = to_device(load_dataset("digits"), device), []
    model = compile_architecture(NETWORK, (1, 8, 8), 0).to(device).to(memory_format=data.layout)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda _, __, out: seen.append(out))
    logits = trainer.forward(model, data.normalised(data.train.images[:64]))
    assert logits.dtype == torch.float32
    assert {out.dtype for out in seen} == {torch.bfloat16}
    assert all(out.is_contiguous(memory_format=torch.channels_last) for out in seen)


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
    from archwright.evaluate.user_code import load_object

    (tmp_path / "tells.py").write_text(OWN)
    source, workers = f"{tmp_path / 'tells.py'}:space", 2
    with WorkerPool(TrainingConfig(device="cpu"), workers=workers, space_source=source) as pool:
        ended, _ = run(pool, *(job(i, load_object(source), Budget(20, "epochs")) for i in range(4)))
    assert [e.status for e in ended] == ["ok"] * 4
    told = [json.loads(file.read_text()) for file in tmp_path.glob("threads-*")]
    assert len(told) == workers
    assert {(interop, compiler) for _, interop, compiler in told} == {(1, False)}
    assert all(threads == max(1, cores() // workers) for threads, *_ in told)
    assert sum(threads for threads, *_ in told) <= max(cores(), workers)


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
    assert [str(device.chosen_device(name, index)) for index in range(3)] == expected


def test_a_compiler_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(device.shutil, "which", lambda _: None)
    with pytest.raises(NoCompiler, match="install g\\+\\+ or set CXX"):
        require_compiler(CPU)


def test_what_the_compiler_says_of_python_3_13_0_is_no_error():
    """And that alone: with other words, or of another kind, a warning is one, as everywhere in these tests."""
    device.for_steps(compile_architecture(aw.sequential(aw.affine(units=10)), (1, 8, 8), 0), True)
    said = "Guards may run slower on Python 3.13.0. Consider upgrading to Python 3.13.1+."
    warnings.warn(said, RuntimeWarning, stacklevel=1)
    for warning, kind in ((said, UserWarning), ("Guards may run slower", RuntimeWarning)):
        with pytest.raises(kind):
            warnings.warn(warning, kind, stacklevel=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not any(map(device.shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler")
def test_compiled_steps_learn_what_plain_ones_learn(digits):
    """With a compiler at work, for a model that draws nothing at random."""
    from torch._inductor import config  # which takes a second

    # The compiler need not find out first, with twelve programs, which vectors this machine has, nor prepare for more.
    plainly, scores = config.patch({"cpp.vec_isa_ok": False, "cpp_cache_precompile_headers": False}), []
    for wanted in (False, True):
        model = compile_architecture(aw.sequential(aw.affine(units=16), aw.relu(), aw.affine(units=10)), (1, 8, 8), 0)
        before = list(model.state_dict())
        with plainly:
            verdict = train(model, digits, recipe({"compile": wanted}), Budget(3, "epochs"), 0, lambda *_: None)
        assert (verdict.status, list(model.state_dict())) == ("ok", before)
        scores.append(verdict.metrics["loss"])
    assert scores[1] == pytest.approx(scores[0], rel=1e-3)
    forget()
