"""Configurations that people know and want tried: as values, or in files of JSON, one of them or a list."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from archwright.core.errors import show
from archwright.core.node import Node
from archwright.core.protocols import Problem
from archwright.core.term import Term
from archwright.execution.checks import BadArgument

# Several, a single one, by its choices, as a node or as an architecture, or a file of them.
Configurations = Iterable[object] | Mapping[str, object] | Term | Node | str | Path


def read_configurations(enqueue: Configurations, problem: Problem) -> Sequence[object]:
    """Each configuration of `enqueue`: one, a list of them, a file of them, or a list that names such files, too.

    A node stands for its choices, an architecture, its JSON, or the name of a built-in one such as resnet18, for the
    path that leads to it. Files are checked: see `read_enqueue_file`. Raises BadEnqueueFile, what `path_of` does,
    UnreadableTerm, and BadArgument for anything else.
    """
    given: object = enqueue
    if isinstance(given, list | tuple) and not given:
        return ()
    # Here, since it finds architectures in spaces, which takes time to import, and few runs are given any.
    from archwright.execution.written_configurations import find_choices, is_path, read_text

    if isinstance(given, str | Path):
        return read_text(given, problem)
    if isinstance(given, Term | Node | Mapping):
        return [find_choices(given, problem)]
    if not isinstance(given, Iterable):
        raise BadArgument(f"enqueue is {show(given)}; it must be a list of configurations, or name a file of them")
    items = list(cast(Iterable[object], given))
    if is_path(items):
        return [items]
    read: list[object] = []
    for item in items:
        if isinstance(item, str | Path):
            read += read_text(item, problem)
        else:
            read.append(find_choices(item, problem))
    return read
