"""A search of the digits for real, and what the other commands say of it afterwards."""

import json

import pytest

from archwright.evaluate.verdict import TRAINING_METRICS
from archwright.store.artifacts import locate_artifact, locate_run_folder, write_artifact
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted
from tests.cli.running import SCORE, read_json, run_command, run_inline
from tests.comparison_logs import write_full_table


def test_search_trains_and_shows_the_best_and_how_to_go_on(trained):
    _, done = trained
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "digits-1: random search of digits, seed 0"
    assert sum(line.endswith("began") for line in lines) == 3
    assert sum("epoch 1/1  accuracy 0." in line for line in lines) == 3
    assert any(line.startswith("best of 3 trials: trial ") for line in lines)
    assert any("archwright resume digits-1 --trials +16" in line for line in lines)


def test_coordinator_never_imports_torch(trained):
    assert trained[1].err.strip() == "torch imported: False"


def test_what_is_logged_is_what_was_asked_for(digits_log):
    started = DuckDBLog(digits_log).read("digits-1")[0].event
    assert isinstance(started, RunStarted)
    assert (started.space_source, started.input_shape, started.trials) == ("digits", (1, 8, 8), 3)
    assert str(started.budget) == "1epochs"


def test_settings_of_a_searcher_stand_behind_its_name_or_by_themselves(tmp_path):
    (tmp_path / "score.py").write_text(SCORE)
    words = ("search", "figure1", "--evaluator", "score.py:score", "--trials", "1")
    done = run_command(tmp_path, *words, "--searcher", "mcts,exploration=.1", "--set", "parts=2")
    assert done.returncode == 0, done.stderr
    started = DuckDBLog(tmp_path / "archwright.duckdb").read("figure1-1")[0].event
    assert isinstance(started, RunStarted)
    assert {"name": "mcts", "exploration": 0.1, "parts": 2}.items() <= started.searcher.items()


def test_costs_can_be_what_a_search_is_about_and_less_of_them_is_better(tmp_path):
    done = run_command(tmp_path, "search", "digits", "--metric", "flops", "--trials", "3", "--budget", "100examples")
    assert done.returncode == 0, done.stderr
    facts = read_json(tmp_path, "show")
    flops = [trial["metrics"]["flops"] for trial in facts["trials"]]
    assert facts["objective"] == {"metric": "flops", "direction": "minimize"}
    assert facts["best"]["score"] == min(flops) < max(flops)


def test_a_search_without_a_score_says_how_to_see_why(tmp_path):
    (tmp_path / "score.py").write_text(SCORE)
    done = run_command(tmp_path, "search", "figure1", "--evaluator", "score.py:fails", "--trials", "2")
    assert done.returncode == 1
    assert "error: no trial of figure1-1 has a score; trial 0 crashed: Traceback" in done.stderr
    (hint,) = (line for line in done.stdout.splitlines() if line.startswith("why none has a score:"))
    assert hint.split()[-4:] == ["archwright", "show", "figure1-1", "0"]
    assert "ValueError: the score has no number" in run_inline(tmp_path, "show", "figure1-1", "0").stdout


def test_a_metric_that_a_function_does_not_give_is_said_after_its_first_trial(tmp_path):
    (tmp_path / "score.py").write_text(SCORE)
    done = run_command(
        tmp_path, "search", "figure1", "--evaluator", "score.py:half", "--metric", "costs", "--seed", "4"
    )
    assert done.returncode == 2
    assert "the evaluator gives no metric 'costs', as trial " in done.stderr
    assert "did you mean cost?" in done.stderr
    assert "archwright resume" not in done.stdout


