"""What people give, read as Python's own values; whoever reads it says which error refuses the rest."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, cast

from attrs import frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.value import as_integer


def as_number(given: Any) -> float | None:
    """A number, also of another library, as a float, NaN and infinite ones too; None for anything else."""
    try:
        is_flag = isinstance(given, bool) or "bool" in str(getattr(given, "dtype", ""))  # also of numpy and torch
        return None if is_flag or isinstance(given, str | bytes) else float(given)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # several elements; more than a float can hold
        return None


@frozen
class ValueReader:
    """Reads values by their names, and refuses with one error what is something else than it must be."""

    error: type[ArchwrightError]

    def refuse(self, name: str, given: Any, meaning: str) -> NoReturn:
        """Raises the error, which says what the value must be."""
        raise self.error(f"{name} is {show(given)}; it must be {meaning}")

    def read_integer(self, name: str, given: Any, low: int | None = None) -> int:
        """A whole number, from `low` on, as Python's."""
        number = as_integer(given)
        if type(number) is not int or (low is not None and number < low):
            self.refuse(name, given, "a whole number" if low is None else f"a whole number of {low} or more")
        return number

    def read_count(self, name: str, given: Any) -> int:
        """How many there are of something: 0, 1, 2 ..."""
        return self.read_integer(name, given, low=0)

    def read_positive_count(self, name: str, given: Any) -> int:
        """How many there are of something: 1, 2, 3 ..."""
        return self.read_integer(name, given, low=1)

    def read_number(
        self, name: str, given: Any, meaning: str = "a number", is_allowed: Callable[[float], bool] = lambda _: True
    ) -> float:
        """A number as `as_number` has it, if it is allowed."""
        number = as_number(given)
        if number is None or not is_allowed(number):
            self.refuse(name, given, meaning)
        return number

    def check_flag(self, name: str, given: Any) -> bool:
        """True or False."""
        return given if isinstance(given, bool) else self.refuse(name, given, "True or False")

    def check_text(self, name: str, given: Any, meaning: str = "a text") -> str:
        """A text."""
        return given if isinstance(given, str) else self.refuse(name, given, meaning)

    def check_mapping(self, name: str, given: Any) -> Mapping[Any, Any]:
        """Values by their names."""
        if not isinstance(given, Mapping):
            self.refuse(name, given, "a mapping, values by their names")
        return cast("Mapping[Any, Any]", given)

    def list_values(self, name: str, given: Any, meaning: str) -> list[Any]:
        """The values of a list, or of another iterable but a text."""
        if isinstance(given, str) or not isinstance(given, Iterable):
            self.refuse(name, given, f"a list{meaning}")
        return list(cast("Iterable[Any]", given))


def make_validator(check: Callable[[str, Any], object]) -> Callable[[object, Any, Any], None]:
    """A validator of a field of attrs, which checks its value under its name."""

    def validate(_: object, attribute: Any, value: Any) -> None:
        check(attribute.name, value)

    return validate
