"""Composites run as their wirings say: to the last bit as the modules that each kind once had, and as by hand."""

import random
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

import archwright as aw
from archwright.core.modules.composite import Branches, RepeatTied, Residual, Sequential
from archwright.core.modules.graphs import Topology, is_connected
from archwright.core.shape import Misfit, Shape
from archwright.core.wiring import MERGES
from archwright.evaluate.network.compile import NotCompilable, build, compile_architecture, count_parameters
from archwright.evaluate.network.merges import EPSILON, align, merge_tensors
from tests.core.modules.test_graphs import graphs
from tests.core.user_modules import Net
from tests.darts import make_darts

# --- the modules of the four kinds as they were before wirings, as a reference


def pad(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    missing = [length - present for present, length in zip(x.shape[1:], shape, strict=True)]
    return functional.pad(x, [n for m in reversed(missing) for n in (0, m)]) if any(missing) else x


def add(a: Tensor, b: Tensor) -> Tensor:
    a, b = (a, b) if a.dim() == b.dim() else (a.flatten(1), b.flatten(1))
    shape = tuple(map(max, a.shape[1:], b.shape[1:]))
    return pad(a, shape) + pad(b, shape)


def concatenate(a: Tensor, b: Tensor) -> Tensor:
    a, b = (a, b) if a.dim() == b.dim() else (a.flatten(1), b.flatten(1))
    plane = tuple(map(max, a.shape[2:], b.shape[2:]))
    return torch.cat([pad(a, (a.shape[1], *plane)), pad(b, (b.shape[1], *plane))], 1)


class OldResidual(nn.Module):
    """The input added to what a body makes of it."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return add(x, self.body(x))


class OldBranches(nn.Module):
    """Merged as they come."""

    def __init__(self, branches: Iterable[nn.Module], merging: str) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.merge = {"add": add, "concatenate": concatenate}[merging]

    def forward(self, x: Tensor) -> Tensor:
        merged = None
        for branch in self.branches:
            merged = branch(x) if merged is None else self.merge(merged, branch(x))
        return x if merged is None else merged


class OldTopology(nn.Module):
    """Sums at the nodes, as they come."""

    def __init__(self, edges: Iterable[tuple[int, int]], inside: Iterable[nn.Module]) -> None:
        super().__init__()
        self.edges = tuple(edges)
        self.inside = nn.ModuleList(inside)

    def forward(self, x: Tensor) -> Tensor:
        nodes = {0: x}
        for (source, target), module in zip(self.edges, self.inside, strict=True):
            out = module(nodes[source])
            nodes[target] = add(nodes[target], out) if target in nodes else out
        return nodes[self.edges[-1][1]]


def build_as_before(term: aw.Term, shape: Shape) -> tuple[nn.Module, Shape, int]:
    """The module, its output shape and its number of parameters, as each kind computed them."""
    match term:
        case Sequential(children):
            modules, count = [], 0
            for child in children:
                module, shape, own = build_as_before(child, shape)
                modules.append(module)
                count += own
            return nn.Sequential(*modules), shape, count
        case RepeatTied(body, copies):
            return build_as_before(Sequential((body,) * copies), shape)
        case Residual(body):
            module, out, count = build_as_before(body, shape)
            return OldResidual(module), merge_shapes(add, [shape, out]), count
        case Branches(branches, merging):
            built = [build_as_before(branch, shape) for branch in branches]
            merge = {"add": add, "concatenate": concatenate}[merging]
            out = merge_shapes(merge, [out for _, out, _ in built]) if built else shape
            return OldBranches([module for module, _, _ in built], merging), out, sum(count for _, _, count in built)
        case Topology(edges, children):
            return build_topology_as_before(edges, children, shape)
        case _:
            return build(term, shape), term.out_shape(shape), term.parameters(shape)


def build_topology_as_before(edges: Any, children: Any, shape: Shape) -> tuple[nn.Module, Shape, int]:
    into: dict[int, list[Shape]] = {0: [shape]}
    modules, total = [], 0
    for (source, target), child in zip(edges, children, strict=True):
        module, out, count = build_as_before(child, merge_shapes(add, into[source]))
        into.setdefault(target, []).append(out)
        modules.append(module)
        total += count
    return OldTopology(edges, modules), merge_shapes(add, into[edges[-1][1]]), total


def merge_shapes(merge: Any, shapes: list[Shape]) -> Shape:
    """Of tensors that take no memory."""
    first, *others = (torch.empty(1, *shape, device="meta") for shape in shapes)
    for other in others:
        first = merge(first, other)
    return tuple(first.shape[1:])


# --- random architectures of every kind

EDGES = [[(0, 1)], [(0, 1), (0, 2), (1, 2)], [(0, 1), (0, 2)], [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]]


def draw_architecture(rng: random.Random, depth: int) -> aw.Term:
    def inside(count: int) -> list[aw.Term]:
        return [draw_architecture(rng, depth - 1) for _ in range(count)]

    kind = rng.choice(["sequential", "residual", "branches", "tied", "topology", "cell"]) if depth else "basic"
    match kind:
        case "sequential":
            return aw.sequential(*inside(rng.randint(0, 3)))
        case "residual":
            return aw.residual(*inside(1))
        case "branches":
            return aw.branches(*inside(rng.randint(0, 3)), merge=rng.choice(["add", "concatenate"]))
        case "tied":
            return aw.repeat_tied(*inside(1), count=rng.randint(1, 2))
        case "topology":
            edges = rng.choice(EDGES)
            return aw.topology(edges, *inside(len(edges)))
        case "cell":
            edges = rng.choice(EDGES)
            a, b = inside(2)
            cell = aw.cell(edges, a=a, b=b, none=aw.zero())
            return cell.specify(tuple(rng.choice(["a", "b", "none"]) for _ in edges)).expand()
        case _:
            return rng.choice(
                [
                    aw.conv2d(rng.randint(1, 3), rng.choice([1, 3]), rng.choice([1, 1, 2])),
                    aw.conv2d(2, 1, bias=False),
                    aw.relu_conv_bn(3),
                    aw.batch_norm(),
                    aw.affine(rng.randint(1, 5)),
                    aw.flatten(),
                    aw.identity(),
                    aw.relu(),
                    aw.zero(),
                ]
            )


def test_a_thousand_architectures_are_what_they_were():
    """Shapes, parameters, names of weights and weights are equal, and outputs to the last bit."""
    rng, seen = random.Random(12), dict.fromkeys((Sequential, Residual, Branches, RepeatTied, Topology), 0)
    while sum(seen.values()) < 1000:
        architecture, shape = draw_architecture(rng, rng.choice([1, 2, 2])), (rng.randint(1, 3), 4, 5)
        try:
            out = architecture.out_shape(shape)
        except Misfit:  # a convolution after a flattening one
            continue
        if type(architecture) in seen:
            seen[type(architecture)] += 1
        torch.manual_seed(7)
        expected, expected_shape, parameters = build_as_before(architecture, shape)
        torch.manual_seed(7)
        actual = build(architecture, shape)
        assert (out, architecture.parameters(shape)) == (expected_shape, parameters)
        weights, expected_weights = actual.state_dict(), expected.state_dict()
        assert list(weights) == list(expected_weights)
        assert all(torch.equal(weights[name], expected_weights[name]) for name in weights)
        x = torch.randn(2, *shape)
        assert torch.equal(actual.eval()(x), expected.eval()(x))
        assert actual(x).shape[1:] == out
    assert min(seen.values()) > 100


# --- merges


def to_tensor(*rows: float) -> Tensor:
    return torch.tensor([rows])


HALF = 0.0  # its sigmoid is a half


@pytest.mark.parametrize(
    ("merge", "weights", "merged"),
    [
        ("add", None, [6.0, 6.0, 7.0]),
        ("mean", None, [2.0, 2.0, 7 / 3]),
        ("concatenate", None, [1.0, 3.0, 2.0, 1.0, 3.0, 2.0, 4.0]),
        ("weighted", [HALF, HALF, HALF], [3.0, 3.0, 3.5]),
        # The mask is 0, 1 in the two places of the first source, and 0 where that has none.
        ("attention", [HALF, HALF, HALF, HALF], [2.5 / 2, 1.5 / 2 + 1.5, 3.5 / 2]),
    ],
)
def test_merges_by_hand(merge, weights, merged):
    """Of sources of unlike length, with zeros at their ends."""
    sources = [to_tensor(1.0, 3.0), to_tensor(2.0, 1.0, 3.0), to_tensor(2.0, 4.0)]
    if merge == "concatenate":
        assert merge_tensors(merge, sources)[0].tolist() == merged
        return
    sources[1:] = [to_tensor(3.0, 0.0, 3.0), to_tensor(2.0, 3.0, 4.0)]
    actual = merge_tensors(merge, sources, None if weights is None else torch.tensor(weights))
    assert actual[0].tolist() == pytest.approx(merged, abs=2 * EPSILON)


def test_attention_is_normalised_for_each_sample():
    """A sample's output does not depend on the others, and one of equal numbers has a mask of zeros."""
    space = Net((aw.identity(), aw.identity()), ((0,), (0,), (1, 2)), "attention")
    model = compile_architecture(space, (2, 3, 3), seed=0)
    x = torch.randn(4, 2, 3, 3)
    torch.testing.assert_close(model(x)[1:2], model(x[1:2]))
    constant = torch.full((1, 2, 3, 3), 5.0)
    scale = float(torch.sigmoid(torch.tensor(1.0)))
    torch.testing.assert_close(model(constant), scale * scale * constant)
    model(constant).sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in model.parameters() if p.grad is not None)


