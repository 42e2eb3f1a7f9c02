"""Searchers by name: what their settings may be, and how they are written."""

import json

import pytest
from attrs import evolve, fields, frozen
from hypothesis import assume, given
from hypothesis import strategies as st

from archwright.cli.values import parse_settings
from archwright.core.setting import ANY_VALUE, BY_TYPE, BadSetting, UnknownSetting, settings_by_name
from archwright.search.halving import Rounding
from archwright.search.named import (
    SEARCHER_KIND,
    SEARCHERS,
    UnknownSearcher,
)
from archwright.search.searcher import AnySearcher
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.fixed import Fixed
from archwright.search.searchers.kde import Kde
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.prior_guided import PriorGuided
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper

NO_WHOLE = (2.7, 2.0, float("nan"), float("inf"), "2", True, None, [2])
NO_NUMBER = ("0.5", False, None, float("nan"), float("inf"), float("-inf"), 10**400, [0.5])
PARTS = "0 or a whole number from 2 to 1000000"
NO_FLAG = ("no", "false", 0, 1, 1.0, None)


TYPED_VALUES = {
    bool: st.booleans(),
    int: st.integers(0, 99),
    float: st.floats(0, 5) | st.integers(0, 5),
    str: st.sampled_from(["gp", "forest"]),
    Rounding: st.sampled_from(["floor", "ceil"]),
    AnySearcher: st.sampled_from([{"name": "mcts"}, {"name": "evolution", "sample": 3}]),
}


@frozen
class Case:
    """A setting of a searcher: some values that it may have, some that it may not, and what is said of those."""

    searcher: str
    setting: str
    good: tuple
    bad: tuple
    words: str


CASES = [
    Case("random", "replacement", (True, False), NO_FLAG, "true or false"),
    Case("mcts", "exploration", (0, 0.0, 2, 1e9), (-1, -1e-9, *NO_NUMBER), "a number of 0 or more"),
    Case(
        "mcts-bisection",
        "parts",
        (0, 2, 3, 10**6),
        (1, -2, 10**6 + 1, 10**400, *NO_WHOLE),
        "0 or a whole number from 2 to 1000000",
    ),
    Case("mcts", "rescale", (True, False), NO_FLAG, "true or false"),
    Case("evolution", "population", (1, 500), (0, -3, *NO_WHOLE), "a whole number of 1 or more"),
    Case("evolution", "sample", (1, 500), (0, -3, *NO_WHOLE), "a whole number of 1 or more"),
    Case("smbo", "surrogate", ("gp", "forest"), ("GP", "", 3, None), "gp or forest"),
    Case("smbo", "initial", (0, 1), (-3, *NO_WHOLE), "a whole number of 0 or more"),
    Case("smbo", "variants", (0, 1), (-3, *NO_WHOLE), "a whole number of 0 or more"),
    Case("smbo", "rollouts", (1, 50), (0, *NO_WHOLE), "a whole number of 1 or more"),
    Case("smbo", "parents", (1, 50), (0, *NO_WHOLE), "a whole number of 1 or more"),
    Case("smbo", "memory", (1, 50), (0, *NO_WHOLE), "a whole number of 1 or more"),
    Case("kde", "top_n_percent", (0, 15, 100), (-1, 101, *NO_NUMBER), "a number from 0 to 100"),
    Case("kde", "num_samples", (1, 64), (0, *NO_WHOLE), "a whole number of 1 or more"),
    Case("kde", "random_fraction", (0, 0.5, 1), (-0.1, 1.1, *NO_NUMBER), "a number from 0 to 1"),
    Case("kde", "bandwidth_factor", (1e-9, 3, 1000), (0, 1001, *NO_NUMBER), "a number above 0 up to 1000"),
    Case("kde", "min_bandwidth", (1e-6, 0.1, 1), (0, 1.1, *NO_NUMBER), "a number from 1e-06 to 1"),
    Case("kde", "min_points_in_model", (0, 20), (-1, *NO_WHOLE), "a whole number of 0 or more"),
    Case("kde", "pooled", (True, False), NO_FLAG, "true or false"),
    Case("prior-guided", "eta", (2, 3.5), (1, 0.5, 1e7, *NO_NUMBER), "a number above 1 up to 1e"),
    Case("prior-guided", "mutation_rate", (0.1, 1), (0, 1.1, *NO_NUMBER), "a number above 0 up to 1"),
    Case("prior-guided", "deviation", (0.1, 1), (0, 1e7, *NO_NUMBER), "a number from 1e-06 to 1e"),
    Case("smbo-paper", "rollouts", (1, 50), (0, *NO_WHOLE), "a whole number of 1 or more"),
    Case("smbo-paper", "exploration", (0, 0.5, 1), (-0.1, 1.1, *NO_NUMBER), "a number from 0 to 1"),
    Case("smbo-paper", "penalty", (1e-9, 5), (0, -1, *NO_NUMBER), "a number above 0"),
    Case("smbo-paper", "occurrences", (1, 9), (0, *NO_WHOLE), "a whole number of 1 or more"),
    Case("hyperband", "eta", (2, 3.5), (1, 0.5, *NO_NUMBER), "a number above 1"),
    Case("hyperband", "brackets", (0, 1, 9), (-1, *NO_WHOLE), "a whole number of 0 or more"),
    Case("hyperband", "rounding", ("floor", "ceil"), ("round", "", 3, None), "floor or ceil"),
    Case("hyperband", "fresh", (True, False), NO_FLAG, "true or false"),
    Case("asha", "eta", (2, 3.5), (1, 0.5, *NO_NUMBER), "a number above 1"),
    Case("asha", "brackets", (1, 9), (0, -1, *NO_WHOLE), "a whole number of 1 or more"),
    Case("asha", "fresh", (True, False), NO_FLAG, "true or false"),
    Case("asha", "promotion", (True, False), NO_FLAG, "true or false"),
    Case("pasha", "eta", (2, 3.5), (1, 0.5, *NO_NUMBER), "a number above 1"),
    Case("pasha", "percentile", (0, 50, 100.0), (-1, 101, *NO_NUMBER), "a number from 0 to 100"),
    Case("pasha", "fresh", (True, False), NO_FLAG, "true or false"),
    Case(
        "given", "path", ([], [["x", 1]], (("x", "a"),)), ("x", ["x"], [["x"]], [[1, "x"]], 3, None), "pairs of a name"
    ),
    Case("given", "run", ("", "digits-1"), (1, None), "a text"),
    Case("given", "trial", (None, 0, 3), (-1, 1.5, "1", True), "the number of a trial, or null"),
]
each = pytest.mark.parametrize("case", CASES, ids=[f"{case.searcher}.{case.setting}" for case in CASES])


