"""The names of new runs and of comparisons, which nobody else can take meanwhile, and labels of searchers in them."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from itertools import chain, count

from attrs import frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.json import JSON
from archwright.core.words import format_setting_value
from archwright.execution.arguments import read_searcher
from archwright.execution.logged_searches import find_unfinished
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.compare import ComparedSearch
from archwright.search.searcher import AnySearcher
from archwright.store.artifacts import find_runs_with_artifacts, require_no_artifacts
from archwright.store.claim import claim, claim_first_free
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import RunExists, RunIsBusy
from archwright.store.needed import CODE_KEY
from archwright.store.rebuild import require_not_gone
from archwright.store.runs import check_run_name, generate_run_names, list_runs
from archwright.store.suggestions import suggest_resumption
from archwright.store.user_code import is_source
from archwright.store.written_paths import shorten

MAX_LABEL_CHARACTERS = 60  # a run's name may have 100


class ComparisonIsBusy(ArchwrightError, BlockingIOError):
    """Another process is running a comparison of that name."""


class BadSearchers(ArchwrightError, ValueError):
    """Searchers that no comparison can be made of: none, or one of them twice."""


@contextmanager
def claim_new_run(
    log: DuckDBLog, given_name: str | None, default_names: Callable[[], Iterable[str]], *, remedy: str = ""
) -> Generator[str]:
    """The name of a new run, claimed for the block: `given_name`, or else the first free one of the `default_names`.

    The `remedy` is how to go on with a run of that name, where that is not by resuming it.
    Raises RunExists where the log has a run of the given name, RunIsBusy where one is being begun, LogIsGone
    where only the log's journal is there, and ArtifactsExist where another log's run has left its models.
    """
    require_not_gone(log.path)
    if given_name is None:
        with claim_first_free(log, default_names()) as name:
            yield name
        return
    _require_free_name(log, given_name, remedy)
    with claim(log.path, given_name):
        _require_free_name(log, given_name, remedy)
        yield given_name


def _require_free_name(log: DuckDBLog, name: str, remedy: str) -> None:
    if check_run_name(name) in list_runs(log):
        going_on = remedy or suggest_resumption(log.path, name)
        raise RunExists(f"the log holds a run {name} already; name another one, or: {going_on}")
    require_no_artifacts(log.path, name)


def generate_numbered_names(log: DuckDBLog, stem: str) -> Iterator[str]:
    """The default names of new runs: the stem with a number."""
    return generate_run_names(log, stem, find_runs_with_artifacts(log.path))


def generate_retraining_names(run: str, trial: int) -> Iterator[str]:
    """The default names in order of preference: RUN.retrain-TRIAL, RUN.retrain-TRIAL-2, -3 ..."""
    stem = f"{run[:80]}.retrain-{trial}"
    return map(check_run_name, chain([stem], (f"{stem}-{number}" for number in count(2))))


@contextmanager
def claim_comparison(
    log: DuckDBLog, name: str | None, default_name: str, plan: Callable[[str], Sequence[ComparedSearch]]
) -> Generator[tuple[str, Sequence[ComparedSearch]]]:
    """The name of a comparison and its searches under that, as `plan` makes them of a name.

    No other process runs a comparison of that name while the block lasts. It is `name` or else the `default_name`: one
    that was stopped under it is gone on with. Where another process is at the default one, it is the first with a
    number that is free; at `name`, ComparisonIsBusy.
    """
    searches = plan(name or default_name)
    check_run_name(max((search.run for search in searches), key=len))
    if not find_unfinished(log, searches):  # nobody need be kept out, nor the log be written
        yield name or default_name, searches
        return
    for candidate in [name] if name else chain([default_name], _generate_free_names(log, default_name)):
        with ExitStack() as claims:
            try:
                claims.enter_context(claim(log.path, f"{candidate}.all"))
            except RunIsBusy:
                continue
            yield candidate, plan(candidate)
            return
    raise ComparisonIsBusy(
        f"a comparison named {name} is going on in {shorten(log.path)}; "
        "let it finish or stop it, or give this one another --name (name= in Python)"
    )


def _generate_free_names(log: DuckDBLog, stem: str) -> Iterator[str]:
    """The names stem-2, stem-3 ... but for those after which runs are named."""
    runs = {*list_runs(log), *find_runs_with_artifacts(log.path)}
    names = (f"{stem}-{number}" for number in count(2))
    return (name for name in names if not any(run.startswith(f"{name}.") for run in runs))


@frozen
class LabelledSearcher:
    """A searcher as the log has it, and itself."""

    logged: JSON
    value: AnySearcher


def label_searchers(searchers: Iterable[AnySearcher | str]) -> Mapping[str, LabelledSearcher]:
    """Searchers, or texts such as `mcts,exploration=0.1` that name them, by the labels that their runs get.

    Raises BadSearchers where two of them are one searcher, however they are written, and what `read_searcher` does.
    """
    if isinstance(searchers, str):
        raise BadSearchers(f"the searchers are {searchers!r}; give a list of them, as in [{searchers!r}, 'random']")
    if not isinstance(searchers, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
        raise BadSearchers(f"the searchers are {show(searchers)}; give a list of them, as in ['random', 'smbo']")
    given, labelled = list(searchers), dict[str, LabelledSearcher]()  # a generator is walked once
    for searcher in given:
        new = LabelledSearcher(*read_searcher(searcher))
        label = format_label(new.logged)
        for earlier, other in zip(given, labelled.items(), strict=False):
            if label == other[0] or new.value == other[1].value:
                raise BadSearchers(
                    f"{_describe(searcher, new)} is the same searcher as {_describe(earlier, other[1])}; "
                    "name each searcher once"
                )
        labelled[label] = new
    if not labelled:
        raise BadSearchers("a comparison needs searchers; give a list of them, as in ['random', 'smbo']")
    return labelled


def _describe(given: AnySearcher | str, labelled: LabelledSearcher) -> str:
    """A searcher as a person has written it."""
    return given if isinstance(given, str) else SEARCHER_KIND.format(labelled.logged)


def format_label(searcher: JSON) -> str:
    """What a searcher is called in the names of runs, as in mcts-exploration-0-1: no two are called the same.

    A dash in it stands before a setting, before its value, and for a point in that; whatever else is no letter or
    digit of a value is written by its number, as in -1: _2d1. One of a person's own is called as its attribute is, with
    a digest of its source; or of its text, where that is all that the log has of it.
    """
    name, settings = SEARCHER_KIND.shorten(searcher)
    parts = [_label_source(name, searcher) if is_source(name) else name]
    for key, value in settings.items():
        plain_value = re.sub(r"[^A-Za-z0-9.]", lambda match: f"_{ord(match[0]):02x}", format_setting_value(value))
        parts += [key, plain_value.replace(".", "-")]
    label = "-".join(parts)
    return label if len(label) <= MAX_LABEL_CHARACTERS else f"{label[: MAX_LABEL_CHARACTERS - 17]}-{_digest(label, 8)}"


def _label_source(name: str, searcher: JSON) -> str:
    attribute = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition(":")[2].rpartition("<locals>.")[2])
    code = searcher.get(CODE_KEY) or {}
    return f"{attribute}-{_digest(name + (code.get('sha256') or ''), 4)}"


def _digest(text: str, size: int) -> str:
    """A digest of `size` bytes, in hexadecimal digits."""
    return blake2b(text.encode(), digest_size=size).hexdigest()
