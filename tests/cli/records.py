"""The records that commands print with --json, held against their types."""

import json
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

from archwright.results.records import RECORD_VERSION


def find_faults(value: Any, kind: Any, place: str = "") -> list[str]:
    """Where a value that JSON has held is not of its kind: a typed record, or what the fields of one are of."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        return _find_faults_of_record(value, kind, place)
    if origin is Literal:
        return [] if value in arguments else [place]
    if origin in (list, tuple, dict):
        items = value.values() if isinstance(value, dict) else value
        is_held = isinstance(value, dict if origin is dict else list)
        item_kind = arguments[1] if origin is dict else arguments[0]
        return [fault for item in items for fault in find_faults(item, item_kind, f"{place}[]")] if is_held else [place]
    if arguments:  # a union: the faults of what it is most like
        return min((find_faults(value, argument, place) for argument in arguments), key=len)
    if kind is float:
        return [] if value is None or isinstance(value, int | float) else [place]  # null: infinity, or no number
    return [] if kind is Any or isinstance(value, kind) else [place]


def _find_faults_of_record(value: Any, kind: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [place]
    hints = get_type_hints(kind)
    wrong = sorted((kind.__required_keys__ - value.keys()) | (value.keys() - hints.keys()))
    known = [name for name in value if name in hints]
    faults = [fault for name in known for fault in find_faults(value[name], hints[name], f"{place}.{name}")]
    return [*(f"{place}.{name}" for name in wrong), *faults]


def read_records(out: str) -> list[dict[str, Any]]:
    """The records that a command has printed, without their version."""
    printed = json.loads(out)
    records = printed if isinstance(printed, list) else [printed]
    assert records
    assert {record.pop("version") for record in records} == {RECORD_VERSION}
    return records
