"""What a new run is about, from what a person asked for, checked before anything is logged."""

from archwright.cli.space import CLASSES, INPUT_SHAPE, Found
from archwright.cli.values import BadOption
from archwright.core.check import check
from archwright.core.serial import JSON, from_json
from archwright.core.tally import out_shapes
from archwright.core.term import Shape, Term
from archwright.evaluate.config import Config, FunctionConfig, TrainingConfig
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.training.recipe import check_settings
from archwright.search.session import Logged
from archwright.store.artifacts import left_by, require_none
from archwright.store.duck import DuckDBLog
from archwright.store.errors import LogMissing, RunExists
from archwright.store.names import check_run_name, new_run_name


def problem(found: Found, config: Config, images: DataInfo | None, shape: Shape | None) -> tuple[Term, Shape]:
    """The space and the shape of its inputs, which the images decide where there are any.

    Raises BadOption, and what is wrong with the space and with the settings in it.
    """
    if isinstance(config, TrainingConfig):
        if shape is not None:
            raise BadOption("--input-shape goes with --evaluator; for training, the shape of the inputs is the data's")
        assert images is not None  # of which there are always some
        term = _checked(found, images.input_shape, images.classes, True)
        check_settings(term)
        return term, images.input_shape
    if not isinstance(config, FunctionConfig):  # a table, whose architectures end in as many outputs as it was made for
        shape = shape or found.input_shape or INPUT_SHAPE
        return _checked(found, shape, config.classes, False), shape
    if images and shape not in (None, images.input_shape):
        raise BadOption(f"--input-shape is {shape}, and {images.name} has {images.input_shape}; give one of the two")
    shape = shape or (images.input_shape if images else found.input_shape) or INPUT_SHAPE
    return _checked(found, shape, images.classes if images else CLASSES, False), shape


def _checked(found: Found, shape: Shape, classes: int, classifies: bool) -> Term:
    term = found.make(shape, classes)
    check(term, shape, classes if classifies else None)
    return term


def new_name(log: DuckDBLog, wanted: str | None, stem: str) -> str:
    """The name of a new run: the one that is `wanted`, or else the stem with a number.

    Raises RunExists where the log has that one already, and ArtifactsExist where another log's run has left its models.
    """
    if wanted is None:
        return new_run_name(log, stem, left_by(log.path))
    try:
        taken = check_run_name(wanted) in log.runs()
    except LogMissing:  # the first run is what makes the file
        taken = False
    if taken:
        raise RunExists(f"the log holds a run {wanted} already; name another one, or: archwright resume {wanted}")
    require_none(log.path, wanted)
    return wanted


def space_now(found: Found, run: Logged, images: DataInfo | None) -> Term:
    """The space that a person's file gives now for what a run was begun with."""
    shape = run.started.input_shape
    return found.make(shape, _classes(run.space, shape) if images is None else images.classes)


def _classes(space: JSON, shape: Shape) -> int:
    """The number of classes that a logged space was made for: that of its outputs, if they are all alike."""
    shapes = out_shapes(from_json(space), shape)
    return shapes[0][0] if len(shapes) == 1 and len(shapes[0]) == 1 else CLASSES
