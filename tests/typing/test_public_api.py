"""The code that must type-check also runs."""

from pathlib import Path

import archwright as aw
from tests.typing.public_api import chosen, search_in_every_form, walk


def test_public_api_runs():
    leaf = walk()
    assert leaf.is_leaf
    assert {"cell", "topology"} <= {part for name, _ in leaf.path for part in name.split(".")}


def test_the_cell_is_a_space():
    """None, skip and two sizes of conv on three edges: 64, less the 7 with none on 0 to 2 and on 0 to 1 or 1 to 2."""
    assert aw.count(chosen) == aw.count(chosen, (4, 8, 8)) == 64 - 7


def test_the_face_runs(tmp_path: Path):
    assert len(search_in_every_form(tmp_path / "archwright.duckdb")) == 3
