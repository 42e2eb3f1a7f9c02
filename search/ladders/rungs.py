"""The rungs of a ladder of budgets, and the trials on them."""

from bisect import bisect
from collections.abc import Sequence
from typing import final

from attrs import evolve, frozen
from pyrsistent import PMap, PSet, PVector, pmap, pset, pvector

_NO_UTILITIES: PMap[int, float | None] = pmap()
_NO_TRIALS: PVector[int] = pvector()


@final
@frozen
class Rung:
    """The trials of a bracket that have one budget."""

    trials: PVector[int] = _NO_TRIALS  # in the order of proposing
    utilities: PMap[int, float | None] = _NO_UTILITIES  # of those that have ended; None of one that failed
    promoted: PSet[int] = pset()
    # The negated utilities of those that did not fail, with their trials, in order: so the best come first.
    ranked: tuple[tuple[float, int], ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether all of its trials have ended."""
        return len(self.utilities) == len(self.trials)

    def rank(self) -> Sequence[int]:
        """The trials that have ended and did not fail, best first; of equal ones the earlier."""
        return self.find_best(len(self.ranked))

    def find_best(self, count: int) -> Sequence[int]:
        """The best `count` of the trials that have ended, but for those that failed, which rank last."""
        return [trial for _, trial in self.ranked[:count]]

    def add(self, trial: int) -> "Rung":
        """The rung with one more trial."""
        return evolve(self, trials=self.trials.append(trial))

    def end(self, trial: int, utility: float | None) -> "Rung":
        """The rung on which a trial has ended; without a utility it failed."""
        ended = evolve(self, utilities=self.utilities.set(trial, utility))
        if utility is None:
            return ended
        place = bisect(self.ranked, (-utility, trial))
        return evolve(ended, ranked=(*self.ranked[:place], (-utility, trial), *self.ranked[place:]))

    def promote(self, trial: int) -> "Rung":
        """The rung from which a trial was promoted."""
        return evolve(self, promoted=self.promoted.add(trial))


@final
@frozen
class Bracket:
    """Some rungs of a ladder, from the one at which the bracket's configurations begin to that of the largest budget.

    Rungs have the number that they have in the whole ladder.
    """

    start: int  # the number of the rung at which configurations begin
    rungs: tuple[Rung, ...]

    @property
    def top(self) -> int:
        """The number of the last rung, from which none is promoted."""
        return self.start + len(self.rungs) - 1

    def get_rung(self, number: int) -> Rung:
        """The rung of that number."""
        return self.rungs[number - self.start]

    def set_rung(self, number: int, rung: Rung) -> "Bracket":
        """The bracket with another rung in the place of that number."""
        i = number - self.start
        return evolve(self, rungs=(*self.rungs[:i], rung, *self.rungs[i + 1 :]))


RungPlace = tuple[int, int]  # the numbers of a bracket and of a rung of it
