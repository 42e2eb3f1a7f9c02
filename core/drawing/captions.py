"""What is written on the box of a module."""

from attrs import fields

from archwright.core.domain import Domain, Values
from archwright.core.drawing.picture import Picture, Text, box
from archwright.core.expression import Computed, Expression, Shared
from archwright.core.hyperparameter import Slot
from archwright.core.modules import basic
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.value import Value

TIMES = "\N{MULTIPLICATION SIGN}"
SHOWN = 4  # values of a domain; of more, the first and the last are shown
LONGEST = 44  # letters of a line
LEAST = 8  # letters of a name that stay, however long its value is
END = 14  # letters of the first and the last of many values
STYLES: dict[type[Term], str] = {
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
}
UNITS = {"filters": "filters", "units": "units", "groups": "groups"}  # written after their number


def times(shape: Shape) -> str:
    """A shape as people write it."""
    return TIMES.join(map(str, shape))


def told(shapes: tuple[Shape, ...]) -> str:
    """What is written on a wire: the shape of what flows in it, or of the first and the last of several copies."""
    different = list(dict.fromkeys(shapes))
    if not different:
        return ""
    return times(different[0]) if len(different) == 1 else f"{times(different[0])} … {times(shapes[-1])}"


def module(term: Term, shapes: tuple[Shape, ...]) -> Picture:
    """The box of a module that gets inputs of `shapes`, one for each of its copies; of none if nothing is known."""
    counts = list(dict.fromkeys(term.parameters(shape) for shape in shapes))
    lines = [Text(title(term), "title"), *(Text(line, "detail") for line in wrapped(details(term)))]
    if any(counts):
        lines.append(size(*counts))
    return box(tuple(lines), STYLES.get(type(term), "own"))


def size(*counts: int) -> Text:
    """How many parameters a module has, or the first and the last of several copies."""
    shown = counts if len(counts) < 2 else (counts[0], counts[-1])
    return Text(f"{' … '.join(f'{count:,}' for count in shown)} parameters", "small")


def title(term: Term) -> str:
    """The kind; of an activation its function, of a window its size."""
    size = getattr(term, "size", None)
    if isinstance(term, basic.Conv2d | basic.MaxPool2d | basic.AvgPool2d | basic.ReluConvBn) and isinstance(size, int):
        return f"{term.kind} {size}{TIMES}{size}"
    return term.label


def details(term: Term) -> list[str]:
    """The hyperparameters that are not as usual, or were left open, and are not in the title."""
    usual: dict[str, object] = {a.name: a.default for a in fields(type(term))}
    shown: list[str] = []
    for name, held in term.hyperparameters:
        in_title = str(held) == term.label or (name == "size" and title(term) != term.kind)
        if not in_title and (name in term.opened or _tells(name, held, usual.get(name))):
            shown.append(_named(name, held))
    return shown


def _tells(name: str, held: Slot, usual: object) -> bool:
    """Whether a hyperparameter that nobody chose is worth a place: a size is, and a stride other than 1."""
    if name == "stride":
        return held != 1
    return held != usual or (name == "size" and isinstance(held, int))


def _named(name: str, held: Slot) -> str:
    if name in UNITS:
        return f"{_short(entry(held), LONGEST - len(UNITS[name]) - 1)} {UNITS[name]}"
    return f"no {name}" if held is False else setting(name, held)


def setting(name: str, held: Slot) -> str:
    """A name and its value in a line that is not too long: of the two, the name is what is shortened."""
    value = _short(entry(held), LONGEST - 1 - min(len(name), LEAST))
    return f"{_short(name, LONGEST - 1 - len(value))} {value}"


def entry(held: Slot) -> str:
    """A value, or what there is to choose from."""
    if isinstance(held, Shared):
        return f"{held.name} {entry(held.domain)}"
    if isinstance(held, Computed):
        return str(held)
    if isinstance(held, Domain):
        if held.size == 1:  # never asked
            return _value(held.from_unit(0.0))
        if held.size is None:
            return str(held)
        whole = f"{{{', '.join(map(_value, held))}}}" if held.size <= SHOWN else ""
        if whole and len(whole) <= LONGEST - LEAST:
            return whole
        ends = (held.options[0], held.options[-1]) if isinstance(held, Values) else map(held.from_unit, (0.0, 1.0))
        first, last = (_short(_value(end), END) for end in ends)
        return f"{{{first} … {last}}}"
    assert not isinstance(held, Expression)
    return _value(held)


def _value(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _short(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def wrapped(words: list[str]) -> list[str]:
    """Words separated by commas, in lines that are not too long."""
    lines: list[str] = []
    for word in map(_short, words):
        if lines and len(lines[-1]) + len(word) + 2 <= LONGEST:
            lines[-1] += f", {word}"
        else:
            lines.append(word)
    return lines
