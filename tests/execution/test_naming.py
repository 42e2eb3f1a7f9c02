"""Names of new runs and of comparisons, which nobody else has, and labels of searchers."""

import pytest
from attrs import fields
from hypothesis import given, reject
from hypothesis import strategies as st

from archwright.core.json import JSON
from archwright.core.setting import BadSetting
from archwright.execution.naming import (
    MAX_LABEL_CHARACTERS,
    BadSearchers,
    ComparisonIsBusy,
    claim_comparison,
    claim_new_run,
    format_label,
    generate_numbered_names,
    label_searchers,
)
from archwright.search.halving import Rounding
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.searcher import AnySearcher
from archwright.search.searchers.mcts import Mcts
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsGone, RunExists, RunIsBusy
from archwright.store.log import START
from archwright.store.runs import check_run_name
from tests.comparison_logs import log_search, make_search
from tests.search.instant import make_started

KINDS = {
    bool: st.booleans(),
    int: st.integers(0, 99),
    float: st.floats(0.01, 5) | st.sampled_from([0.1, 1.0, 1e-5]),
    str: st.sampled_from(["gp", "forest"]),
    Rounding: st.sampled_from(["floor", "ceil"]),
    AnySearcher: st.sampled_from([{"name": "mcts"}, {"name": "evolution", "sample": 3}]),
}


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("digits-1", [make_started(1)], START)
    return log


def test_a_name_that_a_person_gave_is_theirs_or_is_refused(log):
    def name(wanted: str | None) -> str:
        with claim_new_run(log, wanted, lambda: generate_numbered_names(log, "digits")) as name:
            return name

    assert (name("mine"), name(None)) == ("mine", "digits-2")
    with pytest.raises(RunExists, match="archwright resume digits-1"):
        name("digits-1")
    with claim(log.path, "mine"), pytest.raises(RunIsBusy, match=r"mine in .* is going on"):
        name("mine")


@pytest.mark.parametrize("wanted", [None, "mine"])
def test_a_log_that_was_deleted_does_not_come_back_for_a_new_run(log, wanted):
    """A person who has deleted the file, and not its journal, is asked what they want."""
    log.path.unlink()
    with (
        pytest.raises(LogIsGone, match="archwright runs"),
        claim_new_run(log, wanted, lambda: generate_numbered_names(log, "digits")),
    ):
        pass
    assert not log.path.exists()


@st.composite
def draw_searcher(draw) -> JSON:
    """A searcher with some settings, of the types that they have."""
    name = draw(st.sampled_from([name for name in SEARCHERS if name != "given"]))
    settings = {field.name: draw(KINDS[field.type]) for field in fields(type(SEARCHERS[name])) if draw(st.booleans())}
    try:
        return SEARCHER_KIND.to_json(name, settings)
    except BadSetting:  # of the right type, and too small
        reject()


@given(draw_searcher(), draw_searcher())
def test_searchers_have_the_same_label_only_if_they_are_the_same(one, other):
    assert (format_label(one) == format_label(other)) == (one == other)
    assert len(format_label(one)) <= MAX_LABEL_CHARACTERS
    assert check_run_name(f"name.{format_label(one)}.499")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mcts", "mcts"),
        ("mcts-bisection", "mcts-bisection"),
        ("mcts,exploration=.1", "mcts-exploration-0-1"),
        ("mcts,exploration=0.10", "mcts-exploration-0-1"),
        ("mcts,exploration=1", "mcts-exploration-1-0"),
        ("mcts,exploration=0.1,parts=3", "mcts-exploration-0-1-parts-3"),
        ("random,replacement=false", "random-replacement-false"),
        ("mcts,exploration=0.25", "mcts"),
        ("asha,sampler=kde", "asha-sampler-kde"),
        ("asha,sampler=kde()", "asha-sampler-kde"),
        ("asha,sampler=smbo(initial=5)", "asha-sampler-smbo_28initial_3d5_29"),
    ],
)
def test_labels_by_hand(text, expected):
    assert list(label_searchers([text])) == [expected]


