"""TaskSet's curves: a row of settings, the points of its curve, and what a surrogate sees of it."""

import math

import numpy as np
import pytest

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Job
from archwright.core.spaces.taskset import ROWS
from archwright.evaluate.tables.tabular import BadTable, NotInTable
from archwright.evaluate.tables.taskset import TASK_PREFIX, TASKS, TaskSet
from tests.evaluate.tables.test_tabular import TABLES, needs_tables

NAMES = ("learning_rate", "beta1")


def write_table(folder) -> str:
    """Two tasks, of which the second has the loss 100 * row + point, and diverges in row 3 at point 5."""
    points = np.arange(1, 52, dtype=np.float32)
    losses = np.stack([np.zeros((ROWS, 51), np.float32), 100 * np.arange(ROWS, dtype=np.float32)[:, None] + points])
    losses[1, 3, 4:] = math.nan
    hp = np.stack([np.linspace(0.1, 1, ROWS), np.linspace(1, 0.1, ROWS)], axis=1)
    columns = {f"{split}_loss": losses for split in ("valid", "test", "train")}
    tasks = np.array([TASK_PREFIX + task for task in TASKS[:2]])
    np.savez(folder / "curves.npz", tasks=tasks, hp=hp, hp_names=np.array(NAMES), **columns)
    return str(folder / "curves.npz")


def choose_row(row: int) -> aw.Term:
    return aw.settings(row=row)


def test_a_budget_is_a_point_of_a_curve(tmp_path):
    """Each point takes a second, and a larger budget those that it adds; a curve that diverged is NaN."""
    table = TaskSet(write_table(tmp_path), task=1)
    assert (table.task, table.usual_budget, table.can_continue) == (TASKS[1], Budget(51, "epochs"), True)
    entry = table.look_up(choose_row(2), Budget(17, "epochs"), 0)
    assert (entry.metrics, entry.seconds) == ({"loss": 217, "test_loss": 217, "train_loss": 217}, 17)
    assert math.isnan(table.look_up(choose_row(3), Budget(5, "epochs"), 0).metrics["loss"])
    evaluator = table.open()
    evaluator.submit(Job(1, 1, choose_row(2), Budget(51, "epochs"), 0, 0, continued_budget=Budget(17, "epochs")))
    (result,) = evaluator.collect(0.0)
    assert (result.metrics["loss"], result.seconds) == (251, 34)


def test_a_surrogate_sees_the_settings_of_a_row(tmp_path):
    """The named space gets them from the table; a space of one's own stays as it is."""
    table = TaskSet(write_table(tmp_path), task=1)
    space = table.complete_space(aw.named_space("taskset"))
    assert aw.count(space) == ROWS
    chosen = aw.settings_of(aw.replay(space, (1,), [("row", ROWS - 1)]).architecture)
    assert dict(chosen) == {"row": ROWS - 1, "learning_rate": 1.0, "beta1": 0.1}
    other = aw.settings(row=[1, 2])
    assert table.complete_space(other) is other
    run = aw.search("taskset", table, searcher="smbo,initial=3", trials=6, log=tmp_path / "l.duckdb", progress=False)
    assert len({trial.choices["row"] for trial in run.trials}) == 6
    assert run.evaluation["task"] == TASKS[1]
    again = run.resume(trials="+2", progress=False)
    assert len({trial.choices["row"] for trial in again.trials}) == 8


def test_what_the_table_does_not_have_is_said(tmp_path):
    path = write_table(tmp_path)
    with pytest.raises(BadTable, match=r"task is 12; it is a number from 0 to 11, or a name: imdb"):
        TaskSet(path, task=12)
    with pytest.raises(
        BadTable, match=r"task is 'imdb_patch32'; it is a number from 0 to 11, or a name: .*imdb_patch32"
    ):
        TaskSet(path, task="imdb_patch32")
    with pytest.raises(BadTable, match=f"has no task '{TASKS[5]}'"):
        TaskSet(path, task=5).load()
    table = TaskSet(path)
    for budget in (Budget(52, "epochs"), Budget(1.5, "epochs"), Budget(3, "seconds")):
        with pytest.raises(NotInTable, match=rf"the budget is {budget}; the table of TaskSet has 1epochs to 51epochs"):
            table.require_budget(budget)
    for architecture in (aw.affine(2), choose_row(ROWS), aw.settings(row="3")):
        with pytest.raises(NotInTable, match=f"{architecture.kind} names no row of the table"):
            table.require_architecture(architecture)


@needs_tables
def test_the_real_curves_are_as_published():
    """A point is a better prophet of the last one the later it is; 7.2 % of the points are of diverged trainings."""
    path = TABLES / "taskset_text.npz"
    with np.load(path) as archive:
        losses, tasks = archive["valid_loss"], [str(task) for task in archive["tasks"]]
    assert [task.removeprefix(TASK_PREFIX) for task in tasks] == list(TASKS)
    assert np.isnan(losses).mean() == pytest.approx(0.072, abs=5e-4)
    table = TaskSet(str(path), task=7)
    looked_up = table.look_up(choose_row(412), Budget(10, "epochs"), 0).metrics["loss"]
    assert np.float32(looked_up) == losses[7, 412, 9]
    space = table.complete_space(aw.named_space("taskset"))
    assert len(aw.settings_of(aw.replay(space, (1,), [("row", 0)]).architecture)) == 9
