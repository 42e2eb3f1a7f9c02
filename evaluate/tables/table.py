"""A benchmark that was trained beforehand as an evaluation: all of it that is the same for every benchmark."""

import random
from abc import abstractmethod
from collections.abc import Collection, Sequence
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import frozen

from archwright.core.budget import LIST_SEPARATOR, RANGE_SEPARATOR, Budget, BudgetRange, Budgets, parse_budgets
from archwright.core.check import check
from archwright.core.input import Input
from archwright.core.node import root
from archwright.core.objective import Objective, make_objective
from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.core.traversal import sample
from archwright.evaluate.evaluation import Evaluation, EvaluationInput
from archwright.evaluate.settings import choose_metric
from archwright.evaluate.tables.tabular import NotInTable, TableEntry, look_up_job
from archwright.evaluate.workers.simulated import SimulatedWorkers

if TYPE_CHECKING:
    from archwright.evaluate.data.dataset import DataInfo

DRAWN = 16  # architectures of a space that are held against a table


@frozen
class Table(Evaluation):
    """The results of a benchmark: trials are looked up, at once, and take the time that the trainings took.

    A subclass is a frozen attrs class whose fields are settings. It says which architectures and which budgets its file
    has results of, and looks them up. Any of these may be a property, too, where it depends on the settings.
    """

    benchmark: ClassVar[str]  # its name in messages
    # The budgets that it has results of, as a text: one, as in "100epochs"; a list, as in "12epochs,200epochs"; or a
    # range, as in "1epochs..52epochs", of which it has every whole number of epochs or examples. The largest is usual.
    budgets: ClassVar[str]
    metric: ClassVar[str] = "accuracy"  # that a search optimizes where nobody says one

    table: str  # the path of its file

    def __new__(cls, *args: Any, **settings: Any) -> Any:
        """A table of its own; of this class itself, the evaluation by a function that says the same every time.

        So `aw.Table(function)` is looked up as a table is: without workers, and with simulated time.
        """
        if cls is not Table:
            return super().__new__(cls)
        # By its name, since the evaluations by functions are beside those by tables, and know nothing of each other.
        return import_module("archwright.evaluate.functions.callables").wrap_table(*args, **settings)

    @abstractmethod
    def load(self) -> None:
        """Read its file, once; raises BadTable if that is not there, or does not hold the table."""

    @abstractmethod
    def require_architecture(self, architecture: Term) -> None:
        """Raises NotInTable unless the architecture is one of those that the benchmark is about."""

    @abstractmethod
    def look_up(self, architecture: Term, budget: Budget, seed: int) -> TableEntry:
        """The result of a training; raises NotInTable if the table has none. `seed` is that of the trial."""

    @property
    def classes(self) -> int | None:
        """How many outputs its networks have; None: as many as a space has by default."""
        return None

    @property
    def description(self) -> str:
        """The path of the table."""
        return f"the table {self.table}"

    @property
    def usual_budget(self) -> Budget:
        """The largest of its budgets."""
        return _list_ends(self.budgets)[-1]

    def require_budget(self, budget: Budget) -> None:
        """Raises NotInTable unless it has results of it. Only new runs ask: old ones with another one go on."""
        if not _holds(self.budgets, budget):
            raise NotInTable(f"the budget is {budget}; {self._describe_budgets()}")

    def explain_rungs(self, budgets: BudgetRange, rungs: Sequence[Budget]) -> str:
        """What is wrong with a range of which it lacks a rung, with the budgets to be given instead."""
        known = [budget for budget in _list_ends(self.budgets) if budget.unit == budgets.largest.unit]
        inside = [str(budget) for budget in known if budgets.smallest <= budget <= budgets.largest]
        given = LIST_SEPARATOR.join(inside) if len(inside) > 1 and RANGE_SEPARATOR not in self.budgets else self.budgets
        remedy = ", with a searcher that is no ladder" if isinstance(parse_budgets(given), Budget) else ""
        return (
            f"the budget is {budgets}, with the rungs {_format_row([*map(str, rungs)], 'and')}; "
            f"{self._describe_budgets()}; write --budget {given}, in Python budget={given!r}{remedy}"
        )

    def _describe_budgets(self) -> str:
        joint = "to" if RANGE_SEPARATOR in self.budgets else "and"
        return f"the table of {self.benchmark} has {_format_row([*map(str, _list_ends(self.budgets))], joint)}"

    def choose_objective(self, metric: str | None = None, minimize: bool | None = None) -> Objective:
        """By default the table's metric; see `make_objective`."""
        return make_objective(choose_metric(metric, self.metric, "metric"), minimize)

    @property
    def can_continue(self) -> bool:
        """Whether its results of an architecture at several budgets are of one training.

        Then a larger budget costs what it adds. Else each is of a training with a schedule of its own, and costs all.
        """
        return False

    @property
    def reported_metrics(self) -> Collection[str] | None:
        """None of them: a table has the ends of trainings."""
        return ()

    @property
    def uses_workers(self) -> bool:
        """False: it answers at once."""
        return False

    def define_input(self, given: Input | None, of_space: Input | None, data: "DataInfo | None") -> EvaluationInput:
        """What is given, or that of the space."""
        return EvaluationInput(given or of_space, self.classes, self)

    def check_space(self, space: Term, model_input: Input, data: "DataInfo | None") -> None:
        """Raises what `check` does, BadTable, and NotInTable if the space holds no architecture of the table.

        What a table is not made for is a trial's end where it is met; a space of nothing else, as far as a few drawings
        show it, is refused.
        """
        check(space, model_input)
        self.load()
        start, why = root(space, model_input.shape), None
        uniform = random.Random(0).random  # noqa: S311  (nothing secret)
        for _ in range(DRAWN):
            try:
                self.require_architecture(sample(start, uniform).architecture)
            except NotInTable as error:
                why = error
            else:
                return
        raise NotInTable(f"{self.table} has no results for this space: {why}")

    def open(
        self,
        *,
        workers: int = 1,
        space_source: str | None = None,
        kinds: Sequence[type[Term]] = (),
        trial_timeout: float | None = None,
    ) -> Evaluator:
        """What looks jobs up; raises BadTable where there is no such table: it is read here, before any trial."""
        self.load()
        return SimulatedWorkers(partial(look_up_job, self), workers)


