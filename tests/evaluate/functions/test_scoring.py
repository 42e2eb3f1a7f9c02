"""A person's own training: what it is given, and how its ends are told apart."""

import pytest
from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.scoring import make_function_evaluation
from archwright.evaluate.functions.signature import WrongParameters
from archwright.evaluate.training.trained_model import read_model
from archwright.evaluate.workers.pool import NoWorker, WorkerPool
from tests.evaluate.jobs import make_job, run_jobs, run_jobs_in_process

pytestmark = pytest.mark.usefixtures("one_thread")

COSTS = ("parameters", "flops", "latency_seconds", "peak_memory_bytes", "seconds")  # measured of a model
OWN = """
import math, sys
import archwright as aw

def given(model, settings, budget, device, data, seed, report, input_shape, architecture):
    import torch
    assert isinstance(architecture, aw.Term) and str(device) == "cpu" and torch.get_num_threads() == 2
    assert {p.device for p in model.parameters()} == {data.train.images.device} == {device}
    assert data.train.images.dtype == torch.uint8
    assert model(data.normalised(data.train.images[:5])).shape == (5, 10)
    report(1, accuracy=torch.tensor(0.25), loss=2)
    return {**settings, "epochs": budget.amount, "seed": seed, "channels": input_shape[0], "images": len(data.train),
            "first": next(model.parameters()).sum()}

def plain(architecture, budget):
    return "torch" in sys.modules

def ends(model, device, settings):
    import torch
    match settings["how"]:
        case "raises":
            raise ValueError("no good")
        case "overflows":
            raise FloatingPointError("the loss is nan")
        case "is_too_large":
            torch.empty(10**15, device=device)
        case "learns":
            for parameter in model.parameters():
                torch.nn.init.constant_(parameter, 3.0)
            return 1

def counts(model, seed):
    return sum(p.numel() for p in model.parameters())

def wrong(modell, budget, sed):
    pass

def wants_data(data):
    pass

def spoils(model, settings):
    import torch
    match settings["how"]:
        case "wrecked":
            model.forward = None
        case "frozen":
            model.requires_grad_(False)
        case "half":
            model.to(torch.bfloat16).train()
        case "own":
            return {"accuracy": 1, "flops": 5}
    return 1
"""
NETWORK = aw.sequential(aw.settings(optimizer_steps=3, rate=0.5), aw.conv2d(filters=4, size=3), aw.affine(units=10))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(OWN)
    return path


def config(file, name, **more):
    return Function(f"{file}:{name}", input_shape=(1, 8, 8), device="cpu", threads=1, **more)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")  # of which a worker makes no error
def test_a_function_is_given_what_it_asks_for(file):
    given = config(file, "given", data="digits", validation=0.5, settings={"rate": 9, "weight_decay": 0.25})
    jobs = [make_job(i, NETWORK, Budget(2, "epochs"), seed=i // 2) for i in (0, 1, 2)]
    (first, again, other), reports = run_jobs_in_process(make_function_evaluation(given, 0, threads=2), *jobs)
    assert first.status == "ok", first.error
    start, costs = first.metrics.pop("first"), {name: first.metrics.pop(name) for name in COSTS}
    assert costs["parameters"] == 4 * 9 + 4 + 4 * 64 * 10 + 10
    assert costs["flops"] == 2 * 64 * 4 * 9 + 2 * 4 * 64 * 10
    # 1,797 images, of which 359 are for testing and half of the rest for validation
    assert first.metrics == {
        "optimizer_steps": 3, "rate": 0.5, "weight_decay": 0.25,
        "epochs": 2, "seed": 0, "channels": 1, "images": 719,
    }  # fmt: skip
    assert start == again.metrics["first"] != other.metrics["first"]
    assert reports[0].metrics == {"accuracy": 0.25, "loss": 2.0}


def test_torch_is_imported_only_for_what_needs_it(file):
    with WorkerPool(config(file, "plain")) as pool:
        (ended,), _ = run_jobs(pool, make_job(0, NETWORK))
    assert ended.metrics == {"accuracy": 0.0}


def test_the_ways_in_which_a_training_fails_are_told_apart_and_the_next_one_is_kept(file, tmp_path):
    cases = [
        ("raises", "crashed", "ValueError: no good"),
        ("overflows", "diverged", "FloatingPointError: the loss is nan"),
        ("is_too_large", "out_of_memory", "can't allocate memory"),
        ("learns", "ok", ""),
    ]
    trials = [aw.sequential(aw.settings(how=how), aw.affine(units=10)) for how, _, _ in cases]
    jobs = [evolve(make_job(i, trial), artifact_folder=str(tmp_path)) for i, trial in enumerate(trials)]
    ended, _ = run_jobs_in_process(make_function_evaluation(config(file, "ends"), 0, 1), *jobs)
    for (_, status, told), result in zip(cases, ended, strict=True):
        assert (result.status, told in result.error) == (status, True), result.error
    weights, _ = read_model(tmp_path, 3)
    assert {float(w) for ws in weights.values() for w in ws.flatten()} == {3.0}
    assert not any((tmp_path / f"trial-{i}" / "model.safetensors").exists() for i in range(3))


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("wrong", "has the parameters modell, sed, for which there is nothing; a function may ask for arch"),
        ("wants_data", "reads data, and nothing says which data set: give"),
    ],
)
def test_parameters_that_there_is_nothing_for_are_told(file, function, told):
    with WorkerPool(config(file, function)) as pool, pytest.raises(NoWorker, match=told):
        pool.warm_up()


