"""A compiled architecture does what its term says."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.architecture import NotSpecified
from archwright.core.hyperparameter import hyperparameter, integer
from archwright.core.kind import module
from archwright.core.modules.basic import FUNCTIONS, Activation, ReluConvBn, Settings
from archwright.core.modules.composite import Branches, Sequential
from archwright.core.modules.graphs import Cell, Edge
from archwright.core.node import DeadEnd
from archwright.core.shape import Shape
from archwright.core.term import Basic, Term
from archwright.core.tracebacks import format_traceback
from archwright.evaluate.network.compile import (
    ACTIVATIONS,
    NotCompilable,
    WrongShape,
    WrongSize,
    compile_architecture,
    count_trainable_parameters,
)
from archwright.evaluate.network.merges import add_padded, concatenate_padded

PADDING = st.sampled_from(["same", "valid"])
SMALL = st.integers(1, 5)

layers = st.one_of(
    st.builds(
        aw.conv2d,
        filters=SMALL,
        size=SMALL,
        stride=st.integers(1, 3),
        padding=PADDING,
        bias=st.booleans(),
        initialization=st.sampled_from(["he", "released", "torch"]),
    ),
    st.builds(aw.max_pool2d, size=SMALL, stride=SMALL, padding=PADDING),
    st.builds(aw.avg_pool2d, size=SMALL, stride=SMALL, padding=PADDING),
    st.builds(aw.affine, units=SMALL, bias=st.booleans(), initialization=st.sampled_from(["he", "released", "torch"])),
    st.builds(Activation, st.sampled_from(FUNCTIONS)),
    st.builds(aw.dropout, rate=st.floats(0, 1)),
    st.builds(ReluConvBn, size=st.sampled_from([1, 3, 5]), filters=st.integers(0, 5), stride=st.integers(1, 3)),
    st.sampled_from([aw.flatten(), aw.identity(), aw.zero(), aw.batch_norm(), aw.global_avg_pool(), aw.settings(a=1)]),
)


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    """The edges of a small graph, from node 0 to the last, in the order of their targets."""
    edges: list[Edge] = []
    for target in range(1, draw(st.integers(2, 4))):
        sources = draw(st.sets(st.integers(0, target - 1), min_size=1, max_size=2))
        edges += [(source, target) for source in sorted(sources)]
    return edges


@st.composite
def topologies(draw: st.DrawFn, inside: st.SearchStrategy[Term]) -> Term:
    """A module on each edge of a graph: each given, or one of three by a cell's choice."""
    edges = draw(graphs())
    if draw(st.booleans()):
        return aw.topology(edges, *(draw(inside) for _ in edges))
    operations = {"none": aw.zero(), "one": draw(inside), "other": draw(inside)}
    chosen = [(f"op_{target}_{source}", draw(st.sampled_from([*operations]))) for source, target in edges]
    return Cell(edges, tuple(operations.values()), tuple(operations), chosen, draw(st.booleans()))


architectures = st.recursive(
    layers,
    lambda inside: st.one_of(
        st.lists(inside, max_size=4).map(lambda terms: Sequential(tuple(terms))),
        st.builds(aw.residual, inside),
        st.builds(aw.repeat_tied, inside, count=st.integers(1, 3)),
        st.builds(
            lambda terms, merge: aw.branches(*terms, merge=merge),
            st.lists(inside, max_size=3),
            st.sampled_from(["add", "concatenate"]),
        ),
        topologies(inside),
    ),
    max_leaves=8,
)
shapes = st.tuples(SMALL, st.integers(1, 9), st.integers(1, 9)) | st.tuples(st.integers(1, 9))


@given(architectures, shapes)
@settings(max_examples=400, deadline=None)
def test_a_compiled_model_has_the_shape_and_the_parameters_that_were_inferred(space: Term, shape: Shape):
    try:
        leaf = aw.root(space, shape)  # nothing is asked; cells become topologies
    except DeadEnd:
        return
    model = compile_architecture(leaf.architecture, shape, seed=0)  # raises WrongShape if they differ
    assert count_trainable_parameters(model) == leaf.architecture.parameters(shape) == space.parameters(shape)
    assert model(torch.randn(3, *shape)).shape == (3, *leaf.out_shape)


