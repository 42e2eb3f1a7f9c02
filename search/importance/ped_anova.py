"""PED-ANOVA: what matters for being among the best trials (Watanabe, Bansal and Hutter 2023, arXiv 2304.10255).

Where hyperparameters are active in some trials only, or chosen of several domains, as conditional PED-ANOVA has it
(Baba, Ozaki and Watanabe 2026, arXiv 2601.20800, theorem 4.2): trials are parted by the domain of which it was chosen,
and the sum over these regimes of a^2 / b times the Pearson divergence counts, with a the share of the best trials that
are in it, and b the share of all. So what chooses the regime is not credited to what is chosen in it.
"""

import math
from collections.abc import Sequence

import numpy as np

from archwright.core.domain import Domain, Values
from archwright.core.hyperparameter import is_analyzed_in_full
from archwright.core.value import Value
from archwright.search.importance.analyzed_trial import AnalyzedTrial
from archwright.search.magnitude import FloatArray

BEST_SHARE = 0.1  # of the trials are the best ones; those that are as good as the last of them are, too
MIN_BEST_TRIALS = 2
DENSITY_CELLS = 50  # in which the positions of a number are counted, unless it has fewer values
# Of kernels, in cells: at least this, so that nine tenths of one lie in its own cell.
MIN_BANDWIDTH = 0.5 / 1.645


def select_best(trials: Sequence[AnalyzedTrial], sign: float) -> list[AnalyzedTrial]:
    """The best tenth of the trials, two at least, and those that are as good as the last of them; `sign` 1: more is."""
    count = max(MIN_BEST_TRIALS, math.ceil(BEST_SHARE * len(trials)))
    ranked = sorted((sign * trial.score for trial in trials), reverse=True)
    return [trial for trial in trials if sign * trial.score >= ranked[min(count, len(ranked)) - 1]]


def compute_best_shares(trials: Sequence[AnalyzedTrial], names: Sequence[str], sign: float) -> list[float]:
    """How much each hyperparameter matters for being among the best trials, in shares that add up to 1, or all 0."""
    best = select_best(trials, sign)
    divergences = [_compute_conditional_divergence(trials, best, name) for name in names]
    total = math.fsum(divergences)
    return [divergence / total if total > 0 else 0.0 for divergence in divergences]


def _compute_conditional_divergence(trials: Sequence[AnalyzedTrial], best: Sequence[AnalyzedTrial], name: str) -> float:
    """The sum over the domains of which a hyperparameter was chosen; where it was not active adds nothing."""
    total, best_numbers = 0.0, {trial.trial for trial in best}
    active = [trial for trial in trials if name in trial.domains]
    for domain in dict.fromkeys(trial.domains[name].plain for trial in active):
        regime = [trial for trial in active if trial.domains[name].plain == domain]
        values = [trial.values[name] for trial in regime]
        best_values = [trial.values[name] for trial in regime if trial.trial in best_numbers]
        if best_values:
            a, b = len(best_values) / len(best), len(regime) / len(trials)
            total += a * a / b * compute_divergence(domain, best_values, values)
    return total


def compute_divergence(domain: Domain, best: Sequence[Value], values: Sequence[Value]) -> float:
    """The Pearson divergence of the density of the `best` values from that of all `values`, which are in the domain."""
    p, q = estimate_density(domain, best), estimate_density(domain, values)
    return float(q @ (p / q - 1.0) ** 2)


def estimate_density(domain: Domain, values: Sequence[Value]) -> FloatArray:
    """[cells]: the share of each cell of the domain, as some values in it suggest.

    Each category or number has a cell where there are few; otherwise, DENSITY_CELLS of equal length in the scale of the
    domain. Each value has a kernel: all of it on its category, or a normal with Scott's bandwidth along an order. A
    uniform one stands for a value more, so that no cell is empty.
    """
    if is_analyzed_in_full(domain) and ((domain.size or 0) <= DENSITY_CELLS or not _is_ordered(domain)):
        places = {value: place for place, value in enumerate(domain.order if isinstance(domain, Values) else domain)}
        cells, count = np.array([places[value] for value in values]), len(places)
    else:
        count = DENSITY_CELLS
        cells = np.array([min(int(domain.to_unit(value) * count), count - 1) for value in values])
    kernels = _make_kernels(_find_bandwidth(cells), count) if _is_ordered(domain) else np.eye(count)
    return (kernels[cells].sum(axis=0) + 1 / count) / (len(values) + 1)


def _is_ordered(domain: Domain) -> bool:
    return not isinstance(domain, Values) or domain.ordered


def _find_bandwidth(cells: FloatArray) -> float:
    """By the normal reference rule of Scott (1992), with the quartiles where they are nearer: in cells."""
    deviation = float(cells.std(ddof=1)) if len(cells) > 1 else 0.0
    low, high = np.quantile(cells, [0.25, 0.75]).tolist()
    spread = min(deviation, (high - low) / 1.34) if high > low else deviation
    return max(1.059 * spread * len(cells) ** -0.2, MIN_BANDWIDTH)


def _make_kernels(bandwidth: float, count: int) -> FloatArray:
    """[cells, cells]: of a normal around the middle of each cell, cut off at both ends, the share of every cell."""
    edges = (np.arange(-count, count + 1) + 0.5) / bandwidth
    below = np.array([0.5 * math.erfc(-edge / math.sqrt(2)) for edge in edges.tolist()])
    offsets = np.arange(count) - np.arange(count)[:, None] + count
    kernels = below[offsets] - below[offsets - 1]
    return kernels / kernels.sum(axis=1, keepdims=True)
