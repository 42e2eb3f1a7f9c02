"""The importance of hyperparameters, also of those that are active in some trials only."""

from random import Random

import numpy as np
import pytest

from archwright.core.domain import values
from archwright.core.ranges import integers, reals
from archwright.search.importance.analysis import analyze_importance
from archwright.search.importance.analyzed_trial import AnalyzedTrial, NothingVaries, TooFewTrials

UNIT = reals(0, 1)
KINDS = values("linear", "deep")


def observe(domains, score, count=120, seed=0) -> list[AnalyzedTrial]:
    """Random trials: the hyperparameters that `domains` gives for what was drawn so far, and the score of all."""
    draw, trials = Random(seed).random, []
    for number in range(count):
        drawn, offered = {}, {}
        while pending := {name: domain for name, domain in domains(drawn).items() if name not in drawn}:
            for name, domain in pending.items():
                drawn[name], offered[name] = domain.sample(draw()), domain
        trials.append(AnalyzedTrial(number, score(drawn), drawn, offered))
    return trials


def offer_flat(_):
    return {"a": UNIT, "b": UNIT, "same": values(3)}


def offer_deep(drawn):
    return {"kind": KINDS, "a": UNIT} | ({"depth": integers(1, 8), "b": UNIT} if drawn.get("kind") == "deep" else {})


def test_those_that_matter_most_come_first_and_constant_ones_do_not_come():
    trials = observe(offer_flat, lambda x: x["a"] + 2 * x["b"])
    found = analyze_importance(trials, sign=1.0, seed=0, with_pairs=True)
    assert [(row.name, row.trials, row.is_conditional, row.needed) for row in found.hyperparameters] == [
        ("b", 120, False, 6),
        ("a", 120, False, 6),
    ]
    assert [row.variance.mean for row in found.hyperparameters] == pytest.approx([4 / 5, 1 / 5], abs=0.08)
    assert [pair.names for pair in found.pairs] == [("a", "b")]
    assert found.pairs[0].variance.mean < 0.03
    assert (found.trials, found.best_trials) == (120, 12)
    assert all(row.is_meaningful and row.r2 == found.r2 for row in found.hyperparameters)


def test_less_is_better_where_that_is_said():
    """Among the best are those with a small a, or those with a large one, and b matters for one of these alone."""
    trials = observe(offer_flat, lambda x: x["a"] if x["a"] < 0.8 else 1 + x["b"])
    shares = {
        sign: {row.name: row.best_share for row in analyze_importance(trials, sign=sign, seed=0).hyperparameters}
        for sign in (1.0, -1.0)
    }
    assert shares[-1.0]["a"] > 0.8
    assert shares[1.0]["b"] > 2 * shares[-1.0]["b"]


def test_a_child_counts_among_the_trials_in_which_it_is_active():
    """The kind adds 10, so that of all scores hardly anything is left to its children: in it, depth is everything."""
    trials = observe(offer_deep, lambda x: 10 * (x["kind"] == "deep") + x["a"] / 4 + x.get("depth", 0) / 8)
    active = sum("depth" in trial.values for trial in trials)
    found = analyze_importance(trials, sign=1.0, seed=0, with_pairs=True)
    rows = {row.name: row for row in found.hyperparameters}
    assert [row.name for row in found.hyperparameters] == ["kind", "a", "depth", "b"]
    assert [rows[name].trials for name in ("kind", "a", "depth", "b")] == [120, 120, active, active]
    assert [rows[name].is_conditional for name in ("kind", "depth")] == [False, True]
    assert (rows["a"].needed, rows["depth"].needed) == (6, 8)  # of kind and a; of a, depth and b
    assert rows["kind"].variance.mean > 0.95
    assert rows["depth"].variance.mean > 0.6
    assert rows["depth"].curve.points == tuple(range(1, 9))
    assert {pair.names: pair.trials for pair in found.pairs} == {
        ("kind", "a"): 120,
        ("a", "depth"): active,
        ("a", "b"): active,
        ("depth", "b"): active,
    }


def test_nothing_is_said_of_a_child_of_too_few_trials():
    trials = observe(offer_deep, lambda x: x["a"])
    few = [o for o in trials if "depth" not in o.values] + [o for o in trials if "depth" in o.values][:7]
    rows = {row.name: row for row in analyze_importance(few, sign=1.0, seed=0).hyperparameters}
    assert (rows["depth"].trials, rows["depth"].needed) == (7, 8)
    assert (rows["depth"].variance, rows["depth"].r2, rows["depth"].curve) == (None, None, None)
    assert not rows["depth"].is_meaningful
    assert rows["a"].is_meaningful


def test_a_parent_does_not_get_what_its_children_do():
    """Whether it is deep says nothing of the score by itself; how deep does."""
    trials = observe(offer_deep, lambda x: x.get("depth", 4.5), count=200)
    rows = {row.name: row for row in analyze_importance(trials, sign=1.0, seed=0).hyperparameters}
    assert rows["depth"].variance.mean > 0.95
    assert rows["depth"].best_share > 0.7 > 0.1 > rows["a"].best_share


def test_noise_is_not_meaningful():
    draw = np.random.default_rng(0).standard_normal
    trials = observe(offer_flat, lambda _: float(draw()))
    assert not any(row.is_meaningful for row in analyze_importance(trials, sign=1.0, seed=0).hyperparameters)


def test_too_few_trials_are_refused_with_what_there_is():
    trials = observe(offer_flat, lambda x: x["a"], count=6)
    assert len(analyze_importance(trials, sign=1.0, seed=0).hyperparameters) == 2
    with pytest.raises(TooFewTrials, match=r"^5 trials have a score, and 2 hyperparameters need 6: two for each"):
        analyze_importance(trials[:5], sign=1.0, seed=0)


def test_trials_that_are_alike_are_refused():
    with pytest.raises(NothingVaries, match=r"^all 120 trials have the score 0\.5"):
        analyze_importance(observe(offer_flat, lambda _: 0.5), sign=1.0, seed=0)
    with pytest.raises(NothingVaries, match=r"^all 120 trials have the same choices"):
        analyze_importance(observe(lambda _: {"same": values(3)}, lambda _: 0.5), sign=1.0, seed=0)
