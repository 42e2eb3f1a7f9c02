"""The torch module of a composite: the modules inside it, connected as its wiring says."""

import keyword
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from archwright.core.modules.composite import Branches, Sequential, Wired
from archwright.core.modules.graphs import Topology
from archwright.core.term import Composite, Term
from archwright.core.wiring import Wiring
from archwright.evaluate.network.merges import Tensors, join_outputs

# Where the children of built-in kinds lie, after which the weights of saved models are named: those of other kinds are
# named after their fields. Nothing stands for the position alone.
GROUPS: Mapping[type[Term], str] = {Sequential: "", Branches: "branches", Topology: "inside", Wired: "inside"}
WEIGHTS = "weights"
TAKEN_ATTRIBUTES = frozenset({*dir(nn.Sequential()), *keyword.kwlist, "joints", "inputs", "output", "paths", WEIGHTS})


class WiredModule(nn.Module):
    """The modules inside a composite; each runs once, in order."""

    def __init__(self, wiring: Wiring, inside: Mapping[str, nn.Module]) -> None:
        super().__init__()
        joints = wiring.joints
        names = name_weights(wiring)
        self.joints = tuple((joint.sources, joint.merge, name) for joint, name in zip(joints, names, strict=True))
        self.inputs = tuple(joints.index(joint) for joint in wiring.inputs)
        self.output = joints.index(wiring.output)
        self.paths = tuple(inside)
        for joint, name in zip(joints, names, strict=True):
            if name:
                self.register_parameter(name, nn.Parameter(torch.ones(joint.parameters)))
        for path, module in inside.items():
            group, _, name = path.rpartition(".")
            if group and not hasattr(self, group):
                self.add_module(group, nn.Module())
            self.get_submodule(group).add_module(name, module)

    def forward(self, x: Tensors) -> Tensors:
        """The output of the composite; each joint is merged once, when it is first needed."""
        values: list[Tensors] = [x]
        merged: dict[int, Tensors] = {}  # torch.compile cannot trace a call of a generic class
        for path, k in zip(self.paths, self.inputs, strict=True):
            values.append(self.get_submodule(path)(self._merge(k, values, merged)))
        return self._merge(self.output, values, merged)

    def _merge(self, k: int, values: list[Tensors], merged: dict[int, Tensors]) -> Tensors:
        if k not in merged:
            sources, merge, name = self.joints[k]
            weights = self.get_parameter(name) if name else None
            merged[k] = join_outputs(merge, [values[source] for source in sources], weights, training=self.training)
        return merged[k]


def name_weights(wiring: Wiring) -> tuple[str, ...]:
    """For each joint, the attribute for what it learns, numbered where several learn; empty for what learns nothing."""
    learned = [joint for joint in wiring.joints if joint.parameters]
    names = {joint: WEIGHTS if len(learned) == 1 else f"{WEIGHTS}_{i}" for i, joint in enumerate(learned)}
    return tuple(names.get(joint, "") for joint in wiring.joints)


def connect(term: Composite, wiring: Wiring, inside: Sequence[nn.Module]) -> nn.Module:
    """The module of a composite with this wiring, of the modules of its children in order."""
    modules = dict(zip(name_paths(term), inside, strict=True))
    if wiring.is_chain and not any("." in path for path in modules):
        return nn.Sequential(OrderedDict(modules))
    return WiredModule(wiring, modules)


def name_paths(term: Composite) -> list[str]:
    """Where the module of each child lies in that of the composite: under its name, or in its field by its position.

    A field in which a child has a name has no group, so that all weights are in the order of the children.
    """
    paths: list[str] = []
    for field in term.subterm_fields:
        content: Term | tuple[Term, ...] = getattr(term, field)
        children = content if isinstance(content, tuple) else (content,)
        group, before = GROUPS.get(type(term), field), "_" if any(c.given_name for c in children) else "."
        for i, child in enumerate(children):
            own = f"{_free(group)}{before}{i}" if isinstance(content, tuple) else _free(group)
            name = _free(child.given_name) or (own if group else str(i))
            paths.append(name if name not in paths else f"{name}_{len(paths)}")
    return paths


def _free(name: str) -> str:
    return f"{name}_" if name in TAKEN_ATTRIBUTES else name
