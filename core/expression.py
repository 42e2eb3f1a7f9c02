"""Hyperparameters shared by several modules, and values computed from them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, final

from attrs import field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.domain import Domain, as_domain
from archwright.core.errors import MAX_NESTING, TooDeep, show
from archwright.core.late_fields import Lasting
from archwright.core.value import InvalidDomain, Value, as_sequence, as_value

MAX_SHOWN_OPTIONS = 3  # of a list that is picked from


def _multiply(a: Any, b: Any) -> Any:
    if isinstance(a, str) or isinstance(b, str):  # Python would repeat a text, however often
        raise TypeError(f"{a!r} * {b!r} is no product of numbers")
    return a * b


def _round(a: Any, digits: Any) -> Any:
    if digits:
        raise TypeError(f"{a!r} cannot be rounded to {digits!r} digits, only to a whole number")
    return round(a)


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, str):  # Python would fill in a text, however long
        raise TypeError(f"{a!r} % {b!r} is no remainder of numbers")
    return a % b


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": _multiply,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": _modulo,
    "min": lambda a, b: min(a, b),
    "max": lambda a, b: max(a, b),
    "round": _round,
}


class Expression(Lasting, ABC):
    """A value that is known once the shared hyperparameters in it are; arithmetic on it gives another expression."""

    __slots__ = ()
    __array_ufunc__ = None  # so that numpy leaves its own numbers' arithmetic with expressions to the methods below

    @abstractmethod
    def find_shared(self) -> "Iterator[Shared]":
        """The shared hyperparameters in it, from left to right."""

    @abstractmethod
    def evaluate(self, environment: Mapping[str, Value]) -> Value:
        """Its value, given that of every shared hyperparameter in it; ArithmeticError as Python's operators raise."""

    def __add__(self, other: "Operand") -> "Computed":
        return Computed("+", (self, other))

    def __radd__(self, other: Value) -> "Computed":
        return Computed("+", (other, self))

    def __sub__(self, other: "Operand") -> "Computed":
        return Computed("-", (self, other))

    def __rsub__(self, other: Value) -> "Computed":
        return Computed("-", (other, self))

    def __mul__(self, other: "Operand") -> "Computed":
        return Computed("*", (self, other))

    def __rmul__(self, other: Value) -> "Computed":
        return Computed("*", (other, self))

    def __truediv__(self, other: "Operand") -> "Computed":
        return Computed("/", (self, other))

    def __rtruediv__(self, other: Value) -> "Computed":
        return Computed("/", (other, self))

    def __floordiv__(self, other: "Operand") -> "Computed":
        return Computed("//", (self, other))

    def __rfloordiv__(self, other: Value) -> "Computed":
        return Computed("//", (other, self))

    def __mod__(self, other: "Operand") -> "Computed":
        return Computed("%", (self, other))

    def __rmod__(self, other: Value) -> "Computed":
        return Computed("%", (other, self))

    def __round__(self) -> "Computed":
        return Computed("round", (self, 0))


Operand = Expression | Value


def _require_identifier(_: object, __: object, name: object) -> None:
    # Names of a module's own hyperparameters have a dot in them: so the two never clash.
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidDomain(f"the name of a shared hyperparameter is {show(name)}; write an identifier, such as width")


@final
@frozen
class Shared(Expression):
    """A hyperparameter that several modules use: chosen where the traversal first meets it, known from then on."""

    name: str = field(validator=_require_identifier)
    domain: Domain

    def find_shared(self) -> "Iterator[Shared]":
        """Itself."""
        yield self

    def evaluate(self, environment: Mapping[str, Value]) -> Value:
        """What was chosen for it."""
        return environment[self.name]

    def __str__(self) -> str:
        return self.name


def _as_operand(written: Any) -> Operand:
    return written if isinstance(written, Expression) else as_value(written)


def _as_operands(written: tuple[Any, Any]) -> tuple[Operand, Operand]:
    left, right = map(_as_operand, written)
    return left, right


@final
@frozen
class Computed(Expression):
    """An operator and its two operands."""

    operator: str
    operands: tuple[Operand, Operand] = field(converter=_as_operands)
    depth: int = field(init=False, eq=False, repr=False)  # how many computations are in each other

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "depth", _measure_depth(self.operands))

    def find_shared(self) -> Iterator[Shared]:
        """The shared hyperparameters of the left operand, then those of the right."""
        for operand in self.operands:
            if isinstance(operand, Expression):
                yield from operand.find_shared()

    def evaluate(self, environment: Mapping[str, Value]) -> Value:
        """The operator applied to the operands' values."""
        left, right = (o.evaluate(environment) if isinstance(o, Expression) else o for o in self.operands)
        return as_value(OPERATORS[self.operator](left, right))

    def __str__(self) -> str:
        left, right = self.operands
        if self.operator == "round":
            return f"round({left})"
        if self.operator.isalpha():
            return f"{self.operator}({left}, {right})"
        return f"({left} {self.operator} {right})"


def _as_options(written: Any) -> tuple[Value, ...]:
    options = as_sequence(written)
    if options is None or not options:
        raise InvalidDomain(f"pick takes from {show(written)}; write a list of one value or more, as in [16, 32, 64]")
    return tuple(map(as_value, options))


