"""Data of a person's own: arrays that their function returns, under the names that they have in an npz file."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import field, frozen

from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.input import Input, as_input, format_input, parse_input
from archwright.core.shape import format_shape
from archwright.core.tracebacks import guard_user_code
from archwright.evaluate.data.arrays import (
    LAYOUTS,
    as_class_names,
    as_labels,
    as_uint8,
    find_axes,
    find_scale,
    number_labels,
)
from archwright.evaluate.data.dataset import BadData, Images, SourceInfo, count_labels
from archwright.evaluate.data.npz import ARRAY_PREFIXES
from archwright.evaluate.data_settings import DataFunction
from archwright.store.by_value import pickle_by_value
from archwright.store.user_code import end_forked_children, load_object

INPUT_NOUNS = ("images", "inputs")  # the arrays of models' inputs, after the prefix of their split
OTHER_NAMES = ("classes", "input", "layout")
ARRAY_NAMES = (
    *(f"{prefix}{noun}" for prefixes in ARRAY_PREFIXES.values() for prefix in prefixes for noun in INPUT_NOUNS),
    *(f"{prefix}labels" for prefixes in ARRAY_PREFIXES.values() for prefix in prefixes),
)


class UserDataFailed(BadData):
    """A person's function that raised while it loaded data; the message ends with its traceback."""


@frozen
class UserSplit:
    """The arrays of a split as the function returned them."""

    source: str
    inputs_name: str  # of the array, with its split's prefix
    inputs: np.ndarray
    labels: np.ndarray  # int64 or texts, (n,)

    @property
    def place(self) -> str:
        """The array and where it is from, for messages."""
        return f"{self.inputs_name} of {self.source}"


