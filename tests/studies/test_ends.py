"""What a person is told at the end of a run, and of one that is to go on past its end."""

import pytest

import archwright as aw

SPACE = aw.sequential(aw.affine([8, 16, 32]), aw.affine(2))
WHY = "search-1 has ended: its space has no other architectures than the 3 that it has tried"
REMEDY = "; to go on, enqueue architectures to have them tried again, fork the run with another searcher, or"


def score(seed):
    return seed % 97 / 97


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def search(**options) -> aw.Run:
    usual = {"searcher": "random,replacement=false", "input": aw.features(4), "workers": 0}
    return aw.search(SPACE, score, **usual | options)


def test_the_end_of_a_space_is_told_whenever_the_run_comes_to_it(capsys):
    run = search(trials=5)
    assert (run.status, len(run)) == ("exhausted", 3)
    assert f"{WHY}{REMEDY}" in capsys.readouterr().out
    again = run.resume(trials="+4", workers=0)
    out = capsys.readouterr().out
    assert "search-1: 3 of 9 trials done" in out
    assert f"{WHY}{REMEDY}" in out
    assert again.details()["detail"] == WHY.removeprefix("search-1 has ended: ")
    more = again.resume(enqueue=[again[0].path], workers=0)
    assert len(more) == 4
    fork = more.fork(5, searcher="random,replacement=true", trials=6).resume(workers=0)
    assert len(fork) == 6


def test_a_space_of_one_architecture_has_no_other_one(capsys):
    aw.search(aw.affine(2), score, searcher="random,replacement=false", trials=2, input=aw.features(4), workers=0)
    assert "its space has no other architecture than the one that it has tried" in capsys.readouterr().out


def test_an_end_other_than_a_number_of_trials_is_told(capsys):
    search(trials=2)
    assert "has ended" not in capsys.readouterr().out
    run = search(searcher="random", no_improvement=2)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("search-2 has ended: 2 trials in a row have not improved on the best, that of accuracy")
    run.resume(workers=0)
    out = capsys.readouterr().out
    assert "to go on: aw.resume('search-2', no_improvement='+2', evaluation=score" not in out, "it has a name"
    assert "to go on: aw.resume('search-2', no_improvement='+2')" in out


def test_the_command_line_says_it_in_its_words(cli):
    search(trials=3, searcher="random")
    search(trials=5)
    out = cli("resume", "search-1").out
    assert "search-1 has ended: it has its 3 trials; to go on: archwright resume search-1 --trials +16" in out
    out = cli("resume", "search-2", "--workers", "0").out
    assert f"{WHY.replace('search-1', 'search-2')}{REMEDY}" in out
    assert "go on:" not in out
