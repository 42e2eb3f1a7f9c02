"""A derivation is drawn as a tree: each module that asked is a box with its place and its values."""

import random
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.drawing.captions import MAX_LINE_CHARACTERS
from archwright.core.drawing.derivation import MAX_TITLE_CHARACTERS, derivation_as_svg, draw_derivation
from archwright.core.drawing.picture import Box, Wire
from archwright.core.drawing.tree import PAGE_WIDTH
from archwright.core.errors import to_one_line
from archwright.core.spaces.named import SPACES, named_space
from tests.core.drawing.test_picture import assert_tidy
from tests.strategies import leaves

SVG = "{http://www.w3.org/2000/svg}"
IMAGE = (3, 8, 8)
LAYER = aw.sequential(aw.conv2d([4, 8], [1, 3]), aw.optional(aw.dropout([0.1, 0.5])))
named_leaves = st.builds(
    lambda name, seed: aw.sample(aw.root(named_space(name), SPACES[name].input_shape), random.Random(seed).random),
    st.sampled_from(sorted(SPACES)),
    st.integers(0, 2**32),
)


def find_boxes(tree: aw.Derivation) -> list[Box]:
    """The boxes of the modules that asked, in the order of the picture, without that of a space that asked nothing."""
    drawn = [mark for mark in draw_derivation(tree).marks if isinstance(mark, Box)]
    return [box for box in drawn if box.style != "end"]


def list_texts(tree: aw.Derivation) -> list[list[str]]:
    return [[line.text for line in box.lines] for box in find_boxes(tree)]


def derive(space: aw.Term, *values: object) -> aw.Derivation:
    node = aw.root(space, IMAGE)
    for value in values:
        node = node.choose(value)
    return aw.derivation(node)


