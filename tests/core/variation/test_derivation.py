"""The derivation tree of a leaf."""

import re

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.node import NotALeaf
from tests.core.user_modules import Ladder
from tests.strategies import leaves

LAYER = aw.sequential(aw.conv2d([4, 8], [1, 3]), aw.optional(aw.dropout([0.1, 0.5])))


def describe(tree):
    """The place of each module, its span, and the names of its own choices."""
    return [(node.place, node.start, node.stop, [name for name, _ in node.own]) for node in tree.nodes]


@given(leaves)
def test_each_choice_has_one_asker(leaf):
    """Modules are in the order of asking; the own choices of all of them, one after the other, are the path."""
    tree = aw.derivation(leaf)
    assert tree.path == leaf.path
    assert [choice for node in tree.nodes for choice in node.own] == list(leaf.path)
    assert [node.start for node in tree.nodes] == sorted({node.start for node in tree.nodes})
    for i, asker in enumerate(tree.askers):
        assert asker.start <= i < asker.start + len(asker.own)
        assert tree.find_span(i) == (i, asker.stop)


@given(leaves)
def test_the_span_of_a_module_is_its_own_choices_and_those_of_its_children(leaf):
    """The spans of children come one after the other; those of the roots make up the path."""
    tree = aw.derivation(leaf)
    for node in tree.nodes:
        inside = node.start + len(node.own)
        for child in node.children:
            assert child.start == inside
            inside = child.stop
        assert inside == node.stop
    assert sum(root.stop - root.start for root in tree.roots) == len(leaf.path)


@given(leaves)
def test_what_asked_is_where_the_traversal_was(leaf):
    """The kind of each choice's asker is the term at which the path asks for it; its place begins the name."""
    tree = aw.derivation(leaf)
    node = aw.root(leaf.origin.space, leaf.origin.input_shape)
    for asker, (name, value) in zip(tree.askers, leaf.path, strict=True):
        assert node.focus == asker.kind
        assert "." not in name or name.rpartition(".")[0] == asker.place
        node = node.choose(value)


@given(leaves)
def test_a_module_is_inside_another_as_its_place_says(leaf):
    """Unless it is tied, what is inside a module has a name that begins with the place of that module's prefix.

    What is chosen at the first place of a term of a let is named after that let, which is around the module.
    """
    tree = aw.derivation(leaf)
    for node in tree.nodes:
        lets = [node.prefix[: let.start()] for let in re.finditer(r"\blet\.", node.prefix)]
        terms = tuple(f"{before}{term}." for before in lets for term in ("chosen", "other"))
        for name, _ in leaf.path[node.start : node.stop]:
            assert "." not in name or name.startswith((node.prefix, *terms))


def test_a_tree_by_hand():
    """The sequential asks nothing and is no node; the first copy's optional has a dropout inside, the second's none."""
    space = aw.sequential(aw.settings(rate=[1, 2]), aw.repeat(LAYER, [1, 2, 3]), aw.affine([10, 20]))
    path = {
        "0.settings.rate": 2,
        "1.repeat.count": 2,
        "1.repeat.0.0.conv2d.filters": 8,
        "1.repeat.0.0.conv2d.size": 3,
        "1.repeat.0.1.either.option": "dropout",
        "1.repeat.0.1.either.dropout.rate": 0.5,
        "1.repeat.1.0.conv2d.filters": 4,
        "1.repeat.1.0.conv2d.size": 1,
        "1.repeat.1.1.either.option": "identity",
        "2.affine.units": 10,
    }
    tree = aw.derivation(aw.replay(space, (3, 8, 8), path.items()))
    assert describe(tree) == [
        ("0.settings", 0, 1, ["0.settings.rate"]),
        ("1.repeat", 1, 9, ["1.repeat.count"]),
        ("1.repeat.0.0.conv2d", 2, 4, ["1.repeat.0.0.conv2d.filters", "1.repeat.0.0.conv2d.size"]),
        ("1.repeat.0.1.either", 4, 6, ["1.repeat.0.1.either.option"]),
        ("1.repeat.0.1.either.dropout", 5, 6, ["1.repeat.0.1.either.dropout.rate"]),
        ("1.repeat.1.0.conv2d", 6, 8, ["1.repeat.1.0.conv2d.filters", "1.repeat.1.0.conv2d.size"]),
        ("1.repeat.1.1.either", 8, 9, ["1.repeat.1.1.either.option"]),
        ("2.affine", 9, 10, ["2.affine.units"]),
    ]
    assert [root.place for root in tree.roots] == ["0.settings", "1.repeat", "2.affine"]
    repeat, first, second = tree.nodes[1], tree.nodes[2], tree.nodes[5]
    assert [child.place for child in repeat.children] == [tree.nodes[i].place for i in (2, 3, 5, 6)]
    assert first.kind == second.kind == LAYER.children[0]
    assert [tree.find_span(i) for i in (1, 2, 3, 4, 8)] == [(1, 9), (2, 4), (3, 4), (4, 6), (8, 9)]
    assert str(tree).splitlines() == [
        "sequential",
        "├─ 0.settings(rate=2)",
        "├─ 1.repeat(count=2)",
        "│  ├─ 1.repeat.0.0.conv2d(filters=8, size=3)",
        "│  ├─ 1.repeat.0.1.either(option=dropout)",
        "│  │  └─ 1.repeat.0.1.either.dropout(rate=0.5)",
        "│  ├─ 1.repeat.1.0.conv2d(filters=4, size=1)",
        "│  └─ 1.repeat.1.1.either(option=identity)",
        "└─ 2.affine(units=10)",
    ]
    assert repr(tree) == "<Derivation: 10 choices of 8 modules>"
    assert repr(repeat) == "<1.repeat: choices 1 to 8>"


