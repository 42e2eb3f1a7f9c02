"""Commands in forks of a process that has imported what they need: as alone as in processes of their own.

Starting one takes a second of processor time, most of it for the same imports; forking one takes a fifth of that. The
workers that such a command starts would import torch, for more than two seconds: they are forked from a second process.
Run as a script, this asks for either in the place of the script: `python -I -S forking.py SOCKET WORDS...`.
"""

import faulthandler
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

# What is forked is the main program, as with a command that is started: it returns, exits or raises to nobody.
PROGRAM = """
import runpy, sys
main = runpy.run_path(sys.argv[1])["served"](sys.argv[2])
if main is not None:
    main()
"""
# Without torch, which a command has no business with. What else is imported by few, or late, is left to those.
PACKAGES = ("archwright.cli", "archwright.search", "archwright.store")
MODULES = (
    "archwright.evaluate.functions.evaluation",
    "archwright.evaluate.tables.fcnet",
    "archwright.evaluate.tables.nasbench201",
    "archwright.evaluate.data.loading",
    "archwright.cli.main",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
)
OF_WORKERS = (
    "archwright.evaluate.training.task",
    "archwright.evaluate.functions.arguments",
    "archwright.evaluate.functions.scoring",
    "archwright.evaluate.workers.worker",
)
COMMANDS, WORKERS = "commands", "workers"  # the names of the sockets
OWN_WORKERS = "OWN_WORKERS"  # in the environment of a command that starts its workers itself


class Commands:
    """The processes that are forked, until the block ends. Their folder holds an `archwright` for shells."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.socket = str(folder / COMMANDS)
        script = folder / "archwright"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" "{self.socket}" "$@"\n')
        script.chmod(0o755)
        of_workers = {**environment, "PYTHONHASHSEED": "0"}
        self._forked = [_begun(str(folder / WORKERS), of_workers), _begun(self.socket, environment)]

    def __enter__(self) -> "Commands":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._forked:
            process.communicate()


def _begun(path: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """The process that is forked for whoever asks at a socket; it may still import, while they wait."""
    program = [sys.executable, "-P", "-c", PROGRAM, __file__, path]
    lifeline = listened = subprocess.PIPE
    process = subprocess.Popen(program, env=environment, stdin=lifeline, stdout=listened, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline(), "nothing can be forked"
    return process


class Command:
    """A command with these standard streams, until the block ends; then it is killed if it has not ended."""

    def __init__(
        self, path: str, words: Sequence[str], folder: str, environment: Mapping[str, str], streams: Sequence[int]
    ) -> None:
        asked = {"words": list(words), "folder": folder, "environment": dict(environment)}
        message = json.dumps(asked).encode() + b"\n"
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(path)
        self._server.sendall(message[socket.send_fds(self._server, [message], streams) :])
        self._answers = self._server.makefile()
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._answers.close()
        self._server.close()

    def poll(self) -> int | None:
        """The exit code, negative where a signal ended it; None as long as it runs."""
        ready = self.returncode is None and select.select([self._server], [], [], 0)[0]
        return self.wait() if ready else self.returncode

    def wait(self, seconds: float | None = None) -> int:
        """The exit code, once there is one; TimeoutError where it takes longer than `seconds`."""
        if self.returncode is None:
            self._server.settimeout(seconds)
            self.returncode = int(self._answers.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def served(path: str) -> Callable[[], None] | None:
    """What the fork is to do as the main program; None in the process that was forked, once nobody needs it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("listening", flush=True)  # noqa: T201
    program = _import_for_workers() if Path(path).name == WORKERS else _import_for_commands(path)
    gc.collect()
    gc.freeze()  # or else each fork would look through all of this at its end, and so copy it
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            words = _become(connection)
            return lambda: program(words)
        connection.close()
        _reap()
    _reap()
    return None


def _import_for_commands(path: str) -> Callable[[list[str]], None]:
    """What a command is, of its words; it asks for its workers beside `path`."""
    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for module in MODULES:
        importlib.import_module(module)
    main = sys.modules["archwright.cli.main"].main
    with redirect_stdout(StringIO()), suppress(SystemExit):
        main(["space", "digits"])  # what imports more when it is first used
    assert "torch" not in sys.modules
    workers = ("-I", "-S", __file__, str(Path(path).with_name(WORKERS)))

    def command(words: list[str]) -> None:
        # One core for each search: small models take several times as much time of two, of which others have use.
        vars(sys.modules["archwright.evaluate.workers.pool"])["count_cores"] = lambda: 1
        if OWN_WORKERS not in os.environ:
            vars(sys.modules["archwright.evaluate.workers.process"])["WORKER_ARGUMENTS"] = workers
        sys.argv[1:] = words
        main(words)

    return command


def _import_for_workers() -> Callable[[list[str]], None]:
    """What a worker is, of the numbers of its pipes."""
    for module in OF_WORKERS:
        importlib.import_module(module)

    def worker(words: list[str]) -> None:
        os.setsid()
        faulthandler.enable()
        sys.stdout = sys.stderr
        sys.argv[1:] = words
        sys.modules["archwright.evaluate.workers.worker"].run_worker()

    return worker


def _become(connection: socket.socket) -> list[str]:
    """Fork once more: the parent tells how the child ends, and the child is what was asked for."""
    message, streams, _, _ = socket.recv_fds(connection, 1 << 16, 6)
    while not message.endswith(b"\n"):
        message += connection.recv(1 << 16)
    if pid := os.fork():
        for stream in (*streams, *range(3)):
            os.close(stream)
        connection.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        with suppress(OSError):  # nobody waits for it any more
            connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Those that there are know what else they led to: a pipe has no place to seek, and a file is no terminal.
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    asked = json.loads(message)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    return asked["words"]


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    at, *words = sys.argv[1:]
    pipes = list(map(int, words)) if Path(at).name == WORKERS else []
    words = list(map(str, range(3, 3 + len(pipes)))) or words  # by these numbers a worker finds them
    with Command(at, words, str(Path.cwd()), os.environ, [*range(3), *pipes]) as command:
        code = command.wait()
    if code < 0:
        with suppress(OSError):  # SIGKILL
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
