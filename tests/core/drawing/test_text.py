"""Spaces and architectures as text and HTML."""

import random
import re
from collections.abc import Iterator
from itertools import chain, groupby

from hypothesis import assume, given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.drawing.captions import TIMES_SIGN
from archwright.core.drawing.repeated import is_graph
from archwright.core.drawing.svg import as_svg
from archwright.core.drawing.text import as_text
from archwright.core.modules.choices import Either
from archwright.core.names import drop_names
from tests.core.user_modules import Glued, Ladder, Shrink
from tests.strategies import iterate_subterms, leaves, terms

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


def list_graphs(term: aw.Term) -> list[aw.Term]:
    """The graphs that are drawn once, without names, as they come first."""
    graphs: list[aw.Term] = []
    within = [] if isinstance(term, aw.Grammar) else term.subterms
    for graph in chain([drop_names(term)] if is_graph(term) else [], *map(list_graphs, within)):
        if graph not in graphs:
            graphs.append(graph)
    return graphs


def match_word(word: str, copies: int = 1) -> str:
    """The pattern of a line: labels and names, the word for a module, values, and how often it comes in a row."""
    times = re.escape(f" ({copies} times)") if copies > 1 else ""
    return rf"([^\w<]*|.*: ){re.escape(word)}(\(.*\))?{times}"


def iterate_lines(term: aw.Term, graphs: list[aw.Term], seen: list[aw.Term] | None, copies: int = 1) -> Iterator[str]:
    """The pattern of each line; `seen` are the graphs that came before, None in graphs and grammars."""
    if seen is not None and is_graph(term):
        if (unnamed := drop_names(term)) in seen:
            again = "the same cell" if len(graphs) == 1 else f"cell {1 + graphs.index(unnamed)} again"
            yield match_word(again, copies)
            return
        seen.append(unnamed)
    if isinstance(term, aw.Grammar):
        yield match_word(f"grammar({term.start}{f', depth={term.depth}' if term.depth else ''})", copies)
        for symbol, productions in term.list_rules():
            yield rf"\W*{symbol}"
            for production in productions:
                first, *rest = iterate_lines(production.term, graphs, None)
                assert first
                yield rf"\W*{re.escape(production.format())}: {first}"
                yield from rest
        return
    yield match_word(f"place({term.term_name})" if isinstance(term, aw.Place) else term.word, copies)
    within = None if isinstance(term, aw.Topology) else seen
    for child, run in groupby(term.subterms):
        n = len(list(run))
        if isinstance(term, aw.Sequential) and (is_graph(child) or isinstance(child, aw.Place)):
            yield from iterate_lines(child, graphs, within, n)
        else:
            for _ in range(n):
                yield from iterate_lines(child, graphs, within)


def build_graph(a: aw.Term, b: aw.Term) -> aw.Term:
    return aw.topology([(0, 1), (0, 2), (1, 2)], a, aw.relu(), b)


graphs_again = st.builds(
    lambda graph, other, between: aw.sequential(graph, aw.residual(other), between, graph, graph, aw.optional(graph)),
    st.builds(build_graph, terms, terms),
    st.builds(build_graph, terms, terms) | terms,
    terms,
)


@given(terms | graphs_again)
def test_a_line_for_each_module(term):
    """Whatever the space; shapes are drawn for architectures alone."""
    patterns, lines = list(iterate_lines(term, list_graphs(term), [])), as_text(term).splitlines()
    assert len(lines) == len(patterns)
    for pattern, line in zip(patterns, lines, strict=True):
        assert re.fullmatch(pattern, line)
    if not term.plan.is_specified:
        assert as_text(term, SHAPE) == as_text(term)


@given(terms)
def test_each_module_has_a_line_where_nothing_is_drawn_once(term):
    """Grammars, lets and graphs are drawn once; without them, the lines are the modules of the term in their order."""
    modules = list(iterate_subterms(term))
    assume(not any(is_graph(each) or isinstance(each, aw.Grammar | aw.Let) for each in modules))
    lines = as_text(term).splitlines()
    assert len(lines) == len(modules)
    assert all(each.kind in line for each, line in zip(modules, lines, strict=True))


def test_graphs_and_places_that_come_again_have_one_line():
    """In a row, with how many they are; later, by their number if there are several graphs."""
    graph, other = (
        aw.topology([(0, 1), (0, 2), (1, 2)], aw.relu(), aw.relu(), last) for last in (aw.relu(), aw.zero())
    )
    inside = aw.sequential(graph, graph, other, aw.residual(graph), graph, graph.with_name("head"))
    relu = "activation(function=relu)"
    below = [f"│  ├─ {relu}", f"│  ├─ {relu}"]
    assert as_text(inside).splitlines() == [
        "sequential",
        *("├─ topology (2 times)", *below, f"│  └─ {relu}"),
        *("├─ topology", *below, "│  └─ zero"),
        *("├─ residual", "│  └─ cell 1 again"),
        "├─ cell 1 again",
        "└─ head: cell 1 again",
    ]
    assert as_text(aw.sequential(graph, aw.flatten(), graph)).splitlines()[-1] == "└─ the same cell"
    place = aw.place("a")
    assert as_text(aw.let(inside=aw.sequential(place, place, aw.residual(place)), a=aw.relu())).splitlines() == [
        "let",
        f"├─ a: {relu}",
        "└─ sequential",
        "   ├─ place(a) (2 times)",
        "   └─ residual",
        "      └─ place(a)",
    ]


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


def test_a_given_wiring_says_what_flows_into_each_module():
    """By numbers, 0 the input; equal graphs are drawn once, those inside before those around."""
    graph = aw.wired(aw.Wiring([0, [0, 1], aw.Joint([1, 2], "tuple")], 3), aw.relu(), aw.zero(), last=aw.select(0))
    around = aw.wired(aw.Wiring([0, 1, [1, 2]], aw.Joint([2, 3], "mean")), graph, graph, aw.flatten())
    assert as_text(around).splitlines() == [
        "wired(output of 2, 3 as mean)",
        "├─ 1 of 0: wired(output of 3)",
        "│  ├─ 1 of 0: activation(function=relu)",
        "│  ├─ 2 of 0, 1: zero",
        "│  └─ 3 of 1, 2 as tuple: last: select(index=0)",
        "├─ 2 of 1: the same cell",
        "└─ 3 of 1, 2: flatten",
    ]


def test_a_graph_says_how_its_nodes_merge():
    """Where they do not just add what comes in."""
    edges, inside = [(0, 1), (0, 2), (1, 2)], [aw.relu(), aw.identity(), aw.relu()]
    assert as_text(aw.topology(edges, *inside)).splitlines()[0] == "topology"
    assert (
        as_text(aw.topology(edges, *inside, merge="mean", name="mix")).splitlines()[0] == "mix: topology(merging=mean)"
    )
    first = as_text(aw.cell(edges, merge=["add", "mean"], a=aw.relu(), b=aw.zero())).splitlines()[0]
    assert first == "cell(merging={add, mean}, op_1_0={a, b}, op_2_0={a, b}, op_2_1={a, b})"
