"""What a process was given of a run that its log does not hold whole, as functions and classes of a notebook."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Self

from attrs import evolve, fields, frozen, has

from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.data_settings import DataFunction, read_data
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.functions.callables import wrap_callable
from archwright.execution.arguments import read_evaluation_argument
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.events import RunStarted
from archwright.store.main_module import find_in_main, has_other_text
from archwright.store.needed import DataNeeded, EvaluationNeeded, explain_needed
from archwright.store.origins import SourceComparison, compare_code, name_class
from archwright.store.parts import NeededPart, format_arguments

PARTS = ("evaluation", "data", "searcher", "stopping")  # of a run
_WORST_FIRST: Sequence[SourceComparison] = ("other", "unknown", "same")
AnyEvaluation = Evaluation | type[Evaluation] | Callable[..., Any] | str
AnyData = Callable[..., Any] | DataFunction | str


@frozen(kw_only=True)
class GivenValues:
    """What a run goes on with, as far as a process was given it; else None."""

    evaluation: Evaluation | type[Evaluation] | None = None  # a class gets the settings of the log
    filled_in: Collection[str] = ()  # the parts that were not given now, but before, or that `__main__` has
    data: str | DataFunction | None = None  # for itself, and not in an evaluation
    searcher: AnySearcher | None = None
    stopping: AnyStoppingRule | None = None
    known: Sequence[object] = ()  # the functions and classes that the run went on with in this process

    @property
    def any_data(self) -> str | DataFunction | None:
        """The data that was given for itself, or else in the evaluation."""
        if self.data is not None or self.evaluation is None or isinstance(self.evaluation, type):
            return self.data
        settings = self.evaluation.data_settings
        return None if settings is None else settings.data

    def fill_in(self, known: "GivenValues") -> Self:
        """These, and where one is missing the known one."""
        return evolve(
            self,
            evaluation=known.evaluation if self.evaluation is None else self.evaluation,
            filled_in=[name for name in PARTS if self.get_part(name) is None],
            data=known.data if self.any_data is None else self.data,
            searcher=known.searcher if self.searcher is None else self.searcher,
            stopping=known.stopping if self.stopping is None else self.stopping,
            known=known.list_code(),
        )

    def select_needed(self, started: RunStarted) -> Self:
        """Only those values that the log of the run does not hold whole."""
        needed = [part.argument for part in started.needed_parts]
        own = evolve(self, data=self.any_data, known=self.list_code())
        return evolve(own, **{name: None for name in PARTS if name not in needed})

    def complete(
        self,
        started: RunStarted,
        suggest: Callable[[Mapping[str, str]], str],
        among: Collection[str] = PARTS,
        *,
        trusted: bool = False,
    ) -> Self:
        """The same, with what is missing of the parts `among` which the log does not hold whole, from `__main__`.

        `__main__` has a part if it has something with the name and the source text that are in the log. Else
        DefinitionNeeded is raised, with what `suggest` makes of the arguments that give the parts again; and NotTrusted
        as `from_json`.
        """
        needed = [part for part in started.needed_parts if part.argument in among]
        missing = [part for part in needed if self.get_part(part.argument) is None]
        whole = evolve(self, **{part.argument: _find_in_main(started, part, trusted=trusted) for part in missing})
        missing = [part for part in missing if whole.get_part(part.argument) is None]
        if not missing:
            return whole
        code = [code for part in missing for code in part.code if code.is_in_main]
        changed = [each.source for each in code if has_other_text(each.source, each.sha256)]
        call = suggest(format_arguments(needed))
        raise missing[0].error(explain_needed([part.words for part in missing], call, changed))

    def get_part(self, name: str) -> Any:
        """What was given of the part."""
        return self.any_data if name == "data" else getattr(self, name)

    def compare(self, code: Iterable[tuple[str | None, object]]) -> SourceComparison | None:
        """Whether functions and classes, each with the hash that a log has, have these texts; None where all are known.

        `unknown` where one has no text, and `other` where one has another one.
        """
        compared = {compare_code(sha256, target) for sha256, target in code if not self._knows(target)}
        return next((comparison for comparison in _WORST_FIRST if comparison in compared), None)

    def _knows(self, code: object) -> bool:
        """Whether a run went on in this process with this function or class."""
        return any(part is code for part in self.known)

    def list_code(self) -> Sequence[object]:
        """The functions and classes of these values, and those that are known."""
        evaluation = None if isinstance(self.evaluation, type) else self.evaluation
        function = None if evaluation is None else evaluation.user_function
        data = self.any_data if isinstance(self.any_data, DataFunction) else None
        functions = [part.target for part in (data, function) if part is not None]
        values = [value for value in (self.evaluation, self.searcher, self.stopping) if value is not None]
        classes = chain.from_iterable(map(_iterate_classes, values))
        return [*self.known, *(part for part in functions if part is not None), *classes]


NOTHING_GIVEN = GivenValues()


def read_given_evaluation(evaluation: AnyEvaluation | None) -> Evaluation | type[Evaluation] | None:
    """The evaluation that a person gives again: a class as it is, all else as `read_evaluation_argument` reads it."""
    if isinstance(evaluation, type) and EVALUATION_KIND.has_members(evaluation):
        return EVALUATION_KIND.require_fit(name_class(evaluation), evaluation)
    return None if evaluation is None else read_evaluation_argument(evaluation)


def read_given_data(data: AnyData | None) -> str | DataFunction | None:
    """A function as it is, since it stands for one that was given by value; any other data as `read_data` does."""
    if data is None or isinstance(data, DataFunction):
        return data
    return DataFunction.of(data) if callable(data) else read_data(data)


def _iterate_classes(value: Any) -> Iterator[type[Any]]:
    """A class that was given, or that of a value, with those of the values that it holds."""
    if isinstance(value, type):
        yield value
    elif has(type(value)):
        yield type(value)
        yield from chain.from_iterable(_iterate_classes(getattr(value, field.name)) for field in fields(type(value)))


def _find_in_main(started: RunStarted, part: NeededPart, *, trusted: bool) -> Any:
    """What `__main__` has of a part of a run, by the name and the source text that the log has; else None."""
    match part.argument:
        case "searcher":
            return SEARCHER_KIND.find_in_main(started.searcher, trusted=trusted)
        case "stopping":
            return RULE_KIND.find_in_main(started.stopping, trusted=trusted)
        case _:
            (code,) = part.code
            found = find_in_main(code.source, code.sha256) if code.is_in_main else None
            if found is None or part.error is EvaluationNeeded:
                return found
            return DataFunction.of(found) if part.error is DataNeeded else wrap_callable(found)