@pytest.mark.parametrize(
    ("space", "shape"),
    [
        ("figure1", (3, 32, 32)),
        ("tfref", (3, 32, 32)),
        ("resnet", (3, 32, 32)),
        ("digits", (1, 8, 8)),
        ("nasbench201", (3, 32, 32)),
        ("fcnet", (9,)),
    ],
)
def test_leaves_of_the_built_in_spaces_compile(space, shape):
    for u in (0.0, 0.3, 0.7):
        node = aw.root(aw.named_space(space), shape)
        while (choice := node.choice) is not None:
            node = node.choose(choice.domain.sample(u))
        model = compile_architecture(node.architecture, shape, seed=0)
        assert count_trainable_parameters(model) == node.architecture.parameters(shape)


def weight(model: torch.nn.Module) -> torch.Tensor:
    return model.get_parameter("weight").detach()


def test_compiling_draws_from_its_seed_and_leaves_torch_s_generator_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, second, other = (compile_architecture(aw.affine(units=3), (4,), seed) for seed in (7, 7, 8))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(weight(first), weight(second))
    assert not torch.equal(weight(first), weight(other))


def test_initializations_have_their_deviations_and_biases_are_zero():
    he = compile_architecture(aw.conv2d(filters=64, size=3), (32, 8, 8), seed=0)
    released = compile_architecture(aw.conv2d(filters=64, size=3, initialization="released"), (32, 8, 8), seed=0)
    assert float(weight(he).std()) == pytest.approx(math.sqrt(2 / (32 * 9)), rel=0.02)
    assert float(weight(released).std()) == pytest.approx(math.sqrt(2 / (64 * 32 * 9)), rel=0.02)
    affine = compile_architecture(aw.affine(units=100, initialization="released"), (500,), seed=0)
    assert float(weight(affine).abs().max()) == pytest.approx(math.sqrt(6 / 600), rel=0.01)
    assert not he.get_parameter("bias").any()
    assert not affine.get_parameter("bias").any()


def test_torch_s_own_initialization_is_left_as_it_was_drawn():
    """Uniform to the inverse square root of the fan-in, of the bias too."""
    models = [
        compile_architecture(module(initialization="torch"), (32, 8, 8), seed=0)
        for module in (partial(aw.conv2d, filters=64, size=3), partial(aw.affine, units=64))
    ]
    for model, fan_in in zip(models, (32 * 9, 32 * 64), strict=True):
        for parameter in model.parameters():
            assert float(parameter.detach().abs().max()) == pytest.approx(1 / math.sqrt(fan_in), rel=0.1)


def test_one_rule_may_draw_the_weights_of_all_layers_also_inside_cells():
    network = aw.sequential(aw.conv2d(filters=64, size=3), ReluConvBn(size=3), aw.conv2d(filters=64, size=3))
    deviations = {
        rule: [
            float(m.weight.detach().std())
            for m in compile_architecture(network, (32, 8, 8), 0, rule).modules()
            if hasattr(m, "stride")
        ]
        for rule in ("own", "he", "released")
    }
    he = [math.sqrt(2 / (9 * channels)) for channels in (32, 64, 64)]
    assert deviations["he"] == pytest.approx(he, rel=0.02)
    assert deviations["released"] == pytest.approx([deviation / math.sqrt(64) for deviation in he], rel=0.02)
    assert deviations["own"][1] < 0.9 * he[1]  # a cell of NAS-Bench-201 has torch's own rule
    affine = compile_architecture(aw.affine(units=100), (500,), seed=0, initialization="released")
    assert float(weight(affine).abs().max()) == pytest.approx(math.sqrt(6 / 600), rel=0.01)
    assert not affine.get_parameter("bias").any()


def test_same_padding_is_tensorflow_s_with_the_odd_place_at_the_end():
    """Four pixels in windows of three, two apart: one place is missing, so windows begin at pixels 0 and 2."""
    pool = compile_architecture(aw.max_pool2d(size=3, stride=2, padding="same"), (1, 4, 4), seed=0)
    image = -torch.arange(1.0, 17).reshape(1, 1, 4, 4)  # all negative: margins of zero would win
    assert pool(image).flatten().tolist() == [-1, -3, -9, -11]
    mean = compile_architecture(aw.avg_pool2d(size=3, stride=2, padding="same"), (1, 4, 4), seed=0)
    assert mean(torch.ones(1, 1, 4, 4)).flatten().tolist() == pytest.approx([1] * 4)  # margins do not count


