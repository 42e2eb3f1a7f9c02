"""The messages between the coordinator and a worker: one line of JSON each, over pipes of their own."""

import json
from functools import cache
from typing import Any, Self

import cattrs
from attrs import frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.json import JSON, from_json, to_json
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.core.term import Term
from archwright.evaluate.description import FunctionDescription


class MalformedMessage(ArchwrightError, ValueError):
    """A line that is no message; something other than archwright wrote into the pipe."""


@frozen
class WorkerSetup:
    """To a worker, first: everything that it needs before its first job."""

    evaluator: JSON  # as `evaluation_to_json` writes it
    space_source: str | None  # where the person's own kinds of module are defined, if anywhere
    index: int  # 0 .. slots - 1: decides which device the worker uses
    threads: int  # CPU threads that it may use; at least 1
    import_path: list[str]  # the coordinator's, as `list_import_path` gives it
    parcel: str | None = None  # what is sent by value, see parcel.py


@frozen
class JobMessage:
    """To a worker: a job, with its architecture as JSON.

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


@frozen
class StopEarly:
    """To a worker: end the job after the epoch under way. It ignores this if the job has ended already."""

    trial: int
    attempt: int
    reason: str  # for people


@frozen
class WorkerReady:
    """From a worker: it has imported and loaded what it needs, and waits for a job."""

    description: FunctionDescription | None = None  # of a person's function, if its jobs are evaluated by one


@frozen
class SetupFailed:
    """From a worker: it cannot do any job, and exits."""

    error: str  # for people


@frozen
class JobEnded:
    """From a worker: an attempt is over; the worker takes another job if `reusable`, else it must be replaced."""

    result: AttemptResult
    reusable: bool


Message = WorkerSetup | JobMessage | StopEarly | WorkerReady | SetupFailed | Report | JobEnded
_MESSAGES: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (WorkerSetup, JobMessage, StopEarly, WorkerReady, SetupFailed, Report, JobEnded)
}


def encode(message: Message) -> bytes:
    """One line, `[class name, fields]`, ending in a newline: JSON, in which a metric may be NaN or infinite."""
    fields = _converter().unstructure(message)
    return json.dumps([type(message).__name__, fields], separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of one line; raises MalformedMessage for anything that `encode` does not write."""
    try:
        name, fields = json.loads(line)
        return _converter().structure(fields, _MESSAGES[name])
    except Exception as error:
        raise MalformedMessage(
            f"{show(line)} is no message of a worker; does the code that it runs write to its pipes?"
        ) from error


def is_job_ended(line: bytes) -> bool:
    """Whether a line is a JobEnded as `encode` writes it; cheaper than decoding it."""
    return line.startswith(b'["JobEnded",')


@cache
def _converter() -> cattrs.Converter:
    """Converts messages to JSON and back, and the term in a job."""
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_unstructure_hook_func(lambda cls: isinstance(cls, type) and issubclass(cls, Term), to_json)
    converter.register_structure_hook(Term, lambda data, _: from_json(data))
    return converter
