"""What a search space is called: in Python, and the same in the view of runs."""

import pytest
from attrs import evolve

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.space_names import name_space
from tests.store.strategies import make_run_started

AFFINE = {"kind": "affine", "units": 8}
NAMES = [
    ("digits", {"kind": "sequential", "children": [AFFINE]}, "digits"),
    ("<make_space>", AFFINE, "<make_space>"),
    ("<term>", {"kind": "sequential", "children": [AFFINE] * 4}, "a sequential of 4 modules"),
    ("<term>", {"kind": "sequential", "children": [AFFINE]}, "a sequential of 1 module"),
    ("<term>", {"kind": "sequential", "children": []}, "a sequential"),
    ("<term>", {"kind": "either", "terms": [AFFINE, AFFINE], "labels": ["a", "b"]}, "an either of 2 modules"),
    ("<term>", AFFINE, "an affine"),
    ("<term>", {"kind": "repeat", "body": AFFINE, "count": 2}, "a repeat"),
    ("<term>", {"kind": "own's", "children": 3}, "an own's"),
    ("<term>", {"kind": 7}, "a 7"),
    ("<term>", {}, "<term>"),
    ("<term>", None, "<term>"),
    ("<term>", [AFFINE], "<term>"),
]


@pytest.mark.parametrize(("source", "space", "name"), NAMES)
def test_a_space_is_called_by_its_name_or_by_what_it_is(source, space, name):
    assert name_space(source, space) == name


def test_the_view_of_runs_says_the_same(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    for number, (source, space, _) in enumerate(NAMES):
        log.append(f"run-{number:02}", [evolve(make_run_started(), space=space, space_source=source)], START)
    rows = query(log.path, "SELECT space FROM runs ORDER BY run").rows
    assert [row[0] for row in rows] == [name for _, _, name in NAMES]
