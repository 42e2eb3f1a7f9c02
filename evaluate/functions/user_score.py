"""The score that a user's function names: read from its source, or else printed by a process that imports it."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict

from archwright.core.objective import Objective, read_objective, score
from archwright.evaluate.workers.process import list_import_path
from archwright.store.user_code import SourceFailed, load_object


def read_decorators(decorators: Sequence[ast.expr], tree: ast.Module) -> Objective | None:
    """The objective that the `score` decorators of a function in a module name; None without one.

    Raises ValueError where only running the module tells: where there is another decorator, or computed arguments.
    Raises BadScore.
    """
    objective: Objective | None = None
    for decorator in reversed(decorators):  # Python applies the lowest first
        match decorator:
            case ast.Call(func=function, args=args, keywords=keywords) if _is_score_decorator(function, tree):
                keyword_arguments = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
                objective = _apply_score(list(map(ast.literal_eval, args)), keyword_arguments)
            case _:
                raise ValueError(f"line {decorator.lineno} is another decorator")
    return objective


def _apply_score(args: Sequence[Any], keyword_arguments: Mapping[str, Any]) -> Objective:
    try:
        return score(*args, **keyword_arguments).objective
    except TypeError as error:
        if type(error) is not TypeError:
            raise
        raise ValueError(str(error)) from error  # running it gives the traceback


def _is_score_decorator(function: ast.expr, tree: ast.Module) -> bool:
    """Whether `function` is archwright's `score`, under the names by which the module imports it."""
    match function:
        case ast.Attribute(value=ast.Name(id=name), attr="score"):
            imported = "archwright"
            imports = [node for node in tree.body if isinstance(node, ast.Import)]
        case ast.Name(id=name):
            imported = "score"
            imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "archwright"]
        case _:
            return False
    aliases = [alias for node in imports for alias in node.names]
    return any(alias.name == imported and (alias.asname or alias.name) == name for alias in aliases)


def import_score(source: str) -> Objective | None:
    """The objective that the function `source` names, as a process that imports it prints; None if it names none.

    Raises SourceFailed with the error of the import.
    """
    path = os.pathsep.join(list_import_path())
    process = subprocess.run(
        [sys.executable, "-P", "-c", f"from {__name__} import print_score; print_score()", source],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise SourceFailed(
            process.stderr.strip() or f"importing {source} ended with the exit code {process.returncode}"
        )
    objective = json.loads(process.stdout.splitlines()[-1])
    return None if objective is None else Objective(**objective)


def print_score() -> None:
    """Print the objective of the function in the first argument as JSON, on the last line."""
    try:
        objective = read_objective(load_object(sys.argv[1]))
    except Exception as error:  # noqa: BLE001  (reported by its message alone)
        sys.exit(str(error))
    sys.stdout.write(f"\n{json.dumps(None if objective is None else asdict(objective))}\n")
