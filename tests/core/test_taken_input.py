"""Spaces that say which input they take."""

import functools
import pickle
from inspect import get_annotations, isfunction

import pytest

import archwright as aw
from archwright.core.input import BadInput
from archwright.core.json import list_kinds
from archwright.core.kind import NotATerm
from archwright.core.modules.nonterminal import InvalidGrammar
from archwright.core.node import NotALeaf
from archwright.core.spaces.named import UnknownSpace
from archwright.core.taken_input import NotASpace, SpaceWithInput, read_taken_input
from archwright.core.value import InvalidDomain

SPACE = aw.sequential(aw.affine([4, 8]), aw.affine(2))
TOKENS = aw.tokens(50, 20)


@pytest.mark.parametrize("said", [TOKENS, "tokens:50,20"])
def test_a_space_that_is_a_value_is_wrapped_and_stays_as_it_was(said):
    """The last word counts."""
    taken = aw.takes(said)(SPACE)
    assert taken == SpaceWithInput(SPACE, TOKENS)
    assert taken.term is SPACE
    assert taken((20,), 10) is SPACE
    assert read_taken_input(taken) == TOKENS
    assert read_taken_input(SPACE) is None
    assert aw.takes((8,))(taken) == SpaceWithInput(SPACE, aw.features(8))
    assert pickle.loads(pickle.dumps(taken)) == taken
    assert taken._repr_html_() == SPACE._repr_html_()


def test_a_function_stays_the_one_that_it_is():
    def build(input_shape, classes):
        del input_shape, classes
        return SPACE

    assert aw.takes(TOKENS)(build) is build
    assert read_taken_input(build) == TOKENS
    partial = functools.partial(build, classes=3)
    assert read_taken_input(aw.takes((8,))(partial)) == aw.features(8)
    assert read_taken_input(build) == TOKENS


@pytest.mark.parametrize("given", [3, None, "digits", len, [].append])
def test_what_is_no_space_is_refused(given):
    with pytest.raises(NotASpace, match=r"cannot say that it takes tokens:50,20; give a module such as aw\.sequential"):
        aw.takes(TOKENS)(given)


WRONG_CALLS = {  # with what is no space, and what is said of it
    "count": (aw.count, NotASpace, "the space is 3; it must be a module such as"),
    "check": (lambda bad: aw.check(bad, (1, 2)), NotASpace, "the space is 3; it must be a module such as"),
    "dead_ends": (lambda bad: aw.dead_ends(bad, (1, 2)), NotASpace, "the space is 3; it must be a module such as"),
    "root": (lambda bad: aw.root(bad, (1, 2)), NotASpace, "the space is 3; it must be a module such as"),
    "replay": (lambda bad: aw.replay(bad, (1, 2), []), NotASpace, "the space is 3; it must be a module such as"),
    "enumerate_leaves": (lambda bad: next(aw.enumerate_leaves(bad, (1, 2))), NotASpace, "the space is 3; it must be"),
    "sample": (lambda bad: aw.sample(bad, lambda: 0.0), NotASpace, r"the node is 3; it must be one such as aw\.root"),
    "layers": (lambda bad: next(aw.layers(bad, (1, 2))), NotATerm, "the architecture is 3; it must be a module"),
    "settings_of": (aw.settings_of, NotATerm, "the architecture is 3; it must be a module"),
    "path_of": (lambda bad: aw.path_of(bad, (1, 2), SPACE), NotASpace, "the space is 3; it must be a module such as"),
    "count_derivations": (aw.count_derivations, NotASpace, "the space is 3; it must be a module such as"),
    "derivation": (aw.derivation, NotALeaf, r"3 is no leaf; give one such as aw\.sample\("),
    "mutated": (lambda bad: aw.mutated(bad, lambda: 0.0), NotALeaf, r"3 is no leaf; give one such as aw\.sample\("),
    "crossover": (lambda bad: aw.crossover(bad, bad, lambda: 0.0), NotALeaf, "3 is no leaf; give one such as"),
    "drop_names": (aw.drop_names, NotATerm, "what is to lose its names is 3; it must be a module"),
    "to_json": (aw.to_json, NotATerm, "what is to be written as JSON is 3; it must be a module"),
    "weighted": (lambda bad: aw.weighted(bad, 2), NotATerm, "the production of weighted is 3; it must be a module"),
    "grammar_to_text": (aw.grammar_to_text, InvalidGrammar, "3 is no grammar; give what grammar_from_text or grammar"),
    "compile": (lambda bad: aw.compile(bad, (1, 2)), NotASpace, "the architecture is 3; it must be a module such as"),
    "describe_space": (aw.describe_space, NotASpace, "the space is 3; a space is a module such as"),
    "draw": (aw.draw, NotASpace, "the space is 3; a space is a module such as"),
    "module": (aw.module, NotATerm, "module is given 3; it goes above a class, as in @aw.module"),
    "shared": (lambda bad: aw.shared(bad, [1]), InvalidDomain, "the name of a shared hyperparameter is 3; write an"),
    "named_space": (lambda bad: aw.named_space([bad]), UnknownSpace, r"there is no built-in space \[3\]; there are"),
}


@pytest.mark.parametrize("name", WRONG_CALLS)
def test_something_else_where_a_space_belongs(name):
    """Named wherever a space, or a part of one, is asked for."""
    call, error, message = WRONG_CALLS[name]
    with pytest.raises(error, match=f"^{message}"):
        call(3)


def test_every_function_of_a_space_or_a_leaf_is_among_them():
    """By the annotation of what it is given first; builders have messages of their own."""
    builders = set(aw.__all__) & {kind.kind for kind in list_kinds().values()} | {"let", "maybe_swap", "optional"}
    functions = {name: value for name in aw.__all__ if isfunction(value := getattr(aw, name))}
    first = {name: next(iter(get_annotations(value).values()), None) for name, value in functions.items()}
    asked = {name for name, kind in first.items() if kind in (aw.Term, aw.Node, aw.Grammar) and name not in builders}
    assert len(asked) > 10
    assert asked - WRONG_CALLS.keys() == set()


def test_a_space_with_its_input_is_no_module_itself():
    with pytest.raises(NotASpace, match="give the module in it, which is its `term`"):
        aw.count(aw.takes(TOKENS)(SPACE))  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [SPACE, len, None, aw.takes(TOKENS)(SPACE)])
def test_the_input_comes_first(given):
    """Also where the parentheses after a decorator are forgotten."""
    with pytest.raises(BadInput, match=r"it needs the input first, as in aw\.takes\(aw\.tokens\(50, 20\)\)"):
        aw.takes(given)


def test_it_is_no_module_of_another():
    with pytest.raises(NotATerm, match="it must be a module"):
        aw.sequential(aw.takes(TOKENS)(SPACE))  # type: ignore[arg-type]


@pytest.mark.parametrize(("given", "error"), [("token:50,20", BadInput), ((0,), aw.Misfit)])
def test_an_input_that_is_none_is_refused(given, error):
    with pytest.raises(error):
        aw.takes(given)
