"""The exit code of a child process in words."""

import signal

# Signals that a process brings upon itself; any other one comes from a person, another process or the system.
SELF_INFLICTED_SIGNALS = {
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


def describe_exit(code: int | None) -> str:
    """How a process ended that has closed its pipes, as in "was killed by SIGTERM"; the process is the subject.

    A negative code is the number of the signal that killed it; None is that of a process which may still run.
    """
    if code is None:
        return "closed its pipes"
    if code >= 0:
        return f"exited with code {code}"
    if -code == signal.SIGKILL:
        return "was killed by SIGKILL, as the system does when memory runs out"
    meaning = f" ({(signal.strsignal(-code) or '').lower()})" if is_self_inflicted(code) else ""
    return f"was killed by {_signal_name(-code)}{meaning}"


def is_self_inflicted(code: int) -> bool:
    """Whether a process with that exit code ended by its own doing, and was not killed from outside."""
    return code >= 0 or -code in SELF_INFLICTED_SIGNALS


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return f"signal {number}"
