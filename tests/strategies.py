"""Strategies for laws: domains, spaces of every kind of module, and walks through them."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from attrs import frozen
from hypothesis import strategies as st

import archwright as aw
from archwright.core.analysis.counting import dead_ends
from archwright.core.domain import Values
from archwright.core.modules.basic import ReluConvBn, Zero
from archwright.core.modules.graphs import cell, is_connected, topology
from archwright.core.node import DeadEnd, Node
from archwright.core.ranges import Integers, Reals
from archwright.core.wiring import MERGES
from tests.core.user_modules import Glued, Ladder, Net, Shrink

# --- domains

scalars = (
    st.booleans()
    | st.integers(-5, 5)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
)
fractions = st.floats(0, 1)
uniforms = st.floats(0, 1, exclude_max=True)
listed_domains = st.builds(Values, st.lists(scalars, min_size=1, max_size=9, unique=True), st.booleans())
unsorted_domains = st.lists(st.integers(-9, 99) | st.floats(-1e9, 1e9), min_size=3, max_size=9, unique=True).map(
    lambda options: aw.values(*options)
)
integers_domains = st.builds(
    lambda lo, length, log: Integers(max(1, lo) if log else lo, (max(1, lo) if log else lo) + length, log),
    st.integers(-2, 4) | st.integers(-100, 1000) | st.integers(2**39, 2**70) | st.integers(-(10**30), 10**290),
    st.integers(0, 4) | st.integers(0, 300),
    st.booleans(),
)


@st.composite
def _reals(draw: st.DrawFn) -> Reals:
    if draw(st.booleans()):
        start, ratio = draw(st.floats(1e-9, 1e6)), draw(st.floats(1.001, 1e9))
        return Reals(start, start * ratio, log=True)
    start, length = draw(st.floats(-1e6, 1e6)), draw(st.floats(1e-3, 1e6))
    return Reals(start, start + length)


@st.composite
def _weighted(draw: st.DrawFn) -> Values:
    """Options with weights, which may be far from each other."""
    plain = draw(values_domains)
    weight = st.integers(1, 5) | st.floats(1e-3, 1e3)
    weights = draw(st.lists(weight, min_size=plain.size, max_size=plain.size))
    return Values(plain.options, plain.ordered, plain.by_size, weights)


@st.composite
def _with_prior(draw: st.DrawFn, plain_domains: st.SearchStrategy[aw.Domain]) -> aw.Domain:
    """A range, or a part of one, with a prior around one of its values."""
    plain = draw(plain_domains)
    confidence = draw(st.sampled_from(["low", "medium", "high"]) | st.floats(0.01, 0.75))
    domain = aw.prior(plain, plain.from_unit(draw(fractions)), confidence)
    return draw(st.sampled_from([domain, *(part for part in domain.split(3) if type(part) is type(domain))]))


reals_domains = _reals()
values_domains = listed_domains | unsorted_domains
weighted_domains = _weighted()
integers_with_prior = _with_prior(integers_domains.filter(lambda domain: max(-domain.lo, domain.hi) <= 2**40))
reals_with_prior = _with_prior(reals_domains)
finite_domains = values_domains | integers_domains | weighted_domains | integers_with_prior
domains = finite_domains | reals_domains | reals_with_prior

# --- hyperparameters: mostly one value, so that spaces are small enough to be enumerated

WIDTH = aw.shared("width", [2, 3, 4])
KERNEL = aw.shared("kernel", aw.integers(1, 3))
COPIES = aw.shared("copies", [1, 2])
RATE = aw.shared("rate", [0.25, 0.5])
MERGING = aw.shared("merging", ["add", "concatenate"])
OPTION = aw.shared("option", ["a", "b", "c"])
SINGLE = aw.shared("only", [2])  # one legal value: never asked

widths = (
    WIDTH,
    WIDTH * 2,
    WIDTH + 1,
    WIDTH - 2,
    12 // WIDTH,
    aw.larger(WIDTH, 3),
    WIDTH * COPIES,
    SINGLE,
    SINGLE * 3 % 4,
    aw.when(COPIES, {1: WIDTH}, otherwise=4),
    aw.when(WIDTH - 1, {1: KERNEL, 3: WIDTH * COPIES}, otherwise=WIDTH),
    round(WIDTH * RATE),
)
kernels = (KERNEL, aw.smaller(KERNEL, 2), KERNEL * 2 - 1, 4 - KERNEL)
counts = (COPIES, COPIES + 1, 3 - COPIES, KERNEL, aw.when(WIDTH, {2: COPIES, 3: 1}, otherwise=2))


def _weights(size: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.sampled_from([1, 2, 0.5]), min_size=size, max_size=size)


@st.composite
def field_values(draw: st.DrawFn, options: Sequence[Any], expressions: Sequence[Any] = ()) -> Any:
    """Values for a hyperparameter's field: one option, several, a range, or an expression."""
    kind = draw(st.integers(0, 9))
    if kind <= 4:
        return draw(st.sampled_from(options))
    if expressions and kind == 5:
        return draw(st.sampled_from(expressions))
    if kind == 6 and all(type(option) is int for option in options):
        lo = draw(st.sampled_from(options))
        return Integers(lo, lo + draw(st.integers(0, 2)), log=lo > 0 and draw(st.booleans()))
    chosen = draw(st.lists(st.sampled_from(options), min_size=2, max_size=3, unique=True))
    return aw.values(*chosen, weights=draw(_weights(len(chosen)))) if kind == 7 else chosen