def require_rungs(evaluation: Evaluation, budgets: Budget | Budgets, rungs: Sequence[Budget]) -> None:
    """Raises what `require_budget` does, for each of the rungs that a searcher makes of the budgets.

    Of a range, most are of nobody's choice: so a table that lacks one says what the range was, and what to write.
    """
    try:
        for rung in rungs:
            evaluation.require_budget(rung)
    except NotInTable as error:
        # One that overrides `require_budget` has said in its own words what it lacks.
        is_usual = type(evaluation).require_budget is Table.require_budget
        if is_usual and isinstance(evaluation, Table) and isinstance(budgets, BudgetRange) and len(rungs) > 1:
            raise NotInTable(evaluation.explain_rungs(budgets, rungs)) from error
        raise


def _format_row(texts: Sequence[str], joint: str) -> str:
    *others, last = texts
    return f"{', '.join(others)} {joint} {last}" if others else last


@cache
def _list_ends(budgets: str) -> tuple[Budget, ...]:
    """The one budget of a text, those of its list, or both ends of its range."""
    known = parse_budgets(budgets)
    if isinstance(known, Budget):
        return (known,)
    return (known.smallest, known.largest) if isinstance(known, BudgetRange) else known.budgets


@cache
def _holds(budgets: str, budget: Budget) -> bool:
    known = _list_ends(budgets)
    if RANGE_SEPARATOR not in budgets:
        return budget in known
    is_inside = budget.unit == known[0].unit and known[0] <= budget <= known[-1]
    return is_inside and (budget.unit == "seconds" or float(budget.amount).is_integer())
