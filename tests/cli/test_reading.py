"""Reading the log: runs, show, best, sql, verify."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import archwright as aw
from archwright.cli.reports.show import _format_settings
from archwright.cli.reports.show_trial import find_differing_choices, merge_names, tabulate_choices
from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from archwright.store.views import VIEWS
from tests.terminal_text import find_controls


def test_runs(reader):
    facts = json.loads(reader("runs", "--json").out)
    assert [run["run"] for run in facts] == ["run-1", "half-1"]
    assert [run["searcher"] for run in facts] == ["random", "random"]
    assert facts[0]["status"] == "finished"
    assert "run-1" in reader("runs").out


def test_show_run(reader):
    facts = json.loads(reader("show", "run-1", "--json").out)
    assert facts["counts"] == {"target": 8, "proposed": 8, "ok": 8, "failed": 0, "in_flight": 0}
    assert facts["best"]["score"] == max(trial["score"] for trial in facts["trials"])
    assert facts["evaluator"]["source"] == "score.py:score"
    shown = reader("show", "run-1").out
    for said in (
        "run-1   finished",
        "digits, inputs of 1x8x8",
        "random, revision 1, replacement true, seed 0",
        "8 of 8",
        "torch ",
        "5 epochs",
    ):
        assert said in shown


@pytest.mark.parametrize(
    ("searcher", "said"),
    [
        ("asha,promotion=false", "brackets 1, promotion false, seed 0"),
        ("asha", "brackets 1, promotion true, seed 0"),
        ("asha,sampler=random(replacement=false)", "sampler random (revision 1, replacement false), brackets 1, prom"),
        ("kde,random_fraction=0", "num_samples 64, random_fraction 0, bandwidth_factor 3"),
        ("mcts", "revision 1, exploration 0.25, seed 0"),
    ],
)
def test_show_says_what_is_off_unless_it_usually_is(cli, tmp_path, searcher, said):
    """Also of a stopping rule, and of what evaluates the trials; of a person's own nobody knows what is usual."""
    space, budget = aw.settings(x=[1, 2, 3]), "1epochs..3epochs" if searcher.startswith("asha") else None
    how = {"trials": 1, "workers": 0, "log": tmp_path / "archwright.duckdb", "progress": False}
    aw.search(space, "score.py:score", searcher=searcher, budget=budget, name="off", **how)
    assert said in " ".join(cli("show", "off").out.split())


def test_what_is_usual_is_known_of_what_is_built_in_alone():
    evaluator = {"kind": "training", "validation": 0.0, "split_seed": 0, "data_dir": None}
    assert _format_settings(evaluator, "kind") == "training, validation 0"
    assert _format_settings({"name": "median", "warmup": 0, "startup": 0}, "name") == "median, warmup 0, startup 0"
    for name in ("kind", "name"):
        own = {name: "mine.py:Own", "flag": False, "factor": 0.0, "other": None, "kind of": 1}
        assert _format_settings(own, name) == "mine.py:Own, flag false, factor 0, kind of 1"


def test_show_without_a_run_is_the_last_one(reader):
    assert reader("show").out.startswith("half-1")


def test_show_run_with_failures(reader):
    facts, shown = json.loads(reader("show", "half-1", "--json").out), reader("show", "half-1").out
    failed = [trial for trial in facts["trials"] if trial["status"] == "crashed"]
    assert facts["counts"]["failed"] == len(failed) > 0
    assert "an odd seed" in failed[0]["error"]
    assert shown.count("ValueError: an odd seed") >= len(failed)


def test_show_trial(reader):
    facts = json.loads(reader("show", "run-1", "2", "--json").out)
    assert len(facts["attempts"]) == 1
    assert [point["accuracy"] for point in facts["attempts"][0]["curve"]] == pytest.approx([0.1, 0.2, 0.3])
    shown = reader("show", "run-1", "2").out
    for said in ("trial 2 of run-1   ok", "0.settings.optimizer", "└─ affine(units=10)", "-> (10,)", "▁", "█", "epoch"):
        assert said in shown


def test_a_trial_is_named_by_its_rank_too(reader):
    best = json.loads(reader("best", "run-1", "--json").out)[0]["trial"]
    assert json.loads(reader("show", "run-1", "best", "--json").out)["trial"] == best
    assert json.loads(reader("show", "run-1", "last", "--json").out)["trial"] == 7
    done = reader("show", "run-1", "worst")
    assert (done.code, done.err) == (2, "error: run-1 has no trial worst; it has trials 0 to 7, best and last\n")


