"""What the command line does with a study, and with configurations that a person enqueues."""

import json

import pytest

import archwright as aw
from tests.cli.running import read_json, run_command
from tests.search.instant import SPACE

LOG_NAME = "archwright.duckdb"
QUEUE = [{"0.settings.optimizer": "sgd"}, {"0.settings.optimizer": "adam"}]


@pytest.fixture
def study(cli, tmp_path):
    """The command in a folder whose log has a study that was left with an open trial and one that waits."""
    log = tmp_path / LOG_NAME
    with aw.study(SPACE, input=aw.image(1, 8, 8), name="mine", log=log, enqueue=QUEUE) as study:
        for score in (0.25, 0.75, 0.5):
            study.tell(study.ask(), score, seconds=2)
        study.ask()
        study.enqueue({"1.repeat.count": 2})
    return cli


def test_a_study_is_shown_with_what_was_enqueued(study):
    shown = study("show", "mine")
    assert shown.code == 0
    assert "closed" in shown.out
    assert "trials 0, 1; waiting: 1.repeat.count=2" in shown.out
    assert "1 of its trials is open" in shown.out
    assert "budget" not in shown.out, "nobody named one"
    assert "go on with: aw.study(name='mine')" in shown.out
    assert json.loads(study("show", "mine", "--json").out)["queue"][0]["choices"] == {"1.repeat.count": 2}
    assert "closed" in study("runs").out
    assert "0.75" in study("best", "mine").out
    assert study("show", "mine", "1").code == 0
    assert study("sql", "select status from runs", "--format", "csv").out == "status\nclosed\n"
    assert study("plot", "mine", "--output", "mine.svg").code == 0


def test_enqueued_trials_are_verified_apart(study):
    done = study("replay", "mine", "--verify")
    assert done.code == 0
    assert "makes its 2 proposals again, as logged, and the other 2 have what was enqueued" in done.out
    record = json.loads(study("replay", "mine", "--verify", "--json").out)
    assert (record["proposals"], record["enqueued"]) == (4, 2)
    assert "next: trial 4, enqueued" in study("replay", "mine").out
    assert json.loads(study("replay", "mine", "--json").out)["next"]["enqueued"] == 2


def test_a_study_is_not_resumed_as_a_search(study):
    """It is told how it goes on; a fork says so, too."""
    done = study("resume", "mine")
    assert done.code == 2
    assert "mine is a study, and its trials are told, not run: go on with aw.study(name='mine')" in done.err
    forked = study("fork", "mine", "--at", "6", "--name", "other")
    assert forked.code == 0
    assert "aw.study(name='other')" in forked.out
    done = study("retrain", "mine", "1")
    assert done.code == 2
    assert "whoever told their outcomes" in done.err
    assert "--data" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["error", "time", "status"])
def test_a_metric_may_be_called_as_a_column_is(cli, tmp_path, metric):
    """Each column has what its name says: what went wrong is not in the place of the score."""
    with aw.study(SPACE, input=aw.image(1, 8, 8), name="mine", objective=metric, log=tmp_path / LOG_NAME) as study:
        study.tell(study.ask(), 0.125)
        study.tell(study.ask(), failed="no luck")
    head, first, second = cli("show", "mine").out.partition("\ntrial ")[2].splitlines()[:3]
    assert f"metric.{metric}" in head.split()
    assert "0.1250" in first.split()
    assert "no luck" in second


def test_a_trial_of_a_study_is_exported_untrained_and_retrained_on_data(cli, tmp_path):
    log = tmp_path / LOG_NAME
    with aw.study("digits", name="mine", log=log) as study:
        study.tell(study.ask(), 0.5)
    done = run_command(tmp_path, "export", "mine", "best", "model", "--untrained")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "architecture.json").exists()
    assert cli("export", "mine", "best", "other").code == 2
    done = run_command(
        tmp_path, "retrain", "mine", "best", "--data", "digits", "--budget", "1epochs", "--seeds", "1", "--name", "long"
    )
    assert done.returncode == 0, done.stderr
    assert read_json(tmp_path, "best", "long")[0]["metric"] == "test_accuracy"


WORDS = ("digits", "--evaluator", "score.py:score", "--name", "mine")


