"""Data frames: what they are made of."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.results.frames import NoFrameLibrary, UnknownFrameLibrary, make_frame, name_columns

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=3)
)
KINDS = (st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3), VALUES)
COLUMNS = st.one_of(*(st.lists(st.one_of(st.none(), kind), max_size=5) for kind in KINDS))
GROUPS = st.dictionaries(
    st.sampled_from(["trial", "metric", "choice"]),
    st.lists(st.sampled_from(["a", "metric.a", "choice.a", "b"]), unique=True),
)


@given(column=COLUMNS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_values_stay_what_they_are(library, column):
    module = pytest.importorskip(library)
    values = make_frame({"a": column}, library)["a"].to_list()
    is_missing = [value is None or value is getattr(module, "NA", None) or value != value for value in values]
    assert is_missing == [value is None for value in column]
    known = [(value, given) for value, given in zip(values, column, strict=True) if given is not None]
    assert all(value == given for value, given in known)


def test_the_first_library_that_is_installed_makes_the_frame(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    polars = pytest.importorskip("polars")
    assert isinstance(make_frame({"a": [1]}), polars.DataFrame)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(NoFrameLibrary, match=r"pandas or polars, which is not installed here; .* pip install pandas"):
        make_frame({"a": [1]})
    with pytest.raises(NoFrameLibrary, match=r"pip install polars"):
        make_frame({"a": [1]}, "polars")
    with pytest.raises(UnknownFrameLibrary, match="did you mean pandas"):
        make_frame({"a": [1]}, "panda")


def test_a_library_that_lacks_something_says_so(monkeypatch):
    def fail(_):
        raise ModuleNotFoundError("No module named 'pytz'", name="pytz")

    monkeypatch.setattr("archwright.results.frames.import_module", fail)
    with pytest.raises(ModuleNotFoundError, match="pytz"):
        make_frame({"a": [1]})


@given(groups=GROUPS)
def test_every_column_has_a_name_of_its_own(groups):
    names = name_columns(groups)
    assert len(set(names.values())) == len(names) == sum(map(len, groups.values()))
    assert list(names) == [(group, name) for group, columns in groups.items() for name in columns]
    assert all(column.endswith(name) for (_, name), column in names.items())
