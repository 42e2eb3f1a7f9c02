"""Doubts: whether something is a dead end where it depends on what is known by its class alone."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, cast

from archwright.core.analysis.analysis import Analysis
from archwright.core.analysis.blocked import BlockedPlace, BlockedPlaces
from archwright.core.analysis.demand import Zeros
from archwright.core.analysis.examples import InPlace, write_prefix
from archwright.core.analysis.states import Knowledge, learn
from archwright.core.analysis.term_classes import FindCompletions, split_class, split_off_misfits
from archwright.core.modules.places import BoundPlace
from archwright.core.shape import rank_shape

TOLD_APART: Sequence[Zeros] = ("refused", "only")  # terms that are no bare zeros, and zeros


def list_dead_ends(
    analysis: Analysis,
    analyze_here: Callable[[Knowledge], Analysis],
    known: Knowledge,
    blocked: BlockedPlaces,
    find: FindCompletions,
) -> Iterator[tuple[dict[Any, Any], BlockedPlace]]:
    """The dead ends in a child of this analysis, each with the values of the classes on which it depends.

    There are none where one of these classes was known before the module around the child: it is in doubt itself then.
    """
    known_before = {doubt for doubt in analysis.doubts if _find_key(doubt) in blocked.classes}
    if not analysis.doubts:
        yield from (({}, end) for end in analysis.blocked.values())
    elif known_before:
        blocked.doubts |= known_before
    else:
        for assumption, narrower in _narrow(known, analysis.doubts, find):
            for assumed, end in list_dead_ends(analyze_here(narrower), analyze_here, narrower, blocked, find):
                yield {**assumption, **assumed}, end


def _find_key(doubt: Any) -> Any:
    """What it is that is in doubt."""
    return cast(Any, doubt[0]) if isinstance(doubt, tuple) else doubt


def _narrow(
    known: Knowledge, doubts: Collection[Any], find: FindCompletions
) -> Iterator[tuple[dict[Any, Any], Knowledge]]:
    """The parts of a class that is in doubt, as what is then assumed and known."""
    names = [doubt for doubt in doubts if isinstance(doubt, str)]
    if names:
        name = min(names)
        for value in known[name].values:
            yield {name: value.value}, known.set(name, value.value)
        return
    binding, shapes, zeros = min(doubts, key=lambda doubt: (doubt[0].name, [*map(rank_shape, doubt[1])], doubt[2]))
    prefix = write_prefix(BoundPlace(binding), (binding.term,), 0)
    group = known[binding]
    if zeros != "allowed" and group.zeros == "allowed":
        parts = [part for each in TOLD_APART for part in split_class(binding, group, (), known, find, each)]
    else:
        parts = split_off_misfits(binding, group, shapes, known, find)
    for new, others in parts:
        example = InPlace(binding, prefix, new.example, new.shapes, new.zeros, is_asked=False)
        yield {binding: example}, learn(known, others).set(binding, new)