def test_tensors_are_aligned_as_their_shapes_are():
    """In turn: the first two as images, then all flattened."""
    a, b, c = torch.ones(1, 2, 1, 1), torch.ones(1, 1, 2, 2), torch.ones(1, 10)
    aligned = align([a, b, c])
    assert [x.shape for x in aligned] == [(1, 10)] * 3
    assert aligned[0][0].tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert aligned[1][0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("merge", "count"), [("add", 0), ("mean", 0), ("weighted", 3), ("attention", 4)])
def test_what_joints_learn_starts_at_one_and_is_counted(merge, count):
    """Under `weights`, before the weights of what is inside."""
    space = aw.branches(aw.conv2d(2, 1), aw.identity(), aw.relu(), merge=merge)
    model = compile_architecture(space, (2, 3, 3), seed=0)
    names = [name for name, _ in model.named_parameters()]
    assert names == [*(["weights"] if count else []), "branches.0.weight", "branches.0.bias"]
    assert space.parameters((2, 3, 3)) == 6 + count
    if count:
        assert model.get_parameter("weights").tolist() == [1.0] * count


def test_equal_joints_learn_once_and_are_merged_once():
    """Two children with one input: three numbers, not six."""
    twice = Net(
        (aw.relu(), aw.identity(), aw.relu(), aw.relu()), ((0,), (0,), (0, 1, 2), (0, 1, 2), (3, 4)), "weighted"
    )
    model = compile_architecture(twice, (3,), seed=0)
    assert {name: len(p) for name, p in model.named_parameters()} == {"weights_0": 3, "weights_1": 2}
    assert twice.parameters((3,)) == 5


