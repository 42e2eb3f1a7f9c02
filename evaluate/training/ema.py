"""The average of a model's weights over the steps of its training, which often does better than the last of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_lerp, _copy = torch._foreach_lerp_, torch._foreach_copy_  # pyright: ignore[reportPrivateImportUsage]  (as torch's own averages)


class Average:
    """An exponential moving average of the parameters and of the buffers that are no counts, such as a batch norm's.

    A batch norm's mean and variance belong to the weights that they were taken with, so they are averaged like these.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._live = [*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())]
        self._average = [tensor.detach().clone() for tensor in self._live]
        self._steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the model as it is after one more step; the first steps weigh more, to forget the start."""
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        _lerp(self._average, self._live, 1 - decay)
        self._steps += 1

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the average in it; afterwards, what it had before."""
        before = [tensor.detach().clone() for tensor in self._live]
        self._put(self._average)
        try:
            yield
        finally:
            self._put(before)

    @torch.no_grad()
    def _put(self, values: list[Tensor]) -> None:
        _copy(self._live, values)

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors, none of which changes when there are more steps."""
        return {"average": [tensor.clone() for tensor in self._average], "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        _copy(self._average, [tensor.to(self._average[0].device) for tensor in state["average"]])
        self._steps = state["steps"]
