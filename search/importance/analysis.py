"""The importance of all hyperparameters of a search, also of those that are active in some of its trials only.

A hyperparameter is analysed among the trials in which it is active, together with those that are active in all of
these; nothing is put in the place of what was not asked for. So there is a forest for all trials, and one for each set
of trials in which some hyperparameters are active that are not in all.
"""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from attrs import field, frozen

from archwright.search.importance.analyzed_trial import (
    AnalyzedTrial,
    NothingVaries,
    TooFewTrials,
    count_needed_trials,
    list_common,
    list_varying,
)
from archwright.search.importance.axes import make_axis
from archwright.search.importance.fanova import Estimate, Fanova, MarginalCurve, analyze_variance
from archwright.search.importance.joined_domains import join_domains
from archwright.search.importance.ped_anova import compute_best_shares, select_best

# Of a forest, out-of-bag, from which its shares of the variance mean something. Of forests that are grown on noise,
# fewer than 5 in 100 reach it, and fewer than 2 of those of 40 trials or more (measured: 4 to 400 trials of 1 to 17
# hyperparameters, 40 to 200 forests each).
MIN_R2 = 0.2


@final
@frozen
class HyperparameterImportance:
    """How much a hyperparameter matters."""

    name: str
    trials: int  # in which it is active
    is_conditional: bool  # whether it is not active in all of them
    needed: int  # trials of an analysis of it
    best_share: float  # for being among the best trials: of the sum over all hyperparameters
    variance: Estimate | None  # its share of the variance among its trials; None where they are too few, or all alike
    r2: float | None  # of the forest that says so, out-of-bag
    curve: MarginalCurve | None

    @property
    def is_meaningful(self) -> bool:
        """Whether the forest knows enough of the scores for its shares to mean something."""
        return self.r2 is not None and self.r2 >= MIN_R2


@final
@frozen
class PairImportance:
    """How much two hyperparameters do together, beyond what each does."""

    names: tuple[str, str]
    trials: int  # in which both are active
    variance: Estimate  # its share of the variance among these
    r2: float

    @property
    def is_meaningful(self) -> bool:
        """Whether the forest knows enough of the scores."""
        return self.r2 >= MIN_R2


@final
@frozen
class ImportanceAnalysis:
    """How much each hyperparameter matters, and each pair where that was asked for; those that matter most first.

    Those that are active in some trials only come after the others: their shares are of other variances.
    """

    trials: int
    best_trials: int  # how many the best ones are
    r2: float  # of the forest of all trials, out-of-bag
    hyperparameters: Sequence[HyperparameterImportance]
    pairs: Sequence[PairImportance]


@final
@frozen
class _Group:
    """Trials, and hyperparameters that are active in these alone."""

    trials: Sequence[AnalyzedTrial]
    own: Sequence[str]  # the hyperparameters that it is there for
    names: Sequence[str] = field(init=False)  # all that are active in each of the trials, and have two values there

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "names", list_common([trial.values for trial in self.trials]))

    @property
    def needed(self) -> int:
        """How many trials its analysis needs."""
        return count_needed_trials(len(self.names))

    @property
    def has_different_scores(self) -> bool:
        """Whether any two of its scores differ."""
        return len({trial.score for trial in self.trials}) > 1


def analyze_importance(
    trials: Sequence[AnalyzedTrial], *, sign: float, seed: int, with_pairs: bool = False
) -> ImportanceAnalysis:
    """How much hyperparameters matter for the scores; `sign` is 1 where more is better, and -1 where less is.

    Consumes the randomness of forests that are grown from `seed`. Raises TooFewTrials where all trials together are too
    few, and NothingVaries where no hyperparameter of all trials has two values, or all scores are the same.
    """
    groups = _group_by_activity(trials)
    _check_group(groups[0])
    names = [name for group in groups for name in group.own]
    shares = dict(zip(names, compute_best_shares(trials, names, sign), strict=True))
    results = [(group, _analyze_group(group, seed, with_pairs=with_pairs)) for group in groups]
    whole = results[0][1]
    if whole is None:
        raise TooFewTrials(f"no tree finds a difference to part {len(trials)} trials by; go on for more trials")
    return ImportanceAnalysis(
        len(trials),
        len(select_best(trials, sign)),
        whole.r2,
        [row for group, fanova in results for row in _describe_group(group, fanova, shares, len(trials))],
        [pair for group, fanova in results if with_pairs and fanova for pair in _describe_pairs(group, fanova)],
    )


def _group_by_activity(trials: Sequence[AnalyzedTrial]) -> list[_Group]:
    """All trials first, then each set of trials in which some hyperparameters are active alone, the largest first."""
    active: dict[tuple[int, ...], list[str]] = {tuple(range(len(trials))): []}
    for name in list_varying([trial.values for trial in trials]):
        members = tuple(i for i, trial in enumerate(trials) if name in trial.values)
        active.setdefault(members, []).append(name)
    groups = [_Group([trials[i] for i in members], own) for members, own in active.items()]
    return sorted(groups, key=lambda group: -len(group.trials))


def _check_group(group: _Group) -> None:
    """Nothing, if all trials can be analysed."""
    count = len(group.trials)
    if count < group.needed:
        raise TooFewTrials(
            f"{count} trials have a score, and {len(group.names)} hyperparameters need {group.needed}: two for each "
            "and two more; go on for more trials"
        )
    if not group.names:
        raise NothingVaries(f"all {count} trials have the same choices; nothing can be said of what differs")
    if not group.has_different_scores:
        raise NothingVaries(f"all {count} trials have the score {group.trials[0].score}; nothing is to be explained")


def _analyze_group(group: _Group, seed: int, *, with_pairs: bool) -> Fanova | None:
    """None where its trials are too few, or too much alike."""
    if len(group.trials) < group.needed or not group.has_different_scores:
        return None
    columns = [[trial.values[name] for trial in group.trials] for name in group.names]
    axes = [
        make_axis(join_domains((trial.domains[name] for trial in group.trials), chosen), chosen)
        for name, chosen in zip(group.names, columns, strict=True)
    ]
    scores = np.array([trial.score for trial in group.trials], dtype=np.float64)
    return analyze_variance(axes, columns, scores, seed, with_pairs=with_pairs)


def _describe_group(
    group: _Group, fanova: Fanova | None, shares: Mapping[str, float], count: int
) -> list[HyperparameterImportance]:
    """Its own hyperparameters, those that matter most first."""
    rows = [
        HyperparameterImportance(
            name,
            len(group.trials),
            len(group.trials) < count,
            group.needed,
            shares[name],
            None if fanova is None else fanova.singles[group.names.index(name)],
            None if fanova is None else fanova.r2,
            None if fanova is None else fanova.curves[group.names.index(name)],
        )
        for name in group.own
    ]
    return sorted(rows, key=lambda row: (-row.variance.mean if row.variance else 0.0, -row.best_share))


def _describe_pairs(group: _Group, fanova: Fanova) -> list[PairImportance]:
    """Those with one of its own hyperparameters, the strongest first: the others are those of larger groups."""
    own, count = set(group.own), len(group.trials)
    named = {(group.names[i], group.names[j]): estimate for (i, j), estimate in fanova.pairs.items()}
    pairs = [PairImportance(names, count, estimate, fanova.r2) for names, estimate in named.items() if own & {*names}]
    return sorted(pairs, key=lambda pair: -pair.variance.mean)
