"""Where the log is torn or gone and its journal damaged, what the hashes prove comes back, if a person says so."""

import logging
import stat

import duckdb
import pytest

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import JournalIsDamaged, LogIsDamaged, LogIsLost
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.paths import locate_sidecar
from archwright.store.rescue import DamageReport, assess_journal
from archwright.store.verify import verify_log
from tests.store.strategies import make_run_events, make_run_started

BEFORE = {"a-1": 12, "b-1": 7, "c-1": 7}


@pytest.fixture
def log(tmp_path):
    """A log with the run a-1 of 12 events in four appends, the lines 2, 3, 5 and 6, and b-1 and c-1, lines 4 and 7."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    history, position = make_run_events(2), START
    for first in range(0, 12, 3):
        position = log.append("a-1", history[first : first + 3], position)
        if first == 3:
            log.append("b-1", make_run_events(1), START)
    log.append("c-1", make_run_events(1), START)
    return log


def harm(log, changed):
    """Put other lines in the place of the journal's, by their numbers; None takes one out."""
    lines = dict(enumerate(locate_journal(log.path).read_bytes().splitlines(keepends=True), start=1)) | changed
    locate_journal(log.path).write_bytes(b"".join(line for line in lines.values() if line is not None))


def cut(log):
    log.path.write_bytes(log.path.read_bytes()[:300_000])


def overwrite(log):
    log.path.write_bytes(b"\0" * 20_000)


def remove(log):
    log.path.unlink()


