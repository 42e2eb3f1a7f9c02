"""What is not a log, or not one of ours to read, and what is said of it."""

import os
import signal
import sqlite3
import subprocess
import threading
from pathlib import Path

import duckdb
import pytest

from archwright.core.errors import ArchwrightError
from archwright.store import schema
from archwright.store.claim import claim
from archwright.store.database import attach
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import (
    LogConflict,
    LogFailed,
    LogIsDamaged,
    LogIsFolder,
    LogIsNewer,
    LogMissing,
    LogUnwritable,
    NotALog,
    explain_failure,
)
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.schema import MIGRATIONS, read_schema_version
from archwright.store.verify import verify_log
from tests.store.strategies import make_run_events, make_run_started, make_trial_events


def uses(path):
    """Everything that can be done with a log."""
    log = DuckDBLog(path)
    return [
        lambda: log.append("a-1", [make_run_started()], START),
        lambda: log.read("a-1"),
        log.runs,
        lambda: query(path, "SELECT * FROM runs"),
        lambda: verify_log(path),
    ]


def refused(path, kind, match):
    """Every use of the file at `path` is refused so, and leaves it as it is."""
    before = path.read_bytes() if path.is_file() else None
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else None
    for use in uses(path):
        with pytest.raises(kind, match=match) as caught:
            use()
        assert isinstance(caught.value, ArchwrightError)
        assert str(path) in str(caught.value)
    assert before is None or path.read_bytes() == before
    assert beside is None or sorted(path.parent.iterdir()) == beside


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 5000, b"run,trial\n" * 2000])
def test_a_file_that_duckdb_does_not_know(tmp_path, content):
    """A text, an empty file and the like are refused and not overwritten."""
    path = tmp_path / "log.duckdb"
    path.write_bytes(content)
    refused(path, NotALog, "is not a DuckDB file; name another")


def test_a_file_of_another_database(tmp_path):
    """An SQLite file is refused, too; nothing is downloaded in order to read it."""
    path = tmp_path / "log.duckdb"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE events (run)")
    other.close()
    refused(path, NotALog, "is not a DuckDB file")


def test_somebody_else_s_duckdb_file(tmp_path):
    """A DuckDB file without our record is refused, even if it has a table of events."""
    path = tmp_path / "log.duckdb"
    with duckdb.connect(path) as other:
        other.execute("CREATE TABLE events (run VARCHAR, seq BIGINT)")
    refused(path, ValueError, "somebody else's DuckDB file; name another")


def test_a_folder(tmp_path):
    """A folder is refused with a file's name in it as the remedy."""
    (tmp_path / "log").mkdir()
    refused(tmp_path / "log", IsADirectoryError, "is a folder; name a file in it, as in --log .*archwright.duckdb")
    with pytest.raises(LogIsFolder), claim(tmp_path, "a-1"):
        pass


