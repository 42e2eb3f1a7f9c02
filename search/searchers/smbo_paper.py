"""Sequential model-based optimisation as DeepArchitect has it: ridge regression on n-grams of module names."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import numpy as np
from attrs import frozen

from archwright.core.node import Node, root
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import number_setting, whole_setting
from archwright.core.traversal import sample
from archwright.search.magnitude import in_unit, unit_of
from archwright.search.randomness import uniforms
from archwright.search.searchers.history import Observed, adopted, merits, told
from archwright.search.searchers.unseen import fresh
from archwright.search.surrogates.features import Matrix, Names, matrix, names, vocabulary
from archwright.search.surrogates.ridge import ridge
from archwright.search.surrogates.surrogate import on_one_thread

PaperState = Observed[Names]


RELEASED_CODE = "DeepArchitect's released code"
DIGITS = 12  # after the point, of predictions for targets of at most 1: the next ones are the processor's


@final
@frozen
class SmboPaper:
    """The best of some random rollouts by ridge regression (section 5.4), with the released code's constants.

    Features are the number of modules and how often each n-gram of module names comes, of those that came often enough
    in the evaluated models; hyperparameters' values are not seen. With a small probability the order of the rollouts is
    random instead. Until there is an outcome, all predictions are equal. Other than in the released code, n-grams are
    counted to the last one, identities are left out everywhere, and no architecture is proposed again: where no rollout
    is new, a random leaf that is, and nothing once every leaf of a finite space was.

    Open proposals are only not proposed again. A failed trial scores as the worst one did.
    """

    name: ClassVar[str] = "smbo-paper"
    revision: ClassVar[int] = 3  # since it does not rest on how a processor rounds
    rollouts: int = whole_setting(50, low=1, meaning="random models to choose among", source=RELEASED_CODE)
    exploration: float = number_setting(
        0.25, high=1.0, meaning="the probability of a random choice", source=RELEASED_CODE
    )
    penalty: float = number_setting(1000.0, above=True, meaning="lambda of the ridge regression", source=RELEASED_CODE)
    occurrences: int = whole_setting(
        3, low=1, meaning="of an n-gram in the evaluated models, for it to be a feature", source=RELEASED_CODE
    )

    def start(self, problem: Problem) -> PaperState:
        """Nothing observed."""
        return Observed(problem, root(problem.space, problem.input_shape))

    def propose(self, state: PaperState) -> Proposal | None:
        """The first rollout in order that is new, or else a random leaf; None once every leaf was proposed.

        Consumes numbers for the coin, each choice, and a random order.
        """
        uniform = uniforms(state.problem.seed, state.proposals)
        explores = uniform() < self.exploration
        leaves = [sample(state.root, uniform) for _ in range(self.rollouts)]
        worth = [uniform() for _ in leaves] if explores else self._predicted(state, leaves)
        order = (leaf for leaf, _ in sorted(zip(leaves, worth, strict=True), key=lambda each: -each[1]))
        leaf = next((leaf for leaf in order if leaf.path not in state.seen), None) or fresh(
            state.root, state.seen, uniform
        )
        return None if leaf is None else Proposal.of(state.proposals, leaf, state.problem.budget)

    def adopt(self, state: PaperState, proposal: Proposal) -> PaperState:
        """One proposal more."""
        return adopted(state, proposal, names(proposal.leaf.architecture))

    def tell(self, state: PaperState, outcome: Outcome) -> PaperState:
        """One outcome more."""
        return told(state, outcome)

    def promotable(self, state: PaperState) -> frozenset[int]:
        """None: every training ends with its trial."""
        return frozenset()

    @on_one_thread
    def _predicted(self, state: PaperState, leaves: Sequence[Node]) -> list[float]:
        """What the model, fitted to all outcomes, expects of each leaf."""
        if not state.told:
            return [0.0] * len(leaves)
        known = [trial.features for trial in state.told]
        columns = vocabulary((each.ngrams for each in known), self.occurrences)
        targets = np.array(merits(state.told))  # whose unit makes no difference to the order
        model = ridge(_features(known, columns), in_unit(targets, unit_of(targets)), self.penalty)
        predicted = model.predict(_features([names(leaf.architecture) for leaf in leaves], columns))
        return np.round(predicted, DIGITS).tolist()


def _features(rows: Sequence[Names], columns: Mapping[str, int]) -> Matrix:
    """[rows, 1 + columns]: the number of modules, and the n-grams."""
    modules = np.array([[row.modules] for row in rows])
    return np.hstack([modules, matrix([row.ngrams for row in rows], columns)])
