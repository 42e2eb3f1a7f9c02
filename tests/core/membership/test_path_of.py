"""The inverse of choosing: the path of an architecture, or where it is none of a space."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.architecture import NotSpecified
from archwright.core.json import from_foreign_json
from archwright.core.membership.matching import MembershipUnknown
from archwright.core.membership.path_of import NotInSpace
from archwright.core.names import drop_names
from archwright.core.node import DeadEnd
from tests.core.user_modules import Glued, Ladder, Shrink
from tests.strategies import all_nodes, leaves, open_cases, seeds

SHAPE = (3, 8, 8)


def sample(space, seed=0, shape=SHAPE):
    return aw.sample(aw.root(space, shape), random.Random(seed).random)


def refuse(space, architecture, shape=SHAPE):
    """The reason why an architecture is not in a space, without the beginning that all have, and its place."""
    with pytest.raises(NotInSpace) as caught:
        aw.path_of(space, shape, architecture)
    text = str(caught.value)
    beginning = "the architecture is not in the space: "
    assert text.startswith(beginning)
    assert caught.value.place in text
    return text.removeprefix(beginning), caught.value.place


# --- laws


@given(all_nodes, seeds)
def test_the_path_of_an_architecture_leads_to_it(node, seed):
    """Of every space, with reals too; it need not be the path that was gone, if several lead to it."""
    leaf = aw.sample(node, random.Random(seed).random)
    space, shape = leaf.origin.space, leaf.origin.input_shape
    path = aw.path_of(space, shape, leaf.architecture)
    found = aw.replay(space, shape, path)
    assert found.is_leaf
    assert drop_names(found.architecture) == drop_names(leaf.architecture)


@given(open_cases)
@settings(max_examples=40)
def test_it_is_the_first_path_in_the_order_of_enumeration(case):
    """So where one path alone leads to an architecture, it is that one. Of shared ones, those first tried."""
    first = {}
    for leaf in aw.enumerate_leaves(case.space, case.shape):
        first.setdefault(drop_names(leaf.architecture), leaf.path)
    for architecture, path in list(first.items())[:20]:
        assert aw.path_of(case.space, case.shape, architecture) == path


@given(leaves, open_cases)
@settings(max_examples=60)
def test_what_no_leaf_has_is_refused(leaf, case):
    """Held against all leaves of another space."""
    architectures = {drop_names(each.architecture) for each in aw.enumerate_leaves(case.space, case.shape)}
    if drop_names(leaf.architecture) in architectures:
        aw.path_of(case.space, case.shape, leaf.architecture)
    else:
        _, place = refuse(case.space, leaf.architecture, case.shape)
        assert place


@given(leaves, st.data())
@settings(max_examples=60)
def test_an_architecture_of_the_space_for_another_input_is_in_it_if_a_leaf_has_it(leaf, data):
    """Shapes are respected: what is not offered for an input is not in the space."""
    shape = data.draw(st.sampled_from([(2, 8, 8), (1, 3, 3), (4, 6, 5), (5,)]))
    space, architecture = leaf.origin.space, drop_names(leaf.architecture)
    try:
        architectures = {drop_names(each.architecture) for each in aw.enumerate_leaves(space, shape)}
    except DeadEnd:
        return
    if architecture in architectures:
        found = aw.replay(space, shape, aw.path_of(space, shape, leaf.architecture))
        assert drop_names(found.architecture) == architecture
    else:
        refuse(space, leaf.architecture, shape)


@given(leaves)
def test_the_architecture_from_its_json_has_the_same_path(leaf):
    space, shape = leaf.origin.space, leaf.origin.input_shape
    read = aw.from_json(aw.to_json(leaf.architecture))
    assert aw.path_of(space, shape, read) == aw.path_of(space, shape, leaf.architecture)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("deeparchitect", SHAPE), ("nasbench201", SHAPE), ("fcnet", (13,)), ("figure1", SHAPE), ("digits", (1, 8, 8))],
)
def test_named_spaces(name, shape):
    """Paths of these are unique."""
    space = aw.named_space(name)
    for seed in range(10):
        leaf = sample(space, seed, shape)
        assert aw.path_of(space, shape, leaf.architecture) == leaf.path


# --- answers worked out by hand


def test_of_options_that_are_the_same_the_first_is_named():
    space = aw.either(a=aw.relu(), b=aw.activation(["relu", "gelu"]))
    assert aw.path_of(space, SHAPE, aw.relu()) == (("either.option", "a"),)
    assert aw.path_of(space, SHAPE, aw.activation("gelu")) == (
        ("either.option", "b"),
        ("either.activation.function", "gelu"),
    )


def test_an_option_that_only_shapes_rule_out_leaves_the_next():
    """The first option could be the convolution, but for its input: a size of 5 is too large behind the pool there."""
    narrow, wide = aw.conv2d(2, [3, 5], padding="valid"), aw.conv2d(2, 5, padding="valid")
    pooled = aw.sequential(aw.optional(aw.max_pool2d(2)), narrow)
    space = aw.either(pooled=pooled, plain=aw.sequential(aw.either(a=aw.max_pool2d(2), b=aw.identity()), wide))
    assert dict(aw.path_of(space, SHAPE, aw.sequential(aw.identity(), wide)))["either.option"] == "pooled"
    assert (
        refuse(space, aw.sequential(aw.max_pool2d(2), wide))[0]
        == "its either.1.conv2d.size is 5, and only 3 fits there"
    )


def test_shared_hyperparameters_are_found_by_what_is_computed_from_them():
    """Also where none of their own fields has the value itself, or where a module that repeats has it."""
    width, depth = aw.shared("width", aw.integers(1, 10**6)), aw.shared("depth", [1, 2, 3])
    space = aw.sequential(aw.conv2d(width * 2 + 1, 1), aw.conv2d(width, 1), aw.repeat(aw.relu(), depth + 1))
    leaf = aw.root(space, SHAPE).choose(123_456).choose(3)
    assert aw.path_of(space, SHAPE, leaf.architecture) == (("width", 123_456), ("depth", 3))
    even = aw.sequential(aw.conv2d(16, 1), aw.conv2d(7, 1), aw.sequential(aw.relu(), aw.relu()))
    assert refuse(space, even) == (
        "its 0.conv2d.filters is 16, and no width of [1 .. 1000000] makes ((width * 2) + 1) that",
        "0.conv2d.filters",
    )
    odd = aw.sequential(aw.conv2d(15, 1), aw.conv2d(8, 1), aw.sequential(aw.relu(), aw.relu()))
    assert refuse(space, odd)[0] == "its 1.conv2d.filters is 8, and only 7 fits there"


W = aw.shared("w", aw.integers(1, 10**6))
EXPRESSIONS = [
    W + 5,
    5 - W,
    W * 3,
    7 * W - 1,
    W // 4,
    -1000 * W // -7,
    aw.smaller(W, 10**5) * 2,
    aw.larger(2, W),
    W / 3,
    1000 / W,
    W * 0.1 + 0.7,
]


@pytest.mark.parametrize("width", [3, 17, 250])
@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_expressions_are_solved(width, expression):
    """Of a range that is too long to try each of its values; what else holds the value comes later."""
    space = aw.sequential(aw.settings(x=expression), aw.affine(W))
    leaf = aw.root(space, SHAPE).choose(width)
    assert aw.path_of(space, SHAPE, leaf.architecture) == (("w", width),)


def test_reals_are_what_the_architecture_has():
    rate = aw.shared("rate", aw.reals(1e-5, 1, log=True))
    space = aw.sequential(aw.settings(a=aw.reals(0, 1), b=rate * 0.3), aw.dropout(rate))
    leaf = sample(space, 3)
    path = aw.path_of(space, SHAPE, leaf.architecture)
    assert aw.replay(space, SHAPE, path).architecture == leaf.architecture
    assert path[0] == leaf.path[0]
    too_much = aw.sequential(aw.settings(a=2.0, b=0.3), aw.dropout(1.0))
    assert refuse(space, too_much) == ("its 0.settings.a is 2.0, and the space has [0, 1]", "0.settings.a")


def test_a_real_that_leaves_no_trace_may_be_any():
    """Only the ends and the middle are tried, and one of them does."""
    x = aw.shared("x", aw.reals(1, 2))
    space = aw.sequential(aw.settings(a=x * 0))
    path = aw.path_of(space, SHAPE, aw.sequential(aw.settings(a=0.0)))
    assert path == (("x", 1.0),)


def test_what_is_not_decided_is_said_to_be_unknown():
    """Which of a million values has this rest is not tried out."""
    x = aw.shared("x", aw.integers(1, 10**6))
    space = aw.sequential(aw.affine(x % 1009 + 1))
    with pytest.raises(MembershipUnknown, match=r"not known, since x has more values than can be"):
        aw.path_of(space, SHAPE, aw.sequential(aw.affine(555)))


@aw.module
class Stubborn(aw.Rewriting):
    """Its expansion shows nothing of its many hyperparameters unless all of them are 1."""

    entries: tuple = aw.children()
    a: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(0))
    b: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(0))
    c: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(0))

    def expand(self):
        return self.entries[0] if (self.a, self.b, self.c) == (999, 999, 999) else self.entries[1]


def test_it_is_given_up_before_minutes_have_passed():
    space = Stubborn((aw.relu(), aw.identity()), *[aw.integers(0, 999)] * 3)
    begun = time.monotonic()
    with pytest.raises(MembershipUnknown, match=r"not known after 20,000 values .* by `candidates`"):
        aw.path_of(space, SHAPE, aw.relu())
    assert time.monotonic() - begun < 30
    assert aw.path_of(space, SHAPE, aw.identity()) == (("stubborn.a", 0), ("stubborn.b", 0), ("stubborn.c", 0))


asked = []  # the heights of which the expansion was asked for


@aw.module
class Pile(aw.Rewriting):
    """As many of one module as is said, and says which number that is."""

    body: aw.Term = aw.child()
    height: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(0))

    def expand(self):
        asked.append(self.height)
        return aw.branches(*[self.body] * self.height)

    def candidates(self, name, target, may_be):
        return [len(target.subterms)] if target.kind == "branches" else []


def test_a_kind_of_ones_own_may_say_which_values_come_into_question():
    """None of the others is expanded, once the shapes of all of them are known."""
    space = aw.sequential(Pile(aw.dropout([0.1, 0.2]), list(range(40))), aw.relu())
    architecture = aw.sequential(aw.branches(aw.dropout(0.2), aw.dropout(0.1)), aw.relu())
    assert [value for _, value in aw.path_of(space, SHAPE, architecture)] == [2, 0.2, 0.1]
    assert refuse(space, aw.sequential(aw.relu(), aw.relu())) == (
        "it has activation, which no height gives, where the space has 0.pile",
        "0.pile",
    )
    asked.clear()
    aw.path_of(space, SHAPE, architecture)
    assert set(asked) == {2}


def test_modules_of_ones_own():
    space = aw.sequential(
        Ladder(Shrink([1, 2]), [2, 3], [0, 1, 2]), Glued((aw.conv2d(2, [1, 3]), aw.conv2d(2, [1, 3])), aw.relu())
    )
    for seed in range(20):
        leaf = sample(space, seed, (1, 16, 16))
        assert aw.path_of(space, (1, 16, 16), leaf.architecture) == leaf.path


SPACE = aw.sequential(
    aw.conv2d([32, 64], [3, 5]),
    aw.either(aw.sequential(aw.conv2d(8, [1, 3]), aw.relu()), aw.max_pool2d([2, 3])),
    aw.repeat(aw.optional(aw.relu()), [1, 2]),
    aw.settings(rate=[0.1, 0.2]),
    aw.affine(10),
)


def build(first=None, second=None, third=None, fourth=None, last=None):
    """An architecture of `SPACE`, but for what is given."""
    return aw.sequential(
        first or aw.conv2d(32, 3),
        second or aw.max_pool2d(2),
        third or aw.sequential(aw.relu()),
        fourth or aw.settings(rate=0.1),
        last or aw.affine(10),
    )


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        (build(aw.conv2d(48, 3)), "its 0.conv2d.filters is 48, and the space has {32, 64}"),
        (build(aw.conv2d(32, 3, stride=2)), "its 0.conv2d.stride is 2, and the space has 1"),
        (build(aw.affine(10)), "it has affine where the space has 0.conv2d"),
        (build(second=aw.max_pool2d(5)), "its 1.either.max_pool2d.size is 5, and the space has {2, 3}"),
        (build(second=aw.relu()), "it has activation, which no option gives, where the space has 1.either"),
        (
            build(second=aw.sequential(aw.conv2d(8, 5), aw.relu())),
            "its 1.either.0.conv2d.size is 5, and the space has {1, 3}",
        ),
        (
            build(second=aw.sequential(aw.conv2d(8, 3), aw.identity())),
            "it has identity where the space has 1.either.1.activation",
        ),
        (
            build(second=aw.sequential(aw.conv2d(8, 3))),
            "its 1.either.sequential has 1 modules inside, and the space's has 2",
        ),
        (build(third=aw.sequential(*[aw.relu()] * 3)), "its 2.repeat.count would be 3, and the space has {1, 2}"),
        (build(third=aw.relu()), "it has activation, which no count gives, where the space has 2.repeat"),
        (
            build(third=aw.sequential(aw.relu(), aw.flatten())),
            "it has flatten, which no option gives, where the space has 2.repeat.1.either",
        ),
        (build(fourth=aw.settings(rate=0.3)), "its 3.settings.rate is 0.3, and the space has {0.1, 0.2}"),
        (build(fourth=aw.settings(pace=0.1)), "its 3.settings has the entries ['pace'], and the space has ['rate']"),
        (aw.sequential(aw.conv2d(32, 3)), "its sequential has 1 modules inside, and the space's has 5"),
        (aw.relu(), "it has activation where the space has sequential"),
    ],
)
def test_the_first_place_is_named_and_why(architecture, reason):
    said, place = refuse(SPACE, architecture)
    assert said == reason
    assert place in reason


def test_in_the_space_all_of_them_would_be():
    """The architecture that the others differ from."""
    assert [value for _, value in aw.path_of(SPACE, SHAPE, build())] == [32, 3, "max_pool2d", 2, 1, "relu", 0.1]


def test_what_does_not_fit_the_input_is_not_in_the_space():
    space = aw.repeat(aw.sequential(aw.conv2d(8, 3), aw.max_pool2d(2)), [1, 2, 3, 4, 5])
    four = aw.sequential(*[aw.sequential(aw.conv2d(8, 3), aw.max_pool2d(2))] * 4)
    assert aw.path_of(space, (1, 32, 32), four) == (("repeat.count", 4),)
    assert refuse(space, four, (1, 8, 8)) == ("its repeat.count is 4, and what fits there is {1, 2, 3}", "repeat.count")


def test_a_cell_has_its_operations_edge_by_edge():
    """Also one of 30 edges with two operations that only their insides tell apart: they are not tried all together."""
    edges = [(i, i + 1) for i in range(30)]
    small, large = (aw.sequential(aw.relu(), aw.conv2d(3, size)) for size in ([1, 2], [2, 3]))
    space = aw.cell(edges, small=small, large=large)
    generator = random.Random(0)
    sizes = [generator.choice([1, 2, 3]) for _ in edges]
    architecture = aw.topology(edges, *(aw.sequential(aw.relu(), aw.conv2d(3, size)) for size in sizes))
    path = dict(aw.path_of(space, SHAPE, architecture))
    assert [path[f"cell.op_{t}_{s}"] for s, t in edges] == ["large" if size == 3 else "small" for size in sizes]
    wrong = aw.topology(edges, *(aw.sequential(aw.relu(), aw.conv2d(3, 4 if i == 29 else 2)) for i in range(30)))
    assert refuse(space, wrong) == (
        "at cell.op_30_29 its 1.conv2d.size is 4, and the space has {1, 2}",
        "cell.op_30_29",
    )


def test_a_disconnected_cell_is_not_in_a_space_of_connected_ones():
    edges = [(0, 1), (0, 2), (1, 2)]
    parts = {"none": aw.zero(), "skip": aw.identity()}
    architecture = aw.topology(edges, aw.identity(), aw.zero(), aw.zero())
    assert len(aw.path_of(aw.cell(edges, **parts), SHAPE, architecture)) == 3
    assert refuse(aw.cell(edges, connected=True, **parts), architecture)[0] == (
        "cell of the space cannot be: no way leads from the input of the cell to its output"
    )


def test_a_kind_that_is_not_known_here():
    data = aw.to_json(build())
    data["children"][0]["kind"] = "conv9d"
    assert refuse(SPACE, from_foreign_json(data))[0] == (
        "it has conv9d, a kind that is not known here, where the space has 0.conv2d"
    )


@pytest.mark.parametrize("name", ["", "pool"])
def test_a_place_where_the_shape_has_decided_is_named_as_a_choice(name):
    """What has one legal value is specified at once, and yet is in no other place than where it would be asked for."""
    pool = aw.max_pool2d([2, 9], name=name)  # 9 does not fit
    for space, wrong in [
        (pool, aw.max_pool2d(9)),
        (aw.sequential(aw.optional(pool), aw.conv2d([4, 8], 3)), aw.sequential(aw.max_pool2d(9), aw.conv2d(4, 3))),
        (
            aw.sequential(aw.conv2d([4, 8], 3), aw.optional(pool, name="stem")),
            aw.sequential(aw.conv2d(4, 3), aw.max_pool2d(9)),
        ),
        (
            aw.sequential(aw.conv2d([4, 8], 3), aw.optional(pool), name="net"),
            aw.sequential(aw.conv2d(4, 3), aw.max_pool2d(9)),
        ),
    ]:
        (asked,) = (each for each, value in aw.path_of(space, (3, 18, 18), wrong) if value == 9)  # where it does
        assert refuse(space, wrong) == (f"its {asked} is 9, and only 2 fits there", asked)


def test_a_place_in_a_grammar_has_its_symbol():
    """As names of choices have it."""
    rules = {"S": [aw.sequential(aw.nonterminal("OP"), aw.nonterminal("OP"))], "OP": [aw.relu(), aw.conv2d([8, 16], 3)]}
    space = aw.sequential(aw.grammar("S", **rules), aw.affine(3))
    wrong = aw.sequential(aw.sequential(aw.relu(), aw.batch_norm()), aw.affine(3))
    assert refuse(space, wrong) == (
        "it has batch_norm, which no production gives, where the space has 0.S.1.OP",
        "0.S.1.OP",
    )


def test_what_is_no_architecture_is_refused():
    with pytest.raises(NotSpecified, match="has choices left"):
        aw.path_of(SPACE, SHAPE, SPACE)
    with pytest.raises(aw.errors.NotATerm, match="the architecture is 3"):
        aw.path_of(SPACE, SHAPE, 3)
    with pytest.raises(aw.errors.NotASpace):
        aw.path_of(3, SHAPE, build())
    with pytest.raises(aw.errors.NotASpace, match=r"a built-in space is had by aw.named_space\('digits'\)"):
        aw.path_of("digits", SHAPE, build())
    with pytest.raises(aw.errors.Misfit, match="the input of path_of is a module; the input comes before the arch"):
        aw.path_of(SPACE, build(), SHAPE)


def test_names_of_modules_are_not_compared():
    """They stand in the path, and an architecture that lost them, or has others, has the same one."""
    space = aw.sequential(
        aw.optional(aw.dropout([0.1, 0.2]), name="rest"), stem=aw.conv2d([4, 8], 3), tail=aw.optional(aw.relu())
    ).with_name("net")
    leaf = sample(space, 1)
    unnamed = drop_names(leaf.architecture)
    assert unnamed != leaf.architecture
    for architecture in (leaf.architecture, unnamed, leaf.architecture.with_name("other")):
        assert aw.path_of(space, SHAPE, architecture) == leaf.path
    assert aw.path_of(drop_names(space), SHAPE, leaf.architecture)[-1] == ("2.either.option", leaf.path[-1][1])
    wrong = aw.sequential(aw.identity(), aw.conv2d(5, 3), aw.relu())
    assert refuse(space, wrong) == (
        "its net.stem.conv2d.filters is 5, and the space has {4, 8}",
        "net.stem.conv2d.filters",
    )
    wrong = aw.sequential(aw.dropout(0.3), aw.conv2d(4, 3), aw.relu())
    assert refuse(space, wrong)[1] == "net.rest.either.dropout.rate"


def test_it_takes_no_longer_than_seconds_for_hundreds_of_choices():
    layer = aw.sequential(aw.conv2d([1, 2, 3], [1, 3]), aw.optional(aw.dropout([0.1, 0.2])))
    space = aw.repeat(layer, [100, 200])
    leaf = sample(space)
    begun = time.monotonic()
    assert aw.path_of(space, SHAPE, leaf.architecture) == leaf.path
    assert time.monotonic() - begun < 10


def test_a_shared_choice_that_leaves_an_operation_no_candidate_is_passed_over():
    """The first merge gives no operation of the architecture, the second does."""
    merge = aw.shared("merge", ["add", "mean"])
    space = aw.cell([(0, 1)], merge=merge, none=aw.zero(), twice=aw.branches(aw.relu(), aw.identity(), merge=merge))
    leaf = aw.root(space, SHAPE).choose("mean").choose("twice")
    assert aw.path_of(space, SHAPE, leaf.architecture) == leaf.path
