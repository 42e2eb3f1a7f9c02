"""What this process's `__main__`, a notebook or a script, has of the code that a log knows by name and source text.

A log names it as `__main__:name`. It is code of this process, which needs no permission.
"""

import sys
from typing import Any

from archwright.store.origins import hash_source, read_source

MAIN = "__main__"


def is_in_main(source: str, target: Any) -> bool:
    """Whether `target` itself is what `__main__` has by the name in `__main__:name`: so it can be found there again."""
    return target is not None and _get(source) is target


def find_in_main(source: str, sha256: str | None) -> Any:
    """What `__main__` has by that name, if its source text has the hash that a log has; else None."""
    found = _get(source)
    return None if found is None or sha256 is None or hash_source(read_source(found)) != sha256 else found


def has_other_text(source: str, sha256: str | None) -> bool:
    """Whether `__main__` has something by that name whose source text is another one."""
    found = _get(source)
    return found is not None and sha256 is not None and hash_source(read_source(found)) not in (None, sha256)


def _get(source: str) -> Any:
    """What `__main__` has by the name in `__main__:name`; None where there is none, or for a source elsewhere."""
    place, _, attribute = source.rpartition(":")
    value: Any = sys.modules.get(MAIN) if place == MAIN else None
    for name in attribute.split("."):
        value = getattr(value, name, None)
    return value
