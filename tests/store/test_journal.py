"""The journal's lines: what they hold, how they end, and what is not one."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archwright.store.chain import chain_events
from archwright.store.errors import JournalIsDamaged, LogIsFull, LogIsNewer
from archwright.store.journal import append_entry, close_entry, is_journal, read_entries, read_tail, write_journal
from archwright.store.log import START, EventBatch, EventRow, Position
from tests.goldens.make_log import FOLDER
from tests.store.strategies import events, make_run_events, make_run_started, make_trial_events

GOLDEN = FOLDER / "journal-form-1.jsonl"


def appended(path):
    """What the journal says was appended."""
    return [entry.unpack() for entry in read_entries(path)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log.duckdb.journal"
    write_journal(path, [])
    return path


@settings(max_examples=40, deadline=None)
@given(
    batches=st.lists(st.lists(events, min_size=1, max_size=3), max_size=5),
    times=st.floats(allow_nan=False, allow_infinity=False),
    closed=st.booleans(),
)
def test_what_is_appended_is_read(batches, times, closed):
    """Row by row, numbers, hashes and times to the last bit; the end is known without reading what is before."""
    with TemporaryDirectory() as folder:
        path, known, positions = Path(folder) / "journal", [], {"a-1": START, "b-1": START}
        write_journal(path, [])
        assert read_tail(path).entry is None
        for batch in batches:
            parts = [chain_events(run, batch, [times] * len(batch), positions[run]) for run in positions]
            append_entry(path, parts)
            if closed:
                close_entry(path)
            known.append(parts)
            positions = {part.run: part.position for part in parts}
            end = read_tail(path)
            assert [*end.entry.heads.items()] == [*positions.items()]
            assert end.events == sum(len(part.rows) for parts in known for part in parts)
            assert end.is_open is not closed
        assert appended(path) == known


def test_long_appends_are_packed_and_short_ones_can_be_read_by_people(path):
    append_entry(path, [chain_events("a-1", [make_run_started()], [0.0], START)])
    append_entry(path, [chain_events("b-1", make_run_events(500), [0.0] * 2502, START)])
    _, short, long = path.read_text().splitlines()
    assert '\\"searcher\\":{\\"name\\":\\"random\\"}' in short
    assert "searcher" not in long
    assert len(long) / 2502 < 40, "bytes an event"


@pytest.mark.parametrize("size", [10, 10_000])
def test_the_last_line_is_found_however_long_it_is(path, size):
    """Behind lines of any length."""
    first = chain_events("a-1", make_run_events(size), [0.5 + i / 7 for i in range(5 * size + 2)], START)
    append_entry(path, [first])
    close_entry(path)
    assert read_tail(path).entry.heads == {"a-1": first.position}
    second = chain_events("a-1", make_trial_events(0), [1.0] * 5, first.position)
    append_entry(path, [second])
    assert read_tail(path).entry.heads == {"a-1": second.position}


def test_a_torn_line_is_dropped_wherever_it_was_cut(path):
    """The next append stands in its place."""
    first, second = (
        chain_events("a-1", [make_run_started()], [0.0], START),
        chain_events("b-1", [make_run_started()], [0.0], START),
    )
    append_entry(path, [first])
    close_entry(path)
    whole = path.read_bytes()
    append_entry(path, [second])
    torn = path.read_bytes()
    for length in range(len(whole), len(torn)):
        path.write_bytes(torn[:length])
        assert read_tail(path).entry.heads == {"a-1": first.position}
        assert not read_tail(path).is_open
        assert appended(path) == [[first]]
    append_entry(path, [second])
    assert path.read_bytes() == torn
    assert appended(path) == [[first], [second]]


def test_rows_that_do_not_follow_are_kept_as_they_are(tmp_path):
    """A journal that is begun for a log that somebody has changed says what that says."""
    rows = [EventRow(5, 0.5, "Reported", 0, "{}", "0" * 32), EventRow(-3, 0.25, "x", None, "é\n", "1" * 32)]
    part = EventBatch("a-1", Position(2, "f" * 32), rows)
    write_journal(tmp_path / "journal", [[part]])
    assert appended(tmp_path / "journal") == [[part]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"events":', '"event":'),
        ("RunStarted", "RunStopped"),
        ("[0,", "[1,"),
        ('"time":[0.0', '"time":[0.5'),
        ('"chain":"', '"chain":"0'),
    ],
)
def test_a_changed_line_is_damage(path, old, new):
    """Of the line, or of its hashes."""
    append_entry(path, [chain_events("a-1", [make_run_started()], [0.0], START)])
    close_entry(path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(JournalIsDamaged, match=rf"{path} is damaged: .*; move it away"):
        appended(path)


@pytest.mark.parametrize(
    "header", ["", "{}\n", "nonsense\n", '{"archwright journal": 1}', '{"archwright journal": 2}\n']
)
def test_another_header(tmp_path, header):
    """A file that is no journal is damaged, and one of a later form is refused by its number."""
    path = tmp_path / "journal"
    path.write_text(header)
    error = LogIsNewer if "2" in header else JournalIsDamaged
    for look in (read_tail, appended):
        with pytest.raises(error):
            look(path)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_no_journal(tmp_path, make):
    """It is named, and not waited for."""
    path = tmp_path / "log.duckdb.journal"
    make(path)
    for use in (read_tail, appended):
        with pytest.raises(JournalIsDamaged, match="journal is damaged: it is no file; move it away"):
            use(path)
    assert not is_journal(path)


@pytest.mark.parametrize("lines", [0, 1, 2])
@pytest.mark.parametrize("closed", [False, True])
def test_a_disk_that_is_full_leaves_the_journal_as_it_was(path, monkeypatch, lines, closed):
    """Also if a part of the line had found room: what is ended, as it was acknowledged, stays so."""
    for run in ("a-1", "c-1")[:lines]:
        append_entry(path, [chain_events(run, [make_run_started()], [0.0], START)])
    if closed and lines:
        close_entry(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LogIsFull, match="the disk is full"):
        append_entry(path, [chain_events("b-1", [make_run_started()], [0.0], START)])
    assert path.read_bytes() == before
    assert read_tail(path).acknowledged == (lines if closed else max(lines - 1, 0))


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_no_journal(path, there):
    """Of a stranger's log it may lead into one's own, which would be appended to."""
    link = path.with_name("other.duckdb.journal")
    if not there:
        path.unlink()
    link.symlink_to(path)
    before = path.read_bytes() if there else None
    part = chain_events("a-1", [make_run_started()], [0.0], START)
    for use in (read_tail, appended, lambda path: append_entry(path, [part])):
        with pytest.raises(
            JournalIsDamaged, match=r"journal is damaged: it is a link, which may lead to .*; move it away"
        ):
            use(link)
    assert not is_journal(link)
    assert (path.read_bytes() if there else None) == before


def test_the_form_is_the_one_that_it_always_was():
    """A journal that was written once is read for ever; this one has a plain line, a packed one and one as it is."""
    assert [json.loads(line).keys() for line in GOLDEN.read_text().splitlines()[1:]] == [
        {"events", "heads", "parts"},
        {"events", "heads", "packed"},
        {"events", "heads", "parts"},
    ]
    assert appended(GOLDEN) == golden()


def golden():
    """What the golden journal holds."""
    first = chain_events("toy-1", [make_run_started(), *make_trial_events(0)[:1]], [0.5, 1.25], START)
    second = chain_events("toy-1", make_trial_events(0)[1:], [2.0] * 4, first.position)
    third = chain_events("toy-2", make_run_events(10), [i / 3 for i in range(52)], START)
    return [
        [first],
        [second, third],
        [EventBatch("toy-3", START, [EventRow(2, 0.5, "RunStopped", None, "{}", "0" * 32)])],
    ]


if __name__ == "__main__":  # makes the golden
    write_journal(GOLDEN, golden())
