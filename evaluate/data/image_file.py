"""Decoding an image file as it was meant: upright, with all its shades, and laid over white where it is transparent."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from attrs import frozen
from PIL import Image

from archwright.evaluate.data.dataset import WHITE, BadData

UNSUPPORTED_FORMATS = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}  # for which Pillow needs other programs
GREY_MODES = {"1", "L", "LA", "La", "I"}  # Pillow's modes of grey images, beside those of 16 bits
MODE_PREFIX_16_BITS = "I;16"  # how the names of Pillow's modes of 16 bits begin
ORIENTATION_TAG, BITS_PER_SAMPLE_TAG, PHOTOMETRIC_TAG = 274, 258, 262  # of EXIF and TIFF
WHITE_IS_ZERO = 0  # the photometric interpretation of a TIFF whose black is the largest value
FIRST_SIDEWAYS_ORIENTATION = 5  # orientations from here on swap width and height
TRANSPOSITIONS = {  # what turns an image of this orientation upright
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
    """What is known of an image file without decoding it."""

    width: int  # of the upright image, in pixels
    height: int
    is_grey: bool
    remarks: tuple[str, ...]  # how it has to be converted

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


def read_image_header(path: Path) -> ImageHeader:
    """What is known of an image without decoding it; raises BadData for what cannot be read as it was meant."""
    with _open_image(path) as image:
        if getattr(image, "is_animated", False) and image.format != "MPO":  # a photo with its own preview
            raise BadData(f"{path} has several frames; put the one that counts in its place, as a file of its own")
        white = _find_white(path, image)
        width, height = image.size
        orientation = _read_orientation(image)
        if orientation >= FIRST_SIDEWAYS_ORIENTATION:
            width, height = height, width
        conversions = {
            "turned as EXIF says": orientation in TRANSPOSITIONS,
            "of 16 bits, read as 8": white > WHITE,
            "with transparency, laid over white": image.has_transparency_data,
        }
        is_grey = image.mode in GREY_MODES or image.mode.startswith(MODE_PREFIX_16_BITS)
        return ImageHeader(width, height, is_grey, tuple(text for text, needed in conversions.items() if needed))


def decode_image(path: Path, channels: int, height: int, width: int, *, resize: bool) -> np.ndarray:
    """The image as uint8 (channels, height, width), with one channel, grey, or three; raises BadData.

    An image of another size is resized, and stretched if need be, if `resize` allows it.
    """
    with _open_image(path) as image:
        image.load()
        transposition = TRANSPOSITIONS.get(_read_orientation(image))  # which a PNG may tell only at its end
        opaque = _flatten(path, image).convert("L" if channels == 1 else "RGB")
        upright = opaque if transposition is None else opaque.transpose(transposition)
    if upright.size != (width, height):
        if not resize:
            size = f"{upright.height}x{upright.width}"
            raise BadData(
                f"{path} is {size} (height x width), and others are {height}x{width}; "
                "give --image-size (image_size= in Python)"
            )
        upright = upright.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(upright).reshape(height, width, channels).transpose(2, 0, 1)


def is_image(path: Path) -> bool:
    """Whether a file has the suffix of an image or, with another one or none, begins like one."""
    if path.suffix.lower() in find_readable_suffixes():
        return True
    try:
        with _open_image(path):
            return True
    except BadData:
        return False


@cache
def find_readable_formats() -> tuple[str, ...]:
    """The names of the formats that are read: all that Pillow reads without other programs."""
    Image.init()
    return tuple(sorted(set(Image.OPEN) - UNSUPPORTED_FORMATS))


@cache
def find_readable_suffixes() -> frozenset[str]:
    """The suffixes of files in these formats, in small letters."""
    formats = find_readable_formats()
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in formats)


@contextmanager
def _open_image(path: Path) -> Iterator[Image.Image]:
    """The file, its header read; raises BadData for whatever Pillow raises here or in the block."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that other programs wrote against a format's rules
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=find_readable_formats()) as image:
                yield image
    except BadData:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadData(f"{path} has more than {Image.MAX_IMAGE_PIXELS:,} pixels; make it smaller") from None
    except Exception as error:  # whatever a broken file makes Pillow raise
        raise BadData(f"{path} cannot be read as an image ({error}); mend or remove it") from error


def _read_orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8, if it has been read by now; 1 is upright. Pillow turns a TIFF upright by itself."""
    is_read = image.format != "PNG" or {"exif", "Raw profile type exif", "XML:com.adobe.xmp"} & image.info.keys()
    return image.getexif().get(ORIENTATION_TAG, 1) if is_read and image.format != "TIFF" else 1


def _find_white(path: Path, image: Image.Image) -> int:
    """The value of white; raises BadData where it is unknown."""
    if image.mode.startswith(MODE_PREFIX_16_BITS) or (image.mode == "I" and image.format in ("PNG", "PPM")):
        bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE_TAG, (16,))
        return 2 ** bits[0] - 1
    if image.mode in ("I", "F"):
        kind = "floats" if image.mode == "F" else "whole numbers of 32 bits"
        raise BadData(
            f"the pixels of {path} are {kind}, of which nobody knows what is white; save it with 8 or 16 bits, or give "
            "the images as an npz"
        )
    return WHITE


def _flatten(path: Path, image: Image.Image) -> Image.Image:
    """The image with 8 bits a channel, laid over white where it is transparent, in whatever mode."""
    white = _find_white(path, image)
    if white > WHITE:
        return _reduce_to_8_bits(image, white)
    if not image.has_transparency_data:
        return image
    transparent = image.convert("RGBA")
    opaque = Image.new("RGBA", image.size, (WHITE, WHITE, WHITE, 255))
    opaque.alpha_composite(transparent)
    opaque = opaque.convert("RGB")
    if transparent.getextrema()[3][0] < 255 and all(low == high for low, high in opaque.getextrema()):  # pyright: ignore[reportArgumentType, reportIndexIssue, reportGeneralTypeIssues]
        raise BadData(
            f"{path} is blank once it is laid over white; lay it over another colour, and save it without transparency"
        )
    return opaque


def _reduce_to_8_bits(image: Image.Image, white: int) -> Image.Image:
    shades = np.asarray(image).astype(np.float64)
    pixels = np.round(shades * (WHITE / white)).clip(0, WHITE).astype(np.uint8)
    if getattr(image, "tag_v2", {}).get(PHOTOMETRIC_TAG) == WHITE_IS_ZERO:
        pixels = WHITE - pixels
    transparent_shade = image.info.get("transparency")
    if isinstance(transparent_shade, int):
        pixels[shades == transparent_shade] = WHITE
    return Image.fromarray(pixels)
