"""What the coordinator and a worker say to each other: one JSON line a message, over pipes of their own."""

import json
from functools import cache
from typing import Any, Self

import cattrs
from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, from_json, to_json
from archwright.core.protocols import Finished, Job, Report
from archwright.core.term import Term


class Garbled(ArchwrightError, ValueError):
    """A line that is no message; something wrote into the pipe that was not ours."""


@frozen
class Setup:
    """The first message to a worker: everything that it needs before its first job."""

    evaluator: JSON  # as `config.to_json` writes it
    space_source: str | None  # where the person's own kinds of module are defined, if anywhere
    index: int  # 0 .. slots - 1: the worker's share of the devices
    threads: int  # CPU threads that it may use; at least 1
    path: list[str]  # the coordinator's import path


@frozen
class StopEarly:
    """The job is to end after the epoch under way; nothing where it has ended already."""

    trial: int
    attempt: int
    reason: str  # for people


@frozen
class Ready:
    """The worker has imported and loaded what it needs and waits for a job."""


@frozen
class Unfit:
    """The worker cannot do any job, and why."""

    error: str


@frozen
class Ended:
    """An attempt is over; the worker takes another job if `fit`, and is to be replaced otherwise."""

    finished: Finished
    fit: bool


@frozen
class JobMessage:
    """A job on its way to a worker, with its architecture as JSON.

    The job is read within its attempt: JSON that is of no architecture costs that attempt, and not the worker.
    """

    trial: int
    attempt: int
    seed: int
    fields: JSON  # all of the job

    @classmethod
    def of(cls, job: Job) -> Self:
        """The message that hands `job` to a worker."""
        return cls(job.trial, job.attempt, job.seed, _converter().unstructure(job))

    def read_job(self) -> Job:
        """The job; raises UnreadableTerm or TooDeep where its JSON is of no architecture that this process knows."""
        return _converter().structure(self.fields, Job)


Message = Setup | JobMessage | StopEarly | Ready | Unfit | Report | Ended
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Setup, JobMessage, StopEarly, Ready, Unfit, Report, Ended)
}


def encode(message: Message) -> bytes:
    """One line, `[kind, fields]`, ending in a newline: JSON, in which a metric may be NaN or infinite."""
    fields = _converter().unstructure(message)
    return json.dumps([type(message).__name__, fields], separators=(",", ":")).encode() + b"\n"


def is_end(line: bytes) -> bool:
    """Whether a line is the end of an attempt, as `encode` writes it."""
    return line.startswith(b'["Ended",')


def decode(line: bytes) -> Message:
    """The message of one line; raises Garbled for anything that `encode` does not write."""
    try:
        kind, fields = json.loads(line)
        return _converter().structure(fields, _KINDS[kind])
    except Exception as error:
        raise Garbled(
            f"{line[:80]!r} is no message of a worker; does the code that it runs write to its pipes?"
        ) from error


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_unstructure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Term), to_json)
    converter.register_structure_hook(Term, lambda data, _: from_json(data))
    return converter
