"""Grammars: what is derived, counted by brute force and by hand, and which rules are refused."""

import json
import math
import random
from collections import Counter
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.completion import complete_choices
from archwright.core.drawing.svg import as_svg
from archwright.core.errors import TooDeep
from archwright.core.json import UnreadableTerm
from archwright.core.kind import NotATerm
from archwright.core.modules.nonterminal import InvalidGrammar, UnboundNonterminal
from archwright.core.path_lengths import count_longest_path
from archwright.core.value import InvalidDomain
from tests.strategies import enumerate_leaves, seeds, walk_randomly

SHAPE = (4,)
OPS = [aw.relu(), aw.identity(), aw.relu()]
CELLS = aw.grammar(
    "S",
    S=[aw.sequential(aw.nonterminal("CELL"), aw.nonterminal("CELL")), aw.nonterminal("CELL")],
    CELL={"tanh": aw.activation("tanh"), "wide": aw.sequential(aw.affine(8), aw.nonterminal("OP"))},
    OP=[aw.relu(), aw.relu(), aw.zero()],
)
SUM = aw.sequential(aw.affine(4), aw.nonterminal("E"), aw.nonterminal("E"))
CHAIN = {"E": {"more": SUM, "one": aw.relu()}}

# --- random grammars, and their derivations by brute force

SYMBOLS = ("A", "B", "C")
Tree = tuple[int, tuple]  # the number of a terminal, and the trees of what it is given


def build_terminal(number: int, *terms: aw.Term) -> aw.Term:
    """A module that tells by its rate which terminal it is of."""
    return aw.sequential(aw.dropout((number + 1) / 64), *terms)


@st.composite
def written_rules(draw: st.DrawFn) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
    """For each symbol its productions: the number of a terminal, and the symbols that it is given; some come twice."""
    rules, number = {}, 0
    for symbol in SYMBOLS[: draw(st.integers(1, 3))]:
        productions = []
        for _ in range(draw(st.integers(1, 3))):
            productions.append((number, tuple(draw(st.lists(st.sampled_from(SYMBOLS), max_size=2)))))
            number += 1
        productions += productions[: draw(st.integers(0, 1))]
        rules[symbol] = productions
    known = set(rules)
    return {
        symbol: [(number, tuple(s for s in given_symbols if s in known)) for number, given_symbols in productions]
        for symbol, productions in rules.items()
    }


def list_trees(rules, symbol: str, depth: int) -> list[Tree]:
    """Every derivation from a symbol with at most `depth` productions in each other, by definition."""
    if depth == 0:
        return []
    return [
        (number, trees)
        for number, symbols in rules[symbol]
        for trees in product(*(list_trees(rules, s, depth - 1) for s in symbols))
    ]


def build_tree(tree: Tree) -> aw.Term:
    return build_terminal(tree[0], *map(build_tree, tree[1]))


def make_grammar(rules, depth: int | None) -> aw.Grammar:
    productions = {
        symbol: [build_terminal(number, *map(aw.nonterminal, symbols)) for number, symbols in listed]
        for symbol, listed in rules.items()
    }
    return aw.grammar("A", depth=depth, **productions)


def make_good_grammar(rules, depth: int) -> aw.Grammar:
    """The grammar, without the rules to which no derivation comes; one that is refused all the same is no example."""
    reached, new = set(), {"A"}
    while new:
        reached |= new
        new = {s for symbol in new for _, symbols in rules[symbol] for s in symbols} - reached
    try:
        return make_grammar({symbol: rules[symbol] for symbol in rules if symbol in reached}, depth)
    except InvalidGrammar as error:
        assume("ends" not in str(error) and "or more in each other" not in str(error))
        raise


