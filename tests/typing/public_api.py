"""What a person writes type-checks in strict mode: checked by pyright, and run by a test."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, assert_type

import archwright as aw

width = aw.shared("width", [16, 32])
layer = aw.sequential(aw.conv2d(filters=width, size=[3, 5]), aw.maybe_swap(aw.relu(), aw.batch_norm()))
edges = [(0, 1), (0, 2), (1, 2)]
operations: dict[str, aw.Term] = {"none": aw.zero(), "skip": aw.identity(), "conv": aw.relu_conv_bn(size=[1, 3])}
chosen = aw.cell(edges, connected=True, **operations)
pools = aw.cell(edges, merge=["add", "mean"], pool=aw.avg_pool2d(3, 1, "same"), none=aw.zero())
fixed = aw.topology(((0, 1), (1, 2)), aw.relu(), pools, merge="concatenate")
space: aw.Term = aw.sequential(
    aw.settings(optimizer=["adam", "sgd"], learning_rate=aw.reals(1e-4, 1e-1, log=True)),
    aw.conv2d(filters=width * 2, size=aw.integers(1, 5), padding="same"),
    aw.repeat(layer, count=[1, 2]),
    aw.repeat_tied(aw.residual(layer), count=aw.values(1, 2, 4)),
    aw.repeat_tied(chosen, count=2),
    fixed,
    aw.branches(aw.identity(), aw.max_pool2d(size=3, stride=1, padding="same"), merge="concatenate"),
    aw.either(aw.flatten(), pooled=aw.global_avg_pool()),
    aw.optional(aw.dropout(rate=[0.1, 0.5])),
    aw.affine(units=10),
)


@aw.module
class Scale(aw.Basic):
    """Multiplies by a number."""

    kind: ClassVar[str] = "scale_of_types"  # a page of the documentation has a scale of its own
    by: aw.Hyperparameter[float] = aw.hyperparameter(aw.number(0.0, 2.0), default=1.0)

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        """That of the input."""
        assert_type(self.by, float)
        return in_shape


def walk() -> aw.Node:
    """A leaf of the space."""
    node = aw.root(aw.sequential(Scale(by=[0.5, 1.5]), space), input_shape=(3, 32, 32))
    while (choice := node.choice) is not None:
        assert_type(choice.name, str)
        node = node.choose(choice.domain.sample(0.3))
    assert_type(node.architecture, aw.Term)
    assert_type(node.out_shape, tuple[int, ...])
    assert_type(aw.count(space), int | float)
    return aw.sample(aw.root(space, (3, 32, 32)), random.Random(0).random)


def evaluate(architecture: aw.Term, seed: int) -> float:
    """A score of an architecture."""
    return architecture.parameters((12,)) / 1000 + seed % 2


def build(input_shape: aw.Shape, classes: int) -> aw.Term:
    """A space for an input."""
    return aw.sequential(aw.affine(units=[8 * axis for axis in input_shape]), aw.affine(units=classes))


def search_in_every_form(log: Path) -> aw.Run:
    """A run of each form of what is given, and what is made of one."""
    run = aw.search(build, evaluate, trials=2, input=aw.features(12), workers=0, progress=False, log=log, name="first")
    assert_type(run, aw.Run)
    assert_type(run.best(), aw.Trial)
    assert_type(run.best(3), list[aw.Trial])
    assert_type(run.trials, tuple[aw.Trial, ...])
    assert_type(run[0], aw.Trial)
    assert_type(run["best"], aw.Trial)
    assert_type(run[:2], tuple[aw.Trial, ...])
    assert_type(run.best().score, float | None)
    assert_type(run.best().architecture, aw.Term)
    assert_type(run.curves("accuracy"), Mapping[int, Sequence[float]])
    further = run.resume(trials="+1", workers=0, progress=False, on_event=print)
    assert_type(further, aw.Run)
    assert_type(aw.resume(further, trials="+1", workers=0, progress=False), aw.Run)
    fork = run.fork(5, searcher="mcts", seed=1, time="1h")
    assert_type(aw.fork("first", 5, log=log), aw.Run)
    assert_type(aw.retrain(run, "best", seeds=1, workers=0, progress=False), aw.Run)
    assert_type(aw.Log(log)["first"], aw.Run)
    assert_type(aw.Log(log).describe_best("first", 2)["trials"][0]["parameters"], int | None)
    assert_type(
        aw.grammar("S", S=[aw.nonterminal("T")], T={"a": aw.relu(), "b": aw.weighted(aw.zero(), 2)}), aw.Grammar
    )
    assert_type(aw.grammar_from_text("S -> a | a", {"a": aw.relu}, depth=2), aw.Grammar)
    assert_type(aw.count_derivations(space, (3, 32, 32)), int | float)
    assert_type(aw.draw(aw.derivation(run.best().leaf)).svg, str)
    assert_type(aw.prior([1, 2], 1, "high"), aw.Domain)
    assert_type(aw.describe_space(space, input=(3, 32, 32))["size"], int | float)
    aw.export("first", "best", "model", log=log, force=True) if fork is run else aw.fork("first", "last", log=log)
    aw.search(space="figure1", evaluation="module:function", objective=aw.minimize("cost")) if fork is run else None
    aw.search(space, aw.Training("digits"), budget="5epochs", stopping=aw.MedianRule()) if fork is run else None
    aw.search(space, objective="accuracy", minimize=False, input=(1, 8, 8), enqueue=[{}]) if fork is run else None
    return further


def misspell(run: aw.Run) -> None:
    """What is no option is seen before anything runs."""
    aw.search(space, evaluate, trails=3)  # pyright: ignore[reportCallIssue]
    aw.resume("first", trails=3)  # pyright: ignore[reportCallIssue]
    aw.resume("first", trials=[3])  # pyright: ignore[reportArgumentType]
    aw.fork("first", 5, sed=3)  # pyright: ignore[reportCallIssue]
    aw.retrain("first", seeds="two")  # pyright: ignore[reportArgumentType]
    aw.export(run[0], "model", forced=True)  # pyright: ignore[reportCallIssue]
    run.resume(worker=2)  # pyright: ignore[reportCallIssue]


if __name__ == "__main__":
    assert walk().is_leaf
