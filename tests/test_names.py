"""The names of the package: what is public, what builds, and what is asked with isinstance."""

import re

import pytest

import archwright as aw
from archwright.core import json
from archwright.core.objective import BadScore
from archwright.core.user_modules import is_user_defined

KINDS = {kind: cls for kind, cls in json.list_kinds().items() if not is_user_defined(cls)}
BUILT = [
    (aw.Sequential, aw.sequential(aw.identity())),
    (aw.Branches, aw.branches(aw.identity())),
    (aw.Either, aw.either(aw.identity(), aw.zero())),
    (aw.Either, aw.optional(aw.flatten())),
    (aw.Either, aw.maybe_swap(aw.relu(), aw.batch_norm())),
    (aw.Repeat, aw.repeat(aw.identity(), 2)),
    (aw.RepeatTied, aw.repeat_tied(aw.identity(), 2)),
    (aw.Residual, aw.residual(aw.identity())),
    (aw.Topology, aw.topology([(0, 1)], aw.identity())),
    (aw.Cell, aw.cell([(0, 1)], skip=aw.identity())),
    (aw.Let, aw.let(inside=aw.place("a"), a=aw.identity())),
    (aw.Settings, aw.settings(momentum=[0.1, 0.9])),
    (aw.Activation, aw.activation(["relu", "gelu"])),
    (aw.Activation, aw.relu()),
    (aw.Conv2d, aw.conv2d(8, 3)),
    (aw.AvgPool2d, aw.avg_pool2d()),
]


def test_all_is_sorted_and_there():
    classes = [name for name in aw.__all__ if name[0].isupper()]
    others = [name for name in aw.__all__ if name[0].islower()]
    assert aw.__all__ == [*sorted(classes), *sorted(others)]
    assert [name for name in aw.__all__ if not hasattr(aw, name)] == []
    assert set(aw.__all__) <= set(dir(aw))


def to_camel(kind: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in kind.split("_"))


def to_kind(cls: type) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_class_and_a_builder(kind):
    assert getattr(aw, to_camel(kind)) is KINDS[kind]
    assert callable(getattr(aw, kind))
    assert {kind, to_camel(kind)} <= set(aw.__all__)


@pytest.mark.parametrize(("cls", "term"), BUILT, ids=range(len(BUILT)))
def test_what_a_builder_builds_is_of_its_class(cls, term):
    assert isinstance(term, cls)
    assert isinstance(term, aw.Term)
    assert term.kind == to_kind(cls)


def test_objectives_have_a_direction():
    assert aw.maximize("f1") == aw.Objective("f1", "maximize")
    assert aw.minimize("loss") == aw.Objective("loss", "minimize")


@pytest.mark.parametrize("metric", ["", None, 3, "a\nb", len], ids=repr)
def test_an_objective_without_a_name_is_refused(metric):
    for build in (aw.maximize, aw.minimize):
        with pytest.raises(BadScore, match=f"aw.{build.__name__}"):
            build(metric)
