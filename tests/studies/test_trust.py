"""Going on with a run whose log names code that this person has not let run as yet."""

import re

import pytest

import archwright as aw
from archwright.core.errors import ArchwrightError
from archwright.evaluate.functions.evaluation import Function
from archwright.results.run import Run
from archwright.search.named import SEARCHER_KIND
from archwright.store.permission import NotTrusted
from tests.cli.own_searchers import write_own_searchers
from tests.cli.test_trust import Sent

HERE = {"workers": 0, "progress": False}
GOING_ON = {
    "resume": lambda run, **trust: run.resume(trials="+1", **HERE, **trust),
    "retrain": lambda run, **trust: run.retrain("best", seeds=1, **HERE, **trust),
    "fork": lambda run, **trust: run.fork(5, settings={"every": 4}, **trust),
}


@pytest.mark.parametrize("verb", GOING_ON)
def test_what_goes_on_with_a_run_is_trusted_where_that_is_said_of_it_alone(tmp_path, monkeypatch, verb):
    """The code of the function, of the searcher and of the kinds of module; what comes of it is trusted as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    monkeypatch.syspath_prepend(str(tmp_path))
    searcher = write_own_searchers(tmp_path)
    evaluation = Function(f"{tmp_path}/space.py:score", input_shape=(1, 8, 8))
    sent = Sent(tmp_path).written(evaluation, {"name": f"{searcher}:Patient", "every": 3})
    run = Run.read(tmp_path / "archwright.duckdb")
    with pytest.raises(NotTrusted, match=r"let it run with --trust \(trust=True in Python\)"):
        GOING_ON[verb](run)
    assert not sent.ran
    done = GOING_ON[verb](run, trust=True)
    assert sent.ran == (verb != "fork")
    assert done.searcher.get("every") == {"resume": 3, "retrain": None, "fork": 4}[verb]
    assert done.space.children[0].kind == sent.kind
    assert done.refresh().resume(trials="+1", **HERE).best().architecture.children[0].kind == sent.kind
    assert not (tmp_path / "settings/trusted").exists()
    with pytest.raises(NotTrusted):
        Run.read(run.log, done.name).resume(trials="+1", **HERE)


def test_a_model_is_exported_with_code_that_is_trusted_for_that_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    sent = Sent(tmp_path).written(Function(f"{tmp_path}/space.py:score", input_shape=(1, 8, 8)))
    run = Run.read(tmp_path / "archwright.duckdb")
    with pytest.raises(NotTrusted, match=r"let it run with --trust \(trust=True in Python\)"):
        aw.export(run.name, "best", "model", untrained=True)
    assert not sent.ran
    with pytest.raises(aw.errors.NotCompilable, match=sent.kind):  # its code has run
        aw.export(run.name, "best", "model", untrained=True, trust=True)
    assert sent.ran
    assert not (tmp_path / "settings/trusted").exists()


@pytest.mark.parametrize(
    "write",
    [lambda name: {"name": name}, str, "{},every=2".format, "{}(every=2)".format],
    ids=["mapping", "text", "words", "nested"],
)
def test_code_of_a_nested_searcher_needs_trust_in_whatever_form_the_log_names_it(tmp_path, monkeypatch, write):
    """As a mapping, which we write, or as a text, which others may: it does not run unless it is trusted."""
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    file = tmp_path / "evil.py"
    file.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    for sampler in (write(f"{file}:X"), {"name": "smbo", "initial": write(f"{file}:X")}):
        with pytest.raises(NotTrusted, match=re.escape(str(file))):
            SEARCHER_KIND.from_json({"name": "asha", "sampler": sampler})
    assert not (tmp_path / "ran").exists()
    with pytest.raises(ArchwrightError):  # it has run, and holds no such searcher
        SEARCHER_KIND.from_json({"name": "asha", "sampler": write(f"{file}:X")}, trusted=True)
    assert (tmp_path / "ran").exists()