def test_a_file_of_known_configurations_is_tried_first(cli, tmp_path):
    """Of a search, and again when it is resumed; a trial's JSON is a configuration."""
    known = tmp_path / "known.json"
    choices = dict(aw.sample(aw.root(aw.named_space("digits"), (1, 8, 8)), iter([0.3] * 99).__next__).path)
    name, value = next(iter(choices.items()))
    known.write_text(json.dumps([choices, {name: value}]))
    done = run_command(tmp_path, "search", *WORDS, "--trials", "3", "--enqueue", "known.json")
    assert done.returncode == 0, done.stderr
    run = read_json(tmp_path, "show", "mine")
    assert [trial.get("enqueued") for trial in run["trials"]] == [0, 1, None]
    assert run["trials"][0]["choices"] == choices
    assert run["trials"][1]["choices"][name] == value
    assert run["queue"] == []
    known.write_text(json.dumps(read_json(tmp_path, "best", "mine")[:1]))
    done = run_command(tmp_path, "resume", "mine", "--trials", "+2", "--enqueue", "known.json")
    assert done.returncode == 0, done.stderr
    run = read_json(tmp_path, "show", "mine")
    assert [trial.get("enqueued") for trial in run["trials"]][3:] == [2, None]
    assert "have what was enqueued" in cli("replay", "mine", "--verify").out


def write_known(folder, content) -> None:
    (folder / "known.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_paths_and_single_choices_are_tried_first_by_several_workers(tmp_path):
    """In their order, in a search and when it goes on; what is wrong with a file leaves the run as it was."""
    (tmp_path / "score.py").write_text("def score(architecture):\n    return 1.0\n")
    leaf = aw.sample(aw.root(aw.named_space("digits"), (1, 8, 8)), iter([0.6] * 99).__next__)
    name, value = leaf.path[0]
    write_known(tmp_path, [list(map(list, leaf.path)), {name: value}, {}])
    done = run_command(tmp_path, "search", *WORDS, "--trials", "4", "--workers", "2", "--enqueue", "known.json")
    assert done.returncode == 0, done.stderr
    run = read_json(tmp_path, "show", "mine")
    assert [trial.get("enqueued") for trial in run["trials"]] == [0, 1, 2, None]
    assert run["trials"][0]["choices"] == dict(leaf.path)
    assert run["trials"][1]["choices"][name] == value
    for content, says in (("", "no JSON"), ("[3]", "configuration 1"), ('{"x": 1}', "configuration 1: ")):
        write_known(tmp_path, content)
        done = run_command(tmp_path, "resume", "mine", "--trials", "+1", "--enqueue", "known.json")
        assert (done.returncode, done.stdout) == (2, "")
        assert "known.json" in done.stderr
        assert says in done.stderr
        assert read_json(tmp_path, "show", "mine") == run
    write_known(tmp_path, [[[name, value]]])
    done = run_command(tmp_path, "resume", "mine", "--trials", "+2", "--workers", "2", "--enqueue", "known.json")
    assert done.returncode == 0, done.stderr
    trials = read_json(tmp_path, "show", "mine")["trials"]
    assert [(trial.get("enqueued"), trial["status"]) for trial in trials[4:]] == [(3, "ok"), (None, "ok")]
    assert trials[4]["choices"][name] == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "known.json is no JSON"),
        ("", "known.json is no JSON"),
        ('{"a": 1, "a": 2}', "known.json: a is given twice"),
        ('[{}, {"0.conv2d.filter": 1}]', "known.json, configuration 2: "),
    ],
)
def test_what_is_wrong_with_a_file_is_told_and_nothing_is_logged(tmp_path, text, says):
    (tmp_path / "known.json").write_text(text)
    (tmp_path / "score.py").write_text("def score(architecture):\n    return 1.0\n")
    done = run_command(tmp_path, "search", *WORDS, "--trials", "1", "--enqueue", "known.json")
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "archwright.duckdb").exists()


def test_a_file_with_a_value_that_no_choice_has_is_named_with_the_choice(tmp_path):
    (tmp_path / "score.py").write_text("def score(architecture):\n    return 1.0\n")
    choice = aw.root(aw.named_space("digits"), (1, 8, 8)).choice
    assert choice is not None
    (tmp_path / "known.json").write_text(json.dumps({choice.name: "nothing"}))
    done = run_command(tmp_path, "search", *WORDS, "--trials", "1", "--enqueue", "known.json")
    assert done.returncode == 2
    for word in ("known.json", "configuration 1", choice.name, "nothing"):
        assert word in done.stderr
    done = run_command(tmp_path, "search", *WORDS, "--trials", "1", "--enqueue", "none.json")
    assert done.returncode == 2
    assert "none.json" in done.stderr
