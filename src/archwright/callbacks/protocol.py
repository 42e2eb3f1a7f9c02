"""What a callback is, and how a run calls several: one that fails is switched off, and the run goes on."""

import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from attrs import define, field, frozen

from archwright.core.errors import ArchwrightError, show, to_one_line
from archwright.store.events import Event
from archwright.store.log import LoggedEvent


class BadCallback(ArchwrightError, TypeError):
    """A callback that is neither a function of an event nor an object with `start`, `on_event` and `stop`."""


class CallbackFailed(UserWarning):
    """The warning that a callback raised an error and is called no more in this run."""


@frozen
class FollowedRun:
    """The run that a callback is called for, as it stands when this process begins or goes on with it."""

    name: str
    log: Path  # the file
    id: str  # 32 hexadecimal digits that no other run has, and that stay where the log is moved or the run resumed
    history: Sequence[LoggedEvent]  # the events of the processes before this one, with their times; none in a new run


class Callback(Protocol):
    """What a run calls in this process: `start` once, then `on_event` with each event, then `stop` once.

    All are called by the thread that runs the search, which waits for them.
    """

    def start(self, run: FollowedRun) -> None:
        """Begin, or go on where the history ends; what was done for an event of the history is not to be done twice."""
        ...

    def on_event(self, event: Event) -> None:
        """Act on an event, which is logged by now and follows those of the history."""
        ...

    def stop(self) -> None:
        """End; no RunStopped came before where the run ends by an error."""
        ...


class EventFunction(Protocol):
    """A function of an event, which is logged by now."""

    def __call__(self, event: Event, /) -> object:
        """Act on it."""
        ...


AnyCallback = Callback | EventFunction


class EventLogFile(Protocol):
    """A log in a file whose runs can be read."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[LoggedEvent]:
        """The events of `run`, as `EventLog.read`."""
        ...


@frozen
class FunctionCallback:
    """A function of an event as a callback."""

    function: EventFunction

    def start(self, run: FollowedRun) -> None:
        """Nothing is to be begun."""

    def on_event(self, event: Event) -> None:
        """Call the function."""
        self.function(event)

    def stop(self) -> None:
        """Nothing is to be ended."""


_METHODS = ("start", "on_event", "stop")


def make_callback(value: AnyCallback) -> Callback:
    """The callback that a person gave, of which a function is one, too; raises BadCallback."""
    methods = [name for name in _METHODS if callable(getattr(value, name, None))]
    if len(methods) == len(_METHODS) and not isinstance(value, type):
        return value  # pyright: ignore[reportReturnType]  (it has the methods)
    if callable(value) and not methods:
        return FunctionCallback(value)
    remedy = (
        f"a class; give an instance of it, {value.__name__}(...)"
        if isinstance(value, type)
        else f"{show(value, 200)}; a callback is a function of an event, or an object with {', '.join(_METHODS)}"
    )
    raise BadCallback(f"a callback is {remedy}")


@contextmanager
def follow_run(callbacks: Sequence[AnyCallback], log: EventLogFile, name: str) -> Generator["RunFollower"]:
    """Who passes on what the run `name` of `log` has logged, while the block lasts: the run tells it each event.

    It starts the callbacks at the first event and stops them at the end of the block. One that raises is named by a
    CallbackFailed warning and called no more; KeyboardInterrupt is passed on. Raises BadCallback.
    """
    follower = RunFollower(log, name, [make_callback(callback) for callback in callbacks])
    try:
        yield follower
    finally:
        follower.stop()


@define
class RunFollower:
    """The callbacks of a run that have not failed."""

    log: EventLogFile
    name: str
    callbacks: list[Callback]
    _has_started: bool = field(default=False, init=False)

    def on_event(self, event: Event) -> None:
        """Pass on an event that is logged; the first one after `begin`."""
        self._call("on_event", lambda callback: callback.on_event(event))

    def begin(self, after: int) -> None:
        """Start the callbacks, with the events of earlier processes, which are those up to number `after`."""
        self._has_started = True
        if all(isinstance(callback, FunctionCallback) for callback in self.callbacks):
            return  # none needs the history, which takes a while to read
        try:
            logged_events = self.log.read(self.name)
        except Exception as error:  # noqa: BLE001  (the run, which has just written the log, goes on)
            for callback in self.callbacks:
                _warn(callback, error)
            self.callbacks = []
            return
        run = FollowedRun(self.name, self.log.path, logged_events[0].chain, logged_events[:after])
        self._call("start", lambda callback: callback.start(run))

    def stop(self) -> None:
        """Stop those that were started."""
        if self._has_started:
            self._call("stop", lambda callback: callback.stop())

    def _call(self, method: str, call: Callable[[Callback], None]) -> None:
        """Call each callback; those that raise are called no more."""
        failed: list[tuple[Callback, Exception]] = []
        for callback in self.callbacks:
            try:
                call(callback)
            except Exception as error:  # noqa: BLE001  (a person's function may raise anything)
                failed.append((callback, error))
        self.callbacks = [callback for callback in self.callbacks if all(callback is not other for other, _ in failed)]
        for callback, error in failed:
            _warn(callback, error)


def _warn(callback: Callback, error: Exception) -> None:
    named = callback.function if isinstance(callback, FunctionCallback) else type(callback)
    name = to_one_line(getattr(named, "__name__", None) or repr(named))
    what = to_one_line(f"{type(error).__name__}: {error}")
    warnings.warn(
        f"the callback {name} raised {what}; it is switched off, and the search goes on without it",
        CallbackFailed,
        stacklevel=2,
    )