def test_even_margins_do_not_count_in_a_mean_either():
    mean = compile_architecture(aw.avg_pool2d(size=3, stride=1, padding="same"), (2, 5, 5), seed=0)
    assert torch.allclose(mean(torch.ones(1, 2, 5, 5)), torch.ones(1, 2, 5, 5))


def test_batch_norm_keeps_nine_tenths_of_the_old_average():
    norm = compile_architecture(aw.batch_norm(), (2,), seed=0).train()
    norm(torch.tensor([[1.0, 10.0], [3.0, 30.0]]))
    assert norm.get_buffer("running_mean").tolist() == pytest.approx([0.2, 2.0])


def test_copies_of_a_tied_repeat_have_parameters_of_their_own():
    model = compile_architecture(aw.repeat_tied(aw.affine(units=4), count=3), (4,), seed=0)
    assert len({id(p) for p in model.parameters()}) == 6


def test_residual_pads_the_end_of_each_axis_with_zeros():
    a, b = torch.ones(1, 2, 2, 2), torch.ones(1, 1, 3, 1)
    assert add_padded(a, b)[0].tolist() == [[[2, 1], [2, 1], [1, 0]], [[1, 1], [1, 1], [0, 0]]]
    assert add_padded(a, torch.ones(1, 9)).tolist() == [[2] * 8 + [1]]


def test_concatenation_pads_all_but_the_channels():
    a, b = torch.ones(1, 2, 1, 1), 2 * torch.ones(1, 1, 1, 2)
    assert concatenate_padded(a, b)[0].tolist() == [[[1, 0]], [[1, 0]], [[2, 2]]]
    assert concatenate_padded(a, torch.ones(1, 3)).shape == (1, 5)


def test_branches_are_merged_from_left_to_right():
    both = Branches((aw.identity(), aw.identity(), aw.flatten()), "add")
    x = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert torch.equal(compile_architecture(both, (2, 2, 2), seed=0)(x), 3 * x.flatten(1))


def test_a_node_of_a_topology_is_the_sum_of_what_comes_in_and_goes_out_along_every_edge():
    """Doubled at node 1, whose two edges come from one node; its first half of each axis is added at the end."""
    edges = [(0, 1), (1, 2), (0, 3), (1, 3), (2, 3)]
    pool = aw.max_pool2d(size=2)
    space = aw.topology(edges, aw.identity(), aw.branches(pool, pool), aw.zero(), aw.identity(), aw.identity())
    x = torch.arange(1.0, 5).reshape(1, 1, 2, 2)
    assert compile_architecture(space, (1, 2, 2), seed=0)(x).tolist() == [[[[1 + 8, 2], [3, 4]]]]


def test_every_function_of_the_language_compiles():
    assert set(ACTIVATIONS) == set(FUNCTIONS)