def test_every_setting_of_every_searcher_is_here():
    there = {
        (type(searcher), name)
        for searcher in SEARCHERS.values()
        for name, setting in settings_by_name(type(searcher)).items()
        if not setting.is_nested
    }
    assert {(type(SEARCHERS[case.searcher]), case.setting) for case in CASES} == there


@each
def test_what_a_setting_may_be_is_taken_and_survives_a_log(case):
    for value in case.good:
        made = SEARCHER_KIND.find(case.searcher, {case.setting: value})
        got = getattr(made, case.setting)
        assert got == value or [list(step) for step in got] == [list(step) for step in value]
        assert made == evolve(SEARCHERS[case.searcher], **{case.setting: value})
        written = json.dumps(SEARCHER_KIND.to_json(case.searcher, {case.setting: value}))
        assert SEARCHER_KIND.from_json(json.loads(written)) == made


@each
def test_anything_else_is_refused_by_name_setting_value_and_remedy(case):
    for value in case.bad:
        with pytest.raises(BadSetting) as refused:
            SEARCHER_KIND.find(case.searcher, {case.setting: value})
        said = str(refused.value)
        is_long = type(value) is int and value.bit_length() > 1000  # which is told by its bits
        shown = f"an integer of {value.bit_length()} bits;" if is_long else repr(value)[:70]
        assert said.startswith(f"{case.setting} of the searcher {case.searcher} is {shown}")
        assert f"; it may be {case.words}" in said
        assert "\n" not in said


@pytest.mark.parametrize("case", [case for case in CASES if case.searcher != "given"], ids=str)
def test_a_searcher_made_in_python_is_held_to_the_same(case):
    for value in case.bad:
        with pytest.raises(BadSetting, match=case.words):
            type(SEARCHERS[case.searcher])(**{case.setting: value})


def test_a_refusal_by_hand():
    with pytest.raises(BadSetting) as refused:
        SEARCHER_KIND.find("mcts-bisection", {"parts": 1})
    assert str(refused.value) == (
        "parts of the searcher mcts-bisection is 1; it may be 0 or a whole number from 2 to 1000000"
    )


def test_a_setting_or_a_searcher_that_is_not_there():
    with pytest.raises(UnknownSetting, match=r"mcts has no setting 'explore'; did you mean exploration\?"):
        SEARCHER_KIND.find("mcts", {"explore": 1})
    with pytest.raises(UnknownSetting, match=r"local-search has no setting 'x'; it has none"):
        SEARCHER_KIND.find("local-search", {"x": 1})
    with pytest.raises(UnknownSearcher, match=r"no built-in searcher 'mtcs'; did you mean mcts"):
        SEARCHER_KIND.find("mtcs")
    with pytest.raises(UnknownSearcher) as refused:
        SEARCHER_KIND.find("?")
    assert str(refused.value) == (
        "there is no built-in searcher '?'; there are: asha, bohb, evolution, hyperband, kde, local-search, mcts, "
        "mcts-bisection, pasha, prior-guided, priorband, random, smbo, smbo-paper, successive-halving (one of your own "
        "is file.py:attribute or module:attribute)"
    )


