"""A cell as a topology with a choice on each edge, which is analyzed edge by edge, and not for each combination."""

from collections.abc import Sequence
from typing import final

from attrs import frozen

from archwright.core.modules.graphs import Cell, Topology
from archwright.core.names import name_segment
from archwright.core.value import Path, Value

OPTION = "either.option"  # the name of a choice of module


@final
@frozen(eq=False)
class EdgeChoices:
    """A cell of which the first operations are chosen, as the topology with a choice on each of the other edges."""

    cell: Cell
    chosen: tuple[Value, ...]
    topology: Topology

    def name_as_cell(self, path: Path) -> Path:
        """A path in the topology as one of the cell, which asks for all operations first; the names are relative."""
        cell, graph = self.cell, self.topology
        asked = cell.plan.names[len(self.chosen) :]
        edges = [f"{name_segment(graph, graph.children, i)}." for i in range(len(graph.children))]
        choices = {f"{edge}{OPTION}": name for edge, (name, _) in zip(edges, cell.ops, strict=True) if name in asked}
        options = {choices[name]: value for name, value in path if name in choices}
        become = cell.specify((*self.chosen, *(options[name] for name in asked))).expand()
        # What the names inside of each edge begin with, and with what they shall begin.
        inside = list[tuple[str, str]]()
        for i, (edge, (name, _)) in enumerate(zip(edges, cell.ops, strict=True)):
            option = f"{name_segment(graph.children[i], [become.children[i]], 0)}." if name in asked else ""
            inside.append((f"{edge}{option}", f"{cell.word}.{name_segment(become, become.children, i)}."))
        return (
            *((f"{cell.word}.{name}", options[name]) for name in asked),
            *((_replace_first(name, inside), value) for name, value in path if name not in choices),
        )


def _replace_first(name: str, beginnings: Sequence[tuple[str, str]]) -> str:
    return next((new + name.removeprefix(old) for old, new in beginnings if name.startswith(old)), name)


def find_edge_choices(cell: Cell, chosen: tuple[Value, ...]) -> EdgeChoices | None:
    """The cell of which these operations are chosen; None where the choice on one edge may depend on another one."""
    topology = cell.leave_open(chosen)
    return topology and EdgeChoices(cell, chosen, topology)
