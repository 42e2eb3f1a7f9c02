"""The evaluator of a command's trials, ready before anything is logged."""

from collections.abc import Generator
from contextlib import closing, contextmanager, nullcontext

import typer

from archwright.core.protocols import Evaluator
from archwright.display.console import make_console
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.workers.opening import warm_up
from archwright.execution.interrupts import catch_signals


@contextmanager
def open_evaluator(
    evaluation: Evaluation, *, workers: int = 1, space_source: str | None, trial_timeout: float | None = None
) -> Generator[tuple[Evaluator, FunctionDescription | None]]:
    """The evaluator of an evaluation, warm, and what a user's function says of itself; closed after the block.

    Raises what is wrong with the function, the data or the device; typer.Exit where a signal comes meanwhile.
    """
    console = make_console(beside_json=True)
    is_live = console.is_terminal and not console.is_dumb_terminal
    opened = evaluation.open(workers=workers, space_source=space_source, trial_timeout=trial_timeout)
    with closing(opened) as evaluator:
        with catch_signals(0.0) as interrupts, console.status("getting ready") if is_live else nullcontext():
            description = warm_up(evaluator, lambda: interrupts.received)
        if interrupts.received:
            raise typer.Exit(interrupts.exit_code)
        yield evaluator, description


def describe_in_worker(evaluation: Evaluation, space_source: str) -> FunctionDescription | None:
    """What a user's function says of itself, by way of a worker that is started for that; None without a function."""
    if evaluation.is_complete:
        return None
    with open_evaluator(evaluation, space_source=space_source) as (_, description):
        return description
