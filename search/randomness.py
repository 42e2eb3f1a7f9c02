"""Random numbers that depend on a seed and a place in the search, not on what was drawn before."""

from collections.abc import Callable, Iterator

import numpy as np

_BLOCK = 64


def uniforms(seed: int, proposal: int) -> Callable[[], float]:
    """A source of numbers in [0, 1), the same for the same seed and proposal number (Philox, counter-based)."""
    return _stream(seed, proposal).__next__


def _stream(seed: int, proposal: int) -> Iterator[float]:
    generator = np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, proposal], dtype=np.uint64)))
    while True:
        yield from generator.random(_BLOCK).tolist()
