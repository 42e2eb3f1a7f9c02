"""What a person's function says of itself once it is imported, as its worker tells the coordinator."""

from collections.abc import Mapping

from attrs import field, frozen

from archwright.core.objective import Objective


@frozen
class FunctionDescription:
    """What a worker says of a person's function when it is ready; made in the process where the function is known."""

    arguments: tuple[str, ...]  # the names of those that it gets, in the order of signature.ARGUMENTS
    objective: Objective | None = None  # that `aw.score` has set; None: it says none
    source_hash: str | None = None  # SHA-256 of its source text in hexadecimal digits; None where there is no text
    is_evaluation: bool = False  # it is no function, but an evaluation or a class of them: the coordinator loads it
    # What `aw.score` has set of it as a table, which the coordinator loads, too: settings of its evaluation.
    table: Mapping[str, bool] = field(factory=dict[str, bool])

    def __contains__(self, argument: str) -> bool:
        return argument in self.arguments
