"""The exponential moving average (EMA) of a model's weights over its steps, often better than the last weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_lerp, _copy = torch._foreach_lerp_, torch._foreach_copy_  # pyright: ignore[reportPrivateImportUsage]  (as torch's own averages)


class ExponentialMovingAverage:
    """The average of the model's parameters and floating-point buffers; counts such as num_batches_tracked have none.

    A batch norm's running mean and variance belong to the weights that they were computed with: they are averaged too.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._weights = [*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())]
        self._average = [tensor.detach().clone() for tensor in self._weights]
        self._steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Updates the average with the model's weights, once after each step of the optimizer.

        Step t = 0, 1 ... has a decay of at most (1 + t) / (10 + t), so that the initial weights are soon forgotten.
        """
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        _lerp(self._average, self._weights, 1 - decay)
        self._steps += 1

    @contextmanager
    def swap_in(self) -> Iterator[None]:
        """In the block the model's weights are the average; afterwards they are what they were before."""
        original_weights = [tensor.detach().clone() for tensor in self._weights]
        self._overwrite_weights(self._average)
        try:
            yield
        finally:
            self._overwrite_weights(original_weights)

    @torch.no_grad()
    def _overwrite_weights(self, values: list[Tensor]) -> None:
        _copy(self._weights, values)

    def state_dict(self) -> dict[str, Any]:
        """Plain values and copies of tensors: later updates do not change it."""
        return {"average": [tensor.clone() for tensor in self._average], "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from the state of another average of the same model."""
        _copy(self._average, [tensor.to(self._average[0].device) for tensor in state["average"]])
        self._steps = state["steps"]
