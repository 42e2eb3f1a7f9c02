"""Whether a cell can be completed, looked for edge by edge until the first completion.

A cell asks for all operations before it asks for anything inside of them. Whether a completion is left does not depend
on that order. So each edge is completed before the next one, and of what was chosen on it no more is remembered than
later edges depend on: a state that comes again is looked at once, and not once for each combination of operations.
"""

from collections.abc import Iterator, Sequence
from typing import Any, final

from attrs import field, frozen

from archwright.core.analysis.completions import analyze
from archwright.core.analysis.demand import NO_KEYS, Demand, Keys, require_zeros, split_by_zeros
from archwright.core.analysis.states import Knowledge, drop, learn
from archwright.core.connection import AT_INPUT, Connection
from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.expression import Expression
from archwright.core.modules.graphs import Cell, Topology
from archwright.core.shape import Misfit, Shape
from archwright.core.term_cache import cache_on_term, store_result
from archwright.core.value import Value

MAX_KNOWN_STATES = 20_000  # of a cell and an input shape; more are not kept
MAX_WITNESSES = 1024  # as many

# What the topology keeps of the output shapes so far, the nodes that the input comes to, and what is known.
_State = tuple[tuple[Shape, ...], int, Knowledge]
_Options = Sequence[Value | Expression]  # the operations that an edge may have


def is_completable_by_edges(
    cell: Cell, shape: Shape, environment: Knowledge, values: tuple[Value, ...], demand: Demand
) -> bool | None:
    """Whether a cell with these values for its first open hyperparameters has a completion for an input shape.

    None where it is not chosen how nodes merge, and where the choice on one edge may decide on another one.
    """
    first = int(cell.plan.names[:1] == ("merging",))
    try:
        search = _find_search(cell, shape, EMPTY_ENVIRONMENT, values[:first])
        if search.topology is None:
            return None
        require_zeros(search.topology, demand)
    except Misfit:
        return False
    return search.find_end(values[first:], environment)


@cache_on_term
def _find_search(cell: Cell, shape: Shape, _: Knowledge, merging: tuple[Value, ...]) -> "_EdgeSearch":
    """The search in a cell, with what it has found so far, which is true in any environment."""
    topology, needed = cell.leave_open(merging), [NO_KEYS]
    for child in reversed(topology.children if topology else ()):
        needed.insert(0, needed[0].union(child.plan.keys))
    return _EdgeSearch(
        cell,
        shape,
        topology,
        topology and topology.connection,
        tuple(needed),
        tuple(i for i, (_, slot) in enumerate(cell.ops) if isinstance(slot, Domain)),
        tuple(list(slot) if isinstance(slot, Domain) else [slot] for _, slot in cell.ops),
    )


@final
@frozen(eq=False)
class _EdgeSearch:
    """A cell of which it is known how its nodes merge, and its input shape."""

    cell: Cell
    shape: Shape
    topology: Topology | None  # with a choice on each edge; None where these depend on each other
    connection: Connection | None  # its rule for zeros
    needed: tuple[Keys, ...]  # what edges depend on, from each edge on
    open_edges: tuple[int, ...]  # those whose operations are chosen, in that order
    options: tuple[_Options, ...]  # of each edge
    # Caches.
    followed: dict[Any, Sequence[_State]] = field(factory=dict[Any, Sequence[_State]])
    ends: dict[Any, bool] = field(factory=dict[Any, bool])  # whether a state leads past the last edge
    witnesses: dict[Any, _State] = field(factory=dict[Any, _State])  # after chosen operations, one that does

    def find_end(self, chosen: tuple[Value, ...], environment: Knowledge) -> bool:
        """Whether some states lead past the last edge, with the operations that are chosen.

        It is tried first from where the operations but the last one led: so a step of a traversal takes no longer on a
        late edge than on an early one.
        """
        known = drop(environment, environment.keys() - self.needed[0])
        starts: list[tuple[int, _State]] = [(0, ((), AT_INPUT, known))]
        if chosen and (witness := self.witnesses.get((chosen[:-1], known))):
            starts.insert(0, (self._find_edge(len(chosen) - 1), witness))
        edge = self._find_edge(len(chosen))
        for start in starts:
            for state in self._iterate_states(*start, edge, chosen):
                if self._leads_on(edge, state):
                    store_result(self.witnesses, MAX_WITNESSES, (chosen, known), state)
                    return True
        return False

    def _find_edge(self, n: int) -> int:
        """The index of the edge after those of which the first `n` operations are chosen."""
        return self.open_edges[n - 1] + 1 if n else 0

    def _iterate_states(self, i: int, state: _State, end: int, chosen: tuple[Value, ...]) -> Iterator[_State]:
        """The states before edge `end` to which one before edge `i` leads, with these operations on the open edges."""
        operations = dict(zip(self.open_edges, chosen, strict=False))
        stack, seen = [(i, state)], set[Any]()
        while stack:
            i, state = stack.pop()
            if i == end:
                yield state
                continue
            states = ((i + 1, each) for each in self._follow(i, operations.get(i, self.options[i][0]), state))
            new = [each for each in states if each not in seen]
            seen.update(new)
            stack += reversed(new)

    def _leads_on(self, i: int, state: _State) -> bool:
        """Whether a state before edge `i` leads past the last edge, with any operations on it and later ones."""
        if i == len(self.options):
            return True
        key = i, state
        if key in self.ends:
            return self.ends[key]
        for label in self.options[i]:
            for after in self._follow(i, label, state):
                if self._leads_on(i + 1, after):
                    return store_result(self.ends, MAX_KNOWN_STATES, key, True)
        return store_result(self.ends, MAX_KNOWN_STATES, key, False)

    def _follow(self, i: int, label: Any, state: _State) -> Sequence[_State]:
        """The states after edge `i` with an operation on it."""
        key = i, label, state
        after = self.followed.get(key)
        if after is None:
            after = tuple(dict.fromkeys(self._iterate_next(i, label, state)))
            store_result(self.followed, MAX_KNOWN_STATES, key, after)
        return after

    def _iterate_next(self, i: int, label: Any, state: _State) -> Iterator[_State]:
        (outs, reached, known), topology = state, self.topology
        assert topology is not None
        operation = self.cell.find_operation(label)
        keys = frozenset(operation.plan.keys)
        ins = (topology.child_in_shape(i, self.shape, outs),)
        _, parts = split_by_zeros(self.connection, i, reached, Demand(self.needed[i + 1] & keys))
        for part, nodes in parts:
            for new, others in analyze(operation, ins, known, (), part).completions:
                kept = topology.keep_shapes(i, self.shape, outs, new[0])
                yield kept, nodes, learn(drop(known, keys), others)
