"""Sequential model-based optimisation: a surrogate over choices and structure, and expected improvement."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, final

import numpy as np
from attrs import frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.node import Node, replay
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import choice_setting, whole_setting
from archwright.core.traversal import sample
from archwright.core.value import Path
from archwright.core.variation.mutation import list_decisions, mutate
from archwright.search.magnitude import FloatArray
from archwright.search.randomness import UniformStream
from archwright.search.searchers.history import (
    History,
    Observation,
    adopt_proposal,
    impute_targets,
    observe,
    observe_again,
)
from archwright.search.searchers.unseen import sample_unseen
from archwright.search.surrogates.acquisition import expected_improvement, find_best
from archwright.search.surrogates.features import LeafFeatures, extract_leaf_features
from archwright.search.surrogates.forest import fit_random_forest
from archwright.search.surrogates.gaussian_process import fit_gaussian_process
from archwright.search.surrogates.named_features import build_vocabulary, to_matrix
from archwright.search.surrogates.surrogate import Surrogate, on_one_thread, to_normal_quantiles

SURROGATES: Mapping[str, Surrogate] = {"gp": fit_gaussian_process, "forest": fit_random_forest}

# The probability that one more choice of a variant is another, again and again. A choice, so that half of the variants
# are neighbours and none is out of reach; of 0, 1/4, 1/2 and 3/4, none is better than another in NAS-Bench-201
# (CIFAR-100) as far as 20 seeds tell.
MORE_CHANGES = 0.5
# The position of a number that a leaf does not have: no nearer to one end of its domain than to the other.
MISSING_POSITION = 0.5

# So many numbers at most have a scale each where there are several budgets, and so many more trials. A choice: each
# takes another seven likelihoods to fit. Not so where there is one budget, for which docs/reproduction.md has figures.
MAX_SPLIT_NUMBERS = 24

SmboState = History[LeafFeatures]


@name_wrong_fields
@final
@frozen
class Smbo:
    """The candidate of the largest expected improvement under a surrogate; random trials to begin with.

    The surrogate sees the normal quantiles of the scores' ranks, and three groups of features: which options were
    chosen, the positions of the numbers chosen, and the modules, pairs of modules and routes of the architecture. It is
    a Gaussian process, whose kernel is the squared exponential with a scale for each group that maximises the marginal
    likelihood; or a random forest, whose trees' spread is the standard deviation. Candidates are variants of the best
    trials and random leaves. None was proposed before; where all of them were, a random leaf that is new is proposed,
    and nothing once every leaf of a finite space was.

    With several budgets, it sees the last score of each trial whatever its budget, and every number has a scale of its
    own. What was promoted is worth more than what was not, so that a better score at a larger budget is no mistake; a
    budget as a feature, with candidates predicted at the largest, was measured to be worse.

    Open trials are taken to score the posterior mean. A failed trial scores as the worst one did.
    """

    name: ClassVar[str] = "smbo"
    revision: ClassVar[int] = 5  # since it does not rest on how a processor rounds
    surrogate: str = choice_setting(
        *SURROGATES,
        meaning="the model: a Gaussian process, or a random forest",
        source="Rasmussen and Williams 2006; Breiman 2001, Hutter et al. 2011",
    )
    initial: int = whole_setting(
        10, meaning="random trials to begin with", source="Schrodi et al. 2023; White et al. 2021"
    )
    # 512 candidates, as in the benchmarks of DeepArchitect's second version. To have as many of each kind is a choice:
    # 1 and 511, or 511 and 1, are no better and no worse in NAS-Bench-201 (CIFAR-100) as far as 20 seeds tell.
    variants: int = whole_setting(256, meaning="candidates near the best trials")
    rollouts: int = whole_setting(256, low=1, meaning="random candidates")
    parents: int = whole_setting(
        10,
        low=1,
        meaning="the best trials, which variants are of and are to be better than",
        source="Schrodi et al. 2023",
    )
    # A choice: with so many, an ask takes 0.1 s however long the search is; more tell more, and cost the square of
    # their number and then the cube.
    memory: int = whole_setting(
        400, low=1, meaning="trials that the model sees: half the best ones, half spread over the rest by rank"
    )

    def start(self, problem: Problem) -> SmboState:
        """Nothing observed."""
        return History(problem)

    def propose(self, state: SmboState, trial: int, uniform: UniformStream) -> Proposal | None:
        """A random leaf, or the most promising candidate; None once every leaf was proposed.

        Consumes what drawing the candidates and then the surrogate consume.
        """
        problem = state.problem
        is_initial = trial + state.inherited < self.initial or all(
            observed.utility is None for observed in state.observations
        )
        path = None if is_initial else self._select_best(state, self._sample_candidates(state, uniform), uniform)
        if path is not None:
            return Proposal(trial, problem.root.origin, path, problem.budget, by_model=True)
        leaf = sample_unseen(problem.root, state.seen, uniform)
        return None if leaf is None else Proposal.of(trial, leaf, problem.budget, by_model=False)

    def adopt(self, state: SmboState, proposal: Proposal) -> SmboState:
        """One open trial more."""
        return adopt_proposal(state, proposal, extract_leaf_features(proposal.leaf, proposal.path))

    def tell(self, state: SmboState, outcome: Outcome, uniform: UniformStream) -> SmboState:
        """One observation more."""
        return observe(state, outcome)

    def tell_again(self, state: SmboState, outcome: Outcome, uniform: UniformStream) -> SmboState:
        """The observation of a trial that was told before, as it is at a larger budget."""
        return observe_again(state, outcome)

    def _sample_candidates(self, state: SmboState, uniform: UniformStream) -> dict[Path, LeafFeatures]:
        """New leaves: variants of the best trials, then random ones. Only features are kept: nodes are larger."""
        problem = state.problem
        scored = (trial for trial in state.observations if trial.utility is not None)
        best = sorted(scored, key=lambda trial: trial.utility or 0.0, reverse=True)[: self.parents]
        parents = [list_decisions(replay(problem.space, problem.input_shape, trial.path)) for trial in best]
        candidates = dict[Path, LeafFeatures]()

        def add(leaf: Node, path: Path) -> None:
            if path not in candidates and path not in state.seen:
                candidates[path] = extract_leaf_features(leaf, path)

        for _ in range(self.variants if parents[0] else 0):
            add(*mutate(parents[int(uniform() * len(parents))], uniform, MORE_CHANGES))
        for _ in range(self.rollouts):
            leaf = sample(problem.root, uniform)
            add(leaf, leaf.path)
        return candidates

    @on_one_thread
    def _select_best(
        self, state: SmboState, candidates: Mapping[Path, LeafFeatures], uniform: UniformStream
    ) -> Path | None:
        """The path of the largest expected improvement; None of no candidates."""
        if not candidates:
            return None
        observations = self._choose_observations(state.observations)
        targets = to_normal_quantiles(impute_targets(observations))
        best: list[int] = np.argsort(-targets, kind="stable")[: self.parents].tolist()
        rows = [trial.features for trial in observations]
        rows += (features for _, features in state.open_trials.values())
        rows += (observations[i].features for i in best)  # predicted like the candidates, and before them
        rows += candidates.values()
        groups = _to_groups(rows, is_split=state.problem.budgets is not None)
        posterior = SURROGATES[self.surrogate](groups, targets, len(state.open_trials), uniform)
        # What there is to improve on is the posterior mean of the best trials, not what they scored: where that is
        # taken for noise, nothing near them would seem to be better (Picheny et al. 2013: EI with plug-in).
        n = len(best)
        incumbent = float(posterior[:n].mean.max())
        return list(candidates)[find_best(expected_improvement(posterior[n:], incumbent))]

    def _choose_observations(
        self, observations: Iterable[Observation[LeafFeatures]]
    ) -> Sequence[Observation[LeafFeatures]]:
        """The observations for the surrogate: all, or `memory` of them, half the best and half spread over the rest."""
        trials = list(observations)
        if len(trials) <= self.memory:
            return trials
        targets = impute_targets(trials)
        ranked = [trials[i] for i in sorted(range(len(trials)), key=targets.__getitem__, reverse=True)]
        half = self.memory // 2
        best, others = ranked[:half], ranked[half:]
        return best + [others[i * len(others) // (self.memory - half)] for i in range(self.memory - half)]


def _to_groups(rows: Sequence[LeafFeatures], *, is_split: bool) -> list[FloatArray]:
    """The features by group, scaled so that two different options, or both ends of a number, are 1 apart.

    Where it `is_split`, each number is a group, as far as there are few.
    """
    options, numbers = [row.options for row in rows], [row.numbers for row in rows]
    structure = [row.structure for row in rows]
    positions = to_matrix(numbers, build_vocabulary(numbers), MISSING_POSITION)
    is_split = is_split and positions.shape[1] <= MAX_SPLIT_NUMBERS
    groups = [
        to_matrix(options, build_vocabulary(options)) / math.sqrt(2),
        *(np.split(positions, positions.shape[1], axis=1) if is_split and positions.shape[1] else [positions]),
        to_matrix(structure, build_vocabulary(structure)),
    ]
    return [group for group in groups if group.shape[1]] or groups[:1]
