"""How fast models train here, against a plain PyTorch loop and against the model alone, and the cost of measuring each.

    python benchmarks/training.py [--device auto|cpu|cuda:0] [--rounds 3] [--threads 1] [--compile] [--smallest]

The sides of a comparison take turns, since machines are shared: read the ratios. Images are random, 3x32x32.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

import torch
from attrs import evolve, frozen
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.term import Term
from archwright.evaluate.data.tensors import DeviceData, DeviceSplit
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.cost import PeakMemory, measure_cost, take_measured_batch
from archwright.evaluate.training.device import choose_device
from archwright.evaluate.training.optimizer import make_optimizer
from archwright.evaluate.training.recipe import Recipe, make_recipe
from archwright.evaluate.training.train import train
from archwright.evaluate.training.trainer import compute_logits
from archwright.evaluate.workers.machine import count_cores
from rows import Row, print_table
from workers import BATCH, compute_median_ratio

SETTINGS = {"optimizer": "adam", "batch_size": BATCH, "crop": 4, "flip": True}
SHAPE = (3, 32, 32)


@frozen
class Subject:
    """A model to measure with, and how many batches a measurement has."""

    network: Term
    batches: int


def make_layer(filters: int) -> Term:
    """A convolution as most networks have it."""
    return aw.sequential(aw.conv2d(filters=filters, size=3, bias=False), aw.batch_norm(), aw.relu())


def make_stage(filters: int, depth: int) -> list[Term]:
    """`depth` layers, as in the paper's experimental space."""
    return [make_layer(filters) for _ in range(depth)]


def make_subjects(cuda: bool) -> dict[str, Subject]:
    """Tiny, middle, and as deep as the paper's: 2 stages of 16 convolutions of 48 and 96 filters."""
    pool = aw.max_pool2d(size=2)
    tiny = aw.sequential(aw.conv2d(filters=8, size=3, stride=2), aw.relu(), aw.affine(units=10))
    middle = aw.sequential(
        make_layer(32), pool, aw.residual(aw.sequential(*make_stage(32, 2))),
        pool, aw.residual(aw.sequential(*make_stage(64, 2))),
        aw.global_avg_pool(), aw.affine(units=10),
    )  # fmt: skip
    first, second = (48, 16), (96, 16)
    deep = aw.sequential(
        aw.conv2d(filters=48, size=7, stride=2), *make_stage(*first), aw.conv2d(filters=96, size=3, stride=2),
        *make_stage(*second), aw.affine(units=10),
    )  # fmt: skip
    sizes = (400, 400, 100) if cuda else (40, 6, 3)
    return {
        name: Subject(net, n)
        for name, net, n in zip(("tiny", "middle", "deep"), (tiny, middle, deep), sizes, strict=True)
    }


def make_smallest_subjects() -> dict[str, Subject]:
    """The tiny model and one batch instead of each: enough to see that everything runs."""
    models = make_subjects(cuda=False)
    return dict.fromkeys(models, evolve(models["tiny"], batches=1))


def make_random_data(batches: int, device: torch.device) -> DeviceData:
    """Random images of 10 classes, as many as fill the batches."""
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(256, (batches * BATCH, *SHAPE), dtype=torch.uint8, generator=draw)
    labels = torch.randint(10, (batches * BATCH,), generator=draw)
    split = DeviceSplit(images.to(device), labels.to(device))
    few = DeviceSplit(split.images[:BATCH], split.labels[:BATCH])
    mean, deviation = (torch.full((1, 3, 1, 1), value, device=device) for value in (127.5, 74.0))
    return DeviceData(split, few, few, mean, deviation)


def build_model(network: Term, data: DeviceData) -> nn.Module:
    """The model where the data is."""
    model = compile_architecture(network, SHAPE, 0).to(data.device)
    return model.to(memory_format=data.memory_format)


def run_training(network: Term, data: DeviceData, recipe: Recipe) -> float:
    """Images a second of a training of archwright: cropped, flipped, from uint8."""
    model = build_model(network, data)
    verdict = train(model, data, recipe, Budget(1, "epochs"), 0, lambda *_: "")
    return verdict.metrics["examples_per_second"]


class ImageDataset(TorchDataset[tuple[Tensor, Tensor]]):
    """An ordinary dataset: each image is converted to float, normalised, cropped and flipped by itself."""

    def __init__(self, data: DeviceData) -> None:
        self.images, self.labels = data.train.images.cpu(), data.train.labels.cpu()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        image = (self.images[i].float() - 127.5) / 74.0
        down, across = torch.randint(9, (2,)).tolist()
        image = functional.pad(image, [4] * 4)[:, down : down + 32, across : across + 32]
        return (image.flip(2) if torch.rand(()) < 0.5 else image), self.labels[i]


