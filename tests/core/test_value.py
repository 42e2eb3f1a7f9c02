"""Numbers and texts of other libraries become plain values."""

import json
from fractions import Fraction

import numpy as np
import pytest

import archwright as aw
from archwright.core.json import from_json, to_json
from archwright.core.value import as_value
from archwright.core.variation.mutation import find_neighbours


@pytest.mark.parametrize("log", [False, True])
def test_bounds_of_any_library_are_pythons(log):
    """Numpy's integers and floats, wherever a number may stand, give the same domains as Python's."""
    assert aw.integers(np.int64(1), np.uint8(10), log=np.bool_(log)) == aw.integers(1, 10, log=log)
    assert aw.reals(np.float32(0.5), np.int64(2), log=log) == aw.reals(0.5, 2, log=log)
    assert aw.reals(Fraction(1, 2), np.longdouble(2), log=log) == aw.reals(0.5, 2.0, log=log)
    for domain in (
        aw.integers(np.int64(1), np.int64(10)),
        aw.reals(np.float64(0.1), np.float64(0.5), log=np.bool_(log)),
    ):
        assert aw.settings(x=domain) == from_json(json.loads(json.dumps(to_json(aw.settings(x=domain)))))


def test_lists_of_any_library_are_pythons():
    """So they are ordered and have six neighbours, as a Python list has."""
    for numbers in (np.arange(256), list(np.arange(256)), tuple(np.arange(256.0)), range(256)):
        term = aw.settings(x=numbers)
        assert term == aw.settings(x=list(range(256)))
        assert hash(term) == hash(aw.settings(x=list(range(256))))
        assert len(find_neighbours(aw.root(term, (1,)).domain, 128)) == 6
    assert aw.values(*map(np.str_, "ab")) == aw.values("a", "b")
    assert type(aw.values(np.str_("a")).options[0]) is str


@pytest.mark.parametrize("scalar", [np.int64(3), np.float32(0.5), np.bool_(True), np.str_("a"), np.array(3)])
def test_numpy_scalars_become_plain_values(scalar):
    """A domain of numpy's scalars holds JSON values."""
    assert type(as_value(scalar)) in (bool, int, float, str)
    assert as_value(scalar) == scalar
    assert aw.values(scalar).options == (as_value(scalar),)
