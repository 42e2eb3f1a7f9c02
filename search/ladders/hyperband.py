"""Hyperband: brackets of successive halving, which begin at smaller and larger budgets by turns."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, final

from attrs import evolve, frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.setting import choice_setting, whole_setting
from archwright.search.halving import Rounding, count_promotions, list_bracket_sizes
from archwright.search.ladders.ladder import (
    HYPERBAND,
    Beginning,
    Ladder,
    LadderState,
    Promotion,
    eta_setting,
    fresh_setting,
    sampler_setting,
)
from archwright.search.ladders.rungs import Bracket, Rung
from archwright.search.randomness import UniformStream
from archwright.search.searcher import AnySearcher


@name_wrong_fields
@final
@frozen
class Hyperband(Ladder):
    """Synchronous successive halving: once all trials of a rung have ended, the best eta-th of them go on.

    A bracket has a fixed number of configurations; the next one begins where none that is under way has anything to do,
    so that no worker waits. Brackets begin with the smallest budget, then with the next larger one, and so on, and then
    anew. Failed trials count among a rung's, rank last, and are never promoted: where many fail, fewer go on, an eta-th
    of those that were there. Where no more configurations come, as the sampler has none or the run has its number of
    them, a bracket goes on with those that it has.
    """

    name: ClassVar[str] = "hyperband"
    revision: ClassVar[int] = 1
    eta: float = eta_setting()
    sampler: AnySearcher = sampler_setting()  # noqa: RUF009  (a field)
    brackets: int = whole_setting(
        0, meaning="how many different brackets take turns, that of the smallest budget first; 0: all", source=HYPERBAND
    )
    rounding: Rounding = choice_setting(  # noqa: RUF009  (a field)
        "floor", "ceil",
        meaning="of the number of a bracket's configurations: as the code of BOHB's authors, or as Hyperband's paper",
        source="Falkner et al. 2018; Li et al. 2018, Algorithm 1",
    )  # fmt: skip
    fresh: bool = fresh_setting()

    def find_job(self, state: LadderState, uniform: UniformStream) -> Promotion | Beginning | None:
        """The first job of the first bracket that has one, or the beginning of the next; consumes nothing."""
        for number in range(state.first_open, len(state.brackets)):
            job = self._find_bracket_job(state, number, state.brackets[number])
            if job is not None:
                return job
        return Beginning(len(state.brackets))

    def find_last_job(self, state: LadderState) -> Promotion | None:
        """A promotion from a first rung that is not full, and whose trials have all ended."""
        for bracket in state.brackets[state.first_open :]:
            rung = bracket.get_rung(bracket.start)
            if bracket.start < bracket.top and rung.trials and rung.has_ended and self._is_beginning(bracket):
                promoted = next(self._iterate_promotions(state, bracket, bracket.start), None)
                if promoted is not None:
                    return Promotion(promoted)
        return None

    def find_beginning(self, state: LadderState, uniform: UniformStream) -> Beginning:
        """The first bracket whose first rung is not full, or the next one; consumes nothing."""
        numbers = range(state.first_open, len(state.brackets))
        with_place = (number for number in numbers if self._has_place(state, state.brackets[number]))
        return Beginning(next(with_place, len(state.brackets)))

    def find_start(self, state: LadderState, bracket: int) -> int:
        """One rung higher from each bracket to the next, and then anew."""
        return bracket % self._count_brackets(state)

    def find_bracket(self, state: LadderState, rung: int) -> tuple[LadderState, int | None]:
        """The first that begins there and has a place, or a new one, and any before it that are not there as yet."""
        if rung >= self._count_brackets(state):
            return state, None
        for number in range(state.first_open, len(state.brackets)):
            bracket = state.brackets[number]
            if bracket.start == rung and self._has_place(state, bracket):
                return state, number
        brackets = state.brackets
        while True:
            start = self.find_start(state, len(brackets))
            brackets = brackets.append(Bracket(start, (Rung(),) * (len(state.rungs) - start)))
            if start == rung:
                return evolve(state, brackets=brackets), len(brackets) - 1

    def has_ended(self, state: LadderState, bracket: Bracket) -> bool:
        """Whether the last rung is complete, or the rungs below it have nothing left that may go on."""
        return self._is_complete(state, bracket, bracket.top)

    def list_promotable(self, state: LadderState, bracket: Bracket, rung: int) -> list[int]:
        """The winners of a rung that is complete; of another, those that are under way or may still be winners."""
        this = bracket.get_rung(rung)
        if self._is_complete(state, bracket, rung):
            return list(self._iterate_promotions(state, bracket, rung))
        size = self._list_sizes(state, bracket)[rung + 1 - bracket.start]
        under_way = [trial for trial in this.trials if trial not in this.utilities]
        return [*under_way, *(trial for trial in this.find_best(size) if trial not in this.promoted)]

    def _count_brackets(self, state: LadderState) -> int:
        count = len(state.rungs)
        return min(self.brackets or count, count)

    def _list_sizes(self, state: LadderState, bracket: Bracket) -> Sequence[int]:
        return list_bracket_sizes(len(state.rungs), bracket.start, self.eta, self.rounding)

    def _find_bracket_job(self, state: LadderState, number: int, bracket: Bracket) -> Promotion | Beginning | None:
        if self._has_place(state, bracket):
            return Beginning(number)
        for rung in range(bracket.start, bracket.top):
            if not self._is_complete(state, bracket, rung):
                return None
            promotion = next(self._iterate_promotions(state, bracket, rung), None)
            if promotion is not None:
                return Promotion(promotion)
        return None

    def _is_beginning(self, bracket: Bracket) -> bool:
        """Whether nothing was promoted in the bracket so far."""
        return not bracket.get_rung(bracket.start).promoted

    def _has_place(self, state: LadderState, bracket: Bracket) -> bool:
        """Whether a configuration may begin in the bracket."""
        first = bracket.get_rung(bracket.start)
        return self._is_beginning(bracket) and len(first.trials) < self._list_sizes(state, bracket)[0]

    def _is_complete(self, state: LadderState, bracket: Bracket, rung: int) -> bool:
        """Whether all trials that a rung is to have are there, and have ended."""
        this = bracket.get_rung(rung)
        if rung == bracket.start:
            return this.has_ended and not self._has_place(state, bracket)
        if not this.has_ended or not self._is_complete(state, bracket, rung - 1):
            return False
        return next(self._iterate_promotions(state, bracket, rung - 1), None) is None

    def _iterate_promotions(self, state: LadderState, bracket: Bracket, rung: int) -> Iterator[int]:
        """The trials of a rung whose trials have all ended that are to go on and do not yet, best first."""
        this = bracket.get_rung(rung)
        size, planned = self._list_sizes(state, bracket)[rung - bracket.start :][:2]
        is_full = len(this.trials) >= size
        share = planned if is_full else min(planned, max(1, count_promotions(len(this.trials), self.eta)))
        return (trial for trial in this.find_best(share) if trial not in this.promoted)
