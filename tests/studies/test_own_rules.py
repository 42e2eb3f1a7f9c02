"""Stopping rules in Python: values, texts, and classes that no other process can import."""

import logging
from typing import ClassVar

import pytest
from attrs import frozen

import archwright as aw
from archwright.execution.resuming import NoStoppingRule
from archwright.search.logged_extensions import OtherExtension
from archwright.search.named_rules import NotAStoppingRule
from archwright.store.needed import ExtensionNeeded
from tests.search.own_rules import define_rule, write_own_rules

SPACE = aw.sequential(aw.affine([8, 16]), aw.affine(2))


def score_in_epochs(seed, budget, report):
    for epoch in range(1, int(budget.amount) + 1):
        report(epoch, accuracy=seed % 97 / 97)
    return seed % 97 / 97


@pytest.fixture
def search(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))

    def begin(stopping) -> aw.Run:
        options = {"trials": 5, "budget": "3epochs", "input": aw.features(4), "workers": 0}
        return aw.search(SPACE, score_in_epochs, stopping=stopping, **options)

    return begin


def list_stops(run) -> dict[int, str]:
    return {trial.number: trial.stopped.why for trial in run if trial.stopped is not None}


def test_a_rule_is_a_value_a_text_or_one_of_a_persons_own(search, tmp_path):
    write_own_rules(tmp_path)
    median = search(aw.MedianRule(warmup=0, startup=2))
    assert median.stopping == {"name": "median", "revision": 1, "warmup": 0, "startup": 2}
    assert list_stops(search("median,warmup=0,startup=2")) == list_stops(median)
    own = search("mine.py:impatient,factor=1.1")
    assert own.stopping == {"name": "mine.py:impatient", "revision": 3, "factor": 1.1, "patience": 1}
    assert all("1 epochs far behind" in why for why in list_stops(own).values())
    assert len(list_stops(own)) >= 1
    assert own.resume(trials="+1", workers=0).verify()


def test_a_rule_of_a_notebook_is_given_again(search, caplog):
    at_least = define_rule()
    run = search(at_least(least=0.5))
    scores = {trial.number: trial.score for trial in run}
    assert set(list_stops(run)) == {number for number, score in scores.items() if score < 0.5} != set()
    read = aw.Log("archwright.duckdb")[run.name]  # as another process has it
    with pytest.raises(ExtensionNeeded, match=r"give it: aw\.resume\('search-1', stopping=AtLeast\)$"):
        read.resume(trials="+3", workers=0)
    with pytest.raises(OtherExtension):
        read.resume(trials="+3", workers=0, stopping=at_least())
    with caplog.at_level(logging.WARNING, "archwright"):
        resumed = read.resume(trials="+3", workers=0, stopping=at_least)
    assert not caplog.records
    assert {number for number, score in ((t.number, t.score) for t in resumed) if score < 0.5} == set(
        list_stops(resumed)
    )
    assert resumed.stopping == run.stopping


def test_a_rule_that_a_run_does_not_have_and_what_is_none_are_refused(search):
    run = search(None)
    with pytest.raises(NoStoppingRule, match="has no stopping rule, and is given MedianRule"):
        run.resume(trials="+1", workers=0, stopping=aw.MedianRule())
    with pytest.raises(NotAStoppingRule, match="a stopping rule is a frozen attrs class"):
        search(3)
    assert len(aw.Log("archwright.duckdb").runs()) == 1


def test_a_rule_whose_text_has_changed_is_said_to_have(search, caplog):
    """By the hash that the log has of it."""
    run = search(define_rule()(least=0.5))

    @frozen
    class AtLeast:
        name: ClassVar[str] = "at-least"
        least: float = 0.2

        def start(self, objective):
            return None

        def fold(self, state, news):
            return None

        def find_stop_reason(self, state, trial):
            return ""

    with caplog.at_level(logging.WARNING, "archwright"):
        run.resume(trials="+1", workers=0, stopping=AtLeast)
    assert "is another one than the run was begun with: its text has changed" in caplog.text
