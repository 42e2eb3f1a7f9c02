"""An image file is read as it was meant: each answer here is worked out by hand."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from archwright.evaluate.data.dataset import BadData
from archwright.evaluate.data.image_file import (
    decode_image,
    find_readable_formats,
    find_readable_suffixes,
    is_image,
    read_image_header,
)

RAMP = np.array([[0, 257, 32896, 65535]], np.uint16)  # 16 bits: 257 a shade of 8 bits
SHADES = [0, 1, 128, 255]
RED, BLUE, BLACK, WHITE = (255, 0, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)


@pytest.fixture
def saved(tmp_path):
    """Saves an image under a name; the file."""

    def saved(image, name="a.png", **more):
        image.save(tmp_path / name, **more)
        return tmp_path / name

    return saved


def grey(path):
    """The shades of an image, row by row, decoded as grey in its own size."""
    told = read_image_header(path)
    assert told.is_grey
    return decode_image(path, 1, told.height, told.width, resize=False)[0].tolist()


def coloured(path):
    """The colours of an image, row by row."""
    told = read_image_header(path)
    pixels = decode_image(path, 3, told.height, told.width, resize=False)
    assert pixels.dtype == np.uint8
    return [[tuple(pixel) for pixel in row] for row in pixels.transpose(1, 2, 0).tolist()]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_a_ramp_of_16_bits_keeps_its_shades(saved, name):
    path = saved(Image.fromarray(RAMP), name)
    assert grey(path) == [SHADES]
    assert read_image_header(path).remarks == ("of 16 bits, read as 8",)


def test_shades_of_16_bits_are_rounded(saved):
    """A shade of 8 bits is 257 of them, so that 128 is still black, and 129 no longer."""
    assert grey(saved(Image.fromarray(np.array([[128, 129, 65406, 65407]], np.uint16)))) == [[0, 1, 254, 255]]


def test_white_may_be_the_lowest_value(saved):
    """As a tag of TIFF says."""
    inverted = TiffImagePlugin.ImageFileDirectory_v2()
    inverted[262] = 0
    assert grey(saved(Image.fromarray(65535 - RAMP), "a.tif", tiffinfo=inverted)) == [SHADES]


def test_white_may_be_the_highest_of_12_bits(tmp_path):
    """A TIFF of one strip, written by hand: 4095, 0, 2048 and 16 in six bytes."""
    tags = {256: 4, 257: 1, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 6}
    strip = bytes.fromhex("fff000800010")
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    (tmp_path / "a.tif").write_bytes(struct.pack("<2sHI", b"II", 42, 8 + len(strip)) + strip + directory)
    assert grey(tmp_path / "a.tif") == [[255, 0, 128, 1]]


def test_a_bit_a_pixel_is_black_or_white(saved):
    assert grey(saved(Image.fromarray(np.array([[False, True]])))) == [[0, 255]]


@pytest.mark.parametrize(("name", "kind"), [("a.tif", np.float32), ("a.tif", np.int32)])
def test_pixels_without_a_white_of_their_own_are_refused(saved, name, kind):
    path = saved(Image.fromarray(np.zeros((2, 2), kind)), name)
    with pytest.raises(BadData, match=r"the pixels of .*a\.tif are .*nobody knows what is white.*16 bits"):
        read_image_header(path)


# Seen upright, red is on top and blue below; as it is stored, turned by what EXIF calls each orientation.
STORED = {
    1: [[RED, WHITE], [BLUE, BLACK], [BLUE, BLUE]],
    2: [[WHITE, RED], [BLACK, BLUE], [BLUE, BLUE]],
    3: [[BLUE, BLUE], [BLACK, BLUE], [WHITE, RED]],
    4: [[BLUE, BLUE], [BLUE, BLACK], [RED, WHITE]],
    5: [[RED, BLUE, BLUE], [WHITE, BLACK, BLUE]],
    6: [[WHITE, BLACK, BLUE], [RED, BLUE, BLUE]],
    7: [[BLUE, BLACK, WHITE], [BLUE, BLUE, RED]],
    8: [[BLUE, BLUE, RED], [BLUE, BLACK, WHITE]],
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_an_image_is_turned_as_its_camera_says(saved, orientation, name):
    """Its size is that of the image upright: 3 high and 2 wide."""
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(np.array(STORED[orientation], np.uint8))
    path = saved(stored, name, exif=exif, **({"lossless": True} if name == "a.webp" else {}))
    assert read_image_header(path).size == (3, 2)
    assert coloured(path) == STORED[1]


def test_a_photo_is_turned_too(saved):
    """A JPEG is not exact: its left half is red as it is stored, and its upper half as it is seen."""
    exif = Image.Exif()
    exif[274] = 6
    stored = Image.new("RGB", (32, 16), BLUE)
    stored.paste(RED, (0, 0, 16, 16))
    path = saved(stored, "a.jpg", exif=exif)
    told = read_image_header(path)
    assert (told.size, told.remarks) == ((32, 16), ("turned as EXIF says",))
    pixels = decode_image(path, 3, 32, 16, resize=False)
    assert (pixels[0, :12].min(), pixels[0, 20:].max()) >= (200, 0)
    assert pixels[0, 20:].max() < 60


def test_what_is_transparent_is_laid_over_white(saved):
    """Black at half its opacity, 51 of 255, is 204."""
    image = Image.fromarray(np.array([[[0, 0, 0, 255], [0, 0, 0, 51], [255, 0, 0, 0]]], np.uint8))
    path = saved(image)
    assert coloured(path) == [[BLACK, (204, 204, 204), WHITE]]
    assert read_image_header(path).remarks == ("with transparency, laid over white",)


def test_a_drawing_that_is_in_the_alpha_channel_is_seen(saved):
    grey_and_alpha = Image.merge("LA", [Image.new("L", (2, 1), 0), Image.fromarray(np.array([[255, 0]], np.uint8))])
    assert grey(saved(grey_and_alpha)) == [[0, 255]]


def test_a_colour_may_be_what_is_transparent(saved):
    """Of a palette, of grey, and of grey of 16 bits."""
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    palette.putpalette([*RED, *BLUE])
    assert coloured(saved(palette, transparency=0)) == [[WHITE, BLUE]]
    assert grey(saved(Image.fromarray(np.array([[7, 9]], np.uint8)), transparency=7)) == [[255, 9]]
    assert grey(saved(Image.fromarray(RAMP), transparency=257)) == [[0, 255, 128, 255]]


def test_a_drawing_that_white_hides_is_refused(saved):
    """White on nothing."""
    white = Image.fromarray(np.array([[[255, 255, 255, 255], [255, 255, 255, 0]]], np.uint8))
    path = saved(white)
    with pytest.raises(BadData, match=r"a\.png is blank once it is laid over white; lay it over another colour"):
        decode_image(path, 3, 1, 2, resize=False)


def test_other_colours_become_rgb(saved):
    """Of print: no ink is white, all of cyan takes the red away."""
    cmyk = Image.fromarray(np.array([[[0, 0, 0, 0], [255, 0, 0, 0]]], np.uint8), "CMYK")
    assert coloured(saved(cmyk, "a.tif")) == [[WHITE, (0, 255, 255)]]
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    palette.putpalette([*RED, *BLUE])
    assert coloured(saved(palette, "a.gif")) == [[RED, BLUE]]


def test_grey_among_colours_is_the_same_in_each_channel(saved):
    path = saved(Image.fromarray(np.array([[3, 200]], np.uint8)))
    assert coloured(path) == [[(3, 3, 3), (200, 200, 200)]]


def test_an_image_is_resized_only_where_that_is_asked_for(saved):
    path = saved(Image.new("RGB", (5, 4), RED))
    assert decode_image(path, 3, 2, 6, resize=True).shape == (3, 2, 6)
    with pytest.raises(BadData, match=r"is 4x5 \(height x width\), and others are 2x6; give --image-size"):
        decode_image(path, 3, 2, 6, resize=False)


def test_several_frames_are_refused(saved):
    frames = [Image.new("L", (2, 2), shade) for shade in (0, 255)]
    for name in ("a.gif", "a.tif", "a.png"):
        path = saved(frames[0], name, save_all=True, append_images=frames[1:])
        with pytest.raises(BadData, match="has several frames; put the one that counts in its place"):
            read_image_header(path)
    assert read_image_header(saved(Image.new("RGB", (2, 2)), "b.gif")).size == (2, 2)


@pytest.mark.parametrize("most", [3, 7])
def test_an_image_of_too_many_pixels_is_told_in_a_sentence(saved, monkeypatch, most):
    """Pillow warns of those above its bound, and refuses those above twice of it."""
    path = saved(Image.new("L", (3, 3)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    with pytest.raises(BadData, match=rf"a\.png has more than {most} pixels; make it smaller$"):
        read_image_header(path)


@pytest.mark.parametrize("content", [b"no image", b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0"])
def test_a_file_that_is_no_image_is_told(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BadData, match=r"a\.png cannot be read as an image"):
        read_image_header(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif", "a.gif"])
def test_an_image_that_is_cut_off_is_told(saved, name):
    noise = np.random.RandomState(0).randint(0, 256, (60, 60, 3), np.uint8)
    path = saved(Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadData, match="cannot be read as an image"):
        decode_image(path, 3, 60, 60, resize=False)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.gif", "a.webp"])
def test_a_damaged_image_is_told_or_read(saved, name):
    """Nothing else is raised, whatever some bytes of it become: 50 times each."""
    path = saved(Image.fromarray(np.random.RandomState(0).randint(0, 256, (9, 8, 3), np.uint8)), name)
    whole, random = path.read_bytes(), np.random.RandomState(0)
    for _ in range(50):
        content = bytearray(whole)
        for place in random.randint(0, min(len(whole), 100), 3):
            content[place] = random.randint(256)
        path.write_bytes(content)
        with suppress(BadData):
            read_image_header(path)
            assert decode_image(path, 3, 9, 8, resize=True).shape == (3, 9, 8)


def test_an_image_is_told_by_its_suffix_or_by_how_it_begins(saved, tmp_path):
    assert is_image(tmp_path / "not-there.PNG")
    assert is_image(saved(Image.new("L", (2, 2)), "a.dat", format="PNG"))
    (tmp_path / "a.txt").write_text("no image")
    assert not is_image(tmp_path / "a.txt")


def test_formats_that_need_other_programs_are_not_read():
    assert {"PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM"} <= set(find_readable_formats())
    assert not {"EPS", "MPEG", "WMF"} & set(find_readable_formats())
    assert ".eps" not in find_readable_suffixes()
