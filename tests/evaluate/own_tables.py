"""Benchmarks of a person's own, as they write them: in a file outside of the package."""

CODE = """
from typing import ClassVar

from attrs import field, frozen

from archwright.evaluate.tables.table import Table
from archwright.evaluate.tables.tabular import NotInTable, TableEntry


@frozen
class Widths(Table):
    benchmark: ClassVar[str] = "widths"
    budgets: ClassVar[str] = "3epochs,9epochs"

    scale: float = field(default=1.0, converter=float)

    def load(self):
        pass

    def require_architecture(self, architecture):
        if architecture.kind != "affine":
            raise NotInTable(f"{architecture.kind} is no affine")

    def look_up(self, architecture, budget, seed):
        self.require_architecture(architecture)
        return TableEntry({"accuracy": self.scale * dict(architecture.hyperparameters)["units"]}, 2.0)


widths = Widths("none")


@frozen
class Unfinished(Table):
    pass


class Other:
    pass
"""
