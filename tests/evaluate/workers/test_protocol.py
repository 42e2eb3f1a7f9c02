"""What the coordinator and a worker say to each other."""

from hypothesis import given

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Job
from archwright.evaluate.workers.protocol import decode, encode
from tests.strategies import leaves


@given(leaves)
def test_a_job_crosses_with_its_architecture_as_json(leaf):
    """A term on this side is JSON on the line, and the same term again once it is read there."""
    budget = Budget(2, "epochs")
    line = encode(Job(1, 2, leaf.architecture, budget, 3))
    assert line == encode(Job(1, 2, aw.to_json(leaf.architecture), budget, 3))
    job = decode(line)
    assert isinstance(job, Job)
    assert job == Job(1, 2, aw.to_json(leaf.architecture), budget, 3)
    assert job.term == leaf.architecture