def format_in_full(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@given(leaves | named_leaves)
def test_each_module_that_asked_is_a_box_with_its_place_and_its_values(leaf):
    """In the order of asking. Under the pointer, both are told in full; the box begins where the one above it ends."""
    tree = aw.derivation(leaf)
    outside = {id(child): node for node in tree.nodes for child in node.children}
    assert len(find_boxes(tree)) == len(tree.nodes)
    for box, node in zip(find_boxes(tree), tree.nodes, strict=True):
        outer = outside.get(id(node))
        starts = [""] if outer is None else [f"{outer.place}.", outer.prefix, ""]
        title, *lines = (line.text for line in box.lines)
        assert any(to_one_line(f"{start}{title}") == to_one_line(node.place) for start in starts) or title[0] == "…"
        assert node.place.endswith(title.lstrip("…"))
        for line, (name, value) in zip(lines, node.own, strict=True):
            shown = f"{value:.4g}" if isinstance(value, float) else str(value)
            assert line == to_one_line(f"{name.rpartition('.')[2]} {shown}") or "…" in line
        told = ", ".join(f"{name.rpartition('.')[2]}={format_in_full(value)}" for name, value in node.own)
        assert box.hint == f"{node.place}({told})"


@given(leaves | named_leaves)
def test_it_is_a_tidy_tree_with_as_many_wires_as_edges(leaf):
    tree = aw.derivation(leaf)
    picture = draw_derivation(tree)
    assert_tidy(picture)
    drawn = [mark for mark in picture.marks if isinstance(mark, Box)]
    edges = sum(len(node.children) for node in tree.nodes) + (len(drawn) > len(tree.nodes)) * len(tree.roots)
    wires = [mark for mark in picture.marks if isinstance(mark, Wire)]
    assert len(wires) == edges == len(drawn) - 1
    for node, box in zip(tree.nodes, drawn[len(drawn) - len(tree.nodes) :], strict=True):
        leaving = [wire for wire in wires if touches(box, wire.points[0])]
        assert len(leaving) == len(node.children)


def touches(box: Box, point: tuple[float, float]) -> bool:
    """Whether a wire leaves a box there: in the middle of its lower side, or of its right one."""
    x, y = point
    below = abs(x - box.x - box.width / 2) < 0.01 and abs(y - box.y - box.height) < 0.01
    return below or (abs(y - box.y - box.height / 2) < 0.01 and abs(x - box.x - box.width) < 0.01)


@given(leaves | named_leaves)
def test_it_is_well_formed_for_any_names_and_values(leaf):
    tree = aw.derivation(leaf)
    picture = ET.fromstring(tree._repr_html_())
    assert tree._repr_html_() == derivation_as_svg(tree)
    assert len(picture.findall(f"{SVG}g")) == len(tree.nodes)
    assert [title.text for title in picture.iter(f"{SVG}title")] == [to_one_line(box.hint) for box in find_boxes(tree)]


def test_a_tree_by_hand():
    """The place of a box goes on from that above it; the space, which asked nothing, is at the top."""
    space = aw.sequential(aw.settings(rate=[0.125, 2 / 3]), aw.repeat(LAYER, [1, 2], name="body"), aw.affine([10, 20]))
    tree = derive(space, 2 / 3, 2, 8, 3, "dropout", 0.5, 4, 1, "identity", 10)
    assert list_texts(tree) == [
        ["0.settings", "rate 0.6667"],
        ["body.repeat", "count 2"],
        ["0.0.conv2d", "filters 8", "size 3"],
        ["0.1.either", "option dropout"],
        ["dropout", "rate 0.5"],
        ["1.0.conv2d", "filters 4", "size 1"],
        ["1.1.either", "option identity"],
        ["2.affine", "units 10"],
    ]
    assert [box.hint for box in find_boxes(tree)][:5] == [
        "0.settings(rate=0.666667)",
        "body.repeat(count=2)",
        "body.repeat.0.0.conv2d(filters=8, size=3)",
        "body.repeat.0.1.either(option=dropout)",
        "body.repeat.0.1.either.dropout(rate=0.5)",
    ]
    assert [box.style for box in find_boxes(tree)[:5]] == ["plain", "choice", "convolution", "choice", "dropout"]
    assert ">sequential</text>" in derivation_as_svg(tree)


def test_a_grammar_is_drawn_by_its_symbols():
    tree = aw.nonterminal("TREE")
    space = aw.grammar("TREE", depth=3, TREE={"both": aw.branches(tree, tree), "leaf": aw.affine([4, 8])})
    assert list_texts(derive(space, "both", "leaf", 4, "leaf", 8)) == [
        ["TREE", "production both"],
        ["branches.0.TREE", "production leaf"],
        ["affine", "units 4"],
        ["branches.1.TREE", "production leaf"],
        ["affine", "units 8"],
    ]


def test_copies_of_a_tied_body_and_terms_of_a_let_have_their_places():
    space = aw.sequential(aw.repeat_tied(aw.dropout([0.1, 0.2]), [1, 2]))
    assert list_texts(derive(space, 2, 0.1)) == [["0.repeat_tied", "count 2"], ["tied.dropout", "rate 0.1"]]
    place = aw.place("motif")
    space = aw.let(aw.sequential(place, place, aw.affine([4, 8])), motif=LAYER)
    assert [texts[0] for texts in list_texts(derive(space, 4, 1, "dropout", 0.1, 8))] == [
        "motif.0.conv2d",
        "motif.1.either",
        "dropout",
        "let.2.affine",
    ]


def test_a_cell_is_one_box():
    tree = aw.derivation(aw.sample(aw.root(named_space("nasbench201"), (3, 32, 32)), random.Random(1).random))
    ((title, *lines),) = list_texts(tree)
    assert (title, len(lines)) == ("nasbench201.cell", 6)


@pytest.mark.parametrize(("name", "shown"), [("", "sequential"), ("net", "net: sequential")])
def test_a_leaf_that_asked_nothing_is_its_space(name, shown):
    tree = derive(aw.sequential(aw.relu()).with_name(name))
    (box,) = draw_derivation(tree).marks
    assert isinstance(box, Box)
    assert [line.text for line in box.lines] == [shown, "no choices"]
    ET.fromstring(derivation_as_svg(tree))


def test_long_names_and_values_are_shortened_and_told_in_full_under_the_pointer():
    long_name, long_value = "a" * 100, "v" * 100
    space = aw.settings(**{long_name: [long_value, "w" * 100]}).with_name("n" * 100)
    tree = derive(space, long_value)
    ((title, line),) = list_texts(tree)
    assert (title, len(line)) == ("…" + "n" * 22 + ".settings", MAX_LINE_CHARACTERS)
    assert len(title) == MAX_TITLE_CHARACTERS
    assert line.startswith("aaaaaaa… vvv")
    assert find_boxes(tree)[0].hint == f"{'n' * 100}.settings({long_name}={long_value})"


def test_a_wide_tree_stays_about_as_wide_as_a_page():
    """A copy of one and of sixty modules that asked."""
    space = aw.sequential(aw.repeat(LAYER, [1, 30]))
    small, large = (aw.derivation(aw.sample(aw.root(space, IMAGE).choose(n), lambda: 0.9)) for n in (1, 30))
    assert (len(small.nodes), len(large.nodes)) == (4, 91)
    for tree in (small, large):
        picture = draw_derivation(tree)
        assert picture.left + picture.right < PAGE_WIDTH
    assert draw_derivation(large).height > 2000
