"""An evaluator's settings survive a log, and bad ones are named."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.setting import BadSetting, UnknownSetting
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.evaluation_kinds import EVALUATION_CLASSES, UnknownEvaluation
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_from_json, evaluation_to_json
from archwright.evaluate.tables.fcnet import Fcnet
from archwright.evaluate.tables.nasbench201 import DATASET_CLASSES, Nasbench201
from archwright.evaluate.tables.tabular import RUNS
from archwright.evaluate.training.evaluation import Training

configs = st.one_of(
    st.builds(
        Training,
        data=st.text(),
        device=st.sampled_from(["auto", "cpu", "cuda", "cuda:3", "mps"]),
        validation=st.floats(0.01, 0.99),
        keep=st.sampled_from(["best", "last"]),
        settings=st.dictionaries(st.text(), st.integers() | st.booleans() | st.text()),
        overrides=st.dictionaries(st.text(), st.integers() | st.booleans() | st.text()),
    ),
    st.builds(Training, keep=st.just("last"), train_on=st.sampled_from(["train", "train+validation"])),
    st.builds(Function, source=st.text(), metric=st.text(), threads=st.integers(0, 9)),
    st.builds(Nasbench201, table=st.text(), dataset=st.sampled_from(list(DATASET_CLASSES)), runs=st.sampled_from(RUNS)),
    st.builds(Fcnet, table=st.text(), runs=st.sampled_from(RUNS)),
    st.builds(Function, source=st.text(), by_value=st.just(True), source_text=st.text(), source_hash=st.text()),
)


@given(configs)
def test_json_of_a_configuration_gives_it_back(config):
    assert evaluation_from_json(json.loads(json.dumps(evaluation_to_json(config)))) == config


@pytest.mark.parametrize("kind", EVALUATION_CLASSES)
def test_every_evaluation_has_the_whole_protocol(kind):
    """Under its own kind, and with nothing of it abstract."""
    cls = EVALUATION_KIND.find_class(kind)
    assert cls.kind == kind
    assert not [name for name in dir(Evaluation) if not name.startswith("_") and not hasattr(cls, name)]
    assert not cls.__abstractmethods__


def test_what_describes_itself_loads_neither_torch_nor_numpy():
    program = (
        "import sys, archwright.evaluate.functions.evaluation, archwright.evaluate.training.evaluation\n"
        "sys.exit([name for name in ('torch', 'numpy') if name in sys.modules] or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_function_that_is_imported_is_logged_as_it_always_was_and_an_object_never():
    function = Function("own.py:score", target=print)
    names = {"by_value", "source_text", "source_hash", "target"}
    assert not names & evaluation_to_json(function).keys()
    assert function == Function("own.py:score"), "what it is called by is no part of its value"
    with pytest.raises(UnknownSetting):
        evaluation_from_json({**evaluation_to_json(function), "target": "os:abort"})


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        ({"kind": "trainig"}, UnknownEvaluation, "did you mean training?"),
        ({"kind": "training", "dta": "digits"}, UnknownSetting, "did you mean data"),
        ({"kind": "training", "device": "gpu"}, BadSetting, "device is 'gpu'; it may be auto, cpu, cuda"),
        ({"kind": "training", "validation": 1.0}, BadSetting, "validation is 1; it is a fraction"),
        ({"kind": "training", "keep": "first"}, BadSetting, "keep is 'first'; it may be best or last"),
        (
            {"kind": "training", "train_on": "test"},
            BadSetting,
            "train_on is 'test'; it may be train or train+validation",
        ),
        (
            {"kind": "training", "train_on": "train+validation"},
            BadSetting,
            "no examples are left to choose an epoch by",
        ),
    ],
)
def test_a_bad_setting_is_named_with_its_remedy(data, error, told):
    with pytest.raises(error) as caught:
        evaluation_from_json(data)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("config", "usual"),
    [(Training(), 1), (Function("a.py:b"), 1), (Nasbench201("a.npz"), 0), (Fcnet("a.npz"), 0)],
)
def test_the_best_model_is_kept_where_there_are_models(config, usual):
    """Unless a person says otherwise."""
    assert config.leaves_models == bool(usual)


LEAVES = aw.sequential(aw.optional(aw.settings(flip=True)), aw.affine(10))


EITHER = aw.either(aw.settings(crop=[1, 2]), aw.sequential(aw.settings(crop=3), aw.relu()))


@pytest.mark.parametrize(
    ("space", "settings", "says"),
    [
        (
            aw.settings(lr_init=[0.1, 0.2]),
            {"learning_rate": 0.5},
            ["learning_rate does nothing: the space sets lr_init"],
        ),
        (aw.settings(flip=True), {"flip": False, "crop": 1}, ["flip does nothing: the space sets flip"]),
        (aw.sequential(aw.residual(EITHER)), {"crop": 4}, ["crop does nothing: the space sets crop"]),
        (LEAVES, {"flip": False}, []),
        (aw.repeat(aw.settings(flip=True), [0, 1]), {"flip": False}, []),
    ],
)
def test_what_a_space_sets_in_every_model_need_not_be_set(space, settings, says):
    """In a line each, of a training and of a function, whose names are its own."""
    remarks = Training(settings=settings).list_overruled_settings(space)
    assert list(remarks) == [f"{line} in every model" for line in says]
    assert not Function("a.py:b", settings={"lr_init": 1}).list_overruled_settings(aw.settings(learning_rate=2))
    assert not Nasbench201("a.npz").list_overruled_settings(space)
