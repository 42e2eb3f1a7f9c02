"""The archwright command.

Each command imports what it needs when it runs, so that help, completion and counting a space take no time.
"""

import gc
import inspect
import logging
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Annotated, NoReturn

import typer
from typer.core import TyperGroup

import archwright
from archwright.cli.commands import compare, export, importance, log, read, replay, retrain, search, spaces
from archwright.cli.options import format_examples
from archwright.cli.streams import READER_GONE_EXIT_CODE, OutputLost, ReaderGone, guard_standard_streams
from archwright.cli.user_errors import forbid_exit
from archwright.core.errors import ArchwrightError, escape_controls
from archwright.core.tracebacks import format_user_traceback
from archwright.display.console import make_console, say


class Commands(TyperGroup):
    """The commands, with control characters escaped in the messages of usage errors."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        """The arguments that are left for the command."""
        with _escape_usage_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> object:
        """Run the command that is named."""
        with _escape_usage_errors():
            return super().invoke(ctx)


@contextmanager
def _escape_usage_errors() -> Generator[None]:
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message"):  # of a usage error
            error.message = escape_controls(error.message)  # pyright: ignore[reportAttributeAccessIssue]
        raise


app = typer.Typer(
    name="archwright",
    cls=Commands,
    help="Neural architecture search as a persistent tree.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SPACES_PANEL, SEARCH_PANEL, LOG_PANEL, REPLAY_PANEL = "Look at spaces", "Search", "Read the log", "Replay and check"
GC_THRESHOLD = 100_000  # new values between two collections; with the usual 700, a sixth of the time of `show`


def _add_command(function: Callable[..., None], panel: str, *examples: str, name: str | None = None) -> None:
    """Add a command that runs `function`; `name` is what people call it, where that is not the function's name."""
    run = _raise_gc_threshold()(function) if panel in (SPACES_PANEL, LOG_PANEL, REPLAY_PANEL) else function
    app.command(name, rich_help_panel=panel, help=_format_help(function), epilog=format_examples(*examples))(run)


@contextmanager
def _raise_gc_threshold() -> Generator[None]:
    """Collect garbage seldom while a space or a log is read into values, which last and are in no cycles."""
    usual_threshold = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD)
    try:
        yield
    finally:
        gc.set_threshold(*usual_threshold)


