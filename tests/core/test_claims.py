"""What a person's kind says of itself is looked at, and what cannot be so is refused with the method that said it."""

import random
from typing import Any, ClassVar

import numpy as np
import pytest

import archwright as aw
from archwright.core.claims import WrongClaim, is_own
from tests.core.own import Glued, Shrink

SHAPE = (3, 8, 8)


@aw.module
class Saying(aw.Basic):
    """A kind that says whatever it is told to say."""

    shape: Any = None
    size: Any = 0

    def out_shape(self, in_shape):
        return self.shape

    def parameters(self, in_shape):
        return self.size


@aw.module
class Expanding(aw.Rewriting):
    """A kind that expands to whatever comes next."""

    source: Any = None

    def expand(self):
        return self.source()


@pytest.mark.parametrize("shape", [[8, 4, 4], (np.int64(8), 4, 4), np.array([8, 4, 4]), (8, 4, 4)])
def test_a_shape_is_a_tuple_of_pythons_integers(shape):
    """Whatever a kind gives it as."""
    leaf = aw.root(aw.sequential(Saying(shape), aw.conv2d(8, 3)), SHAPE)
    assert leaf.out_shape == (8, 4, 4)
    assert all(type(axis) is int for axis in Saying(shape).out_shape(SHAPE))


@pytest.mark.parametrize("shape", [None, 8, "ab", (8.0, 4.0), ((8, 4), 4)])
def test_a_shape_that_is_none(shape):
    """Refused with the method, the kind and what it gave."""
    with pytest.raises(WrongClaim, match=r"out_shape of saying gave .*; it must give a tuple of integers, such as"):
        aw.root(Saying(shape), SHAPE)


@pytest.mark.parametrize("size", [-1, 2.5, None, "many"])
def test_a_number_of_parameters_that_is_none(size):
    with pytest.raises(WrongClaim, match=r"parameters of saying gave .*; it must give a number of parameters"):
        Saying((8,), size).parameters(SHAPE)
    assert type(Saying((8,), np.int64(7)).parameters(SHAPE)) is int


def test_an_expansion_is_a_module():
    with pytest.raises(WrongClaim, match=r"expand of expanding gave None; it must give a module, such as"):
        aw.root(Expanding(lambda: None), SHAPE)


def test_an_expansion_is_always_the_same():
    """One that draws its width cannot be walked again, and counting and walking would see different ones."""
    widths = iter(range(1, 99))
    with pytest.raises(WrongClaim, match=r"expand of expanding gave .*; it must give the same whenever it is asked"):
        aw.root(Expanding(lambda: aw.conv2d(next(widths), 3)), SHAPE)


def claiming(*said: str) -> type[aw.Basic]:
    """A kind that needs a size of its input and gives width channels, and says that only some of this matters."""

    @aw.module
    class Claiming(aw.Basic):
        kind = "claiming"
        shape_hyperparameters: ClassVar[tuple[str, ...] | None] = said
        width: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))
        window: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))
        note: aw.Hyperparameter[str] = aw.hyperparameter(default="a")

        def out_shape(self, in_shape):
            if in_shape[1] < self.window:
                raise aw.Misfit(f"{in_shape} is smaller than {self.window}")
            return (self.width, *in_shape[1:])

    return Claiming


@pytest.mark.parametrize("look", [aw.count, aw.check, aw.dead_ends])
@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            ("width",),
            r"but window matters too: for inputs of \(3, 8, 8\), window = 9 gives no fit, and window = 3 giv",
        ),
        (("window",), r"but width matters too: .* width = 8 gives \(8, 8, 8\), and width = 4 gives \(4, 8, 8\); add"),
        ((), r"shape_hyperparameters of claiming are \(\), but window matters too"),
    ],
)
def test_shape_hyperparameters_that_leave_one_out(look, said, message):
    """Found wherever a space is counted or checked, also in an option, with what shows it and the remedy."""
    space = aw.sequential(aw.optional(claiming(*said)([4, 8], [3, 9], ["a", "b"])), aw.affine(10))
    with pytest.raises(WrongClaim, match=message):
        look(space, SHAPE)


def test_shape_hyperparameters_that_are_right():
    """Are believed: of 2 windows one fits, and a note makes no difference."""
    space = aw.sequential(claiming("width", "window")([4, 8], [3, 9], ["a", "b"]), aw.affine(10))
    aw.check(space, SHAPE)
    assert aw.count(space, SHAPE) == 4
    uniform = random.Random(0).random
    assert all(aw.sample(aw.root(space, SHAPE), uniform).is_leaf for _ in range(20))


def test_a_shared_hyperparameter_that_matters_is_tried_with_each_value():
    """So is one that is computed; what misses for one of them is found."""
    width, window = aw.shared("width", [4, 8]), aw.shared("window", [1, 3])
    aw.check(claiming("width", "window")(width, window * 2, ["a", "b"]), SHAPE)
    with pytest.raises(WrongClaim, match="but window matters too"):
        aw.check(claiming("width")(width + 1, [3, 9]), SHAPE)


def test_built_in_kinds_are_not_doubted():
    """Their tests hold them to what they say."""
    assert is_own(Shrink)
    assert is_own(Glued)
    assert not is_own(type(aw.conv2d(8, 3)))
