"""One image file, read as it was meant: upright, with all its shades, and with what is transparent laid over white."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from attrs import frozen
from PIL import Image

from archwright.evaluate.data.dataset import BadData

NOT_READ = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}  # formats that Pillow knows and needs other programs for
WHITE = 255  # the background of what is transparent
GREY = {"1", "L", "LA", "La", "I"}  # modes of Pillow, beside those of 16 bits
TALL = "I;16"  # how the names of Pillow's modes of 16 bits begin
ORIENTATION, BITS, PHOTOMETRIC = 274, 258, 262  # tags of EXIF and TIFF
SIDEWAYS = 5  # orientations from here on swap width and height
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@frozen
class ImageHeader:
    """What the beginning of an image file tells."""

    width: int  # as it is seen upright
    height: int
    is_grey: bool
    remarks: tuple[str, ...]  # what has to be done to it

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


@cache
def readable_formats() -> tuple[str, ...]:
    """The formats that are read: all that Pillow reads by itself."""
    Image.init()
    return tuple(sorted(set(Image.OPEN) - NOT_READ))


@cache
def readable_suffixes() -> frozenset[str]:
    """The suffixes of files in these formats, in small letters."""
    kinds = readable_formats()
    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind in kinds)


def is_image(path: Path) -> bool:
    """Whether a file has the suffix of an image or, with another one or none, begins like one."""
    if path.suffix.lower() in readable_suffixes():
        return True
    try:
        with _opened(path):
            return True
    except BadData:
        return False


def read_image_header(path: Path) -> ImageHeader:
    """What can be said of an image without decoding it; raises BadData for what cannot be read as it was meant."""
    with _opened(path) as image:
        if getattr(image, "is_animated", False) and image.format != "MPO":  # a photo with its own preview
            raise BadData(f"{path} has several frames; put the one that counts in its place, as a file of its own")
        white = _white(path, image)
        width, height = image.size
        orientation = _orientation(image)
        if orientation >= SIDEWAYS:
            width, height = height, width
        remarks = {
            "turned as EXIF says": orientation in TURNS,
            "of 16 bits, read as 8": white > WHITE,
            "with transparency, laid over white": image.has_transparency_data,
        }
        grey = image.mode in GREY or image.mode.startswith(TALL)
        return ImageHeader(width, height, grey, tuple(said for said, holds in remarks.items() if holds))


def decode_image(path: Path, channels: int, height: int, width: int, *, resize: bool) -> np.ndarray:
    """The image as uint8 (channels, height, width), one channel for grey or three; raises BadData.

    An image of another size is resized, and stretched if need be, where `resize` says so.
    """
    with _opened(path) as image:
        image.load()
        turn = TURNS.get(_orientation(image))  # which a PNG may tell only at its end
        flat = _flat(path, image).convert("L" if channels == 1 else "RGB")
        upright = flat if turn is None else flat.transpose(turn)
    if upright.size != (width, height):
        if not resize:
            size = f"{upright.height}x{upright.width}"
            raise BadData(f"{path} is {size} (height x width), and others are {height}x{width}; give --image-size")
        upright = upright.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(upright).reshape(height, width, channels).transpose(2, 0, 1)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The file, its header read; BadData for whatever Pillow raises of it here or in the block."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what other programs write against a format's rules
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=readable_formats()) as image:
                yield image
    except BadData:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadData(f"{path} has more than {Image.MAX_IMAGE_PIXELS:,} pixels; make it smaller") from None
    except Exception as error:  # whatever a broken file makes Pillow raise
        raise BadData(f"{path} cannot be read as an image ({error}); mend or remove it") from error


def _orientation(image: Image.Image) -> int:
    """As EXIF has it, 1 to 8, as far as it is known by now; 1 is upright. Pillow turns a TIFF by itself."""
    known = image.format != "PNG" or {"exif", "Raw profile type exif", "XML:com.adobe.xmp"} & image.info.keys()
    return image.getexif().get(ORIENTATION, 1) if known and image.format != "TIFF" else 1


def _white(path: Path, image: Image.Image) -> int:
    """The value of white; raises BadData where none is known."""
    if image.mode.startswith(TALL) or (image.mode == "I" and image.format in ("PNG", "PPM")):
        bits = getattr(image, "tag_v2", {}).get(BITS, (16,))
        return 2 ** bits[0] - 1
    if image.mode in ("I", "F"):
        kind = "floats" if image.mode == "F" else "whole numbers of 32 bits"
        raise BadData(
            f"the pixels of {path} are {kind}, of which nobody knows what is white; save it with 8 or 16 bits, or give "
            "the images as an npz"
        )
    return WHITE


def _flat(path: Path, image: Image.Image) -> Image.Image:
    """The image with 8 bits a channel and nothing transparent, in whatever colours."""
    white = _white(path, image)
    if white > WHITE:
        return _with_eight_bits(image, white)
    if not image.has_transparency_data:
        return image
    drawn = image.convert("RGBA")
    flat = Image.new("RGBA", image.size, (WHITE, WHITE, WHITE, 255))
    flat.alpha_composite(drawn)
    flat = flat.convert("RGB")
    if drawn.getextrema()[3][0] < 255 and all(low == high for low, high in flat.getextrema()):  # pyright: ignore[reportArgumentType, reportIndexIssue, reportGeneralTypeIssues]
        raise BadData(
            f"{path} is blank once it is laid over white; lay it over another colour, and save it without transparency"
        )
    return flat


def _with_eight_bits(image: Image.Image, white: int) -> Image.Image:
    shades = np.asarray(image).astype(np.float64)
    pixels = np.round(shades * (WHITE / white)).clip(0, WHITE).astype(np.uint8)
    if getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == 0:
        pixels = WHITE - pixels
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        pixels[shades == transparent] = WHITE
    return Image.fromarray(pixels)
