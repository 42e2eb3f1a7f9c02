"""What a run calls while it is under way, and how urgently it may be asked to stop."""

from collections.abc import Callable
from enum import IntEnum

from attrs import frozen

from archwright.store.events import Event


class StopRequest(IntEnum):
    """How urgently a person wants the run to stop."""

    NONE = 0
    GRACEFUL = 1  # once the running trials have ended
    IMMEDIATE = 2  # without the running trials, which run again when the run is resumed


def _request_no_stop() -> StopRequest:
    return StopRequest.NONE


def _ignore_event(event: Event) -> None:
    del event


def _ignore_number(after: int) -> None:
    del after


@frozen
class RunCallbacks:
    """What a run calls while it is under way."""

    get_stop_request: Callable[[], StopRequest] = _request_no_stop  # often, so that a person can stop the run
    on_event: Callable[[Event], None] = _ignore_event  # with every event, once it is logged
    begin: Callable[[int], None] = _ignore_number  # before the first of them, with the number of the event before it


NO_CALLBACKS = RunCallbacks()