paddings = field_values(["same", "valid"])
rates = field_values([0.0, 0.1, 0.5], [RATE, RATE * 3, RATE / 2])  # 0.5 * 3 is no rate

# --- modules

narrow_convs = st.builds(aw.conv2d, field_values([2, 3, 4], widths), field_values([1, 3], kernels))
wide_convs = st.builds(
    aw.conv2d,
    filters=field_values([2, 3, 4], widths),
    size=field_values([1, 2, 3, 5], kernels),
    stride=field_values([1, 2, 3], kernels[:2]),
    padding=paddings,
)
grouped_convs = st.builds(
    aw.conv2d,
    filters=field_values([2, 4], widths),
    size=st.just(1),
    groups=field_values([1, 2, 3], [COPIES, WIDTH]),
    bias=field_values([True, False]),
    initialization=field_values(["he", "released"]),
)
pool_fields = {"size": field_values([1, 2, 3], kernels), "stride": field_values([1, 2], [COPIES]), "padding": paddings}
max_pool2ds = st.builds(aw.max_pool2d, **pool_fields)
avg_pool2ds = st.builds(aw.avg_pool2d, **pool_fields)
affines = st.builds(aw.affine, units=field_values([1, 4, 5], widths), bias=st.just(True) | field_values([True, False]))
dropouts = st.builds(aw.dropout, rates) | st.builds(aw.shake_drop, rates)
activations = st.builds(aw.activation, field_values(["relu", "gelu", "tanh"])) | st.just(aw.relu())
training_settings = st.dictionaries(
    st.sampled_from(["learning_rate", "optimizer", "entries"]), field_values([0.1, 1, "adam"], [RATE]), max_size=2
).map(lambda entries: aw.settings(**entries))
asking = st.lists(st.sampled_from([WIDTH, KERNEL, COPIES, RATE]), max_size=3, unique=True).map(
    lambda each: aw.ask(*each)
)
shortcuts = st.builds(aw.shortcut, field_values([2, 3, 4], widths), field_values([1, 2], [COPIES]))
stages = st.builds(
    aw.multi_branch_stage,
    field_values([2, 3, 4], widths),
    field_values([1, 2], [COPIES]),
    field_values([1, 2, 3], [KERNEL, COPIES]),
    field_values([1, 2]),
    field_values([0.0, 0.5], [RATE, aw.when(COPIES, {1: RATE}, otherwise=0.0)]),
)
shrinks = st.builds(Shrink, field_values([1, 2, 3], kernels), st.sampled_from(["as it was", "so"]))
shape_preserving = st.sampled_from([aw.identity(), aw.relu(), aw.batch_norm()])
operations = st.sampled_from([Zero(), ReluConvBn(3), ReluConvBn([1, 3]), ReluConvBn(3, [0, 4], [1, 2])])
flattening_modules = affines | st.sampled_from([aw.flatten(), aw.global_avg_pool()])
pools = max_pool2ds | avg_pool2ds | shrinks
basics = st.one_of(
    narrow_convs,
    wide_convs,
    grouped_convs,
    shape_preserving,
    operations,
    activations,
    dropouts,
    pools,
    training_settings,
    flattening_modules,
    asking,
    shortcuts,
    stages,
)


