"""The ends of a run on the command line: given, reached, moved, taken away, and shown."""

import json
from pathlib import Path

import pytest

from archwright.core.ends import RunEnds
from archwright.search.running.runs import RunRecord, read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, RunResumed
from archwright.store.run_time import fold_run_time
from tests.cli.running import SCORE, read_json, run_command, run_inline
from tests.comparison_logs import write_full_table


def search_table(folder: Path, *words: str) -> str:
    """What a search of a table prints."""
    done = run_command(folder, "search", "nasbench201", "--evaluator", "nasbench201:table.npz", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def resume_run(folder: Path, *words: str) -> str:
    """What going on with the last run prints."""
    done = run_command(folder, "resume", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_last_run(folder: Path) -> RunRecord:
    log = DuckDBLog(folder / "archwright.duckdb")
    return read_run(log, log.runs()[-1])


def test_time_is_that_of_all_processes_together_also_of_one_that_was_killed(tmp_path, start):
    """No trial is proposed once both have spent 2 s, as the log has it; then the time is up."""
    (tmp_path / "score.py").write_text(SCORE)
    words = ("search", "figure1", "--evaluator", "score.py:waits", "--time", "2s")
    killed = start(tmp_path, *words, start_new_session=True)
    killed.wait_for("epoch 1")
    killed.kill()
    killed.wait()
    assert killed.get_output("stdout").splitlines()[1].startswith("trials of 5 epochs each until 2s, logged")
    first = read_last_run(tmp_path)
    assert first.state.ends == RunEnds(time_limit=2.0)
    assert first.run_time.seconds > 0
    (tmp_path / "go").touch()
    out = resume_run(tmp_path)
    run = read_last_run(tmp_path)
    assert run.state.stopped is not None
    assert (run.state.stopped.reason, run.state.stopped.detail) == ("finished", "its time of 2s is up")
    assert run.run_time.seconds >= 2.0
    for n, event in enumerate(run.events):
        if isinstance(event, Proposed):
            assert fold_run_time(run.events[:n], run.times[:n]).seconds < 2.0
    assert "resume figure1-1 --time +2s" in out
    done = run_inline(tmp_path, "resume")
    assert (done.returncode, done.stdout) == (
        0,
        "figure1-1 has ended: its time of 2s is up; to go on: archwright resume figure1-1 --time +2s\n",
    )


def test_the_time_of_a_table_is_simulated(tmp_path):
    """Its trainings took 50 s to 86 s, so 10 min are 7 to 12 of them."""
    write_full_table(tmp_path)
    out = search_table(tmp_path, "--time", "10min")
    assert out.splitlines()[1] == "trials of 200 epochs each until 10min, logged in archwright.duckdb"
    run = read_last_run(tmp_path)
    assert run.started.simulates_time
    seconds = [trial.seconds for trial in run.state.trials.values()]
    assert sum(seconds[:-1]) < 600 <= sum(seconds)
    facts = read_json(tmp_path, "show")
    assert facts["seconds"] == sum(seconds)
    assert facts["ends"] == {
        "trials": None,
        "time_limit": 600.0,
        "until_score": None,
        "no_improvement": None,
        "configurations": None,
        "total": None,
    }
    out = resume_run(tmp_path, "--time", "+10min")
    assert f"nasbench201-1: {len(seconds)} trials, 1" in out
    seconds = [trial.seconds for trial in read_last_run(tmp_path).state.trials.values()]
    assert sum(seconds[:-1]) < 1200 <= sum(seconds)


def test_a_score_and_no_improvement_end_a_search_and_are_moved(tmp_path):
    write_full_table(tmp_path)
    out = search_table(tmp_path, "--until-score", "0.62", "--no-improvement", "40")
    assert "until accuracy 0.6200 or 40 trials without a new best, logged in" in out
    run = read_last_run(tmp_path)
    assert run.state.best_score is not None
    assert run.state.best_score >= 0.62 > max(t.score or 0 for t in list(run.state.trials.values())[:-1])
    assert "resume nasbench201-1 --until-score none" in out
    assert "has reached 0.62" in run_inline(tmp_path, "show").stdout
    resume_run(tmp_path, "--until-score", "none", "--no-improvement", "5")
    run = read_last_run(tmp_path)
    assert (run.state.ends, run.state.scored_since_best) == (RunEnds(no_improvement=5), 5)
    asked = run_inline(tmp_path, "resume")
    assert asked.stdout.startswith("nasbench201-1 has ended: 5 trials in a row have not improved on the best, that of")
    assert asked.stdout.endswith("to go on: archwright resume nasbench201-1 --no-improvement +5\n")
    target = run.state.proposal_count + 3
    resume_run(tmp_path, "--trials", "+3", "--no-improvement", "none")
    run = read_last_run(tmp_path)
    assert (run.state.score_count, run.state.ends) == (target, RunEnds(trials=target))
    assert next(event.ends for event in run.events if isinstance(event, RunResumed)) == RunEnds(no_improvement=5)
    (row,) = read_json(tmp_path, "runs")
    assert (row["target"], row["time_limit"], row["until_score"], row["no_improvement"]) == (target, None, None, None)


def test_a_run_without_a_number_of_trials_is_listed_without_one(tmp_path):
    write_full_table(tmp_path)
    search_table(tmp_path, "--no-improvement", "3")
    (row,) = read_json(tmp_path, "runs")
    assert (row["target"], row["no_improvement"], row["status"]) == (None, 3, "finished")
    listed, shown = run_inline(tmp_path, "runs").stdout, run_inline(tmp_path, "show").stdout
    assert f" {row['scored']} " in listed
    assert "None" not in listed + shown
    assert "ends after" in shown
    assert f"3 trials without a new best; so far {row['scored']} trials, 3 of 3 without a new best" in " ".join(
        shown.split()
    )


def test_a_fork_keeps_the_ends_of_its_run_unless_told_otherwise(tmp_path):
    write_full_table(tmp_path)
    search_table(tmp_path, "--trials", "3", "--time", "90min")
    for name, words in {"a": (), "b": ("--trials", "none", "--time", "+1h"), "c": ("--until-score", "0.9")}.items():
        done = run_command(tmp_path, "fork", "nasbench201-1", "--at", "6", "--name", name, *words)
        assert done.returncode == 0, done.stderr
    log = DuckDBLog(tmp_path / "archwright.duckdb")
    ends = [read_run(log, name).state.ends for name in "abc"]
    assert ends == [RunEnds(3, 5400.0), RunEnds(None, 9000.0), RunEnds(3, 5400.0, 0.9)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--time", "2"), "--time is '2'; write a time of more than 0, as in 90s, 10min or 2h"),
        (("--time", "5epochs"), "--time is '5epochs'; write a time"),
        (("--until-score", "nan"), "--until-score is nan; write a finite number"),
        (("--no-improvement", "0"), "--no-improvement"),
    ],
)
def test_what_is_no_end_is_refused_before_anything_is_logged(tmp_path, monkeypatch, cli, words, says):
    monkeypatch.chdir(tmp_path)
    done = cli("search", "digits", *words)
    assert (done.code, done.out) == (2, "")
    assert says in " ".join(done.err.split())
    assert not (tmp_path / "archwright.duckdb").exists()


def test_what_moves_no_end_is_refused(tmp_path):
    write_full_table(tmp_path)
    search_table(tmp_path, "--trials", "2")
    for words, says in {
        ("--trials", "many"): "--trials is 'many'; write how many",
        ("--time", "+0s"): "--time is '+0s'",
        ("--until-score", "high"): "--until-score is 'high'",
        ("--no-improvement", "-3"): "--no-improvement is '-3'",
    }.items():
        done = run_inline(tmp_path, "resume", *words)
        assert done.returncode == 2
        assert says in done.stderr
    assert json.dumps(read_json(tmp_path, "show")["counts"]["target"]) == "2"
