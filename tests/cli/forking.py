"""Commands in forks of one process that has imported what they need: as alone as in processes of their own.

Starting one takes a second of processor time, most of it for the same imports; forking one takes a fifth of that.
Run as a script, this asks for a command in the place of the script: `python -I -S forking.py SOCKET WORDS...`.
"""

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
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

# What is forked is the main program, as with a command that is started: it returns, exits or raises to nobody.
PROGRAM = """
import runpy, sys
words = runpy.run_path(sys.argv[1])["served"](sys.argv[2])
if words is not None:
    from archwright.cli.main import main
    sys.argv[1:] = words
    main(words)
"""
# Without torch, which a command has no business with. What is imported by few, or late, is left to those.
PACKAGES = ("archwright.cli", "archwright.search", "archwright.store")
MODULES = ("archwright.evaluate.opening", "archwright.evaluate.data.named", "archwright.cli.main")


class Commands:
    """The process that is forked, until the block ends. Its folder holds an `archwright` for shells."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.socket = str(folder / "socket")
        script = folder / "archwright"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" "{self.socket}" "$@"\n')
        script.chmod(0o755)
        program = [sys.executable, "-P", "-c", PROGRAM, __file__, self.socket]
        lifeline = listened = subprocess.PIPE
        self._process = subprocess.Popen(
            program, env=environment, stdin=lifeline, stdout=listened, start_new_session=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "commands cannot be forked"

    def __enter__(self) -> "Commands":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


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


def served(path: str) -> list[str] | None:
    """The words of a command, in a process that is to be it; None in the one that was forked, once nobody needs it."""
    _import()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("ready", flush=True)  # noqa: T201
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return _become(connection)
        connection.close()
        _reap()
    _reap()
    return None


def _import() -> None:
    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for module in MODULES:
        importlib.import_module(module)
    with redirect_stdout(StringIO()), suppress(SystemExit):
        sys.modules["archwright.cli.main"].main(["space", "digits"])  # what imports more when it is first used
    assert "torch" not in sys.modules
    gc.collect()
    gc.freeze()  # or else each fork would look through all of this at its end, and so copy it


def _become(connection: socket.socket) -> list[str]:
    """Fork once more: the parent tells how the child ends, and the child is the command."""
    message, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
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
    with Command(sys.argv[1], sys.argv[2:], str(Path.cwd()), os.environ, range(3)) as command:
        code = command.wait()
    sys.exit(code if code >= 0 else 128 - code)
