"""Graphs as pictures: nodes one below the other, and their edges between them or in lanes beside them."""

from collections.abc import Sequence

from attrs import frozen

from archwright.core.drawing.picture import Label, Mark, Picture, Wire, draw_circle, measure_label, move_marks
from archwright.core.modules.graphs import Edge
from archwright.core.wiring import Joint, Wiring

# In pixels.
NODE_RADIUS = 11.0
EDGE_OFFSET = 4.0  # from the middle of a node down to where edges leave, and up to where they enter
ROW_PADDING = 18.0  # above and below the pictures between two nodes
LANE_GAP = 20.0  # between lanes
LABEL_HEIGHT = 16.0


@frozen
class EdgePicture:
    """The picture on an edge."""

    picture: Picture
    label: str = ""  # of the wire that leaves the picture
    is_missing: bool = False  # whether nothing flows along the edge, which is dashed then

    @property
    def height(self) -> float:
        """With the label."""
        return self.picture.height + (LABEL_HEIGHT if self.label else 0.0)


@frozen
class _Lane:
    """A column of edges that do not overlap vertically."""

    side: int  # 0 in the middle, 1 to the right, -1 to the left
    edges: tuple[int, ...]  # their indices


def is_drawable(wiring: Wiring) -> bool:
    """Whether the output of each child flows on."""
    needed = {source for joint in wiring.joints for source in joint.sources}
    return all(i + 1 in needed for i in range(len(wiring.inputs)))


def list_edges(wiring: Wiring) -> list[tuple[Edge, tuple[int | None, ...]]]:
    """The edges of a wiring in the order of their targets, each with the children on it; None is a wire alone.

    Its nodes are the joints, the input, and each output that flows into several joints.
    """
    takers = {s: [joint for joint in wiring.joints if s in joint.sources] for s in range(len(wiring.inputs) + 1)}
    alone = {s: Joint(s) for s, joints in takers.items() if s == 0 or len(joints) > 1}
    joints = {*alone.values(), *(Joint(j.sources, j.merge if len(j.sources) > 1 else "add") for j in wiring.joints)}
    order = sorted(joints, key=lambda joint: (joint.sources[-1], len(joint.sources) > 1, joint.sources, joint.merge))
    nodes = {joint: node for node, joint in enumerate(order)}
    nodes |= {joint: nodes[Joint(joint.sources)] for joint in wiring.joints if len(joint.sources) == 1}
    edges: dict[Edge, list[int | None]] = {}
    for i, joint in enumerate(wiring.inputs):
        target = alone[i + 1] if i + 1 in alone else takers[i + 1][0]
        edges.setdefault((nodes[joint], nodes[target]), []).append(i)
    for source, node in alone.items():
        for joint in takers[source]:
            if len(joint.sources) > 1:
                edges.setdefault((nodes[node], nodes[joint]), []).append(None)
    return [(edge, tuple(edges[edge])) for edge in sorted(edges, key=lambda edge: (edge[1], edge[0]))]


def draw_graph(edges: Sequence[Edge], pictures: Sequence[EdgePicture]) -> Picture:
    """Nodes and the pictures on their edges.

    The picture of an edge is in the row between two successive nodes, so that no wire that enters a node crosses it.
    """
    rows = [s if t == s + 1 else (s + t - 1) // 2 for s, t in edges]  # row i is between the nodes i and i + 1
    heights = [0.0] * edges[-1][1]
    for picture, row in zip(pictures, rows, strict=True):
        heights[row] = max(heights[row], picture.height)
    tops = [0.0]  # of the nodes
    for height in heights:
        tops.append(tops[-1] + 2 * NODE_RADIUS + height + 2 * ROW_PADDING)
    marks: list[Mark] = []
    left, right = NODE_RADIUS, NODE_RADIUS
    for lane in _assign_lanes(edges):
        outward = max(max(pictures[i].picture.right, measure_label(pictures[i].label)) for i in lane.edges)
        inward = max(pictures[i].picture.left for i in lane.edges)
        x = 0.0
        if lane.side > 0:
            x = right + LANE_GAP + inward
        elif lane.side < 0:
            x = -(left + LANE_GAP + outward)
        left, right = max(left, inward - x), max(right, outward + x)
        for i in lane.edges:
            row_top = tops[rows[i]] + 2 * NODE_RADIUS + ROW_PADDING
            top = row_top + (heights[rows[i]] - pictures[i].height) / 2
            source, target = edges[i]
            marks += _draw_edge(pictures[i], x, top, (tops[source] + NODE_RADIUS, tops[target] + NODE_RADIUS))
    for node, top in enumerate(tops):
        marks += move_marks(draw_circle(str(node), NODE_RADIUS).marks, 0, top)
    return Picture(left, right, tops[-1] + 2 * NODE_RADIUS, tuple(marks))


def _assign_lanes(edges: Sequence[Edge]) -> list[_Lane]:
    """Edges to the next node are in the middle; each other edge is in the first free lane, right and left in turn."""
    middle = tuple(i for i, (s, t) in enumerate(edges) if t == s + 1)
    lanes = [_Lane(0, middle)] if middle else []
    outer: list[list[int]] = []
    for i in sorted(set(range(len(edges))) - set(middle), key=lambda i: edges[i][1] - edges[i][0]):
        source, target = edges[i]
        free = (lane for lane in outer if all(target <= edges[j][0] or edges[j][1] <= source for j in lane))
        lane = next(free, None)
        if lane is None:
            outer.append([i])
        else:
            lane.append(i)
    return lanes + [_Lane(1 if i % 2 == 0 else -1, tuple(lane)) for i, lane in enumerate(outer)]


def _draw_edge(edge: EdgePicture, x: float, top: float, ends: tuple[float, float]) -> list[Mark]:
    """The wires and the picture of an edge at `x`; `ends` are the heights of the middles of its two nodes."""
    source, target = ends
    bottom = top + edge.picture.height
    if x == 0:
        start, end = ((0.0, source + NODE_RADIUS), (0.0, top)), ((0.0, bottom), (0.0, target - NODE_RADIUS))
    else:
        near = NODE_RADIUS * 0.93 if x > 0 else -NODE_RADIUS * 0.93  # on the circle at EDGE_OFFSET from its middle
        start = ((near, source + EDGE_OFFSET), (x, source + EDGE_OFFSET), (x, top))
        end = ((x, bottom), (x, target - EDGE_OFFSET), (near, target - EDGE_OFFSET))
    marks: list[Mark] = [
        Wire(start, edge.picture.wants_arrow, edge.is_missing),
        *move_marks(edge.picture.marks, x, top),
        Wire(end, has_arrow=True, is_dashed=edge.is_missing),
    ]
    return [*marks, Label(x + 5, bottom + 13, edge.label, "small")] if edge.label else marks
