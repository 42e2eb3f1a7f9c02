"""Models as torch modules, outside of any search."""

from typing import TYPE_CHECKING

from archwright.core.errors import show
from archwright.core.input import Input, read_input
from archwright.core.shape import Shape
from archwright.core.taken_input import NotASpace
from archwright.core.term import Term
from archwright.execution.checks import BadArgument, read_seed

if TYPE_CHECKING:
    from torch import nn


def compile(architecture: Term, input: Input | Shape | str, *, seed: int = 0) -> "nn.Module":  # noqa: A001, A002  (aw.compile)
    """The torch module of an architecture, for inputs of this type or shape, with weights drawn from `seed`.

    It is on the CPU, in eval mode, and no torch.compile. Raises NotASpace of what is no module, BadArgument of what is
    no seed, and what `compile_architecture` does.
    """
    if not isinstance(architecture, Term):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
        raise NotASpace(
            f"the architecture is {show(architecture)}; it must be a module such as aw.sequential(...), without choices"
        )
    from archwright.evaluate.network.compile import compile_architecture  # only here: torch takes seconds

    return compile_architecture(architecture, read_input(input) or (), _read_torch_seed(seed))


def _read_torch_seed(given: object) -> int:
    seed = read_seed(given)
    if not -(2**63) <= seed < 2**64:
        raise BadArgument(f"seed is {seed}; torch takes those from -2^63 to 2^64 - 1")
    return seed
