"""A small graph as a picture: nodes down the middle, edges to the next node between them, others in lanes beside."""

from collections.abc import Sequence

from attrs import frozen

from archwright.core.picture.arrange import reach
from archwright.core.picture.marks import Label, Mark, Picture, Wire, circle, moved

Edge = tuple[int, int]
RADIUS = 11.0
OFF = 4.0  # from the middle of a node to where edges leave, below it, and come in, above it
ROOM = 18.0  # above and below what lies between two nodes
BETWEEN = 20.0  # lanes


@frozen
class _Lane:
    """A column of edges that are never at the same height."""

    side: int  # 0 in the middle, 1 to the right, -1 to the left
    edges: tuple[int, ...]


def graph(edges: Sequence[Edge], pictures: Sequence[tuple[Picture, str, bool]]) -> Picture:
    """Nodes and what is on their edges: its picture, what is written on its wire, and whether it stands for nothing.

    What is on an edge lies between two nodes that follow each other, so that no wire to a node meets it.
    """
    count = edges[-1][1] + 1
    rows = [s if t == s + 1 else (s + t - 1) // 2 for s, t in edges]  # between which nodes, by the upper one
    heights = [
        max(
            [p.height + (16 if label else 0) for (p, label, _), row in zip(pictures, rows, strict=True) if row == i]
            or [0]
        )
        for i in range(count - 1)
    ]
    tops = [0.0]
    for height in heights:
        tops.append(tops[-1] + 2 * RADIUS + height + 2 * ROOM)
    marks: list[Mark] = []
    left, right = RADIUS, RADIUS
    for lane in _lanes(edges):
        inside = [pictures[i] for i in lane.edges]
        outward = max(max(p.right, reach(label)) for p, label, _ in inside)
        inward = max(p.left for p, _, _ in inside)
        x = 0.0
        if lane.side > 0:
            x = right + BETWEEN + inward
        elif lane.side < 0:
            x = -(left + BETWEEN + outward)
        left, right = max(left, inward - x), max(right, outward + x)
        for i in lane.edges:
            drawn, label, nothing = pictures[i]
            top = tops[rows[i]] + 2 * RADIUS + ROOM + (heights[rows[i]] - drawn.height - (16 if label else 0)) / 2
            ends = tops[edges[i][0]] + RADIUS, tops[edges[i][1]] + RADIUS
            marks += _edge(drawn, label, x, top, ends, is_dashed=nothing)
    for node, top in enumerate(tops):
        marks += moved(circle(str(node), RADIUS).marks, 0, top)
    return Picture(left, right, tops[-1] + 2 * RADIUS, tuple(marks))


def _lanes(edges: Sequence[Edge]) -> list[_Lane]:
    """Edges to the next node in the middle; each other one in the first lane, right and left in turn, that is free."""
    middle = tuple(i for i, (s, t) in enumerate(edges) if t == s + 1)
    lanes = [_Lane(0, middle)] if middle else []
    beside: list[list[int]] = []
    for i in sorted(set(range(len(edges))) - set(middle), key=lambda i: edges[i][1] - edges[i][0]):
        source, target = edges[i]
        free = (lane for lane in beside if all(target <= edges[j][0] or edges[j][1] <= source for j in lane))
        lane = next(free, None)
        if lane is None:
            beside.append([i])
        else:
            lane.append(i)
    return lanes + [_Lane(1 if i % 2 == 0 else -1, tuple(lane)) for i, lane in enumerate(beside)]


def _edge(
    drawn: Picture, label: str, x: float, top: float, ends: tuple[float, float], *, is_dashed: bool
) -> list[Mark]:
    """The wires and the picture of an edge, from one node's middle to another's."""
    source, target = ends
    low = top + drawn.height
    if x == 0:
        start, end = ((0.0, source + RADIUS), (0.0, top)), ((0.0, low), (0.0, target - RADIUS))
    else:
        near = RADIUS * 0.93 if x > 0 else -RADIUS * 0.93  # where a circle is OFF its middle
        start = ((near, source + OFF), (x, source + OFF), (x, top))
        end = ((x, low), (x, target - OFF), (near, target - OFF))
    marks: list[Mark] = [Wire(start, drawn.wants_arrow, is_dashed), *moved(drawn.marks, x, top)]
    marks.append(Wire(end, has_arrow=True, is_dashed=is_dashed))
    return [*marks, Label(x + 5, low + 13, label, "small")] if label else marks
