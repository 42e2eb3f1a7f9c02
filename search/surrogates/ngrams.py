"""N-grams of the names of modules: what DeepArchitect's surrogate sees of an architecture."""

from typing import final

from attrs import frozen

from archwright.core.modules.basic import Identity
from archwright.core.term import Basic, Compound, Term
from archwright.search.surrogates.named_features import NamedFeatures, count_names

MAX_NGRAM_LENGTH = 4  # DeepArchitect's released loops give n = 1 to 4


@final
@frozen
class NgramFeatures:
    """What DeepArchitect's surrogate sees of an architecture: its number of modules, and n-grams of their names."""

    modules: float
    ngrams: NamedFeatures


def extract_ngram_features(*parts: Term) -> NgramFeatures:
    """The number of modules and the counts of n-grams, n = 1 to 4, to the last; identities are no modules here."""
    names = [name for part in parts for name in list_module_names(part)]
    lengths = range(1, MAX_NGRAM_LENGTH + 1)
    ngrams = (" ".join(names[i : i + n]) for n in lengths for i in range(len(names) - n + 1))
    return NgramFeatures(float(len(names)), count_names(ngrams))


def list_module_names(architecture: Term) -> list[str]:
    """The labels of the basic modules in order, identities left out; a tied module as often as it runs."""
    if isinstance(architecture, Identity):
        return []
    if isinstance(architecture, Basic):
        return [architecture.label]
    assert isinstance(architecture, Compound)
    return [name for child in architecture.subterms for name in list_module_names(child)] * architecture.copies
