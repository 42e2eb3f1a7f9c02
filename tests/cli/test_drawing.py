"""Pictures in files."""

import json
import xml.etree.ElementTree as ET

import pytest

import archwright as aw
from archwright.core.drawing.svg import as_svg
from archwright.core.spaces.named import named_space
from archwright.search.running.run_view import rebuild_leaf, view_run


def test_a_trial_is_drawn_with_its_shapes(reader, tmp_path):
    """As its architecture is."""
    done = reader("show", "run-1", "3", "--svg", "model.svg")
    assert (done.code, done.out) == (0, "drawn in model.svg\n")
    view = view_run(tmp_path / "archwright.duckdb", "run-1")
    architecture = rebuild_leaf(view, view.get_trial(3)).architecture
    assert (tmp_path / "model.svg").read_text(encoding="utf-8") == as_svg(architecture, (1, 8, 8)) + "\n"


def test_a_space_is_drawn(cli, tmp_path):
    assert cli("space", "digits", "--svg", "space.svg").code == 0
    text = (tmp_path / "space.svg").read_text(encoding="utf-8")
    assert text == as_svg(named_space("digits")) + "\n"
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_derivation_of_a_trial_is_drawn(reader, tmp_path):
    done = reader("show", "run-1", "3", "--derivation", "--svg", "tree.svg")
    assert (done.code, done.out) == (0, "drawn in tree.svg\n")
    view = view_run(tmp_path / "archwright.duckdb", "run-1")
    tree = aw.derivation(rebuild_leaf(view, view.get_trial(3)))
    assert (tmp_path / "tree.svg").read_text(encoding="utf-8") == str(aw.draw(tree)) + "\n"
    done = reader("show", "run-1", "--derivation", "--svg", "other.svg")
    assert (done.code, (tmp_path / "other.svg").exists()) == (2, False)
    example = "archwright show run-1 0 --derivation --svg other.svg"
    assert f"--svg other.svg draws a trial; name one, as in: {example}" in done.err


def test_the_derivation_of_a_sample_is_drawn(cli, tmp_path):
    """That which is printed for the same seed, input and classes."""
    words = ("--seed", "3", "--input", "1,16,16", "--classes", "7")
    done = cli("space", "digits", "--derivation", "--svg", "tree.svg", *words)
    assert (done.code, done.out) == (0, "drawn in tree.svg\n")
    picture = ET.fromstring((tmp_path / "tree.svg").read_text(encoding="utf-8"))
    told = [title.text for title in picture.iter("{http://www.w3.org/2000/svg}title")]
    lines = json.loads(cli("space", "digits", "--sample", "1", "--json", *words).out)["samples"][0]["derivation"]
    assert told == [line.lstrip("│└├─ ") for line in lines.splitlines()[1:]]
    cli("space", "digits", "--derivation", "--svg", "other.svg", "--seed", "4")
    assert (tmp_path / "other.svg").read_bytes() != (tmp_path / "tree.svg").read_bytes()


def test_what_was_drawn_is_told_to_programs_too(reader):
    """As JSON, as what is exported."""
    trees = (("show", "run-1", "3", "--derivation"), ("space", "digits", "--derivation"))
    for words in (("show", "run-1", "3"), ("space", "digits"), *trees):
        done = reader(*words, "--svg", "model.svg", "--json")
        assert (done.code, json.loads(done.out)) == (0, {"version": 1, "files": ["model.svg"]})


@pytest.mark.parametrize("words", [("show", "run-1", "3"), ("space", "digits")])
def test_only_a_picture_is_drawn_over(reader, tmp_path, words):
    """Or nothing; whatever else a person has in a file stays there."""
    file = tmp_path / "notes.svg"
    file.write_text("<notes>my thesis</notes>")
    done = reader(*words, "--svg", "notes.svg")
    assert (done.code, done.out) == (2, "")
    assert "--svg notes.svg is there already and is no SVG; name another file, or delete it" in done.err
    assert file.read_text() == "<notes>my thesis</notes>"
    for old in ("", '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'):
        file.write_text(old)
        assert reader(*words, "--svg", "notes.svg").code == 0
        assert len(file.read_text()) > 1000
    assert reader(*words, "--svg", "notes.svg").code == 0
    assert "drawn in /dev/null" in reader(*words, "--svg", "/dev/null").out


def test_a_run_cannot_be_drawn(reader, tmp_path):
    """The error says how its trials can."""
    done = reader("show", "run-1", "--svg", "model.svg")
    assert done.code == 2
    assert "--svg model.svg draws a trial; name one, as in: archwright show run-1 0 --svg model.svg" in done.err
    assert not (tmp_path / "model.svg").exists()


def test_a_file_that_cannot_be_written_is_named(reader):
    for more in ((), ("--derivation",)):
        done = reader("show", "run-1", "0", "--svg", "no/model.svg", *more)
        assert done.code == 2
        assert "--svg no/model.svg cannot be written: No such file or directory; name another file\n" in done.err
