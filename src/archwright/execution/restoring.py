"""What a run of the log goes on with: what the log holds, and what a person gives again of it that no log holds."""

from collections.abc import Sequence

from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.json import JSON
from archwright.core.objective import Objective, read_objective
from archwright.display.warning import warn
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.data_settings import DataFunction
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.evaluation_kinds import find_kind
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import inspect_signature
from archwright.evaluate.logged_evaluations import (
    evaluation_from_json,
    evaluation_to_json,
    read_evaluation,
)
from archwright.execution.given_values import GivenValues
from archwright.search.logged_extensions import LoggedKind, pair_code
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.events import RunStarted
from archwright.store.extensions import Extension
from archwright.store.needed import (
    CLASS_CODE_KEY,
    DATA_CODE_KEY,
    explain_changed,
    explain_other,
    explain_same,
    explain_unknown,
    name_needed,
)
from archwright.store.origins import SourceComparison, find_function_source
from archwright.store.user_code import is_source, load_object


class EvaluationDiffers(ArchwrightError, ValueError):
    """An evaluation, or data, for a run that goes on, and that has another one."""


def restore_evaluation(run: str, started: RunStarted, given: GivenValues, *, trusted: bool) -> Evaluation:
    """The evaluation of a run in the log, with what is `given` again of it, and a warning of what is another one.

    Raises NotTrusted, EvaluationNeeded, and EvaluationDiffers.
    """
    restoration = _Restoration(run, started, given)
    if given.evaluation is not None and (CLASS_CODE_KEY in started.evaluator or isinstance(given.evaluation, type)):
        return restoration.take_data(restoration.take_class(given.evaluation))
    evaluation = read_evaluation(started, trusted=trusted)
    if given.evaluation is not None:
        evaluation = restoration.take_evaluation(evaluation, given.evaluation)
    return restoration.take_data(evaluation)


def restore_configured(kind: LoggedKind[Extension], logged: JSON, given: GivenValues, *, trusted: bool) -> Extension:
    """The logged one, or the one that is `given` again, with a warning where its source text is another one, or none.

    Raises NotTrusted, ExtensionNeeded and OtherExtension.
    """
    own = given.get_part(kind.argument)
    if own is None:
        return kind.from_json(logged, trusted=trusted)
    value = kind.give_again(logged, own, trusted=trusted)
    _warn_of_code(f"the {kind.noun} {kind.format(logged)}", "the run", given.compare(pair_code(logged, value)))
    return value


def describe_same_code(
    started: RunStarted,
    given: GivenValues,
    evaluation: Evaluation,
    searcher: AnySearcher | None = None,
    stopping: AnyStoppingRule | None = None,
) -> Sequence[str]:
    """A line on what was `given` again and has the text that the log has; none of what is known in this process.

    The run goes on with this `evaluation`, `searcher` and rule.
    """
    data = None if evaluation.data_settings is None else evaluation.data_settings.function
    function = None if CLASS_CODE_KEY in started.evaluator else evaluation.user_function
    own = {
        "evaluation": type(evaluation) if function is None else function.target,
        "data": None if data is None else data.target,
    }
    extensions = {"searcher": (started.searcher, searcher), "stopping": (started.stopping, stopping)}
    same = list[str]()
    for part in started.needed_parts:
        pairs = (
            pair_code(*extensions[part.argument])
            if part.argument in extensions
            else [(code.sha256, own[part.argument]) for code in part.code]
        )
        if part.argument not in given.filled_in and given.compare(pairs) == "same":
            same.append(part.words)
    return [explain_same(same)] if same else []


def _warn_of_code(what: str, run: str, comparison: SourceComparison | None) -> None:
    """A warning where code is another one than the run was begun with, or where that is not known."""
    match comparison:
        case "other":
            warn([explain_changed(what, run)])
        case "unknown":
            warn([explain_unknown(what, run)])
        case _:
            pass


