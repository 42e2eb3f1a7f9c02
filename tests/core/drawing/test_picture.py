"""Pictures show every module, with text that fits, nothing on top of anything else, and all of it in view."""

import random
import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.drawing.captions import LONGEST, TIMES
from archwright.core.drawing.picture import SIZES, Box, Label, Picture, Wire, width_of
from archwright.core.drawing.svg import MARGIN, as_svg, whole
from archwright.core.modules.basic import ReluConvBn, Zero
from archwright.core.modules.graphs import cell, topology
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, Nasbench201Network
from tests.core.own import Glued, Shrink
from tests.strategies import anything, leaves

IMAGE = (3, 8, 8)


def rectangle(mark: Box | Label) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mark."""
    if isinstance(mark, Box):
        return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
    return mark.x, mark.y - SIZES[mark.weight], mark.x + mark.width, mark.y + 2


def apart(a: Box | Label, b: Box | Label) -> bool:
    """Whether two marks have no place in common."""
    (left, top, right, bottom), (l2, t2, r2, b2) = rectangle(a), rectangle(b)
    return right <= l2 or r2 <= left or bottom <= t2 or b2 <= top


def holds(frame: Box | Label, other: Box | Label) -> bool:
    """Whether a frame has all of a mark inside."""
    (left, top, right, bottom), (l2, t2, r2, b2) = rectangle(frame), rectangle(other)
    inside = left < l2 and r2 < right and top < t2 and b2 < bottom
    return isinstance(frame, Box) and frame.is_frame and inside


def assert_tidy(drawn: Picture) -> None:
    """No box or label overlaps another, but frames hold what is in them; wires meet no box on their way."""
    placed = [mark for mark in drawn.marks if not isinstance(mark, Wire)]
    for a, b in combinations(placed, 2):
        assert apart(a, b) or holds(a, b) or holds(b, a), (a, b)
    for mark in placed:
        left, top, right, bottom = rectangle(mark)
        assert -drawn.left - 1 <= left, mark
        assert right <= drawn.right + 1, mark
        assert top >= -1, mark
        assert bottom <= drawn.height + 1, mark
    for box in placed:
        if isinstance(box, Box):
            assert all(width_of(line.text, line.weight) <= box.width for line in box.lines)
            assert sum(line.height for line in box.lines) <= box.height
            for wire in (mark for mark in drawn.marks if isinstance(mark, Wire)):
                assert box.is_frame or not any(crosses(box, p, q) for p, q in pairwise(wire.points)), (wire, box)


def crosses(box: Box, p: tuple[float, float], q: tuple[float, float]) -> bool:
    """Whether a line straight across or down goes through the inside of a box."""
    left, top, right, bottom = rectangle(box)
    (x1, x2), (y1, y2) = sorted((p[0], q[0])), sorted((p[1], q[1]))
    assert x1 == x2 or y1 == y2
    return x1 < right - 1 and left + 1 < x2 + 1e-9 and y1 < bottom - 1 and top + 1 < y2 + 1e-9 and not box.is_round


@given(leaves)
def test_architectures_are_drawn_without_overlaps(leaf):
    drawn = whole(leaf.architecture, leaf.origin.input_shape)
    assert_tidy(drawn)
    ET.fromstring(leaf._repr_html_())  # well-formed, whatever a person's labels are


@given(anything)
def test_spaces_are_drawn_without_overlaps(space):
    assert_tidy(whole(space))
    ET.fromstring(as_svg(space))


def texts(term: aw.Term, shape: aw.Shape | None = None) -> list[str]:
    """What is written in a picture, in the order in which it stands in the file, with x for times."""
    found = ET.fromstring(as_svg(term, shape)).iter("{http://www.w3.org/2000/svg}text")
    return [(element.text or "").replace(TIMES, "x") for element in found]


def test_a_chain_shows_modules_shapes_and_parameters():
    """Settings are a note; what does nothing is not drawn."""
    chain = aw.sequential(aw.settings(rate=0.1), aw.conv2d(8, 3, stride=2), aw.identity(), aw.relu(), aw.affine(10))
    expected = [
        *["settings", "rate 0.1", "input", "3x8x8", "conv2d 3x3", "8 filters, stride 2", "224 parameters", "8x4x4"],
        *["relu", "8x4x4", "affine", "10 units", "1,290 parameters", "10", "output"],
    ]
    assert sorted(texts(chain, IMAGE)) == sorted(expected)


def test_copies_are_one_with_their_number_beside():
    """Also copies that a person wrote out; where they differ, the first and the last are told."""
    layer = aw.sequential(aw.conv2d(8, 1), aw.relu())
    tied = texts(aw.repeat_tied(layer, 16), IMAGE)
    assert tied.count("relu") == 1
    assert {"x16", "32 … 72 parameters"} <= set(tied)
    assert "x3" in texts(aw.sequential(layer, layer, layer), IMAGE)
    assert "x{1, 2}" in texts(aw.repeat(layer, [1, 2]))


def test_residual_modules_say_where_zeros_are_added():
    """And take a line around."""
    assert "zero-padded" in texts(aw.residual(aw.conv2d(8, 3)), IMAGE)
    assert "zero-padded" not in texts(aw.residual(aw.conv2d(3, 3)), IMAGE)
    drawn = whole(aw.residual(aw.conv2d(3, 3)), IMAGE)
    (around,) = (mark for mark in drawn.marks if isinstance(mark, Wire) and mark.has_dot)
    assert len(around.points) == 4


@pytest.mark.parametrize(("merging", "shown"), [("add", "+"), ("concatenate", "concatenate")])
def test_branches_come_together_in_what_merges_them(merging, shown):
    found = texts(aw.branches(aw.conv2d(2, 1), aw.identity(), merge=merging), IMAGE)
    assert found.count(shown) == 1
    assert "2x8x8" in found


def test_cells_are_nodes_with_modules_on_their_edges():
    """A missing connection is dashed."""
    names = ["nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "avg_pool_3x3", "nor_conv_3x3"]
    term = topology(EDGES, *(OPERATIONS[name] for name in names))
    assert {"0", "1", "2", "3", "relu_conv_bn 3x3", "identity", "zero", "avg_pool2d 3x3"} <= set(texts(term, IMAGE))
    assert sum(isinstance(mark, Wire) and mark.is_dashed for mark in whole(term, IMAGE).marks) == 2


def test_every_edge_of_a_large_graph_has_a_way_of_its_own():
    """All pairs of seven nodes."""
    edges = [(source, target) for target in range(7) for source in range(target)]
    assert_tidy(whole(topology(edges, *(aw.sequential(aw.conv2d(3, 3), aw.relu()) for _ in edges)), IMAGE))


def test_the_parameters_of_nas_bench_201_add_up():
    """The boxes of the network and its cells tell all of them."""
    network = Nasbench201Network(topology(EDGES, *[ReluConvBn(3)] * 6), cells=2)
    shown = [int(line.split()[0].replace(",", "")) for line in texts(network, (3, 32, 32)) if "parameters" in line]
    stem, *rest = shown
    cell, rest = sum(rest[:6]), rest[6:]
    first, second, third, fourth, *head = rest
    assert stem + 2 * cell + first + 2 * second + third + 2 * fourth + sum(head) == network.parameters((3, 32, 32))


def test_choices_are_dashed_frames():
    """Of spaces: options under their labels, the optional, cells."""
    space = aw.sequential(
        aw.either(small=aw.conv2d(8, [1, 3]), large=aw.conv2d(list(range(8, 80, 8)), 5)),
        aw.optional(aw.dropout([0.1, 0.5])),
        cell([(0, 1)], none=Zero(), skip=aw.identity()),
        aw.repeat_tied(aw.conv2d(aw.shared("width", [1, 2]) * 2, 3), [1, 2]),
    )
    expected = {"one of", "small", "large", "{8 … 72} filters", "8 filters, size {1, 3}", "optional", "rate {0.1, 0.5}"}
    assert expected | {"none, skip", "x{1, 2} alike"} <= set(texts(space))


def test_modules_of_ones_own_are_frames_around_what_they_hold():
    found = texts(Glued((aw.conv2d(3, 1), Shrink(1)), aw.relu()), IMAGE)
    assert {"glued", "0", "1", "2", "conv2d 1x1", "shrink", "relu"} <= set(found)


@aw.module
class Doubled(aw.Composite):
    """What it holds, `times` times."""

    kind = "drawn_twice_in_a_test"
    body: aw.Term = aw.child()
    times: aw.Hyperparameter[int] = aw.hyperparameter(default=2)

    @property
    def copies(self) -> int:
        return self.times

    def child_in_shape(self, i: int, in_shape: aw.Shape, outs: tuple[aw.Shape, ...]) -> aw.Shape:
        return in_shape

    def merge(self, in_shape: aw.Shape, outs: tuple[aw.Shape, ...]) -> aw.Shape:
        return outs[0]


def test_copies_in_a_module_of_ones_own_are_counted():
    """One thing inside needs no number; in a space, what is open says itself how often."""
    found = texts(Doubled(aw.conv2d(8, 1)), IMAGE)
    assert {"drawn_twice_in_a_test", "x2", "32 … 72 parameters"} <= set(found)
    assert "0" not in found
    assert_tidy(whole(Doubled(aw.conv2d(8, 1), 3), IMAGE))
    once = texts(Doubled(aw.conv2d(8, 1), 1), IMAGE)
    assert not any(line.startswith("x") for line in once)
    found = texts(Doubled(aw.conv2d(8, 1), [1, 2]))
    assert "drawn_twice_in_a_test, times {1, 2}" in found


@pytest.mark.parametrize("inner", ["cell", "space", "behind"])
def test_a_cell_in_a_cell_has_a_frame(inner):
    """Else nobody could tell whose the nodes are."""
    edges = [(0, 1), (0, 2), (1, 2)]
    small = topology([(0, 1), (0, 2), (1, 2)], aw.conv2d(3, 1), Zero(), aw.identity())
    held = {
        "cell": small,
        "space": cell(edges, none=Zero(), skip=aw.identity()),
        "behind": aw.sequential(aw.relu(), aw.residual(small)),
    }[inner]
    drawn = whole(topology(edges, held, aw.relu(), held), None if inner == "space" else IMAGE)
    assert_tidy(drawn)
    frames = [mark for mark in drawn.marks if isinstance(mark, Box) and mark.is_frame]
    circles = [mark for mark in drawn.marks if isinstance(mark, Box) and mark.lines[:1] and mark.lines[0].text == "2"]
    assert len(frames) == 2
    assert sorted(sum(holds(frame, circle) for frame in frames) for circle in circles) == [0, 1, 1]
    assert not any(mark.is_frame for mark in whole(small, IMAGE).marks if isinstance(mark, Box))


def test_what_a_person_wrote_is_text():
    space = aw.either(**{"<script>": aw.settings(name='a & "b"'), "plain": aw.relu()})
    assert "<script>" not in as_svg(space)
    assert {"<script>", 'name a & "b"'} <= set(texts(space))


def test_long_texts_are_cut():
    """A setting or a label may be of any length; a box has an end."""
    assert whole(aw.settings(name="x" * 1000)).right < 400
    assert whole(aw.settings(**{"x" * 1000: ["y" * 1000, "z" * 1000]})).right < 400


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.125, "0.125"),
        ("one_cycle", "one_cycle"),
        ([0.1, 0.2, 0.4], "{0.1, 0.2, 0.4}"),
        (aw.reals(0.001, 0.1, log=True), "[0.001, 0.1 log]"),
        ([f"the_{n}_of_many_schedules" for n in ("first", "second")], "{the_first_of_… … the_second_of…}"),
    ],
)
def test_a_name_that_is_too_long_for_a_line_is_cut_and_its_value_is_not(value, shown):
    """The value is what a person looks for."""
    name = "learning_rate_of_the_classifier_once_all_else_is_frozen"
    line = next(line for line in texts(aw.settings(**{name: value})) if line.startswith("learning"))
    assert line.endswith(f"… {shown}")
    assert len(line) == LONGEST
    assert f"rate {shown}" in texts(aw.settings(rate=value))


def test_all_is_in_view():
    """The margin is the same all around."""
    svg = as_svg(aw.sequential(aw.residual(aw.conv2d(8, 3)), aw.affine(10)), IMAGE)
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())
    for number in re.findall(r'<text x="(\S+)" y="(\S+)"', svg):
        x, y = map(float, number)
        assert MARGIN <= x <= width - MARGIN
        assert MARGIN <= y <= height - MARGIN


def test_notebooks_show_pictures_of_what_is_chosen():
    """A leaf with its shapes, an architecture or a space without; a node on the way as its space, and as text."""
    space = aw.sequential(aw.conv2d([4, 8], 3), aw.affine(2))
    node = aw.root(space, IMAGE)
    leaf = aw.sample(node, random.Random(0).random)
    assert leaf._repr_html_() == as_svg(leaf.architecture, IMAGE)
    assert leaf.architecture._repr_html_() == as_svg(leaf.architecture)
    assert space._repr_html_() == as_svg(space)
    assert node._repr_html_() == f"<pre>&lt;node  | 0.conv2d.filters in {{4, 8}}&gt;</pre>\n{as_svg(space)}"
