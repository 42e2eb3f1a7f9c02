"""Events and their JSON."""

import json
import math
import re

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import Budget
from archwright.core.protocols import EarlyStop
from archwright.store.errors import UnreadableEvent, UnwritableEvent
from archwright.store.events import (
    EVENT_KINDS,
    AttemptEnded,
    Event,
    Proposed,
    Reported,
    RunStopped,
    Scored,
    event_from_json,
    event_to_json,
)
from tests.store.strategies import EPOCH, events, make_run_started


@given(events)
def test_an_event_survives_json(event: Event):
    """from_json undoes to_json, whatever the event."""
    assert event_from_json(*event_to_json(event)) == event


@given(events)
def test_an_event_has_one_payload(event: Event):
    """An event that was read is written as it was, so that an append can be repeated from the log."""
    assert event_to_json(event_from_json(*event_to_json(event))) == event_to_json(event)


def test_a_whole_number_is_the_float_that_it_is_read_as():
    """The payloads of 1 and 1.0 are the same where the field is a float."""
    assert event_to_json(Scored(0, "ok", 1, {"a": 2})) == event_to_json(Scored(0, "ok", 1.0, {"a": 2.0}))
    assert event_to_json(Proposed(0, (), Budget(5, "epochs"))) == event_to_json(Proposed(0, (), Budget(5.0, "epochs")))


@given(events)
def test_a_payload_is_one_line_of_strict_json(event: Event):
    """Any JSON reader takes a payload: no NaN, no line breaks."""
    _, payload = event_to_json(event)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(payload, parse_constant=refuse)
    assert "\n" not in payload


@given(st.floats())
def test_a_metric_comes_back_to_the_last_bit(value: float):
    """A float, NaN and infinities included, is the same float again."""
    scored = event_from_json(*event_to_json(Scored(0, "ok", value, {"accuracy": value})))
    assert isinstance(scored, Scored)
    assert scored.score is not None
    for again in (scored.score, scored.metrics["accuracy"]):
        assert again.hex() == value.hex()


@pytest.mark.parametrize(("value", "text"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")])
def test_what_json_cannot_say_is_a_text(value: float, text: str):
    """The documented encoding of the three numbers that JSON has not."""
    _, payload = event_to_json(Reported(0, 1, 1, {"loss": value}))
    assert json.loads(payload)["metrics"] == {"loss": text}


def test_a_choice_may_be_a_text_that_looks_like_a_number():
    """Only fields of type float are decoded: the choice "NaN" stays a text."""
    event = Proposed(0, (("init", "NaN"), ("rate", 1.0), ("n", 1), ("bias", True)), EPOCH)
    again = event_from_json(*event_to_json(event))
    assert isinstance(again, Proposed)
    assert [type(value) for _, value in again.path] == [str, float, int, bool]
    assert again == event


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, b"x", object()])
def test_what_is_not_json_is_refused(value: object):
    """A choice that JSON cannot hold is refused by name instead of changed."""
    with pytest.raises(UnwritableEvent, match=r"Proposed cannot be logged: .*plain JSON"):
        event_to_json(Proposed(0, (("width", value),), EPOCH))


def test_stray_bytes_of_a_crashed_worker_do_not_stop_the_log():
    """A text with lone surrogates, as stderr may bring, has question marks: in the log, and in what callbacks get."""
    early_stop = EarlyStop("hopeless", 1, "a rule's \ud800 words")
    ended = AttemptEnded(0, 1, "crashed", 1.0, {"é": 1.0}, "bad \udcff byte", early_stop)
    stopped = RunStopped("failing", "trial 0: \ud800")
    assert (ended.error, early_stop.why, stopped.detail) == ("bad ? byte", "a rule's ? words", "trial 0: ?")
    assert [event_from_json(*event_to_json(event)) for event in (ended, stopped)] == [ended, stopped]


@pytest.mark.parametrize(
    ("event", "place"),
    [
        (
            evolve(make_run_started(), searcher={"name": "own.py:Own", "notes": [{"a": "\ud800"}]}),
            "searcher.notes[0].a",
        ),
        (evolve(make_run_started(), evaluator={"kind": "function", "\ud800": 1}), "a name in evaluator"),
        (evolve(make_run_started(), space_source="\udcff.py:space"), "space_source"),
        (Proposed(0, (("0.activation.function", "\ud800"),), EPOCH), "path[0][1]"),
        (Reported(0, 1, 1, {"\ud800": 0.5}), "a name in metrics"),
        (AttemptEnded(0, 1, "ok", 1.0, {"error\ud800": 0.5}, "\ud800"), "a name in metrics"),
    ],
)
def test_a_text_that_utf8_cannot_write_is_refused_with_its_place(event, place):
    """What programs read is never changed silently: a setting, a name, a choice."""
    with pytest.raises(
        UnwritableEvent, match=rf"cannot be logged: {re.escape(place)} is '.*; it must be a text that UTF"
    ):
        event_to_json(event)


def test_every_field_is_written_out():
    """The log says all: a later release may change a default without changing what an old log means."""
    _, payload = event_to_json(make_run_started())
    assert json.loads(payload)["objective"] == {"metric": "accuracy", "direction": "maximize"}
    assert json.loads(payload)["forked_from"] is None


def test_a_kind_from_the_future_is_refused_by_name():
    """The name of the unknown kind and the remedy are in the error."""
    with pytest.raises(UnreadableEvent, match="'Pruned', which this archwright does not know; upgrade"):
        event_from_json("Pruned", "{}")


@pytest.mark.parametrize("payload", ["", "nonsense", "[]", "{}", "null", '{"trial": 0, "status": "fine", "score": 1}'])
def test_a_payload_that_is_no_event_is_refused(payload: str):
    """Whatever is in a payload, reading gives an event or UnreadableEvent."""
    with pytest.raises(UnreadableEvent, match="no Scored"):
        event_from_json("Scored", payload)


def test_kinds_are_the_names_of_the_classes():
    """The names that SQL users filter by; a renamed class would orphan old logs."""
    assert set(EVENT_KINDS) == {
        "RunStarted", "Inherited", "Enqueued", "Proposed", "AttemptStarted", "Reported", "AttemptEnded", "Scored",
        "RunResumed", "RunStopped",
    }  # fmt: skip


def test_a_budget_is_checked_when_it_is_read():
    """An edited payload cannot bring in a value that the class would refuse."""
    kind, payload = event_to_json(Proposed(0, (), EPOCH))
    with pytest.raises(UnreadableEvent, match="InvalidBudget"):
        event_from_json(kind, payload.replace("1.0", "-1.0"))
