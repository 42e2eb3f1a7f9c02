"""The architecture of a logged trial: counted, written and drawn."""

from archwright.core.drawing.text import as_text
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, to_json
from archwright.core.tracebacks import format_traceback, format_user_traceback
from archwright.core.variation.derivation import derivation
from archwright.search.running.run_view import RunView, explain_omission, outline_architecture, rebuild_leaf
from archwright.store.fold import TrialState


def count_trained_parameters(view: RunView, trial: TrialState) -> int | None:
    """How many parameters of the trial's model were trained, or where that is not logged all of its architecture.

    None where its space can no longer be read.
    """
    if trial.last_end is not None and "parameters" in trial.last_end.metrics:
        return int(trial.last_end.metrics["parameters"])
    return count_all_parameters(view, trial)


def count_all_parameters(view: RunView, trial: TrialState) -> int | None:
    """How many parameters the trial's architecture says that it has, those too that no training changes.

    None where only code of others tells, or its space can no longer be read.
    """
    if explain_omission(view):
        return None
    try:
        return rebuild_leaf(view, trial).architecture.parameters(view.run.started.input_shape)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_user_error(error)
        return None


def write_architecture(view: RunView, trial: TrialState) -> JSON:
    """The JSON of the trial's architecture, from which commands read it.

    None where only code of others tells, or its space can no longer be read.
    """
    if explain_omission(view):
        return None
    try:
        return to_json(rebuild_leaf(view, trial).architecture)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_user_error(error)
        return None


def render_architecture(view: RunView, trial: TrialState) -> str:
    """The trial's architecture as a tree, with shapes as far as they are known; or why it cannot be drawn."""
    try:
        if explain_omission(view):
            return as_text(outline_architecture(view, trial))
        return as_text(rebuild_leaf(view, trial).architecture, view.run.started.input_shape)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_user_error(error)
        return f"the architecture cannot be drawn: {format_traceback(error)}"


def render_derivation(view: RunView, trial: TrialState) -> str:
    """The tree of the modules that asked for the trial's choices; empty where only code of others tells."""
    try:
        return "" if explain_omission(view) else str(derivation(rebuild_leaf(view, trial)))
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_user_error(error)
        return f"the derivation cannot be drawn: {format_traceback(error)}"


def _require_user_error(error: Exception) -> None:
    """Nothing, where it is a person's own kind of module that fails, or what we say of a space; else raises it."""
    if not isinstance(error, ArchwrightError) and format_user_traceback(error) is None:
        raise error
