"""What is said of a call of a builder whose arguments do not fit it."""

import inspect
import pickle
import re

import cloudpickle
import pytest
from attrs import Factory, field

import archwright as aw
from archwright.core.builders import WrongArguments, name_wrong_arguments
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.kind import NotATerm
from archwright.core.value import InvalidDomain
from tests.core.user_modules import Glued, Shrink

RELU, IDENTITY = aw.relu(), aw.identity()


@aw.module
class Made(aw.Basic):
    """A kind with defaults that are made anew for each instance, one of them of the other field."""

    _sizes: list[int] = field(factory=list)
    total: int = Factory(lambda made: len(made._sizes), takes_self=True)

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return in_shape


class MadeTwice(Made):
    """Calls the initializer of its base with more than that takes."""

    def __init__(self, size: int) -> None:
        super().__init__([size], size, size)


class MadeAlike(Made):
    """Has the initializer of its base."""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: aw.conv2d(kernel_size=3),
            "conv2d has no argument 'kernel_size'; it is called as conv2d(filters, size, stride=1, padding='same', "
            "groups=1, bias=True, initialization='he'); did you mean size?",
        ),
        (lambda: aw.repeat(RELU, times=3), "repeat has no argument 'times'; it is called as repeat(body, count)"),
        (lambda: aw.repeat(RELU), "repeat needs count; it is called as repeat(body, count)"),
        (lambda: aw.residual(), "residual needs body; it is called as residual(body)"),
        (lambda: aw.identity(3), "identity got too many positional arguments; it is called as identity()"),
        (
            lambda: aw.dropout(0.1, rate=0.2),
            "dropout got multiple values for argument 'rate'; it is called as dropout(rate)",
        ),
        (
            lambda: aw.sequential(stem=3),
            "sequential has no argument 'stem'; it is called as sequential(*terms, **named); under a name goes a "
            "module, such as relu(), and not 3",
        ),
        (
            lambda: aw.branches(RELU, merging="add"),
            "branches has no argument 'merging'; it is called as branches(*terms, merge='add', **named); "
            "did you mean merge?",
        ),
        (lambda: aw.Sequential(RELU, IDENTITY), "it is called as Sequential(children)"),
        (lambda: aw.optional(RELU, IDENTITY), "it is called as optional(body)"),
        (lambda: aw.maybe_swap(RELU), "maybe_swap needs b; it is called as maybe_swap(a, b)"),
        (
            lambda: aw.cell([(0, 1)], False, RELU),
            "it is called as cell(edges, connected=False, *, merge='add', **options)",
        ),
        (
            lambda: aw.topology(),
            "topology needs edges; it is called as topology(edges, *terms, connected=False, merge='add', **named)",
        ),
        (
            lambda: aw.settings(3),
            'it is called as settings(**entries), as in settings(optimizer=["adam", "sgd"], learning_rate=reals(',
        ),
        (lambda: aw.affine(out_features=3), "initialization='he'); did you mean units?"),
        (lambda: aw.Budget(epochs=3), "Budget has no argument 'epochs'; it is called as Budget(amount, unit)"),
        (
            lambda: aw.searchers.Evolution(pop=3),
            "Evolution has no argument 'pop'; it is called as Evolution(population=30, sample=10); did you mean popul",
        ),
        (lambda: aw.maximize(), "maximize needs metric; it is called as maximize(metric)"),
        (lambda: aw.MedianRule(x=3), "MedianRule has no argument 'x'; it is called as MedianRule(warmup=1, startup=5)"),
        (
            lambda: aw.Training("digits", lr=0.1),
            "settings={}, overrides={}, train_on='train', image_size=None, reader=",
        ),
        (lambda: aw.Training("digits", lr=0.1), "; write settings={'learning_rate': 0.1}"),
        (lambda: aw.relu(inplace=True), "relu has no argument 'inplace'; it is called as relu()"),
        (lambda: aw.integers(low=1, hi=3), "it is called as integers(lo, hi, *, log=False); did you mean lo or log?"),
        (lambda: aw.reals(1.0), "reals needs hi; it is called as reals(lo, hi, *, log=False)"),
        (
            lambda: aw.values(8, 16, weight=[2, 1]),
            "values has no argument 'weight'; it is called as values(*options, ordered=None, weights=()); "
            "did you mean weights?",
        ),
        (
            lambda: aw.prior([8, 16], 8),
            "prior needs confidence; it is called as prior(domain, default, confidence), as in prior([16, ",
        ),
        (lambda: aw.weighted(RELU), "weighted needs weight; it is called as weighted(term, weight)"),
        (
            lambda: aw.grammar_from_text("S -> relu", {"relu": RELU}, deep=3),
            "has no argument 'deep'; it is called as grammar_from_text(text, terminals, *, depth=None)",
        ),
        (lambda: aw.shared("width"), "shared needs domain; it is called as shared(name, domain)"),
        (lambda: aw.tokens(50), "tokens needs length; it is called as tokens(vocabulary, length)"),
        (
            lambda: Shrink(stp=2),
            "Shrink has no argument 'stp'; it is called as Shrink(step, note='as it was'); did you mean step?",
        ),
        (lambda: Glued([RELU, RELU]), "Glued needs head; it is called as Glued(pair, head)"),
        (lambda: Made(width=3), "Made has no argument 'width'; it is called as Made(sizes=[], total=...)"),
        (lambda: MadeTwice(3), "Made got too many positional arguments; it is called as Made(sizes=[], total=...)"),
        (lambda: MadeAlike(width=3), "MadeAlike has no argument 'width'; it is called as MadeAlike(sizes=[], total"),
    ],
)
def test_arguments_that_do_not_fit(call, message):
    """The builder, the argument, what is like it and all that it takes: of built-in kinds and of a person's own."""
    with pytest.raises(WrongArguments) as raised:
        call()
    assert isinstance(raised.value, TypeError)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("call", "place", "builder"),
    [
        (lambda several: aw.sequential(several), "children[0] of sequential", "sequential"),
        (lambda several: aw.branches(several), "children[0] of branches", "branches"),
        (lambda several: aw.either(several), "option 0 of either", "either"),
        (lambda several: aw.either(only=several), "terms[0] of either", "sequential"),
        (lambda several: aw.sequential(stem=several), "stem of sequential", "sequential"),
        (lambda several: aw.branches(left=several), "left of branches", "branches"),
        (lambda several: aw.repeat(several, 3), "body of repeat", "sequential"),
        (lambda several: aw.optional(several), "body of optional", "sequential"),
        (lambda several: aw.maybe_swap(RELU, several), "b of maybe_swap", "sequential"),
        (lambda several: aw.cell([(0, 1)], op=several), "terms[0] of cell", "sequential"),
        (lambda several: Glued([RELU, RELU], several), "head of glued", "sequential"),
    ],
)
@pytest.mark.parametrize("several", [[RELU, IDENTITY], (RELU, IDENTITY), iter([RELU])], ids=lambda s: type(s).__name__)
def test_several_modules_in_the_place_of_one(call, place, builder, several):
    """Unpacked, they are as many arguments."""
    with pytest.raises(NotATerm) as raised:
        call(several)
    assert str(raised.value) == f"{place} is {several!r}; unpack it, as in {builder}(a, b) or {builder}(*[a, b])"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: aw.repeat([1, 2], RELU),
            "count of repeat is the module activation, .* the order is repeat(body, count)",
        ),
        (
            lambda: aw.affine([[16, 32]]),
            "units of affine: .* is [16, 32] of type list; .* side by side, as in [16, 32]",
        ),
        (lambda: aw.settings(rate={}), "rate of settings: .* is {} of type dict; values are bool, int, float or str"),
        (lambda: Shrink(None), "step of shrink: a hyperparameter's value is None"),
    ],
)
def test_what_is_no_value_is_refused_with_its_place(call, message):
    """The module and its hyperparameter; where a module stands, the order of the arguments."""
    with pytest.raises(InvalidDomain, match=re.escape(message).replace(r"\.\*", ".*")):
        call()


