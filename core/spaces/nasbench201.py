"""The space of NAS-Bench-201 (Dong and Yang 2020): one cell of six edges in all places of a fixed network."""

from collections.abc import Mapping
from functools import cache

from attrs import frozen

from archwright.core.modules import graphs
from archwright.core.modules.basic import (
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Flatten,
    GlobalAvgPool,
    Identity,
    ReluConvBn,
    Zero,
    relu,
)
from archwright.core.modules.composite import Sequential, branches, sequential
from archwright.core.modules.places import Place, let
from archwright.core.names import drop_names
from archwright.core.term import Term

NAME = "nasbench201"  # of the cell, with which the names of its choices begin
EDGES: tuple[graphs.Edge, ...] = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # the benchmark's order
OPERATIONS: Mapping[str, Term] = {
    "none": Zero(),
    "skip_connect": Identity(),
    "nor_conv_1x1": ReluConvBn(1),
    "nor_conv_3x3": ReluConvBn(3),
    "avg_pool_3x3": AvgPool2d(3, 1, "same"),
}
CHANNELS = 16  # of the first stage
CELLS = 5  # of each stage
STAGES = (1, 3, 5)  # where they are in the network


def nasbench201(classes: int = 10, connected: bool = False) -> Term:
    """The benchmark's space: 15,625 cells, of which 15,284 are connected."""
    return build_space(graphs.cell(EDGES, connected, **OPERATIONS), classes)


def build_space(inner: Term, classes: int = 10, channels: int = CHANNELS, cells: int = CELLS) -> Term:
    """The networks in which `inner`, chosen once, is every cell; each has its own weights."""
    return let(inside=build_network(Place(NAME), classes, channels, cells), **{NAME: inner})


def build_network(inner: Term, classes: int = 10, channels: int = CHANNELS, cells: int = CELLS) -> Term:
    """A stem, three stages of so many cells, and a classifier.

    A residual block between two stages halves height and width and doubles the channels.
    """
    stem = sequential(Conv2d(channels, 3, bias=False, initialization="torch"), BatchNorm())
    stage = sequential(*[inner] * cells)
    first, second = _reduce(2 * channels), _reduce(4 * channels)
    head = BatchNorm(), relu(), GlobalAvgPool(), Flatten(), Affine(classes, initialization="torch")
    return sequential(stem, stage, first, stage, second, stage, *head)


@frozen
class CellNetwork:
    """What a network is built of."""

    cell: graphs.Topology
    channels: int
    cells: int


def find_cell(network: Term) -> CellNetwork | None:
    """What `build_network` built a network of, for any number of classes; None of any other architecture.

    Names of modules are not compared.
    """
    match network:
        case Sequential(
            (
                Sequential((Conv2d(channels), *_)),
                Sequential((graphs.Topology() as inner, *_) as stage),
                *_,
                Affine(classes),
            )
        ):
            expected = _fill_stages(inner, classes, channels, len(stage))
            is_same = network == expected or drop_names(network) == drop_names(expected)
            return CellNetwork(inner, channels, len(stage)) if is_same else None
        case _:
            return None


def _fill_stages(inner: Term, classes: int, channels: int, cells: int) -> Term:
    """The network that `build_network` builds, in less time."""
    parts = _build_parts(classes, channels, cells)
    stage = Sequential((inner,) * cells)
    return Sequential(tuple(stage if i in STAGES else part for i, part in enumerate(parts)))


@cache
def _build_parts(classes: int, channels: int, cells: int) -> tuple[Term, ...]:
    return build_network(Zero(), classes, channels, cells).subterms


def _reduce(filters: int) -> Term:
    body = sequential(ReluConvBn(3, filters, stride=2), ReluConvBn(3))
    short = sequential(AvgPool2d(2, 2, "same"), Conv2d(filters, 1, bias=False, initialization="torch"))
    return branches(body=body, short=short)  # as the weights of saved models are named
