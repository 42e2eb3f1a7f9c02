"""Terms as JSON: written and read."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.json import UnreadableTerm, list_kinds
from tests.core.user_modules import Glued, Ladder, Shrink
from tests.strategies import continuous_terms, domains, leaves, terms

CONV = aw.conv2d(filters=[8, 16], size=3)


def reread(term: aw.Term) -> aw.Term:
    """The term that is read from the text of the JSON of `term`."""
    return aw.from_json(json.loads(json.dumps(aw.to_json(term), allow_nan=False)))


@given(terms | continuous_terms)
def test_reading_what_was_written_gives_an_equal_term(term):
    """Also its hash and its text."""
    assert reread(term) == term
    assert hash(reread(term)) == hash(term)
    assert repr(reread(term)) == repr(term)


@given(leaves)
def test_architectures_are_read_as_they_were_written(leaf):
    """The architecture of a leaf is a term like any other."""
    assert reread(leaf.architecture) == leaf.architecture
    assert reread(leaf.architecture).plan.is_specified


@given(domains)
def test_domains_are_read_as_they_were_written(domain):
    """Every number to its last bit, with scale, order and grain; also of a shared hyperparameter."""
    space = aw.settings(a=domain, b=aw.shared("b", domain))
    assert repr(reread(space)) == repr(space)


@given(st.lists(terms, min_size=2, max_size=2))
def test_different_terms_have_different_json(pair):
    """So that the JSON in a log identifies a space."""
    a, b = (json.dumps(aw.to_json(term)) for term in pair)
    assert (a == b) == (repr(pair[0]) == repr(pair[1]))


def test_json_by_hand():
    """As a user would write it: the kind, the fields, and domains as small objects."""
    width = aw.shared("width", aw.integers(1, 8, log=True))
    space = aw.residual(aw.conv2d(width * 2, [3, 5]))
    assert aw.to_json(space) == {
        "kind": "residual",
        "body": {
            "kind": "conv2d",
            "filters": {
                "computed": "*",
                "operands": [{"shared": "width", "domain": {"integers": [1, 8], "log": True}}, 2],
            },
            "size": {"values": [3, 5], "ordered": True},
            "stride": 1,
            "padding": "same",
            "groups": 1,
            "bias": True,
            "initialization": "he",
        },
    }


def test_fields_that_a_kind_got_later_are_written_where_they_are_used():
    """So a space that was logged before them has the same JSON as now."""
    assert aw.to_json(aw.relu_conv_bn(3)) == {"kind": "relu_conv_bn", "size": 3}
    assert aw.to_json(aw.relu_conv_bn(3, stride=2)) == {"kind": "relu_conv_bn", "size": 3, "stride": 2}
    for term in (aw.relu_conv_bn(3), aw.relu_conv_bn([1, 3], filters=[0, 8]), aw.relu_conv_bn(1, 0, 2)):
        assert reread(term) == term


def test_user_defined_modules_are_read():
    """Also their fields that are neither hyperparameters nor modules."""
    space = Glued((CONV, Shrink([1, 2], note="mine")), Ladder(CONV, width=[8, 16], rungs=[0, 1]))
    assert reread(space) == space
    assert reread(space).pair[1].note == "mine"


def test_fields_of_user_defined_modules_under_string_annotations():
    """A file with `from __future__ import annotations` has types that are strings."""
    source = "\n".join(
        [
            "from __future__ import annotations",
            "import archwright as aw",
            "@aw.module",
            "class Noted(aw.Basic):",
            "    size: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))",
            "    note: str = 'none'",
            "    times: int = 1",
            "    def out_shape(self, in_shape):",
            "        return in_shape",
            "term = Noted(size=[1, 2], note='mine', times=3)",
            "assert aw.from_json(aw.to_json(term)) == term",
            "assert aw.count(term, (3,)) == 2",
        ]
    )
    subprocess.run([sys.executable, "-W", "error", "-c", source], check=True)


def test_two_kinds_of_one_name():
    """The error names both classes; a class that is defined again, as when a file is loaded again, replaces the old."""
    source = "\n".join(
        [
            "import archwright as aw",
            "def define(name):",
            "    class Mine(aw.Basic):",
            "        kind = 'mine'",
            "        def out_shape(self, in_shape):",
            "            return in_shape",
            "    Mine.__qualname__ = name",
            "    return aw.module(Mine)",
            "one, same = define('Mine'), define('Mine')",
            "assert type(aw.from_json({'kind': 'mine'})) is same",
            "other = define('Other')",
            "try:",
            "    aw.from_json({'kind': 'mine'})",
            "except aw.ArchwrightError as error:",
            "    print(error)",
        ]
    )
    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True)
    assert done.stdout == (
        "the kind 'mine' is defined by __main__.Mine and by __main__.Other; set `kind` in one of them to another name\n"
    )


def test_every_kind_is_listed():
    """Built-in ones, and those of the tests."""
    assert {"conv2d", "sequential", "either", "repeat_tied", "settings", "shrink", "glued", "ladder"} <= set(
        list_kinds()
    )
    assert "basic" not in list_kinds()
    assert all(kind == cls.kind for kind, cls in list_kinds().items())


def changed(place: list, value: object) -> object:
    """The JSON of a small space with something else at a place."""
    data = aw.to_json(aw.sequential(aw.relu(), aw.conv2d(aw.shared("width", [8, 16]) * 2, aw.integers(1, 3))))
    inside = data
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return data


CONVOLUTION = ["children", 1]
FILTERS = [*CONVOLUTION, "filters"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3, r"\$ is 3; the JSON of a term is an object with a kind"),
        ([], r"\$ is \[\]; the JSON of a term is an object with a kind"),
        ({"values": [1], "ordered": True}, r"\$ is .*; the JSON of a term is an object with a kind"),
        ({"a": 1}, r"\$ is \{'a': 1\}; that is no term, domain or expression"),
        ({"kind": 3}, r"\$ is \{'kind': 3\}; that is no term"),
        (
            {"kind": "conv3d"},
            r"the kind at \$ is 'conv3d'; a kind of your own is known once its file has .*; did you mean conv2d.*\?$",
        ),
        ({"kind": "residual"}, r"residual at \$ has the fields \[\]; it must have \['body'\]"),
        (changed([*CONVOLUTION, "colour"], "red"), r"conv2d at \$.children\[1\] has the fields \['bias', 'colour', "),
        (
            changed([*CONVOLUTION, "kind"], "konv2d"),
            r"the kind at \$.children\[1\] is 'konv2d'; a kind of your own .*; did you mean conv2d",
        ),
        (
            changed(FILTERS, -1),
            r"\$.children\[1\] cannot be read as Conv2d: filters of conv2d is -1; it must be an int",
        ),
        (
            changed(FILTERS, None),
            r"\$.children\[1\] cannot be read: filters of conv2d: a hyperparameter's value is None of type NoneType",
        ),
        (changed(FILTERS, {"a": 1}), r"\$.children\[1\].filters is \{'a': 1\}; that is no term, domain or expression"),
        (
            changed(FILTERS, {"values": [], "ordered": True}),
            r"\$.children\[1\].filters cannot be read: a domain has no values",
        ),
        (
            changed(FILTERS, {"integers": [3, 1], "log": False}),
            r"\$.children\[1\].filters cannot be read: integers\(3, 1\) is empty",
        ),
        (
            changed(FILTERS, {"reals": ["a", 1], "log": False, "grain": 0.1}),
            r"\$.children\[1\].filters cannot be read: a bound of reals is 'a'; write a number",
        ),
        (
            changed([*FILTERS, "operands", 0, "domain"], 3),
            r"\$.children\[1\].filters.operands\[0\].domain is 3; it must be a domain",
        ),
        (
            changed([*FILTERS, "operands", 0, "shared"], "a.b"),
            r"filters.operands\[0\] cannot be read: the name of a sha",
        ),
        (
            changed([*FILTERS, "operands", 0], {"kind": "relu"}),
            r"the kind at \$.children\[1\].filters.operands\[0\] is",
        ),
        (
            changed([*FILTERS, "operands"], [1]),
            r"\$.children\[1\].filters is .*; that is no term, domain or expression",
        ),
        (
            changed([*FILTERS, "operands", 1], None),
            r"\$.children\[1\].filters.operands is .*; operands are values or ex",
        ),
        (
            changed([*FILTERS, "computed"], "**"),
            r"\$.children\[1\].filters is .*; that is no term, domain or expression",
        ),
        (
            changed(CONVOLUTION, 3),
            r"\$ cannot be read as Sequential: children\[1\] of sequential is 3; it must be a modu",
        ),
        (
            changed(["children"], 3),
            r"\$ cannot be read as Sequential: children of sequential is 3; it must be a list of modules",
        ),
        (
            {**aw.to_json(aw.optional(aw.relu())), "option": "no"},
            r"\$ cannot be read as Either: option of either is 'no'; it may be one of identity, relu",
        ),
        ({**aw.to_json(Shrink(1)), "note": {"a": 1}}, r"\$.note is \{'a': 1\}; that is no term, domain or expression"),
    ],
)
def test_unreadable_json(data, message):
    """The error has the place, as in `$.children[0].filters`, the JSON there, and what is expected."""
    with pytest.raises(UnreadableTerm, match=message):
        aw.from_json(data)


def test_a_plain_field_of_another_type():
    """Plain fields of user-defined modules are checked by their type."""

    @aw.module
    class Counted(aw.Basic):
        times: int = 1

        def out_shape(self, in_shape):
            return in_shape

    assert reread(Counted(3)) == Counted(3)
    with pytest.raises(UnreadableTerm, match=r"\$.times is 'many'; it must be of type int"):
        aw.from_json({"kind": "counted", "times": "many"})