def write_wiring_out(graph: Topology) -> Net:
    """The same graph as a composite that says what flows into each module."""
    into: dict[int, list[int]] = {0: [0]}
    for i, (_, target) in enumerate(graph.edges):
        into.setdefault(target, []).append(i + 1)
    nodes = [*(source for source, _ in graph.edges), graph.edges[-1][1]]
    return Net(graph.children, [into[node] for node in nodes], graph.merging)


inside_graphs = st.sampled_from(
    [aw.conv2d(2, 1), aw.conv2d(3, 3, stride=2), aw.identity(), aw.relu(), aw.zero(), aw.flatten(), aw.affine(4)]
)


@given(graphs(), st.sampled_from(MERGES), st.data())
@settings(deadline=None)
def test_a_graph_is_its_wiring_written_out(edges, merge, data):
    """Of any merge: the same shapes, weights under the same names, and outputs to the last bit."""
    graph = aw.topology(edges, *(data.draw(inside_graphs) for _ in edges), merge=merge)
    net, shape = write_wiring_out(graph), (2, 4, 3)
    try:
        out = graph.out_shape(shape)
    except Misfit:
        with pytest.raises(Misfit):
            net.out_shape(shape)
        return
    assert (out, graph.parameters(shape)) == (net.out_shape(shape), net.parameters(shape))
    actual, expected = (compile_architecture(term, shape, seed=3) for term in (graph, net))
    assert count_parameters(actual) == graph.parameters(shape)
    assert list(actual.state_dict()) == list(expected.state_dict())
    for p in (*actual.parameters(), *expected.parameters()):
        p.data.copy_(torch.arange(p.numel()).reshape(p.shape).sin())
    x = torch.randn(2, *shape)
    assert torch.equal(actual(x), expected(x))


