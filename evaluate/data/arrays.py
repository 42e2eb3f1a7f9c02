"""Arrays of an npz file as images and labels: which axes and values they may have, and what becomes of them."""

from collections.abc import Sequence

import numpy as np

from archwright.evaluate.data.images import BadData

LAYOUTS = ("NHWC", "NCHW")  # what an array `layout` may say: images, height, width and channels, in this order
CHANNELS = (1, 3)  # numbers of channels that are recognised where no `layout` says which axis they are
WHITE = 255
AT_ONCE = 4096  # images, which take eight times their memory meanwhile


def axes(name: str, shape: Sequence[int], layout: str | None) -> tuple[int, int, int, int]:
    """Which axes of an array hold images, channels, height and width; -1: there is no axis of channels.

    Without `layout`, an axis of 1 or 3 is that of the channels, if it is at one end of an image alone. Raises BadData.
    """
    if len(shape) == 3:
        return 0, -1, 1, 2
    first, last = (len(shape) == 4 and shape[axis] in CHANNELS for axis in (1, 3))
    if len(shape) == 4 and (layout or first != last):
        return (0, 1, 2, 3) if layout == "NCHW" or (layout is None and first) else (0, 3, 1, 2)
    said = f"{name} are of shape {tuple(shape)}"
    if len(shape) == 4:
        what = "either end may be the channels" if first else "neither end is 1 or 3 channels"
        raise BadData(f"{said}, where {what}; add an array layout to the file that holds {' or '.join(LAYOUTS)}")
    raise BadData(
        f"{said}; they must be (n, height, width), (n, height, width, channels) or (n, channels, height, width)"
    )


def scale(name: str, values: np.ndarray) -> float:
    """What the values of images are multiplied by to go from 0, black, to 255, white; raises BadData.

    Whole numbers from 0 to 255 are as they should be, and floats from 0 to 1 are not yet.
    """
    if values.dtype == np.bool_:
        return WHITE
    if values.dtype.kind not in "iuf":
        raise BadData(f"{name} are {values.dtype}; they must be numbers from 0 to 255, or from 0 to 1")
    low, high = values.min(initial=0), values.max(initial=0)
    if np.isnan(low) or np.isnan(high):
        raise BadData(f"{name} have a NaN in image {_first(np.isnan(values))}; mend or remove it")
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return WHITE
    if low >= 0 and high <= WHITE:
        if values.dtype.kind != "f" or not (odd := values != np.round(values)).any():
            return 1
        found = f"floats up to {high:g}, with fractions as in image {_first(odd)}"
    else:
        found = f"{values.dtype} from {low:g} to {high:g}"
    raise BadData(
        f"{name} are {found}; they must be whole numbers from 0 to 255, or floats from 0 to 1: do not normalise them, "
        "which the training does, and save, say, ((x - x.min()) / (x.max() - x.min()) * 255).round().astype('uint8')"
    )


def pixels(values: np.ndarray, factor: float) -> np.ndarray:
    """Images as uint8; of any shape."""
    if values.dtype == np.uint8 and factor == 1:
        return values
    made = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        made[part] = np.round(values[part].astype(np.float64) * factor)
    return made


def texts(values: np.ndarray) -> np.ndarray:
    """Texts as a log can hold them: what UTF-8 has not is replaced."""
    encoded = values if values.dtype.kind == "S" else np.char.encode(values, "utf-8", "replace")
    return np.char.decode(encoded, "utf-8", "replace")


def _first(holds: np.ndarray) -> int:
    """The number of the first image of which something holds."""
    return int(np.argmax(holds.reshape(len(holds), -1).any(axis=1)))


def labels(name: str, values: np.ndarray, count: int) -> np.ndarray:
    """One label for each of `count` images, (n,): whole numbers of 0 or more, int64, or texts; raises BadData."""
    if values.ndim == 2 and len(values) == count and values.shape[1] > 1:
        raise BadData(f"{name} are of shape {values.shape}; write labels.argmax(1) if each row has a 1 for its class")
    if values.size != count:
        raise BadData(f"{name} are of shape {values.shape}; they must be {count}, one for each image")
    flat = values.reshape(-1)
    if flat.dtype.kind in "US":
        return texts(flat)
    if flat.dtype.kind not in "iufb" or not np.isfinite(flat).all() or (flat != np.floor(flat)).any():
        odd = (
            next((f", such as {value}" for value in flat.tolist() if value != value or value % 1), "")
            if flat.dtype.kind == "f"
            else ""
        )
        raise BadData(f"{name} are {flat.dtype}{odd}; they must be whole numbers, or texts")
    if flat.min(initial=0) < 0:
        raise BadData(
            f"{name} go down to {flat.min():g}; they must be 0 or more: leave out images without a class, and "
            "write labels - labels.min() if all have one"
        )
    return flat.astype(np.int64)
