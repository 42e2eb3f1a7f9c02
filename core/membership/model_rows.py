"""A model as rows of modules in JSON, and how far the specified part of a node agrees with one.

A row has no settings, identities, names, and rows within it, which make no model another one. It is JSON, since the
kinds of a person's file may be loaded twice, for an old space and for a new one.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import cast, final

from attrs import define, frozen

from archwright.core.frame import Frame, find_prefix, list_frames
from archwright.core.json import JSON, fields_to_json
from archwright.core.membership.matching import stands_for_another
from archwright.core.modules.basic import Identity, Settings
from archwright.core.modules.composite import Sequential
from archwright.core.modules.graphs import Cell
from archwright.core.names import name_segment, root_prefix
from archwright.core.node import Node
from archwright.core.shape import Misfit
from archwright.core.term import Composite, Rewriting, Term
from archwright.core.value import Value, format_value

Row = Sequence[JSON]


def to_row(model: JSON) -> Row:
    """The modules of a simplified model that run one after the other."""
    match model["kind"]:
        case Sequential.kind:
            return model["children"]
        case Identity.kind:
            return []
        case _:
            return [model]


@final
@frozen
class Agreement:
    """How the specified part of a node agrees with a model."""

    rest: Row | None  # what the focus and what comes after it in its row must be; None where that is not known
    mismatch: str = ""  # the first place where it is another model; empty if there is none so far
    progress: int = 0  # how many modules of the model come before that


class _AnotherModel(Exception):
    """A module of the space that is not the one at its place in the model."""


@final
@define
class RowReader:
    """Compares the nodes of a space with one model."""

    row: Row
    _progress: int = 0

    def compare(self, node: Node) -> Agreement:
        """How the modules before the focus of a node, or all of a leaf, agree with the model."""
        self._progress, rest = 0, self.row
        try:
            for frame in list_frames(node.frame):
                inside = self._pass_frame(frame, rest, node)
                if inside is None:
                    return Agreement(None, progress=self._progress)
                rest = inside
            if node.is_leaf:
                _require_end(self._pass(node.focus, root_prefix(node.origin.space), rest))
            elif node.request is not None:
                self._require_focus_fits(node, rest)
        except _AnotherModel as another:
            return Agreement(None, str(another), self._progress)
        return Agreement(rest, progress=self._progress)

    def _pass_frame(self, frame: Frame, rest: Row, node: Node) -> Row | None:
        """What the next child of a frame and those after it in its row must be; None where that is not known."""
        if isinstance(frame.term, Sequential):
            for i, child in enumerate(frame.specified_children):
                rest = self._pass(child, frame.find_child_prefix(i), rest)
            return rest
        if not isinstance(frame.term, Composite):
            is_replaced = type(frame.term).with_children is Rewriting.with_children
            return rest if is_replaced else None
        prefix = find_prefix(frame.outer, frame.term)
        children = self._enter(frame.term, prefix, rest)
        for i, child in enumerate(frame.specified_children):
            _require_end(self._pass(child, frame.find_child_prefix(i), to_row(children[i])))
        return to_row(children[len(frame.specified_children)])

    def _pass(self, term: Term, prefix: str, rest: Row) -> Row:
        """What must come after a specified module; _AnotherModel unless the rest of a row begins with that."""
        if isinstance(term, Settings | Identity):
            return rest
        subterms = term.subterms
        if isinstance(term, Sequential):
            for i, child in enumerate(subterms):
                rest = self._pass(child, f"{prefix}{name_segment(term, subterms, i)}.", rest)
            return rest
        parts = self._enter(term, prefix, rest)
        for i, (child, part) in enumerate(zip(subterms, parts, strict=True)):
            _require_end(self._pass(child, f"{prefix}{name_segment(term, subterms, i)}.", to_row(part)))
        return rest[1:]

    def _enter(self, term: Term, prefix: str, rest: Row) -> Row:
        """The modules inside the first one of the rest of a row; _AnotherModel unless that is `term` but for these."""
        target, here = _require_kind(term, prefix, rest), fields_to_json(term)
        inside, wanted = _list_inside(term, target), len(term.subterms)
        unlike = {"kind", *(name for name, role in term.field_roles if role in ("child", "children", "rule"))}
        for name in dict.fromkeys([*here, *target]):
            if name not in unlike and here.get(name) != target.get(name):
                old, new = format_value(target.get(name)), format_value(here.get(name))
                raise _AnotherModel(f"{prefix}{term.word}.{name} is {old}, and is {new} here")
        if len(inside) != wanted:
            raise _AnotherModel(
                f"its {prefix}{term.word} has {len(inside)} modules inside, and the space's has {wanted}"
            )
        self._progress += 1
        return inside

    def _require_focus_fits(self, node: Node, rest: Row) -> None:
        """_AnotherModel unless the module whose hyperparameters are asked for may be the first of the rest of a row."""
        focus, request = node.focus, node.request
        assert request is not None
        prefix = find_prefix(node.frame, focus)
        if isinstance(focus, Cell):
            self._require_cell_fits(focus, request.values, prefix, rest)
        if stands_for_another(focus) or isinstance(focus, Settings | Identity | Sequential):
            return
        target = _require_kind(focus, prefix, rest)
        for name in focus.plan.names:
            if get_hyperparameter(target, focus, name) is None:
                raise _AnotherModel(f"its {prefix}{focus.word} has no {name}")
        for name, value in zip(focus.plan.names, request.values, strict=False):
            if (had := get_hyperparameter(target, focus, name)) != value:
                old, new = format_value(had), format_value(value)
                raise _AnotherModel(f"{prefix}{focus.word}.{name} is {old}, and is {new} here")

    def _require_cell_fits(self, cell: Cell, values: Sequence[Value], prefix: str, rest: Row) -> None:
        """_AnotherModel unless a cell with these first operations may be the first of the rest of a row.

        It stands for its graph when all are chosen, and there are too many ways to choose them to try each.
        """
        with suppress(Misfit):
            graph = cell.leave_open(values)
            if graph is not None:
                prefix = f"{prefix}{cell.word}."
                for i, (child, part) in enumerate(zip(graph.children, self._enter(graph, prefix, rest), strict=True)):
                    if child.plan.is_specified:
                        _require_end(
                            self._pass(child, f"{prefix}{name_segment(graph, graph.children, i)}.", to_row(part))
                        )


def get_hyperparameter(target: JSON, term: Term, name: str) -> Value | None:
    """The value that a hyperparameter has in the JSON of a module of the kind of `term`; None where there is none."""
    if name in target:
        return target[name]
    if name in term.optional_defaults:  # left out of JSON where it has its default
        return term.optional_defaults[name]
    named = [target.get(field, ()) for field, role in term.field_roles if role == "named hyperparameters"]
    return next((value for entries in named for each, value in entries if each == name), None)


def _require_kind(term: Term, prefix: str, rest: Row) -> JSON:
    """The first module of the rest of a row; _AnotherModel unless it is of the kind of `term`."""
    if not rest:
        raise _AnotherModel(f"its model ends where the space has {prefix}{term.word}")
    if rest[0]["kind"] != term.kind:
        raise _AnotherModel(f"its model has {rest[0]['kind']} where the space has {prefix}{term.word}")
    return rest[0]


def _require_end(rest: Row) -> None:
    """_AnotherModel if anything is left of a row."""
    if rest:
        raise _AnotherModel(f"its model goes on with {rest[0]['kind']} where the space ends")


def _list_inside(term: Term, target: JSON) -> Row:
    """The modules inside one that is of the kind of `term`."""
    contents: list[JSON] = [target[name] for name in term.subterm_fields]
    return [
        module for content in contents for module in (cast(Row, content) if isinstance(content, list) else [content])
    ]
