"""Options that several calls take, in groups: each is said once, shown by help, and no other one is taken."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from attrs import frozen

from archwright.core.errors import ArchwrightError, suggest_names

Taker = TypeVar("Taker", bound=Callable[..., Any])
OptionGroup = TypeVar("OptionGroup")
MODULE_OF_CLASS = re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Z])")
# What other tools call an option, and what is written here.
OTHER_TOOLS: Mapping[str, str] = {
    **dict.fromkeys(("n_trials", "max_trials", "num_trials", "num_samples", "max_evals"), "trials=100"),
    **dict.fromkeys(("direction", "directions", "mode"), "objective=aw.minimize('loss')"),
    **dict.fromkeys(("metric", "monitor"), "objective=aw.maximize('accuracy')"),
    **dict.fromkeys(("n_jobs", "num_workers"), "workers=2"),
    **dict.fromkeys(("timeout", "max_time"), "time='2h'"),
    **dict.fromkeys(("sampler", "algorithm"), "searcher='mcts'"),
    **dict.fromkeys(("pruner", "scheduler"), "stopping='median'"),
    **dict.fromkeys(("epochs", "n_epochs", "max_epochs"), "budget='5epochs'"),
    **dict.fromkeys(("study_name", "run_name"), "name='mine'"),
    "patience": "no_improvement=30",
    "random_state": "seed=0",
    "storage": "log='mine.duckdb'",
    "verbose": "progress=False",
}

# What a run keeps, however it is gone on with, and what goes on with another one.
_NEW_RUN = "begin a new run with another one, by aw.search"
KEPT_OPTIONS: Mapping[str, str] = {
    "seed": "run.fork(at=..., seed=3) goes on with another one",
    "settings": "run.fork(at=..., settings={...}) goes on with other ones",
    **dict.fromkeys(("space", "input", "objective", "minimize", "budget", "evaluation", "stopping", "data"), _NEW_RUN),
    "warm_start": "one takes over trials when it begins, by aw.search(..., warm_start=...)",
}
CONTINUATIONS = ("resume", "fork")  # the functions that go on with a run


class UnknownRunOption(ArchwrightError, TypeError):
    """An option that a function does not have."""


@frozen
class Option:
    """What a group says of an option beside its name and its type, as `Annotated` holds it."""

    default: Any  # what leaving it out means
    meaning: str


def take_options(function: Taker) -> Taker:
    """`function`, whose `**options` of a group are shown one by one by `help` and by editors, as all others are.

    Called with an option that it does not have, it raises UnknownRunOption, with the nearest of all that it has.
    """
    signature = inspect.signature(function)
    own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    groups = [get_args(parameter.annotation)[0] for parameter in signature.parameters.values() if parameter not in own]
    options = {name: option for group in groups for name, option in _read_group(group).items()}
    shown = [*own, *(_show_option(name, annotation, option) for name, (annotation, option) in options.items())]
    names = [parameter.name for parameter in shown if parameter.name != "self"]

    def suggest(name: str) -> str:
        if name in KEPT_OPTIONS and function.__name__ in CONTINUATIONS:
            return f"a run keeps its {name}: {KEPT_OPTIONS[name]}"
        return _suggest_option(name, names)

    @wraps(function)
    def call(*values: Any, **given: Any) -> Any:
        for name in given:
            if name not in names:
                raise UnknownRunOption(f"there is no option {name!r}; {suggest(name)}")
        return function(*values, **given)

    described: Any = call
    described.__signature__ = signature.replace(parameters=shown)
    described.__doc__ = _add_meanings(function.__doc__ or "", options)
    return described


def describe_options(group: type[OptionGroup]) -> type[OptionGroup]:
    """The group, with the meanings of its options in its docstring."""
    group.__doc__ = _add_meanings(group.__doc__ or "", _read_group(group))
    return group


def select_options(options: Mapping[str, Any], group: type[OptionGroup]) -> OptionGroup:
    """The options that belong to a group."""
    return cast(OptionGroup, {name: value for name, value in options.items() if name in group.__annotations__})


def format_signature(name: str, function: Callable[..., Any]) -> str:
    """The signature of a function with optional keywords, a line for each parameter; classes without their modules."""
    signature = inspect.signature(function)
    parameters = [f"    {parameter},\n" for parameter in signature.parameters.values()]
    first_by_name = [p.kind for p in signature.parameters.values()].index(inspect.Parameter.KEYWORD_ONLY)
    parameters.insert(first_by_name, "    *,\n")
    text = f"{name}(\n{''.join(parameters)}) -> {inspect.formatannotation(signature.return_annotation)}"
    return MODULE_OF_CLASS.sub("", text)


def _read_group(group: Any) -> Mapping[str, tuple[Any, Option]]:
    """The type and what is said of each option of a group."""
    options: dict[str, tuple[Any, Option]] = {}
    for name, annotation in get_type_hints(group, include_extras=True).items():
        assert get_origin(annotation) is Annotated, name
        kind, option = get_args(annotation)
        options[name] = (kind, option)
    return options


def _show_option(name: str, annotation: Any, option: Option) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=annotation)


def _add_meanings(docstring: str, options: Mapping[str, tuple[Any, Option]]) -> str:
    lines = [f"    {name}: {option.meaning}" for name, (_, option) in options.items()]
    return "\n".join([inspect.cleandoc(docstring), *(["", "Options:", *lines] if lines else [])])


def _suggest_option(name: str, known: Iterable[str]) -> str:
    """The remedy for an option that is unknown: what another tool calls so, or similar names."""
    here = OTHER_TOOLS.get(name, "")
    option = here.partition("=")[0]
    return f"here it is {option}, as in {here}" if option and option in known else suggest_names(name, known)
