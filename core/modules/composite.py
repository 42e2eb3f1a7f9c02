"""Modules that run other modules (DeepArchitect, appendix B.2 and D)."""

from typing import final

from attrs import field

from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import show
from archwright.core.hyperparameter import Hyperparameter, hyperparameter, integer, one_of
from archwright.core.kind import child, children, module
from archwright.core.named_modules import name_children, split_name
from archwright.core.term import Composite, Term
from archwright.core.wiring import MERGES, RESIDUAL, InvalidWiring, Wiring, chain, fan_out


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


def _require_wiring(instance: Term, _: object, wiring: object) -> None:
    if not isinstance(wiring, Wiring):
        raise InvalidWiring(
            f"the wiring of {instance.kind} is {show(wiring)}; write what flows into each child and out, such as "
            "aw.Wiring([0, 0], [1, 2]) of two branches that are added"
        )


@final
@module
class Wired(Composite):
    """Its children, connected by a wiring that is given."""

    joints: Wiring = field(validator=_require_wiring)  # not `wiring`, which is a method of every composite
    children: tuple[Term, ...] = children()

    def __attrs_post_init__(self) -> None:
        inputs = len(self.joints.inputs)
        if inputs != len(self.children):
            raise InvalidWiring(
                f"wired has {len(self.children)} modules, and its wiring has {inputs} inputs; give one for each module"
            )

    def segment(self, i: int) -> str:
        """The place of the child."""
        return str(i)

    def wiring(self) -> Wiring:
        """That which is given."""
        return self.joints


@name_wrong_arguments
def wired(wiring: Wiring, *terms: Term, **named: Term | str) -> Wired:
    """`terms`, then those with names, connected by a wiring: `wired(Wiring([0, 0], [1, 2]), relu(), flatten())`.

    A text under `name` is the name of the whole. InvalidWiring of one for another number of modules.
    """
    name, named_terms = split_name(named)
    return Wired(wiring, (*terms, *name_children(wired, named_terms)), name=name)


@name_wrong_arguments
def sequential(*terms: Term, **named: Term | str) -> Sequential:
    """`terms` one after the other, then those with names; a text under `name` is the name of the whole.

    NotATerm of what is no module, and what `name_children` raises.
    """
    name, named_terms = split_name(named)
    return Sequential((*terms, *name_children(sequential, named_terms)), name=name)


@name_wrong_arguments
def branches(*terms: Term, merge: object = "add", **named: Term | str) -> Branches:
    """`terms`, then those with names, side by side on one input; `merge` is one of MERGES or a choice of them.

    A text under `name` is the name of the whole. InvalidHyperparameter of another merge, and what `sequential` raises.
    """
    name, named_terms = split_name(named)
    return Branches((*terms, *name_children(branches, named_terms)), merge, name=name)  # pyright: ignore[reportArgumentType]
