"""Spaces and architectures as text and HTML."""

import random
from collections.abc import Iterator

from hypothesis import given

import archwright as aw
from archwright.core.drawing.captions import TIMES_SIGN
from archwright.core.drawing.repeated import is_graph
from archwright.core.drawing.svg import as_svg
from archwright.core.drawing.text import as_text
from archwright.core.modules.choices import Either
from archwright.core.names import drop_names
from tests.core.user_modules import Glued, Ladder, Shrink
from tests.strategies import leaves, terms

WIDTH = aw.shared("width", [8, 16])
SPACE = aw.sequential(
    aw.settings(optimizer=["adam", "sgd"], learning_rate=aw.reals(1e-4, 0.1, log=True)),
    aw.conv2d(WIDTH, size=aw.integers(1, 5), bias=False),
    aw.branches(aw.residual(aw.conv2d(WIDTH * 2, 3)), aw.max_pool2d(3, 1, "same"), merge=["add", "concatenate"]),
    aw.repeat(aw.maybe_swap(aw.relu(), aw.batch_norm()), [0, 1, 2]),
    Either((aw.identity(), aw.flatten()), ("as it is", "flat"), aw.shared("rank", ["as it is", "flat"])),
    aw.affine(10),
)
SHAPE = (3, 8, 8)


def test_a_space_as_a_tree(golden):
    """The paper's example: a line for each module, options under their labels, domains in braces."""
    golden("figure1.txt", as_text(aw.named_space("figure1")))


def test_a_space_with_everything_in_it(golden):
    """Shared hyperparameters show their name and domain, computed ones their formula; defaults are left out."""
    golden("space.txt", as_text(SPACE))


def test_a_printed_space_is_its_tree():
    """Also one that says its input."""
    assert str(SPACE) == as_text(SPACE)
    assert str(aw.takes(aw.image(3, 8, 8))(SPACE)) == as_text(SPACE)


def test_an_architecture_with_shapes_and_parameters(golden):
    """Drawn with its input shape, each line shows the shapes at its module and its trainable parameters."""
    leaf = aw.sample(aw.root(SPACE, SHAPE), random.Random(4).random)
    golden("architecture.txt", as_text(leaf.architecture, SHAPE))
    assert as_text(leaf.architecture, SHAPE).splitlines()[0].startswith("sequential   (3, 8, 8) -> (10,), ")


def test_names_stand_before_modules():
    """And labels before them, since an option may have a name, too."""
    space = aw.sequential(stem=aw.conv2d(8, 3), op=aw.either(aw.relu(), wide=aw.affine(4, name="head")), name="net")
    assert as_text(space).splitlines() == [
        "net: sequential",
        "├─ stem: conv2d(filters=8, size=3)",
        "└─ op: either",
        "   ├─ relu: activation(function=relu)",
        "   └─ wide: head: affine(units=4)",
    ]
    chosen = aw.root(space, SHAPE).choose("relu").architecture
    assert as_text(chosen).splitlines()[2] == "└─ op: activation(function=relu)"


def iterate_drawn(term: aw.Term, seen: list[aw.Term] | None) -> Iterator[str]:
    """What is in each line: the word for a module, and of a grammar those for the productions that it draws, each once.

    Outside graphs and grammars a graph that was seen has one line. Equal graphs or places in a row have one tree.
    """
    if seen is not None and is_graph(term):
        if drop_names(term) in seen:
            yield ""
            return
        seen.append(drop_names(term))
    yield term.kind if isinstance(term, aw.Grammar) else term.word
    if isinstance(term, aw.Grammar):
        for symbol, productions in term.list_rules():
            yield symbol
            for production in productions:
                yield from iterate_drawn(production.term, None)
        return
    before = None
    for child in term.subterms:
        is_folded = isinstance(term, aw.Sequential) and (is_graph(child) or isinstance(child, aw.Place))
        if not (is_folded and child == before):
            yield from iterate_drawn(child, None if isinstance(term, aw.Topology) else seen)
        before = child


@given(terms)
def test_a_line_for_each_module(term):
    """Whatever the space; shapes are drawn for architectures alone."""
    lines = as_text(term).splitlines()
    words = list(iterate_drawn(term, []))
    assert len(lines) == len(words)
    assert all(word in line for word, line in zip(words, lines, strict=True))
    if not term.plan.is_specified:
        assert as_text(term, SHAPE) == as_text(term)


@given(leaves)
def test_an_architecture_ends_in_its_output_shape(leaf):
    """The first line has the input shape and the output shape."""
    shape = leaf.origin.input_shape
    first = as_text(leaf.architecture, shape).splitlines()[0]
    assert f"   {shape} -> {leaf.out_shape}" in first


def test_user_defined_modules_are_drawn():
    """Like built-in ones."""
    space = Glued((aw.conv2d(4, 1), Shrink([1, 2])), Ladder(aw.relu(), width=[4, 8], rungs=2))
    assert as_text(space).splitlines() == [
        "glued",
        "├─ conv2d(filters=4, size=1)",
        "├─ shrink(step={1, 2})",
        "└─ ladder(width={4, 8}, rungs=2)",
        "   └─ activation(function=relu)",
    ]


def test_chosen_values_are_always_shown():
    """Also where the choice is the default; other values are shown where they are not."""
    convolution = aw.conv2d(8, 3, stride=[1, 2], padding=["same", "valid"], bias=[True, False])
    space = aw.sequential(convolution, aw.repeat_tied(aw.max_pool2d([1, 2]), [1, 2]), aw.conv2d(8, 3, stride=1))
    path = [("0.conv2d.stride", 1), ("0.conv2d.padding", "same"), ("0.conv2d.bias", True)]
    leaf = aw.replay(space, SHAPE, [*path, ("1.repeat_tied.count", 1), ("1.tied.max_pool2d.size", 2)])
    lines = as_text(leaf.architecture).splitlines()
    assert lines[1] == "├─ conv2d(filters=8, size=3, stride=1, padding=same, bias=True)"
    assert lines[2:4] == ["├─ repeat_tied(count=1)", "│  └─ max_pool2d(size=2)"]
    assert lines[4] == "└─ conv2d(filters=8, size=3)"
    drawn = as_svg(leaf.architecture)
    assert "stride 1, padding same, bias True" in drawn
    assert drawn.count("stride 1") == 1


def test_a_list_of_one_is_its_value():
    """It is no choice."""
    space = aw.sequential(aw.repeat(aw.relu(), [12]), aw.repeat_tied(aw.relu(), [11]), aw.conv2d([8], 3))
    lines = as_text(space).splitlines()
    assert [lines[1], lines[3], lines[5]] == [
        "├─ repeat(count=12)",
        "├─ repeat_tied(count=11)",
        "└─ conv2d(filters=8, size=3)",
    ]
    drawn = as_svg(space)
    assert all(f">{text}</text>" in drawn for text in (f"{TIMES_SIGN}12", f"{TIMES_SIGN}11", "8 filters"))
