"""What a person is told to type in Python: it can be typed so, and gives what it says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archwright as aw
from archwright.search.named import SEARCHER_KIND, SEARCHERS, UNLISTED_SEARCHERS
from archwright.search.named_rules import RULE_KIND, STOPPING_RULES
from archwright.store import suggestions
from archwright.store.parts import BUILTIN_CLASSES, format_configured, format_definition
from tests.search.own_searchers import define_through
from tests.studies.test_searching import search

BUILTIN = {name: value for name, value in {**SEARCHERS, **STOPPING_RULES}.items() if name not in UNLISTED_SEARCHERS}
Through = define_through()


def evaluate(text: str) -> Any:
    """The value of a Python expression, in a notebook where the class above is defined."""
    return eval(text, {"aw": aw, "Through": Through})


def test_every_built_in_one_is_called_as_people_call_it():
    assert BUILTIN.keys() == BUILTIN_CLASSES.keys()
    assert {name: evaluate(text) for name, text in BUILTIN_CLASSES.items()} == {
        name: type(value) for name, value in BUILTIN.items()
    }


@pytest.mark.parametrize("name", BUILTIN)
def test_an_expression_for_what_a_log_has_gives_its_value(name):
    kind = SEARCHER_KIND if name in SEARCHERS else RULE_KIND
    assert evaluate(format_configured(kind.value_to_json(BUILTIN[name]))) == BUILTIN[name]
    if name in SEARCHERS:
        through = Through(sampler=BUILTIN[name])
        data = SEARCHER_KIND.value_to_json(through)
        assert evaluate(format_configured(data)) == through
        assert evaluate(format_definition({**data, "code": {"text": None, "sha256": None}})) is Through


# The functions, by what they are called with after the log, and what the calls give that they suggest.
CALLS: dict[str, tuple[tuple[Any, ...], Callable[[Any], bool]]] = {
    "suggest_continuation": (
        ("mine", {"kind": "function"}, {"name": "random"}, None),
        lambda run: run.name == "mine" and len(run) == 2,
    ),
    "suggest_resumption": (("mine",), lambda run: run.name == "mine" and len(run) == 2),
    "suggest_fork": (("mine", 5), lambda run: run.name == "mine-fork-1" and len(run) == 1),
    "suggest_retraining": (("mine", 0), lambda run: run.name == "mine.retrain-0" and len(run) == 5),
    "suggest_listing": ((), lambda rows: [row["run"] for row in rows] == ["mine"]),
    "suggest_view": (("mine",), lambda run: run.name == "mine"),
    "suggest_replay": (("mine",), bool),
    "suggest_verification": ((), bool),
    "suggest_rescue": ((), bool),
}


def test_every_suggestion_is_tried():
    assert {name for name in dir(suggestions) if name.startswith("suggest_")} == CALLS.keys()


@pytest.mark.parametrize("log", ["archwright.duckdb", "it's.duckdb"])
@pytest.mark.parametrize("name", CALLS)
def test_every_call_that_is_suggested_can_be_made(tmp_path, monkeypatch, name, log):
    monkeypatch.chdir(tmp_path)
    search(tmp_path, log=log, name="mine", trials=2)
    arguments, is_right = CALLS[name]
    text = str(getattr(suggestions, name)(Path(log), *arguments))
    match = re.fullmatch(r"archwright .* \((aw\..*) in Python\)", text)
    assert match is not None, text
    assert ("--log" in text) == (log != "archwright.duckdb")
    assert is_right(evaluate(match[1]))
