"""N-grams of the names of modules, as the paper counts them."""

import archwright as aw
from archwright.search.surrogates.ngrams import NgramFeatures, extract_ngram_features, list_module_names
from tests.search.surrogates.spaces import PAPER, leaf_of


def test_modules_in_order_with_tied_copies_and_without_identities():
    """The settings come first and count, each copy of a tied module counts, the dropout that was not taken does not."""
    leaf = leaf_of(PAPER, 0.1, 2, 8, "identity")
    assert list_module_names(leaf.architecture) == ["settings", "conv2d", "relu", "conv2d", "relu", "affine"]


def test_ngrams_by_hand():
    """The names settings conv2d relu affine: four modules, and 4 + 3 + 2 + 1 n-grams, the last ones too."""
    found = extract_ngram_features(leaf_of(PAPER, 0.1, 1, 8, "identity").architecture)
    assert found.modules == 4
    assert dict(found.ngrams) == {
        "settings": 1,
        "conv2d": 1,
        "relu": 1,
        "affine": 1,
        "settings conv2d": 1,
        "conv2d relu": 1,
        "relu affine": 1,
        "settings conv2d relu": 1,
        "conv2d relu affine": 1,
        "settings conv2d relu affine": 1,
    }


def test_ngrams_are_counted():
    """With two copies: conv2d relu twice; of three in a row, conv2d relu conv2d and relu conv2d relu once each."""
    found = dict(extract_ngram_features(leaf_of(PAPER, 0.1, 2, 8, "identity").architecture).ngrams)
    assert (found["conv2d relu"], found["relu conv2d"], found["conv2d relu conv2d"], found["relu conv2d relu"]) == (
        2,
        1,
        1,
        1,
    )
    assert max(len(name.split()) for name in found) == 4


def test_values_of_hyperparameters_are_nothing_to_the_paper_model():
    a, b = (
        extract_ngram_features(leaf_of(PAPER, rate, 2, filters, "dropout").architecture)
        for rate, filters in ((0.1, 8), (0.9, 16))
    )
    assert a == b


def test_fewer_modules_than_the_longest_ngram():
    assert extract_ngram_features(aw.affine(10)) == NgramFeatures(1.0, {"affine": 1.0})
