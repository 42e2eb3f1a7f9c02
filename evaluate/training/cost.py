"""The multiplications of a forward pass, counted as they are computed.

What counts are products: of matrices, convolutions, attention, recurrent layers. Counts as nothing, by definition:
looking up (embeddings), normalising, scaling and shifting, activations, pooling, sums, softmax, moving data.
"""

import ctypes
import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from archwright.evaluate.data.tensors import DeviceData
from archwright.evaluate.training.trainer import forward
from archwright.evaluate.verdict import Metrics

aten = torch.ops.aten

Shape = Sequence[int]


def flops(model: nn.Module, run: Callable[[], object]) -> int | None:
    """What `run` costs, a forward pass of `model`: two for each multiplication with its addition.

    None where something was done with the model's own weights whose cost nobody has told, or where nothing was seen of
    a model that has weights, as where it computes in a thread of its own or in numpy.
    """
    with _plain_attention(), _Flops(model) as counted:
        run()
    return None if counted.unknown or counted.missed else counted.flops


@contextmanager
def _plain_attention() -> Generator[None]:
    """Attention step by step in the block: the fast paths are one operation for a whole layer, without a formula."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


class _Flops(TorchDispatchMode):
    """Counts with torch's formulas; its own FlopCounterMode takes six times as long, to tell each layer's share."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.flops = 0
        self.unknown = set[str]()  # operations on weights that neither count nor count as nothing
        self._weights = {_memory(weight) for weight in model.parameters()}
        self._at_work = False  # whether anything was done with weights

    @property
    def missed(self) -> bool:
        """Whether a model with weights did nothing with them that was seen."""
        return bool(self._weights) and not self.flops and not self._at_work

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or else torch would import its compiler, to keep this from being compiled

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        operation = func.overloadpacket
        if operation in FORMULAS:
            self.flops += FORMULAS[operation](*args)
        elif operation in flop_registry:
            self.flops += flop_registry[operation](*args, **kwargs, out_val=out)
        elif any(_memory(each) in self._weights for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)):
            self._at_work = self._at_work or not func.is_view
            if operation in COPIES:  # as of another type: the copy is the weight, too
                self._weights.add(_memory(out))
            elif not _counts_as_nothing(func):
                self.unknown.add(str(operation))
        return out


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata  # its address would be 0 of an empty one


def _counts_as_nothing(func: Any) -> bool:
    """Whether an operation has no products: element by element, a view, a sum over axes, or one that is named."""
    return func.is_view or not WITHOUT_PRODUCTS.isdisjoint(func.tags) or func.overloadpacket in NOTHING


def _of_attention(query: Tensor, key: Tensor, value: Tensor, *_: Any) -> int:
    """Queries by keys, and what comes of that by values: (batch, heads, length, width) each."""
    batch, heads, length, width = query.shape
    return 2 * batch * heads * length * key.shape[-2] * (width + value.shape[-1])


def _of_vector(matrix: Tensor, *_: Any) -> int:
    """A matrix or a vector by a vector."""
    return 2 * matrix.numel()


def _of_trilinear(a: Tensor, weight: Tensor, b: Tensor, *_: Any) -> int:
    """X W y for each output, as nn.Bilinear has it: by the one first, then by the other."""
    outputs, width = weight.shape[:2]
    rows = a.numel() // width
    return 2 * rows * (weight.numel() + outputs * b.shape[-1])


def _of_layer(x: Tensor, *rest: Any) -> int:
    """One direction of a recurrent layer (oneDNN): each of its matrices by each step of each sequence."""
    return _of_steps(x.shape[0] * x.shape[1], rest[:4])


