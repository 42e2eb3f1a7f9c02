"""Captions: the text on the boxes of modules and on the wires between them."""

from attrs import fields

from archwright.core.domain import Domain, Values
from archwright.core.drawing.picture import Picture, Text, draw_box
from archwright.core.errors import cut_text
from archwright.core.expression import Computed, Conditional, Expression, Picked, Shared
from archwright.core.hyperparameter import Slot
from archwright.core.modules import basic
from archwright.core.modules.asking import Ask
from archwright.core.modules.multibranch import ShakeDrop, Shortcut
from archwright.core.ranges import Integers
from archwright.core.shape import Shape, TupleShape
from archwright.core.term import Term
from archwright.core.value import Value

TIMES_SIGN = "\N{MULTIPLICATION SIGN}"
MAX_SHOWN_VALUES = 4  # of a domain; of more, the first and the last are shown
MAX_LINE_CHARACTERS = 44
MAX_NAME_CHARACTERS = 24  # of the name of a module
MIN_NAME_CHARACTERS = 8  # of the name of a hyperparameter, however long its value is
MAX_END_CHARACTERS = 14  # of the first and of the last of many values
BOX_STYLES: dict[type[Term], str] = {
    basic.Conv2d: "convolution",
    basic.ReluConvBn: "convolution",
    basic.Affine: "affine",
    basic.MaxPool2d: "pool",
    basic.AvgPool2d: "pool",
    basic.GlobalAvgPool: "pool",
    basic.BatchNorm: "norm",
    basic.Activation: "activation",
    basic.Dropout: "dropout",
    basic.Flatten: "plain",
    basic.Identity: "plain",
    basic.Zero: "plain",
    basic.Settings: "plain",
    Ask: "plain",
    Shortcut: "convolution",
    ShakeDrop: "dropout",
}
UNIT_NOUNS = {"filters": "filters", "units": "units", "groups": "groups"}  # written after their number


def _join_axes(shape: Shape) -> str:
    """A shape with multiplication signs between its axes; of several side by side, with commas between them."""
    if isinstance(shape, TupleShape):
        return ", ".join(map(_join_axes, shape.shapes))
    return TIMES_SIGN.join(map(str, shape))


def format_shapes(shapes: tuple[Shape, ...]) -> str:
    """The caption of a wire: its shape, or the first and the last shape of several copies; empty without shapes."""
    if not shapes:
        return ""
    first, last = _join_axes(shapes[0]), _join_axes(shapes[-1])
    return first if len(set(shapes)) == 1 else f"{first} … {last}"


def draw_module(term: Term, shapes: tuple[Shape, ...]) -> Picture:
    """The box of a module; `shapes` are the input shapes of its copies, none where they are not known."""
    counts = list(dict.fromkeys(term.parameters(shape) for shape in shapes))
    lines = [
        Text(add_name(term, format_title(term)), "title"),
        *(Text(line, "detail") for line in wrap_items(list_details(term))),
    ]
    if any(counts):
        lines.append(caption_parameters(*counts))
    return draw_box(tuple(lines), BOX_STYLES.get(type(term), "own"))


def caption_parameters(*counts: int) -> Text:
    """The number of parameters of a module, or of the first and the last of several copies."""
    ends = counts if len(counts) < 2 else (counts[0], counts[-1])
    return Text(f"{' … '.join(f'{count:,}' for count in ends)} parameters", "small")


def format_title(term: Term) -> str:
    """The kind of a module; for an activation its function, for a window also its size."""
    size = getattr(term, "size", None)
    has_window = isinstance(term, basic.Conv2d | basic.MaxPool2d | basic.AvgPool2d | basic.ReluConvBn)
    return f"{term.kind} {size}{TIMES_SIGN}{size}" if has_window and isinstance(size, int) else term.label


def add_name(term: Term, text: str) -> str:
    """A text on a module, with its name before it, if it has one."""
    return f"{cut_text(term.given_name, MAX_NAME_CHARACTERS)}: {text}" if term.given_name else text


def list_details(term: Term) -> list[str]:
    """The hyperparameters that differ from their defaults or were open, and are not in the title."""
    defaults: dict[str, object] = {a.name: a.default for a in fields(type(term))}
    details: list[str] = []
    for name, slot in term.hyperparameters:
        in_title = str(slot) == term.label or (name == "size" and format_title(term) != term.kind)
        if not in_title and (name in term.open_names or _is_notable(name, slot, defaults.get(name))):
            details.append(_format_detail(name, slot))
    return details


def _is_notable(name: str, slot: Slot, default: object) -> bool:
    """Whether a hyperparameter that was not chosen is shown: a size is, and a stride other than 1."""
    if name == "stride":
        return slot != 1
    return slot != default or (name == "size" and isinstance(slot, int))


def _format_detail(name: str, slot: Slot) -> str:
    if name in UNIT_NOUNS:
        return f"{cut_text(format_slot(slot), MAX_LINE_CHARACTERS - len(UNIT_NOUNS[name]) - 1)} {UNIT_NOUNS[name]}"
    return f"no {name}" if slot is False else format_setting(name, slot)


def format_setting(name: str, slot: Slot) -> str:
    """A name and its value in a line of at most `MAX_LINE_CHARACTERS`; the name is shortened before the value."""
    value = cut_text(format_slot(slot), MAX_LINE_CHARACTERS - 1 - min(len(name), MIN_NAME_CHARACTERS))
    return f"{cut_text(name, MAX_LINE_CHARACTERS - 1 - len(value))} {value}"


def format_slot(slot: Slot) -> str:
    """A value, or the values that it may have."""
    if isinstance(slot, Shared):
        return f"{slot.name} {format_slot(slot.domain)}"
    if isinstance(slot, Computed | Conditional | Picked):
        return str(slot)
    if isinstance(slot, Domain):
        if slot.size == 1:  # no choice
            return _format_value(slot.from_unit(0.0))
        if slot.size is None:
            return str(slot)
        weights = slot.describe_weights() if isinstance(slot, Values) else ""
        values = f"{{{', '.join(map(_format_value, slot))}{weights}}}" if slot.size <= MAX_SHOWN_VALUES else ""
        if values and len(values) <= MAX_LINE_CHARACTERS - MIN_NAME_CHARACTERS:
            return values
        ends = (slot.options[0], slot.options[-1]) if isinstance(slot, Values) else map(slot.from_unit, (0.0, 1.0))
        first, last = (cut_text(_format_value(end), MAX_END_CHARACTERS) for end in ends)
        is_uneven = weights or (isinstance(slot, Integers) and slot.prior)
        return f"{{{first} … {last}{' weighted' if is_uneven else ''}}}"
    assert not isinstance(slot, Expression)
    return _format_value(slot)


def _format_value(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def wrap_items(items: list[str]) -> list[str]:
    """The items, separated by commas, in lines of at most `MAX_LINE_CHARACTERS`."""
    lines: list[str] = []
    for item in (cut_text(item, MAX_LINE_CHARACTERS) for item in items):
        if lines and len(lines[-1]) + len(item) + 2 <= MAX_LINE_CHARACTERS:
            lines[-1] += f", {item}"
        else:
            lines.append(item)
    return lines
