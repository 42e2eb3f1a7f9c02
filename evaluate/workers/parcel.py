"""What travels to the workers by value: code of the evaluation, and kinds of modules, that no other process can import.

Both go in one pickle of cloudpickle, so that they share what they share here: a function that names a kind means the
same class that the worker reads architectures with. What a fresh process can import is in it by its name.
"""

import base64
import pickle
from collections.abc import Sequence

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.term import Term
from archwright.core.tracebacks import format_message
from archwright.evaluate.evaluation import Evaluation
from archwright.store.by_value import pickle_by_value

TermClass = type[Term]


class CannotTravel(ArchwrightError, TypeError):
    """A function, a class or a kind of module that cannot be sent to another process."""


@frozen
class Parcel:
    """What a worker was sent by value; whoever holds it keeps its kinds known in this process."""

    evaluation: Evaluation | None = None  # where it holds such code; None: a worker reads it as a log has it
    kinds: tuple[TermClass, ...] = ()


def make_parcel(evaluation: Evaluation, kinds: Sequence[TermClass]) -> Parcel:
    """What the workers of an evaluation are sent. Raises what `make_sendable` does."""
    return Parcel(evaluation.make_sendable() if evaluation.sent_code else None, tuple(kinds))


def pack(parcel: Parcel) -> str | None:
    """The parcel as ASCII characters, None if it is empty. Raises CannotTravel."""
    if parcel.evaluation is None and not parcel.kinds:
        return None
    try:
        data = pickle_by_value((parcel.evaluation, parcel.kinds))
    except Exception as error:  # what a person's objects raise, and the limits of pickle
        sent_code = [] if parcel.evaluation is None else parcel.evaluation.sent_code
        names = ", ".join([*sent_code, *(kind.__name__ for kind in parcel.kinds)])
        raise CannotTravel(
            f"{names} cannot be sent to worker processes: {format_message(error)}; make what cannot be sent within "
            "the function, or put both into a module that can be imported, or use workers=0, which sends nothing"
        ) from error
    return base64.b64encode(data).decode()


def unpack(text: str | None) -> Parcel:
    """The parcel that `pack` wrote; raises whatever a person's code raises that it imports."""
    return Parcel() if text is None else Parcel(*pickle.loads(base64.b64decode(text)))  # noqa: S301  (our own parent's)