def _format_help(function: Callable[..., None]) -> str:
    """The function's documentation in paragraphs of one line each, which typer breaks to the terminal's width."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


_add_command(spaces.spaces, SPACES_PANEL, "archwright spaces", "archwright spaces --json")
_add_command(
    spaces.space,
    SPACES_PANEL,
    "archwright space figure1",
    "archwright space deeparchitect --count",
    "archwright space my_space.py:space --sample 3 --input-shape 1,28,28",
    "archwright space digits --svg space.svg",
    "archwright space my_space.py:space --has model/architecture.json",
)
_add_command(
    search.search,
    SEARCH_PANEL,
    "archwright search digits --trials 16",
    "archwright search deeparchitect --data cifar10 --budget 20min --workers 2",
    "archwright search my_space.py:space --data folder:photos --train flip=true",
    "archwright search digits --budget 20epochs --stopping median,warmup=3",
    "archwright search figure1 --evaluator score.py:cost --metric cost --minimize",
)
_add_command(
    search.resume,
    SEARCH_PANEL,
    "archwright resume",
    "archwright resume digits-1 --trials +32 --workers 2",
)
_add_command(
    retrain.retrain,
    SEARCH_PANEL,
    "archwright retrain digits-1 3 --budget 20epochs",
    "archwright retrain digits-1 3 --seeds 10 --workers 2 --train schedule=cosine",
    "archwright retrain nasbench201-1 7 --data cifar10 --budget 200epochs",
)
_add_command(
    compare.compare,
    SEARCH_PANEL,
    "archwright compare nasbench201 --evaluator nasbench201:nasbench201.npz --searcher random --searcher evolution "
    "--seeds 100 --trials 200",
    "archwright compare digits --searcher random --searcher mcts,parts=2 --seeds 5 --budget 2epochs",
)
_add_command(
    compare.plot,
    LOG_PANEL,
    "archwright plot 'nasbench201.*' --kind incumbent --output incumbent.svg",
    "archwright plot digits-1 digits-2 --kind threshold",
)
_add_command(
    read.correlation,
    LOG_PANEL,
    "archwright correlation",
    "archwright correlation digits-1 --output correlation.png",
    "archwright correlation 'epochs-*' --best 1 --best 5 --json",
)
_add_command(read.runs, LOG_PANEL, "archwright runs", "archwright runs --log old.duckdb --json")
_add_command(
    read.show,
    LOG_PANEL,
    "archwright show",
    "archwright show digits-1",
    "archwright show digits-1 best",
    "archwright show digits-1 3 --svg model.svg",
)
_add_command(
    export.export,
    LOG_PANEL,
    "archwright export digits-1 best model",
    "archwright export digits-1 3 model --force",
    "archwright export nasbench201-1 7 cell --untrained",
)
_add_command(read.best, LOG_PANEL, "archwright best", "archwright best digits-1 -n 10")
_add_command(
    importance.importance,
    LOG_PANEL,
    "archwright importance digits-1 --pairs",
    "archwright importance digits-1 --budget 9epochs --kind marginals --output marginals.svg",
)

_add_command(
    replay.replay_run,
    REPLAY_PANEL,
    "archwright replay digits-1 --verify",
    "archwright replay digits-1 --at 20",
    name="replay",
)
_add_command(
    replay.fork,
    REPLAY_PANEL,
    "archwright fork digits-1 --at 20 --seed 1",
    "archwright fork digits-1 --at 20 --searcher random --trials +16 --name other",
)
_add_command(
    log.sql,
    LOG_PANEL,
    'archwright sql "from trials order by score desc limit 3"',
    'archwright sql "select name, value, count(*) from choices group by all" --format csv',
    'archwright sql "from curves" --format parquet --output curves.parquet',
)
_add_command(log.verify, REPLAY_PANEL, "archwright verify", "archwright verify old.duckdb")


def _print_version(is_given: bool) -> None:
    if is_given:
        say(f"archwright {archwright.__version__}")
        raise typer.Exit


@app.callback()
def handle_global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Neural architecture search as a persistent tree."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, and exit: 0 if it succeeded, 1 if it failed, 2 for a mistake of the user's."""
    if arguments is None:  # the process is the command's alone
        sys.excepthook = _print_traceback
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:  # inherited: nobody would know how a worker has ended
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with guard_standard_streams(), _print_warnings(), forbid_exit():
        try:
            _run(arguments)
        except ReaderGone:
            sys.exit(READER_GONE_EXIT_CODE)
        except ArchwrightError as error:
            _fail(str(error), _exit_code(error))
        except (Exception, SystemExit) as error:
            if (trace := format_user_traceback(error)) is None:
                raise
            _fail(f"your code failed:\n{trace}", 2)


class _StderrHandler(logging.Handler):
    """Prints log messages on stderr, with control characters escaped."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage(), err=True)


@contextmanager
def _print_warnings() -> Generator[None]:
    """Print the warnings of our modules on stderr for as long as the block lasts; they may quote what others wrote."""
    logger, handler = logging.getLogger("archwright"), _StderrHandler(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _run(arguments: Sequence[str] | None) -> None:
    try:
        app(args=None if arguments is None else list(arguments), prog_name="archwright")
    except SystemExit:
        sys.stdout.flush()  # which may raise OutputLost
        raise


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of a fault of ours with control characters escaped; it may quote what others wrote."""
    sys.stderr.write(escape_controls("".join(traceback.format_exception(kind, error, trace))))


def _fail(message: str, code: int) -> NoReturn:
    make_console(beside_json=True).print("error: ", style="bold red", end="")
    say(message, err=True)
    sys.exit(code)


def _exit_code(error: ArchwrightError) -> int:
    from archwright import errors

    failures = (
        OutputLost,
        errors.TrialsKeepFailing,
        errors.ProcessDied,
        errors.LogIsDamaged,
        errors.LogIsFull,
        errors.LogFailed,
        errors.LogConflict,
    )
    return 1 if isinstance(error, failures) else 2
