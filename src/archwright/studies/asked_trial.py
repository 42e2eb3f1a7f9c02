"""What a study asks for."""

from collections.abc import Mapping

from attrs import frozen

from archwright.core.architecture import settings_of
from archwright.core.budget import Budget
from archwright.core.node import Node
from archwright.core.term import Term
from archwright.core.value import Value


@frozen
class AskedTrial:
    """A trial that a study has asked for: what is to be evaluated."""

    run: str
    trial: int  # its number: 0, 1, 2 ... in the order of asking
    leaf: Node
    budget: Budget
    seed: int  # of this trial's randomness, in [0, 2^31): the same in whichever process it is told
    continues: int | None = None  # the trial whose training it goes on with
    enqueued: int | None = None  # the entry of the queue that it comes from
    promotes: int | None = None  # the trial whose configuration it tries again, with a larger budget
    horizon: Budget | None = None  # that the schedule of its training is to be made for; None: its own budget
    rung: int | None = None  # of a ladder of budgets: 0 is the smallest budget of the run
    bracket: int | None = None  # of a ladder of budgets: 0, 1, 2 ... in the order of beginning

    @property
    def choices(self) -> dict[str, Value]:
        """The value of each choice, by name."""
        return dict(self.leaf.path)

    @property
    def architecture(self) -> Term:
        """The architecture to be evaluated."""
        return self.leaf.architecture

    @property
    def settings(self) -> Mapping[str, Value]:
        """The values of `settings` in its architecture, by name."""
        return settings_of(self.architecture)
