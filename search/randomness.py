"""Random numbers that depend on a seed and on the number of a stream, not on what was drawn before."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, final

import numpy as np
from attrs import frozen

UniformStream = Callable[[], float]  # gives the next number of a stream, in [0, 1)

BLOCK_NUMBERS = 64  # numbers that are generated at once


def open_uniform_stream(seed: int, stream: int) -> UniformStream:
    """A source of numbers in [0, 1), the same for the same seed and stream (Philox, counter-based).

    Streams below 0, of trials that a run has inherited, are far from all others.
    """
    return _generate(seed, stream).__next__


@final
@frozen(eq=False)
class _Key:
    """The key of a Philox, given in place of a seed: without one, numpy draws entropy for a key that is never used."""

    words: tuple[int, int]

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
        """The key, of two words of 64 bits."""
        return np.array(self.words, dtype)


@cache
def _register_key() -> type[_Key]:
    """The class of keys, which numpy takes for seeds from now on: its random numbers take time to import."""
    np.random.bit_generator.ISeedSequence.register(_Key)
    return _Key


def _generate(seed: int, stream: int) -> Iterator[float]:
    key: Any = _register_key()((seed % 2**64, stream % 2**64))
    generator = np.random.Generator(np.random.Philox(key))
    while True:
        yield from generator.random(BLOCK_NUMBERS).tolist()
