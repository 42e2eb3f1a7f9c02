"""The settings of evaluators: what a run's log holds of its training, function or table."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import attrs
import cattrs
from attrs import field, frozen
from attrs.converters import optional

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.input import Input, input_from_text, input_to_text
from archwright.core.json import JSON
from archwright.evaluate.tables.fcnet import Fcnet
from archwright.evaluate.tables.nasbench201 import Nasbench201

# Ways of reading and splitting images. Whoever changes what images or splits come of the same files raises
# LATEST_READER, and keeps the old way for runs that were begun with it.
FIRST_READER = 1  # of runs whose JSON names none
LATEST_READER = 2  # of new runs
READERS = (FIRST_READER, LATEST_READER)

KeptEpoch = Literal["best", "last"]  # the epoch whose weights and accuracy count
TrainOn = Literal["train", "train+validation"]
REPORTED_METRICS = ("accuracy", "loss", "train_accuracy", "train_loss")  # by a training after each epoch


class BadConfig(ArchwrightError, ValueError):
    """An evaluator's setting with a value that it cannot have."""


class UnknownEvaluatorSetting(ArchwrightError, ValueError):
    """A setting, or a kind of evaluator, that does not exist."""


def _device_exists(_: object, __: object, device: str) -> None:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
        raise BadConfig(f"device is {device!r}; it may be auto, cpu, cuda, cuda:0, cuda:1 ... or mps")


def _leaves_both_sides(_: object, __: object, validation: float) -> None:
    if not 0 < validation < 1:
        raise BadConfig(f"validation is {validation:g}; it is a fraction of the training images, as in 0.2")


def _is_size(_: object, __: object, size: tuple[int, int] | None) -> None:
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise BadConfig(f"image_size is {size}; it is a height and a width of 1 or more, as in (32, 32)")


def _can_be_read(_: object, __: object, reader: int) -> None:
    if reader not in READERS:
        known = " or ".join(map(str, READERS))
        raise BadConfig(f"reader is {reader!r}; this archwright reads images as {known} do, so upgrade archwright")


def _image_size() -> Any:
    return field(default=None, converter=optional(tuple[int, ...]), validator=_is_size)


def _is_known(_: object, __: object, keep: str) -> None:
    if keep not in get_args(KeptEpoch):
        raise BadConfig(f"keep is {keep!r}; it may be {' or '.join(get_args(KeptEpoch))}")


def _leaves_enough(config: "Training", _: object, train_on: str) -> None:
    if train_on not in get_args(TrainOn):
        raise BadConfig(f"train_on is {train_on!r}; it may be {' or '.join(get_args(TrainOn))}")
    if train_on != "train" and config.keep != "last":
        raise BadConfig(
            f"keep is {config.keep!r}, and with train_on {train_on!r} no images are left to choose an epoch by; "
            "keep the last"
        )


@frozen
class Training:
    """Trains the architecture as a classifier; the score is `accuracy`, on the validation split.

    Where the validation split is trained on too, only the test split is left to score on, as `test_accuracy`.
    """

    data: str = "digits"  # digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH or npz:PATH
    data_dir: str | None = None  # where datasets lie; None: $ARCHWRIGHT_DATA or the user's cache folder
    device: str = field(default="auto", validator=_device_exists)  # auto: a share of the GPUs if any, else the CPU
    validation: float = field(default=0.2, validator=_leaves_both_sides)  # fraction of the training images to score on
    split_seed: int = 0  # of the split into train, validation and, where the data has none, test
    keep: KeptEpoch = field(default="best", validator=_is_known)
    threads: int = 0  # CPU threads of one worker; 0: its share of the cores
    settings: Mapping[str, JSON] = field(factory=dict[str, JSON])  # for what the architecture does not set itself
    overrides: Mapping[str, JSON] = field(factory=dict[str, JSON])  # instead of what the architecture sets, too
    train_on: TrainOn = field(default="train", validator=_leaves_enough)
    image_size: tuple[int, int] | None = _image_size()  # height and width that the images of a folder get
    reader: int = field(default=LATEST_READER, validator=_can_be_read)  # how images are read and split


_OPTIONAL: Mapping[str, bool] = {"optional": True}  # of a field that JSON leaves out where it has its default
_UNLOGGED: Mapping[str, bool] = {"unlogged": True}  # of a field that JSON never has


