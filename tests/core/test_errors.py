"""Errors that a user can cause: remedies in messages, the limit of nesting, and text that is safe to print."""

import importlib
import json
import pickle
import pkgutil
import random
import subprocess
import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
import archwright.core
from archwright.core.drawing.svg import as_svg
from archwright.core.drawing.text import as_text
from archwright.core.errors import (
    MAX_NESTING,
    ArchwrightError,
    TooDeep,
    cut_text,
    escape_controls,
    escape_json,
    show,
    suggest_names,
    to_one_line,
)
from archwright.core.json import from_json, to_json
from tests.core.user_modules import Nested, Recursion
from tests.strategies import iterate_subterms
from tests.terminal_text import find_controls, texts

SHAPE = (3, 4, 4)
WRAPS = {
    "residual": aw.residual,
    "sequential": lambda term: aw.sequential(term),
    "optional": aw.optional,
    "branches": lambda term: aw.branches(term, merge=["add", "concatenate"]),
}


def list_error_classes() -> list[type[ArchwrightError]]:
    """Every error class of core."""
    for module in pkgutil.iter_modules(archwright.core.__path__):
        importlib.import_module(f"archwright.core.{module.name}")
    classes, stack = [], [ArchwrightError]
    while stack:
        cls = stack.pop()
        stack += cls.__subclasses__()
        classes += [cls] if cls.__module__.startswith("archwright.core") else []
    return classes


def test_errors_are_caught_as_a_caller_would():
    """Each is an ArchwrightError and a built-in error, and its docstring is what has happened."""
    for cls in list_error_classes():
        assert cls is ArchwrightError or issubclass(
            cls, ValueError | LookupError | TypeError | RecursionError | ImportError
        ), cls
        assert cls.__doc__
        assert cls.__doc__.endswith(".")


def test_similar_names_are_suggested():
    """Up to three; all names if none is similar."""
    assert suggest_names("conv2", ["conv2d", "conv3d", "affine"]) == "did you mean conv2d or conv3d?"
    assert suggest_names("rum", ["run", "rub", "rue"]) == "did you mean run, rue or rub?"
    assert suggest_names("rum", ["run"]) == "did you mean run?"
    assert suggest_names("zzz", ["b", "a"]) == "there are: a, b"
    assert suggest_names("zzz", []) == "there are none"


def test_names_of_other_libraries_and_beginnings_are_known():
    assert suggest_names("lr", ["lr_min", "learning_rate"]) == "did you mean learning_rate?"
    assert suggest_names("lr", ["lr_min", "rate"]) == "did you mean lr_min?"
    assert suggest_names("Linear", ["conv2d", "affine"]) == "did you mean affine?"
    assert suggest_names("ReLU", ["relu", "rule"]) == "did you mean relu?"
    assert suggest_names("batch", ["optimizer", "batch_size"]) == "did you mean batch_size?"
    assert suggest_names("pop", ["sample", "population"]) == "did you mean population?"


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (lambda: aw.dense, "module 'archwright' has no attribute 'dense'; did you mean affine?"),
        (lambda: aw.con2d, "module 'archwright' has no attribute 'con2d'; did you mean conv2d, Conv2d or count?"),
        (
            lambda: aw.errors.DeadEnds,
            "module 'archwright.errors' has no attribute 'DeadEnds'; did you mean DeadEnd, InvalidEnd or BadWords?",
        ),
        (lambda: aw.zzzz, "module 'archwright' has no attribute 'zzzz'"),
        (lambda: aw._con2d, "module 'archwright' has no attribute '_con2d'"),
        (
            lambda: aw.nasbench201,
            "module 'archwright' has no attribute 'nasbench201'; "
            "the space of that name is archwright.named_space('nasbench201')",
        ),
        (
            lambda: aw.local_search,
            "module 'archwright' has no attribute 'local_search'; "
            "the searcher of that name is given as searcher='local-search'",
        ),
        (lambda: aw.DeadEnd, "module 'archwright' has no attribute 'DeadEnd'; it is archwright.errors.DeadEnd"),
        (lambda: aw.Mcts, "module 'archwright' has no attribute 'Mcts'; it is archwright.searchers.Mcts"),
    ],
)
def test_a_public_name_that_is_not_there_names_the_nearest(look, message):
    with pytest.raises(AttributeError) as raised:
        look()
    assert str(raised.value) == message