def test_settings_that_no_training_can_have_are_refused_before_anything_is_logged(tmp_path):
    (tmp_path / "own.py").write_text(
        "import archwright as aw\nspace = aw.sequential(aw.settings(lerning_rate=[0.1, 0.2]), aw.affine(units=10))\n"
    )
    done = run_command(tmp_path, "search", "own.py:space", "--trials", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the training has no setting 'lerning_rate'; did you mean learning_rate" in done.stderr
    assert [file.name for file in tmp_path.iterdir() if "duckdb" in file.name] == []


def test_the_models_of_another_log_are_left_alone(tmp_path):
    """The log was moved and its models were not: a new run gets another name, and one of that name is refused."""
    (tmp_path / "score.py").write_text(SCORE)
    kept = write_artifact(
        locate_artifact(locate_run_folder(tmp_path / "archwright.duckdb", "figure1-1"), 0, "model"), b"weights"
    )
    words = ("search", "figure1", "--evaluator", "score.py:score", "--trials", "1")
    done = run_command(tmp_path, *words, "--name", "figure1-1")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{kept.parent.parent} holds what an earlier run figure1-1 has left, which is not in the log" in done.stderr
    done = run_command(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert [each["run"] for each in read_json(tmp_path, "runs")] == ["figure1-2"]
    assert kept.read_bytes() == b"weights"


def test_every_reader_of_a_real_search(digits_log, cli):
    assert digits_log.exists()
    best = json.loads(cli("best", "--json").out)[0]
    trial = json.loads(cli("show", "digits-1", str(best["trial"]), "--json").out)
    assert trial["metrics"]["accuracy"] == best["score"] > 0
    assert set(trial["metrics"]) == set(TRAINING_METRICS)
    (kept,) = digits_log.parent.glob("archwright.duckdb.artifacts/digits-1/trial-*/model.safetensors")
    assert trial["model"] == str(kept)
    assert str(kept) in cli("show", "digits-1", str(best["trial"])).out
    others = [json.loads(cli("show", "digits-1", str(n), "--json").out) for n in range(3) if n != best["trial"]]
    assert [other["model"] for other in others] == [None, None]
    assert trial["parameters"] == trial["metrics"]["parameters"]
    table = cli("best").out.splitlines()
    assert all(cost in table[0] for cost in ("FLOPs", "latency"))
    assert f"{trial['metrics']['flops']:,.0f}" in table[1]
    assert f"{trial['metrics']['latency_seconds'] * 1000:.3g} ms" in table[1]
    assert cli("show", "digits-1").out.count(" ok ") >= 3
    rows = json.loads(cli("sql", "select best from runs", "--json").out)
    assert rows == [{"best": best["score"]}]
    assert cli("replay", "--verify").code == cli("verify").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("digts",), "did you mean digits"),
        (("digits", "--data", "cifar"), "did you mean cifar10"),
        (("digits", "--data", "npz:nowhere.npz"), "nowhere.npz"),
        (("digits", "--searcher", "randm"), "did you mean random"),
        (("digits", "--set", "width=3"), "no setting 'width'"),
        (("digits", "--set", "width"), "write name=value"),
        (("digits", "--searcher", "mcts,width=3"), "no setting 'width'"),
        (("digits", "--searcher", "mcts,parts=1"), "parts of the searcher mcts is 1; it may be"),
        (("digits", "--searcher", "mcts,parts=2", "--set", "parts=3"), "both give parts; keep one of them"),
        (("digits", "--train", "batchsize=64"), "did you mean batch_size"),
        (("digits", "--train", "batch_size=0"), "batch_size of the training is 0"),
        (("digits", "--budget", "5"), "5epochs, 30s or 50000examples"),
        (("digits", "--trial-timeout", "5epochs"), "90s, 10min or 1h"),
        (("digits", "--validation", "2"), "validation is 2"),
        (("digits", "--keep", "first"), "best or last"),
        (("digits", "--metric", "flop"), "did you mean flops"),
        (("digits", "--metric", "test_accuracy"), "for reports, not for a search"),
        (("digits", "--device", "gpu"), "auto, cpu, cuda"),
        (("digits", "--name", "a/b"), "letters, digits"),
        (("digits", "--input-shape", "1,8,8"), "that goes with an evaluator of one's own"),
        (("digits", "--evaluator", "score.py:scor"), "did you mean score"),
        (("digits", "--evaluator", "scor.py:score"), "score.py"),
        (("digits", "--evaluator", "score.py"), "score.py:function"),
        (("digits", "--evaluator", "no_such_module:score"), "no module 'no_such_module'"),
        (("digits", "--evaluator", "broken.py:score"), "SyntaxError"),
        (
            ("digits", "--evaluator", "score.py:score", "--device", "cpu"),
            "--device does nothing: score.py:score has no",
        ),
        (("digits", "--evaluator", "score.py:score", "--train", "flip=true"), "--train does nothing: score.py:score"),
        (
            ("digits", "--evaluator", "score.py:score,flip=true"),
            "error: flip does nothing: score.py:score has no param",
        ),
        (("digits", "--evaluator", "score.py:score", "--validation", "0.1"), "no parameter data"),
        (("digits", "--evaluator", "score.py:score", "--keep", "last"), "--keep is for training"),
        (("digits", "--evaluator", "nasbench201:t.npz", "--train", "flip=true"), "--train is for training"),
        (("figure1", "--evaluator", "nasbench201:t.npz"), "no file t.npz; give the path of the benchmark's .npz"),
        (("fcnet", "--evaluator", "fcnet:t.npz"), "no file t.npz; give the path of the benchmark's .npz"),
        (("figure1", "--evaluator", "nasbench201:t.npz", "--budget", "5epochs"), "has 12epochs and 200epochs"),
        (
            ("fcnet", "--evaluator", "fcnet:t.npz", "--budget", "3epochs"),
            "is 3epochs; the table of fcnet has 100epochs",
        ),
        (("fcnet", "--evaluator", "fcnet:t.npz", "--budget", "100s"), "is 100s; the table of fcnet has 100epochs"),
        (("digits", "--evaluator", "own_train.py:train", "--data", "digits"), "has the parameters modle, n, for which"),
        (
            ("digits", "--evaluator", "own_train.py:with_data"),
            "own_train.py:with_data reads data, and nothing says which data set: give one, "
            "as in --data digits (aw.function(..., data='digits') in Python)",
        ),
        (
            ("digits", "--evaluator", "own_train.py:with_data", "--data", "digits", "--input-shape", "3,8,8"),
            "one of the",
        ),
        (("digits", "--log", "no/such/folder.duckdb", "--evaluator", "score.py:score"), "mkdir -p"),
        (("digits", "--trials", "0"), "trials"),
        (("own.py:dead",), "dead ends"),
        (("own.py:wrong",), "end the space with affine(units=10)"),
    ],
)
def test_mistakes_are_said_before_anything_is_logged(cli, tmp_path, words, says):
    (tmp_path / "broken.py").write_text("def score(:\n")
    (tmp_path / "own_train.py").write_text(
        "def train(modle, settings, *, n, report=None):\n    pass\ndef with_data(model, data):\n    pass\n"
    )
    (tmp_path / "own.py").write_text(
        "import archwright as aw\n"
        "pool = aw.max_pool2d(size=4, stride=4)\n"
        "dead = aw.sequential(pool, pool, pool, aw.affine(units=10))\n"
        "wrong = aw.affine(units=[3, 4])\n"
    )
    done = cli("search", *words)
    assert done.code == 2
    assert says in done.err
    assert not (tmp_path / "archwright.duckdb").exists()


