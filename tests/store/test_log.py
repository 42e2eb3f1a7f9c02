"""Both backends keep the contract of the log, and agree about everything."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from archwright.store import database
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogConflict
from archwright.store.log import START, EventLog, Position
from tests.contracts.log_contract import LogContract
from tests.store.memory_log import MemoryLog
from tests.store.strategies import events, make_run_started


class TestMemoryLog(LogContract):
    """A log in memory."""

    @pytest.fixture
    def log(self) -> EventLog:
        return MemoryLog()


class TestDuckDBLog(LogContract):
    """A log in a file that does not exist yet."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> EventLog:
        return DuckDBLog(tmp_path / "log.duckdb")


class TwoLogs(RuleBasedStateMachine):
    """The log in memory is the model of the one on disk: the same appends, the same reads, the same refusals."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.memory, self.time = MemoryLog(), 0.0
        self.reopen()

    @initialize()
    def begin(self) -> None:
        self.positions: dict[str, list[Position]] = {"a-1": [START], "b-1": [START]}
        self.both("a-1", [make_run_started()], START)

    @rule()
    def reopen(self) -> None:
        database._get_engine.cache_clear()
        self.disk = DuckDBLog(Path(self.folder.name) / "log.duckdb")

    @rule(run=st.sampled_from(["a-1", "b-1"]), batch=st.lists(events, max_size=4))
    def go_on(self, run, batch) -> None:
        self.both(run, batch, self.positions[run][-1])

    @rule(run=st.sampled_from(["a-1", "b-1"]), batch=st.lists(events, min_size=1, max_size=2), data=st.data())
    def go_on_from_anywhere(self, run, batch, data) -> None:
        self.both(run, batch, data.draw(st.sampled_from(self.positions[run])))

    @precondition(lambda self: len(self.memory.read("a-1")) > 1)
    @rule(data=st.data())
    def append_again(self, data) -> None:
        known = self.memory.read("a-1")
        first = data.draw(st.integers(1, len(known) - 1))
        last = data.draw(st.integers(first, len(known) - 1))
        batch = [recorded.event for recorded in known[first : last + 1]]
        assert self.both("a-1", batch, known[first - 1].position) == known[last].position

    @rule(run=st.sampled_from(["a-1", "b-1"]), after=st.integers(0, 9), upto=st.none() | st.integers(0, 9))
    def read_a_part(self, run, after, upto) -> None:
        assert self.disk.read(run, after, upto) == self.memory.read(run, after, upto)

    @invariant()
    def the_same_is_read(self) -> None:
        assert self.disk.runs() == self.memory.runs()
        for run in self.positions:
            assert self.disk.read(run) == self.memory.read(run)

    def both(self, run, batch, after):
        self.time += 0.1
        answers = [self.answer(log, run, batch, after) for log in (self.memory, self.disk)]
        assert answers[0] == answers[1]
        if isinstance(answers[0], Position) and answers[0] not in self.positions[run]:
            self.positions[run].append(answers[0])
        return answers[0]

    def answer(self, log, run, batch, after):
        try:
            return log.append(run, batch, after, [self.time] * len(batch))
        except LogConflict as error:
            return str(error).replace(f" --log {self.disk.path}", "").replace(f", log={str(self.disk.path)!r}", "")

    def teardown(self) -> None:
        self.folder.cleanup()


TestTwoLogs = TwoLogs.TestCase
TestTwoLogs.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)