@pytest.mark.parametrize("name", ["nasbench201", "con2d", "zzzz"])
def test_python_adds_no_suggestion_to_that_of_a_public_name(name):
    """As it does to an error that has the name: it is made at the top, and in some releases where an error is shown."""
    with pytest.raises(AttributeError) as raised:
        getattr(aw, name)
    shown = subprocess.run(
        [sys.executable, "-c", f"import archwright; archwright.{name}"], capture_output=True, text=True, check=False
    )
    assert shown.stderr.splitlines()[-1] == f"AttributeError: {raised.value}"


def test_a_long_list_of_names_ends_with_the_number_of_the_others():
    """As of the files beside a folder that is missing."""
    names = [f"n{i:03}" for i in range(1234)]
    assert suggest_names("zzz", names) == f"there are: {', '.join(names[:20])} and 1,214 more"
    assert suggest_names("zzz", names[:20]) == f"there are: {', '.join(names[:20])}"


def test_twenty_names_of_a_hundred_are_listed():
    """And the number of the others."""
    names = [f"n{number:03}" for number in range(100)]
    assert suggest_names("zzz", names) == f"there are: {', '.join(names[:20])} and 80 more"


@given(texts)
def test_escaped_text_has_no_controls(text):
    assert find_controls(escape_controls(text)) <= set("\n\t")
    assert not find_controls(to_one_line(text))


@given(texts)
def test_escaping_is_idempotent_and_keeps_text_without_controls(text):
    line = to_one_line(text)
    assert to_one_line(line) == line
    assert (line == text) == (not find_controls(text) and not set(text) & set("\u061c\u200e\u200f"))


@given(st.recursive(texts, lambda values: st.lists(values) | st.dictionaries(texts, values)))
def test_escaped_json_is_equivalent(data):
    text = escape_json(json.dumps(data, ensure_ascii=False))
    assert json.loads(text) == data
    assert not find_controls(text)


def test_controls_are_escaped_as_python_escapes_them():
    assert escape_controls("a\x1b[2J\n\tb\u202e\x9b") == r"a\x1b[2J" + "\n\tb" + r"\u202e\x9b"
    assert to_one_line("a\nb\tc") == r"a\nb\tc"


# --- nesting


def nest(wrap, levels: int) -> aw.Term:
    """A dropout inside of wrappers: `levels` levels in all."""
    term = aw.dropout([0.1, 0.2])
    for _ in range(levels - 1):
        term = wrap(term)
    return term


@pytest.mark.parametrize("kind", WRAPS)
def test_a_space_of_the_maximum_depth_works_everywhere(kind):
    """It is counted, checked, sampled, replayed, written as JSON and read, pickled, hashed and drawn."""
    space = nest(WRAPS[kind], MAX_NESTING)
    assert aw.count(space, SHAPE) == aw.count(space) > 1
    aw.check(space, SHAPE)
    leaf = aw.sample(aw.root(space, SHAPE), random.Random(0).random)
    assert aw.replay(space, SHAPE, leaf.path) == leaf
    assert from_json(json.loads(json.dumps(to_json(space)))) == space
    assert pickle.loads(pickle.dumps(space)) == space
    assert hash(leaf) == hash(pickle.loads(pickle.dumps(leaf)))
    assert len(as_text(space).splitlines()) == sum(1 for _ in iterate_subterms(space))
    assert as_svg(space).endswith("</svg>")


@pytest.mark.parametrize("kind", WRAPS)
@pytest.mark.parametrize("levels", [MAX_NESTING + 1, 500])
def test_a_deeper_space_is_refused_when_it_is_built(kind, levels):
    """The error names the limit and the place."""
    with pytest.raises(TooDeep, match=rf"more than {MAX_NESTING} levels are nested in each other at .*; a module"):
        nest(WRAPS[kind], levels)


def test_json_that_is_nested_too_deep_is_refused():
    """However deep it is."""
    for levels in (MAX_NESTING + 1, 5000):
        data = to_json(aw.relu())
        for _ in range(levels):
            data = {"kind": "residual", "body": data}
        with pytest.raises(TooDeep):
            from_json(data)