def test_a_log_that_is_not_there(tmp_path):
    """Readers do not make a log: they say that there is none."""
    path = tmp_path / "log.duckdb"
    for use in uses(path)[1:]:
        with pytest.raises(FileNotFoundError, match=f"there is no log {path}; archwright search starts one"):
            use()
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_was_removed_or_replaced(tmp_path):
    """A run that has begun is not gone on with in an empty log, or in another one."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    position = log.append("a-1", [make_run_started()], START)
    log.path.unlink()
    locate_journal(log.path).unlink()
    with pytest.raises(LogMissing):
        log.append("a-1", make_trial_events(0), position)
    log.append("b-1", [make_run_started()], START)
    with pytest.raises(LogConflict, match="or another file is in the log's place"):
        log.append("a-1", make_trial_events(0), position)
    assert log.runs() == ["b-1"]


def test_a_folder_that_is_not_there(tmp_path):
    """A log in a missing folder is refused, with the command that makes the folder."""
    with pytest.raises(LogMissing, match=f"mkdir -p {tmp_path / 'no'}"):
        DuckDBLog(tmp_path / "no" / "log.duckdb").append("a-1", [make_run_started()], START)


def test_links_and_relative_paths_lead_to_one_log(tmp_path, monkeypatch):
    """A log is the same log by every name, quotes and spaces in it included."""
    folder = tmp_path / "it's here"
    folder.mkdir()
    log = DuckDBLog(folder / "my log.duckdb")
    log.append("a-1", [make_run_started()], START)
    (tmp_path / "link").symlink_to(log.path)
    monkeypatch.chdir(folder)
    assert DuckDBLog("my log.duckdb").runs() == DuckDBLog(tmp_path / "link").runs() == ["a-1"]
    assert query(tmp_path / "link", "SELECT run FROM runs").rows == [("a-1",)]


def test_ctrl_c_while_the_log_is_read_is_a_keyboard_interrupt(tmp_path):
    """DuckDB tells it as a RuntimeError."""
    path = tmp_path / "log.duckdb"
    DuckDBLog(path).append("a-1", [make_run_started()], START)
    soon = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
    soon.start()
    with pytest.raises(KeyboardInterrupt), attach(path) as database:
        database.execute("SELECT sum(a.range * b.range) FROM range(9000000) a, range(9000000) b").fetchall()
    assert DuckDBLog(path).runs() == ["a-1"]


def test_a_later_schema_is_refused_by_number(tmp_path):
    """A log of a later archwright is left alone; both numbers and the remedy are said."""
    path = tmp_path / "log.duckdb"
    DuckDBLog(path).append("a-1", [make_run_started()], START)
    with attach(path, "write") as database:
        database.execute("INSERT INTO archwright_migrations VALUES (?, 'later')", [len(MIGRATIONS) + 1])
    numbers = rf"has schema {len(MIGRATIONS) + 1}, and this archwright knows schemas up to {len(MIGRATIONS)}"
    refused(path, LogIsNewer, rf"{numbers}; upgrade .*pip install -U arch")


def test_an_older_schema_is_brought_forward(tmp_path, monkeypatch):
    """A writer applies the migrations that are new; a query needs none, as its views are today's."""
    path = tmp_path / "log.duckdb"
    log = DuckDBLog(path)
    position = log.append("a-1", [make_run_started()], START)

    def m_later(database):
        database.execute("CREATE VIEW later AS SELECT count(*) AS events FROM events")

    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, m_later))
    assert query(path, "SELECT count(*) FROM runs").rows == [(1,)]
    with attach(path) as database:
        assert read_schema_version(database, path) == len(MIGRATIONS)
    log.append("a-1", make_trial_events(0), position)
    with attach(path) as database:
        assert read_schema_version(database, path) == len(MIGRATIONS) + 1
    assert query(path, "SELECT * FROM later").rows == [(6,)]


def test_a_migration_is_all_or_nothing(tmp_path, monkeypatch):
    """If a migration fails, neither it nor its record is there, and the log is as it was."""
    path = tmp_path / "log.duckdb"
    log = DuckDBLog(path)
    position = log.append("a-1", [make_run_started()], START)

    def m_fails(database):
        database.execute("CREATE TABLE half (x INTEGER)")
        database.execute("SELECT nonsense")

    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, m_fails))
    with pytest.raises(LogFailed, match="nonsense"):
        log.append("a-1", make_trial_events(0), position)
    with attach(path) as database:
        assert read_schema_version(database, path) == len(MIGRATIONS)
        assert database.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'").fetchall() == [(0,)]
    assert [r.position for r in log.read("a-1")] == [position]


def test_the_tables_are_in_the_file_before_the_first_event(tmp_path):
    """A log appears whole: without a write-ahead file, and with nothing beside it but its journal."""
    path = tmp_path / "log.duckdb"
    DuckDBLog(path).append("a-1", [make_run_started()], START)
    assert sorted(tmp_path.iterdir()) == [path, locate_journal(path)]
    with duckdb.connect(path, read_only=True) as database:
        migrations = database.execute("SELECT number, name FROM archwright_migrations").fetchall()
        assert migrations == [
            (1, "m001_events"),
            (2, "m002_smaller"),
            (3, "m003_metrics"),
            (4, "m004_ends"),
            (5, "m005_queue"),
            (6, "m006_spaces"),
            (7, "m007_budgets"),
            (8, "m008_inherited"),
            (9, "m009_ladders"),
        ]
        assert database.execute("SELECT count(*) FROM duckdb_indexes()").fetchall() == [(0,)]


