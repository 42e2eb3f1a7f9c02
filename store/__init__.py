"""The log: events, the DuckDB file, the fold, the views."""

from archwright.store.beside import belongs_to
from archwright.store.chain import Break
from archwright.store.claim import claim
from archwright.store.decide import decide
from archwright.store.duck import DuckDBLog
from archwright.store.errors import (
    Inadmissible,
    InvalidHead,
    InvalidRunName,
    JournalIsDamaged,
    LogConflict,
    LogContradicted,
    LogFailed,
    LogIsBusy,
    LogIsDamaged,
    LogIsFolder,
    LogIsFull,
    LogIsGone,
    LogIsNewer,
    LogMissing,
    LogUnwritable,
    NoSuchEvent,
    NoSuchRun,
    NotALog,
    QueryFailed,
    RunExists,
    RunIsBusy,
    UnreadableEvent,
    UnwritableEvent,
)
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    Fork,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    RunStopped,
    Scored,
)
from archwright.store.fold import RunState, Trial, fold, replay
from archwright.store.fork import fork
from archwright.store.log import START, Log, Position, Recorded
from archwright.store.memory import MemoryLog
from archwright.store.names import check_run_name, find_run, new_run_name
from archwright.store.query import Table, export, query
from archwright.store.verify import Head, Verdict, verify
from archwright.store.views import VIEWS, View

__all__ = [
    "START",
    "VIEWS",
    "AttemptEnded",
    "AttemptStarted",
    "Break",
    "DuckDBLog",
    "Event",
    "Fork",
    "Head",
    "Inadmissible",
    "InvalidHead",
    "InvalidRunName",
    "JournalIsDamaged",
    "Log",
    "LogConflict",
    "LogContradicted",
    "LogFailed",
    "LogIsBusy",
    "LogIsDamaged",
    "LogIsFolder",
    "LogIsFull",
    "LogIsGone",
    "LogIsNewer",
    "LogMissing",
    "LogUnwritable",
    "MemoryLog",
    "NoSuchEvent",
    "NoSuchRun",
    "NotALog",
    "Position",
    "Proposed",
    "QueryFailed",
    "Recorded",
    "Reported",
    "RunExists",
    "RunIsBusy",
    "RunResumed",
    "RunStarted",
    "RunState",
    "RunStopped",
    "Scored",
    "Table",
    "Trial",
    "UnreadableEvent",
    "UnwritableEvent",
    "Verdict",
    "View",
    "belongs_to",
    "check_run_name",
    "claim",
    "decide",
    "export",
    "find_run",
    "fold",
    "fork",
    "new_run_name",
    "query",
    "replay",
    "verify",
]