@pytest.mark.parametrize("is_optional", [False, True])
@pytest.mark.parametrize(
    "analyze",
    [aw.count, *(partial(analyze, input_shape=SHAPE) for analyze in (aw.count, aw.dead_ends, aw.root))],
    ids=["count", "count for a shape", "dead ends", "root"],
)
def test_a_module_that_expands_to_itself_without_end_is_refused_with_its_place(analyze, is_optional):
    """Whether it always expands to itself or only as an option, and wherever it is in a space."""
    space = aw.sequential(aw.relu(), Recursion(aw.relu(), optional=is_optional))
    with pytest.raises(TooDeep, match=r"in each other at .*recursion\.1.*; a module that expands to itself must"):
        analyze(space)


def test_a_module_that_expands_to_itself_a_bounded_number_of_times_is_a_space():
    """A hyperparameter bounds it; each expansion has a choice of its own and takes two levels."""
    space = Nested([1, 3, MAX_NESTING // 2 - 2])
    assert aw.count(space, SHAPE) == 2 + 2**3 + 2 ** (MAX_NESTING // 2 - 2)
    leaf = aw.sample(aw.root(space, SHAPE).choose(3), random.Random(0).random)
    assert [name for name, _ in leaf.path] == [
        "nested.levels",
        "nested.0.dropout.rate",
        "nested.1.nested.0.dropout.rate",
        "nested.1.nested.1.nested.0.dropout.rate",
    ]
    for levels in ([1, MAX_NESTING], aw.integers(1, 10**6)):
        for analyze in (aw.count, lambda space: aw.dead_ends(space, SHAPE)):
            with pytest.raises(TooDeep, match="nested"):
                analyze(Nested(levels))


def test_computed_hyperparameters_have_the_same_maximum_depth():
    """One more operation is refused."""
    width = total = aw.shared("width", [1, 2])
    for _ in range(MAX_NESTING):
        total = total + 1
    assert total.evaluate({"width": 2}) == MAX_NESTING + 2
    assert str(total).count("+") == MAX_NESTING
    space = aw.sequential(aw.conv2d(width, 1), aw.conv2d(total, 1))
    assert from_json(json.loads(json.dumps(to_json(space)))) == space
    with pytest.raises(TooDeep, match="at a computed hyperparameter"):
        _ = total + 1


def test_too_deep_is_a_recursion_error_that_can_be_pickled():
    """As an error of a worker process is; its message stays short."""
    assert issubclass(TooDeep, RecursionError)
    error = pickle.loads(pickle.dumps(TooDeep("a.b.c")))
    assert "at a.b.c; a module" in str(error)
    assert len(str(TooDeep("long." * 999))) < 300


@given(st.text(), st.integers(1, 20))
def test_a_text_is_cut_where_it_is_too_long_and_says_so(text, length):
    cut = cut_text(text, length)
    assert cut == text if len(text) <= length else (len(cut), cut[-1]) == (length, "…")


class Unspeakable:
    """A value of a person's, whose `repr` raises what it is made with."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


def test_a_message_shows_a_value_and_where_it_is_cut():
    """What is short is told whole; a longer one ends in an ellipsis, within as many characters."""
    assert show("relu") == "'relu'"
    assert show([16, 32]) == "[16, 32]"
    assert show("a" * 78) == repr("a" * 78)
    assert show("a" * 79) == f"'{'a' * 78}…"
    assert show(list(range(100)), 20) == "[0, 1, 2, 3, 4, 5, …"
    assert show(b"no message\n" * 20, 12) == "b'no messag…"


@pytest.mark.parametrize("error", [ValueError("no text"), RecursionError(), ZeroDivisionError()])
def test_a_value_without_a_repr_breaks_no_message(error):
    words = f"<Unspeakable whose repr raises {type(error).__name__}>"
    assert show(Unspeakable(error)) == words
    assert show([Unspeakable(error)]) == f"<list whose repr raises {type(error).__name__}>"
    with pytest.raises(aw.errors.NotASpace, match=f"the space is {words}; "):
        aw.root(Unspeakable(error), SHAPE)


def test_an_integer_of_many_digits_is_told_by_its_bits():
    """Whether or not Python writes it, which libraries change."""
    assert show(2**20_000) == "an integer of 20001 bits"
    assert show(2**1000) == "an integer of 1001 bits"
    assert show(2**999) == f"{str(2**999)[:79]}…"
    with pytest.raises(aw.errors.NotASpace, match="the space is an integer of 20001 bits; "):
        aw.root(2**20_000, SHAPE)
