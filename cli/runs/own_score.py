"""What a person's own function says its score is: read in its file, or else said by a process that imports it."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict

from archwright.core.objective import Objective, read_objective, score
from archwright.evaluate.user_code import SourceFailed, load_object
from archwright.evaluate.workers.process import list_import_path


def written(decorators: Sequence[ast.expr], tree: ast.Module) -> Objective | None:
    """What the decorators of a function in a module say; None for nothing.

    Raises ValueError where only running the module tells: where one of them is something else, or computed. Raises
    BadScore.
    """
    said: Objective | None = None
    for decorator in reversed(decorators):  # Python applies the lowest first
        match decorator:
            case ast.Call(func=called, args=args, keywords=keywords) if _is_ours(called, tree):
                named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
                said = _said(list(map(ast.literal_eval, args)), named)
            case _:
                raise ValueError(f"line {decorator.lineno} is another decorator")
    return said


def _said(args: Sequence[Any], named: Mapping[str, Any]) -> Objective:
    try:
        return score(*args, **named).objective
    except TypeError as error:
        if type(error) is not TypeError:
            raise
        raise ValueError(str(error)) from error  # running it gives the traceback


def _is_ours(called: ast.expr, tree: ast.Module) -> bool:
    """Whether `called` is archwright's `score`, under the names that the module imports it by."""
    match called:
        case ast.Attribute(value=ast.Name(id=name), attr="score"):
            wanted, of = "archwright", [node for node in tree.body if isinstance(node, ast.Import)]
        case ast.Name(id=name):
            wanted = "score"
            of = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "archwright"]
        case _:
            return False
    return any(alias.name == wanted and (alias.asname or alias.name) == name for node in of for alias in node.names)


def imported(source: str) -> Objective | None:
    """What the function `source` says once another process has imported it, and torch perhaps; None for nothing.

    Raises SourceFailed with what the import says.
    """
    path = os.pathsep.join(list_import_path())
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"from {__name__} import main; main()", source],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SourceFailed(done.stderr.strip() or f"importing {source} ended with the exit code {done.returncode}")
    said = json.loads(done.stdout.splitlines()[-1])
    return None if said is None else Objective(**said)


def main() -> None:
    """What that process does: its last line is the answer."""
    try:
        said = read_objective(load_object(sys.argv[1]))
    except Exception as error:  # noqa: BLE001  (told by its message alone)
        sys.exit(str(error))
    sys.stdout.write(f"\n{json.dumps(None if said is None else asdict(said))}\n")
