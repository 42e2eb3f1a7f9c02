"""Lines of a journal that nobody vouches for: what one holds is checked before it is believed."""

import base64
import json
import math
import tracemalloc
import zlib

import pytest

from archwright.store import journal_entry
from archwright.store.chain import chain_events, hash_row
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import JournalIsDamaged, LogIsDamaged
from archwright.store.journal import append_entry, read_entries, write_journal
from archwright.store.journal_entry import UNPACKED_BYTES
from archwright.store.log import START, EventRow
from archwright.store.verify import verify_log
from tests.store.strategies import make_run_events, make_run_started, make_trial_events

HEADER = '{"archwright journal":1}\n'


def crafted(rows, **changed):
    """A line that says `rows`, with the hashes that they have: what a stranger can write."""
    chain = ""
    for seq, row in enumerate(rows, start=1):
        chain = hash_row(chain, "a-1", EventRow(seq, *row, ""))
    time, kind, number, payload = map(list, zip(*rows, strict=True))
    part = {"run": "a-1", "after": [0, ""], "time": time, "kind": kind, "trial": number, "payload": payload}
    line = {"events": len(rows), "heads": [["a-1", len(rows), chain]], "parts": [part | {"chain": chain}]}
    return json.dumps(line | changed)


def as_rows(*rows):
    """A line that says rows one by one, with whatever is said to be their hashes."""
    heads = [["a-1", rows[-1][0], rows[-1][-1]]] if rows else [["a-1", 0, ""]]
    return json.dumps({"events": 1, "heads": heads, "parts": [{"run": "a-1", "after": [0, ""], "rows": rows}]})


def packed(text, **changed):
    """A line that says a text, packed."""
    content = base64.b64encode(zlib.compress(text)).decode()
    return json.dumps({"events": 1, "heads": [["a-1", 1, "0" * 32]], "packed": content} | changed)


ROW = (0.5, "RunStarted", None, "{}")
HASH = "0" * 32
STRANGE = {
    "a time that is text": crafted([("0.5", *ROW[1:])]),
    "a time that is whole": crafted([(1, *ROW[1:])]),
    "a time that is none": crafted([(math.nan, *ROW[1:])]),
    "a kind that is none": crafted([(0.5, None, None, "{}")]),
    "a trial that is text": crafted([(0.5, "Proposed", "0", "{}")]),
    "a trial that is no whole number": crafted([(0.5, "Proposed", 0.5, "{}")]),
    "a trial beyond 64 bits": crafted([(0.5, "Proposed", 2**63, "{}")]),
    "a trial that is true": crafted([(0.5, "Proposed", True, "{}")]),
    "a payload that is JSON itself": crafted([(0.5, "RunStarted", None, {})]),
    "a payload that is no JSON": crafted([(0.5, "RunStarted", None, "nonsense")]),
    "a payload that ends in a NUL": crafted([(0.5, "RunStarted", None, "{}\0")]),
    "a number beyond 64 bits": as_rows([2**63, *ROW, HASH]),
    "a number that is text": as_rows(["1", *ROW, HASH]),
    "a hash that is none": as_rows([1, *ROW, "not a hash"]),
    "half of a character": as_rows([1, 0.5, "\ud800", None, "{}", HASH]),
    "a row of too few": as_rows([1, *ROW]),
    "rows of different lengths": as_rows([1, *ROW, HASH], [2, *ROW]),
    "no rows": as_rows(),
    "no heads": crafted([ROW], heads=[]),
    "other heads": crafted([ROW], heads=[["b-1", 1, HASH]]),
    "a head that is text": crafted([ROW], heads=["a-1"]),
    "a run that is none": crafted([ROW], heads=[[None, 1, HASH]]),
    "a run that is a list": crafted([ROW], heads=[[[], 1, HASH]]),
    "a count that is text": crafted([ROW], events="1"),
    "a count beyond 64 bits": crafted([ROW], events=10**30),
    "parts that are none": crafted([ROW], parts=None),
    "a part that is a number": crafted([ROW], parts=[1]),
    "a list": "[]",
    "deep lists": "[" * 100_000,
    "deep lists that are packed": packed(b"[" * 100_000),
    "nothing packed": packed(b""),
    "a number in place of what is packed": packed(b"", packed=1),
    "what is cut": packed(b"", packed=base64.b64encode(zlib.compress(b"[]" * 100)[:-5]).decode()),
    "what is not packed": packed(b"", packed="####"),
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.duckdb.journal"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A log of one event."""
    log = DuckDBLog(tmp_path_factory.mktemp("whole") / "log.duckdb")
    log.append("a-1", [make_run_started()], START, [0.5])
    return log.path.read_bytes()


def appended(path):
    """What the journal says was appended."""
    return [entry.unpack() for entry in read_entries(path)]


@pytest.mark.parametrize("strange", STRANGE)
def test_a_line_that_a_stranger_has_written_is_damage_and_no_traceback(path, strange):
    """Whoever makes a log anew from it is told so, and nothing is left."""
    path.write_text(f"{HEADER}{STRANGE[strange]}\n")
    log = DuckDBLog(path.with_suffix(""))
    with pytest.raises(JournalIsDamaged, match=rf"gone, and cannot be made anew: {path} is damaged: .*; put a backup"):
        log.runs()
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("strange", STRANGE)
def test_a_log_beside_such_a_journal_can_be_looked_at(path, whole, strange):
    """One who writes is told what to do."""
    log = DuckDBLog(path.with_suffix(""))
    log.path.write_bytes(whole)
    path.write_text(f"{HEADER}{STRANGE[strange]}\n")
    assert log.runs() == ["a-1"]
    assert len(log.read("a-1")) == 1
    (verdict,) = verify_log(log.path)
    assert verdict.journal == "damaged" or "its journal log.duckdb.journal has other events" in verdict.broken.reason
    with pytest.raises(LogIsDamaged, match=r"journal .*: .*move"):
        log.append("b-1", [make_run_started()], START)


def test_a_short_line_does_not_become_a_long_one(path):
    """A bomb: a third of a megabyte that would become 250, and is not let."""
    path.write_text(HEADER + packed(b"[" + b" " * 250_000_000 + b"]") + "\n")
    assert path.stat().st_size < 400_000
    tracemalloc.start()
    with pytest.raises(JournalIsDamaged, match="its line that ends with event 1 is not what was written"):
        appended(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * UNPACKED_BYTES


def test_what_is_too_long_to_be_packed_is_read_again(path, monkeypatch):
    """No append is refused for its length: it stands there as it is."""
    write_journal(path, [])
    monkeypatch.setattr(journal_entry, "UNPACKED_BYTES", 10_000)
    first = chain_events("a-1", make_run_events(3), [0.5] * 17, START)
    second = chain_events("a-1", make_trial_events(0) * 20, [0.5] * 100, first.position)
    for part in (first, second):
        append_entry(path, [part])
    _, short, long = map(json.loads, path.read_text().splitlines())
    assert ("packed" in short, "packed" in long) == (True, False)
    assert appended(path) == [[first], [second]]
