"""The domain in which the values of several have their places."""

import pytest
from attrs import evolve

from archwright.core.domain import Values, values
from archwright.core.normal import Normal
from archwright.core.ranges import Integers, Reals, integers, reals
from archwright.search.importance.joined_domains import join_domains


@pytest.mark.parametrize(
    ("domains", "joined"),
    [
        ([reals(0, 1)], reals(0, 1)),
        ([values("a", "b"), values("a", "b")], values("a", "b")),
        ([Integers(1, 9), Integers(1, 9).restrict([2, 3])], integers(1, 9)),  # narrowed to what fits
        ([values("a", "b", "c"), values("a", "c")], values("a", "b", "c")),
        ([values("a", "b"), values("b", "c")], values("a", "b", "c")),
        ([values(8, 4), values(16, 4)], values(8, 4, 16)),
        ([integers(1, 4, log=True), integers(2, 16, log=True)], integers(1, 16, log=True)),
        ([reals(0.1, 1, log=True), reals(0.5, 2, log=True)], reals(0.1, 2, log=True)),
        ([integers(2, 4), reals(0.5, 3)], reals(0.5, 4)),
        ([reals(1, 8, log=True), values(0.5, 16)], reals(0.5, 16, log=True)),
        ([reals(1, 8, log=True), reals(-1, 1)], reals(-1, 8)),
        ([values("a", 1), reals(0, 1)], values("seen", 0.5)),
    ],
)
def test_every_value_has_a_place(domains, joined):
    assert join_domains(domains, ["seen", 0.5, "seen"]) == joined


def test_what_is_believed_of_values_does_not_count():
    """Nor makes it two domains of one."""
    believed: list[Reals | Values] = [evolve(reals(0, 1), prior=Normal(0.5, 0.1)), values(1, 2, weights=[3, 1])]
    assert [join_domains([domain, domain.plain], []) for domain in believed] == [reals(0, 1), values(1, 2)]
