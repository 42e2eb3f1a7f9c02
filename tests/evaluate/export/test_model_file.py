"""The code that is written for an architecture computes what the compiled module computes."""

import ast
import itertools
import random
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

import archwright as aw
from archwright.core.modules.basic import FUNCTIONS, ReluConvBn, Zero
from archwright.core.modules.graphs import topology
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, build_network
from archwright.core.wiring import MERGES
from archwright.evaluate.data.builtin import CIFAR100_CLASSES
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.classes import WIDTH, format_code
from archwright.evaluate.export.model_file import Provenance, write_model_file
from archwright.evaluate.export.user_source import BadModuleSource, NoModuleSource
from archwright.evaluate.network.compile import compile_architecture
from tests.core.user_modules import Glued, Net, Shrink
from tests.darts import make_darts
from tests.strategies import leaves, name_randomly

ORIGIN = Provenance("A model.", {"run": "digits-1", "trial": "3"})
IMAGE = (3, 8, 8)


def run_code(code: str) -> dict[str, Any]:
    """The namespace of model.py after it has run."""
    namespace: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(compile(code, "model.py", "exec"), namespace)
    return namespace


def compile_and_write(architecture: aw.Term, shape: aw.Shape) -> tuple[nn.Module, nn.Module, str]:
    """The compiled module, that of model.py, and its code; both in eval mode with the same weights, none a default."""
    code = write_model_file(architecture, shape, ORIGIN, None)
    compiled, exported = compile_architecture(architecture, shape, seed=0), run_code(code)["Model"]()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in compiled.state_dict().values():
            if value.is_floating_point() and value.dim() < 2:  # biases, and the averages of normalisation
                value.copy_(torch.rand(value.shape, generator=generator) / 2 + 0.5)
    weights = compiled.state_dict()
    assert [v.shape for v in weights.values()] == [v.shape for v in exported.state_dict().values()]
    exported.load_state_dict(dict(zip(exported.state_dict(), weights.values(), strict=True)))
    return compiled.eval(), exported.eval(), code


def write_and_compare(architecture: aw.Term, shape: aw.Shape) -> str:
    """The code of model.py, whose outputs must be those of the compiled module."""
    compiled, exported, code = compile_and_write(architecture, shape)
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = compiled(x)
        atol = 1e-5 * max(1.0, float(expected.nan_to_num().abs().max()))
        torch.testing.assert_close(exported(x), expected, rtol=1e-5, atol=atol, equal_nan=True)
    return code


@given(leaves)
@pytest.mark.slow
def test_the_code_computes_what_the_compiled_module_does(leaf):
    """For spaces of every kind of module, a person's own kinds among them."""
    text = write_and_compare(leaf.architecture, leaf.origin.input_shape)
    assert "archwright" not in text


@pytest.mark.parametrize("space", ["figure1", "tfref", "digits", "resnet", "deeparchitect"])
def test_architectures_of_the_built_in_spaces_are_written(space):
    leaf = aw.sample(aw.root(aw.named_space(space), IMAGE), random.Random(3).random)
    text = write_and_compare(leaf.architecture, IMAGE)
    assert len(text.splitlines()) < 200  # many layers in a row are a loop


def test_every_function_and_every_padding_is_written():
    write_and_compare(aw.sequential(*(aw.activation(name) for name in FUNCTIONS)), IMAGE)
    for size, stride, padding in itertools.product((1, 2, 3), (1, 2), ("same", "valid")):
        pools = [make(size, stride, padding) for make in (aw.max_pool2d, aw.avg_pool2d)]
        write_and_compare(aw.sequential(*pools, aw.conv2d(2, size, stride, padding)), (2, 21, 20))


