"""The functions and classes with which this process has asked for the searches of a log: nothing is said of them again.

A notebook's cell, or a loop, may ask for the same search again and again, and leave the run that it gives.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from weakref import ref


def remember_code(log: Path, run: str, code: Iterable[object]) -> None:
    """Remember the functions and classes as those of the run, as long as anything else holds them."""
    known = recall_code(log, run)
    for each in code:
        if any(each is other for other in known):
            continue
        with suppress(TypeError):  # an object of a class that lets nothing refer to it so
            _list_remembered()[log.resolve(), run].append(ref(each))


def recall_code(log: Path, run: str) -> Sequence[object]:
    """The functions and classes of the run that are remembered."""
    remembered = [code() for code in _list_remembered().get((log.resolve(), run), ())]
    return [code for code in remembered if code is not None]


@cache
def _list_remembered() -> defaultdict[tuple[Path, str], list[Callable[[], object]]]:
    return defaultdict(list)