@module
class Doubled(Basic):
    """A kind of a person's own that compiles itself."""

    kind = "doubled_in_a_test"  # kinds are known to the whole process
    times: aw.Hyperparameter[int] = hyperparameter(integer(1))

    def out_shape(self, in_shape: Shape) -> Shape:
        return (in_shape[0] * self.times, *in_shape[1:])

    def compile(self, in_shape: Shape) -> torch.nn.Module:
        class Double(torch.nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return torch.cat([x, x], 1)

        return Double()


@module
class Mute(Basic):
    """A kind of a person's own that does not."""

    kind = "mute_in_a_test"

    def out_shape(self, in_shape: Shape) -> Shape:
        return in_shape


def test_a_kind_of_one_s_own_compiles_itself():
    assert compile_architecture(Doubled(times=2), (3,), seed=0)(torch.ones(1, 3)).shape == (1, 6)


def test_a_module_whose_shape_is_not_the_inferred_one_is_refused_with_both():
    with pytest.raises(WrongShape, match=r"\(6,\) when run, and \(9,\) by out_shape"):
        compile_architecture(Doubled(times=3), (3,), seed=0)


@module
class Scaled(Basic):
    """A kind of a person's own with a trained scale and a frozen offset for each feature, that says how many it has."""

    kind = "scaled_in_a_test"
    declared: int = 0

    def out_shape(self, in_shape: Shape) -> Shape:
        return in_shape

    def parameters(self, in_shape: Shape) -> int:
        return self.declared

    def compile(self, in_shape: Shape) -> torch.nn.Module:
        class Scale(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.scale = torch.nn.Parameter(torch.ones(in_shape))
                self.offset = torch.nn.Parameter(torch.zeros(in_shape), requires_grad=False)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x * self.scale + self.offset

        return Scale()


@pytest.mark.parametrize("declared", [6, 3])
def test_a_kind_may_count_all_of_its_parameters_or_those_that_are_trained(declared):
    model = compile_architecture(aw.sequential(Scaled(declared), aw.affine(2)), (3,), seed=0)
    assert [parameter.numel() for parameter in model.parameters()] == [3, 3, 6, 2]
    assert count_trainable_parameters(model) == 3 + 6 + 2


@pytest.mark.parametrize("declared", [0, 4, 7])
def test_a_kind_with_another_number_of_parameters_than_it_says_is_refused_with_both(declared):
    message = (
        rf"scaled_in_a_test says by parameters that it has {declared} of them .* shape \(3,\), and its module has 6,"
    )
    for space in (
        Scaled(declared),
        aw.sequential(aw.affine(3), aw.residual(Scaled(declared))),
        aw.branches(Scaled(declared)),
    ):
        with pytest.raises(WrongSize, match=message):
            compile_architecture(space, (3,), seed=0)


@module
class Weighed(Basic):
    """A kind that takes outputs side by side, and says of itself that it has as many parameters as outputs."""

    kind = "weighed_in_a_test"
    takes_tuple = True

    def out_shape(self, in_shape: Shape) -> Shape:
        return in_shape[0]

    def parameters(self, in_shape: Shape) -> int:
        return len(in_shape)

    def compile(self, in_shape: Shape) -> torch.nn.Module:
        class Weigh(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(torch.ones(1))

            def forward(self, xs: tuple[torch.Tensor, ...]) -> torch.Tensor:
                return self.weight * sum(xs)

        return Weigh()


def test_the_size_of_a_kind_that_takes_several_outputs_is_checked_as_any_other():
    wiring = aw.Wiring([0, 0, aw.Joint([1, 2], "tuple")], 3)
    with pytest.raises(WrongSize, match=r"weighed_in_a_test says by parameters that it has 2 .* and its module has 1;"):
        compile_architecture(aw.wired(wiring, aw.relu(), aw.affine(3), Weighed()), (3,), seed=0)


@module
class Lazy(Basic):
    """A kind of a person's own that does not say how large it is."""

    kind = "lazy_in_a_test"

    def out_shape(self, in_shape: Shape) -> Shape:
        return (5,)

    def compile(self, in_shape: Shape) -> torch.nn.Module:
        return torch.nn.LazyLinear(5)


def test_a_kind_that_does_not_say_how_large_it_is_is_not_refused():
    """It says nothing that is wrong; another one beside it does."""
    compile_architecture(aw.sequential(Lazy(), Scaled(5)), (3,), seed=0)
    with pytest.raises(WrongSize, match="scaled_in_a_test says by parameters that it has 7"):
        compile_architecture(aw.sequential(Lazy(), Scaled(7)), (3,), seed=0)


def test_a_kind_that_cannot_be_compiled_is_told_how():
    with pytest.raises(NotCompilable, match=r"mute_in_a_test has no torch module; give its class a method compile"):
        compile_architecture(aw.sequential(Mute()), (3,), seed=0)


def test_a_kind_that_cannot_be_compiled_is_told_without_how_we_came_to_it():
    """In a worker, where no frame is a person's: how we look for what compiles it is of no use to them."""
    architecture = aw.sequential(aw.residual(Mute()))
    with pytest.raises(NotCompilable) as raised:
        compile_architecture(architecture, (3,), seed=0)
    traceback = raised.tb.tb_next  # the first frame is that of this test
    assert format_traceback(raised.value.with_traceback(traceback)) == str(raised.value)


def test_an_open_space_is_not_compiled():
    with pytest.raises(NotSpecified):
        compile_architecture(aw.affine(units=[1, 2]), (3,), seed=0)


def test_settings_do_nothing():
    x = torch.randn(2, 3)
    assert torch.equal(compile_architecture(Settings((("a", 1),)), (3,), seed=0)(x), x)