def test_records_have_a_version(reader):
    """As have the rows of those that are several; what a person asks with SQL is theirs."""
    for words in (["show", "run-1"], ["show", "run-1", "0"], ["replay", "run-1"]):
        assert next(iter(json.loads(reader(*words, "--json").out).items())) == ("version", 1)
    for words in (["runs"], ["best", "run-1"], ["verify"]):
        assert {record["version"] for record in json.loads(reader(*words, "--json").out)} == {1}
    assert json.loads(reader("sql", "select 1 as one", "--json").out) == [{"one": 1}]


def test_show_trial_that_failed(reader):
    failed = next(t for t in json.loads(reader("show", "half-1", "--json").out)["trials"] if t["status"] == "crashed")
    shown = reader("show", "half-1", str(failed["trial"])).out
    assert 'raise ValueError("an odd seed")' in shown
    assert "score.py" in shown


def test_best_is_the_objectives(reader):
    top = json.loads(reader("best", "half-1", "-n", "3", "--json").out)
    assert len(top) <= 3
    assert [trial["score"] for trial in top] == sorted(trial["score"] for trial in top)
    top = json.loads(reader("best", "run-1", "--json").out)
    assert [trial["score"] for trial in top] == sorted((trial["score"] for trial in top), reverse=True)
    assert len(top) == 5
    assert top[0]["parameters"] > 0


@pytest.mark.parametrize("words", [("best", "run-1"), ("best", "run-1", "-n", "1"), ("show", "run-1"), ("runs",)])
def test_tables_fit_80_columns(reader, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    lines = reader(*words).out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith(" ") for line in lines)


def test_best_of_a_run_without_scores(log, cli):
    file = DuckDBLog(log)
    file.append("empty", [read_run(file, "run-1").started], START)
    assert cli("best", "empty").out == "no trial has a score yet\n"
    assert json.loads(cli("best", "empty", "--json").out) == []
    assert cli("show", "empty").out.startswith("empty   new")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "run1"), "did you mean run-1"),
        (("best", "ru-1"), "did you mean run-1"),
        (("show", "run-1", "8"), "it has trials 0 to 7"),
        (("replay", "rn-1"), "did you mean run-1"),
        (("resume", "haf-1"), "did you mean half-1"),
        (("fork", "run2", "--at", "3"), "did you mean run-1"),
        (("fork", "run-1", "--at", "9999"), "it has events 1 to"),
        (("replay", "run-1", "--at", "9999"), "it has events 1 to"),
        (("show", "--log", "other.duckdb"), "no log"),
        (("sql", "selec 1"), "syntax error"),
        (("sql", "from trails"), "trials"),
        (
            ("resume", "run-1", "--trials", "many"),
            "as in 64; a run that has begun also takes +32 for so many more, and none to take this end away",
        ),
        (("resume", "run-1", "--trials", "+4", "--trial-timeout", "3epochs"), "10min"),
    ],
)
def test_mistakes(reader, words, says):
    done = reader(*words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert "Traceback" not in done.err


def test_log_may_come_from_the_environment(log, cli, tmp_path, monkeypatch):
    log.rename(tmp_path / "other.duckdb")
    monkeypatch.setenv("ARCHWRIGHT_LOG", str(tmp_path / "other.duckdb"))
    assert "run-1" in cli("runs").out
    assert f"--log {tmp_path / 'other.duckdb'}" in cli("resume", "run-1").out


def test_no_log_yet(cli):
    for words in (("runs",), ("show",), ("best",), ("resume",), ("verify",), ("sql", "select 1")):
        done = cli(*words)
        assert (done.code, done.out) == (2, "")
        assert "archwright search starts one" in done.err


def test_verify_of_a_run_says_what_verify_takes(reader):
    done = reader("verify", "run-1")
    assert (done.code, done.out) == (2, "")
    assert "there is no log" in done.err
    assert "verify takes a log, and checks all its runs" in done.err


def test_something_else_where_the_log_should_be(cli, tmp_path):
    (tmp_path / "archwright.duckdb").write_text("not a database" * 1000)
    done = cli("runs")
    assert done.code == 2
    assert "archwright.duckdb" in done.err


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_rows_steer_no_terminal_and_json_holds_them_as_they_are(reader, tmp_path, form):
    """What is written to a file is for programs: there, it is as it is."""
    query = "select 'a' || chr(27) || '[2J' || chr(155) || chr(8238) || 'é' as text"
    done = reader("sql", query, "--format", form)
    assert not find_controls(done.out) - {"\n", "\t"}
    assert "é" in done.out
    if form == "json":
        assert json.loads(done.out) == [{"text": "a\x1b[2J\x9b\u202eé"}]
    else:
        assert r"a\x1b[2J\x9b\u202eé" in done.out
    if form == "csv":
        reader("sql", query, "--format", form, "--output", "rows.csv")
        assert (tmp_path / "rows.csv").read_text().splitlines()[1] == "a\x1b[2J\x9b\u202eé"


def test_sql_formats(reader, tmp_path):
    query = "select trial, score from trials where run = 'run-1' order by trial"
    rows = json.loads(reader("sql", query, "--json").out)
    assert [row["trial"] for row in rows] == list(range(8))
    assert json.loads(reader("sql", query, "--format", "json").out) == rows
    assert reader("sql", query, "--format", "csv").out.splitlines()[0] == "trial,score"
    assert "(8 rows)" in reader("sql", query).out
    assert reader("sql", query, "--format", "csv", "--output", "out.csv").out == ""
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 9
    reader("sql", query, "--format", "parquet", "-o", "out.parquet")
    assert (tmp_path / "out.parquet").read_bytes()[:4] == b"PAR1"
    assert reader("sql", query, "-o", "out.txt").code == 2
    assert reader("sql", query, "--format", "csv", "-o", "no/such/folder.csv").code == 2


def test_sql_can_change_nothing(log, cli):
    before = log.read_bytes()
    assert cli("sql", "delete from events").code == 2
    assert log.read_bytes() == before


def test_verify(log, cli):
    done = cli("verify")
    assert done.code == 0
    assert "run-1: " in done.out
    assert "whole" in done.out
    assert cli("verify", str(log), "--json").code == 0


def test_what_is_left_of_a_torn_log_and_its_damaged_journal_comes_back_on_command(log, cli, caplog):
    """Every other command says which one. Of two forks, the one in the line that is damaged is lost."""
    assert [cli("fork", "run-1", "--at", "5").code for _ in range(2)] == [0, 0]
    journal = log.with_name(f"{log.name}.journal")
    before = cli("verify").out.splitlines()
    log.write_bytes(log.read_bytes()[:300_000])
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:-2], b"x\n", lines[-1]]))
    done = cli("runs")
    assert done.code == 1
    rescue = "archwright verify --rescue (aw.Log('archwright.duckdb').verify(rescue=True) in Python)"
    assert f"Or {rescue} makes it anew" in done.err.replace("\n", " ")
    done = cli("verify", "--rescue")
    assert (done.code, done.out.splitlines()) == (0, [*before[:-2], before[-1]])
    assert f"1 of the journal's lines cannot be read (the first is line {len(lines) - 1})" in caplog.text
    assert len(json.loads(cli("runs", "--json").out)) == 3


