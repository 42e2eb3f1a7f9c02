"""Numpy arrays converted to images of 8 bits and to labels, or refused where their meaning is not certain."""

from collections.abc import Sequence

import numpy as np

from archwright.evaluate.data.dataset import IMAGES_PER_CHUNK, WHITE, BadData

LAYOUTS = ("NHWC", "NCHW")  # the orders of the axes that can be given: images, height, width and channels
RECOGNISED_CHANNELS = (1, 3)  # lengths by which the axis of channels is recognised where no layout is given


def find_axes(name: str, shape: Sequence[int], layout: str | None) -> tuple[int, int, int, int]:
    """Which axes of the array `name` are images, channels, height and width; -1: there is no axis of channels.

    Without `layout`, an axis of length 1 or 3 is that of the channels, if only one end of an image has this length.
    Raises BadData.
    """
    if len(shape) == 3:
        return 0, -1, 1, 2
    is_first, is_last = (len(shape) == 4 and shape[axis] in RECOGNISED_CHANNELS for axis in (1, 3))
    if len(shape) == 4 and (layout or is_first != is_last):
        return (0, 1, 2, 3) if layout == "NCHW" or (layout is None and is_first) else (0, 3, 1, 2)
    if len(shape) == 4:
        problem = "either end may be the channels" if is_first else "neither end is 1 or 3 channels"
        raise BadData(
            f"{name} are of shape {tuple(shape)}, where {problem}; add an array layout to the file that holds "
            f"{' or '.join(LAYOUTS)}"
        )
    raise BadData(
        f"{name} are of shape {tuple(shape)}; they must be (n, height, width), (n, height, width, channels) or "
        "(n, channels, height, width)"
    )


def find_scale(name: str, values: np.ndarray) -> float:
    """What the values of images are multiplied by to go from 0, black, to 255, white; raises BadData.

    Whole numbers from 0 to 255 keep their values, and floats from 0 to 1 are multiplied by 255.
    """
    if values.dtype == np.bool_:
        return WHITE
    if values.dtype.kind not in "iuf":
        raise BadData(f"{name} are {values.dtype}; they must be numbers from 0 to 255, or from 0 to 1")
    low, high = values.min(initial=0), values.max(initial=0)
    if np.isnan(low) or np.isnan(high):
        raise BadData(f"{name} have a NaN in image {_find_first(np.isnan(values))}; mend or remove it")
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return WHITE
    if low >= 0 and high <= WHITE:
        if values.dtype.kind != "f" or not (fractional := values != np.round(values)).any():
            return 1
        problem = f"floats up to {high:g}, with fractions as in image {_find_first(fractional)}"
    else:
        problem = f"{values.dtype} from {low:g} to {high:g}"
    raise BadData(
        f"{name} are {problem}; they must be whole numbers from 0 to 255, or floats from 0 to 1: do not normalise "
        "them, which the training does, and save, say, "
        "((x - x.min()) / (x.max() - x.min()) * 255).round().astype('uint8')"
    )


def as_uint8(values: np.ndarray, scale: float) -> np.ndarray:
    """Images, of any shape, multiplied by `scale` and rounded."""
    if values.dtype == np.uint8 and scale == 1:
        return values
    images = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), IMAGES_PER_CHUNK):
        chunk = slice(start, start + IMAGES_PER_CHUNK)
        images[chunk] = np.round(values[chunk].astype(np.float64) * scale)
    return images


def as_labels(name: str, values: np.ndarray, count: int) -> np.ndarray:
    """One label for each of `count` images, (n,): whole numbers of 0 or more, int64, or texts; raises BadData."""
    if values.ndim == 2 and len(values) == count and values.shape[1] > 1:
        raise BadData(f"{name} are of shape {values.shape}; write labels.argmax(1) if each row has a 1 for its class")
    if values.size != count:
        raise BadData(f"{name} are of shape {values.shape}; they must be {count}, one for each image")
    labels = values.reshape(-1)
    if labels.dtype.kind in "US":
        return as_texts(labels)
    if labels.dtype.kind not in "iufb" or not np.isfinite(labels).all() or (labels != np.floor(labels)).any():
        raise BadData(f"{name} are {labels.dtype}{_give_fractional(labels)}; they must be whole numbers, or texts")
    if labels.min(initial=0) < 0:
        raise BadData(
            f"{name} go down to {labels.min():g}; they must be 0 or more: leave out images without a class, and "
            "write labels - labels.min() if all have one"
        )
    return labels.astype(np.int64)


def as_class_names(name: str, classes: np.ndarray) -> tuple[str, ...]:
    """The names of classes, in the order of the labels; raises BadData."""
    if classes.ndim != 1 or classes.dtype.kind not in "US" or len(set(classes.tolist())) < len(classes):
        raise BadData(f"{name} are {classes.dtype} of shape {classes.shape}; they must be texts, each only once")
    return tuple(as_texts(classes).tolist())


def number_labels(name: str, labels: np.ndarray, class_names: Sequence[str], train: np.ndarray | None) -> np.ndarray:
    """The numbers of the classes of `labels`, int64 (n,), as `as_labels` gives those; raises BadData.

    Texts are names of classes. Whole numbers are places among the names if `train` is None; else the classes are the
    `train` labels that there are, in their order.
    """
    known = np.array(class_names)
    if labels.dtype.kind != "U":
        known = np.arange(len(class_names)) if train is None else np.unique(train)
    if known.dtype.kind != labels.dtype.kind:
        raise BadData(f"{name} are {labels.dtype}, others {known.dtype}; write them alike")
    order = np.argsort(known)
    numbers = order[np.searchsorted(known, labels, sorter=order).clip(max=len(known) - 1)]
    is_unknown = known[numbers] != labels
    if is_unknown.any():
        raise BadData(
            f"{name} have {labels[is_unknown][0]}, which is no class; the classes are "
            f"{', '.join(map(str, known[:10].tolist()))}{' ...' * (len(known) > 10)}"
        )
    return numbers.astype(np.int64)


def as_texts(values: np.ndarray) -> np.ndarray:
    """Texts as a log can hold them: what UTF-8 cannot encode is replaced."""
    encoded = values if values.dtype.kind == "S" else np.char.encode(values, "utf-8", "replace")
    return np.char.decode(encoded, "utf-8", "replace")


def _find_first(mask: np.ndarray) -> int:
    """The index of the first image with a true element."""
    return int(np.argmax(mask.reshape(len(mask), -1).any(axis=1)))


def _give_fractional(labels: np.ndarray) -> str:
    """An example of a float that is no whole number."""
    if labels.dtype.kind != "f":
        return ""
    return next((f", such as {value}" for value in labels.tolist() if value != value or value % 1), "")
