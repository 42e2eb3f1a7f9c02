"""Kinds of module of a person's own, in a log whose space was given as a value: found where they are defined."""

import sys
from itertools import count

import pytest
from attrs import evolve

import archwright as aw
from archwright.core.json import UnreadableTerm
from archwright.execution.spaces import name_kinds
from archwright.store.events import event_from_json, event_to_json
from archwright.store.logged_terms import describe_unknown_kinds, load_logged_term
from archwright.store.permission import NotTrusted
from archwright.store.user_code import load_object
from tests.search.instant import make_started

NUMBERS = count()
CODE = """
import archwright as aw

@aw.module
class Scale(aw.Basic):
    kind = "{kind}"
    factor: aw.Hyperparameter[float] = aw.hyperparameter(aw.number(0.0))

    def out_shape(self, in_shape):
        return in_shape

    def parameters(self, in_shape):
        return 0
"""


@pytest.fixture
def kind(tmp_path, monkeypatch):
    """The name of a kind that this process does not know, in a module that it can import."""
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"logged_scale_{next(NUMBERS)}"
    (tmp_path / f"{name}.py").write_text(CODE.format(kind=name))
    yield name
    sys.modules.pop(name, None)


def make_logged(kind: str, **changes: object):
    scale = {"kind": kind, "factor": {"values": [0.5, 1.0], "ordered": True}}
    started = make_started(1)
    return evolve(started, space=scale, **{"space_source": "<term>", **changes})


def test_the_kinds_of_a_space_that_no_source_names_are_imported_with_permission(kind):
    started = make_logged(kind, kind_sources=(f"{kind}:Scale",))
    assert event_from_json(*event_to_json(started)) == started
    assert describe_unknown_kinds(started.space, started).endswith(f"{kind}.py")
    with pytest.raises(NotTrusted):
        load_logged_term(started.space, started, trusted=False)
    assert kind not in sys.modules
    assert load_logged_term(started.space, started, trusted=True).kind == kind


def test_a_log_that_names_no_code_says_so(kind):
    started = make_logged(kind)
    assert '"kind_sources"' not in event_to_json(started)[1]
    lost = f"no file that the log names defines the modules {kind}; define their classes again, as they were, and"
    with pytest.raises(UnreadableTerm) as raised:
        load_logged_term(started.space, started, trusted=True)
    assert str(raised.value) == f"{lost} go on in the same process (with @aw.module and aw.resume(...) in Python)"
    said = describe_unknown_kinds(started.space, started)
    assert said.endswith(f"is left out: {lost} look at the run in the same process (with @aw.module in Python)")
    assert "--trust" not in said


def test_a_kind_that_the_named_code_does_not_define_is_lost_too(kind):
    started = make_logged(f"{kind}_lost", kind_sources=(f"{kind}:Scale",))
    with pytest.raises(UnreadableTerm, match=f"no file that the log names defines the modules {kind}_lost; define"):
        load_logged_term(started.space, started, trusted=True)


def test_what_names_the_kinds_of_a_space(kind):
    """Those that other processes find; none where the space's own source is code, which defines them."""
    found = load_object(f"{kind}:Scale")

    @aw.module
    class Lost(found):
        kind = f"{kind}_lost"

    space = aw.sequential(found([0.5, 1.0]), Lost([0.5]), found([1.0]), aw.affine(2))
    assert name_kinds(space, "<term>") == (f"{kind}:Scale",)
    assert name_kinds(space, "digits") == (f"{kind}:Scale",)
    assert name_kinds(space, "file.py:space") == ()