def test_a_model_that_cannot_be_built_is_invalid_and_the_next_one_is_trained(file):
    narrow = aw.sequential(aw.global_avg_pool(), aw.conv2d(filters=3, size=1))
    (bad, good), _ = run_jobs_in_process(
        make_function_evaluation(config(file, "counts"), 0, 1), make_job(0, narrow), make_job(1, aw.affine(units=10))
    )
    assert (bad.status, "conv2d needs an input of shape" in bad.error) == ("invalid", True)
    assert good.metrics["accuracy"] == good.metrics["parameters"] == 64 * 10 + 10


def test_what_a_model_costs_is_told_whatever_the_function_has_done_to_it(file):
    """And where it cannot be run any more, the score counts; what the function says itself has priority."""
    hows = ("wrecked", "frozen", "half", "own")
    trials = [aw.sequential(aw.settings(how=how), aw.affine(units=10)) for how in hows]
    jobs = [make_job(i, trial) for i, trial in enumerate(trials)]
    ended, _ = run_jobs_in_process(make_function_evaluation(config(file, "spoils"), 0, 1), *jobs)
    assert [result.status for result in ended] == ["ok"] * 4
    wrecked, frozen, half, own = (result.metrics for result in ended)
    assert wrecked.keys() == {"accuracy", "parameters", "peak_memory_bytes", "seconds"}
    assert frozen["parameters"] == half["parameters"] == 64 * 10 + 10
    assert frozen["flops"] == half["flops"] == 2 * 64 * 10
    assert own["flops"] == 5
    assert all(0 < metrics["latency_seconds"] < 1 for metrics in (frozen, half, own))


@pytest.mark.parametrize("value", [aw.tokens(50, 20), aw.image(1, 8, 8), aw.signal(2, 16), aw.features(12)])
def test_a_function_is_given_the_input_whole_and_its_shape(tmp_path, value):
    """With its kind and the vocabulary of tokens."""
    file = tmp_path / "own_input.py"
    file.write_text(
        "def told(input, input_shape):\n"
        "    assert input.shape == input_shape\n"
        "    return {'vocabulary': input.vocabulary or 0, f'is_{input.kind}': 1}\n"
    )
    given = Function(f"{file}:told", device="cpu", threads=1).with_input(value)
    (verdict,), _ = run_jobs_in_process(make_function_evaluation(given, 0, threads=1), make_job(0, NETWORK))
    assert verdict.metrics == {"vocabulary": value.vocabulary or 0, f"is_{value.kind}": 1}


def test_a_function_that_asks_for_an_input_where_there_is_none_is_told_how_to_give_one(tmp_path):
    (tmp_path / "own_input.py").write_text("def told(input):\n    return 1\n")
    config = Function(f"{tmp_path / 'own_input.py'}:told", device="cpu", threads=1)
    with pytest.raises(
        WrongParameters,
        match=r"reads input, and nothing says the input of the models: give it, as in --input",
    ):
        make_function_evaluation(config, 0, threads=1)


def test_a_report_that_is_called_wrongly_says_how_it_is_called(tmp_path):
    file = tmp_path / "own_report.py"
    file.write_text("def score(report):\n    report(1, 0.5)\n")
    evaluate = make_function_evaluation(Function(f"{file}:score"), 0, threads=1)
    (verdict,), _ = run_jobs_in_process(evaluate, make_job(0, NETWORK))
    assert verdict.status == "crashed"
    assert (
        "report got too many positional arguments; it is called as report(epoch, **metrics), as in report(1, accuracy"
        in (verdict.error)
    )
