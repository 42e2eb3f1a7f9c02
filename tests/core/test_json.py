"""Terms as JSON, both ways."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.json import UnreadableTerm, kinds
from tests.core.own import Glued, Ladder, Shrink
from tests.strategies import anything, continuous, domains, leaves

CONV = aw.conv2d(filters=[8, 16], size=3)


def again(term: aw.Term) -> aw.Term:
    """The term that is read from the text of a term's JSON."""
    return aw.from_json(json.loads(json.dumps(aw.to_json(term), allow_nan=False)))


@given(anything | continuous)
def test_reading_what_was_written_gives_an_equal_term(term):
    """Through text: also its hash, its drawing and its count."""
    assert again(term) == term
    assert hash(again(term)) == hash(term)
    assert repr(again(term)) == repr(term)


@given(leaves)
def test_architectures_are_read_as_they_were_written(leaf):
    """A leaf's architecture is a term like any other."""
    assert again(leaf.architecture) == leaf.architecture
    assert again(leaf.architecture).plan.specified


@given(domains)
def test_domains_are_read_as_they_were_written(domain):
    """Every number to its last bit, with scale, order and grain; also of a shared hyperparameter."""
    space = aw.settings(a=domain, b=aw.shared("b", domain))
    assert repr(again(space)) == repr(space)


@given(st.lists(anything, min_size=2, max_size=2))
def test_different_terms_have_different_json(terms):
    """So that the JSON in a log names a space."""
    a, b = (json.dumps(aw.to_json(term)) for term in terms)
    assert (a == b) == (repr(terms[0]) == repr(terms[1]))


def test_json_by_hand():
    """What a person would write: the kind, the fields, and domains as small objects."""
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


def test_modules_of_ones_own_are_read():
    """With the fields that are neither hyperparameters nor modules."""
    space = Glued((CONV, Shrink([1, 2], note="mine")), Ladder(CONV, width=[8, 16], rungs=[0, 1]))
    assert again(space) == space
    assert again(space).pair[1].note == "mine"


def test_fields_of_ones_own_under_string_annotations():
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
    """The error names both classes; a kind that is defined again, as when a file is loaded again, replaces the old."""
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


def test_every_kind_is_known():
    """Those of archwright and those of this test."""
    assert {"conv2d", "sequential", "either", "repeat_tied", "settings", "shrink", "glued", "ladder"} <= set(kinds())
    assert "basic" not in kinds()
    assert all(kind == cls.kind for kind, cls in kinds().items())


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
        (changed(FILTERS, None), r"\$.children\[1\] cannot be read: a hyperparameter's value is None of type NoneType"),
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
        (changed(["children"], 3), r"\$ cannot be read as Sequential: 'int' object is not iterable"),
        (
            {**aw.to_json(aw.optional(aw.relu())), "option": "no"},
            r"\$ cannot be read as Either: option of either is 'no'; it may be one of identity, relu",
        ),
        ({**aw.to_json(Shrink(1)), "note": {"a": 1}}, r"\$.note is \{'a': 1\}; that is no term, domain or expression"),
    ],
)
def test_what_cannot_be_read(data, message):
    """The error says where, as in `$.children[0].filters`, what stands there, and what should."""
    with pytest.raises(UnreadableTerm, match=message):
        aw.from_json(data)


def test_a_plain_field_of_another_type():
    """Fields of one's own are checked by their type."""

    @aw.module
    class Counted(aw.Basic):
        times: int = 1

        def out_shape(self, in_shape):
            return in_shape

    assert again(Counted(3)) == Counted(3)
    with pytest.raises(UnreadableTerm, match=r"\$.times is 'many'; it must be of type int"):
        aw.from_json({"kind": "counted", "times": "many"})
