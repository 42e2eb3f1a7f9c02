"""Spaces and architectures with modules of unknown kinds."""

import json
from typing import Any

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.drawing.svg import as_svg
from archwright.core.drawing.text import as_text
from archwright.core.json import find_unknown_kinds, find_user_kinds, from_foreign_json, list_kinds
from archwright.core.unknown_modules import CodeNeeded, UnknownModule, specify_by_name
from tests.core.user_modules import Ladder, Shrink
from tests.strategies import iterate_subterms, leaves, terms

USER_KINDS = ("shrink", "glued", "ladder", "net")


def rename_kinds(data: Any) -> Any:
    """JSON in which the user-defined kinds of the tests have unknown names."""
    if isinstance(data, dict):
        kind = {"kind": f"{data['kind']}_of_others"} if data.get("kind") in USER_KINDS else {}
        return {name: rename_kinds(each) for name, each in data.items()} | kind
    return [rename_kinds(each) for each in data] if isinstance(data, list) else data


def rename_choice(name: str) -> str:
    """The name of a choice with the unknown names of kinds in it."""
    return ".".join(f"{part}_of_others" if part in USER_KINDS else part for part in name.split("."))


def read_as_unknown(term: aw.Term) -> aw.Term:
    """The term, read where its user-defined kinds are unknown."""
    return from_foreign_json(json.loads(json.dumps(rename_kinds(aw.to_json(term)))))


@given(leaves)
def test_where_all_kinds_are_known_a_path_specifies_the_architecture(leaf):
    """But for choices that the shapes alone have decided, which stay open."""
    specified = specify_by_name(leaf.origin.space, leaf.path)
    assert specified == leaf.architecture or not specified.plan.is_specified


@given(terms)
def test_known_kinds_are_read_as_by_from_json(term):
    data = aw.to_json(term)
    assert from_foreign_json(data) == aw.from_json(data)
    assert not find_unknown_kinds(data)
    assert find_user_kinds(data) <= set(USER_KINDS)
    assert find_unknown_kinds(rename_kinds(data)) == {f"{kind}_of_others" for kind in find_user_kinds(data)}


@given(leaves)
def test_unknown_kinds_are_drawn_from_their_json(leaf):
    """As text and as SVG, with the chosen values; a rewriting module is not expanded."""
    path = tuple((rename_choice(name), value) for name, value in leaf.path)
    specified = specify_by_name(read_as_unknown(leaf.origin.space), path)
    known = specify_by_name(leaf.origin.space, leaf.path)
    if not any(isinstance(term, Ladder) for term in iterate_subterms(leaf.origin.space)):
        assert specified.plan.is_specified == known.plan.is_specified
    assert as_text(specified)
    assert "</svg>" in as_svg(specified)


def test_a_tree_with_unknown_modules():
    space = aw.sequential(aw.conv2d([4, 8], 3), Shrink([1, 2], "so"), aw.affine(5))
    path = (("0.conv2d.filters", 8), ("1.shrink_of_others.step", 2))
    assert as_text(specify_by_name(read_as_unknown(space), path)).splitlines() == [
        "sequential",
        "├─ conv2d(filters=8, size=3)",
        "├─ shrink_of_others(step=2, note=so)",
        "└─ affine(units=5)",
    ]


def test_productions_are_found_by_their_symbols():
    """As the names of choices have these, and not the kind of module."""
    rules = {"S": [aw.sequential(aw.nonterminal("OP"), Shrink([1, 2]), aw.nonterminal("OP"))]}
    space = aw.sequential(aw.grammar("S", **rules, OP=[aw.relu(), aw.conv2d([8, 16], 3)]), aw.affine(3))
    path = (
        ("0.S.0.OP.production", "relu"),
        ("0.S.1.shrink_of_others.step", 2),
        ("0.S.2.OP.production", "conv2d"),
        ("0.S.2.OP.conv2d.filters", 16),
    )
    assert as_text(specify_by_name(read_as_unknown(space), path)).splitlines() == [
        "sequential",
        "├─ sequential",
        "│  ├─ activation(function=relu)",
        "│  ├─ shrink_of_others(step=2, note=as it was)",
        "│  └─ conv2d(filters=16, size=3)",
        "└─ affine(units=3)",
    ]


def test_choices_within_an_unknown_expansion_stay_open():
    ladder = Ladder(aw.conv2d([4, 8], 3), width=[2, 4], rungs=2)
    path = (("ladder_of_others.width", 4), ("ladder_of_others.1.residual.conv2d.filters", 8))
    assert as_text(specify_by_name(read_as_unknown(ladder), path)).splitlines() == [
        "ladder_of_others(width=4, rungs=2)",
        "└─ conv2d(filters={4, 8}, size=3)",
    ]


def test_shapes_and_parameters_of_an_unknown_module_need_its_code():
    with pytest.raises(CodeNeeded, match="'shrink_of_others' is not known here"):
        aw.root(read_as_unknown(Shrink(1)), (3, 8, 8))
    with pytest.raises(CodeNeeded, match="how many parameters"):
        read_as_unknown(Shrink(1)).parameters((3, 8, 8))


def test_unknown_module_is_no_kind():
    assert UnknownModule not in list_kinds().values()


def test_fields_of_any_form_are_shown():
    """Also of a form that no built-in kind has."""
    data = {"kind": "of_others", "table": {"a": [1, None]}, "inside": [[aw.to_json(aw.relu())]], "width": None}
    assert as_text(from_foreign_json(data)).splitlines() == [
        'of_others(table={"a": [1, null]}, width=null)',
        "└─ activation(function=relu)",
    ]
