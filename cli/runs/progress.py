"""What a person sees while a search goes on: a few live lines on a terminal, a line for each event elsewhere."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from attrs import define, field
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from archwright.cli.output import format_duration, format_score, make_console
from archwright.cli.runs.interrupts import Interrupts
from archwright.cli.runs.status import Running, Standing, line
from archwright.core.budget import Budget
from archwright.core.errors import to_one_line
from archwright.search.running.loop import StopRequest
from archwright.store.events import Event, Scored

PER_SECOND = 4  # pictures
TRIALS = ("trials", "the run is resumed")  # what runs, and when it runs again where it is stopped


@define
class Watcher:
    """Keeps a standing up to date and tells a person what happens."""

    run: str
    standing: Standing
    console: Console = field(factory=make_console)
    told: StopRequest = StopRequest.NONE

    @property
    def live(self) -> bool:
        """Whether it can draw over what it drew before."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def watch(self, event: Event) -> None:
        """Take one more event in; on a live display, only the ends of trials stay to be read."""
        before, self.standing = self.standing, self.standing.after(event, time.monotonic())
        text = line(event, before, self.standing)
        if text is not None and (not self.live or isinstance(event, Scored)):
            self.say(text)

    def stop(self, interrupts: Interrupts) -> StopRequest:
        """How urgently the run is to stop, which is said when it is new."""
        urgency = interrupts.urgency
        if urgency > self.told:
            self.told = urgency
            self.say(interrupts.said(*TRIALS))
        return urgency

    def say(self, text: str) -> None:
        """Print a line; it arrives at once also through a pipe."""
        self.console.print(Text(to_one_line(text)), no_wrap=self.live, overflow="ellipsis")
        self.console.file.flush()

    def picture(self) -> Group:
        """What stands at the bottom of a terminal."""
        now, standing = time.monotonic(), self.standing
        return Group(_head(self.run, standing, self.told, now), _running(standing, now))


@contextmanager
def watched(watcher: Watcher) -> Generator[None]:
    """Keep the picture up to date for as long as the block lasts, where there is a terminal to draw it on."""
    if not watcher.live:
        yield
        return
    with Live(get_renderable=watcher.picture, console=watcher.console, refresh_per_second=PER_SECOND, transient=True):
        yield


def _head(run: str, standing: Standing, told: StopRequest, now: float) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(no_wrap=True, justify="right")
    left = standing.left(now)
    grid.add_row(
        Text(run, style="bold"),
        ProgressBar(max(1, standing.target), standing.scored),
        f"{standing.scored}/{standing.target} trials{_failures(standing)}  {_best(standing)}",
        "stopping" if told else f"{format_duration(left)} left" if left is not None else "",
    )
    return grid


def _failures(standing: Standing) -> str:
    return f", {standing.failed} failed" if standing.failed else ""


def _best(standing: Standing) -> str:
    return "" if standing.best is None else f"best {format_score(standing.best[0])} (trial {standing.best[1]})"


def _running(standing: Standing, now: float) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for justify in ("right", "left", "left", "right"):
        grid.add_column(no_wrap=True, justify=justify)
    for trial, running in sorted(standing.running.items()):
        budget = standing.budgets.get(trial)
        grid.add_row(f"trial {trial}", *_state(running, budget, standing, now), format_duration(now - running.began))
    return grid


def _state(running: Running, budget: Budget | None, standing: Standing, now: float) -> tuple[str, str]:
    measured = running.metrics.get(standing.objective.metric)
    return _spent(
        running, budget, now
    ), "" if measured is None else f"{standing.objective.metric} {format_score(measured)}"


def _spent(running: Running, budget: Budget | None, now: float) -> str:
    if not running.epoch:
        return "starting"
    if budget is not None and budget.unit == "epochs":
        return f"epoch {running.epoch}/{budget.amount:g}"
    if budget is not None and budget.unit == "seconds":
        return f"epoch {running.epoch}, {min(now - running.began, budget.amount):.0f}/{budget.amount:g} s"
    return f"epoch {running.epoch}"
