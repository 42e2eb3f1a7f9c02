"""A searcher is written as a person types it."""

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from archwright.cli.values import pairs
from archwright.search.searchers.named import SEARCHERS, format_searcher, searcher_from_json, searcher_to_json

KINDS = {
    bool: st.booleans(),
    int: st.integers(0, 99),
    float: st.floats(0, 5) | st.integers(0, 5),
    str: st.sampled_from(["gp", "forest"]),
}


# Nobody types the settings of "given": they are a path.
@pytest.mark.parametrize("name", [name for name in SEARCHERS if name != "given"])
@given(data=st.data())
def test_what_is_typed_and_what_is_written_name_the_same_searcher(name, data):
    """Whatever the settings may be; what is usual is left out."""
    usual = SEARCHERS[name]
    given = {}
    for field in fields(type(usual)):
        if data.draw(st.booleans()):
            given[field.name] = data.draw(KINDS[field.type].filter(field.validator.holds))
    written = format_searcher(searcher_to_json(name, given))
    again, *settings = written.split(",")
    assert searcher_from_json(searcher_to_json(again, pairs("--searcher", settings))) == searcher_from_json(
        searcher_to_json(name, given)
    )
    assert all(f"{key}=" not in written for key, value in given.items() if value == getattr(usual, key))


def test_text_by_hand():
    assert format_searcher(searcher_to_json("mcts", {"exploration": 0.1, "rescale": True})) == (
        "mcts,exploration=0.1,rescale=true"
    )
    assert format_searcher(searcher_to_json("mcts-bisection")) == "mcts-bisection"
    assert format_searcher(searcher_to_json("smbo", {"surrogate": "forest"})) == "smbo,surrogate=forest"
    assert format_searcher({"name": "mcts", "exploration": "0.5"}) == 'mcts,exploration="0.5"'


def test_a_searcher_of_another_release_is_told_as_it_was_logged():
    assert format_searcher({"name": "annealing", "heat": 3}) == "annealing,heat=3"
