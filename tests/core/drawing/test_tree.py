"""Trees of boxes: nothing overlaps, each wire joins two boxes, and what would be wider than a page is turned."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from archwright.core.drawing.picture import Box, Picture, Wire
from archwright.core.drawing.tree import COUSIN_GAP, LEVEL_GAP, PAGE_WIDTH, BoxTree, draw_tree
from tests.core.drawing.test_picture import assert_tidy

boxes = st.builds(lambda width, height: Box(0, 0, width, height, "plain"), st.integers(20, 400), st.integers(20, 90))
trees = st.recursive(
    st.builds(BoxTree, boxes),
    lambda inner: st.builds(BoxTree, boxes, st.lists(inner, max_size=4).map(tuple)),
    max_leaves=30,
)
LEAF = BoxTree(Box(0, 0, 100, 40, "plain"))
FLAT = BoxTree(LEAF.box, (LEAF,) * 30)


def list_nodes(tree: BoxTree) -> Iterator[BoxTree]:
    """A tree and all trees in it: each before those below it."""
    yield tree
    for child in tree.children:
        yield from list_nodes(child)


def list_levels(tree: BoxTree) -> Iterator[list[BoxTree]]:
    level = [tree]
    while level:
        yield level
        level = [child for node in level for child in node.children]


def list_edges(tree: BoxTree) -> Iterator[tuple[int, int]]:
    """For each tree but the whole, the number of the one that it is below, and its own, in the order of the list."""
    for i, node in enumerate(list_nodes(tree)):
        inside = i + 1
        for child in node.children:
            yield i, inside
            inside += len(list(list_nodes(child)))


def find_boxes(picture: Picture) -> list[Box]:
    return [mark for mark in picture.marks if isinstance(mark, Box)]


def list_joined(picture: Picture) -> Iterator[tuple[int, int]]:
    """For each wire, the numbers of the boxes at which it begins and ends."""
    drawn = find_boxes(picture)
    for wire in picture.marks:
        if isinstance(wire, Wire):
            yield tuple(
                next(i for i, box in enumerate(drawn) if touches(box, *point))
                for point in (wire.points[0], wire.points[-1])
            )


def touches(box: Box, x: float, y: float) -> bool:
    """Whether a point is in the middle of a side of a box."""
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2
    return (abs(x - middle_x) < 0.01 and abs(abs(y - middle_y) - box.height / 2) < 0.01) or (
        abs(y - middle_y) < 0.01 and abs(abs(x - middle_x) - box.width / 2) < 0.01
    )


def is_sideways(picture: Picture) -> bool:
    """Whether a tree is drawn from left to right."""
    return picture.left == 0


@given(trees)
def test_a_tree_has_its_boxes_in_their_order_and_a_wire_for_each_edge(tree):
    picture = draw_tree(tree)
    assert_tidy(picture)
    assert [(box.width, box.height) for box in find_boxes(picture)] == [
        (node.box.width, node.box.height) for node in list_nodes(tree)
    ]
    assert sorted(list_joined(picture)) == sorted(list_edges(tree))


@given(trees)
def test_levels_begin_at_a_line_each_and_siblings_are_in_order(tree):
    picture = draw_tree(tree)
    along = [(box.x, box.y) if is_sideways(picture) else (box.y, box.x) for box in find_boxes(picture)]
    edges = sorted(list_edges(tree))
    levels = {0: 0}
    for outer, inner in edges:
        levels[inner] = levels[outer] + 1
    for level in set(levels.values()):
        assert len({round(along[i][0], 3) for i, other in levels.items() if other == level}) == 1
    for (outer, first), (other, second) in pairwise(edges):
        assert outer != other or along[first][1] < along[second][1]


@given(trees)
def test_wires_of_different_boxes_do_not_meet(tree):
    """Between two levels, what goes across lies beside what another box has there."""
    picture = draw_tree(tree)
    spans = dict[tuple[int, float], list[float]]()
    for (outer, _), wire in zip(list_joined(picture), (m for m in picture.marks if isinstance(m, Wire)), strict=True):
        for x, y in wire.points[1:3]:
            line, across = (x, y) if is_sideways(picture) else (y, x)
            spans.setdefault((outer, round(line, 3)), []).append(across)
    for (outer, line), across in spans.items():
        for (other, same), others in spans.items():
            assert (
                (outer, line) == (other, same) or line != same or max(across) < min(others) or max(others) < min(across)
            )


@given(trees)
def test_only_what_is_wider_than_a_page_and_less_wide_sideways_is_turned(tree):
    picture, nodes = draw_tree(tree), list(list_nodes(tree))
    if is_sideways(picture):
        assert sum(node.box.width + COUSIN_GAP for node in nodes) > PAGE_WIDTH
    else:
        width, levels = picture.left + picture.right, list(list_levels(tree))
        turned = sum(max(node.box.width for node in level) + LEVEL_GAP for level in levels) - LEVEL_GAP
        assert width <= max(PAGE_WIDTH, turned)


def test_many_boxes_side_by_side_are_drawn_one_below_the_other():
    few, many = draw_tree(BoxTree(LEAF.box, (LEAF,) * 5)), draw_tree(FLAT)
    assert (is_sideways(few), is_sideways(many)) == (False, True)
    assert few.left + few.right <= PAGE_WIDTH
    assert many.right == 100 + 30 + 100


def test_a_long_chain_goes_down():
    chain = LEAF
    for _ in range(50):
        chain = BoxTree(LEAF.box, (chain,))
    picture = draw_tree(chain)
    assert (picture.left, picture.right, picture.height) == (50, 50, 51 * 40 + 50 * 30)


def test_a_subtree_goes_beside_a_deeper_one_as_far_as_there_is_room():
    """The box on the right is beside the root of the subtree, though that is wider further down."""
    wide = BoxTree(LEAF.box, (LEAF,) * 3)
    left, _, _, _, right = find_boxes(draw_tree(BoxTree(LEAF.box, (wide, LEAF))))[1:]
    assert right.x - left.x == 100 + 12


def test_a_wire_to_a_box_almost_below_is_straight():
    """The box above is then not quite in the middle."""
    wide = BoxTree(Box(0, 0, 130, 40, "plain"))
    root, _, middle, _ = find_boxes(draw_tree(BoxTree(LEAF.box, (wide, LEAF, LEAF))))
    assert root.x == middle.x
