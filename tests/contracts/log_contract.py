"""What every backend of the log keeps. A subclass provides the fixture `log`, an empty log."""

import pickle

import pytest

from archwright.store.chain import chain_events
from archwright.store.errors import InvalidRunName, LogConflict, LogMissing, UnwritableEvent
from archwright.store.events import Proposed, Reported, Scored
from archwright.store.log import START, EventLog, Position
from tests.store.strategies import EPOCH, make_run_events, make_run_started, make_trial_events


class LogContract:
    """The promises of `EventLog`, one a test."""

    def test_what_was_appended_is_read(self, log: EventLog):
        """Reading gives the events appended, numbered from 1, with their times."""
        events = make_run_events(3)
        log.append("a-1", events, START, [float(i) for i in range(len(events))])
        recorded = log.read("a-1")
        assert [r.event for r in recorded] == events
        assert [r.seq for r in recorded] == list(range(1, len(events) + 1))
        assert [r.time for r in recorded] == [float(i) for i in range(len(events))]

    def test_the_position_is_the_last_event_s(self, log: EventLog):
        """The position returned is the one that the last event read has."""
        position = log.append("a-1", make_run_events(1), START)
        assert position == log.read("a-1")[-1].position

    def test_batches_do_not_show(self, log: EventLog):
        """The chain depends on events and times, not on how they were batched."""
        events = make_run_events(2)
        times = [1.5] * len(events)
        together = log.append("a-1", events, START, times).chain
        position = START
        for event in events:
            position = log.append("b-1", [event], position, [1.5])
        assert position.seq == len(events)
        assert position.chain != together, "the run's name is part of its chain"
        assert [r.event for r in log.read("a-1")] == [r.event for r in log.read("b-1")]

    def test_appending_nothing_changes_nothing(self, log: EventLog):
        """An append of no events returns the position that it was given."""
        position = log.append("a-1", [make_run_started()], START)
        assert log.append("a-1", [], position) == position
        assert len(log.read("a-1")) == 1

    def test_appending_again_is_a_no_op(self, log: EventLog):
        """The same events after the same position: one copy, one position, also once the run went on."""
        first = log.append("a-1", [make_run_started()], START)
        second = log.append("a-1", make_trial_events(0), first)
        third = log.append("a-1", make_trial_events(1), second)
        assert log.append("a-1", make_trial_events(0), first) == second
        assert log.append("a-1", [make_run_started()], START) == first
        assert log.append("a-1", make_trial_events(1), second) == third
        assert len(log.read("a-1")) == 11

    def test_other_events_at_a_position_that_is_taken_are_refused(self, log: EventLog):
        """Of two writers that go on from one position, the second is refused and changes nothing."""
        first = log.append("a-1", [make_run_started()], START)
        log.append("a-1", make_trial_events(0, score=0.5), first)
        with pytest.raises(LogConflict, match="another process has written the run"):
            log.append("a-1", make_trial_events(0, score=0.6), first)
        assert len(log.read("a-1")) == 6

    def test_more_events_than_are_there_are_refused(self, log: EventLog):
        """An append that begins as what is there but goes further is another writer's."""
        first = log.append("a-1", [make_run_started()], START)
        log.append("a-1", make_trial_events(0), first)
        with pytest.raises(LogConflict):
            log.append("a-1", [*make_trial_events(0), *make_trial_events(1)], first)

    @pytest.mark.parametrize("after", [Position(2, "0" * 32), Position(7, "0" * 32), Position(1, "0" * 32)])
    def test_a_position_that_never_was_is_refused(self, log: EventLog, after: Position):
        """A position beyond the end, or with another chain, is refused."""
        log.append("a-1", [make_run_started()], START)
        with pytest.raises(LogConflict):
            log.append("a-1", make_trial_events(0), after)
        assert len(log.read("a-1")) == 1

    def test_a_run_is_started_once(self, log: EventLog):
        """A second start of a run is refused."""
        log.append("a-1", [make_run_started(seed=1)], START)
        with pytest.raises(LogConflict):
            log.append("a-1", [make_run_started(seed=2)], START)

    def test_runs_do_not_meet(self, log: EventLog):
        """Each run has its own numbers and chain, however their appends alternate."""
        a = log.append("a-1", [make_run_started()], START)
        b = log.append("b-1", [make_run_started(seed=2)], START)
        a = log.append("a-1", make_trial_events(0), a)
        b = log.append("b-1", make_trial_events(0, 0.9), b)
        assert [r.event for r in log.read("a-1")] == [make_run_started(), *make_trial_events(0)]
        assert [r.event for r in log.read("b-1")] == [make_run_started(seed=2), *make_trial_events(0, 0.9)]

    def test_several_runs_are_appended_at_once(self, log: EventLog):
        """Each as by itself: begun, gone on with, or there already, whatever the clock says now."""
        old = log.append("old-1", [make_run_started()], START, [1.0])
        there = log.append("there-1", make_run_events(1), START, [1.0] * len(make_run_events(1)))
        parts = [
            chain_events("new-1", make_run_events(2), [2.0] * len(make_run_events(2)), START),
            chain_events("old-1", make_trial_events(0), [2.0] * len(make_trial_events(0)), old),
            chain_events("there-1", make_run_events(1), [2.0] * len(make_run_events(1)), START),
        ]
        positions = log.append_all(pickle.loads(pickle.dumps(parts)))
        assert positions == [parts[0].position, parts[1].position, there]
        assert [r.event for r in log.read("new-1")] == make_run_events(2)
        assert [r.event for r in log.read("old-1")] == [make_run_started(), *make_trial_events(0)]
        assert [r.time for r in log.read("there-1")] == [1.0] * len(make_run_events(1))
        assert log.append_all(parts) == positions
        assert log.append_all([]) == []
        assert sorted(log.runs()) == ["new-1", "old-1", "there-1"]

    def test_several_runs_are_appended_all_or_none(self, log: EventLog):
        """Where one of them stands elsewhere, nothing is written of the others."""
        log.append("a-1", [make_run_started(seed=1)], START)
        parts = [chain_events(run, [make_run_started(seed=2)], [1.0], START) for run in ("b-1", "a-1", "c-1")]
        with pytest.raises(LogConflict):
            log.append_all(parts)
        assert log.runs() == ["a-1"]

    def test_runs_are_named_in_the_order_of_starting(self, log: EventLog):
        """The run that was started last is at the end, whoever wrote last."""
        z = log.append("z-1", [make_run_started()], START)
        log.append("a-1", [make_run_started()], START)
        log.append("z-1", make_trial_events(0), z)
        assert log.runs() == ["z-1", "a-1"]

    def test_a_part_is_read(self, log: EventLog):
        """A part is chosen by number, both ends as said; beyond the end there is nothing."""
        log.append("a-1", make_run_events(2), START)
        every = log.read("a-1")
        assert log.read("a-1", after=3) == every[3:]
        assert log.read("a-1", upto=4) == every[:4]
        assert log.read("a-1", after=3, upto=4) == every[3:4]
        assert log.read("a-1", after=4, upto=4) == []
        assert log.read("a-1", after=len(every)) == []
        assert log.read("a-1", after=99) == []

    def test_an_unknown_run_has_no_events(self, log: EventLog):
        """Reading a run that is not there gives nothing; a log without a file says so."""
        try:
            assert log.read("a-1") == []
        except LogMissing:
            log.append("b-1", [make_run_started()], START)
        assert log.read("a-1") == []

    @pytest.mark.parametrize("name", ["", "a b", "../a", "a/b", ".a", "a\n", "é", "x" * 101])
    def test_a_run_s_name_could_name_a_file(self, log: EventLog, name: str):
        """A name that would be trouble in a file system is refused."""
        with pytest.raises(InvalidRunName, match="as in digits-1"):
            log.append(name, [make_run_started()], START)

    def test_numbers_come_back_exactly(self, log: EventLog):
        """Metrics and times come back to the last bit, NaN and infinities too."""
        values = {"a": 0.1 + 0.2, "b": 5e-324, "c": float("inf"), "d": -float("inf"), "e": 1.7976931348623157e308}
        log.append(
            "a-1",
            [Reported(0, 1, 1, values), Scored(0, "diverged", None, {"n": float("nan")})],
            START,
            [0.1, 1e9 + 1e-6],
        )
        first, second = log.read("a-1")
        assert isinstance(first.event, Reported)
        assert first.event.metrics == values
        assert (first.time, second.time) == (0.1, 1e9 + 1e-6)
        assert isinstance(second.event, Scored)
        assert second.event.metrics["n"] != second.event.metrics["n"]

    def test_texts_come_back_exactly(self, log: EventLog):
        """Quotes, zero bytes and every script come back as they were."""
        event = Proposed(0, (("a'\"\\", "\0\n\t"), ("é", "模型🙂")), EPOCH)
        log.append("a-1", [event], START)
        assert log.read("a-1")[0].event == event

    def test_a_batch_is_all_or_nothing(self, log: EventLog):
        """If one event of a batch cannot be written, none is."""
        position = log.append("a-1", [make_run_started()], START)
        with pytest.raises(UnwritableEvent, match="plain JSON"):
            log.append("a-1", [*make_trial_events(0), Proposed(1, (("width", {1, 2}),), EPOCH)], position)
        assert len(log.read("a-1")) == 1
        assert log.append("a-1", make_trial_events(0), position).seq == 6