@st.composite
def _eithers(draw: st.DrawFn, inner: st.SearchStrategy[aw.Term]) -> aw.Term:
    options = draw(st.lists(inner, min_size=1, max_size=2))
    named = draw(st.dictionaries(st.sampled_from(["first", "<b>"]), inner, max_size=1))
    n = len(options) + len(named)
    return aw.either(*options, **named, weights=draw(st.just([]) | _weights(n)))


GRAPHS = [((0, 1),), ((0, 1), (1, 2)), ((0, 1), (0, 2), (1, 2))]


@st.composite
def _topologies(draw: st.DrawFn, inner: st.SearchStrategy[aw.Term]) -> aw.Term:
    edges = draw(st.sampled_from(GRAPHS))
    terms = [draw(inner) for _ in edges]
    connected = is_connected(edges, terms, "attention") and draw(st.booleans())
    return topology(edges, *terms, connected=connected, merge=draw(field_values(MERGES, [MERGING])))


def _cells(inner: st.SearchStrategy[aw.Term]) -> st.SearchStrategy[aw.Term]:
    return st.builds(
        lambda edges, connected, merge, a, b: cell(edges, connected, merge=merge, none=Zero(), one=a, other=b),
        st.sampled_from(GRAPHS),
        st.booleans(),
        field_values(MERGES, [MERGING]),
        inner,
        inner,
    )


@st.composite
def sources_of_nets(draw: st.DrawFn, children: int) -> list[list[int]]:
    """The sources of each child of a wiring, which come before it, and of its output."""
    return [sorted(draw(st.sets(st.integers(0, i), min_size=1, max_size=3))) for i in range(children + 1)]


def _grammars(inner: st.SearchStrategy[aw.Term]) -> st.SearchStrategy[aw.Term]:
    """With a rule that leads back to itself, and a production that is listed twice."""
    return st.builds(
        lambda depth, a, b: aw.grammar(
            "S",
            depth=depth,
            S=[aw.sequential(aw.nonterminal("A", name="first"), aw.nonterminal("A")), aw.nonterminal("A")],
            A=[a, aw.weighted(b, 2), a, aw.sequential(b, aw.nonterminal("A"))],
        ),
        st.integers(2, 3),
        inner,
        inner,
    )


@st.composite
def _nets(draw: st.DrawFn, inner: st.SearchStrategy[aw.Term]) -> aw.Term:
    inside = draw(st.lists(inner, max_size=3))
    return Net(inside, draw(sources_of_nets(len(inside))), draw(field_values(MERGES)))


@st.composite
def _tuples(draw: st.DrawFn, inner: st.SearchStrategy[aw.Term]) -> aw.Term:
    """Outputs side by side, of which later modules select; they may select one that is not there, or take no tuple."""
    select = st.builds(aw.select, field_values([0, 1, 2], [COPIES]))
    selecting = st.builds(aw.sequential, select, inner)
    taking = select | selecting | _eithers(selecting) | st.builds(lambda a, b: aw.branches(a, b), selecting, selecting)
    first, second, third = draw(inner), draw(inner), draw(taking | inner)
    pair, triple = aw.Joint([0, 1], "tuple"), aw.Joint([1, 2, 3], "tuple")
    one, both = (
        aw.Wiring([0, pair], 2),
        aw.Wiring([0, 0, pair, triple], aw.Joint([3, 4], draw(st.sampled_from(MERGES)))),
    )
    if draw(st.booleans()):
        return aw.wired(one, first, third)
    return aw.wired(both, first, second, third, draw(taking))


@st.composite
def _selecting_lets(draw: st.DrawFn, inner: st.SearchStrategy[aw.Term]) -> aw.Term:
    """A term in a place for outputs side by side and in one for a single output, in either order."""
    place, select = aw.place("chosen"), aw.select(draw(field_values([0, 1], [COPIES])))
    taking = draw(st.sampled_from([place, aw.either(place, aw.select(1))]))
    beside = aw.wired(aw.Wiring([0, aw.Joint([0, 1], "tuple")], 2), draw(inner), taking)
    alone = draw(st.sampled_from([place, aw.optional(place), aw.either(aw.relu(), place)]))
    inside = draw(st.permutations([beside, alone]))
    return aw.let(inside=aw.sequential(*inside), chosen=aw.either(select, draw(inner)))


