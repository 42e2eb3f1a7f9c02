"""What travels to the workers by value: a function, and kinds of modules, that no other process can import.

Both go in one pickle of cloudpickle, so that they share what they share here: a function that names a kind means the
same class that the worker reads architectures with. What a fresh process can import is in it by its name.
"""

import base64
import io
import pickle
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import CodeType, ModuleType
from typing import Any

import cloudpickle
from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.term import Term
from archwright.core.tracebacks import format_message
from archwright.core.user_modules import is_user_defined
from archwright.store.origins import is_module_importable, name_callable, unwrap_callable

TermClass = type[Term]

_NO_FILE = "<dynamic-code>"  # which cloudpickle writes in place of the file of all code


class CannotTravel(ArchwrightError, TypeError):
    """A function, or a kind of module, that cannot be sent to another process."""


@frozen
class Parcel:
    """What a worker was sent by value; whoever holds it keeps its kinds known in this process."""

    target: Callable[..., Any] | None = None
    kinds: tuple[TermClass, ...] = ()


def collect_user_kinds(space: Term) -> Sequence[TermClass]:
    """The user-defined kinds of module in a space, each once; what their own code refers to goes with them."""
    return tuple(dict.fromkeys(type(term) for term in _iterate_terms(space) if is_user_defined(type(term))))


def pack(parcel: Parcel) -> str | None:
    """The parcel as ASCII characters, None if it is empty. Raises CannotTravel."""
    if parcel == Parcel():
        return None
    file = io.BytesIO()
    try:
        with _register_by_value(_find_lost_modules(parcel)):
            _Pickler(file).dump((parcel.target, parcel.kinds))
    except Exception as error:  # what a person's objects raise, and the limits of pickle
        functions = [] if parcel.target is None else [name_callable(parcel.target)]
        names = ", ".join([*functions, *(kind.__name__ for kind in parcel.kinds)])
        raise CannotTravel(
            f"{names} cannot be sent to worker processes: {format_message(error)}; make what cannot be sent within "
            "the function, or put both into a module that can be imported, or use workers=0, which sends nothing"
        ) from error
    return base64.b64encode(file.getvalue()).decode()


def unpack(text: str | None) -> Parcel:
    """The parcel that `pack` wrote; raises whatever a person's code raises that it imports."""
    return Parcel() if text is None else Parcel(*pickle.loads(base64.b64decode(text)))  # noqa: S301  (our own parent's)


class _Pickler(cloudpickle.Pickler):
    """Keeps two things that cloudpickle drops: the slots of a kind, and the file of a function, for tracebacks."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, CodeType):
            reduction: Any = self.dispatch_table[CodeType](obj)
            make, arguments = reduction
            return make, tuple(obj.co_filename if a == _NO_FILE else a for a in arguments)
        reduced: Any = super().reducer_override(obj)
        if isinstance(reduced, tuple) and isinstance(obj, type) and issubclass(obj, Term):
            make, (metaclass, name, bases, namespace, *rest), *others = reduced
            return make, (metaclass, name, bases, {**namespace, "__slots__": obj.__slots__}, *rest), *others
        return reduced


def _iterate_terms(term: Term) -> Iterator[Term]:
    yield term
    for subterm in term.subterms:
        yield from _iterate_terms(subterm)


def _find_lost_modules(parcel: Parcel) -> Sequence[ModuleType]:
    """The modules of what is in the parcel that are here, and that a fresh process does not find."""
    contents = [*parcel.kinds, *([] if parcel.target is None else [unwrap_callable(parcel.target)])]
    names = dict.fromkeys(getattr(content, "__module__", None) or "__main__" for content in contents)
    return [
        sys.modules[name]
        for name in names
        if name != "__main__" and name in sys.modules and not is_module_importable(name)
    ]


@contextmanager
def _register_by_value(modules: Sequence[ModuleType]) -> Generator[None]:
    """Have cloudpickle send what is in these modules by value for as long as the block lasts."""
    with ExitStack() as stack:
        for module in modules:
            cloudpickle.register_pickle_by_value(module)
            stack.callback(cloudpickle.unregister_pickle_by_value, module)
        yield
