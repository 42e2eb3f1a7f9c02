"""The floating-point operations (FLOPs) of a forward pass, counted while it runs: two per multiplication and addition.

Only products count: of matrices, convolutions, attention, recurrent layers. By definition all else counts as 0:
embeddings, normalisation, scaling and shifting, activations, pooling, sums, softmax, moving data.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

aten = torch.ops.aten


def count_flops(model: nn.Module, forward: Callable[[], object]) -> int | None:
    """The FLOPs of `forward`, which runs a forward pass of `model`; None if they are not known.

    They are not where the model's weights are used by an operation of unknown cost, nor where a model with weights was
    not seen to use any, because it computes in a thread of its own or in numpy.
    """
    with _disable_attention_fast_path(), _FlopCounter(model) as counter:
        forward()
    return None if counter.unknown_operations or counter.has_missed_weights else counter.flops


@contextmanager
def _disable_attention_fast_path() -> Generator[None]:
    """Attention runs step by step in the block: its fast path is one operation per layer, which has no formula."""
    was_enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was_enabled)


class _FlopCounter(TorchDispatchMode):
    """Counts by torch's formulas. Torch's own FlopCounterMode also counts per layer, for six times the time."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.flops = 0
        self.unknown_operations = set[str]()  # on weights, and of unknown cost
        self._weights = {_get_storage_id(weight) for weight in model.parameters()}
        self._used_weights = False

    @property
    def has_missed_weights(self) -> bool:
        """Whether the model has weights, but no operation on any was seen."""
        return bool(self._weights) and not self.flops and not self._used_weights

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or else torch would import its compiler, to keep this from being compiled

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        operation = func.overloadpacket
        if operation in FLOP_FORMULAS:
            self.flops += FLOP_FORMULAS[operation](*args)
        elif operation in flop_registry:
            self.flops += flop_registry[operation](*args, **kwargs, out_val=out)
        elif any(_get_storage_id(x) in self._weights for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)):
            self._used_weights = self._used_weights or not func.is_view
            if operation in COPYING_OPERATIONS:  # as of another dtype: the copy holds the weight, too
                self._weights.add(_get_storage_id(out))
            elif not _is_free(func):
                self.unknown_operations.add(str(operation))
        return out


def _get_storage_id(tensor: Tensor) -> int:
    """A number that identifies the memory of a tensor; the address would be 0 for all empty ones."""
    return tensor.untyped_storage()._cdata


def _is_free(func: Any) -> bool:
    """Whether an operation computes no products: element by element, a view, a sum over axes, or listed as free."""
    return func.is_view or not FREE_TAGS.isdisjoint(func.tags) or func.overloadpacket in FREE_OPERATIONS


def _count_attention(query: Tensor, key: Tensor, value: Tensor, *_: Any) -> int:
    """Queries times keys, and the result times values: each (batch, heads, length, width)."""
    batch, heads, length, width = query.shape
    return 2 * batch * heads * length * key.shape[-2] * (width + value.shape[-1])


def _count_vector_product(matrix: Tensor, *_: Any) -> int:
    """A matrix or a vector times a vector."""
    return 2 * matrix.numel()


def _count_trilinear(a: Tensor, weight: Tensor, b: Tensor, *_: Any) -> int:
    """The products a W b of each output of nn.Bilinear: first with `a`, then with `b`."""
    outputs, width = weight.shape[:2]
    rows = a.numel() // width
    return 2 * rows * (weight.numel() + outputs * b.shape[-1])


def _count_onednn_recurrent(x: Tensor, *rest: Any) -> int:
    """One direction of a recurrent layer: each of its matrices times each step of each sequence."""
    return _count_recurrent_steps(x.shape[0] * x.shape[1], rest[:4])


def _count_cudnn_recurrent(x: Tensor, weights: Sequence[Tensor], *_: Any) -> int:
    """All layers and directions: each matrix times each step; packed sequences are (total steps, width)."""
    return _count_recurrent_steps(x.numel() // x.shape[-1], weights)


def _count_recurrent_steps(steps: int, weights: Sequence[Tensor]) -> int:
    return 2 * steps * sum(weight.numel() for weight in weights if weight.dim() == 2)


# The FLOPs of operations that are not in torch's registry.
FLOP_FORMULAS: Mapping[Any, Callable[..., int]] = {
    aten._scaled_dot_product_flash_attention_for_cpu: _count_attention,
    aten._scaled_dot_product_fused_attention_overrideable: _count_attention,
    aten._scaled_dot_product_attention_math_for_mps: _count_attention,
    aten.mv: _count_vector_product,
    aten.dot: _count_vector_product,
    aten.vdot: _count_vector_product,
    aten.addmv: lambda _, matrix, *rest: _count_vector_product(matrix, *rest),
    aten._trilinear: _count_trilinear,
    aten.mkldnn_rnn_layer: _count_onednn_recurrent,
    aten._cudnn_rnn: _count_cudnn_recurrent,
}
COPYING_OPERATIONS = frozenset({aten._to_copy, aten.clone})
FREE_TAGS = frozenset({torch.Tag.pointwise, torch.Tag.reduction})
FREE_OPERATIONS = frozenset(  # those without products that torch tags otherwise
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