@given(graphs(), st.sampled_from(MERGES), st.data())
@settings(deadline=None)
def test_a_graph_is_connected_where_its_output_is_more_than_zeros(edges, merge, data):
    """Whatever its merge."""
    inside = [data.draw(st.sampled_from([aw.zero(), aw.identity()])) for _ in edges]
    model = compile_architecture(aw.topology(edges, *inside, merge=merge), (2, 3), seed=0)
    assert bool(model(torch.rand(1, 2, 3)).any()) == is_connected(edges, inside, merge)


# --- where the modules inside lie


@aw.module
class Gate(aw.Composite):
    """Two modules on the input, and a head on both: given by its wiring alone."""

    pair: tuple[aw.Term, ...] = aw.children()
    train: aw.Term = aw.child()

    def wiring(self):
        return aw.Wiring([0, 0, aw.Joint([1, 2], "concatenate")], [0, 3])


def test_children_of_a_kind_of_ones_own_lie_in_its_fields():
    """Where a field has the name of a method of torch's, with an underscore."""
    gate = Gate((aw.affine(2), aw.affine(3)), aw.affine(4))
    model = compile_architecture(gate, (4,), seed=0)
    weights = [f"{path}.{name}" for path in ("pair.0", "pair.1", "train_") for name in ("weight", "bias")]
    assert list(model.state_dict()) == weights
    x = torch.randn(3, 4)
    pair = torch.cat([model.get_submodule(f"pair.{i}")(x) for i in range(2)], 1)
    assert torch.equal(model(x), x + model.get_submodule("train_")(pair))


def test_children_with_names_lie_under_them():
    """In a chain, too; those beside them keep the order of the weights."""
    first, second = aw.affine(2), aw.affine(3)
    branches = compile_architecture(aw.branches(first, short=second), (4,), seed=0)
    assert [name for name, _ in branches.named_children()] == ["branches_0", "short"]
    chain = compile_architecture(aw.sequential(first, append=second), (4,), seed=0)
    assert [name for name, _ in chain.named_children()] == ["0", "append_"]
    same = aw.branches(aw.affine(2, name="a"), aw.affine(2, name="a"))
    assert [name for name, _ in compile_architecture(same, (4,), seed=0).named_children()] == ["a", "a_1"]


@aw.module
class Shut(aw.Composite):
    """A kind that says its shapes, but not how its child is connected."""

    body: aw.Term = aw.child()

    def child_in_shape(self, i, in_shape, outs):
        return in_shape

    def merge(self, in_shape, outs):
        return outs[0]


