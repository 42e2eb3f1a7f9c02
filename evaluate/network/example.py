"""Examples of a model's inputs, on which it is tried, measured and exported."""

import torch
from torch import Tensor

from archwright.core.input import Input


def make_example(value: Input, batch_size: int, seed: int) -> Tensor:
    """A batch of such inputs, (batch_size, *shape), drawn from `seed` as `draw_example` draws it; on the CPU."""
    return draw_example(value, batch_size, torch.Generator().manual_seed(seed))


def draw_example(value: Input, batch_size: int, generator: torch.Generator) -> Tensor:
    """A batch of such inputs, (batch_size, *shape), on the CPU.

    Tokens are int64, each one of the vocabulary as likely as any other; all else is float32 noise of mean 0 and
    deviation 1. Drawn from `generator`: one number an element.
    """
    shape = (batch_size, *value.shape)
    if value.vocabulary is not None:
        return torch.randint(value.vocabulary, shape, generator=generator)
    return torch.randn(shape, generator=generator)
