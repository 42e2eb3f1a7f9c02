"""Which files belong to a log."""

import os
from pathlib import Path

import pytest

from archwright.store.errors import NotALog
from archwright.store.paths import belongs_to, locate_sidecar, resolve_log

BELONGS = [
    "log.duckdb",
    "log.duckdb.wal",
    "log.duckdb.wal.checkpoint",
    "log.duckdb.undo",
    "log.duckdb.journal",
    "log.duckdb.journal.draft",
    "log.duckdb.damaged",
    "log.duckdb.damaged-2",
    "log.duckdb.damaged.wal",
    "log.duckdb.locks",
    "log.duckdb.locks/a-1.lock",
    "log.duckdb.artifacts/a-1/trial-3/model.safetensors",
]
OTHERS = ["log.csv", "log.duckdb.csv", "other.duckdb", "other.duckdb.wal", "log.duckdb.d/log.duckdb", "log.duckdb2"]


@pytest.mark.parametrize("name", BELONGS)
def test_what_belongs_to_a_log(tmp_path, monkeypatch, name):
    """By every way to it, whether it is there or not."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "real")
    assert belongs_to("log.duckdb", tmp_path / "link" / ".." / "real" / name)
    path = tmp_path / "real" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.touch()
    (tmp_path / "other").symlink_to(path)
    assert belongs_to(tmp_path / "link" / "log.duckdb", tmp_path / "other")


def test_a_folder_whose_name_is_not_utf_8_holds_no_log(tmp_path):
    """DuckDB could not open it."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path / "caf") + b"\xe9"))
    folder.mkdir()
    with pytest.raises(
        NotALog, match=r"caf\\udce9/a\.duckdb has a name that is not UTF-8.*; name another one with --log"
    ):
        resolve_log(folder / "a.duckdb", "create")


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_that_no_file_has_is_no_log(name):
    with pytest.raises(NotALog, match=r"^a\\(x00|ud800)b leads to no file .*; name another one with --log"):
        resolve_log(Path(name), "create")


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_not(tmp_path, name):
    """A name that only begins alike is a person's own."""
    assert not belongs_to(tmp_path / "log.duckdb", tmp_path / name)


def test_a_second_name_of_the_same_file(tmp_path):
    """A hard link is the log as well."""
    (tmp_path / "log.duckdb").touch()
    os.link(tmp_path / "log.duckdb", tmp_path / "result.csv")
    assert belongs_to(tmp_path / "log.duckdb", tmp_path / "result.csv")


def test_a_name_that_leads_nowhere(tmp_path):
    """A link to itself is no file of the log, and no traceback."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert not belongs_to(tmp_path / "log.duckdb", tmp_path / "loop")
    assert not belongs_to(tmp_path / "log.duckdb", "~nosuchuser/x")


def test_names_begin_with_the_log_s(tmp_path):
    """So that whoever copies a log takes along what belongs to it."""
    assert locate_sidecar(tmp_path / "log.duckdb", "journal") == tmp_path / "log.duckdb.journal"
