"""The structure of an architecture: its modules, pairs of them, and the routes through its graphs."""

from itertools import chain, pairwise

from hypothesis import assume, given

import archwright as aw
from archwright.core.modules.basic import Identity, Settings, Zero
from archwright.core.modules.composite import Branches, Residual
from archwright.core.modules.graphs import Topology, topology
from archwright.core.user_modules import is_user_defined
from archwright.search.surrogates.features import extract_leaf_features
from archwright.search.surrogates.named_features import count_names
from archwright.search.surrogates.ngrams import extract_ngram_features
from archwright.search.surrogates.routes import MAX_ROUTES, extract_structure
from tests.core.user_modules import Glued
from tests.search.surrogates.spaces import PAPER, cell, leaf_of
from tests.strategies import iterate_subterms, leaves, name_randomly, seeds


def test_structure_of_a_chain():
    """Modules with their values, and each pair in a row; floats and settings are left out, and copies count once."""
    space = aw.sequential(*PAPER.children[:-1], aw.flatten())
    leaf = leaf_of(space, 0.1, 2, 8, "dropout")
    conv = next(text for text in extract_structure(leaf.architecture) if text.startswith("conv2d(") and ">" not in text)
    assert "filters=8" in conv
    assert sorted(extract_structure(leaf.architecture)) == sorted(
        [conv, "relu", "dropout", "flatten", f"{conv} > relu", "relu > dropout", "dropout > flatten"]
    )


def test_routes_of_a_cell_by_hand():
    """Four routes lead from node 0 to node 3: 3<-0; 1<-0, 3<-1; 2<-0, 3<-2; 1<-0, 2<-1, 3<-2.

    1<-0 is a convolution, 3<-1 a skip, 3<-2 a pooling, 2<-1 nothing, 2<-0 a skip and 3<-0 a skip: the routes are
    nothing at all, the convolution, the pooling; the last is blocked.
    """
    leaf = cell("nor_conv_3x3", "skip_connect", "none", "skip_connect", "skip_connect", "avg_pool_3x3")
    assert extract_leaf_features(leaf, leaf.path).structure == {
        "topology": 1,
        "topology: ": 1,
        "topology: relu_conv_bn(size=3)": 1,
        "topology: avg_pool2d(size=3,stride=1,padding=same)": 1,
    }


def test_cells_that_compute_the_same_have_the_same_structure():
    """One convolution on the way over node 1, or on the way over node 2, and nothing else."""
    first = cell("nor_conv_1x1", "none", "none", "none", "skip_connect", "none")
    second = cell("none", "skip_connect", "none", "none", "none", "nor_conv_1x1")
    seen = [extract_leaf_features(leaf, leaf.path) for leaf in (first, second)]
    assert seen[0].structure == seen[1].structure == {"topology": 1, "topology: relu_conv_bn(size=1)": 1}
    assert seen[0] != seen[1]


def test_cells_without_a_route():
    leaf = cell(*["none"] * 6)
    assert extract_leaf_features(leaf, leaf.path).structure == {}


def test_structure_of_branches_and_residuals():
    """The branches are the routes of a graph; a residual has a route past its body; each is one module outside."""
    space = aw.sequential(aw.residual(aw.relu()), aw.branches(aw.relu(), aw.identity()), aw.flatten())
    assert sorted(extract_structure(space)) == sorted(
        [
            "residual: ",
            "residual: relu",
            "branches: relu",
            "branches: ",
            "residual",
            "branches",
            "flatten",
            "residual > branches",
            "branches > flatten",
        ]
    )


def test_structure_of_a_kind_of_ones_own():
    """It is one module, with what is certainly in a row within each of its children, by their places.

    Its children side by side are no chain, and a zero in one of them leaves what is in the others.
    """
    pair = aw.sequential(aw.relu(), aw.flatten()), aw.zero()
    space = aw.sequential(aw.batch_norm(), Glued(pair, aw.affine(2)), aw.dropout(0.5))
    assert sorted(extract_structure(space)) == sorted(
        [
            "batch_norm",
            "glued",
            "dropout",
            "batch_norm > glued",
            "glued > dropout",
            "glued.0: relu > flatten",
            f"glued.2: {next(text for text in extract_structure(aw.affine(2)))}",
        ]
    )


@given(leaves, seeds)
def test_a_name_is_no_feature(leaf, seed):
    """Of the structure; the names of choices have it."""
    named = name_randomly(leaf.architecture, seed)
    assert extract_structure(named) == extract_structure(leaf.architecture)
    assert extract_ngram_features(named) == extract_ngram_features(leaf.architecture)


@given(leaves)
def test_structure_of_built_in_kinds_is_what_it_was(leaf):
    """Searches of before propose what they proposed: by the rule of then, which took any other kind for a chain.

    There was no `wired` then.
    """
    kinds = set(map(type, iterate_subterms(leaf.architecture)))
    assume(aw.Wired not in kinds and not any(map(is_user_defined, kinds)))
    assert extract_structure(leaf.architecture) == structure_of_before(leaf.architecture)


