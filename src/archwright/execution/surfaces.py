"""Where live lines are drawn: at the bottom of a terminal, or in the output of a notebook's cell."""

import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from attrs import define, frozen
from rich.console import Console, RenderableType
from rich.live import Live

from archwright.display.console import render_html, render_lines

REFRESHES_PER_SECOND = 4
NOTEBOOK_WIDTH = 110  # columns of the lines in a cell's output

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
        """Those that rich makes of it."""
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