@st.composite
def _lets(draw: st.DrawFn, inner: st.SearchStrategy[aw.Term]) -> aw.Term:
    """A term in two places, the first of which may be an option of another module; and another let that may use it."""
    place, between, name = aw.place("chosen"), draw(inner), draw(st.sampled_from(["chosen", "other"]))
    first = draw(st.sampled_from([place, aw.optional(place), aw.residual(place), aw.repeat(place, [0, 1])]))
    if draw(st.booleans()):
        other = between if name == "chosen" else aw.sequential(place, between)
        between = aw.let(inside=aw.sequential(aw.place(name), aw.place(name)), **{name: other})
    return aw.let(inside=aw.sequential(first, between, place), chosen=draw(inner))


def _compounds(inner: st.SearchStrategy[aw.Term]) -> st.SearchStrategy[aw.Term]:
    term_lists = st.lists(inner, max_size=3)
    return st.one_of(
        term_lists.map(lambda terms: aw.sequential(*terms)),
        st.builds(lambda a, b: aw.sequential(a, b, a), inner, inner),  # one object in two places
        st.builds(aw.residual, inner),
        st.builds(
            lambda terms, merge: aw.branches(*terms, merge=merge),
            term_lists,
            field_values(MERGES, [MERGING]),
        ),
        st.builds(lambda a, merge: aw.branches(a, a, merge=merge), inner, field_values(["add", "concatenate"])),
        st.builds(aw.repeat, inner, field_values([0, 1, 2], counts)),
        st.builds(aw.repeat_tied, inner, field_values([1, 2, 3], counts)),
        _eithers(inner),
        _sharing_eithers(inner),
        _topologies(inner),
        _cells(inner),
        _grammars(inner),
        st.builds(aw.optional, inner),
        st.builds(aw.maybe_swap, inner, inner),
        st.builds(lambda a, b, c: Glued((a, b), c), inner, inner, inner),
        _nets(inner),
        _tuples(inner),
        _lets(inner),
        _selecting_lets(inner),
        st.builds(Ladder, inner, field_values([2, 3], widths), field_values([0, 1, 2], [COPIES])),
    )


def _sharing_eithers(inner: st.SearchStrategy[aw.Term]) -> st.SearchStrategy[aw.Term]:
    """Eithers that have one choice together."""
    return st.builds(lambda a, b, c: aw.Either((a, b, c), ("a", "b", "c"), OPTION), inner, inner, inner)


MAX_LEAVES = 300  # leaves of a space that is to be enumerated

_recursive_terms = st.recursive(basics, _compounds, max_leaves=6)
_spaces = _recursive_terms | st.builds(aw.sequential, _recursive_terms, _recursive_terms)


NAMES = ["stem", "body", "conv2d", "branches"]  # two of which are names of kinds, too


def name_randomly(term: aw.Term, seed: int) -> aw.Term:
    """The space with names for about a third of its modules, of so few that siblings have equal ones at times."""
    rng, named = random.Random(seed), dict[int, aw.Term]()

    def name(term: aw.Term) -> aw.Term:
        if id(term) not in named:  # one object in several places is one object again
            fields = {
                field.name: name(content) if field.metadata["role"] == "child" else tuple(map(name, content))
                for field in attrs.fields(type(term))
                if field.metadata.get("role") in ("child", "children") and (content := getattr(term, field.name))
            }
            given_name = rng.choice(NAMES) if rng.random() < 1 / 3 else ""
            named[id(term)] = attrs.evolve(term, **fields).with_name(given_name)
        return named[id(term)]

    return name(term)


@st.composite
def _all_terms(draw: st.DrawFn) -> aw.Term:
    """A space of any size and depth; a strategy of its own, since the whole of it does not print well."""
    term = draw(_spaces)
    return name_randomly(term, draw(st.integers(0, 2**16))) if draw(st.booleans()) else term


terms = _all_terms()
enumerable_terms = terms.filter(lambda term: aw.count(term) <= MAX_LEAVES)
shared_basics = st.one_of(
    st.builds(aw.conv2d, st.sampled_from(widths), st.sampled_from(kernels), padding=paddings),
    st.builds(aw.conv2d, st.sampled_from([2, 4, WIDTH]), st.just(1), groups=st.sampled_from([WIDTH, COPIES])),
    st.builds(aw.max_pool2d, st.sampled_from(kernels), st.sampled_from([1, COPIES])),
    st.builds(aw.dropout, st.sampled_from([RATE, RATE * 3])),
    st.sampled_from([aw.identity(), Zero()]),
)


