"""`aw.draw` and `trial.draw`: pictures for notebooks and in files."""

import xml.etree.ElementTree as ET

import pytest

import archwright as aw
from archwright.core.drawing.derivation import derivation_as_svg
from archwright.core.drawing.svg import as_svg
from archwright.core.spaces.named import UnknownSpace
from archwright.core.taken_input import NotASpace
from archwright.display.output_file import FileOfAnotherKind, UnwritableFile
from archwright.execution.checks import BadArgument
from tests.studies.functions import INPUT, SPACE, build_space, measure_size

ARCHITECTURE = aw.sequential(aw.affine(units=8), aw.relu(), aw.affine(units=3))


@pytest.mark.parametrize("space", [SPACE, aw.takes(INPUT)(SPACE), build_space, aw.root(SPACE, INPUT)])
def test_a_space_is_drawn_in_whichever_form_it_is_given(space):
    drawing = aw.draw(space)
    assert str(drawing) == drawing._repr_svg_() == as_svg(SPACE)
    assert ET.fromstring(str(drawing)).tag.endswith("svg")
    assert "svg" not in repr(drawing)


def test_a_named_space_is_drawn():
    assert str(aw.draw("digits")) == as_svg(aw.named_space("digits"))


def test_an_architecture_has_shapes_where_its_input_is_known():
    plain, with_shapes = as_svg(ARCHITECTURE), as_svg(ARCHITECTURE, (12,))
    assert plain != with_shapes
    leaf = aw.sample(aw.root(SPACE, INPUT), iter([0.3] * 9).__next__)
    assert str(aw.draw(ARCHITECTURE)) == plain
    for given in (INPUT, (12,), "features:12"):
        assert str(aw.draw(ARCHITECTURE, input=given)) == with_shapes
    assert str(aw.draw(aw.takes(INPUT)(ARCHITECTURE))) == with_shapes
    assert str(aw.draw(leaf)) == as_svg(leaf.architecture, (12,))
    with pytest.raises(aw.Misfit):
        aw.draw(aw.conv2d(4, 3), input=(12,))


def test_it_is_written_to_a_file_too(tmp_path):
    file = tmp_path / "space.svg"
    for given in (file, str(file)):  # the second time over the first
        assert aw.draw(SPACE, given) == aw.draw(SPACE)
    assert file.read_text(encoding="utf-8") == as_svg(SPACE) + "\n"


def test_a_derivation_is_drawn(tmp_path):
    """As a notebook shows it; that of a leaf that asked nothing, too."""
    file = tmp_path / "derivation.svg"
    tree = aw.derivation(aw.sample(aw.root(SPACE, INPUT), iter([0.3] * 9).__next__))
    drawing = aw.draw(tree, file)
    assert str(drawing) == derivation_as_svg(tree) == tree._repr_html_()
    assert file.read_text(encoding="utf-8") == str(drawing) + "\n"
    assert "no choices" in str(aw.draw(aw.derivation(aw.root(aw.relu(), (3,)))))
    with pytest.raises(
        BadArgument, match=r"input is .*12.*, and <Derivation: .*> has that of its run; leave it out, or"
    ):
        aw.draw(tree, input=(12,))


def test_a_trial_is_drawn_as_the_command_draws_it(tmp_path, cli):
    log, file = tmp_path / "archwright.duckdb", tmp_path / "trial.svg"
    run = aw.search(SPACE, measure_size, input=INPUT, trials=2, workers=0, log=log, progress=False)
    drawing = run[1].draw(file)
    assert str(drawing) == as_svg(run[1].architecture, (12,))
    assert str(aw.draw(run[1])) == str(drawing)
    assert str(drawing) in run[1]._repr_html_()
    assert cli("show", run.name, "1", "--svg", "shown.svg").code == 0
    assert (tmp_path / "shown.svg").read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("file", "error", "says"),
    [
        ("notes.svg", FileOfAnotherKind, r"notes\.svg is there already and is no SVG; name another file, or delete it"),
        ("space.png", UnwritableFile, r"space\.png cannot be written: a drawing is an SVG; name a file that ends"),
        ("no/space.svg", UnwritableFile, r"no/space\.svg cannot be written: No such file .*; name another file$"),
        ("folder.svg", UnwritableFile, r"folder\.svg is a folder; name a file in it$"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_written_it_is_said(tmp_path, file, error, says):
    (tmp_path / "notes.svg").write_text("my thesis")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(error, match=says):
        aw.draw(SPACE, tmp_path / file)
    assert (tmp_path / "notes.svg").read_text() == "my thesis"


def test_what_is_no_picture_is_refused():
    with pytest.raises(NotASpace, match="the space is 3; a space is a module"):
        aw.draw(3)  # type: ignore[arg-type]
    with pytest.raises(UnknownSpace, match="did you mean digits"):
        aw.draw("digit")
    with pytest.raises(BadArgument, match="file is 3; it must be the path of a file"):
        aw.draw(SPACE, 3)  # type: ignore[arg-type]