def test_a_shared_hyperparameter_is_a_choice_of_the_module_that_meets_it_first():
    width = aw.shared("width", [4, 8])
    tree = aw.derivation(
        aw.root(aw.sequential(aw.conv2d(width, [1, 3]), aw.conv2d(width * 2, 3)), (3, 8, 8)).choose(8).choose(3)
    )
    assert describe(tree) == [("0.conv2d", 0, 2, ["width", "0.conv2d.size"])]
    assert str(tree).splitlines()[1] == "└─ 0.conv2d(width=8, size=3)"


def test_a_space_that_asks_itself_is_the_only_root():
    """A cell's choices come first, then those of the operations on its edges; a tied body asks once for all copies."""
    edges = [(0, 1), (0, 2), (1, 2)]
    space = aw.cell(edges, skip=aw.identity(), conv=aw.repeat_tied(aw.dropout([0.1, 0.2]), [1, 2]))
    leaf = aw.root(space, (3, 8, 8))
    for value in ("conv", "skip", "conv", 2, 0.1, 1, 0.2):
        leaf = leaf.choose(value)
    assert describe(aw.derivation(leaf)) == [
        ("cell", 0, 7, ["cell.op_1_0", "cell.op_2_0", "cell.op_2_1"]),
        ("cell.topology.1_0.repeat_tied", 3, 5, ["cell.topology.1_0.repeat_tied.count"]),
        ("cell.topology.1_0.tied.dropout", 4, 5, ["cell.topology.1_0.tied.dropout.rate"]),
        ("cell.topology.2_1.repeat_tied", 5, 7, ["cell.topology.2_1.repeat_tied.count"]),
        ("cell.topology.2_1.tied.dropout", 6, 7, ["cell.topology.2_1.tied.dropout.rate"]),
    ]


def test_a_module_of_ones_own_that_expands_is_a_node_like_any_other():
    leaf = aw.root(Ladder(aw.conv2d([2, 3], 1), [2, 3], [0, 1]), (2, 8, 8))
    for value in (3, 1, 2):
        leaf = leaf.choose(value)
    assert str(aw.derivation(leaf)).splitlines() == [
        "ladder",
        "└─ ladder(width=3, rungs=1)",
        "   └─ ladder.1.residual.conv2d(filters=2)",
    ]


def test_the_tree_of_a_walk_that_narrowed_is_that_of_its_path():
    space = aw.sequential(aw.conv2d([2, 4, 8, 16], [1, 3]), aw.optional(aw.relu()))
    node = aw.root(space, (3, 8, 8))
    narrowed = node.narrow(node.choice.domain.split(2)[1])
    leaf = narrowed.narrow(narrowed.choice.domain.split(2)[0]).choose(3).choose("relu")
    same = aw.replay(space, (3, 8, 8), leaf.path)
    assert describe(aw.derivation(leaf)) == describe(aw.derivation(same))


def test_places_have_the_names_of_modules():
    space = aw.sequential(aw.relu(), stem=aw.repeat(aw.dropout([0.1, 0.2]), [1, 2])).with_name("net")
    tree = aw.derivation(aw.root(space, (3, 8, 8)).choose(1).choose(0.2))
    assert describe(tree) == [
        ("net.stem.repeat", 0, 2, ["net.stem.repeat.count"]),
        ("net.stem.repeat.0.dropout", 1, 2, ["net.stem.repeat.0.dropout.rate"]),
    ]
    whole = aw.derivation(aw.root(aw.dropout([0.1, 0.2], name="rest"), (3, 8, 8)).choose(0.1)).nodes[0]
    assert (whole.place, whole.prefix) == ("rest.dropout", "rest.")


def test_a_leaf_without_choices_has_no_modules_that_asked():
    tree = aw.derivation(aw.root(aw.sequential(aw.relu()), (3, 8, 8)))
    assert (tree.nodes, tree.roots, tree.askers, str(tree)) == ((), (), (), "sequential")


def test_only_leaves_have_one():
    with pytest.raises(NotALeaf, match="no derivation yet; choose until is_leaf"):
        aw.derivation(aw.root(LAYER, (3, 8, 8)))