@frozen
class _Restoration:
    """The restoring of a run's evaluation."""

    run: str
    started: RunStarted
    given: GivenValues

    def take_class(self, given: Evaluation | type[Evaluation]) -> Evaluation:
        """The logged evaluation, of the class that is given; or the value that is given, if it is set as that.

        Raises EvaluationDiffers for a class of another name, and a value that is set otherwise.
        """
        logged, cls = self.started.evaluator, _find_class(given)
        kind, is_data_sent = find_kind(cls), DATA_CODE_KEY in logged
        if name_needed(kind) != name_needed(logged["kind"]):
            other = kind if isinstance(given, type) else given.description
            self._refuse(f"its own evaluation, {logged['kind']}", other)
        if CLASS_CODE_KEY in logged:
            self._compare(f"the evaluation {kind}", logged[CLASS_CODE_KEY]["sha256"], cls)
        if not isinstance(given, type):
            value = evaluation_to_json(given)
            if _identify(value, is_data_sent) == _identify(logged, is_data_sent):
                return evolve(given, data=self._read_logged_data()) if is_data_sent else given  # pyright: ignore[reportCallIssue]
            if "evaluation" not in self.given.filled_in:
                raise EvaluationDiffers(
                    f"{self.run} goes on with other settings of the evaluation {kind}; give the class itself, which "
                    f"gets them: evaluation={cls.__name__}, or begin a new run"
                )
        return evaluation_from_json(logged, self.started.model_input, cls)

    def _read_logged_data(self) -> DataFunction:
        logged = self.started.evaluator
        return DataFunction.from_json(logged["data"], logged[DATA_CODE_KEY])

    def take_evaluation(self, logged: Evaluation, given: Evaluation) -> Evaluation:
        """The evaluation with the function, or what else no log holds, of a given one; or EvaluationDiffers."""
        own, other = logged.user_function, given.user_function
        if own is not None and other is not None and other.target is not None:
            if "evaluation" not in self.given.filled_in:
                self._require_same_settings(own, other)
            inspect_signature(other.source, other.target, own.absent)  # refused by its own name, not by the logged one
            if own.by_value or other.source != own.source:
                self._compare_function("function", own.source, own.source_hash, other.source, other.target)
            return evolve(own, target=other.target)
        function = None if logged.data_settings is None else logged.data_settings.function
        values = [evaluation_to_json(logged), evaluation_to_json(given)]
        alike = [_identify(value, is_data_sent=function is not None) for value in values]
        if alike[0] != alike[1]:
            self._refuse(f"its own evaluation, {logged.description}", given.description)
        # The given one may hold what no log does.
        return given if function is None else evolve(given, data=function)  # pyright: ignore[reportCallIssue]

    def _require_same_settings(self, own: Function, given: Function) -> None:
        """EvaluationDiffers where a function is given with settings, or a score, that the log has not.

        Those that nobody said are as the log has them.
        """
        said = [*given.changed_settings, *(name for name in ("threads", "data_dir") if getattr(given, name))]
        for name in said:
            if getattr(own, name) != getattr(given, name):
                raise EvaluationDiffers(
                    f"{self.run} goes on with {show(getattr(own, name))} as {name} of the function {own.source}, and "
                    f"not with {show(getattr(given, name))}; give the function itself, which gets what the log has: "
                    f"evaluation={name_needed(given.source)}, or begin a new run"
                )
        score = read_objective(given.target)
        logged = Objective(own.metric, "minimize" if own.less_is_better else "maximize")
        if score is not None and score not in (logged, self.started.objective):
            raise EvaluationDiffers(
                f"{self.run} goes on with a function whose score is to {logged}, and that of {given.source} is to "
                f"{score}; give it the score that it had, or begin a new run"
            )

    def take_data(self, evaluation: Evaluation) -> Evaluation:
        """The evaluation with the data function that is given, if the log does not hold it."""
        settings, given = evaluation.data_settings, self.given.any_data
        target = given.target if isinstance(given, DataFunction) else None
        names = {str(given), None if target is None else find_function_source(target)}
        if given is None or (settings is not None and settings.function is None and settings.name in names):
            return evaluation
        if settings is None or settings.function is None:
            if self.given.data is not None or "evaluation" not in self.given.filled_in:
                self._refuse("no data" if settings is None else f"its own data, {settings.name}", str(given), "data")
            return evaluation
        if isinstance(given, str) and not is_source(given):
            self._refuse(f"its own data, {settings.name}", given, "data")
        target = given.get_target() if isinstance(given, DataFunction) else load_object(given)
        function = settings.function
        self._compare_function("data function", function.source, function.sha256, str(given), target)
        return evolve(evaluation, data=evolve(function, target=target))  # pyright: ignore[reportCallIssue]

    def _compare_function(self, noun: str, own: str, sha256: str | None, given: str, target: object) -> None:
        """A warning as of `_compare`; of a function that has another name than the `own` one, that it is another."""
        comparison = self.given.compare([(sha256, target)])
        if comparison in ("other", "unknown") and name_needed(given) != name_needed(own):
            warn([explain_other(f"the {noun} {given}", self.run, own)])
        else:
            _warn_of_code(f"the {noun} {given}", self.run, comparison)

    def _compare(self, what: str, sha256: str | None, target: object) -> None:
        _warn_of_code(what, self.run, self.given.compare([(sha256, target)]))

    def _refuse(self, own: str, other: str, argument: str = "evaluation") -> None:
        raise EvaluationDiffers(f"{self.run} goes on with {own}; leave {argument} out, or begin a new run with {other}")


def _find_class(evaluation: Evaluation | type[Evaluation]) -> type[Evaluation]:
    return evaluation if isinstance(evaluation, type) else type(evaluation)


def _identify(evaluator: JSON, is_data_sent: bool) -> str:
    """What an evaluation and the same one of another process have alike: all but code, and the module that it is in."""
    code = (DATA_CODE_KEY, *(["data"] if is_data_sent else ()))
    return EVALUATION_KIND.identify({key: value for key, value in evaluator.items() if key not in code})
