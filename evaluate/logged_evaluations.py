"""The evaluations that logs hold: reading one, and whose code its trials run."""

from collections.abc import Mapping

from archwright.evaluate.evaluation import Evaluation, evaluation_from_json
from archwright.store.events import RunStarted
from archwright.store.permission import require_trusted

NAMING_COMMAND = "archwright search SPACE --evaluator"  # with which a user names code that a log may name, too


def read_evaluation(started: RunStarted, *, trusted: bool = False) -> Evaluation:
    """The evaluation that a run was begun with, as its log has it.

    Raises NotTrusted where its class is code that this user does not let run, unless they say that it is `trusted`, and
    what `evaluation_from_json` does. What it runs in its trials, its `user_sources`, needs permission of its own.
    """
    kind = str(started.evaluator.get("kind", ""))
    require_trusted(kind, trusted=trusted, named_by=NAMING_COMMAND)
    return evaluation_from_json(started.evaluator, started.model_input)


def require_permission(evaluation: Evaluation, *, trusted: bool) -> None:
    """NotTrusted where trials of the evaluation, which is of a log, run code that this user does not let run."""
    for source, named_by in find_user_code(evaluation).items():
        require_trusted(source, trusted=trusted, named_by=named_by)


def find_user_code(evaluation: Evaluation) -> Mapping[str, str]:
    """The sources of a person's code that trials of the evaluation run, each with a command that names it."""
    code = dict.fromkeys(evaluation.user_sources, NAMING_COMMAND)
    if (settings := evaluation.data_settings) is None:
        return code
    from archwright.evaluate.data.loading import is_user_data  # only here, since it needs numpy

    return code | ({settings.data: "archwright search SPACE --data"} if is_user_data(settings.data) else {})
