"""Options of groups: help shows each by its name, and what a function does not have is answered with what it has."""

import inspect
import pydoc
import re
from typing import Annotated, TypedDict, Unpack, get_args

import pytest
from attrs import fields

import archwright as aw
from archwright.cli.end_options import EndOptions, MovedEndOptions
from archwright.core.defaults import DEFAULT_TRIALS
from archwright.core.ends import END_FIELDS, EndName, GivenEnds
from archwright.execution.call_options import OTHER_TOOLS, Option, UnknownRunOption, describe_options, take_options
from archwright.execution.options import RunOptions, make_run_options
from archwright.execution.resuming import Resumption
from archwright.execution.retraining import Retraining
from archwright.execution.verb_options import ExportOptions, ForkOptions, MovedEnds, ResumeOptions, RetrainOptions

VERBS = [
    (aw.search, aw.WorkOptions),
    (aw.compare, aw.WorkOptions),
    (aw.resume, ResumeOptions),
    (aw.Run.resume, ResumeOptions),
    (aw.fork, ForkOptions),
    (aw.Run.fork, ForkOptions),
    (aw.retrain, RetrainOptions),
    (aw.Run.retrain, RetrainOptions),
    (aw.export, ExportOptions),
    (aw.Trial.export, ExportOptions),
]


@describe_options
class Tools(TypedDict, total=False):
    """What it is built with."""

    hammer: Annotated[int, Option(2, "its weight in kg")]
    nails: Annotated[str | None, Option(None, "how long")]


@take_options
def build(house: str, *, trials: int = 1, **tools: Unpack[Tools]) -> str:
    """Build a house."""
    return f"{house} {trials} {tools}"


@pytest.mark.parametrize(
    ("verb", "name", "says"),
    [
        ("resume", "seed", r"a run keeps its seed: run\.fork\(at=\.\.\., seed=3\) goes on with another one"),
        ("resume", "budget", "a run keeps its budget: begin a new run with another one, by aw.search"),
        ("fork", "objective", "a run keeps its objective: begin"),
        ("fork", "space", "a run keeps its space: begin"),
        ("resume", "sel", "(?!did you mean self)"),
    ],
)
@pytest.mark.parametrize("owner", [aw, aw.Run])
def test_what_a_run_keeps_is_said_with_what_goes_on_with_another(owner, verb, name, says):
    with pytest.raises(UnknownRunOption, match=f"there is no option '{name}'; {says}"):
        getattr(owner, verb)(None, **{name: 1})


def test_the_options_of_a_group_are_those_of_the_function():
    assert str(inspect.signature(build)) == (
        "(house: str, *, trials: int = 1, hammer: int = 2, nails: str | None = None) -> str"
    )
    meanings = "Options:\n    hammer: its weight in kg\n    nails: how long"
    assert inspect.getdoc(build) == f"Build a house.\n\n{meanings}"
    assert inspect.getdoc(Tools) == f"What it is built with.\n\n{meanings}"
    assert build("home", hammer=3) == "home 1 {'hammer': 3}"
    assert (build.__name__, build.__module__) == ("build", __name__)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("trails", r"did you mean trials or nails\?"),
        ("hamer", r"did you mean hammer\?"),
        ("n_trials", r"here it is trials, as in trials=100$"),
        ("n_jobs", r"there are: hammer, house, nails, trials"),
    ],
)
def test_an_unknown_option_is_compared_with_all_that_there_are(name, says):
    with pytest.raises(UnknownRunOption, match=f"there is no option '{name}'; {says}"):
        build("home", **{name: 3})


@pytest.mark.parametrize(("verb", "group"), VERBS, ids=lambda value: getattr(value, "__qualname__", ""))
def test_help_says_every_option(verb, group):
    shown = pydoc.plain(pydoc.render_doc(verb))
    for name in group.__annotations__:
        assert name in inspect.signature(verb).parameters
        assert f"    {name}: " in shown
    assert not [p for p in inspect.signature(verb).parameters.values() if p.kind is p.VAR_KEYWORD]


@pytest.mark.parametrize("name", sorted(OTHER_TOOLS))
def test_words_of_other_tools_are_answered(name):
    option = OTHER_TOOLS[name].partition("=")[0]
    assert option in inspect.signature(aw.search).parameters
    assert name not in inspect.signature(aw.search).parameters
    with pytest.raises(UnknownRunOption, match=f"there is no option '{name}'; here it is {option}, as in {option}="):
        aw.search(aw.affine(2), **{name: 3})


def test_a_function_that_takes_no_group_says_the_same():
    with pytest.raises(UnknownRunOption, match=r"here it is objective, as in objective=aw\.minimize"):
        aw.study(aw.affine(2), direction="minimize")  # type: ignore[call-arg]
    with pytest.raises(UnknownRunOption, match=r"did you mean trials"):
        aw.resume("x", trails=3)  # type: ignore[call-arg]


def test_the_usual_values_that_help_shows_are_the_usual_ones():
    def collect_defaults(group):
        parameters = inspect.signature(take_options(make_taker(group))).parameters
        return {name: parameter.default for name, parameter in parameters.items()}

    def make_taker(group):
        def take(**options):
            del options

        take.__annotations__["options"] = Unpack[group]
        return take

    work = collect_defaults(aw.WorkOptions)
    given, usual = make_run_options(work), RunOptions()
    for name in ("workers", "trial_timeout", "retries", "grace", "trusted"):
        assert getattr(given, name) == getattr(usual, name)
    assert list(given.callbacks) == list(usual.callbacks) == []
    for group, cls in ((ResumeOptions, Resumption), (RetrainOptions, Retraining)):
        shown = collect_defaults(group)
        for field in fields(cls):
            if field.name in shown:
                assert shown[field.name] == field.default, field.name


def test_the_ends_of_a_run_are_the_same_wherever_they_are_given():
    names = [field.name for field in fields(GivenEnds)]
    assert list(get_args(EndName)) == names
    assert list(MovedEnds.__annotations__) == names
    assert [field.name for field in fields(EndOptions)] == [field.name for field in fields(MovedEndOptions)] == names
    assert set(names) < set(inspect.signature(aw.search).parameters)
    assert [{"time": "time_limit"}.get(name, name) for name in names] == list(END_FIELDS)


@pytest.mark.parametrize("function", [aw.search, aw.compare], ids=["search", "compare"])
def test_the_usual_number_of_trials_is_said(function):
    assert re.search(rf"\b{DEFAULT_TRIALS} (trials )?if (none is\s+given|None)", inspect.getdoc(function) or "")