def test_operations_in_a_row_are_lines_in_a_row():
    """A line for each operation, with the shape of its output."""
    text = write_and_compare(aw.sequential(aw.conv2d(4, 3, stride=2), aw.relu(), aw.dropout(0.5), aw.affine(10)), IMAGE)
    assert extract_lines(text, "    def __init__", "\n\n\n") == [
        "    def __init__(self) -> None:",
        "        super().__init__()",
        "        self.conv = nn.Conv2d(3, 4, 3, stride=2)",
        "        self.dropout = nn.Dropout(0.5)",
        "        self.linear = nn.Linear(64, 10)",
        "",
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        "        x = F.pad(x, (0, 1, 0, 1))  # (3, 9, 9)",
        "        x = self.conv(x)  # (4, 4, 4)",
        "        x = F.relu(x)  # (4, 4, 4)",
        "        x = self.dropout(x)  # (4, 4, 4)",
        "        x = x.flatten(1)  # (64,)",
        "        x = self.linear(x)  # (10,)",
        "        return x",
    ]


def extract_lines(text: str, start: str, end: str) -> list[str]:
    """The lines of a text from `start` to the next `end`."""
    rest = text[text.index(start) :]
    return rest[: rest.index(end)].splitlines()


def test_branches_are_classes():
    """Of a residual module, of branches with different shapes, and of branches in branches."""
    inner = aw.branches(aw.conv2d(2, 1), aw.identity(), merge="concatenate")
    outer = aw.branches(inner, aw.sequential(aw.conv2d(3, 3), aw.relu()), aw.flatten(), merge="add")
    text = write_and_compare(aw.sequential(aw.residual(aw.conv2d(4, 3, stride=2)), outer, aw.affine(2)), IMAGE)
    assert extract_lines(text, "class Residual", "\n\n\n")[-5:] == [
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        "        y = F.pad(x, (0, 1, 0, 1))",
        "        y = self.conv(y)",
        "        # zeros at the end of an axis make it as long as the longer one",
        "        return F.pad(x, (0, 0, 0, 0, 0, 1)) + F.pad(y, (0, 4, 0, 4))",
    ]
    assert extract_lines(text, "class Branches1", "\n\n\n")[-1] == "        return torch.cat([self.conv(x), x], 1)"
    assert extract_lines(text, "class Branches2", "\n\n\n")[-4:] == [
        "        b = F.relu(b)",
        "        # zeros at the end of an axis make it as long as the longer one",
        "        merged = self.branches(x) + F.pad(b, (0, 0, 0, 0, 0, 3))",
        "        return merged.flatten(1) + F.pad(x.flatten(1), (0, 128))",
    ]


def test_repeated_parts_are_a_class_and_a_loop():
    """The first of the copies has another number of channels: a parameter of the class."""
    layer = aw.sequential(aw.conv2d(8, 3), aw.batch_norm(), aw.relu())
    text = write_and_compare(
        aw.sequential(aw.repeat_tied(layer, 16), aw.repeat_tied(aw.residual(aw.conv2d(8, 3)), 4)), IMAGE
    )
    assert "        self.block = Block(3)" in text
    assert "        self.blocks = nn.Sequential(*(Block(8) for _ in range(15)))" in text
    assert "        self.residuals = nn.Sequential(*(Residual() for _ in range(4)))" in text
    assert "        self.conv = nn.Conv2d(in_channels, 8, 3, padding=1)" in text
    assert text.count("nn.Conv2d") == 2