@pytest.mark.usefixtures("log")
def test_verify_prints_heads_that_can_be_expected(cli):
    """As a person pastes them: a later log must have had them, whatever the files beside it say."""
    done = cli("verify")
    heads = [word for word in done.out.split() if word.count(":") == 2]
    assert len(heads) == done.out.count("whole,")
    assert "no journal lies beside" in done.out, "a copy of the file alone"
    assert cli("verify", *(word for head in heads for word in ("--expect", head))).code == 0
    run, seq, _ = heads[0].split(":")
    done = cli("verify", "--expect", f"{run}:{int(seq) + 1}:{'0' * 32}")
    assert done.code == 1
    assert f"broken at event {int(seq) + 1}: it is gone" in done.out
    assert cli("verify", "--expect", run).code == 2
    assert json.loads(cli("verify", "--json").out)[0]["head"] == heads[0]


def test_verify_misses_what_is_gone_and_the_next_command_brings_it_back(log, cli, caplog):
    """Once the log has a journal."""
    import duckdb  # as somebody would who changes it

    assert cli("fork", "run-1", "--at", "5").code == 0
    with duckdb.connect(log) as database:
        database.execute("DELETE FROM events WHERE seq > 3 AND run = 'run-1'")
    done = cli("verify")
    assert done.code == 1
    assert "run-1: 3 events, broken at event 4" in done.out
    assert "whoever uses the log next puts it back" in done.out
    done = cli("runs")
    assert done.code == 0
    assert "they are in it again" in caplog.text
    assert cli("verify").code == 0


def test_verify_finds_a_changed_event(log, cli):
    import duckdb  # as somebody would who changes it

    with duckdb.connect(log) as database:
        database.execute("UPDATE events SET time = time + 1 WHERE run = 'run-1' AND seq = 5")
    done = cli("verify")
    assert done.code == 1
    assert "run-1" in done.out
    assert "broken at event 5" in done.out
    assert [run["broken"] is None for run in json.loads(cli("verify", "--json").out)] == [False, True]
    assert cli("show", "run-1").code == 1


