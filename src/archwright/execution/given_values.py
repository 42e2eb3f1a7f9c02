"""What a process was given of a run that its log does not hold whole, as functions and classes of a notebook."""

from collections.abc import Callable, Collection, Mapping
from typing import Self

from attrs import evolve, frozen

from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.functions.callables import FunctionNeeded
from archwright.search.configured import ExtensionNeeded
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.events import RunStarted
from archwright.store.needed import describe_needed, list_needed

PARTS = ("evaluation", "searcher", "stopping")  # of a run


@frozen(kw_only=True)
class GivenValues:
    """The evaluation, the searcher and the stopping rule of a run, as far as a process was given them; else None."""

    evaluation: Evaluation | None = None
    searcher: AnySearcher | None = None
    stopping: AnyStoppingRule | None = None

    def fill_in(self, known: "GivenValues") -> Self:
        """These, and where one is missing the known one."""
        return evolve(
            self,
            evaluation=known.evaluation if self.evaluation is None else self.evaluation,
            searcher=known.searcher if self.searcher is None else self.searcher,
            stopping=known.stopping if self.stopping is None else self.stopping,
        )

    def select_needed(self, started: RunStarted) -> Self:
        """Those alone that the log of the run does not hold whole."""
        needed = _list_parts(started)
        return evolve(self, **{name: None for name in PARTS if name not in needed})

    def require(
        self, started: RunStarted, suggest: Callable[[Mapping[str, str]], str], among: Collection[str] = PARTS
    ) -> None:
        """Nothing where all is given that the log of the run does not hold whole, `among` these of its parts.

        Else FunctionNeeded or ExtensionNeeded, with what `suggest` makes of the arguments that give it again.
        """
        needed = {name: text for name, text in _list_parts(started).items() if name in among}
        missing = [name for name in needed if getattr(self, name) is None]
        if not missing:
            return
        words = describe_needed(started.evaluator, started.searcher, started.stopping)
        pronoun = "it" if len(missing) == 1 else "them"
        error = FunctionNeeded if "evaluation" in missing else ExtensionNeeded
        raise error(
            f"{' and '.join(words[name] for name in missing)}, which no other process can import; define {pronoun} "
            f"again in Python and give {pronoun}: {suggest(needed)}"
        )


NOTHING_GIVEN = GivenValues()


def _list_parts(started: RunStarted) -> Mapping[str, str]:
    return list_needed(started.evaluator, started.searcher, started.stopping)
