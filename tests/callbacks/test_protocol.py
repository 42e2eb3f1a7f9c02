"""What a run calls, in what order, and what comes of a callback that fails."""

import warnings

import pytest

from archwright.callbacks import BadCallback, CallbackFailed, FollowedRun, follow_run
from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunResumed, RunStarted, Scored
from tests.callbacks.tracked_search import NAME, TRIALS, run_tracked


class Recorder:
    """Notes all calls; raises `error` in the method `failing`."""

    def __init__(self, failing: str = "", error: BaseException | None = None) -> None:
        self.failing, self.error = failing, error
        self.runs: list[FollowedRun] = []
        self.events: list = []
        self.calls: list[str] = []

    def _note(self, method: str) -> None:
        self.calls.append(method)
        if method == self.failing and self.error is not None:
            raise self.error

    def start(self, run) -> None:
        self.runs.append(run)
        self._note("start")

    def on_event(self, event) -> None:
        self.events.append(event)
        self._note("on_event")

    def stop(self) -> None:
        self._note("stop")


class Half:
    """Has one of the methods."""

    start = print

    def __repr__(self) -> str:
        return "half of one"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.duckdb"


def test_events_follow_the_history_without_a_gap_or_an_overlap(path):
    first, second, function = Recorder(), Recorder(), []
    run_tracked(path, [first, function.append], trials=3)
    run_tracked(path, [second], trials=5)
    assert [recorder.calls[0] + recorder.calls[-1] for recorder in (first, second)] == ["startstop"] * 2
    (new,), (resumed,) = first.runs, second.runs
    assert (new.name, new.log, list(new.history)) == (NAME, path, [])
    assert new.id == resumed.id == DuckDBLog(path).read(NAME)[0].chain
    assert isinstance(first.events[0], RunStarted)
    assert isinstance(second.events[0], RunResumed)
    assert [logged.event for logged in resumed.history] == first.events == function
    assert [*first.events, *second.events] == list(read_run(DuckDBLog(path), NAME).events)


def test_two_resumptions_alike_are_told_apart(path):
    run_tracked(path, [], trials=3)
    for _ in range(2):
        recorder = Recorder()
        run_tracked(path, [recorder], trials=3)
        history = [logged.event for logged in recorder.runs[0].history]
        assert [*history, *recorder.events] == list(read_run(DuckDBLog(path), NAME).events)


@pytest.mark.parametrize("method", ["start", "on_event", "stop"])
def test_a_callback_that_fails_is_named_once_and_switched_off(path, method):
    bad, good = Recorder(method, RuntimeError("no\nserver")), Recorder()
    with pytest.warns(CallbackFailed, match=r"the callback Recorder raised RuntimeError: no\\nserver; .*") as caught:
        run_tracked(path, [bad, good])
    assert len(caught) == 1
    assert bad.calls.count(method) == 1
    assert bad.calls[-1] == method
    assert good.calls[-1] == "stop"
    assert sum(isinstance(event, Scored) for event in good.events) == TRIALS


def test_a_function_that_fails_is_named(path):
    def send_mail(_event) -> None:
        raise OSError("no route")

    with pytest.warns(CallbackFailed, match="the callback send_mail raised OSError: no route"):
        run_tracked(path, [send_mail])
    assert read_run(DuckDBLog(path), NAME).state.score_count == TRIALS


def test_a_callback_without_a_name_is_shown_on_one_line(path):
    """Whatever is written in it, a terminal can show it."""

    class Titled:
        def __call__(self, _event) -> None:
            raise OSError("no \ud800 route")

        def __repr__(self) -> str:
            return "Titled('a\ud800\n')"

    with pytest.warns(CallbackFailed, match=r"the callback Titled\('a\\ud800\\n'\) raised OSError: no \\ud800 route;"):
        run_tracked(path, [Titled()])


def test_an_interrupt_passes_and_all_are_stopped(path):
    interrupted, other = Recorder("on_event", KeyboardInterrupt()), Recorder()
    with pytest.raises(KeyboardInterrupt):
        run_tracked(path, [interrupted, other])
    assert interrupted.calls == ["start", "on_event", "stop"]
    assert other.calls == ["start", "stop"]


def test_a_log_that_cannot_be_read_stops_the_callbacks_alone(tmp_path):
    class Unreadable:
        path = tmp_path

        def read(self, run):
            raise OSError("gone")

    recorder, seen = Recorder(), []
    started = RunResumed(1, {})
    with follow_run([recorder, seen.append], Unreadable(), "a") as follower:
        with pytest.warns(CallbackFailed, match="gone"):
            follower.begin(1)
        follower.on_event(started)
    assert recorder.calls == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "a callback is 3; a callback is a function of an event, or an object with start, on_event, stop"),
        (Recorder, r"a callback is a class; give an instance of it, Recorder\(...\)"),
        (Half(), "a callback is half of one; a callback is"),
    ],
)
def test_what_is_no_callback_is_refused_before_the_run(path, value, message):
    with pytest.raises(BadCallback, match=message):
        run_tracked(path, [value])
    assert not path.exists()


def test_the_history_ends_where_this_process_began(path):
    """As the writer says it: processes that die at once leave the same event several times."""
    run_tracked(path, [])
    log = DuckDBLog(path)
    for _ in range(2):
        log.append(NAME, [RunResumed(TRIALS, {})], read_run(log, NAME).position)
    before = len(read_run(log, NAME).events)
    recorder = Recorder()
    run_tracked(path, [recorder], TRIALS + 1)
    assert [logged.seq for logged in recorder.runs[0].history] == [*range(1, before + 1)]


def test_nothing_is_called_where_nothing_is_logged(path):
    recorder = Recorder()
    with warnings.catch_warnings(), follow_run([recorder], DuckDBLog(path), NAME):
        pass
    assert recorder.calls == []
