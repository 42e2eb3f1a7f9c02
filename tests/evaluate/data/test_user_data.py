"""Data of a person's own: what their function may return, and what is refused with the array and the remedy."""

import json
import os
import sys
import threading
from textwrap import dedent

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.setting import BadSetting
from archwright.evaluate.data.dataset import BadData, summarize_dataset
from archwright.evaluate.data.loading import UnknownData, describe_dataset, is_user_data, load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.data.user_data import UserDataFailed, UserSource
from archwright.evaluate.data_settings import DataFunction
from archwright.evaluate.logged_evaluations import evaluation_from_json, evaluation_to_json
from archwright.store.needed import DataNeeded
from archwright.store.origins import hash_source
from archwright.store.user_code import NoSuchAttribute, NoSuchSource, load_object

CPU = torch.device("cpu")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes data.py, and gives the source of its function `load`, which returns what `expression` says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(expression: str, prelude: str = "") -> str:
        torch_import = "import torch\n" if "torch" in expression else ""
        text = f"import numpy as np\n{torch_import}import archwright as aw\n{dedent(prelude)}\n"
        (tmp_path / "data.py").write_text(f"{text}def load():\n    return {expression}\n")
        return "data.py:load"

    return write


LABELS = '"labels": np.arange(60) % 3'
TOKENS = '{"inputs": np.arange(300).reshape(60, 5) % 7, "input": aw.tokens(7, 5), ' + LABELS + "}"


@pytest.mark.parametrize(
    ("expression", "expected", "dtype"),
    [
        (TOKENS, aw.tokens(7, 5), np.int64),
        ('{"inputs": np.zeros((60, 5), np.int32), "input": "tokens:9,5", ' + LABELS + "}", aw.tokens(9, 5), np.int64),
        ('{"inputs": torch.rand(60, 4), "labels": torch.arange(60) % 3}', aw.features(4), np.float32),
        ('{"inputs": np.arange(240).reshape(60, 4), "input": (4,), ' + LABELS + "}", aw.features(4), np.float32),
        ('{"inputs": np.ones((60, 2, 8)), ' + LABELS + "}", aw.signal(2, 8), np.float32),
        ('{"images": np.zeros((60, 6, 7), np.uint8), ' + LABELS + "}", aw.image(1, 6, 7), np.uint8),
        ('{"images": torch.rand(60, 3, 6, 7), ' + LABELS + "}", aw.image(3, 6, 7), np.uint8),
        ('{"images": np.ones((60, 6, 7, 3)), ' + LABELS + "}", aw.image(3, 6, 7), np.uint8),
    ],
)
def test_arrays_are_read_as_inputs_of_their_type(own, expression, expected, dtype):
    """The coordinator is told as much by another process."""
    source = own(expression)
    data = load_dataset(source)
    assert data.info == describe_dataset(source)
    assert (data.info.input, data.info.class_names) == (expected, ("0", "1", "2"))
    assert data.info.split_sizes == {"train": 38, "validation": 10, "test": 12}
    for split in (data.train, data.validation, data.test):
        assert split.images.dtype == dtype
        assert split.images.shape[1:] == expected.shape


def test_the_process_that_asks_does_not_import_the_file(own):
    """It may import torch."""
    before = set(sys.modules)
    describe_dataset(own(TOKENS))
    assert not [name for name in set(sys.modules) - before if name.startswith("data_")]