DAMAGES = {
    "first of a run": ({2: b"x\n"}, {"b-1": 7, "c-1": 7}, [2], 9),
    "in a run": ({3: b"x\n"}, {"a-1": 3, "b-1": 7, "c-1": 7}, [3], 6),
    "a whole run": ({4: b"\0" * 900 + b"\n"}, {"a-1": 12, "c-1": 7}, [4], 0),
    "last of a run": ({6: b"{}\n"}, {"a-1": 9, "b-1": 7, "c-1": 7}, [6], 0),
    "the last": ({7: b"x\n"}, {"a-1": 12, "b-1": 7}, [7], 0),
    "several": ({5: b"x\n", 7: b"\n"}, {"a-1": 6, "b-1": 7}, [5, 7], 3),
    "the header": ({1: b"x\n"}, BEFORE, [1], 0),
    "also taken out": ({3: None, 7: b"x\n"}, {"a-1": 3, "b-1": 7}, [6], 6),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_can_be_believed_of_a_journal(log, damage):
    changed, left, unread, orphans = DAMAGES[damage]
    harm(log, changed)
    assert assess_journal(locate_journal(log.path)) == DamageReport(sum(left.values()), orphans, unread)


def test_all_of_a_whole_journal_is_believed(log):
    """Also where a kill has torn its last line."""
    with locate_journal(log.path).open("ab") as file:
        file.write(b'{"events":27,"hea')
    found = assess_journal(locate_journal(log.path))
    assert found == DamageReport(26, 0, [])
    assert not found.is_partial


def test_an_event_that_was_changed_proves_nothing_and_neither_does_what_goes_on_from_it(log):
    line = locate_journal(log.path).read_bytes().splitlines(keepends=True)[2]
    harm(log, {3: line.replace(b"0.5", b"0.6")})
    assert assess_journal(locate_journal(log.path)) == DamageReport(17, 6, [3])


@pytest.mark.parametrize(
    ("damage", "lose"), [(each, [cut, overwrite, remove][n % 3]) for n, each in enumerate(DAMAGES)]
)
def test_what_is_whole_comes_back_once_a_person_says_so(log, damage, lose, caplog):
    """Before that nothing is touched, and the error says how; after it nothing is gone from the folder."""
    changed, left, unread, orphans = DAMAGES[damage]
    before = {run: log.read(run) for run in BEFORE}
    harm(log, changed)
    lose(log)
    there = {path.name: path.read_bytes() for path in log.path.parent.iterdir()}
    events = sum(left.values())
    which = rf"cannot be read \(the first is line {unread[0]}\)"
    lost = rf"{len(unread)} of the journal's lines {which}, and {orphans} events in others prove nothing"
    says = (
        rf"{log.path}.* cannot be made anew: .*journal is damaged: .* archwright verify --rescue --log {log.path} "
        rf"\(aw\.Log\('{log.path}'\)\.verify\(rescue=True\) in Python\) "
        rf"makes it anew with the {events} events that the journal's hashes prove, and keeps both files .*: {lost}"
    )
    for use in (
        log.runs,
        lambda: log.append("d-1", [make_run_started()], log.read("b-1")[-1].position),
        lambda: verify_log(log.path),
    ):
        with pytest.raises(LogIsLost, match=says):
            use()
    assert {path.name: path.read_bytes() for path in log.path.parent.iterdir()} == there
    with caplog.at_level(logging.WARNING, "archwright.store"):
        verdicts = verify_log(log.path, rescuing=True)
    kept = locate_sidecar(log.path, "damaged")
    kept_journal = kept.with_name(f"{kept.name}.journal")
    caplog_says = [record.getMessage() for record in caplog.records]
    assert len(caplog_says) == 2
    assert f"with the {events} events that its hashes prove" in caplog_says[0]
    assert caplog_says[0].endswith(f"What was there is now {kept_journal}")
    assert {verdict.run: (verdict.events, verdict.broken, verdict.journal) for verdict in verdicts} == {
        run: (count, None, "held") for run, count in left.items()
    }
    assert {run: log.read(run) for run in log.runs()} == {run: before[run][:count] for run, count in left.items()}
    assert kept_journal.read_bytes() == there[locate_journal(log.path).name]
    assert lose is remove or kept.read_bytes() == there[log.path.name]
    remove(log)
    assert {run: len(log.read(run)) for run in log.runs()} == left, "the journal that was begun anew has them"


@pytest.mark.parametrize(("rescuing", "left", "broken"), [(False, 9, 7), (True, 3, None)])
def test_a_line_that_is_gone_leaves_a_run_that_is_broken_or_what_is_before_in_it(log, rescuing, left, broken):
    """No line says what is lost: without a rescue all the others come back, and the run is known to be broken."""
    harm(log, {3: None})
    assert assess_journal(locate_journal(log.path)) == DamageReport(17, 6, [])
    remove(log)
    verdicts = verify_log(log.path, rescuing=rescuing)
    assert [(verdict.events, verdict.broken and verdict.broken.seq) for verdict in verdicts] == [
        (left, broken), (7, None), (7, None)
    ]  # fmt: skip


def test_what_was_rescued_can_be_gone_on_with(log):
    harm(log, {3: b"x\n"})
    cut(log)
    verify_log(log.path, rescuing=True)
    assert log.append("a-1", make_run_events(2)[3:], log.read("a-1")[-1].position).seq == 12
    assert [(verdict.events, verdict.journal) for verdict in verify_log(log.path)] == [
        (12, "held"),
        (7, "held"),
        (7, "held"),
    ]


@pytest.mark.parametrize("lose", [cut, remove])
def test_a_journal_of_which_nothing_is_whole_is_left_as_it_is(log, lose):
    harm(log, dict.fromkeys(range(1, 8), b"x\n"))
    lose(log)
    there = {path.name: path.read_bytes() for path in log.path.parent.iterdir()}
    for rescuing in (False, True):
        with pytest.raises(LogIsDamaged, match="put a backup") as raised:
            verify_log(log.path, rescuing=rescuing)
        assert "--rescue" not in str(raised.value)
        assert {path.name: path.read_bytes() for path in log.path.parent.iterdir()} == there


@pytest.mark.parametrize("rescuing", [False, True])
def test_a_log_that_is_whole_needs_no_rescue(log, rescuing):
    """It goes on; and of one that is torn beside a whole journal nothing is lost."""
    whole = locate_journal(log.path).read_bytes()
    harm(log, {3: b"x\n"})
    there = {path.name: path.read_bytes() for path in log.path.parent.iterdir()}
    assert [(verdict.events, verdict.journal) for verdict in verify_log(log.path, rescuing=rescuing)] == [
        (12, "damaged"), (7, "damaged"), (7, "damaged")
    ]  # fmt: skip
    assert {path.name: path.read_bytes() for path in log.path.parent.iterdir()} == there
    locate_journal(log.path).write_bytes(whole)
    cut(log)
    assert {verdict.run: verdict.events for verdict in verify_log(log.path, rescuing=rescuing)} == BEFORE
    assert locate_journal(log.path).read_bytes() == whole


@pytest.mark.parametrize("mode", [0o600, 0o660])
@pytest.mark.parametrize("lose", [cut, remove])
def test_what_is_rescued_is_as_open_to_others_as_it_was(log, lose, mode):
    log.path.chmod(mode)
    locate_journal(log.path).chmod(mode)
    harm(log, {3: b"x\n"})
    lose(log)
    verify_log(log.path, rescuing=True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in log.path.parent.glob("log.*")} == {mode}


def test_a_log_without_events_that_can_be_read_is_moved_away_to_be_rescued(log):
    """What holds no run may never have held one: the error says what to do, and that helps."""
    with duckdb.connect(log.path) as database:
        database.execute("DELETE FROM events")
    harm(log, {2: b"x\n"})
    for rescuing in (False, True):
        with pytest.raises(
            JournalIsDamaged, match=r"holds no run.* is not known: .*; move the log away, and archwright v"
        ):
            verify_log(log.path, rescuing=rescuing)
    log.path.rename(log.path.with_name("moved away"))
    assert [verdict.events for verdict in verify_log(log.path, rescuing=True)] == [7, 7]
