"""Features by name are counted, and written as the columns of a matrix."""

import numpy as np

from archwright.search.surrogates.named_features import build_vocabulary, count_names, to_matrix


def test_vocabulary_keeps_what_comes_often_enough():
    """In all, a comes 3 times, b twice, c 3 times in one row: with 3 as the least, a and c have a column."""
    rows = [count_names(text) for text in ("aab", "ab", "ccc")]
    assert build_vocabulary(rows, 3) == {"a": 0, "c": 1}
    assert to_matrix(rows, build_vocabulary(rows, 3)).tolist() == [[2, 0], [1, 0], [0, 3]]
    assert list(build_vocabulary(rows)) == ["a", "b", "c"]


def test_matrix_of_what_is_missing():
    rows = [{"x": 0.25}, {"y": 1.0, "z": 3.0}]
    assert to_matrix(rows, {"x": 0, "y": 1}, missing=0.5).tolist() == [[0.25, 0.5], [0.5, 1.0]]
    assert to_matrix([{}, {}], {}).shape == (2, 0)


def test_columns_are_in_the_order_of_coming():
    """So a matrix is the same, to the last bit, whenever it is made again."""
    rows = [count_names("banana"), count_names("ananas")]
    assert list(build_vocabulary(rows)) == ["b", "a", "n", "s"]
    assert np.array_equal(to_matrix(rows, build_vocabulary(rows)), [[1, 3, 2, 0], [0, 3, 2, 1]])