def test_splits_and_class_names_are_those_that_are_given(own):
    """Labels are places among the names, or the names themselves."""
    prelude = "def part(n):\n    return np.full((n, 4), 0.5)"
    source = own(
        '{"train_inputs": part(20), "train_labels": ["cat", "dog"] * 10, "val_inputs": part(6), '
        '"val_labels": [1, 0] * 3, "test_inputs": part(4), "test_labels": ["dog", "cat"] * 2, '
        '"classes": ["dog", "cat"]}',
        prelude,
    )
    data = load_dataset(source)
    assert data.info.class_names == ("dog", "cat")
    assert data.info.split_sizes == {"train": 20, "validation": 6, "test": 4}
    assert data.train.labels[:2].tolist() == [1, 0]
    assert data.validation.labels[:2].tolist() == [1, 0]
    assert data.test.labels[:2].tolist() == [0, 1]
    assert "data.py:load: 4, 2 classes (dog, cat): train 20" in summarize_dataset(data.info)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[1, 2]", "must return a mapping of names to arrays"),
        ('{"image": 1, "labels": [0]}', "returned an array 'image', which has no meaning; did you mean images"),
        ('{"inputs": np.zeros((9, 3))}', "returned inputs without labels"),
        ('{"labels": [0]}', "returned no 'images' and no 'inputs'"),
        ('{"inputs": np.zeros((9, 3)), "labels": [0]}', "labels of data.py:load are of shape (1,); they must be 9"),
        ('{"inputs": np.zeros((60, 3), int), ' + LABELS + "}", "inputs of data.py:load are int64; say what they are"),
        (TOKENS.replace("% 7", "% 8"), "have a token outside, in input 1; they must be in [0, 7), the vocabulary"),
        (TOKENS.replace("% 7", "/ 7"), "tokens are integers: convert them with astype('int64')"),
        (TOKENS.replace("(7, 5)", "(7, 6)"), "are of shape (5,), and an input is tokens:7,6"),
        ('{"inputs": np.full((60, 3), np.nan), ' + LABELS + "}", "have a number that is not finite, in input 0"),
        ('{"inputs": np.zeros((60, 3, 4, 4)), ' + LABELS + "}", "are images; name the array images"),
        ('{"images": np.full((60, 4, 4), -1.0), ' + LABELS + "}", "images of data.py:load are float64 from -1 to 0"),
        ('{"inputs": np.array([None] * 60), ' + LABELS + "}", "it must be an array of numbers or texts"),
    ],
)
def test_what_is_no_data_is_refused(own, expression, message):
    """With the array, where it is from, and the remedy; the same from the process that describes it."""
    source = own(expression)
    for refuse in (load_dataset, describe_dataset):
        with pytest.raises(BadData) as error:
            refuse(source)
        assert message in str(error.value)


def test_a_function_that_raises_shows_its_traceback(own):
    """From the person's first line on."""
    source = own("1 / 0")
    for refuse in (load_dataset, describe_dataset):
        with pytest.raises(UserDataFailed, match=r"(?s)data.py:load failed:.*ZeroDivisionError"):
            refuse(source)


def test_a_name_that_leads_nowhere_is_refused(own):
    """A file or an attribute that is not there; a misspelt kind of path is told as before."""
    own(TOKENS)
    with pytest.raises(NoSuchSource, match="there is no file"):
        load_dataset("dat.py:load")
    with pytest.raises(NoSuchAttribute, match="did you mean load"):
        load_dataset("data.py:loda")
    with pytest.raises(UnknownData, match="did you mean folder:PATH"):
        describe_dataset("foldr:sky")
    assert [is_user_data(name) for name in ("digits", "folder:sky", "npz:a.npz", "data.py:load")] == [False] * 3 + [
        True
    ]


@given(st.integers(2, 9), st.integers(1, 6))
def test_integers_are_not_normalised_and_floats_are(vocabulary, length):
    """Of floats, each feature has mean 0 and deviation 1 over the training data."""
    draw = np.random.RandomState(0)
    arrays = {"labels": np.arange(40) % 2, "inputs": draw.randint(vocabulary, size=(40, length))}
    tokens = to_device(make_dataset({**arrays, "input": aw.tokens(vocabulary, length)}), CPU)
    assert tokens.normalisation is None
    assert tokens.normalised(tokens.train.images) is tokens.train.images
    assert tokens.with_pixel_normalisation is tokens
    floats = to_device(make_dataset({**arrays, "inputs": draw.rand(40, length) * 1e-3}), CPU)
    normalised = floats.normalised(floats.train.images)
    torch.testing.assert_close(normalised.mean(0), torch.zeros(length), atol=1e-3, rtol=0)
    torch.testing.assert_close(normalised.std(0, correction=0), torch.ones(length), atol=1e-3, rtol=0)
    assert floats.normalisation is not None
    assert floats.normalisation.granularity == "feature"


