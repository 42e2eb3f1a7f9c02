"""The training of the joint space: its recipe, the horizon of its schedule, and one on the digits from end to end."""

import random

import pytest
from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Job
from archwright.core.spaces.joint import SHAKE26_TRAINING, build_joint
from archwright.evaluate.training import task
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.training.recipe import RECIPES, make_recipe
from archwright.evaluate.training.train import train
from tests.evaluate.jobs import make_job

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORK = aw.sequential(aw.conv2d(4, 3, stride=2), aw.relu(), aw.affine(10))
FEW = aw.settings(batch_size=500)  # two steps an epoch


def epochs(count):
    return Budget(count, "epochs")


def test_the_recipe_is_the_training_of_the_baselines():
    """What the space searches over, and what it leaves to the recipe."""
    recipe = make_recipe({"recipe": "joint"})
    assert {name: getattr(recipe, name) for name in SHAKE26_TRAINING} == SHAKE26_TRAINING
    assert (recipe.optimizer, recipe.nesterov, recipe.schedule, recipe.rate_end) == ("sgd", True, "warm_restarts", 0)
    assert (recipe.crop, recipe.flip) == (4, True)
    settings = aw.settings_of(aw.named_space("shake26-2x64d"))
    assert make_recipe(settings) == recipe
    assert set(RECIPES["joint"]) >= set(SHAKE26_TRAINING)


def test_every_configuration_is_a_training():
    """Of both spaces; what the space does not say is the recipe's."""
    for name, shape in (("joint", (3, 32, 32)), ("joint-small", (1, 8, 8))):
        for seed in range(5):
            leaf = aw.sample(aw.root(aw.named_space(name), shape), random.Random(seed).random)
            recipe = Training(device="cpu").resolve_recipe(leaf.architecture)
            assert recipe.momentum == dict(leaf.path)["training.settings.momentum"]
            assert (recipe.schedule, recipe.nesterov, recipe.flip) == ("warm_restarts", True, name == "joint")


@pytest.mark.parametrize(
    ("job", "cycles"),
    [
        ({}, 1),
        ({"rung": 0, "rungs": 4, "budget": epochs(1)}, 1),
        ({"rung": 2, "rungs": 4, "budget": epochs(9)}, 3),
        ({"rung": 3, "rungs": 4, "budget": epochs(27)}, 4),
        ({"rung": 0, "rungs": 4, "budget": epochs(1), "horizon": epochs(27)}, 4),
        ({"rung": 3, "rungs": 4, "budget": epochs(27), "horizon": epochs(27)}, 4),
    ],
)
def test_the_rung_says_how_many_cycles_end_at_the_horizon(job, cycles):
    """From scratch one more a rung; where trainings are continued, those of the largest budget from the beginning."""
    assert task.count_cycles(evolve(make_job(), **job)) == cycles


@pytest.fixture
def train_calls(monkeypatch):
    calls = []

    def note(*arguments, **options):
        calls.append((arguments, options))
        return train(*arguments, **options)

    monkeypatch.setattr(task, "train", note)
    return calls


def run_job(settings, **fields):
    """The learning rate of each epoch's last step of a job."""
    training, rates = Training(device="cpu", settings=settings), []
    job = Job(0, 1, aw.sequential(FEW, NETWORK), epochs(4), seed=0, **fields)
    report = lambda _, metrics: rates.append(metrics["learning_rate"]) or ""  # noqa: E731
    assert task.prepare_training(training, 0, 1)(job, report).status == "ok"
    return rates


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "warm_restarts"])
def test_the_schedule_ends_at_the_horizon_of_the_job(schedule):
    """Two steps an epoch: the last one of epoch n begins after n - 1/2 epochs of the horizon."""
    settings = {"schedule": schedule, "learning_rate": 1.0}
    own = run_job(settings)
    longer = run_job(settings, horizon=epochs(8))
    assert longer == run_job({**settings, "horizon": 8})
    assert longer == run_job({**settings, "horizon": 8}, horizon=epochs(100))  # the person has the last word
    assert own == run_job(settings, horizon=epochs(4), largest_budget=epochs(4))
    assert own[-1] < 0.2 < longer[-1]


def test_a_job_of_a_rung_restarts_within_its_budget(train_calls):
    """On rung 1 twice: one cycle of 4/3 epochs, and one of 8/3."""
    rates = run_job({"schedule": "warm_restarts", "learning_rate": 1.0}, rung=1, rungs=3)
    assert rates[0] < rates[1]
    assert rates[1] > rates[2] > rates[3]
    ((_, _, recipe, *_), options), = train_calls  # fmt: skip
    assert (recipe.cycles, options["horizon"]) == (2, None)
    run_job({"schedule": "warm_restarts", "cycles": 3}, rung=0)
    assert train_calls[-1][0][2].cycles == 3  # what a person says goes before the rung


def test_a_network_of_the_space_learns_the_digits(tmp_path):
    """By its own recipe, in a search: shaken, dropped, mixed up and cut out; the log has all 17 hyperparameters."""
    architecture = {
        **{f"nr_residual_blocks_{i}": aw.integers(1, 2) for i in (1, 2, 3)},
        "initial_filters": 8,
        **{f"widen_factor_{i}": aw.reals(1.0, 1.5) for i in (1, 2, 3)},
        "res_branches_1": 2,
        "res_branches_2": 1,
        "res_branches_3": 3,
    }
    training = {
        "learning_rate": aw.reals(0.1, 0.2),
        "batch_size": 64,
        "momentum": 0.9,
        "mixup": 0.2,
        "cutout": 2,
        "crop": 1,
        "flip": False,
    }
    space = build_joint(10, architecture, training, aw.reals(0.0, 0.3))
    run = aw.search(
        space,
        aw.Training("digits", device="cpu", threads=1),
        trials=1,
        budget="4epochs",
        workers=0,
        keep_models=1,
        log=tmp_path / "log.duckdb",
        progress=False,
    )
    best = run.best()
    assert best.score > 0.6
    assert "death_rate" in best.choices
    assert run.verify()
    exported = best.export(tmp_path / "model")
    assert "model.onnx" in str(exported)
