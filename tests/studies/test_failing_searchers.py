"""Searchers of a person's own that raise or give something odd: named, with nothing of the run lost."""

from typing import Any

import pytest
from attrs import frozen

import archwright as aw
from archwright.search.named import NotASearcher
from archwright.store.configured import ExtensionFailed

SPACE = aw.sequential(aw.affine([8, 16, 24, 32]))


def search(searcher: Any, **options: Any) -> aw.Run:
    given = {"trials": 4, "input": aw.features(4), "workers": 0, "progress": False} | options
    return aw.search(SPACE, lambda seed: seed % 97 / 97, searcher=searcher, **given)


def define_failing(method: str) -> type[Any]:
    """A random search whose method raises at trial 2; whose `start` always does."""
    find_trial = {
        "start": lambda *_: 2,
        "propose": lambda *given: given[1],
        "adopt": lambda *given: given[1].trial,
        "tell": lambda *given: given[1].proposal.trial,
    }[method]

    def fail(self, *arguments):
        if find_trial(*arguments) == 2:
            raise ZeroDivisionError("of the person's")
        return getattr(aw.searchers.RandomSearch, method)(self, *arguments)

    return frozen(type("Failing", (aw.searchers.RandomSearch,), {method: fail}))


@pytest.mark.parametrize(("method", "scores"), [("start", None), ("propose", 1), ("adopt", 1), ("tell", 2)])
def test_a_searcher_that_raises_is_named_and_the_run_goes_on_without_it(tmp_path, monkeypatch, method, scores):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExtensionFailed, match=rf"the searcher Failing failed at {method}:\n(?s:.*)of the person's"):
        search(define_failing(method)(), name="mine")
    if scores is None:
        assert not (tmp_path / "archwright.duckdb").exists()
        return
    run = aw.Log("archwright.duckdb")["mine"]
    assert sum(trial.score is not None for trial in run) >= scores  # while one runs, the next is proposed
    fork = run.fork(at=run.view.run.state.seq, searcher="random")
    assert len(fork.resume(trials=4, workers=0, progress=False, evaluation=lambda seed: seed % 97 / 97)) == 4


@pytest.mark.parametrize("given", [{"trial": 0}, 3, "no proposal"])
def test_what_is_no_proposal_is_refused(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)

    @frozen
    class Odd(aw.searchers.RandomSearch):
        def propose(self, state, trial, uniform):
            return given

    with pytest.raises(NotASearcher, match=r"propose of the searcher Odd gave .* for trial 0; it must give a Proposal"):
        search(Odd())
