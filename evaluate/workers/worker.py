"""The process that does the work: warm between jobs, and gone as soon as its coordinator is."""

import fcntl
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from archwright.core.errors import ArchwrightError
from archwright.evaluate.config import FunctionConfig, TrainingConfig, from_json
from archwright.evaluate.failure import account
from archwright.evaluate.loading import is_source, load
from archwright.evaluate.verdict import Evaluate
from archwright.evaluate.workers.attempt import attempt
from archwright.evaluate.workers.inbox import Inbox
from archwright.evaluate.workers.protocol import Message, Ready, Setup, Unfit, decode, encode


def main() -> None:
    """Serve one coordinator: jobs from the first pipe, reports to the second, for as long as it holds the third."""
    jobs, reports, lifeline = map(int, sys.argv[1:])
    for fd in (jobs, reports, lifeline):
        os.set_inheritable(fd, False)
    _die_with(lifeline)
    os.register_at_fork(after_in_child=partial(_fall_silent, reports))
    _offer_to_the_memory_killer()

    turn = threading.Lock()  # a person's function may report from threads of its own

    def send(message: Message) -> None:
        line = memoryview(encode(message))
        with turn:
            while line:
                line = line[os.write(reports, line) :]

    with os.fdopen(jobs, "rb") as messages:
        setup = decode(messages.readline())
        assert isinstance(setup, Setup)
        try:
            evaluate = prepare(setup)
        except BaseException as error:  # noqa: BLE001  (it runs a person's file, which may call sys.exit)
            send(Unfit(str(error) if isinstance(error, ArchwrightError) else account(error)))
            return
        send(Ready())
        try:
            serve(map(decode, messages), evaluate, send)
        except BaseException:  # noqa: BLE001  (such as a Ctrl-C that was sent to it, or no memory to tell an error with)
            try:
                traceback.print_exc()
            finally:  # also where a job has left nothing that could be told with
                os._exit(1)  # the thread that reads holds the pipe: an orderly end would wait for it


def serve(messages: Iterable[Message], evaluate: Evaluate, send: Callable[[Message], None]) -> None:
    """Answer each job with its reports and its end, until there are no more."""
    inbox = Inbox(messages)
    for job in inbox.jobs():
        send(attempt(evaluate, job, send, partial(inbox.halted, job)))


def prepare(setup: Setup) -> Evaluate:
    """How jobs are evaluated, with everything imported and loaded; raises what a person's file raises."""
    sys.path.extend(folder for folder in setup.path if folder not in sys.path)
    if setup.space_source is not None and is_source(setup.space_source):
        load(setup.space_source)  # defines the person's own kinds of module
    config = from_json(setup.evaluator)
    if isinstance(config, TrainingConfig):  # only here, since torch takes seconds to import
        from archwright.evaluate.training import classifier

        return classifier.prepare(config, setup.index, setup.threads)
    assert isinstance(config, FunctionConfig)  # tables need no worker
    from archwright.evaluate.functions import scoring

    return scoring.prepare(config, setup.index, setup.threads)


def _die_with(lifeline: int) -> None:
    """Kills this process and all its children once the far end of `lifeline` is closed, if only by a `kill -9`."""
    group = os.getpgrp()

    def wait() -> None:
        os.read(lifeline, 1)
        os.killpg(group, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()
    if hasattr(fcntl, "F_SETSIG"):  # Linux does it too, which helps where native code never lets that thread run
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -group)
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _fall_silent(reports: int) -> None:
    """In a child that a person's code has forked: what it writes into the pipe, if only by chance, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, reports, inheritable=False)
    os.close(nowhere)


def _offer_to_the_memory_killer() -> None:
    """Where memory runs out, Linux is to take a worker, not the coordinator."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
