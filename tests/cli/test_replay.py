"""Going back in a run: replay and fork."""

import json

import duckdb
import pytest

import archwright as aw
from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed
from archwright.store.journal import locate_journal
from archwright.store.log import START


def test_replay_verify(reader):
    done = reader("replay", "run-1", "--verify")
    assert (done.code, done.out) == (
        0,
        "run-1: the searcher makes all 8 proposals again, as they were logged\n"
        "whole as far as can be told: no journal lies beside archwright.duckdb, so whether there were later events is "
        "unknown\n",
    )
    assert json.loads(reader("replay", "run-1", "--verify", "--json").out)["mismatch"] is None


def test_replay_verify_shows_the_first_proposal_that_differs(log, cli):
    """A history that its searcher would not have made, as after a change of the code."""
    file = DuckDBLog(log)
    run = read_run(file, "run-1")
    events = list(run.events)
    first, second = (i for i, event in enumerate(events) if isinstance(event, Proposed) and event.trial in (2, 3))
    events[first] = Proposed(2, run.events[second].path, run.events[second].budget)  # pyright: ignore
    file.append("changed", events, START)
    done = cli("replay", "changed", "--verify")
    assert done.code == 1
    assert f"event {first + 1}, trial 2, is not what the searcher proposes" in done.out
    assert "choice " in done.out
    mismatch = json.loads(cli("replay", "changed", "--verify", "--json").out)["mismatch"]
    assert mismatch["trial"] == 2
    assert mismatch["logged"] != mismatch["recomputed"]


def test_replay_verify_tells_of_a_damaged_journal_too(log, cli):
    """As `run.verify` does: whether the events are whole is then not known."""
    assert cli("fork", "run-1", "--at", "5").code == 0
    journal = locate_journal(log)
    journal.write_bytes(journal.read_bytes().replace(b'"run-1"', b'"run-2"', 1).replace(b"run-1", b"run-3", 1))
    done = cli("replay", "run-1", "--verify")
    assert done.code == 1
    first, second = done.out.splitlines()
    assert first.startswith("run-1: ")
    assert "journal" in first
    assert second == "run-1: the searcher makes all 8 proposals again, as they were logged"
    assert json.loads(cli("replay", "run-1", "--verify", "--json").out)["chain"]["journal"] == "damaged"
    verification = aw.Log(log)["run-1"].verify()
    assert not verification
    assert repr(verification).startswith(
        f"<Verification of run-1: {verification.chain.events} events, whole; {journal} is damaged"
    )
    journal.unlink()
    told = "whole as far as can be told: no journal lies beside "
    assert cli("replay", "run-1", "--verify").out.splitlines()[-1].startswith(told)
    assert cli("verify", str(log)).out.splitlines()[-1].startswith(told)


def test_replay_at_is_what_was_believed_then(reader):
    facts = json.loads(reader("replay", "run-1", "--at", "2", "--json").out)
    assert (facts["proposed"], facts["scored"], facts["open"], facts["best"]) == (1, 0, [0], None)
    trial = json.loads(reader("show", "run-1", "1", "--json").out)
    assert facts["next"]["choices"] == trial["choices"]
    assert "next: trial 1" in reader("replay", "run-1", "--at", "2").out
    last = json.loads(reader("replay", "run-1", "--json").out)
    assert (last["proposed"], last["scored"], last["next"]["trial"]) == (8, 8, 8)


def test_at_a_trial_is_at_its_end(reader):
    """Named as Python takes it; what is neither an event nor such a name is refused by the option's own."""
    best = json.loads(reader("best", "run-1", "--json").out)
    best = best[0] if isinstance(best, list) else best
    facts = json.loads(reader("replay", "run-1", "--at", "best", "--json").out)
    assert (facts["best"]["trial"], facts["best"]["score"]) == (best["trial"], best["score"])
    done = reader("fork", "run-1", "--at", "last", "--name", "at-last")
    assert "at-last shares the events up to the end of the last trial with run-1" in done.out
    assert json.loads(reader("show", "at-last", "--json").out)["counts"]["ok"] == 8
    for words in (("replay", "run-1"), ("fork", "run-1")):
        refused = reader(*words, "--at", "bset")
        assert (refused.code, "--at is 'bset'; it must be a whole number" in refused.err) == (2, True)
        for number in ("0", "9" * 5000):
            refused = reader(*words, "--at", number)
            assert (refused.code, refused.err.startswith("error: ")) == (2, True)


def test_fork_shares_a_beginning_and_goes_its_own_way(log, cli):
    done = cli("fork", "run-1", "--at", "20", "--seed", "5", "--trials", "6")
    assert done.code == 0
    assert "archwright resume run-1-fork-1" in done.out
    statuses = {run["run"]: run["status"] for run in json.loads(cli("runs", "--json").out)}
    begun, listed = (json.loads(cli(*words, "--json").out) for words in (["show", "run-1-fork-1"], ["runs"]))
    assert (begun["latest"], listed[-1]["latest"]) == (begun["started"], listed[-1]["started"])
    assert statuses["run-1-fork-1"] == json.loads(cli("show", "--json").out)["status"] == "new"
    assert cli("resume", "run-1-fork-1", "--trust").code == 0  # in this folder, nobody has named score.py
    facts = json.loads(cli("show", "run-1-fork-1", "--json").out)
    assert facts["forked_from"]["run"] == "run-1"
    assert facts["counts"]["ok"] == 6
    assert "run-1 at event 20" in cli("show", "run-1-fork-1").out
    parent = json.loads(cli("show", "run-1", "--json").out)
    shared = read_run(DuckDBLog(log), "run-1", 20).state.proposal_count
    choices = [[trial["choices"] for trial in run["trials"][:6]] for run in (parent, facts)]
    assert choices[0][:shared] == choices[1][:shared]
    assert choices[0][shared:] != choices[1][shared:]
    assert cli("replay", "run-1-fork-1", "--verify").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--searcher", "randm"), "did you mean random"),
        (("--set", "x=1"), "no setting 'x'"),
        (("--name", "half-1"), "half-1"),
        (("--name", "a b"), "letters, digits"),
        (("--trials", "-3"), "+32"),
    ],
)
def test_mistakes_make_no_run(reader, words, says):
    done = reader("fork", "run-1", "--at", "20", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert len(json.loads(reader("runs", "--json").out)) == 2


def test_a_run_that_is_broken_is_forked_where_the_error_says(log, cli):
    locate_journal(log).unlink(missing_ok=True)
    with duckdb.connect(log) as database:
        database.execute("UPDATE events SET time = time + 1 WHERE run = 'run-1' AND seq = 9")
    broken = cli("fork", "run-1", "--at", "9")
    assert (broken.code, "archwright fork run-1 --at 8" in broken.err) == (1, True)
    assert cli("fork", "run-1", "--at", "8", "--name", "whole").code == 0


def test_fork_may_be_named(reader):
    assert reader("fork", "run-1", "--at", "9", "--searcher", "random", "--name", "mine", "--trials", "+3").code == 0
    assert json.loads(reader("show", "mine", "--json").out)["counts"]["target"] == 11