@frozen
class Function:
    """Scores the architecture with a Python function, in a worker of its own.

    `source` is `file.py:attribute` or `module:attribute`, a callable that gets the arguments that it has parameters for
    (functions/signature.py). A function that no other process can import has a source too, for people, and is sent to
    the workers `by_value`: see functions/callables.py.
    """

    source: str
    metric: str = "accuracy"  # the name under which a bare number that the function returns is kept
    less_is_better: bool = False  # of that metric, if the function says so
    threads: int = 0  # CPU threads of one worker; 0: its share of the cores
    input_shape: tuple[int, ...] | None = field(default=None, converter=optional(tuple[int, ...]))  # without a batch
    settings: Mapping[str, JSON] = field(factory=dict[str, JSON])  # for what the architecture does not set itself
    device: str = field(default="auto", validator=_device_exists)
    data: str | None = None  # as for training; None: the function gets none
    data_dir: str | None = None
    validation: float = field(default=0.2, validator=_leaves_both_sides)
    split_seed: int = 0
    image_size: tuple[int, int] | None = _image_size()
    reader: int = field(default=LATEST_READER, validator=_can_be_read)
    by_value: bool = field(default=False, metadata=_OPTIONAL)  # whether no other process can import it
    source_text: str | None = field(default=None, metadata=_OPTIONAL)  # of one that is sent by value, where it has any
    source_hash: str | None = field(default=None, metadata=_OPTIONAL)  # of that text, see functions/callables.py
    target: Callable[..., Any] | None = field(default=None, eq=False, repr=False, metadata=_UNLOGGED)  # the function
    # The text of the input's type, where its shape alone says less.
    input: str | None = field(default=None, metadata=_OPTIONAL)

    @property
    def model_input(self) -> Input | None:
        """The input of the models; None where nothing says it."""
        return None if self.input_shape is None else input_from_text(self.input, self.input_shape)

    def with_input(self, value: Input | None) -> "Function":
        """The same for models of another input."""
        text = None if value is None else input_to_text(value)
        return attrs.evolve(self, input_shape=None if value is None else value.shape, input=text)

    @property
    def absent(self) -> frozenset[str]:
        """The arguments that do not exist for a function (see functions/signature.py)."""
        without_shape = frozenset({"model", "input_shape"} if self.input_shape is None else ())
        return without_shape | ({"data"} if self.data is None else frozenset())


WorkerConfig = Training | Function  # what needs processes of its own
TabularConfig = Nasbench201 | Fcnet  # what answers at once
Config = WorkerConfig | TabularConfig
CONFIG_KINDS: Mapping[str, type[Config]] = {
    "training": Training,
    "function": Function,
    "nasbench201": Nasbench201,
    "fcnet": Fcnet,
}


def evaluation_to_json(config: Config) -> JSON:
    """The JSON of `config`, with its kind."""
    kind = next(name for name, cls in CONFIG_KINDS.items() if isinstance(config, cls))
    unlogged = {a.name for a in attrs.fields(type(config)) if _is_unlogged(a, getattr(config, a.name))}
    values = attrs.asdict(config, recurse=False, filter=lambda a, _: a.name not in unlogged)
    return {"kind": kind, **cattrs.Converter().unstructure(values)}


def _is_unlogged(field: "attrs.Attribute[Any]", value: Any) -> bool:
    return "unlogged" in field.metadata or ("optional" in field.metadata and value == field.default)


def evaluation_from_json(data: JSON) -> Config:
    """The configuration that `evaluation_to_json` wrote. Raises UnknownSetting or BadConfig."""
    settings: dict[str, Any] = dict(data)
    kind = settings.pop("kind", "")
    if kind not in CONFIG_KINDS:
        raise UnknownEvaluatorSetting(f"the evaluator's kind is {kind!r}; {suggest_names(kind, CONFIG_KINDS)}")
    known = [a.name for a in attrs.fields(CONFIG_KINDS[kind]) if "unlogged" not in a.metadata]
    for name in settings:
        if name not in known:
            raise UnknownEvaluatorSetting(f"the {kind} evaluator has no setting {name!r}; {suggest_names(name, known)}")
    if "reader" in known and "reader" not in settings and (kind == "training" or settings.get("data") is not None):
        settings["reader"] = FIRST_READER  # it was begun before there was another one
    return CONFIG_KINDS[kind](**settings)