@pytest.mark.parametrize("connected", [True, False])
def test_the_network_of_nas_bench_201_is_written(connected):
    """In eval mode and in training: the cells are one class, with zeros only where nothing else comes in."""
    names = ["nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "nor_conv_1x1", "nor_conv_3x3"]
    cell = topology(EDGES, *(OPERATIONS[name if connected else "none"] for name in names))
    network = build_network(cell, channels=4, cells=3)
    text = write_and_compare(network, (3, 9, 8))
    assert extract_lines(text, "class Cell", "\n\n\n")[-3:] == (
        [
            "        node1 = self.edge_1_0(x)",
            "        node2 = x + self.edge_2_1(node1)",
            "        return self.edge_3_1(node1) + self.edge_3_2(node2)",
        ]
        if connected
        else [
            "        node1 = torch.zeros_like(x)",
            "        node2 = torch.zeros_like(x) + torch.zeros_like(node1)",
            "        return torch.zeros_like(x) + torch.zeros_like(node1) + torch.zeros_like(node2)",
        ]
    )
    compiled, exported, _ = compile_and_write(network, (3, 9, 8))
    x = torch.randn(5, 3, 9, 8)
    torch.testing.assert_close(exported.train()(x), compiled.train()(x), rtol=1e-4, atol=1e-4)


def test_zeros_that_make_an_axis_longer_are_kept():
    """A sum with a larger zero has its shape."""
    grown = aw.sequential(aw.conv2d(6, 1), Zero())
    text = write_and_compare(topology([(0, 1), (0, 2), (1, 2)], grown, aw.identity(), Zero()), IMAGE)
    assert "F.pad(x, (0, 0, 0, 0, 0, 3)) + torch.zeros_like(node1)" in text


def test_blocks_that_differ_in_many_numbers_are_classes_of_their_own():
    def body(*widths: int) -> aw.Term:
        return aw.residual(aw.sequential(*(aw.conv2d(width, 1) for width in widths)))

    text = write_and_compare(aw.sequential(body(1, 2, 3, 4, 5, 6), body(7, 8, 9, 10, 11, 12)), IMAGE)
    assert "class Residual1(" in text
    assert "class Residual2(" in text


def test_a_kind_of_ones_own_is_written_with_its_preamble():
    """The preamble once; the modules of children as arguments."""
    glued = Glued((Shrink(2), aw.sequential(Shrink(2), aw.relu())), aw.sequential(ReluConvBn(3), aw.affine(4)))
    text = write_and_compare(aw.sequential(Shrink(1), glued), IMAGE)
    assert text.count("class Shrinking") == 1
    assert "Glueing(Shrinking(3, 4, 4, 2), Inside1(), Inside2(" in text


@aw.module
class TwoWays(aw.Composite):
    """A stem, two ways on from it, and a head on both; the stem goes on past the head."""

    kind = "two_ways_in_a_test"
    stem: aw.Term = aw.child()
    ways: tuple[aw.Term, ...] = aw.children()
    head: aw.Term = aw.child()
    merging: str = "weighted"

    def wiring(self):
        return aw.Wiring([0, 1, 1, aw.Joint([2, 3], self.merging)], aw.Joint([1, 4], "mean"))


def test_a_kind_of_ones_own_is_written_by_its_wiring():
    """Its modules are named after its fields, and what its joints learn stands before them."""
    ways = aw.conv2d(4, 3), aw.sequential(aw.conv2d(2, 1), aw.relu())
    text = write_and_compare(aw.sequential(TwoWays(aw.conv2d(4, 1), ways, aw.conv2d(4, 1)), aw.affine(2)), IMAGE)
    assert extract_lines(text, "class TwoWays", "\n\n\n") == [
        "class TwoWaysInATest(nn.Module):",
        '    """The modules of a two_ways_in_a_test, connected as its wiring says."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        "        self.weights = nn.Parameter(torch.ones(2))",
        "        self.stem = nn.Conv2d(3, 4, 1)",
        "        self.ways_0 = nn.Conv2d(4, 4, 3, padding=1)",
        "        self.conv = nn.Conv2d(4, 2, 1)",
        "        self.head = nn.Conv2d(4, 4, 1)",
        "",
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        "        a = self.stem(x)",
        "        c = self.conv(a)",
        "        c = F.relu(c)",
        "        # zeros at the end of an axis make it as long as the longer one",
        "        scales = torch.sigmoid(self.weights)",
        "        node2 = scales[0] * self.ways_0(a) + F.pad(scales[1] * c, (0, 0, 0, 0, 0, 2))",
        "        return (a + self.head(node2)) / 2",
    ]


def test_outputs_side_by_side_are_tuples_in_the_code():
    """What takes them and what gives them says so; a select is an index."""
    pair = aw.Joint([1, 2], "tuple")
    inner = aw.branches(aw.select(0), aw.sequential(aw.select(1), aw.conv2d(4, 1)))
    halves = aw.wired(aw.Wiring([0, 0], pair), aw.conv2d(4, 3), aw.relu(), name="halves")
    text = write_and_compare(aw.wired(aw.Wiring([0, 1, 1], [2, 3]), halves, inner, aw.select(1)), IMAGE)
    assert extract_lines(text, "class Wired1", "\n\n\n") == [
        "class Wired1(nn.Module):",
        '    """Modules that are connected by a wiring."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        "        self.conv = nn.Conv2d(3, 4, 3, padding=1)",
        "",
        "    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:",
        "        return (self.conv(x), F.relu(x))",
    ]
    assert "    def forward(self, x: tuple[torch.Tensor, ...]) -> torch.Tensor:\n        b = x[1]\n" in text


@pytest.mark.parametrize("seed", range(3))
def test_networks_of_darts_are_written(seed):
    """Equal cells share a class; the network is one more."""
    leaf = aw.sample(aw.root(make_darts(cells=6), (3, 16, 16)), random.Random(seed).random)
    text = write_and_compare(leaf.architecture, (3, 16, 16))
    assert len(re.findall("^class Wired", text, flags=re.MULTILINE)) == 3


@pytest.mark.parametrize("merging", MERGES)
def test_every_merge_is_written(merging):
    """Of operands of one shape, of images of unlike size, and of unlike rank."""
    ways = [aw.conv2d(3, 3), aw.relu()], [aw.conv2d(4, 3, stride=2), aw.identity(), aw.flatten()]
    for inside in (*ways, [aw.affine(5), aw.max_pool2d(2), aw.zero()], [aw.zero()]):
        text = write_and_compare(aw.branches(*inside, merge=merging), IMAGE)
        assert ("def normalise(" in text) == (merging == "attention" and len(inside) > 1)
        write_and_compare(
            Net((*inside, aw.relu()), [*[(0,)] * len(inside), (0, 1), (1, len(inside) + 1)], merging), IMAGE
        )
        edges = [(0, target + 1) for target in range(len(inside))] + [
            (node, len(inside)) for node in range(1, len(inside))
        ]
        write_and_compare(topology(edges, *inside, *[aw.relu()] * (len(inside) - 1), merge=merging), IMAGE)


def test_a_cell_says_how_its_nodes_merge():
    cell = topology([(0, 1), (0, 2), (1, 2)], aw.conv2d(2, 3), aw.identity(), aw.relu(), merge="concatenate")
    text = write_and_compare(aw.sequential(cell, topology(cell.edges, *cell.children, merge="mean")), IMAGE)
    assert '"""A cell: each node is the edges into it one behind the other; edge_2_0 is the one from node' in text
    assert extract_lines(text, "class Cell1", "\n\n\n")[-2:] == [
        "        node1 = self.edge_1_0(x)",
        "        return torch.cat([x, F.relu(node1)], 1)",
    ]
    assert "        return (F.pad(x, (0, 0, 0, 0, 0, 0)) + F.relu(node1)) / 2" not in text
    assert ") / 2" in extract_lines(text, "class Cell2", "\n\n\n")[-1]


def test_modules_with_names_are_written_under_them():
    """The name of the module in place of what it is."""
    inside = aw.branches(wide=aw.conv2d(3, 3), train=aw.conv2d(3, 1))
    text = write_and_compare(aw.sequential(inside, aw.affine(2)), IMAGE)
    assert "        return self.wide(x) + self.train_(x)" in text


def test_parts_with_names_are_written_under_them():
    """One module by itself, several as a class; what has none is as ever. Other names give way to theirs."""
    stem = aw.sequential(aw.conv2d(4, 3, stride=2), aw.batch_norm(), aw.relu())
    space = aw.sequential(
        stem=stem,
        body=aw.repeat_tied(aw.residual(aw.conv2d(4, 3), name="layer"), 3),
        conv=aw.conv2d(4, 2),
        activation=aw.relu(),
        head=aw.sequential(aw.global_avg_pool(), aw.flatten(), aw.affine(5), aw.affine(2, name="forward")),
    )
    text = write_and_compare(aw.sequential(aw.conv2d(4, 1), space, name="net"), IMAGE)
    assert "class Stem(nn.Module):" in text
    assert '    """The part of the model that is called stem."""' in text
    assert extract_lines(text, "class Model", "\n\n\n")[4:] == [
        "        super().__init__()",
        "        self.conv1 = nn.Conv2d(3, 4, 1)",
        "        self.stem = Stem()",
        "        self.body = nn.Sequential(*(Residual() for _ in range(3)))",
        "        self.conv = nn.Conv2d(4, 4, 2)",
        "        self.head = Head()",
        "",
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        "        x = self.conv1(x)  # (4, 8, 8)",
        "        x = self.stem(x)  # (4, 4, 4)",
        "        x = self.body(x)  # (4, 4, 4)",
        "        x = F.pad(x, (0, 1, 0, 1))  # (4, 5, 5)",
        "        x = self.conv(x)  # (4, 4, 4)",
        "        x = F.relu(x)  # (4, 4, 4)",
        "        x = self.head(x)  # (2,)",
        "        return x",
    ]
    assert extract_lines(text, "class Head", "\n\n\n")[-8:] == [
        "        self.linear = nn.Linear(4, 5)",
        "        self.forward_ = nn.Linear(5, 2)",
        "",
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        "        x = x.mean((2, 3))",
        "        x = self.linear(x)",
        "        x = self.forward_(x)",
        "        return x",
    ]


def test_equal_parts_share_a_class_whatever_their_names():
    """Copies with one name are numbered, or several in a row; a class may have no name of the file's."""
    layer = aw.residual(aw.sequential(aw.conv2d(3, 3), aw.relu()))
    text = write_and_compare(aw.branches(left=layer, right=layer), IMAGE)
    assert (text.count("class Residual"), "self.left = Residual()" in text) == (1, True)
    copies = aw.sequential(*[aw.conv2d(3, 3, name="layer")] * 3, aw.relu(), aw.affine(4, name="layer"))
    text = write_and_compare(copies, IMAGE)
    assert "        self.layers = nn.Sequential(*(nn.Conv2d(3, 3, 3, padding=1) for _ in range(3)))" in text
    assert "        self.layer = nn.Linear(192, 4)" in text
    same = aw.branches(aw.affine(2, name="a"), aw.affine(2, name="a"), aw.affine(2, name="linear"), aw.affine(2))
    assert "self.a1(x) + self.a2(x) + self.linear(x) + self.linear1(x)" in write_and_compare(same, (4,))
    two = aw.affine(3), aw.affine(2)
    reserved = ("model", "load", "none", "f", "torch", "__x", "_1", "nn", "class_names", "weights", "x", "add_module")
    parts = {name: aw.sequential(*two) for name in reserved}
    text = write_and_compare(aw.branches(**parts, merge="weighted"), (4,))
    for line in (
        "class Model1(",
        "class PartNone(",
        "class Part1(",
        "self.weights1 = ",
        "self.x_ = ",
        "self.add_module_ = ",
    ):
        assert line in text


@given(leaves, st.integers(0, 2**32))
def test_names_change_nothing_but_the_code(leaf, seed):
    """The weights are the same in the same order, and so are the outputs."""
    named = name_randomly(leaf.architecture, seed)
    write_and_compare(named, leaf.origin.input_shape)


@aw.module
class Hyphenated(aw.Composite):
    """Two modules side by side, of a kind whose name is no identifier."""

    kind = "2-ways in-a-test"
    ways: tuple[aw.Term, ...] = aw.children()

    def wiring(self):
        return aw.Wiring([0, 0], [1, 2])


@aw.module
class HyphenatedLayer(aw.Basic):
    """A kind with a method `source` and such a name."""

    kind = "layer-in-a-test"

    def out_shape(self, in_shape):
        return in_shape

    def compile(self, in_shape):
        return nn.Softsign()

    def source(self, in_shape):
        return "nn.Softsign()"


def test_kinds_whose_names_are_no_identifiers_are_written():
    """With underscores; a class whose name would begin with a digit is a part."""
    text = write_and_compare(aw.sequential(Hyphenated((aw.conv2d(3, 1), aw.relu())), HyphenatedLayer()), IMAGE)
    assert "class Part2WaysInATestModule(nn.Module):" in text
    assert "self.part2_ways_in_a_test_module = " in text
    assert "self.layer_in_a_test = " in text


@aw.module
class WithoutSource(aw.Basic):
    """A kind that can be trained and has no method `source`."""

    kind = "without_source_in_a_test"
    text: object = None

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return in_shape

    def compile(self, in_shape: aw.Shape) -> nn.Module:
        return nn.Identity()


@aw.module
class WithSource(WithoutSource):
    """An identity whose method `source` returns `text`."""

    kind = "with_source_in_a_test"

    def source(self, in_shape: aw.Shape) -> object:
        return self.text


def test_a_kind_without_source_is_named_with_the_remedy():
    with pytest.raises(
        NoModuleSource, match=r"WithoutSource has no source; give the class a method source\(self, in_shape\)"
    ):
        write_model_file(aw.sequential(aw.relu(), WithoutSource()), IMAGE, ORIGIN, None)


@pytest.mark.parametrize("text", ["x = 1", "", "nn.Conv2d(", None, b"nn.ReLU()"])
def test_a_source_that_is_no_expression_is_refused(text):
    with pytest.raises(
        BadModuleSource, match=r"the source of WithSource is .* it must be Python that ends with an expression"
    ):
        write_model_file(WithSource(text), IMAGE, ORIGIN, None)


def test_names_that_a_preamble_defines_are_reserved():
    """A class of the model gets another name; the attribute keeps its own."""
    source = "class Residual(nn.Identity):\n    pass\n\nResidual()"
    text = write_and_compare(aw.sequential(WithSource(source), aw.residual(aw.conv2d(3, 1))), IMAGE)
    assert "self.residual = Residual1()" in text


@pytest.mark.parametrize("name", ["load", "summary", "classify", "Model"])
def test_a_preamble_that_defines_what_the_file_defines_is_refused(name):
    """The later of the two definitions would stand for both."""
    with pytest.raises(BadModuleSource, match=f"defines {name}, as model.py does; give it another name"):
        write_model_file(WithSource(f"def {name}():\n    pass\n\nnn.Identity()"), IMAGE, ORIGIN, None)


def test_the_docstring_begins_with_the_provenance():
    """Quotes and backslashes in it are escaped."""
    text = write_model_file(aw.affine(2), IMAGE, Provenance('A """model"""', {"run": "C:\\new", "trial": "3"}), None)
    assert run_code(text)["__doc__"].startswith('A """model"""\n\nrun    C:\\new\ntrial  3\n\nload()')


def test_a_small_mean_is_written_into_the_code():
    normalisation = Normalisation((3, 1, 1), [120.5, 0.1, 3.0], [60.0, 61.0, 62.0])
    model = run_code(write_model_file(aw.affine(2), IMAGE, ORIGIN, normalisation))["Model"]()
    images = torch.full((2, *IMAGE), 255, dtype=torch.uint8)
    expected = (255 - torch.tensor([120.5, 0.1, 3.0])) / torch.tensor([60.0, 61.0, 62.0])
    torch.testing.assert_close(model.preprocess(images)[0, :, 0, 0], expected)
    assert list(model.state_dict()) == ["linear.weight", "linear.bias"]


@given(st.lists(st.text(), min_size=1, max_size=40))
@example(["cat", 'a "dog"', "\u202ereversed", "back\\slash", "line\nbreak", "\ud800", "x" * 200])
def test_the_names_of_classes_are_written_into_the_code(names):
    """Literally, whatever they are."""
    text = write_model_file(aw.affine(2), IMAGE, ORIGIN, Normalisation((3, 1, 1), [1.0] * 3, [1.0] * 3), names)
    assert run_code(text)["CLASSES"] == tuple(names)


def test_many_names_of_classes_are_on_lines_that_are_not_too_long():
    text = write_model_file(aw.affine(100), IMAGE, ORIGIN, None, CIFAR100_CLASSES)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.count("\n    '", 0, text.index("class Model")) == 10


def test_classify_prints_the_name_of_a_class(tmp_path, capsys):
    """Its number where the names are unknown."""
    np.save(tmp_path / "images.npy", np.zeros((1, *IMAGE), np.uint8))
    for names, expected in (
        (("cat", "dog"), "image 0: cat, probability 0.500"),
        ((), "image 0: class 0, probability 0.5"),
    ):
        namespace = run_code(
            write_model_file(aw.affine(2), IMAGE, ORIGIN, Normalisation((3, 1, 1), [0.0] * 3, [1.0] * 3), names)
        )
        model = namespace["Model"]().eval()
        for value in model.state_dict().values():
            value.zero_()
        namespace["classify"](model, tmp_path / "images.npy")
        assert capsys.readouterr().out.startswith(expected)


def test_a_large_mean_comes_with_the_weights():
    values = [float(i) for i in range(192)]
    text = write_model_file(aw.affine(2), IMAGE, ORIGIN, Normalisation(IMAGE, values, values))
    model = run_code(text)["Model"]()
    assert {name: tuple(v.shape) for name, v in model.named_buffers()} == {"mean": IMAGE, "deviation": IMAGE}
    assert {"mean", "deviation"} <= set(model.state_dict())


LONG_LINES = [
    'self.register_buffer("mean", torch.tensor([' + ", ".join(["12.5"] * 40) + "]).reshape(1, 8, 5), persistent=False)",
    "node6 = " + " + ".join(f"self.edge_6_{i}(node{i})" for i in range(7)),
    "return " + " + ".join(f"self.edge_6_{i}(node{i})" for i in range(7)) + "  # (16, 32, 32)",
    "x = F(lambda a, b: (a, b), [(a, b) for a, b in zip(x, y)], {1: 2}, y[1:2, ..., None], 'a, (b # c', *(z for z in x)"
    ", end=1)",
    'x = f(f"{a[0]}, {b(1, 2)} ' + "(" * 90 + '", ' + "name, " * 10 + ")",
    "def __init__(self, " + ", ".join(f"in_channels{i}: int" for i in range(8)) + ") -> None:",
]


@pytest.mark.parametrize("line", LONG_LINES)
def test_a_line_that_is_too_long_is_broken_and_parses_to_the_same_code(line):
    """Brackets, commas and signs within texts are no places for it."""
    head = "class Model:\n    def run(self):\n" if not line.startswith("def") else "class Model:\n"
    body = "\n            pass" if line.endswith(":") else ""
    indent = " " * (4 if line.startswith("def") else 8)
    before = f"{head}{indent}{line}{body}"
    after = format_code(before.splitlines())
    lines = after.splitlines()
    assert len(lines) > len(before.splitlines())
    assert [text for text in lines if len(text) > WIDTH] == [text for text in lines if '(((("' in text]  # a string
    assert ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))


