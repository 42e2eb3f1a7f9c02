"""A module that asks for shared hyperparameters before those that use them."""

import pytest

import archwright as aw

WIDTH, SIZE = aw.shared("width", [8, 16, 32]), aw.shared("size", [1, 3])
SPACE = aw.sequential(aw.ask(SIZE, WIDTH), aw.conv2d(WIDTH, SIZE), aw.affine(WIDTH))


def test_they_are_asked_for_in_order_and_then_known():
    leaf = aw.root(SPACE, (1, 8, 8)).choose(3).choose(16)
    assert leaf.path == (("size", 3), ("width", 16))
    assert leaf.architecture == aw.sequential(aw.Ask((("size", 3), ("width", 16))), aw.conv2d(16, 3), aw.affine(16))
    assert leaf.out_shape == (16,)
    assert aw.count(SPACE, (1, 8, 8)) == aw.count(SPACE) == 6
    assert aw.dead_ends(SPACE, (1, 8, 8)) == ()
    for leaf in aw.enumerate_leaves(SPACE, (1, 8, 8)):
        assert aw.path_of(SPACE, (1, 8, 8), leaf.architecture) == leaf.path
        assert aw.from_json(aw.to_json(leaf.architecture)) == leaf.architecture


def test_many_are_counted_at_once():
    """What they are does not matter to the module that asks: 16^9 values are not gone through."""
    shared = [aw.shared(f"h{i}", aw.integers(1, 16)) for i in range(9)]
    space = aw.sequential(aw.ask(*shared), *(aw.dropout(each / 32) for each in shared), aw.affine(2))
    assert aw.count(space, (4,)) == 16**9
    aw.check(space, (4,), 2)
    wrong = aw.sequential(aw.ask(*shared), aw.dropout(shared[8] / 15), aw.affine(2))  # 16 / 15 is no rate
    assert aw.count(wrong, (4,)) == 15 * 16**8
    assert dict(aw.dead_ends(wrong, (4,))[0].path)["h8"] == 16


def test_it_computes_nothing():
    """No parameters, an identity when compiled; and no training setting of its own."""
    architecture = aw.root(SPACE, (1, 8, 8)).choose(1).choose(8).architecture
    model = aw.compile(architecture, (1, 8, 8))
    assert architecture.parameters((1, 8, 8)) == sum(p.numel() for p in model.parameters()) == 8 * 2 + 8 * 513
    assert aw.settings_of(architecture) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([8, 16],), r"ask is given \[8, 16\]; it asks for shared hyperparameters"),
        ((WIDTH * 2,), "it asks for shared hyperparameters"),
        ((WIDTH, WIDTH), r"ask is given the shared hyperparameters \['width', 'width'\]; name each once"),
    ],
)
def test_what_is_no_shared_hyperparameter_is_refused(given, message):
    with pytest.raises(aw.errors.InvalidHyperparameter, match=message):
        aw.ask(*given)