@frozen
class UserSource:
    """What a function returns that `file.py:function` or `module:function` names, or that is given by value.

    A mapping with the names of the arrays of an npz file, numpy's or torch's; `inputs` in place of `images` for inputs
    of other types, which `input` says, as in aw.tokens(50, 20).
    """

    source: str
    function: DataFunction | None = field(default=None, repr=False)  # by value; None: it is loaded

    def describe(self) -> SourceInfo:
        """What it holds; calls the function. Raises BadData, DataNeeded, and errors of loading the file."""
        splits = {name: self._read_split(split) for name, split in self._splits.items()}
        counts = {name: count_labels(split.labels, len(self._class_names)) for name, split in splits.items()}
        train, validation, test = counts["train"], counts.get("validation"), counts.get("test")
        return SourceInfo(self._input, self._class_names, train, validation, test)

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """All inputs for training and, if there are any, those for validation and for testing."""
        splits = {name: self._read_split(split) for name, split in self._splits.items()}
        return splits["train"], splits.get("validation"), splits.get("test")

    @cached_property
    def _arrays(self) -> Mapping[str, Any]:
        """What the function returns, under known names; raises BadData."""
        function = load_object(self.source) if self.function is None else self.function.get_target()
        if not callable(function):
            raise BadData(
                f"{self.source} is {show(function)}; it must be a function that returns arrays by their names"
            )
        with guard_user_code(UserDataFailed, f"{self.source} failed", passing=()), end_forked_children():
            arrays = function()
        if not isinstance(arrays, Mapping):
            raise BadData(
                f"{self.source} returned {show(arrays)}; it must return a mapping of names to arrays, as in "
                '{"images": ..., "labels": ...}'
            )
        for name in arrays:
            if name not in (*ARRAY_NAMES, *OTHER_NAMES):
                suggestion = suggest_names(str(name), (*ARRAY_NAMES, *OTHER_NAMES))
                raise BadData(f"{self.source} returned an array {show(name)}, which has no meaning; {suggestion}")
        return arrays

    @cached_property
    def _splits(self) -> Mapping[str, UserSplit]:
        splits: dict[str, UserSplit] = {}
        for split, prefixes in ARRAY_PREFIXES.items():
            names = [(p, f"{p}{noun}") for p in prefixes for noun in INPUT_NOUNS if f"{p}{noun}" in self._arrays]
            if len(names) > 1:
                found = " and ".join(name for _, name in names)
                raise BadData(f"{found} of {self.source} are both for {split}; keep one of them")
            for prefix, name in names:
                splits[split] = self._make_split(prefix, name)
        if "train" not in splits:
            raise BadData(
                f"{self.source} returned no 'images' and no 'inputs'; {suggest_names('inputs', self._arrays)}"
            )
        return splits

    def _make_split(self, prefix: str, name: str) -> UserSplit:
        inputs, labels_name = self._as_array(name), f"{prefix}labels"
        if labels_name not in self._arrays:
            raise BadData(
                f"{self.source} returned {name} without {labels_name}; {suggest_names(labels_name, self._arrays)}"
            )
        labels = as_labels(f"{labels_name} of {self.source}", self._as_array(labels_name), len(inputs))
        return UserSplit(self.source, name, inputs, labels)

    def _as_array(self, name: str) -> np.ndarray:
        """A numpy array of what may be a tensor or a list; raises BadData."""
        value = self._arrays[name]
        try:
            array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        except Exception as error:  # a person's object may raise anything when numpy asks it for its array
            raise BadData(f"{name} of {self.source} is no array ({error}); make it one with numpy.array") from error
        if array.dtype.kind == "O" or array.ndim == 0:
            raise BadData(f"{name} of {self.source} is {show(value, 60)}; it must be an array of numbers or texts")
        return array

    @cached_property
    def _input(self) -> Input:
        """The input of a model: the one that is said, or else what the arrays show. Raises BadData."""
        train = self._splits["train"]
        said = self._arrays.get("input")
        if train.inputs_name.endswith("images"):
            _, *axes = self._find_axes(train)
            shape = [1 if axis < 0 else train.inputs.shape[axis] for axis in axes]
            if said is not None and _read_input(said).shape != tuple(shape):
                raise BadData(f"input of {self.source} is {said}, and {train.place} are of {format_shape(shape)}")
            return as_input(shape)
        if said is None and train.inputs.dtype.kind != "f":
            raise BadData(
                f"{train.place} are {train.inputs.dtype}; say what they are, as in "
                "input=aw.tokens(vocabulary, length), or make them floats"
            )
        value = as_input(train.inputs.shape[1:]) if said is None else _read_input(said)
        if value.kind == "image":
            raise BadData(f"{train.place} are images; name the array {train.inputs_name.replace('inputs', 'images')}")
        return value

    def _find_axes(self, split: UserSplit) -> tuple[int, int, int, int]:
        layout = self._arrays.get("layout")
        if layout is not None and layout not in LAYOUTS:
            raise BadData(f"layout of {self.source} is {show(layout, 40)}; it may be {' or '.join(LAYOUTS)}")
        return find_axes(split.place, split.inputs.shape, layout)

    @cached_property
    def _listed_names(self) -> tuple[str, ...] | None:
        """The names of `classes`; None where there are none."""
        if "classes" not in self._arrays:
            return None
        return as_class_names(f"classes of {self.source}", self._as_array("classes"))

    @cached_property
    def _class_names(self) -> tuple[str, ...]:
        train = self._splits["train"]
        return self._listed_names or tuple(map(str, np.unique(train.labels).tolist()))

    def _read_split(self, split: UserSplit) -> Images:
        """The inputs of a split as models get them, with the numbers of their classes; raises BadData."""
        train = self._splits["train"].labels if self._listed_names is None else None
        labels = number_labels(f"the labels beside {split.place}", split.labels, self._class_names, train)
        inputs = self._read_images(split) if self._input.kind == "image" else self._read_inputs(split)
        if inputs.shape[1:] != self._input.shape:
            raise BadData(
                f"{split.place} are of shape {inputs.shape[1:]}, and an input is {format_input(self._input)}; "
                "make them of that shape"
            )
        return Images(inputs, labels)

    def _read_images(self, split: UserSplit) -> np.ndarray:
        scales = {find_scale(other.place, other.inputs) for other in self._splits.values()}
        if len(scales) > 1:
            raise BadData(f"the images of {self.source} differ in what is white; scale them alike")
        count, channels, height, width = self._find_axes(split)
        images = as_uint8(split.inputs, scales.pop())
        images = images[:, None] if channels < 0 else images.transpose(count, channels, height, width)
        return np.ascontiguousarray(images)

    def _read_inputs(self, split: UserSplit) -> np.ndarray:
        """Tokens as int64, each in the vocabulary; all else as float32, each finite. Raises BadData."""
        values, vocabulary = split.inputs, self._input.vocabulary
        if vocabulary is None:
            if values.dtype.kind not in "iuf":
                raise BadData(f"{split.place} are {values.dtype}; they must be numbers")
            floats = np.ascontiguousarray(values, np.float32)
            _require_none(split.place, ~np.isfinite(floats), "a number that is not finite", "mend or remove it")
            return floats
        if values.dtype.kind not in "iu":
            raise BadData(f"{split.place} are {values.dtype}; tokens are integers: convert them with astype('int64')")
        outside = (values < 0) | (values >= vocabulary)
        _require_none(split.place, outside, "a token outside", f"they must be in [0, {vocabulary}), the vocabulary")
        return np.ascontiguousarray(values, np.int64)


