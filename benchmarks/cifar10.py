"""How long a fixed recipe on a fixed small residual network, both ours, takes to 94 % on the test images of CIFAR-10.

    python benchmarks/cifar10.py [--data cifar10|npz:FOLDER] [--device auto] [--epochs 24] [--seeds 3] [--short]

The network is ResNet-9 in our language (the shape of Page's entry to DAWNBench, 2018), trained on all 50,000 training
images and tested once, at the end. The seconds are of training alone: not of reading data nor of scoring. To hold them
against: a hand-tuned training takes 2.6 s on an A100 (Jordan 2024). Without a GPU, use --short: it shows that the
script runs, and says nothing about that time.
"""

import argparse
from collections.abc import Sequence
from statistics import mean, stdev

import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Finished, Job
from archwright.core.term import Term
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.training.device import choose_device
from archwright.evaluate.workers.pool import WorkerPool

GOAL = 0.94
WARM_UP = Budget(1024, "examples")
SHORT = Budget(256, "examples")
RECIPE = {
    "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4,
    "schedule": "cosine", "batch_size": 256, "label_smoothing": 0.1, "crop": 4, "flip": True, "cutout": 8,
}  # fmt: skip


def layer(filters: int) -> Term:
    """A convolution, normalised and cut off at 0."""
    return aw.sequential(aw.conv2d(filters=filters, size=3, bias=False), aw.batch_norm(), aw.relu())


def residual(filters: int) -> Term:
    """Two layers beside an identity."""
    return aw.residual(aw.sequential(layer(filters), layer(filters)))


def network(width: int) -> Term:
    """ResNet-9, whose first layer has `width` filters: 64 in the original, with 6.6 million parameters."""
    pool = aw.max_pool2d(size=2, stride=2)
    return aw.sequential(
        layer(width),
        layer(2 * width), pool, residual(2 * width),
        layer(4 * width), pool,
        layer(8 * width), pool, residual(8 * width),
        aw.max_pool2d(size=4, stride=4),
        aw.affine(units=10),
    )  # fmt: skip


def trained(config: TrainingConfig, model: Term, budgets: Sequence[Budget]) -> list[Finished]:
    """The ends of a training for each budget, one after the other, with the seeds 0, 1 ..."""
    found: list[Finished] = []
    with WorkerPool(config) as workers:
        for seed, budget in enumerate(budgets):
            workers.submit(Job(seed, 1, model, budget, seed))
            while not (ended := [m for m in workers.collect(1.0) if isinstance(m, Finished)]):
                pass
            assert ended[0].status == "ok", ended[0].error
            found += ended
    return found


def main(words: Sequence[str] | None = None) -> None:
    """Train, and print the time and whether the goal was reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-dir")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="a few steps, to see that it runs")
    given = parser.parse_args(words)
    device = choose_device(given.device, 0)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(f"{name}; torch {torch.__version__}, archwright {aw.__version__}")
    settings = {"batch_size": 64} if given.short else {}
    config = TrainingConfig(
        given.data, given.data_dir, given.device, train_on="train+validation", keep="last", settings=RECIPE | settings
    )
    if given.short:
        (end,) = trained(config, network(8), [SHORT])
        print(f"short form, an eighth of the width, {SHORT}: {end.metrics['examples_per_second']:,.0f} images/s")
        return
    budget, seeds = Budget(given.epochs, "epochs"), given.seeds
    _, *timed = trained(config, network(64), [WARM_UP, *[budget] * seeds])  # the first warms up, and does not count
    ends = [end.metrics for end in timed]
    accuracy, seconds = mean(m["test_accuracy"] for m in ends), mean(m["train_seconds"] for m in ends)
    spread = f" (deviation {stdev(m['test_accuracy'] for m in ends):.2%})" if seeds > 1 else ""
    reached = "reached" if accuracy >= GOAL else "missed"
    print(f"{budget}, n = {seeds}: test accuracy {accuracy:.2%}{spread} in {seconds:.1f} s; {GOAL:.0%} is {reached}")


if __name__ == "__main__":
    main()
