"""Going on with a run whose log names code that this person has not let run as yet."""

import re

import pytest

import archwright as aw
from archwright.core.errors import ArchwrightError
from archwright.evaluate.functions.evaluation import Function
from archwright.execution.arguments import read_searcher
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


NESTED_FORMS = {
    "mapping": lambda name: {"name": name},
    "text": str,
    "words": "{},every=2".format,
    "nested": "{}(every=2)".format,
    "as if it were given": "{},code=1".format,
    "as if it were given to another": "asha(sampler={{'name':'{}','code':1}})".replace("'", '"').format,
}
OWN = """
from attrs import field, frozen
import archwright as aw
from archwright.search.searchers.random_search import RandomSearch

@frozen
class Own(RandomSearch):
    name = "own"
    device: str = "12:30"
    inner: object = aw.searcher_setting(RandomSearch(), meaning="another one")
"""


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """A file that leaves another one beside it when it runs."""
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "evil.py"
    file.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    return file


@pytest.mark.parametrize("form", NESTED_FORMS)
def test_code_of_a_nested_searcher_needs_trust_in_whatever_form_the_log_names_it(evil, form):
    """As a mapping, which we write, or as a text, which others may: it does not run unless it is trusted."""
    logged = {"name": "asha", "sampler": NESTED_FORMS[form](f"{evil}:X")}
    with pytest.raises(NotTrusted, match=re.escape(str(evil))):
        SEARCHER_KIND.from_json(logged)
    for ask in (SEARCHER_KIND.update, SEARCHER_KIND.complete, SEARCHER_KIND.format, SEARCHER_KIND.identify):
        ask(logged)
    assert not (evil.parent / "ran").exists()
    with pytest.raises(ArchwrightError):  # it has run, and holds no such searcher
        SEARCHER_KIND.from_json(logged, trusted=True)
    assert (evil.parent / "ran").exists()


def test_what_is_nested_in_a_searcher_that_is_trusted_needs_trust_of_its_own(evil):
    """And a text of it that is no searcher needs none, whatever it looks like."""
    own = evil.parent / "own.py"
    own.write_text(OWN)
    for device in ("12:30", "left:right", "models/a:b", "note: see below", "json:x", f"{evil}:X"):
        logged, searcher = read_searcher(SEARCHER_KIND.find(f"{own}:Own", {"device": device}))
        assert SEARCHER_KIND.from_json(logged) == searcher
        assert (searcher.device, SEARCHER_KIND.find_sources(logged)) == (device, [f"{own}:Own"])
    trusted = (evil.parent / "settings/trusted").read_text()
    assert "own.py" in trusted
    assert "evil.py" not in trusted
    for form in NESTED_FORMS:
        with pytest.raises(NotTrusted, match=re.escape(str(evil))):
            SEARCHER_KIND.from_json({"name": f"{own}:Own", "inner": NESTED_FORMS[form](f"{evil}:X")})
    assert not (evil.parent / "ran").exists()
