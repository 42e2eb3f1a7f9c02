"""How deep modules may be nested: no deeper than Python's stack is for every walk through them."""

from archwright.core.errors import ArchwrightError

DEEPEST = 100  # modules in each other, those that others expand to among them; and computations in each other
SHOWN = 60  # letters of a place: those at its beginning say most


class TooDeep(ArchwrightError, RecursionError):
    """Modules nested too deep, or one that expands to itself without end; the message has the place."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        place = self.place if len(self.place) <= SHOWN else f"{self.place[:SHOWN]}…"
        return (
            f"more than {DEEPEST} levels are nested in each other at {place}; "
            "a module that expands to itself must come to an end, and others go side by side, as in sequential(a, b, c)"
        )