@given(written_rules(), st.integers(1, 4))
def test_a_grammar_has_the_derivations_of_its_definition(rules, depth):
    """With a depth, those with at most so many productions in each other: all of them, each once, and no others."""
    assume(math.prod(max(1, len(list_trees(rules, s, depth - 1))) for s in rules) < 2000)
    trees = list_trees(rules, "A", depth)
    assume(len(trees) < 300)
    if not trees:
        with pytest.raises(InvalidGrammar, match=r"or more in each other|ends|comes to"):
            make_grammar(rules, depth)
        return
    grammar = make_good_grammar(rules, depth)
    distinct = set(trees)
    assert aw.count(grammar) == aw.count(grammar, SHAPE) == len(distinct)
    assert aw.count_derivations(grammar) == aw.count_derivations(grammar, SHAPE) == len(trees)
    leaves, dead_ends = enumerate_leaves(grammar, SHAPE)
    assert dead_ends == []
    assert Counter(leaf.architecture for leaf in leaves) == Counter(map(build_tree, distinct))
    assert len(enumerate_leaves(grammar, SHAPE, 2)[0]) == len(distinct)
    assert max(len(leaf.path) for leaf in leaves) <= count_longest_path(grammar)


@given(written_rules(), st.integers(1, 5), seeds)
def test_a_grammar_is_a_space_like_any_other(rules, depth, seed):
    """JSON both ways, replay, and completing a leaf from some of its choices."""
    grammar = make_good_grammar(rules, depth)
    assert aw.from_json(json.loads(json.dumps(aw.to_json(grammar)))) == grammar
    *_, leaf = walk_randomly(aw.root(grammar, SHAPE), seed)
    assert aw.replay(aw.from_json(aw.to_json(grammar)), SHAPE, leaf.path).architecture == leaf.architecture
    assert aw.from_json(aw.to_json(leaf.architecture)) == leaf.architecture
    some = dict(leaf.path[::2])
    completed = complete_choices(aw.root(grammar, SHAPE), some, random.Random(seed).random)
    assert some.items() <= dict(completed.path).items()
    if len(leaf.path):
        other = aw.mutated(leaf, random.Random(seed).random, subtree=True)
        assert aw.replay(grammar, SHAPE, other.path) == other != leaf


def test_names_have_the_symbol_where_others_have_their_kind():
    """As in CELL.production; what is inside a production comes after the symbol."""
    node = aw.root(CELLS, SHAPE)
    assert (node.choice.name, str(node.choice.domain)) == ("S.production", "{sequential, CELL}")
    node = node.choose("sequential").choose("wide")
    assert [name for name, _ in node.path] == ["S.production", "S.0.CELL.production"]
    assert (node.choice.name, str(node.choice.domain)) == ("S.0.CELL.1.OP.production", "{relu, zero weighted 2:1}")
    leaf = node.choose("zero").choose("tanh")
    assert leaf.architecture == aw.sequential(aw.sequential(aw.affine(8), aw.zero()), aw.activation("tanh"))
    assert str(aw.derivation(leaf)).splitlines() == [
        "S",
        "└─ S(production=sequential)",
        "   ├─ S.0.CELL(production=wide)",
        "   │  └─ S.0.CELL.1.OP(production=zero)",
        "   └─ S.1.CELL(production=tanh)",
    ]


def test_both_counts_of_a_production_that_is_listed_twice():
    """By hand: a cell is tanh, or relu or zero after affine: 3, and 4 as listed. S is two cells or one: 3 * 3 + 3."""
    assert (aw.count(CELLS), aw.count_derivations(CELLS)) == (12, 20)
    assert (aw.count(CELLS, SHAPE), aw.count_derivations(CELLS, SHAPE)) == (12, 20)
    within = aw.sequential(aw.optional(CELLS), aw.repeat(CELLS, [1, 2]))
    assert (aw.count(within), aw.count_derivations(within)) == (13 * (12 + 144), 21 * (20 + 400))
    described = aw.describe_space(CELLS, input=SHAPE)
    assert (described["size"], described["derivations"]) == (12, 20)
    plain = aw.either(aw.relu(), aw.zero())
    assert aw.count_derivations(plain) == aw.count(plain) == 2


