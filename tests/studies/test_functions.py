"""A person's function with data and settings."""

import pytest

import archwright as aw
from archwright.core.setting import BadSetting
from archwright.evaluate.functions.signature import NotCallable


def test_a_function_gets_the_data_and_the_settings_that_it_is_given(tmp_path):
    """The architecture's own setting stands; the split is the one that is asked for."""
    seen = []

    def score(data, settings):
        seen.append((len(data.train.labels), len(data.validation.labels), dict(settings)))
        return 0.5

    space = aw.sequential(aw.settings(rate=[0.1, 0.2]), aw.affine(10))
    evaluation = aw.function(score, data="digits", validation=0.5, settings={"momentum": 0.9}, device="cpu", threads=1)
    run = aw.search(space, evaluation, trials=1, workers=0, progress=False, log=tmp_path / "log.duckdb")
    ((train, validation, settings),) = seen
    assert abs(train - validation) <= 10  # half of each class
    assert settings == {"rate": run.best().choices["0.settings.rate"], "momentum": 0.9}
    assert run.evaluation["data"] == "digits"
    assert str(run.input) == str(aw.image(1, 8, 8))


def test_what_is_no_function_or_no_setting_is_refused():
    with pytest.raises(NotCallable, match="the evaluation is 3"):
        aw.function(3)
    with pytest.raises(BadSetting):
        aw.function(print, device="quantum")
