"""Pictures in files."""

import xml.etree.ElementTree as ET

from archwright.cli.facts import leaf
from archwright.cli.reading import read
from archwright.core.named import named_space
from archwright.core.picture.svg import as_svg


def test_a_trial_is_drawn_with_its_shapes(reader, tmp_path):
    """As its architecture is."""
    done = reader("show", "run-1", "3", "--svg", "model.svg")
    assert (done.code, done.out) == (0, "drawn in model.svg\n")
    reading = read(tmp_path / "archwright.duckdb", "run-1")
    architecture = leaf(reading, reading.trial(3)).architecture
    assert (tmp_path / "model.svg").read_text(encoding="utf-8") == as_svg(architecture, (1, 8, 8)) + "\n"


def test_a_space_is_drawn(cli, tmp_path):
    assert cli("space", "digits", "--svg", "space.svg").code == 0
    text = (tmp_path / "space.svg").read_text(encoding="utf-8")
    assert text == as_svg(named_space("digits")) + "\n"
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_run_cannot_be_drawn(reader, tmp_path):
    """The error says how its trials can."""
    done = reader("show", "run-1", "--svg", "model.svg")
    assert done.code == 2
    assert "--svg model.svg draws a trial; name one, as in: archwright show run-1 0 --svg model.svg" in done.err
    assert not (tmp_path / "model.svg").exists()


def test_a_file_that_cannot_be_written_is_named(reader):
    done = reader("show", "run-1", "0", "--svg", "no/model.svg")
    assert done.code == 2
    assert "no/model.svg cannot be written: No such file or directory; name another file with --svg" in done.err