def _of_recurrent(x: Tensor, weights: Sequence[Tensor], *rest: Any) -> int:
    """All layers and directions (cuDNN): each matrix by each step; packed sequences are (steps of all, width)."""
    del rest
    return _of_steps(x.numel() // x.shape[-1], weights)


def _of_steps(steps: int, weights: Sequence[Tensor]) -> int:
    return 2 * steps * sum(weight.numel() for weight in weights if weight.dim() == 2)


# What torch's registry has no formula for.
FORMULAS: Mapping[Any, Callable[..., int]] = {
    aten._scaled_dot_product_flash_attention_for_cpu: _of_attention,
    aten._scaled_dot_product_fused_attention_overrideable: _of_attention,
    aten._scaled_dot_product_attention_math_for_mps: _of_attention,
    aten.mv: _of_vector,
    aten.dot: _of_vector,
    aten.vdot: _of_vector,
    aten.addmv: lambda _, matrix, *rest: _of_vector(matrix, *rest),
    aten._trilinear: _of_trilinear,
    aten.mkldnn_rnn_layer: _of_layer,
    aten._cudnn_rnn: _of_recurrent,
}
COPIES = frozenset({aten._to_copy, aten.clone})
WITHOUT_PRODUCTS = frozenset({torch.Tag.pointwise, torch.Tag.reduction})  # as torch marks them
# Others that have none.
NOTHING = frozenset(
    getattr(aten, name)
    for name in [
        "embedding",
        "_embedding_bag",
        "native_layer_norm",
        "native_group_norm",
        "native_batch_norm",
        "cudnn_batch_norm",
        "_native_batch_norm_legit",
        "_native_batch_norm_legit_no_training",
        "_batch_norm_with_update",
        "_fused_rms_norm",
        "_prelu_kernel",
        "_weight_norm_interface",
        "_softmax",
        "_log_softmax",
        "_safe_softmax",
        "cumsum",
        "rsub",
        "cat",
        "stack",
        "repeat",
        "roll",
        "flip",
        "tril",
        "triu",
        "constant_pad_nd",
        "copy_",
        "_unsafe_view",
        "zeros_like",
        "ones_like",
        "empty_like",
        "index",
        "index_select",
        "index_put",
        "index_put_",
        "gather",
        "scatter",
        "upsample_bilinear2d",
        "upsample_nearest2d",
        "upsample_bicubic2d",
    ]
)


BATCH = 32  # images; the same for every trial, whatever its recipe, so that latencies can be compared
FEWEST, MOST = 3, 9  # times that a batch is run to measure its latency ...
ENOUGH = 0.01  # ... until so many seconds are spent on it


def a_batch(data: DeviceData) -> Tensor:
    """32 training images, normalised; some of them more than once where there are fewer."""
    return data.normalised(data.train.images[torch.arange(BATCH, device=data.device) % len(data.train)])


@torch.no_grad()
def facts(model: nn.Module, images: Tensor) -> Metrics:
    """`flops` of one image's forward pass and `latency_seconds` of the batch, in eval mode where the images are.

    FLOPs are two for a multiplication with its addition in products of matrices, convolutions, attention and recurrent
    layers, and none for anything else; there are none of a model that has weights in an operation whose cost is not
    known. The latency is the median of 3 to 9 runs after one that warms up, each until the device is done.
    """
    model.eval()
    work = flops(model, lambda: forward(model, images))
    known = {} if work is None else {"flops": work / len(images)}
    return {**known, "latency_seconds": _latency(model, images)}


def _latency(model: nn.Module, images: Tensor) -> float:
    spent: list[float] = []
    while len(spent) < FEWEST or (len(spent) < MOST and sum(spent) < ENOUGH):
        _wait(images.device)
        began = time.perf_counter()
        forward(model, images)
        _wait(images.device)
        spent.append(time.perf_counter() - began)
    return median(spent)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Memory:
    """The memory that a trial takes: what a worker held before does not count, such as torch and the data.

    Of a GPU, it is what the trial's tensors take. On a CPU, it is how far the resident memory of the process grew,
    which Linux can tell of a stretch of time; memory that an earlier trial left to the process counts as held before,
    so that it is less than the truth now and then.
    """

    def __init__(self, device: torch.device) -> None:
        """Begins to measure; raises nothing, as memory may be unknown."""
        self._device = device
        self._before: int | None = None
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._before = torch.cuda.memory_allocated(device)
        elif device.type == "cpu":
            _give_back()
            with suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")  # the peak is that since now (proc(5))
                self._before = _resident("VmRSS")

    def peak(self) -> Metrics:
        """`peak_memory_bytes` since the beginning; nothing where the system does not tell."""
        if self._before is None:
            return {}
        cuda = self._device.type == "cuda"
        highest = torch.cuda.max_memory_allocated(self._device) if cuda else _resident("VmHWM")
        return {"peak_memory_bytes": max(0, highest - self._before)}


def _resident(name: str) -> int:
    """Bytes of this process in RAM, now (VmRSS) or at most (VmHWM)."""
    found = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise OSError(f"/proc/self/status does not tell {name}")
    return int(found[1]) * 1024


def _give_back() -> None:
    """Hands the system what an earlier trial has freed and the C library keeps, where that is glibc."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
