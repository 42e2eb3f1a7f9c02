"""Modules that run other modules (DeepArchitect, appendix B.2 and D)."""

from typing import final

from archwright.core.builders import name_wrong_arguments
from archwright.core.hyperparameter import Hyperparameter, hyperparameter, integer, one_of
from archwright.core.kind import child, children, module
from archwright.core.names import name_children, split_name
from archwright.core.term import Composite, Term
from archwright.core.wiring import MERGES, RESIDUAL, Wiring, chain, fan_out


@final
@module
class Sequential(Composite):
    """Its children one after the other."""

    children: tuple[Term, ...] = children()

    def segment(self, i: int) -> str:
        """The place of the child."""
        return str(i)

    def wiring(self) -> Wiring:
        """A chain; of no children at all, the output is the input."""
        return chain(len(self.children))


@final
@module
class Residual(Composite):
    """The input added to the body's output, zero-padded to a common shape."""

    body: Term = child()

    def wiring(self) -> Wiring:
        """The input flows into the body, and past it."""
        return RESIDUAL


@final
@module
class Branches(Composite):
    """Its children side by side on one input, their outputs merged after zero-padding."""

    children: tuple[Term, ...] = children()
    merging: Hyperparameter[str] = hyperparameter(one_of(*MERGES), default="add")

    def wiring(self) -> Wiring:
        """The input flows into each child; of no children at all, the output is the input."""
        return fan_out(len(self.children), self.merging)


@final
@module
class RepeatTied(Composite):
    """`count` copies of the body in a chain: hyperparameters chosen once, parameters of their own."""

    body: Term = child()
    count: Hyperparameter[int] = hyperparameter(integer(1))

    @property
    def copies(self) -> int:
        """As many as `count` says."""
        return self.count

    def segment(self, i: int) -> str:
        """The copies share their names."""
        return "tied"

    def wiring(self) -> Wiring:
        """A chain of its only child, which runs `copies` times."""
        return chain(1)


@name_wrong_arguments
def sequential(*terms: Term, **named: Term | str) -> Sequential:
    """`terms` one after the other, then those with names; a text under `name` is the name of the whole."""
    name, named_terms = split_name(named)
    return Sequential((*terms, *name_children(sequential, named_terms)), name=name)


@name_wrong_arguments
def branches(*terms: Term, merge: object = "add", **named: Term | str) -> Branches:
    """`terms`, then those with names, side by side on one input; `merge` is one of MERGES or a choice of them.

    A text under `name` is the name of the whole.
    """
    name, named_terms = split_name(named)
    return Branches((*terms, *name_children(branches, named_terms)), merge, name=name)  # pyright: ignore[reportArgumentType]
