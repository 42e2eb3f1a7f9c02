"""What travels to the workers by value: a function, and kinds of modules, that no other process can import.

Both go in one pickle of cloudpickle, so that they share what they share here: a function that names a kind means the
same class that the worker reads architectures with. What a fresh process can import is in it by its name.
"""

import base64
import pickle
from collections.abc import Callable
from typing import Any

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.term import Term
from archwright.core.tracebacks import format_message
from archwright.store.by_value import pickle_by_value
from archwright.store.origins import name_callable

TermClass = type[Term]


class CannotTravel(ArchwrightError, TypeError):
    """A function, or a kind of module, that cannot be sent to another process."""


@frozen
class Parcel:
    """What a worker was sent by value; whoever holds it keeps its kinds known in this process."""

    target: Callable[..., Any] | None = None
    kinds: tuple[TermClass, ...] = ()


def pack(parcel: Parcel) -> str | None:
    """The parcel as ASCII characters, None if it is empty. Raises CannotTravel."""
    if parcel == Parcel():
        return None
    try:
        data = pickle_by_value((parcel.target, parcel.kinds))
    except Exception as error:  # what a person's objects raise, and the limits of pickle
        functions = [] if parcel.target is None else [name_callable(parcel.target)]
        names = ", ".join([*functions, *(kind.__name__ for kind in parcel.kinds)])
        raise CannotTravel(
            f"{names} cannot be sent to worker processes: {format_message(error)}; make what cannot be sent within "
            "the function, or put both into a module that can be imported, or use workers=0, which sends nothing"
        ) from error
    return base64.b64encode(data).decode()


def unpack(text: str | None) -> Parcel:
    """The parcel that `pack` wrote; raises whatever a person's code raises that it imports."""
    return Parcel() if text is None else Parcel(*pickle.loads(base64.b64decode(text)))  # noqa: S301  (our own parent's)
