"""The problem and the name of a new run, from the options of a command, checked before anything is logged."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager

from archwright.cli.space import DEFAULT_CLASSES, DEFAULT_INPUT, SpaceSource
from archwright.core.analysis import out_shapes
from archwright.core.input import Input
from archwright.core.json import JSON, from_json
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.display.suggestion import format_command
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.evaluation import Evaluation
from archwright.search.running.runs import RunRecord
from archwright.store.artifacts import find_runs_with_artifacts, require_no_artifacts
from archwright.store.claim import claim, claim_first_free
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import RunExists
from archwright.store.rebuild import require_not_gone
from archwright.store.runs import check_run_name, generate_run_names, list_runs


def define_problem(
    source: SpaceSource, evaluation: Evaluation, images: DataInfo | None, given: Input | None
) -> tuple[Term, Input, Evaluation]:
    """The space, the input of its models, and the evaluation that knows it.

    Where nothing says the input, or the number of classes, the space is built for a default one. Raises what
    `define_input` and `check_space` of the evaluation do, and errors of the space.
    """
    defined = evaluation.define_input(given, source.input, images)
    model_input = defined.input or DEFAULT_INPUT
    space = source.build(model_input, defined.classes or DEFAULT_CLASSES)
    defined.evaluation.check_space(space, model_input, images)
    return space, model_input, defined.evaluation


@contextmanager
def claim_new_run(log: DuckDBLog, given_name: str | None, default_names: Callable[[], Iterable[str]]) -> Generator[str]:
    """The name of a new run, claimed for the block: `given_name`, or else the first free one of the `default_names`.

    Raises RunExists where the log has a run of the given name, RunIsBusy where one is being begun, LogIsGone
    where only the log's journal is there, and ArtifactsExist where another log's run has left its models.
    """
    require_not_gone(log.path)
    if given_name is None:
        with claim_first_free(log, default_names()) as name:
            yield name
        return
    _require_free_name(log, given_name)
    with claim(log.path, given_name):
        _require_free_name(log, given_name)
        yield given_name


def generate_numbered_names(log: DuckDBLog, stem: str) -> Iterator[str]:
    """The default names of new runs: the stem with a number."""
    return generate_run_names(log, stem, find_runs_with_artifacts(log.path))


def _require_free_name(log: DuckDBLog, name: str) -> None:
    if check_run_name(name) in list_runs(log):
        raise RunExists(
            f"the log holds a run {name} already; name another one, or: {format_command(log.path, 'resume', name)}"
        )
    require_no_artifacts(log.path, name)


def rebuild_space(source: SpaceSource, run: RunRecord, images: DataInfo | None) -> Term:
    """The space that a user's file defines now for the input shape and classes that a run was begun with."""
    model_input = run.started.model_input
    classes = _count_classes(run.space, model_input.shape) if images is None else images.classes
    return source.build(model_input, classes)


def _count_classes(space: JSON, shape: Shape) -> int:
    """The number of classes that a logged space was made for: that of its outputs, if they are all alike."""
    shapes = out_shapes(from_json(space), shape)
    return shapes[0][0] if len(shapes) == 1 and len(shapes[0]) == 1 else DEFAULT_CLASSES
