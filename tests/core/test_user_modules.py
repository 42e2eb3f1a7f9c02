"""The results of user-defined kinds are checked, and invalid ones are refused with the method that returned them."""

import random
from typing import Any, ClassVar

import numpy as np
import pytest

import archwright as aw
from archwright.core.user_modules import InvalidResult, is_user_defined
from tests.core.user_modules import Glued, Shrink

SHAPE = (3, 8, 8)


@aw.module
class Returning(aw.Basic):
    """A kind whose methods return whatever its fields are."""

    shape: Any = None
    size: Any = 0

    def out_shape(self, in_shape):
        return self.shape

    def parameters(self, in_shape):
        return self.size


@aw.module
class Expanding(aw.Rewriting):
    """A kind that expands to what `source` returns next."""

    source: Any = None

    def expand(self):
        return self.source()


@pytest.mark.parametrize("shape", [[8, 4, 4], (np.int64(8), 4, 4), np.array([8, 4, 4]), (8, 4, 4)])
def test_a_shape_is_a_tuple_of_pythons_integers(shape):
    """Whatever type a kind returns."""
    leaf = aw.root(aw.sequential(Returning(shape), aw.conv2d(8, 3)), SHAPE)
    assert leaf.out_shape == (8, 4, 4)
    assert all(type(axis) is int for axis in Returning(shape).out_shape(SHAPE))


@pytest.mark.parametrize("shape", [None, 8, "ab", (8.0, 4.0), ((8, 4), 4)])
def test_an_invalid_shape(shape):
    """Refused with the method, the kind and the result."""
    with pytest.raises(
        InvalidResult, match=r"out_shape of returning gave .*; it must give a tuple of integers, such as"
    ):
        aw.root(Returning(shape), SHAPE)


@pytest.mark.parametrize(
    "shape",
    [
        (SHAPE, SHAPE),
        [SHAPE, list(SHAPE)],
        aw.TupleShape(),
        aw.TupleShape((3, 8)),
        aw.TupleShape((SHAPE, "ab")),
        aw.TupleShape((SHAPE, aw.TupleShape((SHAPE, SHAPE)))),
    ],
)
def test_an_invalid_shape_of_several_outputs(shape):
    """What is meant as one is told how it is written; an empty one and one inside another are none."""
    with pytest.raises(
        InvalidResult, match=r"out_shape of returning gave .*; of outputs side by side, an aw\.TupleShape"
    ):
        aw.root(aw.sequential(Returning(shape), aw.select(0)), SHAPE)


@pytest.mark.parametrize("size", [-1, 2.5, None, "many"])
def test_an_invalid_number_of_parameters(size):
    with pytest.raises(InvalidResult, match=r"parameters of returning gave .*; it must give a number of parameters"):
        Returning((8,), size).parameters(SHAPE)
    assert type(Returning((8,), np.int64(7)).parameters(SHAPE)) is int


def test_an_expansion_must_be_a_module():
    with pytest.raises(InvalidResult, match=r"expand of expanding gave None; it must give a module, such as"):
        aw.root(Expanding(lambda: None), SHAPE)


def test_an_expansion_must_be_deterministic():
    """One that draws its width could not be replayed, and counting and sampling would see different modules."""
    widths = iter(range(1, 99))
    with pytest.raises(InvalidResult, match=r"expand of expanding gave .*; it must give the same whenever it is asked"):
        aw.root(Expanding(lambda: aw.conv2d(next(widths), 3)), SHAPE)


def declare(*names: str) -> type[aw.Basic]:
    """A kind whose shapes depend on width and window, and that declares `names` as its shape hyperparameters."""

    @aw.module
    class Declaring(aw.Basic):
        kind = "declaring"
        shape_hyperparameters: ClassVar[tuple[str, ...] | None] = names
        width: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))
        window: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))
        note: aw.Hyperparameter[str] = aw.hyperparameter(default="a")

        def out_shape(self, in_shape):
            if in_shape[1] < self.window:
                raise aw.Misfit(f"{in_shape} is smaller than {self.window}")
            return (self.width, *in_shape[1:])

    return Declaring


@pytest.mark.parametrize("analyze", [aw.count, aw.check, aw.dead_ends])
@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("width",),
            r"but window matters too: for inputs of \(3, 8, 8\), window = 9 gives no fit, and window = 3 giv",
        ),
        (("window",), r"but width matters too: .* width = 8 gives \(8, 8, 8\), and width = 4 gives \(4, 8, 8\); add"),
        ((), r"shape_hyperparameters of declaring are \(\), but window matters too"),
    ],
)
def test_shape_hyperparameters_that_leave_one_out(analyze, names, message):
    """Refused wherever a space is counted or checked, also in an option, with the evidence and the remedy."""
    space = aw.sequential(aw.optional(declare(*names)([4, 8], [3, 9], ["a", "b"])), aw.affine(10))
    with pytest.raises(InvalidResult, match=message):
        analyze(space, SHAPE)


def test_shape_hyperparameters_that_are_right():
    """Of 2 windows one fits, and the note makes no difference."""
    space = aw.sequential(declare("width", "window")([4, 8], [3, 9], ["a", "b"]), aw.affine(10))
    aw.check(space, SHAPE)
    assert aw.count(space, SHAPE) == 4
    uniform = random.Random(0).random
    assert all(aw.sample(aw.root(space, SHAPE), uniform).is_leaf for _ in range(20))


def test_shared_hyperparameters_are_tried_with_each_value():
    """Also in computed ones; one that is left out is found if it matters for one value."""
    width, window = aw.shared("width", [4, 8]), aw.shared("window", [1, 3])
    aw.check(declare("width", "window")(width, window * 2, ["a", "b"]), SHAPE)
    with pytest.raises(InvalidResult, match="but window matters too"):
        aw.check(declare("width")(width + 1, [3, 9]), SHAPE)


def test_built_in_kinds_are_not_user_defined():
    """And so are not checked at run time."""
    assert is_user_defined(Shrink)
    assert is_user_defined(Glued)
    assert not is_user_defined(type(aw.conv2d(8, 3)))
