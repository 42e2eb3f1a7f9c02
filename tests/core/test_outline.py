"""What is known of a space and of an architecture where some of their kinds are not."""

import json
from typing import Any

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.drawing.svg import as_svg
from archwright.core.drawing.text import as_text
from archwright.core.json import kinds, outlined, own_kinds, unknown_kinds
from archwright.core.unknown_kinds import CodeNeeded, Opaque, outline
from tests.core.own import Ladder, Shrink
from tests.strategies import anything, leaves, subterms

OWN = ("shrink", "glued", "ladder")


def foreign(data: Any) -> Any:
    """JSON in which our tests' own kinds have names that nobody knows."""
    if isinstance(data, dict):
        kind = {"kind": f"{data['kind']}_of_others"} if data.get("kind") in OWN else {}
        return {name: foreign(each) for name, each in data.items()} | kind
    return [foreign(each) for each in data] if isinstance(data, list) else data


def of_others(name: str) -> str:
    """The name of a hyperparameter with those kinds in it."""
    return ".".join(f"{part}_of_others" if part in OWN else part for part in name.split("."))


def read(term: aw.Term) -> aw.Term:
    return outlined(json.loads(json.dumps(foreign(aw.to_json(term)))))


@given(leaves)
def test_where_all_kinds_are_known_the_names_of_a_path_tell_the_architecture(leaf):
    """But for what the shapes alone have decided, which stays open."""
    found = outline(leaf.origin.space, leaf.path)
    assert found == leaf.architecture or not found.plan.specified


@given(anything)
def test_what_is_known_is_read_as_ever(term):
    data = aw.to_json(term)
    assert outlined(data) == aw.from_json(data)
    assert not unknown_kinds(data)
    assert own_kinds(data) <= set(OWN)
    assert unknown_kinds(foreign(data)) == {f"{kind}_of_others" for kind in own_kinds(data)}


@given(leaves)
def test_kinds_that_are_not_known_are_shown_by_what_the_log_has(leaf):
    """As a tree and as a picture, with what was chosen; a module that rewrites itself stays itself."""
    path = tuple((of_others(name), value) for name, value in leaf.path)
    found = outline(read(leaf.origin.space), path)
    usual = outline(leaf.origin.space, leaf.path)
    if not any(isinstance(term, Ladder) for term in subterms(leaf.origin.space)):
        assert found.plan.specified == usual.plan.specified
    assert as_text(found)
    assert "</svg>" in as_svg(found)


def test_a_tree_with_modules_of_others():
    space = aw.sequential(aw.conv2d([4, 8], 3), Shrink([1, 2], "so"), aw.affine(5))
    path = (("0.conv2d.filters", 8), ("1.shrink_of_others.step", 2))
    assert as_text(outline(read(space), path)).splitlines() == [
        "sequential",
        "├─ conv2d(filters=8, size=3)",
        "├─ shrink_of_others(step=2, note=so)",
        "└─ affine(units=5)",
    ]


def test_what_is_in_an_expansion_that_is_not_known_stays_open():
    ladder = Ladder(aw.conv2d([4, 8], 3), width=[2, 4], rungs=2)
    path = (("ladder_of_others.width", 4), ("ladder_of_others.1.residual.conv2d.filters", 8))
    assert as_text(outline(read(ladder), path)).splitlines() == [
        "ladder_of_others(width=4, rungs=2)",
        "└─ conv2d(filters={4, 8}, size=3)",
    ]


def test_only_its_code_knows_a_shape():
    with pytest.raises(CodeNeeded, match="'shrink_of_others' is not known here"):
        aw.root(read(Shrink(1)), (3, 8, 8))
    with pytest.raises(CodeNeeded, match="how many parameters"):
        read(Shrink(1)).parameters((3, 8, 8))


def test_what_stands_for_kinds_is_none():
    assert Opaque not in kinds().values()


def test_fields_of_any_form_are_shown():
    """Also those that no kind of ours has."""
    data = {"kind": "of_others", "table": {"a": [1, None]}, "inside": [[aw.to_json(aw.relu())]], "width": None}
    assert as_text(outlined(data)).splitlines() == [
        'of_others(table={"a": [1, null]}, width=null)',
        "└─ activation(function=relu)",
    ]