def test_a_reader_that_goes_away_is_no_error(scored, start):
    """As in archwright show | head -1."""
    command = start(scored, "show", "run-1", stdout=subprocess.PIPE)
    command.stdout.close()
    assert "Traceback" not in command.wait_to_end()[1]


def test_a_query_that_is_ended_leaves_no_traceback_and_no_copy(scored, start, tmp_path, monkeypatch):
    """Ctrl-C ends it as a person expects; what SIGTERM leaves of its copy goes with the next query."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def asked_for_hours():
        query = start(scored, "sql", "select sum(a.range * b.range) from range(9000000) a, range(9000000) b")
        while not list(tmp_path.glob("archwright-copy-*/out")):
            assert query.poll() is None, query.wait_to_end()
            time.sleep(0.01)
        return query

    interrupted = asked_for_hours()
    interrupted.send_signal(signal.SIGINT)
    out, err = interrupted.wait_to_end()
    assert (interrupted.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())

    terminated = asked_for_hours()
    terminated.terminate()
    terminated.wait_to_end()
    assert list(tmp_path.iterdir())  # nobody could clear up
    start(scored, "sql", "from runs").wait_to_end()
    assert not list(tmp_path.iterdir())


def test_readers_leave_the_log_alone(log, cli, tmp_path):
    before = log.read_bytes()
    for words in (
        ("runs",),
        ("show",),
        ("show", "run-1", "0"),
        ("best",),
        ("replay",),
        ("replay", "--verify"),
        ("verify",),
    ):
        assert cli(*words).code == 0
    assert log.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["archwright.duckdb", "score.py"]


def test_log_in_a_read_only_folder_can_be_read(log, cli, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    shutil.copy(log, folder / "archwright.duckdb")
    folder.chmod(0o555)
    try:
        assert cli("best", "--log", str(folder / "archwright.duckdb")).code == 0
        assert cli("sql", "from runs", "--log", str(folder / "archwright.duckdb")).code == 0
    finally:
        folder.chmod(0o755)


def test_merged_keeps_every_order():
    assert merge_names([["a", "b", "d"], ["a", "c", "d"], ["b", "e"]]) == ["a", "c", "b", "e", "d"]


def test_differing_choices():
    names, shared = find_differing_choices([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 1}])
    assert (names, shared) == (["b", "c"], {"a": 1})
    assert find_differing_choices([{"a": 1}]) == ([], {"a": 1})


def test_side_by_side_keeps_to_the_width():
    trials = [{"trial": n, "choices": {"a.long.name.of.a.choice": "a_long_value_then_another"}} for n in range(9)]
    tables = list(tabulate_choices(trials, ["a.long.name.of.a.choice"], 80))
    assert sum(len(table.headers) - 1 for table in tables) == 9
    assert len(tables) == 3


def test_help_of_sql_names_every_view(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    told = re.search(r"The views (.*) are there to be queried", cli("sql", "--help").out)
    assert told
    assert sorted(re.split(", | and ", told[1])) == sorted(view.name for view in VIEWS)


def test_a_table_is_cut_with_a_word(reader):
    told = reader("sql", "select trial from trials where run = 'run-1' order by trial", "-n", "3").out
    assert told.split("\n")[:4] == ["trial", "    0", "    1", "    2"]
    assert "(the first 3 rows of more; -n N shows N, and --format csv writes all of them)" in told
    assert "(8 rows)" in reader("sql", "select trial from trials where run = 'run-1'", "-n", "8").out


def test_a_table_of_many_rows_takes_no_time(reader):
    """In rich's own tables, a third of a minute; here the processor's time is a second."""
    began = time.process_time()
    told = reader("sql", "select range as a, range / 7 as b, 'text' as c from range(30_000)").out
    assert time.process_time() - began < 5
    assert "(30,000 rows)" in told
    assert len(told.splitlines()) == 30_002


@pytest.mark.parametrize("words", [("show",), ("sql", "from runs"), ("verify",), ("best",)])
def test_what_is_no_file_is_no_log(cli, tmp_path, words):
    """Pipes, devices, links that go round, users and folders that are not there: a sentence each, and no wait."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for name, says in {
        "pipe": "is a device, a pipe or a socket, and a log is a file",
        "/dev/null": "is a device, a pipe or a socket",
        "a": "leads to no file",
        "~nosuchuser/log": "leads to no file",
        ".": "is a folder",
    }.items():
        done = cli(*words, "--log", name)
        assert (done.code, done.out) == (2, "")
        assert says in done.err


def test_samples_have_a_bound(cli):
    assert cli("space", "figure1", "--sample", "1001").code == 2
