"""Which data an evaluation reads, and how: a data set by its name, or a person's own function.

A function that no other process can import, as one of a notebook, of a script's `__main__`, or a lambda, travels to the
workers by value. The log has its name, its source text and the hash of that: another process that goes on with the run
is given the function again.
"""

from collections.abc import Callable
from typing import Any, Self

from attrs import field, frozen

from archwright.core.errors import show
from archwright.core.json import JSON
from archwright.core.setting import BadSetting
from archwright.evaluate.settings import (
    data_dir_setting,
    image_size_setting,
    reader_setting,
    split_seed_setting,
    validation_setting,
)
from archwright.store.main_module import is_in_main
from archwright.store.needed import IN_MAIN_KEY
from archwright.store.origins import describe_code, find_function_source, name_callable
from archwright.store.parts import describe_needed_data


@frozen
class DataFunction:
    """A person's function that returns arrays, by value."""

    source: str  # module:name, for people
    text: str | None  # of its source, where there is any
    sha256: str | None  # of that text
    is_in_main: bool = field(default=False, eq=False, repr=False)  # whether `__main__` has it itself by that name
    target: Callable[..., Any] | None = field(default=None, eq=False, repr=False)  # None: this process was not given it

    @classmethod
    def of(cls, target: Callable[..., Any]) -> Self:
        """The function of any form."""
        code, source = describe_code(target), name_callable(target)
        return cls(source, code["text"], code["sha256"], is_in_main(source, target), target)

    @classmethod
    def from_json(cls, source: str, code: JSON) -> Self:
        """The function of a log, which has its name and its text."""
        return cls(source, code["text"], code["sha256"], code.get(IN_MAIN_KEY, False))

    def __str__(self) -> str:
        return self.source

    @property
    def code(self) -> JSON:
        """What a log has of it beside its name."""
        return {"text": self.text, "sha256": self.sha256, **({IN_MAIN_KEY: True} if self.is_in_main else {})}

    def get_target(self) -> Callable[..., Any]:
        """The function itself. Raises DataNeeded, which says how to give it again."""
        if self.target is None:
            raise describe_needed_data(self.source).make_error()
        return self.target


def read_data(data: str | Callable[..., Any] | DataFunction) -> str | DataFunction:
    """The data of an evaluation: a name as it is; a person's function by its name, or else by value.

    It goes by its name where every process finds it. Raises BadSetting for what is neither.
    """
    if isinstance(data, str | DataFunction):
        return data
    if not callable(data):
        raise BadSetting(f"data is {show(data)}; it is a name, or a function that returns arrays")
    return find_function_source(data) or DataFunction.of(data)


@frozen
class DataSettings:
    """Which data set an evaluation reads, and how; see `load_dataset` for the meanings."""

    # digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH, npz:PATH, or a person's file.py:function; or theirs.
    data: str | DataFunction
    data_dir: str | None = data_dir_setting()
    validation: float = validation_setting()
    split_seed: int = split_seed_setting()
    image_size: tuple[int, int] | None = image_size_setting()
    reader: int = reader_setting()

    @property
    def name(self) -> str:
        """The name of the data, for people."""
        return str(self.data)

    @property
    def function(self) -> DataFunction | None:
        """The function that travels by value; None for data that every process finds by its name."""
        return self.data if isinstance(self.data, DataFunction) else None