@pytest.mark.parametrize("part", [0.0001, 0.01, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_truncated_file_is_damaged(tmp_path, part):
    """A log cut off anywhere is reported by whatever reads its events, where there is no journal to make it from."""
    path = tmp_path / "log.duckdb"
    log = DuckDBLog(path)
    log.append("a-1", make_run_events(2000), START)
    locate_journal(path).unlink()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    for use in (
        lambda: log.read("a-1"),
        lambda: verify_log(path),
        lambda: query(path, "SELECT max(payload) FROM events"),
    ):
        with pytest.raises(LogIsDamaged, match=f"{path} is torn or damaged; put a backup"):
            use()


def test_a_flipped_bit_is_damage(tmp_path):
    """DuckDB's block checksums catch what rots on the disk."""
    path = tmp_path / "log.duckdb"
    DuckDBLog(path).append("a-1", make_run_events(2000), START)
    locate_journal(path).unlink()
    content = bytearray(path.read_bytes())
    for place in range(300_000, len(content), 262_144):
        content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(LogIsDamaged, match="torn or damaged"):
        verify_log(path)


def test_another_log_s_write_ahead_file_is_not_taken_in(tmp_path):
    """A new log beside the write-ahead file of a removed one: refused, and the write-ahead file is kept."""
    path = tmp_path / "log.duckdb"
    DuckDBLog(path).append("a-1", [make_run_started()], START)
    locate_journal(path).unlink()
    writer = duckdb.connect(path)
    writer.execute("SET wal_autocheckpoint = '1TB'")
    writer.execute("INSERT INTO archwright_migrations VALUES (1, 'x')")
    ahead = path.with_name("log.duckdb.wal").read_bytes()
    writer.close()
    path.unlink()
    path.with_name("log.duckdb.wal").write_bytes(ahead)
    with pytest.raises(LogIsDamaged, match="write-ahead file of another log"):
        DuckDBLog(path).append("a-1", [make_run_started()], START)
    assert path.with_name("log.duckdb.wal").read_bytes() == ahead


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system read-only")
def test_a_file_system_that_may_not_be_written(tmp_path):
    """A read-only disk: appends and claims are refused with the remedy, reading works."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    mount = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip(f"mount is impossible here: {mount.stderr.decode()}")
    try:
        position = log.append("a-1", [make_run_started()], START)
        subprocess.run(["mount", "-o", "remount,ro", tmp_path], check=True)
        for append in (
            lambda: log.append("a-1", make_trial_events(0), position),
            lambda: DuckDBLog(tmp_path / "new.duckdb").append("a-1", [make_run_started()], START),
            lambda: claim(log.path, "a-1").__enter__(),
        ):
            with pytest.raises(LogUnwritable, match="give yourself the right"):
                append()
        assert [r.position for r in log.read("a-1")] == [position]
        assert query(log.path, "SELECT count(*) FROM events").rows == [(1,)]
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("IO Error: Cannot open file x: Permission denied", PermissionError),
        ("Trying to read a database file with version number 999, but we can only read", LogIsNewer),
        ("Could not write file x: No space left on device", OSError),
        ("Corrupt database file: computed checksum 1 does not match", LogIsDamaged),
        ("something that nobody has seen", LogFailed),
    ],
)
def test_what_duckdb_says_is_understood(tmp_path, said, kind):
    """Each known complaint has its class; an unknown one keeps DuckDB's words."""
    error = explain_failure(duckdb.IOException(said), tmp_path)
    assert isinstance(error, kind)
    assert str(tmp_path) in str(error)
    assert said in str(error)


@pytest.mark.parametrize("error", [duckdb.IOException, OSError])
def test_where_a_log_lies_says_nothing_of_what_is_wrong_with_it(error):
    """A folder of images with corruptions, say, under which a log that cannot be opened now would be made anew."""
    path = Path("/data/corruptions/No space left/checksums.duckdb")
    said = f'Cannot open file "{path}.wal" in "{path.parent}/x": Too many open files'
    assert type(explain_failure(error(said), path)) is LogFailed
