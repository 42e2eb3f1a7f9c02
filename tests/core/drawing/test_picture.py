"""Diagrams show every module, with text that fits, without overlaps, and within their borders."""

import random
import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.drawing.captions import MAX_LINE_CHARACTERS, TIMES_SIGN
from archwright.core.drawing.graph import list_edges
from archwright.core.drawing.picture import FONT_SIZES, Box, Label, Picture, Wire, measure_width
from archwright.core.drawing.svg import MARGIN, as_svg, draw_diagram
from archwright.core.modules.basic import ReluConvBn, Zero
from archwright.core.modules.graphs import cell, topology
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, build_network
from tests.core.user_modules import Glued, Net, Shrink
from tests.darts import make_cell, make_darts
from tests.strategies import leaves, terms

IMAGE = (3, 8, 8)


def find_borders(mark: Box | Label) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mark."""
    if isinstance(mark, Box):
        return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
    return mark.x, mark.y - FONT_SIZES[mark.weight], mark.x + mark.width, mark.y + 2


def is_apart(a: Box | Label, b: Box | Label) -> bool:
    """Whether two marks do not overlap."""
    (left, top, right, bottom), (l2, t2, r2, b2) = find_borders(a), find_borders(b)
    return right <= l2 or r2 <= left or bottom <= t2 or b2 <= top


def is_within(other: Box | Label, frame: Box | Label) -> bool:
    """Whether a mark is within a frame."""
    (left, top, right, bottom), (l2, t2, r2, b2) = find_borders(frame), find_borders(other)
    inside = left < l2 and r2 < right and top < t2 and b2 < bottom
    return isinstance(frame, Box) and frame.is_frame and inside


def assert_tidy(picture: Picture) -> None:
    """No box or label overlaps another, except for frames and the marks within them; no wire crosses a box."""
    boxes_and_labels = [mark for mark in picture.marks if not isinstance(mark, Wire)]
    for a, b in combinations(boxes_and_labels, 2):
        assert is_apart(a, b) or is_within(b, a) or is_within(a, b), (a, b)
    for mark in boxes_and_labels:
        left, top, right, bottom = find_borders(mark)
        assert -picture.left - 1 <= left, mark
        assert right <= picture.right + 1, mark
        assert top >= -1, mark
        assert bottom <= picture.height + 1, mark
    for box in boxes_and_labels:
        if isinstance(box, Box):
            assert all(measure_width(line.text, line.weight) <= box.width for line in box.lines)
            assert sum(line.height for line in box.lines) <= box.height
            for wire in (mark for mark in picture.marks if isinstance(mark, Wire)):
                assert box.is_frame or not any(is_crossed(box, p, q) for p, q in pairwise(wire.points)), (wire, box)


def is_crossed(box: Box, p: tuple[float, float], q: tuple[float, float]) -> bool:
    """Whether a horizontal or vertical line crosses the interior of a box."""
    left, top, right, bottom = find_borders(box)
    (x1, x2), (y1, y2) = sorted((p[0], q[0])), sorted((p[1], q[1]))
    assert x1 == x2 or y1 == y2
    return x1 < right - 1 and left + 1 < x2 + 1e-9 and y1 < bottom - 1 and top + 1 < y2 + 1e-9 and not box.is_round


@given(leaves)
def test_architectures_are_drawn_without_overlaps(leaf):
    diagram = draw_diagram(leaf.architecture, leaf.origin.input_shape)
    assert_tidy(diagram)
    ET.fromstring(leaf._repr_html_())  # well-formed for any labels


@given(terms)
def test_spaces_are_drawn_without_overlaps(space):
    assert_tidy(draw_diagram(space))
    ET.fromstring(as_svg(space))


def list_texts(term: aw.Term, shape: aw.Shape | None = None) -> list[str]:
    """The texts of a diagram, in the order of the file, with x for the multiplication sign."""
    elements = ET.fromstring(as_svg(term, shape)).iter("{http://www.w3.org/2000/svg}text")
    return [(element.text or "").replace(TIMES_SIGN, "x") for element in elements]


def test_a_chain_shows_modules_shapes_and_parameters():
    """Settings are a note; an identity is not drawn."""
    chain = aw.sequential(aw.settings(rate=0.1), aw.conv2d(8, 3, stride=2), aw.identity(), aw.relu(), aw.affine(10))
    expected = [
        *["settings", "rate 0.1", "input", "3x8x8", "conv2d 3x3", "8 filters, stride 2", "224 parameters", "8x4x4"],
        *["relu", "8x4x4", "affine", "10 units", "1,290 parameters", "10", "output"],
    ]
    assert sorted(list_texts(chain, IMAGE)) == sorted(expected)


def test_copies_are_drawn_once_with_their_number():
    """Also equal modules in a row; of different numbers, the first and the last are shown."""
    layer = aw.sequential(aw.conv2d(8, 1), aw.relu())
    tied = list_texts(aw.repeat_tied(layer, 16), IMAGE)
    assert tied.count("relu") == 1
    assert {"x16", "32 … 72 parameters"} <= set(tied)
    assert "x3" in list_texts(aw.sequential(layer, layer, layer), IMAGE)
    assert "x{1, 2}" in list_texts(aw.repeat(layer, [1, 2]))


def test_residual_modules_have_a_skip_connection():
    """And a note where channels are zero-padded."""
    assert "zero-padded" in list_texts(aw.residual(aw.conv2d(8, 3)), IMAGE)
    assert "zero-padded" not in list_texts(aw.residual(aw.conv2d(3, 3)), IMAGE)
    diagram = draw_diagram(aw.residual(aw.conv2d(3, 3)), IMAGE)
    (around,) = (mark for mark in diagram.marks if isinstance(mark, Wire) and mark.has_dot)
    assert len(around.points) == 4


@pytest.mark.parametrize(("merging", "shown"), [("add", "+"), ("concatenate", "concatenate")])
def test_branches_are_merged(merging, shown):
    texts = list_texts(aw.branches(aw.conv2d(2, 1), aw.identity(), merge=merging), IMAGE)
    assert texts.count(shown) == 1
    assert "2x8x8" in texts


def test_cells_are_nodes_with_modules_on_their_edges():
    """An edge without connection is dashed."""
    names = ["nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "avg_pool_3x3", "nor_conv_3x3"]
    term = topology(EDGES, *(OPERATIONS[name] for name in names))
    assert {"0", "1", "2", "3", "relu_conv_bn 3x3", "identity", "zero", "avg_pool2d 3x3"} <= set(
        list_texts(term, IMAGE)
    )
    assert sum(isinstance(mark, Wire) and mark.is_dashed for mark in draw_diagram(term, IMAGE).marks) == 2


def test_a_graph_that_does_not_add_says_so_on_a_frame():
    """With its name; in a space, with the merges that it may have."""
    edges, inside = [(0, 1), (0, 2), (1, 2)], [aw.conv2d(3, 1), aw.relu(), aw.identity()]
    plain = list_texts(topology(edges, *inside), IMAGE)
    for merge, name, title in (("mean", "", "merging mean"), ("concatenate", "cell", "cell: merging concatenate")):
        texts = list_texts(topology(edges, *inside, merge=merge, name=name), IMAGE)
        assert title in texts
        assert set(plain) - {"3x8x8"} <= set(texts)
    for space in (topology(edges, *inside, merge=["add", "mean"]), cell(edges, merge=["add", "mean"], a=inside[0])):
        assert "merging {add, mean}" in list_texts(space)
        assert_tidy(draw_diagram(space))
    chosen = aw.root(topology(edges, *inside, merge=["add", "mean"]), IMAGE).choose("add").architecture
    assert "merging add" in list_texts(chosen, IMAGE)


@pytest.mark.parametrize("seed", range(3))
def test_darts_is_drawn_without_overlaps(seed):
    """An architecture, in which wires lead from what is selected alone; and the space."""
    leaf = aw.sample(aw.root(make_darts(), (3, 16, 16)), random.Random(seed).random)
    assert_tidy(draw_diagram(leaf.architecture, (3, 16, 16)))
    assert "tuple" not in " ".join(list_texts(leaf.architecture, (3, 16, 16)))
    assert_tidy(draw_diagram(make_cell(2)))


def test_a_select_of_what_is_not_there_is_drawn_as_written():
    """A space may hold it, which never offers it."""
    wiring = aw.Wiring([0, 0, aw.Joint([1, 2], "tuple")], 3)
    space = aw.wired(wiring, aw.relu(), aw.batch_norm(), aw.branches(aw.select(2), aw.select(0)))
    assert_tidy(draw_diagram(space))
    assert {"select", "index 2"} <= set(list_texts(space))


def test_every_edge_of_a_large_graph_has_a_way_of_its_own():
    """All pairs of seven nodes."""
    edges = [(source, target) for target in range(7) for source in range(target)]
    assert_tidy(draw_diagram(topology(edges, *(aw.sequential(aw.conv2d(3, 3), aw.relu()) for _ in edges)), IMAGE))


def test_the_parameters_of_nas_bench_201_add_up():
    """The boxes of the network and its cells tell all of them."""
    network = build_network(topology(EDGES, *[ReluConvBn(3)] * 6), cells=2)
    texts = list_texts(network, (3, 32, 32))
    shown = [int(line.split()[0].replace(",", "")) for line in texts if "parameters" in line]
    stem, cell, rest = sum(shown[:2]), sum(shown[2:8]), shown[8:]
    first, second, third, fourth, *head = sum(rest[:3]), rest[3], sum(rest[4:7]), *rest[7:]
    assert stem + 2 * cell + first + 2 * second + third + 2 * fourth + sum(head) == network.parameters((3, 32, 32))
    assert texts.count("the same cell") == 2


def test_choices_are_dashed_frames():
    """In spaces: options under their labels, optional modules, cells."""
    space = aw.sequential(
        aw.either(small=aw.conv2d(8, [1, 3]), large=aw.conv2d(list(range(8, 80, 8)), 5)),
        aw.optional(aw.dropout([0.1, 0.5])),
        cell([(0, 1)], none=Zero(), skip=aw.identity()),
        aw.repeat_tied(aw.conv2d(aw.shared("width", [1, 2]) * 2, 3), [1, 2]),
    )
    expected = {"one of", "small", "large", "{8 … 72} filters", "8 filters, size {1, 3}", "optional", "rate {0.1, 0.5}"}
    assert expected | {"none, skip", "x{1, 2} alike"} <= set(list_texts(space))


def test_user_defined_modules_are_frames_around_their_children():
    texts = list_texts(Glued((aw.conv2d(3, 1), Shrink(1)), aw.relu()), IMAGE)
    assert {"glued", "0", "1", "2", "conv2d 1x1", "shrink", "relu"} <= set(texts)


@aw.module
class Doubled(aw.Composite):
    """Its body, `times` times."""

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


def test_copies_in_a_user_defined_module_are_counted():
    """A single copy has no number; in a space, the open hyperparameter is shown instead."""
    texts = list_texts(Doubled(aw.conv2d(8, 1)), IMAGE)
    assert {"drawn_twice_in_a_test", "x2", "32 … 72 parameters"} <= set(texts)
    assert "0" not in texts
    assert_tidy(draw_diagram(Doubled(aw.conv2d(8, 1), 3), IMAGE))
    once = list_texts(Doubled(aw.conv2d(8, 1), 1), IMAGE)
    assert not any(line.startswith("x") for line in once)
    texts = list_texts(Doubled(aw.conv2d(8, 1), [1, 2]))
    assert "drawn_twice_in_a_test, times {1, 2}" in texts


def test_a_kind_of_ones_own_is_drawn_by_its_wiring():
    """As the built-in kind with this wiring, in a frame with its name."""
    a, b, c = aw.conv2d(3, 1), aw.relu(), aw.conv2d(2, 3)
    for inside, sources, same in (
        ((a, b, c), ((0,), (1,), (2,), (3,)), aw.sequential(a, b, c)),
        ((c,), ((0,), (0, 1)), aw.residual(c)),
        ((a, b, c), ((0,), (0,), (0,), (1, 2, 3)), aw.branches(a, b, c)),
        ((a, b, c), ((0,), (0,), (1,), (2, 3)), topology([(0, 1), (0, 2), (1, 2)], a, b, c)),
    ):
        diagram = draw_diagram(Net(inside, sources), IMAGE)
        assert_tidy(diagram)
        assert sorted(list_texts(Net(inside, sources), IMAGE)) == sorted(["net", *list_texts(same, IMAGE)])


def test_a_wiring_that_is_no_pattern_is_a_graph():
    """Nodes are the input, joints, and outputs that flow into several; what flows past has a wire without a module."""
    net = Net((aw.conv2d(3, 1), aw.relu(), aw.relu()), ((0,), (1,), (1,), (0, 1, 2, 3)), "mean")
    assert list_edges(net.wiring()) == [((0, 1), (0,)), ((0, 2), (None,)), ((1, 2), (1, 2, None))]
    texts = list_texts(net, IMAGE)
    assert {"net, merging mean", "0", "1", "2"} <= set(texts)
    assert texts.count("relu") == 2
    assert_tidy(draw_diagram(net, IMAGE))


def test_what_may_decide_a_wiring_is_open_in_a_space():
    """Then the modules stand side by side, each with its place."""
    texts = list_texts(Net((aw.relu(), aw.relu()), ((0,), (0,), (1, 2)), ["add", "mean"]))
    assert {"net, merging {add, mean}", "0", "1"} <= set(texts)


@pytest.mark.parametrize("inner", ["cell", "space", "behind"])
def test_a_cell_in_a_cell_has_a_frame(inner):
    """So that its nodes are distinct from those of the outer cell."""
    edges = [(0, 1), (0, 2), (1, 2)]
    small = topology([(0, 1), (0, 2), (1, 2)], aw.conv2d(3, 1), Zero(), aw.identity())
    term = {
        "cell": small,
        "space": cell(edges, none=Zero(), skip=aw.identity()),
        "behind": aw.sequential(aw.relu(), aw.residual(small)),
    }[inner]
    diagram = draw_diagram(topology(edges, term, aw.relu(), term), None if inner == "space" else IMAGE)
    assert_tidy(diagram)
    frames = [mark for mark in diagram.marks if isinstance(mark, Box) and mark.is_frame]
    circles = [mark for mark in diagram.marks if isinstance(mark, Box) and mark.lines[:1] and mark.lines[0].text == "2"]
    assert len(frames) == 2
    assert sorted(sum(is_within(circle, frame) for frame in frames) for circle in circles) == [0, 1, 1]
    assert not any(mark.is_frame for mark in draw_diagram(small, IMAGE).marks if isinstance(mark, Box))


def test_labels_and_values_are_escaped():
    space = aw.either(**{"<script>": aw.settings(name='a & "b"'), "plain": aw.relu()})
    assert "<script>" not in as_svg(space)
    assert {"<script>", 'name a & "b"'} <= set(list_texts(space))


def test_long_texts_are_shortened():
    """The width of a box is limited, however long a setting or a label is."""
    assert draw_diagram(aw.settings(name="x" * 1000)).right < 400
    assert draw_diagram(aw.settings(**{"x" * 1000: ["y" * 1000, "z" * 1000]})).right < 400


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
def test_a_long_name_is_shortened_before_its_value(value, shown):
    name = "learning_rate_of_the_classifier_once_all_else_is_frozen"
    line = next(line for line in list_texts(aw.settings(**{name: value})) if line.startswith("learning"))
    assert line.endswith(f"… {shown}")
    assert len(line) == MAX_LINE_CHARACTERS
    assert f"rate {shown}" in list_texts(aw.settings(rate=value))


def test_text_is_within_the_margins():
    svg = as_svg(aw.sequential(aw.residual(aw.conv2d(8, 3)), aw.affine(10)), IMAGE)
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())
    for number in re.findall(r'<text x="(\S+)" y="(\S+)"', svg):
        x, y = map(float, number)
        assert MARGIN <= x <= width - MARGIN
        assert MARGIN <= y <= height - MARGIN


def test_notebooks_show_diagrams():
    """Of a leaf with shapes, of an architecture or a space without; of an inner node its text and its space."""
    space = aw.sequential(aw.conv2d([4, 8], 3), aw.affine(2))
    node = aw.root(space, IMAGE)
    leaf = aw.sample(node, random.Random(0).random)
    assert leaf._repr_html_() == as_svg(leaf.architecture, IMAGE)
    assert leaf.architecture._repr_html_() == as_svg(leaf.architecture)
    assert space._repr_html_() == as_svg(space)
    assert node._repr_html_() == f"<pre>&lt;node  | 0.conv2d.filters in {{4, 8}}&gt;</pre>\n{as_svg(space)}"


def test_names_are_on_boxes_and_frames():
    """A module without a box of its own has a frame for its name; one without a name has none."""
    conv = aw.conv2d(8, 3)
    named = aw.sequential(
        stem=conv,
        stage=aw.repeat(aw.residual(conv, name="block"), [1, 2]),
        op=aw.either(aw.relu(), aw.batch_norm()),
        glue=aw.branches(conv, conv),
        end=aw.topology([(0, 1)], conv),
        name="net",
    )
    picture = draw_diagram(named, None)
    assert_tidy(picture)
    text = as_svg(named)
    for name in (f"stem: conv2d 3{TIMES_SIGN}3", "stage", "block", "op: one of", "glue", "end", "net"):
        assert f">{name}<" in text
    frames = [mark for mark in picture.marks if isinstance(mark, Box) and mark.is_frame]
    unnamed = [
        mark for mark in draw_diagram(aw.drop_names(named), None).marks if isinstance(mark, Box) and mark.is_frame
    ]
    assert len(frames) == len(unnamed) + 5


@pytest.mark.parametrize(
    "named",
    [
        aw.grammar("S", S=[aw.relu(), aw.batch_norm()]).with_name("stem"),
        aw.let(inside=aw.sequential(aw.place("a"), aw.place("a")), a=aw.conv2d([8, 16], 3), name="stem"),
        aw.let(inside=aw.sequential(aw.place("a", name="stem"), aw.place("a")), a=aw.conv2d([8, 16], 3)),
    ],
    ids=["grammar", "let", "place"],
)
def test_what_stands_for_others_has_its_name_in_a_picture(named):
    """As every other kind has."""
    assert ">stem" in as_svg(aw.sequential(aw.relu(), named))
    assert "stem" not in as_svg(aw.drop_names(named))
