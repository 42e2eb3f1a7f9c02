"""How long a fixed recipe takes to train a fixed small residual network to 94 % on the test images of CIFAR-10.

    python benchmarks/cifar10.py [--data cifar10|npz:FOLDER] [--device auto] [--epochs 24] [--seeds 3] [--short]

The network is ResNet-9 (the shape of Page's entry to DAWNBench, 2018), trained on all 50,000 training images and tested
once, at the end. The seconds are of training alone: not of reading data nor of evaluation. For
comparison: a hand-tuned training takes 2.6 s on an A100 (Jordan 2024). Without a GPU, use --short: it shows that the
script runs, and says nothing about that time.
"""

import argparse
from collections.abc import Sequence
from statistics import mean, stdev

import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import AttemptResult, Job
from archwright.core.term import Term
from archwright.evaluate.training.device import choose_device
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers.pool import WorkerPool

TARGET_ACCURACY = 0.94
WARM_UP_BUDGET = Budget(1024, "examples")
SHORT_BUDGET = Budget(256, "examples")
RECIPE = {
    "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4,
    "schedule": "cosine", "batch_size": 256, "label_smoothing": 0.1, "crop": 4, "flip": True, "cutout": 8,
}  # fmt: skip


def make_layer(filters: int) -> Term:
    """A convolution, batch normalisation and ReLU."""
    return aw.sequential(aw.conv2d(filters=filters, size=3, bias=False), aw.batch_norm(), aw.relu())


def make_residual(filters: int) -> Term:
    """Two layers with a skip connection."""
    return aw.residual(aw.sequential(make_layer(filters), make_layer(filters)))


def make_resnet9(width: int) -> Term:
    """ResNet-9, whose first layer has `width` filters: 64 in the original, with 6.6 million parameters."""
    pool = aw.max_pool2d(size=2, stride=2)
    return aw.sequential(
        make_layer(width),
        make_layer(2 * width), pool, make_residual(2 * width),
        make_layer(4 * width), pool,
        make_layer(8 * width), pool, make_residual(8 * width),
        aw.max_pool2d(size=4, stride=4),
        aw.affine(units=10),
    )  # fmt: skip


def run_trainings(config: Training, model: Term, budgets: Sequence[Budget]) -> list[AttemptResult]:
    """Train the model once for each budget, one after the other, with the seeds 0, 1 ..."""
    trainings: list[AttemptResult] = []
    with WorkerPool(config) as workers:
        for seed, budget in enumerate(budgets):
            workers.submit(Job(seed, 1, model, budget, seed))
            while not (finished := [m for m in workers.collect(1.0) if isinstance(m, AttemptResult)]):
                pass
            assert finished[0].status == "ok", finished[0].error
            trainings += finished
    return trainings


def main(argv: Sequence[str] | None = None) -> None:
    """Train, and print the time and whether the target accuracy was reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-dir")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="a few steps, to see that it runs")
    options = parser.parse_args(argv)
    device = choose_device(options.device, 0)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(f"{name}; torch {torch.__version__}, archwright {aw.__version__}")
    settings = {"batch_size": 64} if options.short else {}
    config = Training(
        options.data,
        options.data_dir,
        options.device,
        train_on="train+validation",
        keep="last",
        settings=RECIPE | settings,
    )
    if options.short:
        (training,) = run_trainings(config, make_resnet9(8), [SHORT_BUDGET])
        rate = training.metrics["examples_per_second"]
        print(f"short form, an eighth of the width, {SHORT_BUDGET}: {rate:,.0f} images/s")
        return
    budget, seeds = Budget(options.epochs, "epochs"), options.seeds
    # The first training warms up, and does not count.
    _, *trainings = run_trainings(config, make_resnet9(64), [WARM_UP_BUDGET, *[budget] * seeds])
    metrics = [training.metrics for training in trainings]
    accuracy, seconds = mean(m["test_accuracy"] for m in metrics), mean(m["train_seconds"] for m in metrics)
    spread = f" (deviation {stdev(m['test_accuracy'] for m in metrics):.2%})" if seeds > 1 else ""
    target = f"{TARGET_ACCURACY:.0%} is {'reached' if accuracy >= TARGET_ACCURACY else 'missed'}"
    print(f"{budget}, n = {seeds}: test accuracy {accuracy:.2%}{spread} in {seconds:.1f} s; {target}")


if __name__ == "__main__":
    main()
