"""Dead ends: the places of a space that some choices reach and where nothing fits then."""

from collections.abc import Mapping
from typing import Any, final

from attrs import Factory, define, frozen

from archwright.core.analysis.examples import NO_CHOICE, Example, InPlace, write_path
from archwright.core.value import Path

NOTHING_ASSUMED: Mapping[Any, Any] = {}

# On what it depends whether something is blocked: keys of which no more is known than a class. Of terms that a let
# chooses, it is the binding with the inputs at the places that tell them apart, and whether bare zeros are told apart.
Doubts = frozenset[Any]
NO_DOUBTS: Doubts = frozenset()


@frozen
class BlockedPlace:
    """A dead end: choices that lead to it, the place where nothing fits after them, and why."""

    place: str  # the names of the modules around it and its own, as in the names of hyperparameters
    path: Path
    why: str

    def __str__(self) -> str:
        chosen = ", ".join(f"{name} = {value}" for name, value in self.path) or "no choice at all"
        return f"at {self.place} after {chosen}: {self.why}"


@final
@define
class BlockedPlaces:
    """The dead ends found in a module so far, by their place, each after the first choices that lead there.

    What is blocked for some values of a class that was known before the module makes a doubt: whether the module is
    offered for those values, only a module around it can say. So `places` is of use where nothing is in doubt.
    """

    classes: frozenset[Any] = frozenset()  # the keys of which a class was known before the module
    places: dict[str, BlockedPlace] = Factory(dict[str, BlockedPlace])
    doubts: Doubts = NO_DOUBTS  # about those of `classes`

    def add(
        self,
        place: str,
        path: Path,
        why: str,
        before: Example = NO_CHOICE,
        assumed: Mapping[Any, Any] = NOTHING_ASSUMED,
    ) -> None:
        """Add one, after an example of the choices before it in which shared hyperparameters have the assumed values.

        The first at a place stays.
        """
        if self.classes or place not in self.places:
            assumptions = dict(assumed)
            path = (*write_path(before, assumptions), *path)
            self.doubts |= {(k, v.shapes, v.zeros) if isinstance(v, InPlace) else k for k, v in assumptions.items()}
            self.places.setdefault(place, BlockedPlace(place, path, why))
