"""Whether a search space has an architecture, and by which choices."""

from collections.abc import Callable
from pathlib import Path

from archwright.core.defaults import DEFAULT_CLASSES
from archwright.core.input import Input, read_input
from archwright.core.membership.path_of import NotInSpace
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.execution.architecture_files import GivenArchitecture, read_architectures
from archwright.execution.checks import read_path, read_positive_count
from archwright.execution.spaces import DEFAULT_INPUT, read_space
from archwright.results.records import Membership


def find_architectures(
    space: Term | Callable[..., Term] | str,
    file: str | Path,
    *,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    classes: int = DEFAULT_CLASSES,
) -> list[Membership]:
    """Whether a space has the architecture in a file, or each of a list, as `archwright space --has` prints it.

    The file holds the JSON of architectures, what an export wrote, trials as `archwright best --json` prints them, or
    choices by name. The space is built as for `describe_space`. Raises what that does,
    BadArchitectureFile, NotSpecified, MembershipUnknown, and DeadEnd if the space has no architecture for the input.
    """
    source, classes = read_space(space), read_positive_count("classes", classes)
    model_input = read_input(input) or source.input or DEFAULT_INPUT
    term = source.build(model_input, classes)
    given = read_architectures(
        read_path("file", file, "a file of an architecture"), {shared.name for shared in term.plan.shared}
    )
    return [_find_architecture(term, model_input.shape, each) for each in given]


def _find_architecture(term: Term, shape: Shape, given: GivenArchitecture) -> Membership:
    try:
        path = given.find_path(term, shape)
    except NotInSpace as error:
        return {"has": False, "choices": {}, "place": error.place, "reason": str(error)}
    return {"has": True, "choices": dict(path), "place": "", "reason": ""}