def test_a_production_of_weight_two_is_drawn_as_often_as_one_that_is_listed_twice():
    """But it is listed once, so that it is one derivation."""
    weighted = aw.grammar("OP", OP=[aw.weighted(aw.relu(), 2), aw.zero()])
    listed = aw.grammar("OP", OP=[aw.relu(), aw.zero(), aw.relu()])
    assert weighted.production == listed.production == aw.values("relu", "zero", weights=[2, 1])
    assert (aw.count_derivations(weighted), aw.count_derivations(listed)) == (2, 3)
    stream = random.Random(0)
    drawn = Counter(aw.sample(aw.root(listed, SHAPE), stream.random).architecture for _ in range(900))
    assert 540 < drawn[aw.relu()] < 660
    both = aw.grammar("OP", OP=[aw.weighted(aw.relu(), 2), aw.zero(), aw.relu(), aw.weighted(aw.zero(), 0.5)])
    assert both.production == aw.values("relu", "zero", weights=[3, 1.5])


def test_recursion_goes_as_deep_as_depth_says():
    """By hand: E of depth 1 is relu; of depth n, relu or two of depth n - 1: 1, 2, 5, 26."""
    counts = [aw.count(aw.grammar("E", depth=depth, **CHAIN), SHAPE) for depth in (1, 2, 3, 4)]
    assert counts == [1, 2, 5, 26]
    node = aw.root(aw.grammar("E", depth=2, **CHAIN), SHAPE).choose("more")
    assert node.is_leaf  # only relu can still end, and is not asked
    assert node.architecture == aw.sequential(aw.affine(4), aw.relu(), aw.relu())
    deep = aw.grammar("E", depth=40, **CHAIN)
    assert aw.count(deep) == aw.count(deep, SHAPE) == math.inf  # it has 10^11 digits
    aw.check(deep, SHAPE)
    assert aw.sample(aw.root(deep, SHAPE), random.Random(2).random).is_leaf
    with pytest.raises(TooDeep, match="more than 100 levels"):
        aw.count(aw.grammar("E", depth=60, **CHAIN))


def test_depth_is_looked_for_inside_choices():
    """A symbol that may be left out of its own production ends by that alone."""
    self_made = aw.grammar("S", depth=3, S=[aw.sequential(aw.relu(), aw.optional(aw.nonterminal("S")))])
    assert aw.count(self_made, SHAPE) == aw.count(self_made) == 3
    repeated = aw.grammar("S", depth=2, S=[aw.sequential(aw.relu(), aw.repeat(aw.nonterminal("S"), [0, 2]))])
    assert [leaf.architecture for leaf in aw.enumerate_leaves(repeated, SHAPE)] == [
        aw.sequential(aw.relu(), aw.sequential()),
        aw.sequential(aw.relu(), aw.sequential(*[aw.sequential(aw.relu(), aw.sequential())] * 2)),
    ]


def test_what_does_not_fit_is_not_offered():
    """Shapes rule out productions as they rule out options."""
    shrink = aw.sequential(aw.max_pool2d(2), aw.nonterminal("S"))
    pools = aw.grammar("S", depth=9, S={"pool": shrink, "end": aw.flatten()})
    assert aw.count(pools) == 9
    assert aw.count(pools, (1, 8, 8)) == 4  # 8, 4, 2, 1
    assert aw.dead_ends(pools, (1, 8, 8)) == ()
    node = aw.root(pools, (1, 8, 8)).choose("pool").choose("pool").choose("pool")
    assert node.is_leaf


def test_shared_hyperparameters_are_chosen_once_for_all_productions():
    width = aw.shared("width", [2, 4])
    space = aw.grammar(
        "S", S=[aw.sequential(aw.nonterminal("A"), aw.nonterminal("A"))], A=[aw.affine(width), aw.affine(width * 2)]
    )
    assert aw.count(space) == aw.count(space, SHAPE) == 8
    leaf = aw.root(space, SHAPE).choose("affine").choose(4).choose("affine_2")
    assert leaf.out_shape == (8,)


