"""What is told apart: no more than makes a difference later, and no less."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap

import archwright as aw
from archwright.core.analysis.completions import analyze
from archwright.core.analysis.counting import out_shapes
from archwright.core.analysis.demand import NO_DEMAND, Demand
from archwright.core.analysis.examples import NO_CHOICE, After, Chosen, ForEach, write_path
from archwright.core.analysis.states import (
    AnalyzedValue,
    Completions,
    ValueClass,
    add_values,
    forget,
    group_values,
    join_classes,
)
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.modules.graphs import topology
from tests.scripts import import_script
from tests.strategies import COPIES, KERNEL, OPTION, WIDTH, enumerate_leaves, shapes, sharing_cases, sharing_terms

SHAPE = (2, 8, 8)
A, B, C, D = (AnalyzedValue(i, letter, 1) for i, letter in enumerate("abcd"))


@given(sharing_cases)
def test_a_space_whose_choices_are_shared_has_as_many_leaves_as_are_counted(case):
    """With the output shapes of the leaves, no more and no fewer."""
    leaves = enumerate_leaves(case.space, case.shape)[0]
    assert aw.count(case.space, case.shape) == len(leaves)
    assert sorted(out_shapes(case.space, case.shape)) == sorted({leaf.out_shape for leaf in leaves})


@given(sharing_terms, shapes, st.sets(st.sampled_from([WIDTH.name, KERNEL.name, COPIES.name, OPTION.name])))
def test_what_is_needed_later_makes_no_difference_to_how_many_there_are(term, shape, needed):
    """What is known at the end has as many values as there are completions, whatever is known of it."""
    known = frozenset(needed & {shared.name for shared in term.plan.shared})
    states = analyze(term, (shape,), EMPTY_ENVIRONMENT, (), Demand(known)).completions
    assert all(environment.keys() <= known for _, environment in states)
    assert sum(forget(environment, (), c)[1].count for (_, environment), c in states.items()) == aw.count(term, shape)


def make_choice(name: str, **more: aw.Term) -> aw.Term:
    """A choice of nine operations, and more, that is shared by all edges of this name."""
    options = {f"dropout_{i}": aw.dropout(i / 10) for i in range(7)}
    options |= {"conv": aw.conv2d(4, 1), "none": aw.zero(), **more}
    return aw.Either(tuple(options.values()), tuple(options), aw.shared(name, list(options)))


def test_choices_that_change_no_later_shape_cost_nothing():
    """Twenty choices of nine, each used three times: 9 ** 20, where every way of choosing would take for ever."""
    layers = [make_choice(f"op_{i}") for i in range(20)]
    assert aw.count(aw.sequential(*layers * 3), SHAPE) == aw.count(aw.branches(*layers * 2)) == 9**20
    assert out_shapes(aw.sequential(*layers * 2), SHAPE) == (SHAPE, (4, 8, 8))


def test_choices_with_unlike_numbers_of_completions_are_forgotten_after_their_last_use():
    """Of ten options one has three completions, again in each of two uses: 9 + 3 * 3 for each of twenty choices."""
    layers = [make_choice(f"op_{i}", wide=aw.dropout([0.1, 0.2, 0.3])) for i in range(20)]
    assert aw.count(aw.sequential(*(layer for layer in layers for _ in range(2))), SHAPE) == 18**20


def test_widths_that_come_together_again_are_one_class():
    """Sixteen widths of nine, each seen in the shapes until the next convolution, and all of them used at the end."""
    widths = [aw.shared(f"width_{i}", list(range(1, 10))) for i in range(16)]
    layers = [layer for width in widths for layer in (aw.conv2d(width, 1), aw.relu(), aw.conv2d(4, 1))]
    wide = aw.sequential(*layers, *(aw.settings(**{width.name: width}) for width in widths))
    assert aw.count(wide, SHAPE) == 9**16
    assert out_shapes(wide, SHAPE) == ((4, 8, 8),)


def test_values_are_told_apart_by_what_is_computed_of_them():
    """Width 1 to 9: a quarter of it is 0, 1 or 2, and 0 is no width, in the first module; two shapes."""
    width = aw.shared("width", list(range(1, 10)))
    narrow = aw.conv2d(width // 4, 1)
    states = analyze(narrow, (SHAPE,), EMPTY_ENVIRONMENT, (), Demand(frozenset(["width"]))).completions
    assert {outs: [value.value for value in known["width"].values] for (outs, known), _ in states.items()} == {
        ((1, 8, 8),): [4, 5, 6, 7],
        ((2, 8, 8),): [8, 9],
    }
    assert {c.count for c in states.values()} == {1}


def test_a_class_is_split_where_a_later_module_refuses_some_of_it():
    """An even width, below 8: 2, 4 and 6 are left of nine, and the first that leads to each dead end is told."""
    width = aw.shared("width", list(range(1, 10)))
    space = aw.sequential(
        aw.settings(width=width),
        aw.conv2d(width, 1),
        aw.conv2d(2, 1, groups=aw.smaller(width, 2)),
        aw.conv2d(4, 8 - width),
    )
    assert aw.count(space) == 7
    assert aw.count(space, SHAPE) == 4
    assert [str(end) for end in aw.dead_ends(space, SHAPE)] == [
        "at 2.conv2d after width = 3: conv2d with 2 groups cannot take 3 channels and 2 filters",
        "at 3.conv2d after width = 8: size of conv2d, (8 - width), is 0; it must be an integer of 1 or more",
    ]


def test_a_dead_end_depends_on_the_value_in_a_later_place_alone():
    """A cell is asked for what fits width 3 and width 4; after the branch that changes nothing, only for width 3."""
    width = aw.shared("width", [3, 4])
    late = aw.sequential(aw.settings(width=width), aw.conv2d(4, 1), aw.conv2d(4, 1, groups=width))
    space = aw.sequential(aw.settings(width=width), aw.optional(late))
    assert aw.count(space, SHAPE) == 3
    assert aw.dead_ends(space, SHAPE) == ()  # the option is not offered with a width of 3
    stuck = aw.sequential(aw.settings(width=width), aw.residual(late))
    assert [str(end) for end in aw.dead_ends(stuck, SHAPE)] == [
        "at 1.residual.2.conv2d after width = 3: conv2d with 3 groups cannot take 4 channels and 4 filters"
    ]


def test_a_choice_that_a_shared_value_leaves_nothing_to_is_a_dead_end_for_that_value():
    """Neither option takes width 3, and one of them takes each other width."""
    width = aw.shared("width", [2, 3, 4])
    options = aw.either(aw.conv2d(4, 1, groups=width), aw.conv2d(width + 2, 1, groups=4))
    space = aw.sequential(aw.settings(width=width), aw.conv2d(4, 1), options)
    assert aw.count(space, SHAPE) == 3
    (blocked,) = aw.dead_ends(space, SHAPE)
    assert (blocked.place, blocked.path) == ("2.either", (("width", 3),))


def test_a_tied_copy_that_refuses_one_value():
    """Two copies fit an axis of 8 with a window of 4, not with one of 6; the window is chosen before."""
    size = aw.shared("size", [4, 6])
    tied = aw.repeat_tied(aw.conv2d([1, 2], size, padding="valid"), 2)
    space = aw.sequential(aw.settings(size=size), aw.conv2d(3, 1), tied)
    assert aw.count(space, SHAPE) == 2
    (blocked,) = aw.dead_ends(space, SHAPE)
    assert (blocked.place, blocked.path) == ("2.repeat_tied", (("size", 6),))


@pytest.mark.parametrize("n", [100, 1000, 10**9])
def test_of_a_long_range_that_is_shared_a_few_values_stand_for_all(n):
    """In every place that it is used in."""
    width = aw.shared("width", aw.integers(1, n))
    space = aw.sequential(aw.settings(width=width), aw.conv2d(width, 1), aw.conv2d(4, 1), aw.settings(again=width))
    assert aw.count(space, SHAPE) == n


def test_shared_reals_are_infinitely_many():
    rate = aw.shared("rate", aw.reals(0, 1))
    assert aw.count(aw.sequential(aw.dropout(rate), aw.conv2d([1, 2], 1), aw.dropout(rate)), SHAPE) == math.inf


def test_the_space_of_the_benchmark():
    """Seven of its topologies have four choices of nine, two have three."""
    counting = import_script("counting")
    assert aw.count(counting.make_space(), counting.SHAPE) == aw.count(counting.make_space()) == 7 * 9**4 + 2 * 9**3
    aw.check(counting.make_space(), counting.SHAPE)


# --- states by hand


def completions(count: int, *choices: tuple[str, str]) -> Completions:
    example = NO_CHOICE
    for name, value in reversed(choices):
        example = Chosen(name, value, example)
    return Completions(count, count, example)


def test_values_with_as_many_completions_are_a_class():
    """Also where these come from two ways of choosing before: a has 1 and 2 of them, b and d have 3."""
    before = [(D, completions(3)), (A, completions(1)), (C, completions(1)), (B, completions(3)), (A, completions(2))]
    classes = [(values, c.count) for values, c in group_values("x", before, is_asked=True)]
    assert classes == [(ValueClass((A, B, D)), 3), (ValueClass((C,)), 1)]


def test_values_that_are_not_needed_later_are_added_up():
    """Each with the number of those that it stands for."""
    many = AnalyzedValue(1, "m", 10)
    total = add_values("x", [(A, completions(2)), (many, completions(3))], is_asked=True)
    assert (total.count, total.paths, write_path(total.example, {})) == (32, 5, (("x", "a"),))


def test_what_is_forgotten_multiplies():
    known = pmap({"x": ValueClass((A, B)), "y": ValueClass((C,)), "z": 4})
    rest, c = forget(known, {"y"}, completions(5))
    assert (rest, c.count, c.paths) == (pmap({"y": ValueClass((C,))}), 10, 10)


def test_states_that_differ_in_one_class_are_joined():
    """Of x and y; in the end each pair of values is in one state, with its completions."""
    ab, cd, y = ValueClass((A, B)), ValueClass((C, D)), pmap({"y": ValueClass((A,))})
    states = {
        ("out", y.set("x", ab)): completions(2),
        ("out", y.set("x", cd)): completions(2),
        ("out", pmap({"x": ab, "y": ValueClass((B,))})): completions(2),
        ("out", pmap({"x": cd, "y": ValueClass((B,))})): completions(2),
        ("other", y.set("x", ab)): completions(2),
        ("out", y): completions(7),
    }
    joined = join_classes(states)
    assert {state: c.count for state, c in joined.items()} == {
        ("out", pmap({"x": ValueClass((A, B, C, D)), "y": ab})): 2,
        ("other", y.set("x", ab)): 2,
        ("out", y): 7,
    }


def test_classes_that_overlap_are_taken_apart():
    """A and b have 2, b and c have 3: so a has 2, b has 5 and c has 3."""
    states = {
        ("out", pmap({"x": ValueClass((A, B))})): completions(2),
        ("out", pmap({"x": ValueClass((B, C))})): completions(3),
    }
    assert {known["x"]: c.count for (_, known), c in join_classes(states).items()} == {
        ValueClass((A,)): 2,
        ValueClass((B,)): 5,
        ValueClass((C,)): 3,
    }


def test_an_example_is_written_out_for_what_later_choices_assume():
    """The value was chosen first, and decides what else was chosen before; so the end is read first."""
    asked = ForEach("x", {"a": Chosen("k.size", 1, NO_CHOICE), "b": NO_CHOICE}, is_asked=True)
    later = ForEach("x", {"a": NO_CHOICE, "b": Chosen("k.size", 3, NO_CHOICE)}, is_asked=False)
    example = After(After(NO_CHOICE, "0.", asked), "1.", later)
    assert write_path(example, {}) == (("x", "a"), ("0.k.size", 1))
    assert write_path(example, {"x": "b"}) == (("x", "b"), ("1.k.size", 3))
    assumed = {}
    assert write_path(later, assumed) == ()
    assert assumed == {"x": "a"}


def test_edges_of_a_topology_that_share_a_choice():
    """Three edges, the last two with one choice: nine by nine; the sum has four channels if a convolution is met."""
    first, second = make_choice("op1"), make_choice("op2")
    space = topology([(0, 1), (0, 2), (1, 2)], first, second, second)
    assert aw.count(space, SHAPE) == 81
    states = analyze(space, (SHAPE,), EMPTY_ENVIRONMENT, (), NO_DEMAND).completions
    assert {outs: c.count for (outs, _), c in states.items()} == {(SHAPE,): 64, ((4, 8, 8),): 17}