def run_plain_loop(network: Term, data: DeviceData, recipe: Recipe) -> float:
    """Images a second of a plain loop with a DataLoader, its workers where there is a GPU to keep busy."""
    model, cuda = build_model(network, data).train(), data.device.type == "cuda"
    loader = DataLoader(
        ImageDataset(data),
        BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=min(8, count_cores()) if cuda else 0,
        pin_memory=cuda,
    )
    optimizer, total, start = make_optimizer(model, recipe), 0.0, time.perf_counter()
    for images, labels in loader:
        loss = functional.cross_entropy(
            compute_logits(model, images.to(data.device, non_blocking=True)), labels.to(data.device, non_blocking=True)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return len(data.train) / (time.perf_counter() - start)


def run_model_alone(network: Term, data: DeviceData, recipe: Recipe) -> float:
    """Images a second of the model and its optimizer on one batch that is in place: the limit."""
    model = build_model(network, data).train()
    images, labels = data.normalised(data.train.images[:BATCH]), data.train.labels[:BATCH]
    optimizer, steps = make_optimizer(model, recipe), len(data.train) // BATCH
    _synchronize(data.device)
    start = time.perf_counter()
    for _ in range(steps):
        loss = functional.cross_entropy(compute_logits(model, images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    _synchronize(data.device)
    return steps * BATCH / (time.perf_counter() - start)


def measure_costs(network: Term, data: DeviceData, recipe: Recipe) -> float:
    """Images a second, if a batch of them is trained on while FLOPs, latency and memory are measured, once a trial."""
    del recipe
    model, start = build_model(network, data), time.perf_counter()
    memory = PeakMemory(data.device)
    measure_cost(model, take_measured_batch(data))
    memory.measure()
    return BATCH / (time.perf_counter() - start)


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure_rates(subject: Subject, device: torch.device, rounds: int, recipe: Recipe) -> dict[str, list[float]]:
    """Images a second of all sides, in rounds that take turns, after one that does not count."""
    data = make_random_data(subject.batches, device)
    sides: dict[str, Callable[[Term, DeviceData, Recipe], float]] = {
        "archwright": run_training, "plain": run_plain_loop, "alone": run_model_alone, "cost": measure_costs,
    }  # fmt: skip
    rates_by_round = [
        {name: side(subject.network, data, recipe) for name, side in sides.items()} for _ in range(rounds + 1)
    ]
    return {name: [figures[name] for figures in rates_by_round[1:]] for name in sides}


def measure(models: Mapping[str, Subject], device: torch.device, rounds: int, compiles: bool = False) -> Iterator[Row]:
    """How fast each model trains, and the cost of measuring it once."""
    recipe = make_recipe(SETTINGS | {"compile": compiles})
    for name, subject in models.items():
        images_per_second = measure_rates(subject, device, rounds, recipe)
        figures, n = {side: median(values) for side, values in images_per_second.items()}, f"n = {rounds}"
        for baseline, description in (("plain", "a plain loop with a DataLoader"), ("alone", "the model alone")):
            note = f"{figures['archwright']:,.0f} to {figures[baseline]:,.0f}, {n}"
            yield Row(
                f"images/s of a {name} model, to {description}",
                f"{compute_median_ratio(images_per_second['archwright'], images_per_second[baseline]):.2f}",
                "",
                note,
            )
        cost, step = (1000 * BATCH / figures[side] for side in ("cost", "archwright"))
        batches = f"{compute_median_ratio(images_per_second['archwright'], images_per_second['cost']):.1f} steps"
        note = f"{cost:.1f} ms to {step:.1f} ms, {n}"
        yield Row(f"FLOPs, latency and memory of a {name} model", batches, "", note)


def prepare(name: str, threads: int = 1) -> torch.device:
    """The device of that name; on a CPU, so many threads: with more, other work on the machine shows."""
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = True
    return choose_device(name, 0)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of a CPU")
    parser.add_argument("--compile", action="store_true", help="archwright with torch.compile")
    parser.add_argument("--smallest", action="store_true", help="only to see that it runs")
    arguments = parser.parse_args(argv)
    device, rounds = (
        prepare(arguments.device, arguments.threads),
        1 if arguments.smallest else arguments.rounds,
    )
    models = make_smallest_subjects() if arguments.smallest else make_subjects(device.type == "cuda")
    print_table(f"Trainings on {describe_device(device)}", measure(models, device, rounds, arguments.compile))


def describe_device(device: torch.device) -> str:
    """The device and the version of torch."""
    on_cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if on_cuda else f"CPU, {torch.get_num_threads()} threads (no GPU)"
    return f"{name}, torch {torch.__version__}"


if __name__ == "__main__":
    main()
