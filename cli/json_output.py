"""JSON for programs, as commands print it."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from archwright.core.errors import escape_json
from archwright.results.records import RECORD_VERSION


def print_records(records: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Print a record, or several, as JSON, each with the `version` of its form; any release may add keys."""
    if isinstance(records, Mapping):
        print_json({"version": RECORD_VERSION, **records})
    else:
        print_json([{"version": RECORD_VERSION, **record} for record in records])


def print_json(data: object) -> None:
    """Print JSON that every program can read: numbers that it cannot hold become null."""
    sys.set_int_max_str_digits(0)  # Python's limit of 4,300 digits guards servers; the size of a space may have more
    text = escape_json(json.dumps(_to_json_value(data), indent=2, allow_nan=False, ensure_ascii=False, default=str))
    sys.stdout.write((text if _can_encode(sys.stdout, text) else json.dumps(json.loads(text), indent=2)) + "\n")


def _can_encode(stream: TextIO, text: str) -> bool:
    """Whether the encoding of a stream has all characters of a text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _to_json_value(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, Mapping):
        return {str(key): _to_json_value(value) for key, value in data.items()}
    return [_to_json_value(item) for item in data] if isinstance(data, list | tuple) else data
