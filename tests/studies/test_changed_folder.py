"""A path means what it meant when it was given.

Wherever the process goes: a function or a notebook's cell may change the folder.
"""

import os
from pathlib import Path

import pytest

import archwright as aw

SPACE = aw.settings(width=[1, 2, 3, 4, 5, 6])


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """The current folder, in which a person begins, and another one with a log of the same name."""
    begun, other = tmp_path / "begun", tmp_path / "other"
    begun.mkdir()
    other.mkdir()
    monkeypatch.chdir(begun)
    return begun, other


def make_leaver(folder: Path):
    def leave(settings) -> float:
        os.chdir(folder)
        return float(settings["width"])

    return leave


def test_a_search_whose_function_changes_the_folder_ends_as_any_does(folders):
    begun, other = folders
    run = aw.search(SPACE, make_leaver(other), trials=3, workers=0, log="x.duckdb", name="run", progress=False)
    assert Path.cwd() == other
    assert len(run) == 3
    assert run.log == begun / "x.duckdb"
    assert len(run.refresh().resume(trials=4, progress=False, workers=0)) == 4
    assert not list(other.iterdir())


def test_what_was_read_is_read_again_from_the_same_file(folders):
    """Also where another file of that name lies in the new folder."""
    begun, other = folders
    for folder, trials in ((other, 1), (begun, 2)):
        os.chdir(folder)
        run = aw.search(SPACE, float_of, trials=trials, workers=0, log="x.duckdb", name="run", progress=False)
        log = aw.Log("x.duckdb")
    os.chdir(other)
    assert len(run.refresh()) == len(log["run"]) == len(run.at(len(run.view.run.events))) == 2
    assert log.path == begun / "x.duckdb"


def float_of(settings) -> float:
    return float(settings["width"])


def test_a_study_is_told_and_closed_in_its_own_log(folders):
    begun, other = folders
    with aw.study(SPACE, log="x.duckdb", name="mine") as study:
        trial = study.ask()
        os.chdir(other)
        study.tell(trial, 0.5)
        study.ask()
    assert aw.Log(begun / "x.duckdb")["mine"].best().score == 0.5
    assert not list(other.iterdir())


def test_a_log_is_named_as_it_can_be_typed_now(folders, capsys):
    """From the folder in which it lies by its name, from elsewhere by its whole path."""
    begun, other = folders
    aw.search(SPACE, float_of, trials=1, workers=0, log="x.duckdb", name="run")
    assert "logged in x.duckdb" in capsys.readouterr().out
    assert repr(aw.Log("x.duckdb")) == "Log('x.duckdb')"
    with aw.study(SPACE, log="x.duckdb", name="mine"):
        with pytest.raises(aw.errors.RunIsBusy, match=r"mine in x\.duckdb .* --log x\.duckdb"):
            aw.study(log="x.duckdb", name="mine")
        os.chdir(other)
        with pytest.raises(aw.errors.RunIsBusy) as raised:
            aw.study(log=begun / "x.duckdb", name="mine")
    assert f"--log {begun / 'x.duckdb'}" in str(raised.value)


def test_a_person_s_home_is_theirs(monkeypatch, tmp_path):
    """A path that begins with ~ lies in no folder of that name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert aw.Log("~/x.duckdb").path == tmp_path / "x.duckdb"


def test_a_path_that_was_given_from_the_root_is_named_from_there(folders):
    """What a person has written whole works wherever they type it next."""
    begun, _ = folders
    assert repr(aw.Log(begun / "whole.duckdb")) == f"Log({str(begun / 'whole.duckdb')!r})"