def _read_input(said: Any) -> Input:
    """The input that a function says: a value, a text or a shape."""
    return parse_input(said) if isinstance(said, str) else as_input(said)


def _require_none(place: str, mask: np.ndarray, problem: str, remedy: str) -> None:
    """Nothing, if no element of `mask` is true; else BadData, with the index of the first input that has one."""
    if mask.any():
        first = int(np.argmax(mask.reshape(len(mask), -1).any(axis=1)))
        raise BadData(f"{place} have {problem}, in input {first}; {remedy}")


# --- described in a process of its own, since a person's code may import torch


def describe_user_data(source: UserSource) -> SourceInfo:
    """What the function of a source returns, which another process calls.

    A function that cannot be sent to another process is called in this one: trials without workers run here. Raises
    DataNeeded, and BadData with the message of whatever went wrong.
    """
    sent = b""
    if source.function is not None:
        target = source.function.get_target()
        try:
            sent = pickle_by_value(target)
        except Exception:  # noqa: BLE001  (what a person's objects raise; the workers, if any are used, say what it is)
            return source.describe()
    process = subprocess.run(
        [sys.executable, "-P", "-c", f"from {__name__} import print_description; print_description()", source.source],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)},
        input=sent,
        capture_output=True,
        check=False,
    )
    if process.returncode:
        reason = process.stderr.decode(errors="replace").strip()
        raise UserDataFailed(reason or f"loading {source.source} ended with the exit code {process.returncode}")
    described = json.loads(process.stdout.splitlines()[-1])
    validation, test = (described[name] and tuple(described[name]) for name in ("validation", "test"))
    classes, train = tuple(described["classes"]), tuple(described["train"])
    return SourceInfo(parse_input(described["input"]), classes, train, validation, test)


def print_description() -> None:
    """Print what a source holds as JSON, on the last line.

    The first argument is its name; what comes on the standard input is its function by value, and nothing of one that
    is loaded by the name.
    """
    try:
        info = _read_sent_source(sys.argv[1], sys.stdin.buffer.read()).describe()
    except ArchwrightError as error:
        sys.exit(str(error))
    counts = {name: getattr(info, name) for name in ARRAY_PREFIXES}
    described = {"input": format_input(info.input), "classes": info.class_names, **counts}
    sys.stdout.write(f"\n{json.dumps(described)}\n")


def _read_sent_source(name: str, sent: bytes) -> UserSource:
    if not sent:
        return UserSource(name)
    with guard_user_code(UserDataFailed, f"{name} failed", passing=()):  # what it refers to is imported
        target = pickle.loads(sent)  # noqa: S301  (our own parent's)
    return UserSource(name, DataFunction(name, None, None, target=target))
