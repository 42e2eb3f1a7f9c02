"""Questions about architectures."""

from collections.abc import Iterator

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.architecture import NotSpecified, require_specified
from archwright.core.wired_shapes import find_wiring
from tests.strategies import iterate_subterms, leaves

SHAPE = (3, 8, 8)
TIED = aw.repeat_tied(aw.sequential(aw.conv2d(4, 3, stride=2), aw.relu()), count=2)
NETWORK = aw.sequential(aw.settings(rate=0.1), TIED, aw.branches(aw.identity(), aw.conv2d(2, 1)), aw.affine(10))


def iterate_joints(architecture: aw.Term, shape: aw.Shape) -> Iterator[aw.Joint]:
    """Those of each composite, as often as it runs."""
    if isinstance(architecture, aw.Composite):
        wiring = find_wiring(architecture)
        yield from wiring.joints if wiring else ()
        for _, child, before, _ in architecture.iterate_calls(shape):
            yield from iterate_joints(child, before)


@given(leaves)
def test_layers_add_up_to_the_architecture(leaf):
    """Their parameters and what its joints learn are its parameters; each layer gives what its shapes say."""
    shape = leaf.origin.input_shape
    layers = list(aw.layers(leaf.architecture, shape))
    learned = sum(joint.parameters for joint in iterate_joints(leaf.architecture, shape))
    assert sum(layer.parameters for layer in layers) + learned == leaf.architecture.parameters(shape)
    for layer in layers:
        assert layer.module.out_shape(layer.in_shape) == layer.out_shape
        assert layer.module.parameters(layer.in_shape) == layer.parameters


@given(leaves)
def test_layers_are_the_basic_modules(leaf):
    """Every basic module of the architecture is a layer, and nothing else is."""
    modules = {layer.module for layer in aw.layers(leaf.architecture, leaf.origin.input_shape)}
    assert modules == {term for term in iterate_subterms(leaf.architecture) if isinstance(term, aw.Basic)}


def test_layers_by_hand():
    """In the order in which they run; a tied module comes once for each copy, at the shape that reaches it."""
    found = [(layer.place, layer.in_shape, layer.out_shape, layer.parameters) for layer in aw.layers(NETWORK, SHAPE)]
    assert found == [
        ("0.settings", (3, 8, 8), (3, 8, 8), 0),
        ("1.tied.0.conv2d", (3, 8, 8), (4, 4, 4), 4 * 28),
        ("1.tied.1.activation", (4, 4, 4), (4, 4, 4), 0),
        ("1.tied.0.conv2d", (4, 4, 4), (4, 2, 2), 4 * 37),
        ("1.tied.1.activation", (4, 2, 2), (4, 2, 2), 0),
        ("2.branches.0.identity", (4, 2, 2), (4, 2, 2), 0),
        ("2.branches.1.conv2d", (4, 2, 2), (2, 2, 2), 2 * 5),
        ("3.affine", (4, 2, 2), (10,), 170),
    ]


@given(leaves)
def test_settings_are_collected(leaf):
    """From wherever they stand; of a name that comes twice, the later value."""
    expected = {}
    for term in iterate_subterms(leaf.architecture):
        if term.kind == "settings":
            expected |= dict(term.entries)
    assert aw.settings_of(leaf.architecture) == expected


def test_settings_by_hand():
    """Those of the whole space, and of a part that has its own."""
    part = aw.residual(aw.settings(rate=0.2, decay=1e-4))
    assert aw.settings_of(aw.sequential(NETWORK, part)) == {"rate": 0.2, "decay": 1e-4}
    assert aw.settings_of(aw.relu()) == {}


def test_a_space_is_not_an_architecture():
    """The error names the module with choices left, and says where architectures are found."""
    require_specified(NETWORK)
    space = aw.sequential(aw.conv2d([4, 8], 3), aw.optional(aw.relu()))
    for question in (require_specified, aw.settings_of, lambda term: list(aw.layers(term, SHAPE))):
        with pytest.raises(NotSpecified, match="sequential has choices left; take the architecture of a leaf"):
            question(space)
    with pytest.raises(NotSpecified, match="either has choices left"):
        require_specified(aw.either(aw.relu()))