def test_a_whole_number_will_do_for_any_number():
    """And is one: so a log is the same whichever was written."""
    for searcher in (SEARCHER_KIND.find("mcts", {"exploration": 1}), Mcts(exploration=1)):
        assert type(searcher.exploration) is float
    assert SEARCHER_KIND.to_json("smbo-paper", {"penalty": 5}) == SEARCHER_KIND.to_json("smbo-paper", {"penalty": 5.0})


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([]))
def test_a_setting_without_more_said_of_it_is_held_to_its_type(value):
    """Each type takes its own alone; a whole number is a number."""
    kinds = {kind for kind in (bool, int, float, str) if BY_TYPE[kind].is_allowed(value)}
    finite = isinstance(value, float) and abs(value) < float("inf")
    whole = {int, float} if isinstance(value, int) and abs(value) < 1e300 else {int}
    expected = whole if type(value) is int else {float} if finite else {type(value)} & {bool, str}
    assert kinds == expected


def test_the_usual_settings_are_those_of_the_papers():
    """Specs A.4 of the first paper; populations and designs of the later ones."""
    assert SmboPaper() == SmboPaper(rollouts=50, exploration=0.25, penalty=1000.0, occurrences=3)
    assert Mcts() == Mcts(exploration=0.25, parts=0, rescale=False)
    assert SEARCHERS["mcts-bisection"] == Mcts(parts=2)
    assert Evolution() == Evolution(population=30, sample=10)
    assert Smbo() == Smbo(surrogate="gp", initial=10, variants=256, rollouts=256, parents=10, memory=400)
    assert Kde() == Kde(
        top_n_percent=15.0,
        num_samples=64,
        random_fraction=1 / 3,
        bandwidth_factor=3.0,
        min_bandwidth=1e-3,
        min_points_in_model=0,
    )
    assert PriorGuided() == PriorGuided(eta=3.0, mutation_rate=0.5, deviation=0.25)
    assert RandomSearch() == RandomSearch(replacement=True)
    assert Fixed() == Fixed((), "", None)


def test_every_setting_says_what_it_may_be_and_what_it_means():
    """Nothing is taken unseen, and nothing is left to be guessed."""
    for searcher in SEARCHERS.values():
        for setting in settings_by_name(type(searcher)).values():
            assert setting.allowed
            assert setting.meaning
            assert setting != ANY_VALUE


# Nobody types the settings of "given": they are a path.
@pytest.mark.parametrize("name", [name for name in SEARCHERS if name != "given"])
@given(data=st.data())
def test_what_is_typed_and_what_is_written_name_the_same_searcher(name, data):
    """Whatever the settings may be; what is usual is left out."""
    usual = SEARCHERS[name]
    changed = {}
    allowed = settings_by_name(type(usual))
    for field in fields(type(usual)):
        if data.draw(st.booleans()):
            changed[field.name] = data.draw(TYPED_VALUES[field.type].filter(allowed[field.name].is_allowed))
    assume(changed.get("promotion", True) or changed.get("brackets", 1) == 1)  # the two do not go together
    text = SEARCHER_KIND.format(SEARCHER_KIND.to_json(name, changed))
    written_name, *settings = text.split(",")
    assert SEARCHER_KIND.from_json(
        SEARCHER_KIND.to_json(written_name, parse_settings("--searcher", settings))
    ) == SEARCHER_KIND.from_json(SEARCHER_KIND.to_json(name, changed))
    assert all(f"{key}=" not in text for key, value in changed.items() if value == getattr(usual, key))


def test_text_by_hand():
    assert SEARCHER_KIND.format(SEARCHER_KIND.to_json("mcts", {"exploration": 0.1, "rescale": True})) == (
        "mcts,exploration=0.1,rescale=true"
    )
    assert SEARCHER_KIND.format(SEARCHER_KIND.to_json("mcts-bisection")) == "mcts-bisection"
    assert SEARCHER_KIND.format(SEARCHER_KIND.to_json("smbo", {"surrogate": "forest"})) == "smbo,surrogate=forest"
    assert SEARCHER_KIND.format({"name": "mcts", "exploration": "0.5"}) == 'mcts,exploration="0.5"'


def test_a_searcher_of_another_release_is_told_as_it_was_logged():
    assert SEARCHER_KIND.format({"name": "annealing", "heat": 3}) == "annealing,heat=3"


def test_brackets_are_of_promotions():
    with pytest.raises(BadSetting, match="brackets of the searcher asha is 3, and with promotion=false there is one"):
        SEARCHER_KIND.read("asha,promotion=false,brackets=3")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("asha,sampler=kde()", "asha,sampler=kde"),
        ("bohb,sampler=kde", "bohb"),
        ("asha,sampler=smbo(initial=5)", "asha,sampler=smbo(initial=5)"),
        ("hyperband,eta=4.0,sampler=mcts(parts=2)", "hyperband,eta=4.0,sampler=mcts(parts=2)"),
    ],
)
def test_a_searcher_within_another_is_said_as_it_is_typed(given, text):
    logged = SEARCHER_KIND.read(given)
    assert SEARCHER_KIND.format(logged) == text
    assert SEARCHER_KIND.from_json(SEARCHER_KIND.read(text)) == SEARCHER_KIND.from_json(logged)
