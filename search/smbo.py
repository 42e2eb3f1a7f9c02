"""Sequential model-based optimisation: a Gaussian process over choices and structure, and expected improvement."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, final

from attrs import frozen

from archwright.core.mutation import steps
from archwright.core.node import Node, Path, replay, root
from archwright.core.traverse import sample
from archwright.core.trial import Outcome, Problem, Proposal
from archwright.search.candidates import variant
from archwright.search.features import Matrix, Traits, matrix, traits, vocabulary
from archwright.search.observed import Observed, Told, adopted, fresh, merits, told
from archwright.search.randomness import uniforms
from archwright.search.surrogate import (
    expected_improvement,
    first_best,
    gaussian_ranks,
    on_one_thread,
    posterior,
    suppose,
)

MIDDLE = 0.5  # the position of a number that a leaf does not have: no nearer to one end than to the other

SmboState = Observed[Traits]


@final
@frozen
class Smbo:
    """The candidate of the largest expected improvement under a Gaussian process; random trials to begin with.

    The process sees the normal quantiles of the scores' ranks. Its kernel is the squared exponential over three groups
    of features, each on a scale of its own that maximises the marginal likelihood: which options were chosen, the
    positions of the numbers chosen, and the modules, pairs of modules and routes of the architecture. Candidates are
    variants of the best trials and random leaves, none of which was proposed before as long as one is new.

    Open proposals are believed to score what the process expects. A failed trial scores as the worst one did.
    """

    name: ClassVar[str] = "smbo"
    initial: int = 10  # random trials (the hierarchical grammar paper's design, and BANANAS')
    variants: int = 256  # candidates near the best trials
    rollouts: int = 256  # random candidates
    parents: int = 10  # the best trials that variants are of (the grammar paper's acquisition search)
    memory: int = 400  # trials that the process sees: half the best ones, half spread over the rest by rank

    def start(self, problem: Problem) -> SmboState:
        """Nothing observed."""
        return Observed(problem, root(problem.space, problem.input_shape))

    def propose(self, state: SmboState) -> Proposal:
        """A random path, or the most promising candidate; consumes what drawing the candidates consumes."""
        uniform = uniforms(state.problem.seed, state.proposals)
        scored = any(trial.merit is not None for trial in state.told)
        founding = state.proposals < self.initial or not scored
        path = None if founding else self._best(state, self._candidates(state, uniform))
        return Proposal(state.proposals, state.root.origin, path or fresh(state, uniform), state.problem.budget)

    def adopt(self, state: SmboState, proposal: Proposal) -> SmboState:
        """One proposal more."""
        return adopted(state, proposal, traits(proposal.leaf, proposal.path))

    def tell(self, state: SmboState, outcome: Outcome) -> SmboState:
        """One outcome more."""
        return told(state, outcome)

    def promotable(self, state: SmboState) -> frozenset[int]:  # noqa: ARG002
        """None: every training ends with its trial."""
        return frozenset()

    def _candidates(self, state: SmboState, uniform: Callable[[], float]) -> dict[Path, Traits]:
        """New leaves: variants of the best trials, then random ones. Only their traits are kept: nodes are larger."""
        problem = state.problem
        scored = (trial for trial in state.told if trial.merit is not None)
        best = sorted(scored, key=lambda trial: trial.merit or 0.0, reverse=True)[: self.parents]
        parents = [steps(replay(problem.space, problem.input_shape, trial.path)) for trial in best]
        found = dict[Path, Traits]()

        def add(leaf: Node, path: Path) -> None:
            if path not in found and path not in state.seen:
                found[path] = traits(leaf, path)

        for _ in range(self.variants if parents[0] else 0):
            add(*variant(parents[int(uniform() * len(parents))], uniform))
        for _ in range(self.rollouts):
            leaf = sample(state.root, uniform)
            add(leaf, leaf.path)
        return found

    @on_one_thread
    def _best(self, state: SmboState, candidates: dict[Path, Traits]) -> Path | None:
        """The path of the largest expected improvement; None of no candidates."""
        if not candidates:
            return None
        known = self._remembered(state.told)
        targets = gaussian_ranks(merits(known))
        rows = [trial.features for trial in known]
        rows += (features for _, features in state.open.values())
        rows += candidates.values()
        groups = _groups(rows)
        supposed = suppose([group[: len(known)] for group in groups], targets)
        mean, deviation = posterior(groups, targets, len(state.open), supposed)
        return list(candidates)[first_best(expected_improvement(mean, deviation, float(targets.max())))]

    def _remembered(self, trials: Iterable[Told[Traits]]) -> Sequence[Told[Traits]]:
        everything = list(trials)
        if len(everything) <= self.memory:
            return everything
        worth = merits(everything)
        ranked = [everything[i] for i in sorted(range(len(everything)), key=worth.__getitem__, reverse=True)]
        half = self.memory // 2
        best, rest = ranked[:half], ranked[half:]
        return best + [rest[i * len(rest) // (self.memory - half)] for i in range(self.memory - half)]


def _groups(rows: Sequence[Traits]) -> list[Matrix]:
    """The features by group, scaled so that two different options, or both ends of a number, are 1 apart."""
    options, numbers, structure = ([getattr(row, each) for row in rows] for each in ("options", "numbers", "structure"))
    groups = [
        matrix(options, vocabulary(options)) / math.sqrt(2),
        matrix(numbers, vocabulary(numbers), MIDDLE),
        matrix(structure, vocabulary(structure)),
    ]
    return [group for group in groups if group.shape[1]] or groups[:1]
