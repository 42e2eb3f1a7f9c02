"""The CPU does not wait for a GPU within an epoch, and compiled steps learn what others do."""

import shutil
from collections import Counter

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training import trainer as trainer_module
from archwright.evaluate.training.device import reset_compiler
from archwright.evaluate.training.progress import TrainingProgress
from archwright.evaluate.training.recipe import make_recipe
from archwright.evaluate.training.train import train
from archwright.evaluate.training.trainer import (
    STEPS_BETWEEN_LOSS_READS,
    Trainer,
    choose_steps_between_loss_reads,
    compute_logits,
)

NETWORK = aw.sequential(
    aw.conv2d(filters=4, size=3), aw.batch_norm(), aw.relu(), aw.dropout(rate=0.2), aw.max_pool2d(size=2),
    aw.residual(aw.conv2d(filters=4, size=3)), aw.global_avg_pool(), aw.affine(units=10),
)  # fmt: skip
EVERYTHING = {
    "crop": 1, "flip": True, "cutout": 2, "mixup": 0.2, "label_smoothing": 0.1, "schedule": "cosine",
    "warmup": 0.1, "gradient_clip": 1.0, "ema_decay": 0.9,
}  # fmt: skip
CPU = torch.device("cpu")
READING_METHODS = {
    "item",
    "tolist",
    "numpy",
    "cpu",
    "nonzero",
    "__bool__",
    "__float__",
    "__int__",
    "__index__",
    "__array__",
}
WAITING_OPERATIONS = {"_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "equal", "unique2"}


class Methods(TorchFunctionMode):
    """Counts the calls from Python that need a tensor's value on the host."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in READING_METHODS:
            self.counts[name] += 1
        return func(*args, **(kwargs or {}))


class Operations(TorchDispatchMode):
    """Counts the operations, from wherever they are called, for which a GPU has to finish its work."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        masks = (
            any(isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in args[1]) if name == "index" else False
        )
        if name in WAITING_OPERATIONS or masks:
            self.counts[name] += 1
        return func(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def digits():
    return to_device(load_dataset("digits"), CPU)


def count_waits(data, budget, **settings):
    """What a GPU would have to be waited for in an epoch, by name, after the first one."""
    trainer = Trainer(compile_architecture(NETWORK, (1, 8, 8), 0), data, make_recipe(settings), budget, 0)
    progress, _ = trainer.train_epoch(TrainingProgress())
    with Methods() as methods, Operations() as operations:
        trainer.train_epoch(progress)
    return methods.counts + operations.counts


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "sgd_mom"])
@pytest.mark.parametrize("budget", [Budget(9, "epochs"), Budget(10**6, "examples")])
def test_an_epoch_is_waited_for_only_at_its_end(monkeypatch, digits, optimizer, budget):
    """On the CPU, with the looks of a GPU: one of an epoch's sums is all."""
    interval_on_a_gpu = choose_steps_between_loss_reads(torch.device("cuda"), budget)
    monkeypatch.setattr(trainer_module, "choose_steps_between_loss_reads", lambda *_: interval_on_a_gpu)
    assert count_waits(digits, budget, optimizer=optimizer, **EVERYTHING) == {"tolist": 1}


def test_a_budget_in_seconds_is_looked_at_now_and_then(monkeypatch, digits):
    interval_on_a_gpu = choose_steps_between_loss_reads(torch.device("cuda"), Budget(9, "seconds"))
    monkeypatch.setattr(trainer_module, "choose_steps_between_loss_reads", lambda *_: interval_on_a_gpu)
    steps = len(digits.train) // 50
    assert count_waits(digits, Budget(1000, "seconds"), batch_size=50) == {
        "tolist": -(-steps // STEPS_BETWEEN_LOSS_READS) + 1
    }


def test_a_look_at_every_step_is_seen(digits):
    """The measure can fail: on the CPU, where a look costs nothing, there is one a step."""
    assert count_waits(digits, Budget(9, "epochs"), batch_size=50) == {"tolist": len(digits.train) // 50 + 1}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_nothing_in_a_step_waits_for_a_gpu():
    """CUDA itself raises where the host would wait, in every step after the first epoch."""
    device = torch.device("cuda")
    data = to_device(load_dataset("digits"), device)
    model = compile_architecture(NETWORK, (1, 8, 8), 0).to(device)
    trainer = Trainer(model, data, make_recipe(EVERYTHING), Budget(9, "epochs"), 0)
    trainer.train_epoch(TrainingProgress())
    batch = torch.arange(64, device=device)
    torch.cuda.set_sync_debug_mode("error")
    try:
        trainer._step(batch, 0.01)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_computes_in_bfloat16_and_channels_last_and_gives_float32():
    device = torch.device("cuda")
    data, outputs = to_device(load_dataset("digits"), device), []
    model = compile_architecture(NETWORK, (1, 8, 8), 0).to(device).to(memory_format=data.memory_format)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda _, __, out: outputs.append(out))
    logits = compute_logits(model, data.normalised(data.train.images[:64]))
    assert logits.dtype == torch.float32
    assert {out.dtype for out in outputs} == {torch.bfloat16}
    assert all(out.is_contiguous(memory_format=torch.channels_last) for out in outputs)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler")
def test_compiled_steps_learn_what_plain_ones_learn(digits):
    """With a compiler at work, for a model that draws nothing at random."""
    from torch._inductor import config  # which takes a second

    # The compiler need not find out first, with twelve programs, which vectors this machine has, nor prepare for more.
    plainly, scores = config.patch({"cpp.vec_isa_ok": False, "cpp_cache_precompile_headers": False}), []
    for compiles in (False, True):
        model = compile_architecture(aw.sequential(aw.affine(units=16), aw.relu(), aw.affine(units=10)), (1, 8, 8), 0)
        before = list(model.state_dict())
        with plainly:
            verdict = train(model, digits, make_recipe({"compile": compiles}), Budget(3, "epochs"), 0, lambda *_: None)
        assert (verdict.status, list(model.state_dict())) == ("ok", before)
        scores.append(verdict.metrics["loss"])
    assert scores[1] == pytest.approx(scores[0], rel=1e-3)
    reset_compiler()
