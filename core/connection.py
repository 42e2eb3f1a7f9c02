"""The rule that a way leads from the input of a graph to its output: where an edge may not be a bare `zero()`.

Edges become zero or not from first to last. One may not where that would leave no way, if all later ones stay open
(Schrodi et al. 2023). What was chosen before matters only by the nodes that the input still comes to.
"""

from functools import lru_cache
from typing import final

from attrs import frozen

MAX_CACHED_CONNECTIONS = 1024
ZERO_REFUSED = "zero() here would leave no way from the input to the output of the topology"
AT_INPUT = 1  # the set of nodes, as bits, in which node 0 is alone


@final
@frozen(eq=False)
class Connection:
    """The rule for the edges of a graph, which are in the order of their targets; node 0 is the input."""

    edges: tuple[tuple[int, int], ...]
    leads: tuple[bool, ...]  # whether the output may depend on the input by way of each edge
    after: tuple[int, ...]  # for each edge, the nodes from which later edges lead to the output, as bits

    def refuses_zero(self, i: int, reached: int) -> bool:
        """Whether edge `i` may not be zero, where the input comes to the nodes `reached`."""
        return not reached & self.after[i]

    def follow(self, i: int, reached: int, *, is_zero: bool) -> int:
        """The nodes that the input comes to once edge `i` is zero or not: those from which later edges go on."""
        source, target = self.edges[i]
        if not is_zero and self.leads[i] and reached >> source & 1:
            reached |= 1 << target
        return reached & self.after[i]


@lru_cache(MAX_CACHED_CONNECTIONS)
def find_connection(edges: tuple[tuple[int, int], ...], leads: tuple[bool, ...]) -> Connection | None:
    """The rule for edges of which some may lead on, and the others do not; None if no way leads over those that do."""
    nodes = [1 << edges[-1][1]]  # from which edge i and later ones lead to the output
    for (source, target), may_lead in zip(reversed(edges), reversed(leads), strict=True):
        is_way = may_lead and nodes[0] >> target & 1
        nodes.insert(0, nodes[0] | is_way << source)
    if not nodes[0] & AT_INPUT:
        return None
    return Connection(edges, leads, tuple(nodes[1:]))
