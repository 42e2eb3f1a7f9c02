"""What arrives at a worker: jobs one after the other, and, while one runs, that it is to end."""

import threading
from collections.abc import Iterable, Iterator
from queue import SimpleQueue

from archwright.evaluate.workers.protocol import Halt, Job, Message


class Inbox:
    """Reads messages in a thread of its own, so that a halt is heard while its job runs."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = messages
        self._jobs: SimpleQueue[Job | BaseException | None] = SimpleQueue()
        self._halts: dict[tuple[int, int], str] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def jobs(self) -> Iterator[Job]:
        """Each job as soon as it is there, until there are no more; raises what reading them raised."""
        while (job := self._jobs.get()) is not None:
            if isinstance(job, BaseException):
                raise job
            yield job
            self._halts.pop((job.trial, job.attempt), None)

    def halted(self, job: Job) -> str:
        """Why the job is to end now; empty if it may go on. A halt of another job, which is over, is no halt of it."""
        return self._halts.get((job.trial, job.attempt), "")

    def _read(self) -> None:
        try:
            for message in self._messages:
                if isinstance(message, Halt):
                    self._halts[message.trial, message.attempt] = message.why
                else:
                    assert isinstance(message, Job)
                    self._halts.pop((message.trial, message.attempt), None)  # of a job of another search
                    self._jobs.put(message)
        except BaseException as error:  # noqa: BLE001  (the thread that takes jobs is to fail, not to wait for ever)
            self._jobs.put(error)
        else:
            self._jobs.put(None)