def _sharing_compounds(inner: st.SearchStrategy[aw.Term]) -> st.SearchStrategy[aw.Term]:
    return st.one_of(
        _sharing_eithers(inner),
        st.builds(aw.repeat, inner, st.sampled_from(counts)),
        st.builds(aw.repeat_tied, inner, st.sampled_from(counts)),
        st.builds(aw.sequential, inner, inner, inner),
        _compounds(inner),
    )


@st.composite
def _sharing_terms(draw: st.DrawFn) -> aw.Term:
    """Spaces most of whose choices are shared ones, each of them used in several places."""
    return draw(st.recursive(shared_basics, _sharing_compounds, max_leaves=6))


sharing_terms = _sharing_terms().filter(lambda term: aw.count(term) <= MAX_LEAVES)
shapes = st.sampled_from([(2, 8, 8), (1, 8, 8), (4, 6, 5), (6, 4, 4), (3, 2, 2), (12, 1, 1), (5,)])
continuous_terms = st.builds(
    lambda term, domain: aw.sequential(aw.settings(learning_rate=domain), term, aw.dropout(aw.reals(0, 1))),
    terms,
    reals_domains,
)


@frozen
class Case:
    """A space and the shape of its input."""

    space: aw.Term
    shape: aw.Shape


cases = st.builds(Case, enumerable_terms, shapes)
sharing_cases = st.builds(Case, sharing_terms, shapes)


def _open(case: Case) -> Case:
    """The case, or one with more in it, in which the first node asks something and every walk comes to a leaf."""
    space = aw.identity() if dead_ends(case.space, case.shape) else case.space
    if aw.root(space, case.shape).is_leaf:
        space = aw.sequential(aw.optional(aw.dropout(rate=[0.1, 0.5])), space, aw.affine(units=WIDTH))
    return Case(space, case.shape)


open_cases = cases.map(_open)
roots = open_cases.map(lambda case: aw.root(case.space, case.shape))
seeds = st.integers(0, 2**16)


@st.composite
def _nodes(draw: st.DrawFn, spaces: st.SearchStrategy[aw.Term] = enumerable_terms) -> Node:
    """A node that asks something, anywhere in a space."""
    case = draw(st.builds(Case, spaces, shapes).map(_open))
    nodes_of_walk = list(walk_randomly(aw.root(case.space, case.shape), draw(seeds)))[:-1]
    return draw(st.sampled_from(nodes_of_walk[::-1]))


nodes = _nodes()
all_nodes = _nodes(enumerable_terms | continuous_terms)  # also those that ask for reals
leaves = st.builds(lambda node, seed: aw.sample(node, random.Random(seed).random), roots, seeds)

# --- walks through a space


def walk_randomly(node: Node, seed: int) -> Iterator[Node]:
    """The nodes from `node` to a leaf, with choices drawn by a seed."""
    uniform = random.Random(seed).random
    yield node
    while node.choice is not None:
        node = node.choose(node.choice.domain.sample(uniform()))
        yield node


def enumerate_leaves(space: aw.Term, shape: aw.Shape, parts: int | None = None) -> tuple[list[Node], list[str]]:
    """Every leaf of a finite space, and the message of every dead end.

    Values are chosen one by one or, with `parts`, by narrowing to the parts of a split.
    """
    leaf_nodes: list[Node] = []
    dead_end_messages: list[str] = []

    def visit(node: Node) -> None:
        if node.choice is None:
            leaf_nodes.append(node)
            return
        for option in node.choice.domain if parts is None else node.choice.domain.split(parts):
            try:
                child = node.choose(option) if parts is None else node.narrow(option)
            except DeadEnd as error:
                dead_end_messages.append(str(error))
            else:
                visit(child)

    try:
        root_node = aw.root(space, shape)
    except DeadEnd as error:
        return [], [str(error)]
    visit(root_node)
    return leaf_nodes, dead_end_messages


def iterate_subterms(term: aw.Term) -> Iterator[aw.Term]:
    """A term and all terms in it."""
    yield term
    for subterm in term.subterms:
        yield from iterate_subterms(subterm)