def structure_of_before(architecture: aw.Term) -> list[str]:
    """The rule of before there was one for a person's own kinds."""
    found: list[str] = []
    word = _word_of_before(architecture, found) or ()
    return [*found, *word, *(f"{a} > {b}" for a, b in pairwise(word))]


def _word_of_before(term: aw.Term, found: list[str]) -> tuple[str, ...] | None:
    if isinstance(term, Identity | Settings):
        return ()
    if isinstance(term, Zero):
        return None
    if isinstance(term, aw.Basic):
        return tuple(extract_structure(term))
    words = [_word_of_before(each, found) for each in term.subterms]
    kept = [word for word in words if word is not None]
    if isinstance(term, Topology):
        routes = list_routes(term.edges, words)
    elif isinstance(term, Branches | Residual):
        routes = [(), *kept] if isinstance(term, Residual) else kept
    else:
        return tuple(chain.from_iterable(kept)) if len(kept) == len(words) else None
    found += (f"{term.kind}: {' > '.join(route)}" for route in routes)
    return (term.kind,) if routes else None


def list_routes(edges, edge_routes):
    """The routes of a graph as they were listed before there were wirings."""
    routes = {0: [()]}  # by the node where they end
    for (source, target), edge_route in zip(edges, edge_routes, strict=True):
        if edge_route is not None:
            to_target = routes.setdefault(target, [])
            to_target += [route + edge_route for route in routes.get(source, [])[: MAX_ROUTES - len(to_target)]]
    return routes.get(edges[-1][1], [])


def test_many_branches_are_all_seen():
    assert len([text for text in extract_structure(aw.branches(*[aw.relu()] * 99)) if ":" in text]) == 99


@aw.module
class Seen(aw.Composite):
    """A kind of one's own with a wiring, a chain if it is `straight`, else two ways on from the first module."""

    kind = "seen_in_a_test"
    inside: tuple[aw.Term, ...] = aw.children()
    straight: bool = False

    def wiring(self):
        return aw.Wiring([0, 1, 2], 3) if self.straight else aw.Wiring([0, 1, 1], aw.Joint([2, 3], "weighted"))


def test_a_kind_of_ones_own_is_seen_through_by_its_wiring():
    """Inlined as a chain, or by its routes: a zero blocks one of them."""
    inside = aw.batch_norm(), aw.flatten(), aw.zero()
    assert extract_structure(Seen((aw.relu(), *inside[:2]), straight=True)) == extract_structure(
        aw.sequential(aw.relu(), *inside[:2])
    )
    assert extract_structure(Seen((aw.relu(), *inside[:2]))) == [
        "seen_in_a_test: relu > batch_norm",
        "seen_in_a_test: relu > flatten",
        "seen_in_a_test",
    ]
    assert extract_structure(Seen(inside)) == ["seen_in_a_test: batch_norm > flatten", "seen_in_a_test"]
    assert extract_structure(Seen((aw.zero(), *inside[:2]))) == []


def test_routes_go_by_what_is_selected():
    """Of outputs side by side: those that nobody selects are on no route."""
    so_far = aw.Joint([1, 2, 3], "tuple")
    wiring = aw.Wiring([0, 0, aw.Joint([1, 2], "tuple"), so_far], 4)

    def connect(first: int, second: int) -> aw.Term:
        ways = aw.sequential(aw.select(first), aw.batch_norm()), aw.sequential(aw.select(second), aw.dropout(0.5))
        return aw.wired(wiring, aw.relu(), aw.activation("gelu"), *ways)

    assert extract_structure(connect(0, 2)) == ["wired: relu > batch_norm > dropout", "wired"]
    assert extract_structure(connect(0, 1)) == ["wired: gelu > dropout", "wired"]
    assert extract_structure(aw.wired(wiring, aw.relu(), aw.zero(), aw.select(0), aw.select([0, 2]))) == [
        "wired: relu > select",
        "wired: relu > select",
        "wired",
    ]


def test_smbo_tells_wirings_apart():
    """Two spaces of the same modules: what follows what differs."""
    inside = aw.relu(), aw.batch_norm(), aw.flatten()
    straight, forked = (count_names(extract_structure(Seen(inside, straight=flag))) for flag in (True, False))
    assert straight.keys() & forked.keys() == set()


def test_routes_of_large_graphs_are_cut_off():
    """All edges among 16 nodes: 2^14 routes."""
    edges = [(source, target) for target in range(1, 16) for source in range(target)]
    graph = topology(edges, *[aw.relu()] * len(edges))
    assert len([text for text in extract_structure(graph) if text.startswith("topology: ")]) <= MAX_ROUTES
