"""A search over the settings of the training, from the command to the log."""

import pytest

from tests.cli.running import read_json, run_command, run_inline

SPACE = """
import archwright as aw

space = aw.sequential(
    aw.settings(
        recipe=["paper", "modern"],
        optimizer=["sgd", "adamw"],
        schedule=["cosine", "one_cycle"],
        warmup=aw.reals(0.0, 0.5),
        ema_decay=[0.0, 0.9],
        label_smoothing=aw.reals(0.0, 0.2),
        mixup=[0.0, 0.2],
        cutout=[0, 2],
        normalisation=["channel", "pixel"],
        initialization=["he", "released"],
    ),
    aw.affine(units=10),
)
"""


@pytest.mark.slow
def test_a_space_over_settings_is_searched_and_what_it_leaves_open_is_set(tmp_path):
    (tmp_path / "recipes.py").write_text(SPACE)
    words = ("--trials", "6", "--budget", "1epochs", "--train", "batch_size=64", "--train", "lr_min=1e-8")
    done = run_command(tmp_path, "search", "recipes.py:space", *words)
    assert done.returncode == 0, done.stderr
    trials = read_json(tmp_path, "show")["trials"]
    assert [trial["status"] for trial in trials] == ["ok"] * 6
    for name, count in {"recipe": 2, "optimizer": 2, "ema_decay": 2, "normalisation": 2, "warmup": 6}.items():
        assert len({trial["choices"][f"0.settings.{name}"] for trial in trials}) == count
    assert run_inline(tmp_path, "replay", "--verify").returncode == 0


def test_a_recipe_that_there_is_not_is_refused_with_those_that_there_are(cli, tmp_path):
    done = cli("search", "digits", "--train", "recipe=modren")
    assert done.code == 2
    assert "recipe of the training is 'modren'; it may be plain, paper, modern" in done.err
    assert not (tmp_path / "archwright.duckdb").exists()