def test_a_grammar_in_a_production_has_symbols_of_its_own():
    inner = aw.grammar("A", A=[aw.nonterminal("B")], B=[aw.relu(), aw.zero()])
    outer = aw.grammar("A", A=[aw.sequential(inner, aw.nonterminal("B"))], B=[aw.identity(), aw.affine(4)])
    assert aw.count(outer) == 4
    names = {name for leaf in aw.enumerate_leaves(outer, SHAPE) for name, _ in leaf.path}
    assert names == {"A.0.A.B.production", "A.1.B.production"}


def test_a_symbol_may_be_called_depth():
    assert aw.count(aw.grammar("depth", depth=[aw.relu(), aw.zero()])) == 2
    assert aw.grammar("S", S=[aw.nonterminal("depth")], depth={"a": aw.relu()}).rules[1] == ("depth", (("a", 1),))


def test_what_is_drawn_is_each_rule_once():
    assert str(CELLS).splitlines() == [
        "grammar(S)",
        "├─ S",
        "│  ├─ sequential: sequential",
        "│  │  ├─ CELL",
        "│  │  └─ CELL",
        "│  └─ CELL: CELL",
        "├─ CELL",
        "│  ├─ tanh: activation(function=tanh)",
        "│  └─ wide: sequential",
        "│     ├─ affine(units=8)",
        "│     └─ OP",
        "└─ OP",
        "   ├─ relu [2]: activation(function=relu)",
        "   └─ zero: zero",
    ]
    assert str(aw.sequential(aw.grammar("E", depth=3, **CHAIN))).splitlines()[1:3] == [
        "└─ grammar(E, depth=3)",
        "   └─ E",
    ]
    svg = as_svg(aw.sequential(CELLS, aw.relu()))
    assert [svg.count(f">{text}<") for text in ("grammar S", "OP", "relu [2]", "wide")] == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aw.grammar("T", S=[aw.relu()]), "the start 'T' has no rule; there are: S"),
        (lambda: aw.grammar(S=[aw.relu()]), "grammar starts at ''; write the start symbol first, as in grammar"),
        (lambda: aw.grammar("S", S=[aw.relu()], dept=3), r"the rule of dept is 3; .*; did you mean depth\?"),
        (lambda: aw.grammar("S"), "the start 'S' has no rule; there are none"),
        (lambda: aw.grammar("S", S=[]), "S has no productions; give it one or more"),
        (
            lambda: aw.grammar("S", S=aw.relu()),
            "the rule of S is Activation.*; write its productions in a list, as in S=",
        ),
        (
            lambda: aw.grammar("S", S=[aw.nonterminal("CEL")], CELL=[aw.relu()]),
            "CEL in the production 'CEL' of S has no rule; did you mean CELL",
        ),
        (lambda: aw.grammar("S", S=[aw.relu()], T=[aw.zero()]), "no derivation from S comes to T; leave its rule out"),
        (
            lambda: aw.grammar("S", S=[aw.nonterminal("T")], T=[aw.sequential(aw.nonterminal("T"), aw.relu())]),
            "no derivation from S ends: .*; give S a production without S or T",
        ),
        (lambda: aw.grammar("E", **CHAIN), "without end: E -> E; give a depth, as in depth=5"),
        (
            lambda: aw.grammar(
                "S", S=[aw.nonterminal("A")], A=[aw.nonterminal("B"), aw.relu()], B=[aw.residual(aw.nonterminal("A"))]
            ),
            "without end: A -> B -> A; give a depth",
        ),
        (
            lambda: aw.grammar("S", depth=1, S=[aw.nonterminal("A")], A=[aw.relu()]),
            "the depth is 1, and every derivation from S has 2 productions or more in each other; give depth=2 or more",
        ),
        (lambda: aw.grammar("S", depth=0, S=[aw.relu()]), "the depth of a grammar is 0; write a whole number of 1 or"),
        (lambda: aw.grammar("S", depth=True, S=[aw.relu()]), "the depth of a grammar is True"),
        (
            lambda: aw.grammar("S", S={"a": aw.relu(), "b": aw.relu()}),
            r"a and b of S are the same production; write it once, as in {'a': weighted\(..., 2\)}",
        ),
        (lambda: aw.nonterminal("a b"), "the symbol of a nonterminal is 'a b'; write a name such as CELL"),
        (lambda: aw.grammar("a b", **{"a b": [aw.relu()]}), "the symbol of a nonterminal is 'a b'"),
    ],
)
def test_rules_that_do_not_fit_together_are_refused(make, message):
    """By name, with the remedy."""
    with pytest.raises(InvalidGrammar, match=message):
        make()


