"""Values that an earlier release pickled: what their classes got since has its default."""

import json
import pickle
from copyreg import __newobj__  # pyright: ignore[reportAttributeAccessIssue]  (what pickles call)
from typing import Any

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.late_fields import Lasting
from archwright.core.objective import Objective
from tests.conftest import GOLDENS
from tests.strategies import domains, iterate_subterms, terms


def forget_defaults(value: Any) -> Any:
    """The value as it comes out of a pickle of a time when its class had no field with a default, and none derived."""
    state = {
        each.name: getattr(value, each.name)
        for each in attrs.fields(type(value))
        if each.init and (each.default is attrs.NOTHING or getattr(value, each.name) != each.default)
    }
    old = __newobj__(type(value))
    old.__setstate__(state)
    return old


@given(domains)
def test_a_domain_of_an_old_pickle_is_the_same(domain):
    """Equal, also in what is derived of its fields, such as the order of its options."""
    old = forget_defaults(domain)
    assert (old, repr(old), hash(old), old.from_unit(0.3)) == (
        domain,
        repr(domain),
        hash(domain),
        domain.from_unit(0.3),
    )
    assert forget_defaults(domain).to_unit(domain.from_unit(0.3)) == domain.to_unit(domain.from_unit(0.3))
    assert forget_defaults(domain).plain == domain.plain


@given(terms)
def test_a_term_of_an_old_pickle_is_the_same(space):
    for term in iterate_subterms(space):
        old = forget_defaults(term)
        assert (old, repr(old), hash(old), to_json(forget_defaults(term))) == (
            term,
            repr(term),
            hash(term),
            to_json(term),
        )
        assert forget_defaults(term).with_name("stem") == term.with_name("stem")


@pytest.mark.parametrize(
    "value",
    [Budget(3, "epochs"), Objective(), aw.minimize("loss"), aw.image(1, 8, 8), aw.tokens(9, 4), aw.integers(1, 4)],
)
def test_what_else_a_problem_is_made_of(value):
    assert forget_defaults(value) == value


@frozen
class Grown(Lasting):
    """A class that got all but its first field later."""

    first: int
    second: tuple[int, ...] = ()
    third: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "third", self.first + len(self.second))


def test_what_has_no_default_is_missed():
    """As is what is no field."""
    old = __newobj__(Grown)
    old.__setstate__({"first": 1})
    assert (old.third, old.second, pickle.loads(pickle.dumps(old))) == (1, (), Grown(1))
    empty = __newobj__(Grown)
    for name in ("first", "fourth", "third"):
        with pytest.raises(AttributeError, match=f"'Grown' object has no attribute '{name}'"):
            getattr(empty, name)
    with pytest.raises(AttributeError, match="'Grown' object has no attribute 'first'"):
        empty.__setstate__({"second": (1, 2)})
    with pytest.raises(AttributeError, match="Activation has no attribute 'colour'"):
        _ = aw.relu().colour


def test_terms_that_an_earlier_release_pickled():
    """Those of the time before names, weights, priors and connected topologies, with the JSON that they had."""
    terms = pickle.loads((GOLDENS / "pickled-terms.pickle").read_bytes())
    written = json.loads((GOLDENS / "pickled-terms.json").read_text(encoding="utf-8"))
    assert [to_json(term) for term in terms] == written
    for term, data in zip(terms, written, strict=True):
        assert term == aw.from_json(data)
        assert aw.count(term, (1, 8, 8)) == aw.count(aw.from_json(data), (1, 8, 8))
        assert pickle.loads(pickle.dumps(term)) == term
    assert aw.path_of(terms[2], (1, 8, 8), terms[3])
