"""Trees of boxes, from top to bottom, or from left to right where that would be wider than a page."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from attrs import frozen

from archwright.core.drawing.picture import Box, Mark, Picture, Wire, move_marks

# In pixels.
PAGE_WIDTH = 1000.0
LEVEL_GAP = 30.0  # between a box and those below it
SIBLING_GAP = 12.0  # between boxes below the same one
COUSIN_GAP = 22.0  # between boxes below different ones
MAX_SLIP = 25.0  # of a box from the middle of those below it


@frozen
class BoxTree:
    """A box, and the trees below it in their order."""

    box: Box  # wherever it is
    children: "tuple[BoxTree, ...]" = ()


Extent = tuple[float, float]  # from where to where, across the tree


@frozen
class _Subtree:
    """A tree of which it is known how far its boxes are from each other across it."""

    box: Box
    branches: "tuple[tuple[float, _Subtree], ...]"  # with how far the middle of each is from that of this box
    outline: tuple[Extent, ...]  # of each level, from the middle of this box


def draw_tree(tree: BoxTree) -> Picture:
    """The picture of a tree: each box in the middle of those below it, with a wire to each; no boxes overlap.

    Boxes of one level begin at one line. What is wider than a page from top to bottom is drawn from left to right,
    where that is less wide.
    """
    down = _draw(tree, is_sideways=False)
    if down.left + down.right <= PAGE_WIDTH:
        return down
    sideways = _draw(tree, is_sideways=True)
    return sideways if sideways.right < down.left + down.right else down


def _draw(tree: BoxTree, *, is_sideways: bool) -> Picture:
    arranged = _arrange(tree, is_sideways=is_sideways)
    starts = [0.0]  # of each level, along the tree; the last one is that of none
    for length in _measure_levels((tree,), is_sideways=is_sideways):
        starts.append(starts[-1] + length + LEVEL_GAP)
    marks = tuple(_place(arranged, 0.0, starts, is_sideways=is_sideways))
    first, last = min(start for start, _ in arranged.outline), max(end for _, end in arranged.outline)
    length = starts[-1] - LEVEL_GAP
    if is_sideways:
        return Picture(0.0, length, last - first, move_marks(marks, 0.0, -first))
    return Picture(-first, last, length, marks)


def _measure_levels(level: Sequence[BoxTree], *, is_sideways: bool) -> Iterator[float]:
    """The greatest length of the boxes of a level, along the tree, and of each level below it."""
    if level:
        yield max(_measure(node.box, is_sideways=is_sideways)[1] for node in level)
        yield from _measure_levels([child for node in level for child in node.children], is_sideways=is_sideways)


def _measure(box: Box, *, is_sideways: bool) -> tuple[float, float]:
    """The size of a box across the tree, and along it."""
    return (box.height, box.width) if is_sideways else (box.width, box.height)


def _arrange(tree: BoxTree, *, is_sideways: bool) -> _Subtree:
    """The subtrees of each box side by side, as close to each other as the levels of their outlines let them be."""
    shifts, outline = list[float](), tuple[Extent, ...]()
    subtrees = [_arrange(child, is_sideways=is_sideways) for child in tree.children]
    for subtree in subtrees:
        shift = _find_shift(outline, subtree.outline)
        shifts.append(shift)
        outline = tuple(_join_outlines(outline, [(a + shift, b + shift) for a, b in subtree.outline]))
    middle = _find_middle(shifts)
    half = _measure(tree.box, is_sideways=is_sideways)[0] / 2
    return _Subtree(
        tree.box,
        tuple((shift - middle, subtree) for shift, subtree in zip(shifts, subtrees, strict=True)),
        ((-half, half), *((a - middle, b - middle) for a, b in outline)),
    )


def _find_middle(shifts: list[float]) -> float:
    """The middle of what is below a box, or that of a box there which is close to it: its wire is then straight."""
    if not shifts:
        return 0.0
    middle = (shifts[0] + shifts[-1]) / 2
    closest = min(shifts, key=lambda shift: abs(shift - middle))
    return closest if abs(closest - middle) < MAX_SLIP else middle


def _find_shift(outline: tuple[Extent, ...], added: tuple[Extent, ...]) -> float:
    """How far a subtree is shifted past an outline; 0 if it is the first."""
    pairs = zip(outline, added, strict=False)
    gaps = (end - start + (COUSIN_GAP if i else SIBLING_GAP) for i, ((_, end), (start, _)) in enumerate(pairs))
    return max(gaps, default=0.0)


def _join_outlines(outline: tuple[Extent, ...], added: list[Extent]) -> Iterator[Extent]:
    for before, after in zip_longest(outline, added):
        yield (before or after)[0], (after or before)[1]


def _place(
    subtree: _Subtree, middle: float, starts: list[float], *, is_sideways: bool, level: int = 0
) -> Iterator[Mark]:
    """The marks of a subtree, of which the middle and the starts of the levels are known."""
    across, along = _measure(subtree.box, is_sideways=is_sideways)
    yield _move_box(subtree.box, *_turn(middle - across / 2, starts[level], is_sideways=is_sideways))
    for shift, branch in subtree.branches:
        child, end = middle + shift, starts[level + 1]
        bend = end - LEVEL_GAP / 2
        points = [(middle, starts[level] + along), (middle, bend), (child, bend), (child, end)]
        yield Wire(tuple(_turn(*point, is_sideways=is_sideways) for point in points))
        yield from _place(branch, child, starts, is_sideways=is_sideways, level=level + 1)


def _turn(across: float, along: float, *, is_sideways: bool) -> tuple[float, float]:
    """A place in a tree as x and y."""
    return (along, across) if is_sideways else (across, along)


def _move_box(box: Box, x: float, y: float) -> Mark:
    (moved,) = move_marks((box,), x - box.x, y - box.y)
    return moved
