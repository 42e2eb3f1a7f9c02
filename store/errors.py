"""What can go wrong with a log: one class a situation, each also the built-in that a caller would catch."""

from archwright.core.errors import ArchwrightError


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
    """Something else stands in the file under a name of our views, or of DuckDB's own functions."""


class JournalIsDamaged(LogIsDamaged):
    """The journal beside the log, from which the log would be repaired, is torn, or not what was written.

    What it says ends with what to do where the log itself is whole.
    """

    REMEDY = "; move it away, and the next search begins it anew"

    @property
    def damage(self) -> str:
        """What is wrong, for where the log can only be had from its journal."""
        return str(self).removesuffix(self.REMEDY)


class LogIsLost(JournalIsDamaged):
    """The log is torn or gone, and so is a part of the journal, from which it would be made anew."""


class LogContradicted(LogIsDamaged):
    """The log and its journal say different things of a run: somebody has changed one of the two."""


class LogIsGone(ArchwrightError, FileExistsError):
    """A new log would be begun where the journal of another one lies, whose file is gone."""


class LogFailed(ArchwrightError, OSError):
    """DuckDB cannot do with the file what it always can, for a reason that we have not met."""


class LogConflict(ArchwrightError, RuntimeError):
    """The run goes on differently in the log than its writer knows: someone else has written it."""


class RunIsBusy(ArchwrightError, BlockingIOError):
    """Another process is going on with the run."""


class NoSuchRun(ArchwrightError, LookupError):
    """The log holds no run of that name."""


class NoSuchEvent(ArchwrightError, IndexError):
    """The run has no event of that number."""


class RunExists(ArchwrightError, ValueError):
    """The log already holds a run of that name."""


class InvalidRunName(ArchwrightError, ValueError):
    """A run's name that could not be part of a file's name."""


class InvalidHead(ArchwrightError, ValueError):
    """A text that says no head of a run."""


class Inadmissible(ArchwrightError, ValueError):
    """An event that cannot follow what has happened so far."""


class UnwritableEvent(ArchwrightError, TypeError):
    """An event that holds something else than plain JSON."""


class UnreadableEvent(ArchwrightError, ValueError):
    """A row of the log that is no event that we know."""


class QueryFailed(ArchwrightError, ValueError):
    """A person's SQL that DuckDB will not run."""