def test_one_module_in_the_place_of_several():
    with pytest.raises(NotATerm, match=r"children of sequential is .*; it must be a list of modules"):
        aw.Sequential(RELU)


@pytest.mark.parametrize("edges", [3, [1, 2], [(0, 1, 2)], RELU, ["01"], [(0.9, 1.2)], [(0, float("inf"))]])
@pytest.mark.parametrize("build", [aw.cell, aw.topology])
def test_edges_that_are_no_pairs(build, edges):
    with pytest.raises(InvalidHyperparameter, match=r"the edges are .*; they must be pairs of numbers of nodes, as in"):
        build(edges)


@aw.module
class Halving(aw.Basic):
    """A kind whose class says itself how it is made, and fails at it."""

    length: int = 2

    def __init__(self, length: int) -> None:
        self.__attrs_init__(length // 2)

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return in_shape


def test_an_error_within_a_builder_is_left_as_it_is():
    """It is not about the call: also where it is a TypeError."""
    assert Halving(8).length == 4
    with pytest.raises(WrongArguments, match=r"Halving needs length; it is called as Halving\(length\)"):
        Halving()
    with pytest.raises(TypeError, match="unsupported operand") as raised:
        Halving("eight")
    assert not isinstance(raised.value, aw.ArchwrightError)


def test_a_call_that_fits_asks_for_no_signature(monkeypatch):
    """Building takes the time that it took: nothing but the failed call is looked into."""
    monkeypatch.setattr(inspect, "signature", None)
    assert aw.conv2d(8, size=3).size == 3
    assert aw.sequential(RELU, Shrink(2)).subterms == (RELU, Shrink(2))


def test_builders_show_their_parameters_and_travel():
    """As they do without being looked into."""
    assert list(inspect.signature(aw.Conv2d).parameters)[:2] == ["filters", "size"]
    assert (
        str(inspect.signature(aw.maybe_swap))
        == "(a: archwright.core.term.Term, b: archwright.core.term.Term, *, name: str = '') "
        "-> archwright.core.modules.choices.Either"
    )

    @aw.module
    class Travelling(aw.Basic):
        width: int

        def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
            return (self.width,)

    assert pickle.loads(cloudpickle.dumps(Travelling(3))).out_shape((1,)) == (3,)
    assert pickle.loads(pickle.dumps(aw.relu)) is aw.relu
    assert name_wrong_arguments(len)([1]) == 1
