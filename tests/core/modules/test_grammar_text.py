"""Grammars as text: read, printed back, and refused with line and column."""

import math
import random
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.modules.grammar_text import UnreadableGrammar
from archwright.core.modules.nonterminal import InvalidGrammar

# Schrodi et al. 2023, the hierarchical space; what stands for its terminals here keeps 8 channels.
HIERARCHICAL = """
D2 -> Linear3 D1 D1 D0 | Linear3 D0 D1 D1 | Linear4 D1 D1 D0 D0
D1 -> Linear3 C C DOWN | Linear4 C C C DOWN | Residual3 C C DOWN DOWN
D0 -> Linear3 C C CELL | Linear4 C C C CELL | Residual3 C C CELL CELL
DOWN -> Linear2 CELL resBlock     # each halves height and width
      | Linear3 CELL CELL resBlock
      | Residual2 CELL resBlock resBlock
C -> Linear2 CELL CELL | Linear3 CELL CELL CELL | Residual2 CELL CELL CELL

CELL -> Cell OPS OPS OPS OPS OPS OPS
OPS -> id | zero | Linear1 CONVBLOCK | Linear1 CONVBLOCK | avg_pool
CONVBLOCK -> Linear3 ACT CONV NORM
ACT -> relu | hardswish | mish
CONV -> conv1x1o | conv3x3o | dconv3x3o
NORM -> batch | instance | layer
"""
RESIDUAL_2, RESIDUAL_3 = [(0, 1), (0, 2), (1, 2)], [(0, 1), (1, 2), (0, 3), (2, 3)]
CELL = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
TERMINALS = {
    **{f"Linear{n}": aw.sequential for n in (1, 2, 3, 4)},
    "Residual2": partial(aw.topology, RESIDUAL_2),
    "Residual3": lambda a, b, skip, tail: aw.topology(RESIDUAL_3, a, b, skip, tail),
    "Cell": partial(aw.topology, CELL),
    "resBlock": aw.conv2d(8, 3, stride=2),
    "id": aw.identity,
    "zero": aw.zero,
    "avg_pool": aw.avg_pool2d(3, stride=1, padding="same"),
    "relu": aw.relu,
    "hardswish": aw.activation("silu"),
    "mish": aw.activation("gelu"),
    "conv1x1o": aw.conv2d(8, 1),
    "conv3x3o": aw.conv2d(8, 3),
    "dconv3x3o": aw.conv2d(8, 3, groups=8),
    "batch": aw.batch_norm,
    "instance": aw.dropout(0.1),
    "layer": aw.dropout(0.2),
}
HIERARCHY = aw.grammar_from_text(HIERARCHICAL, TERMINALS)


def count_by_formula(operations: int) -> int:
    """The number of derivations of the hierarchical grammar: sums over productions of products over their symbols."""
    cell = operations**6
    c = cell**2 + cell**3 + cell**3
    down = cell + cell**2 + cell
    d0 = c**2 * cell + c**3 * cell + c**2 * cell**2
    d1 = c**2 * down + c**3 * down + c**2 * down**2
    return d1**2 * d0 + d0 * d1**2 + d1**2 * d0**2


@pytest.mark.parametrize("shape", [None, (8, 32, 32)])
def test_the_hierarchical_space_is_counted_exactly(shape):
    """27 blocks are two of five operations as they are listed, and one of four networks."""
    derivations, networks = count_by_formula(3 + 2 * 27), count_by_formula(3 + 27)
    assert (f"{math.log10(derivations):.2f}", f"{math.log10(networks):.2f}") == ("446.09", "375.85")
    assert aw.count(HIERARCHY, shape) == networks
    assert aw.count_derivations(HIERARCHY, shape) == derivations


def test_the_hierarchical_space_is_sampled_and_replayed():
    """Of five operations, conv is drawn with 2/5."""
    leaf = aw.sample(aw.root(HIERARCHY, (8, 32, 32)), random.Random(0).random)
    assert leaf.out_shape == (8, 8, 8)
    assert aw.replay(HIERARCHY, (8, 32, 32), leaf.path) == leaf
    operations = [value for name, value in leaf.path if name.endswith("OPS.production")]
    assert 0.3 < operations.count("Linear1 CONVBLOCK") / len(operations) < 0.5
    aw.check(HIERARCHY, (8, 32, 32))


