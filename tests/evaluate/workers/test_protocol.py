"""What the coordinator and a worker say to each other."""

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.json import UnreadableTerm
from archwright.core.protocols import Job
from archwright.evaluate.workers.protocol import JobMessage, decode, encode
from tests.strategies import leaves


@given(leaves)
def test_a_job_crosses_with_its_architecture_as_json(leaf):
    """A term on this side is JSON on the line, and the same term again once it is read there."""
    budget = Budget(2, "epochs")
    job = Job(1, 2, leaf.architecture, budget, 3)
    message = decode(encode(JobMessage.of(job)))
    assert isinstance(message, JobMessage)
    assert (message.trial, message.attempt, message.seed) == (1, 2, 3)
    assert message.fields["architecture"] == aw.to_json(leaf.architecture)
    assert message.read_job() == job


def test_a_job_whose_json_is_of_no_architecture_is_a_message_all_the_same():
    """Which job it is can be told; only reading the job raises, and that costs its attempt alone."""
    line = encode(JobMessage.of(Job(1, 2, aw.affine(units=10), Budget(2, "epochs"), 3)))
    message = decode(line.replace(b'"affine"', b'"afine"'))
    assert isinstance(message, JobMessage)
    assert (message.trial, message.attempt, message.seed) == (1, 2, 3)
    with pytest.raises(UnreadableTerm, match="did you mean affine"):
        message.read_job()
