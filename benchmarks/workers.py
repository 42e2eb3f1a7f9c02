"""The cost of a worker: to start a trial, over a bare training loop, and with several workers on one device.

python benchmarks/workers.py [--device auto|cpu|cuda:0] [--rounds 11] [--workers 1,2,4,8] [--trials 40] [--epochs 40]
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import torch
from torch.nn import functional

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import AttemptResult, Job
from archwright.core.term import Term
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import DeviceData, to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.device import choose_device
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.training.optimizer import make_optimizer
from archwright.evaluate.training.recipe import make_recipe
from archwright.evaluate.training.trainer import compute_logits, copy_weights, evaluate_model
from archwright.evaluate.workers.pool import WorkerPool
from rows import Row, print_table

BATCH = 128


def compute_median_ratio(numerators: list[float], denominators: list[float]) -> float:
    """The median of the ratios of values measured in turn."""
    return median(a / b for a, b in zip(numerators, denominators, strict=True))


def run_jobs(pool: WorkerPool, jobs: Iterator[Job], n: int) -> list[AttemptResult]:
    """Run the next `n` jobs, as many at once as the pool has slots."""
    finished_jobs: list[AttemptResult] = []
    running = 0
    while len(finished_jobs) < n:
        while running < pool.slots and running + len(finished_jobs) < n:
            pool.submit(next(jobs))
            running += 1
        for message in pool.collect(1.0):
            if isinstance(message, AttemptResult):
                assert message.status == "ok", message.error
                finished_jobs.append(message)
                running -= 1
    return finished_jobs


def make_jobs(network: Term, budget: Budget) -> Iterator[Job]:
    """The same job with one trial number after the other."""
    trial = 0
    while True:
        yield Job(trial, 1, network, budget, seed=0)
        trial += 1


SMALL = aw.sequential(aw.conv2d(filters=16, size=3), aw.relu(), aw.affine(units=10))  # for digits


def measure_start(pool: WorkerPool, rounds: int = 15) -> float:
    """The median seconds from the submission of a job of one step to its end, in a warm worker."""
    queue = make_jobs(SMALL, Budget(1, "examples"))
    run_jobs(pool, queue, 3)
    return median(_time_wall(lambda: run_jobs(pool, queue, 1)) for _ in range(rounds))


def measure_workers(device: str, rounds: int = 7, epochs: int = 40) -> tuple[list[float], list[float]]:
    """A training in a warm worker, and the same steps and scores in a bare loop of this process, in turn.

    On Linux in processor time, on which other work of the machine shows least; elsewhere in time on the wall.
    """
    chosen, data = choose_device(device, 0), to_device(load_dataset("digits"), choose_device(device, 0))
    config = Training(device=device, threads=1, settings={"batch_size": BATCH})
    torch.set_num_threads(1)  # as in the worker: or else the setting would decide how long idle threads spin
    with WorkerPool(config) as pool:
        queue = make_jobs(SMALL, Budget(epochs, "epochs"))
        run_jobs(pool, queue, 1)
        train_bare_loop(data, chosen, epochs)
        worker = pool.pids[0]
        pairs = [
            (
                _time_process(worker, lambda: run_jobs(pool, queue, 1)),
                _time_own_process(lambda: train_bare_loop(data, chosen, epochs)),
            )
            for _ in range(rounds)
        ]
    return [worker for worker, _ in pairs], [loop for _, loop in pairs]


def _time_own_process(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def _time_process(pid: int, action: Callable[[], object]) -> float:
    """The processor seconds of a process and its children during an action."""
    if not Path(f"/proc/{pid}/schedstat").exists():
        return _time_wall(action)
    before = _processor_seconds(pid)
    action()
    return _processor_seconds(pid) - before


def _processor_seconds(pid: int) -> float:
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    own = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9  # in nanoseconds there
    return own + sum(
        _processor_seconds(int(child)) for task in tasks for child in (task / "children").read_text().split()
    )


def train_bare_loop(data: DeviceData, device: torch.device, epochs: int) -> None:
    """A loop over data on the device: train, evaluate after each epoch, test the best weights."""
    model = compile_architecture(SMALL, (1, 8, 8), 0).to(device)
    optimizer, best_accuracy, best_weights = (
        make_optimizer(model, make_recipe({"batch_size": BATCH})),
        -1.0,
        model.state_dict(),
    )
    for _ in range(epochs):
        model.train()
        total = torch.zeros((), device=device)
        for batch in torch.randperm(len(data.train)).to(device).split(BATCH)[:-1]:
            loss = functional.cross_entropy(
                compute_logits(model, data.normalised(data.train.images[batch])), data.train.labels[batch]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        total.item()
        accuracy = evaluate_model(model, data, data.validation).accuracy
        if accuracy > best_accuracy:
            best_accuracy, best_weights = accuracy, copy_weights(model)
    model.load_state_dict(best_weights)
    evaluate_model(model, data, data.test)


def count_trials_an_hour(device: str, workers: int, trials: int) -> float:
    """Trials of 5 epochs of a small model on digits, all workers warm, on one device."""
    queue = make_jobs(SMALL, Budget(5, "epochs"))
    with WorkerPool(Training(device=device), workers=workers) as pool:
        run_jobs(pool, queue, 2 * pool.slots)
        return trials * 3600 / _time_wall(lambda: run_jobs(pool, queue, trials))


def _time_wall(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--workers", default="1,2,4,8")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=40, help="of a training in a worker")
    arguments = parser.parse_args(argv)
    workers = list(map(int, arguments.workers.split(",")))
    rows = measure(arguments.device, arguments.rounds, arguments.epochs, workers, arguments.trials)
    print_table(f"Workers on {choose_device(arguments.device, 0)}, torch {torch.__version__}", rows)


def measure(device: str, rounds: int, epochs: int, workers: Sequence[int], trials: int) -> Iterator[Row]:
    """The cost of a worker, and how many trials several of them do in an hour."""
    with WorkerPool(Training(device=device)) as pool:
        milliseconds = measure_start(pool, rounds) * 1000
    yield Row("a trial of one step in a warm worker, to its end", f"{milliseconds:.0f} ms", "50 ms", f"n = {rounds}")
    worker, loop = measure_workers(device, rounds, epochs)
    pairs = sorted(a / b for a, b in zip(worker, loop, strict=True))
    note = f"{median(worker):.2f} s to {median(loop):.2f} s of processor, one thread each; {epochs} epochs of digits"
    spread = f"n = {rounds}, from {pairs[0]:.2f} to {pairs[-1]:.2f}"
    yield Row(
        "a training in a worker, to a bare loop",
        f"{compute_median_ratio(worker, loop):.2f}",
        "1.05",
        f"{note}; {spread}",
    )
    trials_by_workers = {n: count_trials_an_hour(device, n, trials) for n in workers}
    names = ", ".join(map(str, workers))
    speedups = " / ".join(f"{count / trials_by_workers[workers[0]]:.2f}" for count in trials_by_workers.values())
    rates = " / ".join(f"{count:,.0f}" for count in trials_by_workers.values())
    note = f"{names} workers: {speedups} of the first; {trials} trials each"
    yield Row("trials of 5 epochs of digits an hour, with more and more workers", rates, "", note)


if __name__ == "__main__":
    main()
