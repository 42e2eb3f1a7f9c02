"""How a worker ended without having been told to."""

import signal

from attrs import frozen

from archwright.core.protocols import Status
from archwright.evaluate.workers.machine import MemoryKills

# What a process brings upon itself; by any other signal somebody or something else has killed it.
OWN_SIGNALS = {
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
    signal.SIGSYS,
    signal.SIGTRAP,
    signal.SIGPIPE,
    signal.SIGXCPU,
    signal.SIGXFSZ,
}
IGNORED = (
    "the search's process ignores SIGCHLD; undo that with signal.signal(signal.SIGCHLD, signal.SIG_DFL) to be told"
)


@frozen
class Death:
    """What became of the attempt, and why."""

    status: Status
    why: str
    transient: bool = False  # not of the job's doing, as far as can be known


def death(code: int | None, kills: MemoryKills, kills_before: int | None) -> Death:
    """What a worker's exit code tells, if it has one by now; a negative one is the signal that has killed it.

    `kills_before` is what was counted of `kills` when its job began.
    """
    if code is None:
        return Death("crashed", "the worker closed its pipes")
    if code == 0 and signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:  # the system has told nobody: 0 stands for it
        return Death("crashed", f"the worker ended, and how is not known, since {IGNORED}", True)
    if code >= 0:
        return Death("crashed", f"the worker exited with code {code}")
    if -code != signal.SIGKILL:
        own = -code in OWN_SIGNALS
        meaning = f" ({(signal.strsignal(-code) or '').lower()})" if own else ""
        return Death("crashed", f"the worker was killed by {_name(-code)}{meaning}", not own)
    match kills.explain(kills_before):
        case True:
            return Death("out_of_memory", "the worker was killed by the system (SIGKILL), as memory ran out", True)
        case False:
            why = "the worker was killed by SIGKILL, and not by the system for want of memory"
        case None:
            why = "the worker was killed by SIGKILL, as the system does when memory runs out"
    return Death("crashed", why, True)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return f"signal {number}"
