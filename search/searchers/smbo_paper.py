"""Sequential model-based optimisation as DeepArchitect has it: ridge regression on n-grams of module names."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import numpy as np
from attrs import frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.node import Node
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import number_setting, whole_setting
from archwright.core.traversal import sample
from archwright.search.magnitude import FloatArray, find_exponent, scale_down
from archwright.search.randomness import UniformStream
from archwright.search.searchers.history import History, adopt_proposal, impute_targets, observe, observe_again
from archwright.search.searchers.unseen import sample_unseen
from archwright.search.surrogates.features import list_chosen_parts
from archwright.search.surrogates.named_features import build_vocabulary, to_matrix
from archwright.search.surrogates.ngrams import NgramFeatures, extract_ngram_features
from archwright.search.surrogates.ridge import fit_ridge
from archwright.search.surrogates.surrogate import on_one_thread

PaperState = History[NgramFeatures]

RELEASED_CODE = "DeepArchitect's released code"
PREDICTION_DIGITS = 12  # after the point, of predictions for targets of at most 1: the next ones are the processor's


@name_wrong_fields
@final
@frozen
class SmboPaper:
    """The best of some random rollouts by ridge regression (section 5.4), with the released code's constants.

    Features are the number of modules and how often each n-gram of module names comes, of those that came often enough
    in the evaluated models; hyperparameters' values are not seen. With a small probability the order of the rollouts is
    random instead. Until there is an outcome, all predictions are equal. Other than in the released code, n-grams are
    counted to the last one, identities are left out everywhere, and no architecture is proposed again: where no rollout
    is new, a random leaf that is, and nothing once every leaf of a finite space was.

    Open trials are only not proposed again. A failed trial scores as the worst one did.
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
        return History(problem)

    def propose(self, state: PaperState, trial: int, uniform: UniformStream) -> Proposal | None:
        """The first rollout in order that is new, or else a random leaf; None once every leaf was proposed.

        Consumes numbers for the coin, each choice, and a random order.
        """
        root = state.problem.root
        is_random = uniform() < self.exploration
        rollouts = [sample(root, uniform) for _ in range(self.rollouts)]
        predictions = [uniform() for _ in rollouts] if is_random else self._predict(state, rollouts)
        in_order = sorted(zip(rollouts, predictions, strict=True), key=lambda rollout: -rollout[1])
        leaf = next((leaf for leaf, _ in in_order if leaf.path not in state.seen), None)
        by_model = leaf is not None and not is_random and bool(state.observations)
        leaf = leaf or sample_unseen(root, state.seen, uniform)
        return None if leaf is None else Proposal.of(trial, leaf, state.problem.budget, by_model=by_model)

    def adopt(self, state: PaperState, proposal: Proposal) -> PaperState:
        """One open trial more."""
        return adopt_proposal(state, proposal, extract_ngram_features(*list_chosen_parts(proposal.leaf)))

    def tell(self, state: PaperState, outcome: Outcome, uniform: UniformStream) -> PaperState:
        """One observation more."""
        return observe(state, outcome)

    def tell_again(self, state: PaperState, outcome: Outcome, uniform: UniformStream) -> PaperState:
        """The observation of a trial that was told before, as it is at a larger budget."""
        return observe_again(state, outcome)

    @on_one_thread
    def _predict(self, state: PaperState, leaves: Sequence[Node]) -> list[float]:
        """The score of each leaf as the ridge regression on all outcomes predicts it, in any unit; 0 without any."""
        if not state.observations:
            return [0.0] * len(leaves)
        observed = [trial.features for trial in state.observations]
        columns = build_vocabulary((features.ngrams for features in observed), self.occurrences)
        targets = np.array(impute_targets(state.observations))  # whose scale makes no difference to the order
        targets = scale_down(targets, find_exponent(targets))
        model = fit_ridge(_to_matrix(observed, columns), targets, self.penalty)
        candidates = [extract_ngram_features(*list_chosen_parts(leaf)) for leaf in leaves]
        return np.round(model.predict(_to_matrix(candidates, columns)), PREDICTION_DIGITS).tolist()


def _to_matrix(rows: Sequence[NgramFeatures], columns: Mapping[str, int]) -> FloatArray:
    """[rows, 1 + columns]: the number of modules, and the n-grams."""
    modules = np.array([[row.modules] for row in rows])
    return np.hstack([modules, to_matrix([row.ngrams for row in rows], columns)])
