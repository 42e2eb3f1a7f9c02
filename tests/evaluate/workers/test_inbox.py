"""A halt is heard while its job runs, and is no other job's."""

from queue import SimpleQueue

from archwright.evaluate.workers.protocol import JobMessage, StopEarly
from archwright.evaluate.workers.worker import Inbox
from tests.evaluate.jobs import job


def test_a_halt_that_comes_too_late_is_none_of_a_later_job_of_the_same_number():
    """In a comparison each search has a trial 0; one of them was halted just as it ended."""
    messages: SimpleQueue = SimpleQueue()
    inbox = Inbox(iter(messages.get, None))
    jobs = inbox.jobs()
    messages.put(JobMessage.of(job(0)))
    assert inbox.halted(next(jobs)) == ""
    for message in (StopEarly(0, 1, "it was worse"), JobMessage.of(job(0)), None):
        messages.put(message)
    assert inbox.halted(next(jobs)) == ""
    assert next(jobs, None) is None
