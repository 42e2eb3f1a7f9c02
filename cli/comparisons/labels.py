"""The searchers of a comparison, by the labels that their runs get."""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from archwright.cli.values import BadOption
from archwright.core.json import JSON
from archwright.core.words import format_setting_value
from archwright.execution.arguments import read_searcher
from archwright.search.named import searcher_from_json, shorten_searcher
from archwright.store.user_code import is_source

MAX_LABEL_CHARACTERS = 60  # a run's name may have 100


def label_searchers(texts: Sequence[str]) -> Mapping[str, JSON]:
    """The searchers that texts such as `mcts,exploration=0.1` name, by the labels that their runs get.

    BadOption where two of them are one searcher, however they are written.
    """
    by_label: dict[str, JSON] = {}
    for text in texts:
        searcher = read_searcher(text)[0]
        for earlier, other in zip(texts, by_label.values(), strict=False):
            if searcher_from_json(other, trusted=True) == searcher_from_json(searcher, trusted=True):
                raise BadOption(
                    f"--searcher {text} is the same searcher as --searcher {earlier}; name each searcher once"
                )
        by_label[format_label(searcher)] = searcher
    if not by_label:
        raise BadOption("a comparison needs searchers; name each one with --searcher")
    return by_label


def format_label(searcher: JSON) -> str:
    """What a searcher is called in the names of runs, as in mcts-exploration-0-1: no two are called the same.

    A dash in it stands before a setting, before its value, and for a point in that; whatever else is no letter or
    digit of a value is written by its number, as in -1: _2d1. One of a person's own is called as its attribute is, with
    a digest of its source.
    """
    name, settings = shorten_searcher(searcher)
    parts = [f"{name.rpartition(':')[2].replace('.', '-')}-{_digest(name, 4)}" if is_source(name) else name]
    for key, value in settings.items():
        plain_value = re.sub(r"[^A-Za-z0-9.]", lambda match: f"_{ord(match[0]):02x}", format_setting_value(value))
        parts += [key, plain_value.replace(".", "-")]
    label = "-".join(parts)
    return label if len(label) <= MAX_LABEL_CHARACTERS else f"{label[: MAX_LABEL_CHARACTERS - 17]}-{_digest(label, 8)}"


def _digest(text: str, size: int) -> str:
    """A digest of `size` bytes, in hexadecimal digits."""
    return blake2b(text.encode(), digest_size=size).hexdigest()
