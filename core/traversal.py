"""Leaves of a space: one at random, or all of them."""

from collections.abc import Callable, Iterable, Iterator

from archwright.core.builders import WrongArguments
from archwright.core.errors import ArchwrightError, show
from archwright.core.node import Node, root
from archwright.core.taken_input import NotASpace
from archwright.core.term import Term


class Uncountable(ArchwrightError, ValueError):
    """An attempt to enumerate the values of a domain of reals."""


def require_uniform(uniform: object) -> None:
    """WrongArguments for a source of random numbers that cannot be called."""
    if not callable(uniform):
        raise WrongArguments(
            f"uniform is {show(uniform)}; it must be a function that gives numbers in [0, 1), such as "
            "random.Random(0).random"
        )


def sample(node: Node, uniform: Callable[[], float]) -> Node:
    """A leaf below `node`: each choice is drawn from its domain (DeepArchitect, section 5.1).

    Values are equally likely, unless the domain has weights or a prior. So leaves are not, where paths differ in
    length. Consumes one number in [0, 1) for each choice, such as `random.Random(0).random` gives. DeadEnd where the
    choices lead to one, NotASpace and WrongArguments of anything but a node and a function.
    """
    require_uniform(uniform)
    try:
        while node.domain is not None:
            node = node.choose(node.domain.sample(uniform()))
    except AttributeError as error:
        if isinstance(node, Node):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise
        raise NotASpace(f"the node is {show(node)}; it must be one such as aw.root(space, (3, 32, 32))") from error
    return node


def enumerate_leaves(space: Term, input_shape: Iterable[int]) -> Iterator[Node]:
    """Every leaf once, depth first, values in their order.

    Uncountable at the first domain of reals, DeadEnd at the first dead end, and what `root` raises.
    """
    stack = [root(space, input_shape)]
    while stack:
        node = stack.pop()
        choice = node.choice
        if choice is None:
            yield node
        elif choice.domain.size is None:
            raise Uncountable(f"{choice.name} has no end of values; sample the space, or use values instead of reals")
        else:
            stack.extend(node.choose(value) for value in reversed(list(choice.domain)))