def make_dataset(arrays):
    """The data set of arrays, all of them for training."""
    from archwright.evaluate.data.dataset import DataInfo, Dataset

    source = UserSource("tests.evaluate.data.test_user_data:RETURNED")
    RETURNED.arrays = arrays
    info = source.describe()
    train, _, _ = source.read()
    nothing = train.take(np.arange(0))
    return Dataset(DataInfo("own", info.input, info.class_names, len(train), 0, 0), train, nothing, nothing)


class Returned:
    """A function that returns what it was told last."""

    arrays: object = None

    def __call__(self) -> object:
        return self.arrays


RETURNED = Returned()


def test_a_function_is_data_by_the_name_under_which_other_processes_find_it(own, tmp_path):
    """By its file if it was loaded by that; a function that no other process can import goes by value."""
    load = load_object(own(TOKENS))
    source = f"{tmp_path / 'data.py'}:load"
    assert aw.Training(load) == aw.Training(source)
    assert aw.Function("a.py:b", data=load).data == source
    assert aw.Training(np.random.default_rng).data == "numpy.random:default_rng"
    sent = aw.Training(own).data
    assert isinstance(sent, DataFunction)
    assert (sent.source, sent.target) == (f"{__name__}:own.<locals>.write", own)
    assert sent.text is not None
    assert sent.text.startswith("    def write(")
    with pytest.raises(BadSetting, match=r"it is a name, or a function"):
        aw.Training(np.float32(1))


def make_load(classes, *held):
    def load():
        assert held is not None
        return {"inputs": np.zeros((60, 4)), "labels": np.arange(60) % classes}

    return load


def test_a_function_by_value_is_described_by_another_process():
    """What cannot be sent there is described in this one."""
    for held in ((), (threading.Lock(),)):
        function = DataFunction.of(make_load(3, *held))
        data = load_dataset(function)
        assert data.info == describe_dataset(function)
        assert data.info.name == f"{__name__}:make_load.<locals>.load"
        assert (data.info.input, data.info.classes) == (aw.features(4), 3)

    def tell():
        return {"inputs": np.zeros((60, 4)), "labels": np.arange(60) % 2, "classes": [str(os.getpid()), "other"]}

    assert describe_dataset(DataFunction.of(tell)).class_names[0] != str(os.getpid())


def test_what_a_function_by_value_raises_is_told_with_its_traceback():
    def fail():
        raise KeyError("nothing here")

    with pytest.raises(UserDataFailed, match=r"fail failed:(?s:.*)KeyError: 'nothing here'"):
        describe_dataset(DataFunction.of(fail))


@pytest.mark.parametrize("evaluation", [aw.Training(make_load(3)), aw.Function("a.py:b", data=make_load(3))])
def test_a_log_has_the_text_of_a_function_and_a_process_without_it_asks_for_it(evaluation):
    logged = json.loads(json.dumps(evaluation_to_json(evaluation)))
    assert logged["data"] == f"{__name__}:make_load.<locals>.load"
    assert logged["data_code"]["text"].startswith("    def load():")
    assert logged["data_code"]["sha256"] == hash_source(logged["data_code"]["text"])
    again = evaluation_from_json(logged)
    assert again == evaluation
    assert (again.sent_code, again.data.target) == ([logged["data"]], None)
    with pytest.raises(DataNeeded, match=r"make_load.<locals>.load, which no other .* give it: data=load$"):
        again.describe_data()
    assert "data_code" not in evaluation_to_json(aw.Training("digits"))
