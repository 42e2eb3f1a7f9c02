"""Sequential model-based optimisation as DeepArchitect has it."""

import random
from collections import Counter

import pytest
from sklearn.linear_model import Ridge

import archwright as aw
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo_paper import SmboPaper
from tests.search.contract import Session, make_problem, score_path
from tests.search.instant import SPACE

SMALL = aw.sequential(aw.conv2d(filters=[8, 16, 32], size=[3, 5]), aw.optional(aw.dropout([0.1, 0.3])), aw.affine(10))


def test_coin():
    """The order is random a quarter of the time: with one good name among the rollouts, a quarter's share is missed.

    The score is the number of modules, which ridge regression predicts; of 50 rollouts a longest one comes first
    whenever the model decides, and by chance else.
    """
    space = aw.sequential(aw.settings(x=aw.reals(0, 1)), aw.repeat(aw.relu(), list(range(1, 9))))
    session = Session(SmboPaper(), make_problem(space))
    session.run(240, lambda path: path[1][1] / 8)
    lengths = Counter(proposal.path[1][1] for proposal in session.proposals[40:])
    assert 0.70 < lengths[8] / 200 < 0.86  # 3/4 + 1/4 of 1/8 = 0.78


@pytest.mark.parametrize(("exploration", "share"), [(0.0, 1.0), (1.0, 1 / 8)])
def test_coin_at_its_ends(exploration, share):
    space = aw.sequential(aw.settings(x=aw.reals(0, 1)), aw.repeat(aw.relu(), list(range(1, 9))))
    session = Session(SmboPaper(exploration=exploration), make_problem(space))
    session.run(100, lambda path: path[1][1] / 8)
    best = sum(proposal.path[1][1] == 8 for proposal in session.proposals[40:])
    assert best / 60 == pytest.approx(share, abs=0.12)


def test_begins_with_the_first_rollout():
    """Without an outcome all predictions are equal, and the order is that of drawing; only a coin could change it."""
    session = Session(SmboPaper(exploration=0.0), make_problem(SPACE))
    few = Session(SmboPaper(exploration=0.0, rollouts=1), make_problem(SPACE))
    assert session.ask() == few.ask()


def test_prefers_the_name_that_scored_well():
    """Relu scores 1 and gelu 0: with the penalty of 1,000 or without, a relu comes first from then on."""
    space = aw.sequential(aw.settings(x=aw.reals(0, 1)), aw.activation(["relu", "gelu"]))
    session = Session(SmboPaper(exploration=0.0, rollouts=20), make_problem(space))
    other = Session(RandomSearch(), make_problem(space), 1)
    other.run(10, lambda path: float(path[1][1] == "relu"))
    session.take_over(other.events)
    assert dict(session.propose().path)["1.activation.function"] == "relu"


def count_ngrams(leaf: aw.Node, length: int = 4) -> Counter[tuple[str, ...]]:
    """The n-grams of an architecture of activations in a row, n = 1 to 4, and how many modules it has."""
    words = [module.label for module in leaf.architecture.subterms]
    grams = [tuple(words[i : i + n]) for n in range(1, length + 1) for i in range(len(words) - n + 1)]
    return Counter([*grams, *[("modules",)] * len(words)])


def test_model_is_that_of_the_specifications():
    """Ridge regression of sklearn's with lambda 1,000 on the n-grams that come three times or more in all trials.

    The scores are in the thousands, so that with such a lambda more is predicted than the mean; with another lambda, or
    with rarer n-grams, something else is.
    """
    words = ["relu", "gelu", "tanh", "sigmoid"]
    space = aw.sequential(*(aw.activation(words) for _ in range(5)))
    session = Session(SmboPaper(), make_problem(space))
    other = Session(RandomSearch(), make_problem(space))
    other.run(12, lambda path: 5000 * score_path(path))
    session.take_over(other.events)
    leaves = [aw.sample(aw.root(space, (1, 8, 8)), random.Random(seed).random) for seed in range(20)]
    known = [count_ngrams(proposal.leaf) for proposal in other.proposals]
    often = [gram for gram, n in sum(known, Counter()).items() if n >= 3]
    assert 10 < len(often) < 40

    def expected(penalty: float, columns) -> list[float]:
        x, y = (
            [[each[gram] for gram in columns] for each in known],
            [5000 * score_path(p.path) for p in other.proposals],
        )
        asked = [[count_ngrams(leaf)[gram] for gram in columns] for leaf in leaves]
        return Ridge(alpha=penalty).fit(x, y).predict(asked).tolist()

    found = SmboPaper()._predict(session.state, leaves)
    assert found == pytest.approx(expected(1000.0, often), rel=1e-6)
    assert found != pytest.approx(expected(1.0, often), rel=1e-3)
    assert found != pytest.approx(expected(1000.0, sum(known, Counter())), rel=1e-3)


def test_draws_what_is_new_where_no_rollout_is():
    """All but one of 18 leaves were seen, and of one rollout it is not: it is proposed nevertheless."""
    other = Session(RandomSearch(replacement=False), make_problem(SMALL))
    other.run(17, score_path)
    session = Session(SmboPaper(rollouts=1), make_problem(SMALL))
    session.take_over(other.events)
    last = session.ask()
    assert last is not None
    assert last.path not in {proposal.path for proposal in other.proposals}
