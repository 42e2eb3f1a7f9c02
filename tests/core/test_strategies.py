"""The generated spaces hold what the laws are to be tried with."""

from collections import Counter

from hypothesis import given, settings

import archwright as aw
from archwright.core.analysis.counting import dead_ends
from archwright.core.json import list_kinds
from tests.strategies import cases, iterate_subterms, nodes

OWN = ("shrink", "glued", "ladder", "net")


def test_every_kind_of_module_and_every_sort_of_space_is_generated():
    """In a few hundred spaces; also those in which laws are easily broken."""
    met = Counter()

    @settings(max_examples=300, derandomize=True, database=None)
    @given(cases)
    def look(case):
        counted, fitting = aw.count(case.space), aw.count(case.space, case.shape)
        met.update(each.kind for each in iterate_subterms(case.space) if each is not case.space)
        met["with dead ends"] += bool(dead_ends(case.space, case.shape))
        met["where nothing fits"] += fitting == 0
        met["where the shape rules out"] += 0 < fitting < counted
        met["with several shared"] += len(case.space.plan.shared) >= 2
        met["with many leaves"] += fitting > 20
        met["with an architecture alone"] += case.space.plan.is_specified

    look()
    built_in = {kind for kind, cls in list_kinds().items() if cls.__module__.startswith("archwright.core")}
    missing = {kind for kind in built_in | set(OWN) if not met[kind]} - {"nasbench201"}
    assert not missing, met
    assert min(n for what, n in met.items() if " " in what) >= 3, met


def test_nodes_lie_deep_in_a_space():
    """After several choices, and inside several modules."""
    met = Counter()

    @settings(max_examples=100, derandomize=True, database=None)
    @given(nodes)
    def look(node):
        met["after choices"] += len(node.path) >= 2
        met["inside modules"] += node.frame is not None and node.frame.outer is not None

    look()
    assert min(met.values()) >= 10, met
