"""The analysis of a term: its completions, as far as they are told apart, and its dead ends."""

from collections.abc import Mapping

from attrs import frozen

from archwright.core.analysis.blocked import NO_DOUBTS, BlockedPlace, Doubts
from archwright.core.analysis.demand import Demand
from archwright.core.analysis.examples import NO_CHOICE
from archwright.core.analysis.states import Completions, Knowledge, States, forget
from archwright.core.shape import Shape
from archwright.core.term import Term

Results = States[tuple[Shape, ...]]  # with the output shape for each input shape


@frozen
class Analysis:
    """All completions of a term by their result, and the places, relative to it, where none fits after some choices."""

    completions: Results
    blocked: Mapping[str, BlockedPlace]  # empty, and of no use, where something is in doubt
    depth: int = 1  # how many modules are in each other, with the expansions of those that are rewritten
    doubts: Doubts = NO_DOUBTS  # about what was known before the term


def make_result(outs: tuple[Shape, ...], environment: Knowledge, demand: Demand, depth: int = 1) -> Analysis:
    """Of a term in which nothing is left to choose."""
    known, completions = forget(environment, demand.needed, Completions(1, 1, NO_CHOICE))
    return Analysis({(outs, known): completions}, {}, depth)


def make_blocked(term: Term, why: str, depth: int = 1) -> Analysis:
    """Of a term that has no completion."""
    return Analysis({}, {term.word: BlockedPlace(term.word, (), why)}, depth)
