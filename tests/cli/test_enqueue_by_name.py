"""Architectures that go by a name are tried first."""

import pytest

import archwright as aw
from tests.cli.running import read_json, run_command

SCORE = "def score(architecture, input_shape):\n    return architecture.parameters(input_shape)\n"


def test_the_baselines_of_the_joint_space_are_tried_first(tmp_path):
    """By their names, several of them, beside files; a name that is none of them, or not in the space, is refused."""
    (tmp_path / "score.py").write_text(SCORE)
    (tmp_path / "known.json").write_text('{"initial_filters": 8}')
    words = ("search", "joint", "--evaluator", "score.py:score", "--name", "mine", "--trials", "4")
    queue = ("--enqueue", "shake26-2x32d", "--enqueue", "known.json", "--enqueue", "shake26-2x96d")
    done = run_command(tmp_path, *words, *queue)
    assert done.returncode == 0, done.stderr
    trials = read_json(tmp_path, "show", "mine")["trials"]
    assert [trial.get("enqueued") for trial in trials] == [0, 1, 2, None]
    assert [trials[i]["score"] for i in (0, 2)] == [2_923_162, 26_192_922]
    for name, says in (
        ("resnet18", "resnet18 cannot be enqueued: the architecture is not in the space: its"),
        (
            "digits",
            "digits is a space, of many architectures; those that go by a name are shake26-2x32d, shake26-2x64d",
        ),
        ("shake26-2x33d", "shake26-2x33d cannot be read"),
    ):
        done = run_command(tmp_path, "resume", "mine", "--trials", "+1", "--enqueue", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in " ".join(done.stderr.split())


def test_a_named_architecture_is_enqueued_in_python():
    """With as many outputs as the space has; beside choices."""
    space = aw.named_space("joint", 3)
    options = {"input": aw.image(3, 32, 32), "trials": 3, "workers": 0, "progress": False}

    def measure(architecture, input_shape):
        return architecture.parameters(input_shape)

    run = aw.search(space, measure, enqueue=["shake26-2x64d", {"initial_filters": 9}], **options)
    assert run.trials[0].architecture == aw.named_space("shake26-2x64d", 3)
    assert run.trials[1].choices["initial_filters"] == 9
    assert run.verify()
    with pytest.raises(aw.errors.NotInSpace, match="resnet18 cannot be enqueued"):
        aw.search(space, measure, enqueue="resnet18", **options)


def test_a_named_architecture_is_trained_alone():
    """It is a space of one model, by each name that goes where a space goes."""

    def measure(architecture, input_shape):
        return architecture.parameters(input_shape)

    run = aw.search("resnet18", measure, input=(3, 32, 32), trials=2, workers=0, progress=False)
    assert [trial.score for trial in run.trials] == [11_173_962] * 2
