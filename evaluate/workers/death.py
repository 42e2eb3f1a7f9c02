"""Why a worker died that nobody had told to end."""

import signal

from attrs import frozen

from archwright.core.exit_code import describe_exit, is_self_inflicted
from archwright.core.protocols import Status
from archwright.evaluate.workers.machine import OomKills

SIGCHLD_IGNORED = (
    "the search's process ignores SIGCHLD; undo that with signal.signal(signal.SIGCHLD, signal.SIG_DFL) to be told"
)


@frozen
class Death:
    """The end of an attempt whose worker died or was killed."""

    status: Status
    reason: str  # for people
    transient: bool = False  # whether another attempt may well end otherwise, since it was not the job's doing


def explain_death(code: int | None, kills: OomKills, kills_before: int | None) -> Death:
    """The death of a worker by its exit code, if it has one by now; a negative one is the signal that killed it.

    `kills_before` is what `kills` had counted when its job began.
    """
    if code == 0 and signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:  # the system has told nobody: 0 stands for it
        return Death("crashed", f"the worker ended, and how is not known, since {SIGCHLD_IGNORED}", transient=True)
    if code == -signal.SIGKILL:
        match kills.explain_death(kills_before):
            case True:
                reason = "the worker was killed by the system (SIGKILL), as memory ran out"
                return Death("out_of_memory", reason, transient=True)
            case False:
                reason = "the worker was killed by SIGKILL, and not by the system for want of memory"
                return Death("crashed", reason, transient=True)
            case None:
                pass
    return Death(
        "crashed", f"the worker {describe_exit(code)}", transient=code is not None and not is_self_inflicted(code)
    )
