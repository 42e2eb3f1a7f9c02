"""Random numbers that depend on a seed and on the number of a stream, not on what was drawn before."""

from collections.abc import Callable, Iterator

import numpy as np

UniformStream = Callable[[], float]  # gives the next number of a stream, in [0, 1)

BLOCK_NUMBERS = 64  # numbers that are generated at once


def open_uniform_stream(seed: int, stream: int) -> UniformStream:
    """A source of numbers in [0, 1), the same for the same seed and stream (Philox, counter-based).

    Streams below 0, of trials that a run has inherited, are far from all others.
    """
    return _generate(seed, stream).__next__


def _generate(seed: int, stream: int) -> Iterator[float]:
    generator = np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, stream % 2**64], dtype=np.uint64)))
    while True:
        yield from generator.random(BLOCK_NUMBERS).tolist()
