"""The searcher that proposes one leaf again and again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.node import NotALeaf, PathMismatch, root
from archwright.core.traversal import sample
from archwright.search.named import SEARCHER_KIND
from archwright.search.searchers.fixed import Fixed
from tests.search.contract import Session, check_proposals, make_problem, replay_session, score_path
from tests.search.instant import SPACE


def leaf(seed=0.3):
    return sample(root(SPACE, (1, 8, 8)), lambda: seed)


@given(workers=st.integers(1, 4), seed=st.integers(0, 100), number=st.floats(0, 0.99))
def test_every_proposal_is_the_leaf_and_the_state_is_the_fold_of_the_events(workers, seed, number):
    searcher = Fixed(leaf(number).path)
    session = Session(searcher, make_problem(SPACE), seed)
    session.run(10, lambda path: None if seed % 3 == 0 else score_path(path), workers, seed)
    check_proposals(session)
    assert {p.path for p in session.proposals} == {leaf(number).path}
    assert replay_session(session) == session.state


def test_settings_survive_a_log():
    searcher = Fixed(leaf().path, "digits-1", 3)
    data = SEARCHER_KIND.to_json("given", {"path": leaf().path, "run": "digits-1", "trial": 3})
    assert SEARCHER_KIND.from_json(json.loads(json.dumps(data))) == searcher


def test_a_path_that_is_no_leaf_is_refused():
    with pytest.raises(NotALeaf, match=r"ends after 1 choices, and the space asks 0.settings.learning_rate there"):
        Fixed(leaf().path[:1]).start(make_problem(SPACE))
    with pytest.raises(PathMismatch, match=r"step 0 of the path is no.such = 3"):
        Fixed((("no.such", 3),)).start(make_problem(SPACE))