def test_a_composite_with_neither_wiring_nor_compile_is_told_how():
    with pytest.raises(NotCompilable, match="shut has no torch module; give its class a method compile"):
        compile_architecture(Shut(aw.relu()), (3,), seed=0)


# --- wirings that are given, and outputs side by side


CONV = aw.conv2d(3, 3)


class ByHand(nn.Module):
    """A convolution and a pool side by side, of which both orders are multiplied, and the first is added."""

    def __init__(self, convolution: nn.Module, pool: nn.Module) -> None:
        super().__init__()
        self.convolution, self.pool = convolution, pool

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.convolution(x), self.pool(x)
        return functional.relu(b) + a


def test_select_takes_its_tensor_to_the_last_bit():
    """Of what flows side by side, whose gradients flow back to it alone."""
    pair = aw.Joint([1, 2], "tuple")
    chosen = aw.sequential(aw.select(1), aw.relu())
    space = aw.wired(aw.Wiring([0, 0, pair, pair], [3, 4]), CONV, aw.max_pool2d(3, 1, "same"), chosen, aw.select(0))
    model = compile_architecture(space, (3, 8, 8), seed=0)
    by_hand = ByHand(model.get_submodule("inside.0"), model.get_submodule("inside.1"))
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(model(x), by_hand(x))
    unused = aw.wired(aw.Wiring([0, 0, pair], 3), CONV, aw.conv2d(3, 1), aw.select(1))
    model = compile_architecture(unused, (3, 8, 8), seed=0)
    model(x).sum().backward()
    assert model.get_parameter("inside.0.weight").grad is None
    assert model.get_parameter("inside.1.weight").grad is not None


def test_a_given_wiring_computes_what_a_kind_with_it_does():
    """With weights of the same seed: as a chain, with a skip, and with joints that learn."""
    a, b = aw.conv2d(4, 3), aw.sequential(aw.conv2d(4, 1), aw.relu())
    x = torch.randn(2, 3, 8, 8)
    for wired, composite in (
        (aw.wired(aw.Wiring([0, 1], 2), a, b), aw.sequential(a, b)),
        (aw.wired(aw.Wiring([0], [0, 1]), a), aw.residual(a)),
        (aw.wired(aw.Wiring([0, 0], aw.Joint([1, 2], "attention")), a, b), aw.branches(a, b, merge="attention")),
        (aw.wired(aw.Wiring([0, 0, 1], [2, 3]), a, b, a), aw.topology([(0, 1), (0, 2), (1, 2)], a, b, a)),
    ):
        model, other = (compile_architecture(term, (3, 8, 8), seed=0).eval() for term in (wired, composite))
        other.load_state_dict(dict(zip(other.state_dict(), model.state_dict().values(), strict=True)))
        assert torch.equal(model(x), other(x))


def test_a_model_gives_one_output():
    """Several are refused by their shapes, before anything is built."""
    space = aw.wired(aw.Wiring([0, 0], aw.Joint([1, 2], "tuple")), CONV, aw.max_pool2d())
    with pytest.raises(Misfit, match="wired gives outputs side by side, 3x8x8 and 3x4x4; a model gives one"):
        compile_architecture(space, (3, 8, 8), seed=0)


@settings(max_examples=5)
@given(st.integers(0, 2**16))
def test_networks_of_darts_learn(seed):
    """Every weight on a way to the output has a gradient."""
    leaf = aw.sample(aw.root(make_darts(), (3, 16, 16)), random.Random(seed).random)
    model = compile_architecture(leaf.architecture, (3, 16, 16), seed=0)
    assert count_parameters(model) == leaf.architecture.parameters((3, 16, 16))
    model.train()(torch.randn(2, 3, 16, 16)).square().sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert all(name.split(".")[1] in ("1", "2") for name in without)  # what no edge of the first cell has selected