def test_a_printed_grammar_is_read_as_the_same():
    """And printed the same again; comments and line breaks go."""
    text = aw.grammar_to_text(HIERARCHY)
    assert aw.grammar_from_text(text, TERMINALS) == HIERARCHY
    assert aw.grammar_to_text(aw.grammar_from_text(text, TERMINALS)) == text
    assert text.splitlines()[3] == (
        "DOWN -> Linear2 CELL resBlock | Linear3 CELL CELL resBlock | Residual2 CELL resBlock resBlock"
    )


# --- any text

words = st.sampled_from(["relu", "zero", "A", "B", "C"])
lists_of_words = st.lists(words, min_size=1, max_size=3).map(" ".join)
phrases = st.builds(lambda before, inner: f"Two {before} (Two {inner}  relu )", lists_of_words, lists_of_words)
written_weights = st.sampled_from(["", " [2]", "[0.5]", " [ 3 ]", " [1]", "[1e-3]"])
productions = st.builds(
    lambda phrase, weight: phrase + weight,
    st.sampled_from(["relu", "zero"]) | lists_of_words.map(lambda given_words: f"Two {given_words}") | phrases,
    written_weights,
)
bars = st.sampled_from(["|", " | ", "\n  | ", "  # relu | zero\n |"])
arrows = st.sampled_from(["->", " -> ", "  ->"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A grammar in which each of three symbols has relu among its productions, and the first gives all of them."""
    rules = ["S -> Two A B C"]
    for symbol in ("A", "B", "C"):
        listed = draw(st.lists(productions, max_size=4))
        rules.append(f"{symbol}{draw(arrows)}relu" + "".join(draw(bars) + production for production in listed))
    return draw(st.sampled_from(["\n", "\n\n", "\n# so\n"])).join([*rules, ""])


@given(texts(), st.integers(2, 4))
def test_any_printed_grammar_is_read_as_the_same(text, depth):
    """Whatever its blanks, weights, parentheses and repetitions are."""
    terminals = {"relu": aw.relu, "zero": aw.zero(), "Two": aw.sequential}
    grammar = aw.grammar_from_text(text, terminals, depth=depth)
    printed = aw.grammar_to_text(grammar)
    again = aw.grammar_from_text(printed, terminals, depth=depth)
    assert again == grammar
    assert aw.grammar_to_text(again) == printed
    assert aw.from_json(aw.to_json(grammar)) == grammar


def test_labels_are_texts():
    """With one blank between words; an equal production has the text of the first."""
    grammar = aw.grammar_from_text(
        "S ->  Two   A (Two A  A)|A [2] | Two A ( Two A A )\nA -> relu", {"Two": aw.sequential, "relu": aw.relu}
    )
    assert grammar.rules[0] == ("S", (("Two A (Two A A)", 1), ("A", 2), ("Two A (Two A A)", 1)))
    assert str(grammar.production) == "{Two A (Two A A), A}"
    assert grammar.terms[0] == aw.sequential(
        aw.nonterminal("A"), aw.sequential(aw.nonterminal("A"), aw.nonterminal("A"))
    )


def test_a_recursive_text_has_a_depth():
    """By hand: 1, 1 + 1, 1 + 4 and so on."""
    text = "E -> Two E E | relu"
    terminals = {"Two": lambda a, b: aw.sequential(a, aw.affine(3), b), "relu": aw.relu}
    assert [aw.count(aw.grammar_from_text(text, terminals, depth=depth)) for depth in (1, 2, 3)] == [1, 2, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: the text has no rule; write one, as in S -> conv"),
        ("# only this\n", "the text has no rule"),
        ("S -> rleu", r"line 1, column 6, at 'rleu': rleu has no rule and is no terminal; did you mean relu\?"),
        ("S -> Two OP relu\n  | Two OPP relu\nOP -> relu", "line 2, column 9, at 'OPP': OPP has no .*did you mean OP"),
        ("S relu", "line 1, column 3, at 'relu': -> is expected here, after the symbol S"),
        ("S", "line 1, column 2: -> is expected here"),
        ("2S -> relu", "line 1, column 1, at '2S': a symbol is expected here"),
        ("-> relu", "line 1, column 1, at '->': a symbol is expected here"),
        ("S ->", "line 1, column 5: a terminal or a nonterminal is expected here"),
        ("S -> relu |", "line 1, column 12: a terminal or a nonterminal is expected here"),
        ("S -> relu || relu", r"line 1, column 12, at '\|': a terminal or"),
        ("| relu", r"line 1, column 1, at '\|': a line that begins with \| goes on with a rule"),
        ("S -> relu\nS -> zero", "line 2, column 1, at 'S': S has a rule in line 1; go on with that one"),
        ("S -> Two (relu zero", r"line 1, column 20: a closing parenthesis is missing here, for that in column 10"),
        ("S -> Two relu) zero", r"line 1, column 14, at '\)': a bar is expected here"),
        ("S -> (relu)", r"line 1, column 6, at '\(': a terminal or a nonterminal is expected"),
        ("S -> relu [0]", r"line 1, column 11, at '0': a weight is a number above 0, as in \[2\]"),
        ("S -> relu [x]", "line 1, column 11, at 'x': a weight is a number"),
        ("S -> relu [2", r"line 1, column 11, at '\[': a weight ends with a bracket, as in \[2\]"),
        (
            "S -> relu 2",
            r"column 11, at '2': 2 has no rule and is no terminal; a weight stands in brackets, as in \[2\]",
        ),
        ("S -> Two(relu, zero)", "at 'relu,': relu, has no rule and is no terminal; write relu: words have blanks"),
        ("S -> 'relu'", "'relu' has no rule and is no terminal; write relu: words have blanks between them"),
        ("S -> relu; A -> zero", "at '->': a rule begins in a line of its own"),
        ("rules.txt", "is 'rules.txt', as if it were a file; give what it holds, as in Path"),
        ("S -> relu [2] zero", "line 1, column 15, at 'zero': a bar is expected here"),
        ("S -> zero relu", "line 1, column 6, at 'zero': zero is a module and is given 1 module; make it a function"),
        ("S -> A relu\nA -> relu", "line 1, column 6, at 'A': the nonterminal A is given modules; begin"),
        ("S -> Two relu zero Two", "at 'Two': Two cannot be built of 0 modules: .* missing 2 required positional"),
        ("S -> three", "line 1, column 6, at 'three': three is 3; a terminal is a module or a function of modules"),
        ("S -> text", "line 1, column 6, at 'text': text gives 'relu'; let it return a module"),
        ("S -> relu\nzero -> relu", "line 2, column 1, at 'zero': this is a terminal, too; give one of them another"),
        ("S -> relu\nT -> zero", "line 2, column 1, at 'T': no derivation from S comes to T"),
        ("S -> A\nA -> Two A relu", "line 1, column 1, at 'S': no derivation from S ends"),
        ("S -> A\nA -> Two A relu | relu", "line 2, column 1, at 'A': the rules lead back .*: A -> A; give a depth"),
    ],
)
def test_a_text_that_is_no_grammar_is_refused(text, message):
    """With line, column and remedy."""
    terminals = {"relu": aw.relu, "zero": aw.zero(), "Two": lambda a, b: aw.sequential(a, b), "three": 3}
    with pytest.raises(UnreadableGrammar, match=message):
        aw.grammar_from_text(text, terminals | {"text": lambda: "relu"})  # type: ignore[arg-type]


def test_a_wrong_depth_is_refused():
    with pytest.raises(InvalidGrammar, match="the depth of a grammar is 0"):
        aw.grammar_from_text("S -> relu", {"relu": aw.relu}, depth=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((3, {}), "the text of a grammar is 3; write its rules, as in 'S -> conv | pool'"),
        (("S -> relu", [aw.relu]), r"the terminals are \[.*\]; write a module for each word, as in \{'conv': conv2d"),
    ],
)
def test_something_else_than_a_text_and_terminals_is_refused(given, message):
    with pytest.raises(UnreadableGrammar, match=message):
        aw.grammar_from_text(*given)
