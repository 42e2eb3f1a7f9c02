"""What a new run is about, from what a person asked for, checked before anything is logged."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager

from attrs import evolve

from archwright.cli.runs import own_function
from archwright.cli.space import DEFAULT_CLASSES, DEFAULT_INPUT_SHAPE, SpaceSource
from archwright.cli.suggestion import format_command
from archwright.cli.values import BadOption
from archwright.core.analysis import out_shapes
from archwright.core.check import check
from archwright.core.json import JSON, from_json
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.config import Config, FunctionConfig, TrainingConfig
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.training.recipe import check_settings
from archwright.search.running.runs import RunRecord
from archwright.store.artifacts import find_runs_with_artifacts, require_no_artifacts
from archwright.store.claim import claim, claim_first_free
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import RunExists
from archwright.store.rebuild import require_not_gone
from archwright.store.runs import check_run_name, generate_run_names, list_runs


def problem(
    found: SpaceSource, config: Config, images: DataInfo | None, shape: Shape | None
) -> tuple[Term, Shape, Config]:
    """The space, the shape of its inputs, which the images decide where there are any, and the evaluator that knows it.

    Where nothing says the shape, the space is made for a usual one, and a function is told of none. Raises BadOption,
    WrongParameters, and what is wrong with the space and with the settings in it.
    """
    if isinstance(config, TrainingConfig):
        if shape is not None:
            raise BadOption("--input-shape goes with --evaluator; for training, the shape of the inputs is the data's")
        assert images is not None  # of which there are always some
        term = _checked(found, images.input_shape, images.classes, True)
        check_settings(term)
        return term, images.input_shape, config
    if not isinstance(config, FunctionConfig):  # a table, whose architectures end in as many outputs as it was made for
        shape = shape or found.input_shape or DEFAULT_INPUT_SHAPE
        return _checked(found, shape, config.classes, False), shape, config
    if images and shape not in (None, images.input_shape):
        raise BadOption(f"--input-shape is {shape}, and {images.name} has {images.input_shape}; give one of the two")
    told = shape or (images.input_shape if images else found.input_shape)
    config = evolve(config, input_shape=told)
    own_function.check(config)
    shape = told or DEFAULT_INPUT_SHAPE
    return _checked(found, shape, images.classes if images else DEFAULT_CLASSES, False), shape, config


def _checked(found: SpaceSource, shape: Shape, classes: int, classifies: bool) -> Term:
    term = found.make(shape, classes)
    check(term, shape, classes if classifies else None)
    return term


@contextmanager
def new_run(log: DuckDBLog, wanted: str | None, usual: Callable[[], Iterable[str]]) -> Generator[str]:
    """The name of a new run, which nobody else takes meanwhile: `wanted`, or else the first free one of the `usual`.

    Raises RunExists where the log has the one that is wanted already, RunIsBusy where it is being begun, LogIsGone
    where only the log's journal is there, and ArtifactsExist where another log's run has left its models.
    """
    require_not_gone(log.path)
    if wanted is None:
        with claim_first_free(log, usual()) as name:
            yield name
        return
    _require_free(log, wanted)
    with claim(log.path, wanted):
        _require_free(log, wanted)
        yield wanted


def numbered(log: DuckDBLog, stem: str) -> Iterator[str]:
    """The usual names of new runs: the stem with a number."""
    return generate_run_names(log, stem, find_runs_with_artifacts(log.path))


def _require_free(log: DuckDBLog, name: str) -> None:
    if check_run_name(name) in list_runs(log):
        raise RunExists(
            f"the log holds a run {name} already; name another one, or: {format_command(log.path, 'resume', name)}"
        )
    require_no_artifacts(log.path, name)


def space_now(found: SpaceSource, run: RunRecord, images: DataInfo | None) -> Term:
    """The space that a person's file gives now for what a run was begun with."""
    shape = run.started.input_shape
    return found.make(shape, _classes(run.space, shape) if images is None else images.classes)


def _classes(space: JSON, shape: Shape) -> int:
    """The number of classes that a logged space was made for: that of its outputs, if they are all alike."""
    shapes = out_shapes(from_json(space), shape)
    return shapes[0][0] if len(shapes) == 1 and len(shapes[0]) == 1 else DEFAULT_CLASSES
