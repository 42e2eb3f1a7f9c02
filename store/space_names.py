"""What a search space is called where people read of it: its name, or what it is where it was given as a value."""

from collections.abc import Mapping
from typing import cast

from archwright.core.json import JSON, UNNAMED_TERM

_MODULES_KEYS = ("children", "terms")  # under which the JSON of a term has a list of others

# The same in SQL, of the payload of a RunStarted.
SPACE_NAME_SQL = f"""
    CASE WHEN payload->>'$.space_source' = '{UNNAMED_TERM}' AND payload->>'$.space.kind' IS NOT NULL THEN
        CASE WHEN left(payload->>'$.space.kind', 1) IN ('a', 'e', 'i', 'o', 'u') THEN 'an ' ELSE 'a ' END
        || (payload->>'$.space.kind')
        || CASE greatest(json_array_length(payload, '$.space.children'), json_array_length(payload, '$.space.terms'))
            WHEN 0 THEN '' WHEN 1 THEN ' of 1 module'
            ELSE coalesce(
                ' of ' || greatest(
                    json_array_length(payload, '$.space.children'), json_array_length(payload, '$.space.terms')
                ) || ' modules', ''
            ) END
    ELSE payload->>'$.space_source' END
"""


def name_space(source: str, space: JSON) -> str:
    """The name of a space by its source and its term, as a log has them: digits, or a sequential of 4 modules."""
    if source != UNNAMED_TERM or not isinstance(space, dict) or "kind" not in space:
        return source
    term = cast("Mapping[str, JSON]", space)
    kind = str(term["kind"])
    count = max(_count_modules(term.get(key)) for key in _MODULES_KEYS)
    modules = f" of {count} module{'' if count == 1 else 's'}" if count else ""
    return f"{'an' if kind[:1] in ('a', 'e', 'i', 'o', 'u') else 'a'} {kind}{modules}"


def _count_modules(modules: JSON) -> int:
    return len(cast("list[JSON]", modules)) if isinstance(modules, list) else 0
