"""The architecture of a logged trial: rebuilt from its choices, counted and drawn."""

from archwright.cli import user_code
from archwright.cli.reports.run_view import RunView
from archwright.cli.user_errors import format_user_traceback
from archwright.core import json
from archwright.core.drawing.text import as_text
from archwright.core.errors import ArchwrightError
from archwright.core.node import Node, replay
from archwright.core.term import Term
from archwright.core.tracebacks import format_traceback
from archwright.core.unknown_modules import specify_by_name
from archwright.store.fold import TrialState


def rebuild_leaf(view: RunView, trial: TrialState) -> Node:
    """The leaf that the trial is about; loads a person's file where it holds kinds of module of their own.

    NotTrusted where this person does not let it run.
    """
    started = view.run.started
    space = user_code.load_logged_term(view.run.space, started.space_source, trusted=view.trusted)
    return replay(space, started.input_shape, trial.path)


def outline_architecture(view: RunView, trial: TrialState) -> Term:
    """The trial's architecture as far as the log tells it by itself, where its kinds of module are not known."""
    return specify_by_name(json.from_foreign_json(view.run.space), trial.path)


def explain_omission(view: RunView) -> str:
    """What is not told of the run's architectures, and how to get it; empty if all is told.

    What only reads runs no code of others.
    """
    if view.trusted:
        return ""
    return user_code.describe_unknown_kinds(view.run.space, view.run.started.space_source)


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


def render_architecture(view: RunView, trial: TrialState) -> str:
    """The trial's architecture as a tree, with shapes as far as they are known; or why it cannot be drawn."""
    try:
        if explain_omission(view):
            return as_text(outline_architecture(view, trial))
        return as_text(rebuild_leaf(view, trial).architecture, view.run.started.input_shape)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_user_error(error)
        return f"the architecture cannot be drawn: {format_traceback(error)}"


def _require_user_error(error: Exception) -> None:
    """Nothing, where it is a person's own kind of module that fails, or what we say of a space; else raises it."""
    if not isinstance(error, ArchwrightError) and format_user_traceback(error) is None:
        raise error
