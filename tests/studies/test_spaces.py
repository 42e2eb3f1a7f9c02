"""`aw.describe_space`: what there is to say of a space before a search, whichever form it is given in."""

import pytest

import archwright as aw
from archwright.core.input import BadInput
from archwright.core.taken_input import NotASpace
from tests.studies.functions import INPUT, SPACE, build_space


@pytest.mark.parametrize("space", [SPACE, build_space, aw.takes(INPUT)(SPACE)])
def test_a_space_is_described_in_whichever_form_it_is_given(space):
    described = aw.describe_space(space, input=INPUT)
    assert described["size"] == aw.count(SPACE, INPUT)
    assert aw.from_json(described["term"]) == SPACE
    assert described["input"] == "features:12"
    assert described["samples"] == described["dead_ends"] == []


def test_a_built_in_space_knows_its_input():
    assert (described := aw.describe_space("figure1"))["size"] == 24
    assert described["from"] == "DeepArchitect, figure 1"
    assert described["input_shape"] == (3, 32, 32)


def test_samples_are_those_of_their_seed():
    first, again, other = (aw.describe_space(SPACE, input=INPUT, samples=3, seed=seed)["samples"] for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 3


def test_dead_ends_are_told():
    pools = aw.sequential(*[aw.max_pool2d(size=[2, 4], stride=4) for _ in range(3)])
    (dead_end,) = aw.describe_space(pools, input=(1, 16, 16))["dead_ends"]
    assert "max_pool2d" in dead_end


def test_what_is_no_space_is_refused():
    with pytest.raises(NotASpace, match="is 3"):
        aw.describe_space(3)
    with pytest.raises(BadInput):
        aw.describe_space(SPACE, input="features:none")
