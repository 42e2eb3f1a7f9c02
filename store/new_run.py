"""The name of a new run, which nobody else takes while it begins."""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager

from archwright.store.artifacts import left_by
from archwright.store.claim import claim
from archwright.store.duck import DuckDBLog
from archwright.store.errors import RunExists, RunIsBusy
from archwright.store.names import runs_of


@contextmanager
def first_free(log: DuckDBLog, names: Iterable[str]) -> Generator[str]:
    """The first of `names` that no run has, claimed for as long as the block lasts.

    One that another process has just taken is passed over. Raises RunExists where all are taken.
    """
    for name in names:
        if (held := _claimed(log, name)) is not None:
            with held:
                yield name
            return
    raise RunExists(f"all names that a new run in {log.path} might have are taken; name another one")


def _claimed(log: DuckDBLog, name: str) -> ExitStack | None:
    """What holds the name, if it is free."""
    with ExitStack() as held:
        try:
            held.enter_context(claim(log.path, name))
        except RunIsBusy:
            return None
        return None if name in runs_of(log) or name in left_by(log.path) else held.pop_all()