def test_labels_of_texts_that_look_alike_differ():
    """No release has a setting of text, and one that might come must not bring collisions."""
    values = ["0.1", "0-1", 0.1, "a_2d", "a-", 'a","b', "a.b", [0, 1], -1, 1, None, True, "true"]
    assert len({format_label({"name": "mcts", "other": value}) for value in values}) == len(values)


def test_a_long_label_is_cut_and_told_apart():
    labels = [format_label({"name": "mcts", "other": "a" * 100 + end}) for end in "bc"]
    assert labels[0] != labels[1]
    assert [len(label) for label in labels] == [MAX_LABEL_CHARACTERS, MAX_LABEL_CHARACTERS]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["mcts", "mcts"], "mcts is the same searcher as mcts;"),
        (["mcts", "random", "mcts,exploration=0.25"], "mcts,exploration=0.25 is the same searcher as mcts;"),
        (
            ["mcts,exploration=.1", "mcts,exploration=0.10"],
            "exploration=0.10 is the same searcher as mcts,exploration=.1",
        ),
        (["mcts-bisection", "mcts,parts=2"], "mcts,parts=2 is the same searcher as mcts-bisection"),
        ([Mcts(), "mcts"], "mcts is the same searcher as mcts;"),
        (["mcts", Mcts(exploration=0.5), Mcts(exploration=0.5)], "exploration=0.5 is the same searcher as mcts,expl"),
        ([], "a comparison needs searchers"),
        ("mcts", r"the searchers are 'mcts'; give a list of them, as in \['mcts', 'random'\]"),
    ],
)
def test_a_searcher_is_named_once_however_it_is_written(texts, message):
    with pytest.raises(BadSearchers, match=message):
        label_searchers(texts)


def test_searchers_of_a_generator_are_all_taken():
    """Which can be walked once alone."""
    assert list(label_searchers(name for name in ["random", "mcts", "smbo"])) == ["random", "mcts", "smbo"]
    with pytest.raises(BadSearchers, match="mcts is the same searcher as mcts;"):
        label_searchers(name for name in ["mcts", "random", "mcts"])


def test_searchers_that_differ_in_a_point_are_two():
    by_label = label_searchers(["mcts,exploration=.1", "mcts,exploration=1"])
    assert [searcher.value.exploration for searcher in by_label.values()] == [0.1, 1.0]


def claim_name(log, name, trials=4):
    """The claim of the name of a comparison of one search."""
    return claim_comparison(log, name, "a", lambda stem: [make_search(f"{stem}.random.0", trials)])


def test_comparisons_that_begin_at_once_have_names_of_their_own(tmp_path):
    """One without a name takes the next that is free, one with a taken name is refused, and then all is as before."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log_search(log, "a-3.random.0", [0.1])
    with (
        claim_name(log, None) as (first, _),
        claim_name(log, None) as (second, searches),
        claim_name(log, "b") as (third, _),
    ):
        assert (first, second, third) == ("a", "a-2", "b")
        assert [search.run for search in searches] == ["a-2.random.0"]
        for taken in ("a", "a-2", "b"):
            with (
                pytest.raises(ComparisonIsBusy, match=rf"named {taken} is going on in {log.path}; .* another --name"),
                claim_name(log, taken),
            ):
                pass
        with claim_name(log, None) as (fourth, _):
            assert fourth == "a-4", "a-3 is another one's"
    assert not list(tmp_path.glob("*.locks"))
    with claim_name(log, None) as (name, _):
        assert name == "a", "the same command goes on with what was stopped"


def test_a_comparison_that_is_done_keeps_nobody_out(tmp_path):
    """It can be looked at while another process has its name, and where nothing can be written."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log_search(log, "a.random.0", [0.1, 0.2, None, 0.4])
    with (
        claim_name(log, None, trials=5) as (going, _),
        claim_name(log, None) as (first, _),
        claim_name(log, "a") as (second, _),
    ):
        assert (going, first, second) == ("a", "a", "a")
        assert len([*tmp_path.glob("*.locks/*")]) == 1
