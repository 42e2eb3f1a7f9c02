"""What a run that is to go on finds here: its searcher's revision, and its space as a person's file defines it now."""

from collections.abc import Sequence

from archwright.core.analysis import out_shapes
from archwright.core.json import JSON, find_differences, from_json, restore_written_order, to_json
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.data.dataset import DataInfo
from archwright.execution.spaces import DEFAULT_CLASSES, SpaceSource, find_space
from archwright.search.running.revisions import find_new_revision, iterate_revisions
from archwright.search.running.runs import RunRecord, check_paths
from archwright.search.searcher import AnySearcher
from archwright.store.logged_terms import load_logged_term
from archwright.store.permission import require_trusted
from archwright.store.user_code import is_source


def describe_new_revision(name: str, run: RunRecord, current: AnySearcher) -> Sequence[str]:
    """A sentence where the searcher has another revision now than the one in which it has proposed so far."""
    revision, searcher = find_new_revision(run.events, current), run.started.searcher["name"]
    if revision is None:
        return []
    *_, logged = iterate_revisions(run.events)
    past = f"the log of {name} names none" if logged is None else f"{name} was proposed by revision {logged}"
    return [f"this archwright has revision {revision} of {searcher}, and {past}; it goes on with revision {revision}"]


def load_current_space(run: RunRecord, data: DataInfo | None, *, trusted: bool) -> JSON:
    """The space that a person's file defines now, for a run in such a space; None for any other one.

    Raises SpaceChanged where it no longer holds the run, and NotTrusted where this person does not let the file run.
    """
    source = run.started.space_source
    if not is_source(source):
        return None
    require_trusted(source, trusted=trusted)
    current = find_space(source)
    load_logged_term(run.space, run.started, trusted=trusted)
    space = restore_written_order(run.space, to_json(rebuild_space(current, run, data)))
    if space != run.space:
        check_paths(run, space)
    return space


def describe_changed_space(name: str, run: RunRecord, space: JSON) -> Sequence[str]:
    """Lines on what differs from the space that the run was in; none if nothing does."""
    if space is None or space == run.space:
        return []
    source = run.started.space_source
    changes = [f"  {line}" for line in find_differences(run.space, space)]
    return [f"{source} has changed since {name} was last in it; the run goes on in the new space:", *changes]


def rebuild_space(source: SpaceSource, run: RunRecord, data: DataInfo | None) -> Term:
    """The space for the input and the classes that the run was begun with."""
    model_input = run.started.model_input
    classes = _count_classes(run.space, model_input.shape) if data is None else data.classes
    return source.build(model_input, classes)


def _count_classes(space: JSON, shape: Shape) -> int:
    """The number of classes that a logged space was made for: that of its outputs, if they are all alike."""
    shapes = out_shapes(from_json(space), shape)
    return shapes[0][0] if len(shapes) == 1 and len(shapes[0]) == 1 else DEFAULT_CLASSES
