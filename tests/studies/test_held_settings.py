"""The settings of a person's own searcher are in the log as they are, or nothing is begun with it."""

import json
import math
from typing import Any

import numpy as np
import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.setting import BadSetting
from archwright.search.named import SEARCHER_KIND
from archwright.search.searchers.random_search import RandomSearch

SPACE = aw.settings(width=[1, 2, 3])
HERE: dict[str, Any] = {"workers": 0, "progress": False}


@frozen
class Holder(RandomSearch):
    """One that holds something in a plain field."""

    inner: Any = None


@frozen
class Converting(RandomSearch):
    """One that makes what it holds of what a log holds."""

    sizes: Any = field(default=(), converter=tuple)


@frozen
class Nesting(RandomSearch):
    """One that says that it holds a searcher."""

    inner: Any = aw.searcher_setting(aw.searchers.RandomSearch(), meaning="what proposes")  # noqa: RUF009  (as attrs has it)


def evaluate(settings):
    return float(settings["width"])


@pytest.mark.parametrize(
    "held",
    [aw.searchers.RandomSearch(), [aw.searchers.Mcts()], np.int64(3), {1: 2}, object(), {"a", "b"}, math.nan],
    ids=["searcher", "list", "numpy", "keys", "object", "set", "nan"],
)
def test_what_would_be_something_else_after_a_resume_is_refused_before_it_begins(held, tmp_path):
    for make in (aw.search, lambda *args, **_: aw.study(args[0], searcher=Holder(inner=held), log=tmp_path / "x")):
        with pytest.raises(BadSetting, match=r"inner of the searcher .*Holder is .* aw\.searcher_setting\(default"):
            make(SPACE, evaluate, searcher=Holder(inner=held), log=tmp_path / "x", **HERE)
    assert not list(tmp_path.iterdir())


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
)


@given(PLAIN)
def test_what_json_knows_is_held_by_any_field(held):
    """A tuple comes back as a list."""
    logged = SEARCHER_KIND.value_to_json(Holder(inner=held))
    assert json.loads(json.dumps(logged["inner"])) == json.loads(json.dumps(held))


def test_one_that_declares_what_it_holds_is_resumed(tmp_path):
    for number, searcher in enumerate(
        [Nesting(inner=aw.searchers.Mcts()), Converting(sizes=[1, 2]), Holder(inner=[0.5])]
    ):
        log = tmp_path / f"{number}.duckdb"
        run = aw.search(SPACE, evaluate, searcher=searcher, trials=2, log=log, name="mine", **HERE)
        assert len(aw.Log(log, trust=True)["mine"].resume(trials=3, **HERE)) == len(run) + 1
        assert run.refresh().verify()
