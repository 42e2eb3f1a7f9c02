"""The name of a new run, which nobody else can take meanwhile."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, count

from archwright.display.suggestion import omit_default_log
from archwright.store.artifacts import find_runs_with_artifacts, require_no_artifacts
from archwright.store.claim import claim, claim_first_free
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import RunExists
from archwright.store.rebuild import require_not_gone
from archwright.store.remedies import suggest_resumption
from archwright.store.runs import check_run_name, generate_run_names, list_runs


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
        going_on = remedy or suggest_resumption(omit_default_log(log.path), name)
        raise RunExists(f"the log holds a run {name} already; name another one, or: {going_on}")
    require_no_artifacts(log.path, name)


def generate_numbered_names(log: DuckDBLog, stem: str) -> Iterator[str]:
    """The default names of new runs: the stem with a number."""
    return generate_run_names(log, stem, find_runs_with_artifacts(log.path))


def generate_retraining_names(run: str, trial: int) -> Iterator[str]:
    """The default names in order of preference: RUN.retrain-TRIAL, RUN.retrain-TRIAL-2, -3 ..."""
    stem = f"{run[:80]}.retrain-{trial}"
    return map(check_run_name, chain([stem], (f"{stem}-{number}" for number in count(2))))