def _require_expression(_: object, __: object, place: object) -> None:
    if not isinstance(place, Expression):
        raise InvalidDomain(
            f"pick takes from place {show(place)}; write a shared hyperparameter, as in aw.shared('row', range(3))"
        )


@final
@frozen
class Picked(Expression):
    """What a list has at the place that an expression says; 0 is the first."""

    options: tuple[Value, ...] = field(converter=_as_options)
    place: Expression = field(validator=_require_expression)
    depth: int = field(init=False, eq=False, repr=False)  # as of `Computed`

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "depth", _measure_depth((self.place,)))

    def find_shared(self) -> Iterator[Shared]:
        """Those that say the place."""
        yield from self.place.find_shared()

    def evaluate(self, environment: Mapping[str, Value]) -> Value:
        """The option there; ValueError where there is none."""
        place = self.place.evaluate(environment)
        if type(place) is not int or not 0 <= place < len(self.options):
            raise ValueError(f"it has the places 0 to {len(self.options) - 1}, and none that is {show(place)}")
        return self.options[place]

    def __str__(self) -> str:
        ends = self.options if len(self.options) <= MAX_SHOWN_OPTIONS else (self.options[0], "...", self.options[-1])
        return f"[{', '.join(map(str, ends))}][{self.place}]"


def _measure_depth(operands: Iterable[Operand]) -> int:
    """How many computations are in each other with one of these operands; TooDeep of too many."""
    depth = 1 + max(o.depth if isinstance(o, Computed | Conditional | Picked) else 0 for o in operands)
    if depth > MAX_NESTING:
        raise TooDeep("a computed hyperparameter")
    return depth


def _as_case(written: Any) -> tuple[Value, Operand]:
    value, operand = written
    return as_value(value), _as_operand(operand)


def _as_cases(written: Any) -> tuple[tuple[Value, Operand], ...]:
    return tuple(map(_as_case, written))


@final
@frozen
class Conditional(Expression):
    """The operand of the case that an expression has the value of, or else another one: only that one is needed."""

    subject: Expression
    cases: tuple[tuple[Value, Operand], ...] = field(converter=_as_cases)
    otherwise: Operand = field(converter=_as_operand)
    depth: int = field(init=False, eq=False, repr=False)  # as of what is computed

    def __attrs_post_init__(self) -> None:
        operands = (self.subject, *(operand for _, operand in self.cases), self.otherwise)
        object.__setattr__(self, "depth", _measure_depth(operands))

    def select(self, environment: Mapping[str, Value]) -> Operand:
        """The operand that counts, once the subject can be evaluated."""
        value = self.subject.evaluate(environment)
        return next((operand for case, operand in self.cases if case == value), self.otherwise)

    def find_shared(self) -> Iterator[Shared]:
        """Those of the subject, then those of each operand, whether it counts or not."""
        yield from self.subject.find_shared()
        for operand in (*(operand for _, operand in self.cases), self.otherwise):
            if isinstance(operand, Expression):
                yield from operand.find_shared()

    def evaluate(self, environment: Mapping[str, Value]) -> Value:
        """The value of the operand that counts; nothing of the others is looked up."""
        operand = self.select(environment)
        return operand.evaluate(environment) if isinstance(operand, Expression) else operand

    def __str__(self) -> str:
        cases = ", ".join(f"{value}: {operand}" for value, operand in self.cases)
        return f"when({self.subject}, {{{cases}}}, {self.otherwise})"


@name_wrong_arguments
def when(subject: Expression, cases: Mapping[Value, Operand], otherwise: Operand) -> Conditional:
    """A value that depends on another one: `when(optimizer, {"sgd": momentum}, otherwise=0.0)`.

    A shared hyperparameter in a case is asked for only where the subject has the value of the case. InvalidDomain of a
    subject that is no shared or computed hyperparameter, and of cases that are no mapping.
    """
    if not isinstance(subject, Expression):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
        raise InvalidDomain(
            f"what when depends on is {show(subject)}; write a shared hyperparameter, as shared makes it"
        )
    if not isinstance(cases, Mapping) or not cases:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidDomain(
            f'the cases of when are {show(cases)}; write values and what they give, as in {{"sgd": 0.9}}'
        )
    return Conditional(subject, cases.items(), otherwise)


@name_wrong_arguments
def shared(name: str, domain: "Domain | list[Value] | tuple[Value, ...]") -> Shared:
    """A hyperparameter for several places: use the same object in each of them."""
    return Shared(name, as_domain(domain))


def smaller(a: Operand, b: Operand) -> Computed:
    """The smaller of two values."""
    return Computed("min", (a, b))


def larger(a: Operand, b: Operand) -> Computed:
    """The larger of two values."""
    return Computed("max", (a, b))


@name_wrong_arguments
def pick(options: "Sequence[Value]", place: Expression) -> Picked:
    """What a list has at a place that is chosen: `pick([64, 128], row)` is 64 where the shared `row` is 0.

    So one choice may say several hyperparameters, as the row of a table does. What stands for a shared hyperparameter,
    in the eyes of searchers, is then what it picks, where its values have no order. InvalidDomain of no options.
    """
    return Picked(options, place)