def test_wrong_productions_are_refused():
    with pytest.raises(NotATerm, match="production 1 of S is 'relu'; it must be a module"):
        aw.grammar("S", S=[aw.relu(), "relu"])
    with pytest.raises(NotATerm, match="the production of weighted is 3"):
        aw.weighted(3, 2)
    for weight in (0, -1, math.inf, "2", True):
        with pytest.raises(InvalidDomain, match=r"the weight of a production is .*; write a finite number above 0"):
            aw.weighted(aw.relu(), weight)


@pytest.mark.parametrize(
    "space", [aw.nonterminal("CELL"), aw.sequential(aw.relu(), aw.optional(aw.nonterminal("CELL")))]
)
def test_a_nonterminal_without_a_grammar_is_refused(space):
    for ask in (aw.count, lambda s: aw.count(s, SHAPE), lambda s: aw.root(s, SHAPE), lambda s: aw.check(s, SHAPE)):
        with pytest.raises(
            UnboundNonterminal, match=r"nonterminal\('CELL'\) is in no grammar; put it into a production"
        ):
            ask(space)


def test_the_json_of_a_grammar_stays_what_it_is():
    """Logs hold it: the rules as they are listed, the productions of all of them in a row, and the open choice."""
    data = {
        "kind": "grammar",
        "start": "S",
        "rules": [["S", [["a", 1], ["b", 0.5], ["a", 1]]]],
        "terms": [aw.to_json(aw.relu()), aw.to_json(aw.nonterminal("S")), aw.to_json(aw.relu())],
        "production": {"values": ["a", "b"], "ordered": False, "weights": [2, 0.5]},
        "depth": 2,
    }
    assert aw.to_json(aw.nonterminal("S")) == {"kind": "nonterminal", "symbol": "S"}
    assert aw.to_json(aw.from_json(data)) == data
    assert aw.count(aw.from_json(data)) == 2
    assert "depth" not in aw.to_json(CELLS)


@pytest.mark.parametrize(
    "change",
    [
        {"rules": [["S", [["a", 0]]]]},
        {"rules": [["S", [["a"]]]]},
        {"rules": 3},
        {"rules": [["S", [["a", 1]]], ["S", []]]},
        {"start": "T"},
        {"depth": "x"},
        {"production": "b"},
    ],
)
def test_json_of_no_grammar_is_refused(change):
    data = aw.to_json(aw.grammar("S", S={"a": aw.relu()}))
    assert aw.from_json(data).start == "S"
    with pytest.raises(UnreadableTerm):
        aw.from_json(data | change)


def test_a_nonterminal_may_have_a_name():
    """It stands in place of the position, and the architecture shows it."""
    space = aw.grammar(
        "S", S=[aw.sequential(aw.nonterminal("OP", name="stem"), aw.nonterminal("OP"))], OP=[aw.relu(), aw.affine(4)]
    )
    leaf = aw.root(space, SHAPE).choose("affine").choose("relu")
    assert [name for name, _ in leaf.path] == ["S.stem.OP.production", "S.1.OP.production"]
    assert leaf.architecture == aw.sequential(aw.affine(4, name="stem"), aw.relu())
    assert aw.from_json(aw.to_json(space)) == space
