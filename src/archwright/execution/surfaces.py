"""The screen of a run: lines that stay, and live ones, at the bottom of a terminal or in a notebook's cell."""

import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from attrs import Factory, define, field, frozen
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from archwright.core.errors import to_one_line
from archwright.display.console import make_console, render_html, render_lines
from archwright.execution.interrupts import Interrupts
from archwright.search.running.callbacks import StopRequest

REFRESHES_PER_SECOND = 4
NOTEBOOK_WIDTH = 110  # columns of the lines in a cell's output
# What a signal stops, and when that runs again, as `Interrupts.describe` takes them.
TRIAL_WORDS = ("trials", "the run is resumed")
SEARCH_WORDS = ("searches", "the comparison goes on")

Render = Callable[[], RenderableType]
Redraw = Callable[[], None]


class Surface(Protocol):
    """What live lines are drawn on."""

    @property
    def is_live(self) -> bool:
        """Whether it is drawn on at all."""
        ...

    @property
    def prints_ends(self) -> bool:
        """Whether the end of each trial is printed for good, beside what is drawn."""
        ...

    def show_status(self, text: str) -> AbstractContextManager[object]:
        """Say what is waited for, for as long as the block lasts, where that leaves nothing behind."""
        ...

    def hold(self, render: Render) -> AbstractContextManager[Redraw]:
        """Draw what `render` gives for as long as the block lasts.

        What it yields is to be called whenever that may have changed.
        """
        ...


@frozen
class PlainStream:
    """A file or a pipe, which has a line for each event."""

    is_live: bool = False
    prints_ends: bool = True

    def show_status(self, text: str) -> AbstractContextManager[object]:
        """Nothing is said."""
        del text
        return nullcontext()

    @contextmanager
    def hold(self, render: Render) -> Generator[Redraw]:
        """Nothing is drawn."""
        del render
        yield _draw_nothing


@frozen
class Terminal:
    """Lines at the bottom of a terminal, gone after the block; a thread keeps them up to date."""

    console: Console
    is_live: bool = True
    prints_ends: bool = True

    def show_status(self, text: str) -> AbstractContextManager[object]:
        """A line with something that turns."""
        return self.console.status(text)

    @contextmanager
    def hold(self, render: Render) -> Generator[Redraw]:
        """Draw several times a second."""
        with Live(get_renderable=render, console=self.console, refresh_per_second=REFRESHES_PER_SECOND, transient=True):
            yield _draw_nothing


@frozen
class Notebook:
    """One output of a notebook's cell, drawn anew in its place; it stays as it was drawn last.

    It is drawn when something has happened and while the loop waits: no thread writes to the cell.
    """

    show: Callable[[Any], Callable[[Any], object]]  # displays a value, and gives what displays another in its place
    clock: Callable[[], float] = time.monotonic
    is_live: bool = True
    prints_ends: bool = False  # a cell keeps all that is printed: a search of 1,000 trials would flood it

    def show_status(self, text: str) -> AbstractContextManager[object]:
        """Nothing is said: an empty output would stay in the cell."""
        del text
        return nullcontext()

    @contextmanager
    def hold(self, render: Render) -> Generator[Redraw]:
        """Draw at most REFRESHES_PER_SECOND times a second, and at the end."""
        drawing = _NotebookDrawing(self, render)
        drawing.redraw()
        try:
            yield drawing.redraw
        finally:
            drawing.draw()


@define
class _NotebookDrawing:
    """What was drawn in a notebook, and when."""

    notebook: Notebook
    render: Render
    drawn_at: float = float("-inf")  # on the notebook's clock
    update: Callable[[Any], object] | None = None

    def redraw(self) -> None:
        """Draw, unless that was a moment ago."""
        if self.notebook.clock() - self.drawn_at >= 1 / REFRESHES_PER_SECOND:
            self.draw()

    def draw(self) -> None:
        """Draw in the place of what was drawn."""
        self.drawn_at, lines = self.notebook.clock(), NotebookLines.of(self.render())
        if self.update is None:
            self.update = self.notebook.show(lines)
        else:
            self.update(lines)


@frozen
class NotebookLines:
    """Lines as a notebook shows them, and as its console does."""

    html: str
    text: str

    @classmethod
    def of(cls, renderable: RenderableType) -> "NotebookLines":
        """The lines that rich makes of something."""
        return cls(render_html(renderable, NOTEBOOK_WIDTH), render_lines(renderable, NOTEBOOK_WIDTH))

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def _draw_nothing() -> None:
    pass


def choose_surface(console: Console) -> Surface:
    """The notebook in whose kernel this process is, or the terminal that the console prints on; else a plain stream.

    A kernel tells its processes to print colours (FORCE_COLOR), which rich takes for a terminal.
    """
    if console.quiet:
        return PlainStream()
    if is_notebook_kernel():
        return Notebook(_show_in_cell)
    return Terminal(console) if console.is_terminal and not console.is_dumb_terminal else PlainStream()


def is_notebook_kernel() -> bool:
    """Whether this process runs the cells of a notebook: IPython, which is not imported for that, has a kernel."""
    shell_module: Any = sys.modules.get("IPython")
    shell = None if shell_module is None else shell_module.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _show_in_cell(lines: NotebookLines) -> Callable[[Any], object]:
    from IPython.display import display  # pyright: ignore[reportMissingModuleSource]  (it is there in a notebook)

    handle: Any = display(lines, display_id=True)
    return handle.update


@define
class Screen:
    """What a person sees, of one run or of the searches of a comparison: lines that stay, and live ones beneath."""

    console: Console = field(factory=make_console)
    stopped_words: tuple[str, str] = TRIAL_WORDS
    announced: StopRequest = StopRequest.NONE  # the most urgent request that was printed
    surface: Surface = field(init=False, default=Factory(lambda self: choose_surface(self.console), takes_self=True))
    redraw: Redraw = _draw_nothing  # to be called whenever the live lines may have changed

    def print_line(self, text: str) -> None:
        """Print a line, whole; it arrives at once also through a pipe."""
        self.console.print(Text(to_one_line(text)), soft_wrap=not self.console.is_terminal)
        self.console.file.flush()

    def get_stop_request(self, interrupts: Interrupts) -> StopRequest:
        """How urgently what is running is to stop; printed when it is new."""
        urgency = interrupts.urgency
        if urgency > self.announced:
            self.announced = urgency
            self.print_line(interrupts.describe(*self.stopped_words))
        self.redraw()
        return urgency

    @contextmanager
    def refresh(self, render: Render) -> Generator[None]:
        """Keep the live lines up to date for as long as the block lasts, where there is something to draw them on."""
        with self.surface.hold(render) as self.redraw:
            yield
