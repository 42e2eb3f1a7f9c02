"""What every kind of module has in common."""

import pickle

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.domain import Values
from archwright.core.hyperparameter import InvalidHyperparameter, as_slot
from archwright.core.kind import NotATerm
from tests.core.user_modules import Glued, Ladder, Shrink
from tests.strategies import cases, iterate_subterms, terms


@given(terms)
def test_terms_are_values(term):
    """Equal to, hashed as, and read from a pickle as another of the same contents."""
    copied = pickle.loads(pickle.dumps(term))
    assert copied == term
    assert hash(copied) == hash(term)
    assert repr(copied) == repr(term)


@given(cases)
def test_what_is_worked_out_about_a_term_is_no_part_of_its_value(case):
    """Counting fills a memory on the term: it stays equal, and its pickle stays as it was."""
    before = pickle.dumps(case.space)
    copied = pickle.loads(before)
    aw.count(case.space, case.shape)
    assert case.space == copied
    assert pickle.dumps(case.space) == before


def test_terms_of_two_kinds_differ():
    """Also where their fields are the same."""
    assert aw.max_pool2d(size=2) != aw.avg_pool2d(size=2)
    assert aw.identity() != aw.flatten()


def test_terms_cannot_be_changed():
    """Neither their fields nor others."""
    with pytest.raises(AttributeError):
        aw.conv2d(8, 3).filters = 16
    with pytest.raises(AttributeError):
        aw.relu().colour = "red"
    with pytest.raises(AttributeError, match="Conv2d has no attribute 'colour'"):
        _ = aw.conv2d(8, 3).colour


def test_kinds_are_class_names_in_snake_case():
    """Digits stay where they are."""
    kinds = [type(term).kind for term in (aw.conv2d(8, 3), aw.max_pool2d(), aw.global_avg_pool(), aw.batch_norm())]
    assert kinds == ["conv2d", "max_pool2d", "global_avg_pool", "batch_norm"]
    assert (Shrink.kind, Glued.kind, Ladder.kind) == ("shrink", "glued", "ladder")


def test_a_kind_may_be_named_otherwise():
    """For a class whose name another part of the program has taken."""

    @aw.module
    class Thing(aw.Basic):
        kind = "thing_of_term_test"

        def out_shape(self, in_shape):
            return in_shape

    assert aw.root(aw.sequential(aw.optional(Thing())), (3,)).choose("thing_of_term_test").is_leaf


def test_a_hyperparameter_takes_a_value_a_list_a_domain_or_an_expression():
    """A list, a tuple and a range are finite domains."""
    assert as_slot(3) == 3
    assert as_slot([3, 4]) == as_slot((3, 4)) == as_slot(range(3, 5)) == Values((3, 4), ordered=True)
    assert as_slot(aw.integers(3, 4)) == aw.integers(3, 4)
    assert as_slot(aw.shared("width", [3, 4])) == aw.shared("width", [3, 4])


@given(terms)
def test_subterms_are_the_terms_in_the_fields(term):
    """In the order of the fields; with them, a term is made again."""
    for each in iterate_subterms(term):
        if isinstance(each, aw.Composite):
            assert each.with_children(each.subterms) == each


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aw.conv2d(0, 3), "filters of conv2d is 0; it must be an integer of 1 or more"),
        (lambda: aw.conv2d([8, 2.5], 3), "filters of conv2d is 2.5; it must be an integer of 1 or more"),
        (lambda: aw.conv2d(True, 3), "filters of conv2d is True; it must be an integer of 1 or more"),
        (lambda: aw.conv2d(8, aw.integers(0, 3)), "size of conv2d is 0; it must be an integer of 1 or more"),
        (lambda: aw.conv2d(8, aw.integers(-(10**6), 3)), "size of conv2d is -1000000; it must be"),
        (lambda: aw.conv2d(8, 3, padding="full"), "padding of conv2d is 'full'; it may be one of 'same', 'valid'"),
        (lambda: aw.dropout(aw.reals(0, 2)), "rate of dropout is 2.0; it must be a number from 0 to 1"),
        (lambda: aw.dropout("much"), "rate of dropout is 'much'; it must be a number from 0 to 1"),
        (lambda: aw.activation("step"), "function of activation is 'step'; it may be one of 'relu', 'relu6'"),
        (lambda: aw.repeat(aw.relu(), -1), "count of repeat is -1; it must be an integer of 0 or more"),
        (lambda: aw.repeat_tied(aw.relu(), 0), "count of repeat_tied is 0; it must be an integer of 1 or more"),
        (lambda: aw.branches(merge="multiply"), "merging of branches is 'multiply'; it may be one of 'add', 'conca"),
    ],
)
def test_values_that_make_no_sense(make, message):
    """Refused where they are written, whether alone, in a list or at the end of a domain."""
    with pytest.raises(InvalidHyperparameter, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aw.sequential(aw.relu(), "relu"), r"children\[1\] of sequential is 'relu'; it must be a module, such"),
        (lambda: aw.residual(aw.relu), r"body of residual is <function relu.*>; it must be a module, such as relu\(\)"),
        (lambda: aw.repeat(None, 2), "body of repeat is None; it must be a module"),
        (lambda: aw.sequential((3, 8, 8)), r"is \(3, 8, 8\); it must be a module, such as relu\(\)$"),
        (
            lambda: aw.sequential({"kind": "relu"}),
            "it must be a module, such as .*; aw.from_json reads the JSON of one",
        ),
        (lambda: aw.to_json(aw.root(aw.relu(), (3,))), "is <leaf >; take its architecture, as in leaf.architecture"),
        (lambda: aw.grammar("S", S=["T"], T=[aw.relu()]), "of S is 'T'; it must be a module, .*or, for.*nonterminal"),
    ],
)
def test_something_else_where_a_module_belongs(make, message):
    """The error names the place and shows what stands there."""
    with pytest.raises(NotATerm, match=message):
        make()


def test_every_value_that_is_written_out_is_checked_however_many_there_are():
    """What stands in the middle of thousands goes into the code of an exported model as well."""
    with pytest.raises(InvalidHyperparameter, match="function of activation is 'evil 0'"):
        aw.activation(["relu", *(f"evil {i}" for i in range(6000)), "gelu"])