def test_a_space_that_does_not_fit_a_table_is_refused_before_the_run_has_a_name(cli, tmp_path):
    write_full_table(tmp_path)
    folder = set(tmp_path.iterdir())
    for space, says in {"figure1": "sequential is no cell of NAS-Bench-201", "fcnet": "sequential is no cell"}.items():
        for verb in (["search"], ["compare", "--searcher", "random"]):
            done = cli(*verb, space, "--evaluator", "nasbench201:table.npz")
            assert (done.code, done.out) == (2, "")
            assert f"table.npz has no results for this space: {says}" in done.err
            assert "search the space nasbench201" in done.err
    assert set(tmp_path.iterdir()) == folder
    done = cli("search", "nasbench201", "--evaluator", "nasbench201:table.npz", "--trials", "2")
    assert (done.code, done.err) == (0, "")


def test_name_that_is_taken(reader):
    done = reader("search", "digits", "--evaluator", "score.py:score", "--name", "run-1")
    assert done.code == 2
    assert "name another one, or: add --resume (resume=True in Python), with which the same search" in done.err


def test_trials_that_keep_failing_stop_the_search(tmp_path):
    (tmp_path / "score.py").write_text(SCORE)
    done = run_command(tmp_path, "search", "figure1", "--evaluator", "score.py:fails", "--trials", "20")
    assert done.returncode == 1
    assert "5 trials in a row failed" in done.stderr
    assert "ValueError: the score has no number" in done.stderr
    assert "Traceback" not in done.stderr.split('File "')[-1]
    assert "archwright resume figure1-1" in done.stdout
    facts = read_json(tmp_path, "show")
    assert (facts["status"], facts["counts"]["failed"], facts["best"]) == ("failing", 5, None)


def test_resume_has_nothing_to_do_and_then_more(reader):
    assert "archwright resume run-1 --trials +16" in reader("resume", "run-1").out
    done = reader("resume", "run-1", "--trials", "+2", "--trust")  # in this folder, nobody has named score.py
    assert done.code == 0
    assert "8 of 10 trials done" in done.out
    assert json.loads(reader("show", "run-1", "--json").out)["counts"]["ok"] == 10
    assert reader("resume", "run-1", "--device", "cpu", "--trials", "12", "--trust").code == 2
    assert reader("resume", "run-1", "--trials", "11", "--trust").code == 0
    assert reader("replay", "run-1", "--verify").code == 0


def test_second_coordinator_is_refused(tmp_path, start):
    (tmp_path / "score.py").write_text(SCORE)
    first = start(tmp_path, "search", "digits", "--evaluator", "score.py:waits", "--trials", "3")
    first.wait_for("trial 0  epoch 1/")
    done = run_command(tmp_path, "resume", "digits-1")
    assert done.returncode == 2
    assert f"process {first.pid}" in done.stderr
    assert "Traceback" not in done.stderr
    assert read_json(tmp_path, "show")["status"] == "running"
    (tmp_path / "go").touch()
    first.wait_to_end()
    assert first.returncode == 0


def test_queries_during_a_whole_search(tmp_path, start):
    """One after the other: none of them fails, and nor does the search, which waits for some before its last trial."""
    (tmp_path / "score.py").write_text(SCORE)
    search = start(tmp_path, "search", "digits", "--evaluator", "score.py:paced", "--trials", "16", "--workers", "2")
    search.wait_for("digits-1")
    asked = 0
    while search.poll() is None:
        done = run_command(tmp_path, "sql", "select run, count(*) from trials group by run", "--json")
        missing = asked == 0 and "archwright search starts one" in done.stderr  # the search is just about to
        assert missing or done.returncode == 0, done.stderr
        asked += done.returncode == 0
        if asked >= 8:
            (tmp_path / "go").touch()
    assert search.returncode == 0, search.wait_to_end()
    assert asked >= 8
    assert read_json(tmp_path, "show")["counts"]["ok"] == 16
