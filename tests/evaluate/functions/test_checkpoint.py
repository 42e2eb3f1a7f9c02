"""Functions that go on from a checkpoint, under a ladder of budgets."""

import re
import shutil

import pytest
import torch
from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Job
from archwright.evaluate.functions.checkpoint import FunctionCheckpoint, UnsavableState
from archwright.store.artifacts import find_kinds, find_trials, locate_artifact, locate_run_folder

SPACE = aw.settings(slope=aw.integers(1, 1000))


def count_epochs(settings, budget, horizon, checkpoint, report):
    """A training whose state is the epochs that it was given, one by one."""
    state = checkpoint.load() or {"epochs": []}
    begun = len(state["epochs"])
    for epoch in range(begun + 1, int(budget.amount) + 1):
        state["epochs"].append(epoch)
        report(epoch, accuracy=settings["slope"] / 1000 * epoch / 9)
    checkpoint.save(state)
    return {
        "accuracy": settings["slope"] / 1000 * budget.amount / 9,
        "begun": begun,
        "whole": state["epochs"] == list(range(1, int(budget.amount) + 1)),
        "horizon": horizon.amount,
    }


def begin_anew(settings, budget, horizon):
    return {"accuracy": settings["slope"] / 1000 * budget.amount / 9, "horizon": horizon.amount}


def search(function, log, searcher="asha", **rest):
    return aw.search(
        SPACE,
        function,
        searcher=searcher,
        budget="1epochs..9epochs",
        trials=20,
        workers=0,
        log=log,
        name="climb",
        progress=False,
        **rest,
    )


def test_a_promotion_goes_on_where_the_promoted_trial_ended(tmp_path):
    """Its epochs come after those of that trial; the schedule is for 9 epochs from the beginning."""
    run = search(count_epochs, log := tmp_path / "log.duckdb")
    promotions = [trial for trial in run.trials if trial.state.promotes is not None]
    assert len(promotions) >= 5
    for trial in run.trials:
        earlier = None if trial.state.continues is None else run.trials[trial.state.continues]
        assert trial.state.continues == trial.state.promotes
        assert trial.metrics["begun"] == (0 if earlier is None else earlier.budget.amount)
        assert trial.metrics["whole"] == 1
        assert trial.metrics["horizon"] == 9
    promoted = {trial.state.promotes for trial in promotions}
    folder = locate_run_folder(log, "climb")
    kept = {trial for trial in find_trials(folder) if "state" in find_kinds(folder, trial)}
    assert kept == {t.number for t in run.trials if t.state.rung < 2 and t.number not in promoted}
    assert run.verify()


@pytest.mark.parametrize(("function", "searcher"), [(begin_anew, "asha"), (count_epochs, "asha,fresh=true")])
def test_where_nothing_is_continued(tmp_path, function, searcher):
    """A function that asks for no checkpoint, and a ladder that wants none: nothing is kept."""
    run = search(function, log := tmp_path / "log.duckdb", searcher)
    assert any(trial.state.promotes is not None for trial in run.trials)
    assert {trial.state.continues for trial in run.trials} == {None}
    assert all(trial.metrics["horizon"] == trial.budget.amount for trial in run.trials)
    assert all(trial.metrics.get("begun", 0) == 0 for trial in run.trials)
    folder = locate_run_folder(log, "climb")
    assert all("state" not in find_kinds(folder, trial) for trial in find_trials(folder))


def make_job(folder, trial=0, continues=None, kept=("state",)):
    budget = Budget(1, "epochs")
    return Job(trial, 1, aw.relu(), budget, 0, continues, artifact_folder=str(folder), artifacts_to_keep=kept)


def test_what_is_saved_is_loaded_by_the_trial_that_goes_on(tmp_path):
    """By no other; and where the file is not there, it begins."""
    FunctionCheckpoint(make_job(tmp_path)).save({"weights": [1.5, 2], "name": "a"})
    assert FunctionCheckpoint(make_job(tmp_path, 1, continues=0)).load() == {"weights": [1.5, 2], "name": "a"}
    assert FunctionCheckpoint(make_job(tmp_path, 1)).load() is None
    assert FunctionCheckpoint(make_job(tmp_path, 1, continues=7)).load() is None
    FunctionCheckpoint(make_job(tmp_path, 2, kept=("model",))).save({"weights": [1]})
    assert find_trials(tmp_path) == {0}
    FunctionCheckpoint(make_job(tmp_path)).forget()
    assert find_trials(tmp_path) == frozenset()


def test_a_state_that_is_not_plain_is_refused(tmp_path):
    """To read it would run code."""
    with pytest.raises(UnsavableState, match=r"the state of the training cannot be kept: .*; save plain values and"):
        FunctionCheckpoint(make_job(tmp_path)).save({"score": find_kinds})
    assert find_trials(tmp_path) == frozenset()


def test_a_damaged_file_is_as_one_that_is_gone(tmp_path):
    """As that of our own training: it begins anew, and says so once."""
    FunctionCheckpoint(make_job(tmp_path)).save([1])
    locate_artifact(tmp_path, 0, "state").write_bytes(b"?")
    checkpoint = FunctionCheckpoint(make_job(tmp_path, 1, continues=0))
    assert checkpoint.error == ""
    assert (checkpoint.load(), checkpoint.load()) == (None, None)
    assert re.fullmatch(r"trained from the beginning: \S+ is no state of a training; delete it", checkpoint.error)


def test_a_flipped_bit_is_found(tmp_path):
    """Anywhere in the tensors, which torch would read as they are."""
    FunctionCheckpoint(make_job(tmp_path)).save({"weights": torch.ones(1000)})
    path = locate_artifact(tmp_path, 0, "state")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert FunctionCheckpoint(make_job(tmp_path, 1, continues=0)).load() is None


def test_what_is_trained_from_the_beginning_says_so(tmp_path):
    """Where the files of all promotable trials are gone, each promotion begins anew, with the same score."""
    run = search(count_epochs, log := tmp_path / "log.duckdb")
    shutil.rmtree(locate_run_folder(log, "climb"))
    run = run.resume(trials="+10", workers=0, progress=False)
    again = [trial for trial in run.trials[20:] if trial.state.continues is not None and trial.state.continues < 20]
    assert again
    for trial in again:
        assert trial.status == "ok"
        assert (trial.metrics["begun"], trial.metrics["whole"]) == (0, 1)
        assert trial.error.startswith("trained from the beginning: there is no ")
        assert f"the state of trial {trial.state.continues} was not kept; it is there as long as" in trial.error
    assert not any(trial.error for trial in run.trials[:20])


def test_a_run_whose_folder_nobody_knows_keeps_nothing(tmp_path):
    job = evolve(make_job(tmp_path, 1, continues=0), artifact_folder=None)
    checkpoint = FunctionCheckpoint(job)
    assert checkpoint.load() is None
    assert checkpoint.error == "trained from the beginning: nothing is kept of this run, nor of trial 0"
