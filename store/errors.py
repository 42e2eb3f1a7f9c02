"""The errors of a log: one class a situation, each also the built-in exception that a caller would catch."""

from pathlib import Path

from archwright.core.errors import ArchwrightError, cut_text
from archwright.store.suggestions import suggest_resumption


class LogMissing(ArchwrightError, FileNotFoundError):
    """There is no file where the log should be."""


class LogIsFolder(ArchwrightError, IsADirectoryError):
    """A folder stands where the log should be."""


class NotALog(ArchwrightError, ValueError):
    """The file is something else than an archwright log."""


class NotADatabase(NotALog):
    """The file is no DuckDB file at all."""


class LogIsNewer(ArchwrightError, RuntimeError):
    """The log was written by a later archwright, or by a later DuckDB."""


class LogUnwritable(ArchwrightError, PermissionError):
    """The file or its folder may not be written, or not be read."""


class LogIsBusy(ArchwrightError, TimeoutError):
    """Another process held the file for longer than we would wait."""


class LogIsFull(ArchwrightError, OSError):
    """The disk has no room for another event; nothing acknowledged is lost."""


class LogIsDamaged(ArchwrightError, OSError):
    """The file is torn, or what it says of a run is not what was appended."""


class LogIsTorn(LogIsDamaged):
    """DuckDB cannot read the file any more, or its write-ahead file."""


class NamesTaken(LogIsDamaged):
    """The file has other views than archwright's under their names, or macros under names of DuckDB's own functions."""


class JournalIsDamaged(LogIsDamaged):
    """The journal beside the log, from which the log would be repaired, is torn, or not what was written.

    The message ends with what to do where the log itself is whole.
    """

    REMEDY = "; move it away, and the next search begins it anew"

    @property
    def damage(self) -> str:
        """What is wrong with the journal, without the remedy, which does not hold where the log itself is gone."""
        return str(self).removesuffix(self.REMEDY)


class LogIsLost(JournalIsDamaged):
    """The log is torn or gone, and so is a part of the journal, from which it would be rebuilt."""


class LogContradicted(LogIsDamaged):
    """The log and its journal say different things of a run: somebody has changed one of the two."""


class LogIsGone(ArchwrightError, FileExistsError):
    """A new log would be created where the journal of another one lies, whose file is gone."""


class LogFailed(ArchwrightError, OSError):
    """DuckDB fails on the file for a reason that none of the other errors names."""


class LogConflict(ArchwrightError, RuntimeError):
    """The run in the log differs from what its writer knows: another process has written it."""


class RunIsBusy(ArchwrightError, BlockingIOError):
    """A process is working on the run: another one, or this one in another place."""


class NoSuchRun(ArchwrightError, KeyError):
    """The log holds no run of that name."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError would show its message as a key, in quotes


class NoSuchEvent(ArchwrightError, IndexError):
    """The run has no event of that number."""


class RunExists(ArchwrightError, ValueError):
    """The log already holds a run of that name."""


class InvalidRunName(ArchwrightError, ValueError):
    """A run's name that could not be part of a file's name."""


class InvalidHead(ArchwrightError, ValueError):
    """A text that is not a head of a run."""


class Inadmissible(ArchwrightError, ValueError):
    """An event that cannot follow what has happened so far."""


class UnwritableEvent(ArchwrightError, TypeError):
    """An event that holds something else than plain JSON."""


class UnreadableEvent(ArchwrightError, ValueError):
    """A row of the log that is no event of this version of archwright."""


class QueryFailed(ArchwrightError, ValueError):
    """A person's SQL that DuckDB will not run."""


# The words by which a situation is recognized, its error class and its message: DuckDB tells most situations apart by
# their words only.
_MEANINGS: tuple[tuple[tuple[str, ...], type[ArchwrightError], str], ...] = (
    (
        ("not a valid DuckDB database",),
        NotADatabase,
        "is not a DuckDB file; name another one with --log (log= in Python)",
    ),
    (("version number",), LogIsNewer, "was written by a newer DuckDB; upgrade with: pip install -U duckdb"),
    (
        ("No space left", "File too large", "quota exceeded"),
        LogIsFull,
        "cannot grow, the disk is full; make room (nothing acknowledged is lost) and go on with: {resume}",
    ),
    (
        ("Permission denied", "Read-only file system", "Operation not permitted"),
        LogUnwritable,
        "cannot be opened; give yourself the right to its folder and to it, or name another file with --log "
        "(log= in Python)",
    ),
    (
        ("WAL does not match",),
        LogIsTorn,
        "stands beside the write-ahead file of another log (its name and .wal); move that one away",
    ),
    (
        ("Could not read enough bytes", "orrupt", "checksum", "erializ", "INTERNAL Error", "replaying WAL"),
        LogIsTorn,
        "is torn or damaged; put a backup in its place",
    ),
)


def explain_failure(error: Exception, path: Path) -> ArchwrightError:
    """The error that says what `error`, of DuckDB or the operating system, means for the log at `path`."""
    message = " ".join(str(error).split())
    without_paths = message.replace(str(path), "").replace(str(path.parent), "")  # a folder may be named corruptions
    for words, error_class, meaning in _MEANINGS:
        if any(word in without_paths for word in words):
            return error_class(f"{path} {meaning.format(resume=suggest_resumption(path))} ({cut_text(message, 300)})")
    return LogFailed(f"{path} cannot be used: {message}")