def test_code_that_the_formatter_does_not_know_stays_as_it_is():
    assert format_code(["x = 1", "match = y ?? z"]) == "x = 1\nmatch = y ?? z"


def test_models_have_no_lines_that_are_too_long():
    """Those of a graph of eight nodes, and of a person's source."""
    edges = [(source, target) for target in range(8) for source in range(target)]
    graph = topology(edges, *(aw.conv2d(3, 1) for _ in edges))
    sequential = WithSource(f"nn.Sequential({', '.join('nn.Identity()' for _ in range(20))})")
    text = write_and_compare(aw.sequential(graph, sequential), IMAGE)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "            + self.edge_7_6(node6)\n" in text


@pytest.mark.parametrize(
    "name", ["training", "_modules", "_parameters", "forward", "class_", "a", "module", "buffer", "nn"]
)
def test_a_name_that_torch_or_python_has_is_that_of_a_module(name):
    """Of a layer, of what learns in a joint, and of blocks in a row, whose attribute is in the plural: as, modules."""

    def block() -> aw.Term:
        return aw.sequential(aw.conv2d(3, 3), aw.batch_norm(), name=name)

    layer = aw.conv2d(3, 3, name=name)
    for architecture in (
        aw.sequential(layer, aw.relu()),
        aw.branches(layer, block(), merge="weighted"),
        aw.topology([(0, 1), (0, 2), (1, 2)], layer, aw.relu(name=name), block(), merge="attention"),
        aw.sequential(block(), block(), aw.affine(2)),
    ):
        write_and_compare(architecture, IMAGE)


def test_what_normalises_a_mask_is_defined_however_long_its_line_is():
    mask = aw.conv2d(3, 3, name="m" * 200)
    text = write_and_compare(aw.branches(mask, aw.relu(), aw.batch_norm(), merge="attention"), IMAGE)
    assert "def normalise(" in text
