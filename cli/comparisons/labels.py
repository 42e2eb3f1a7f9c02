"""The searchers of a comparison, by the labels that their runs get."""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from archwright.cli.values import BadOption, parse_searcher_text
from archwright.core.json import JSON
from archwright.search.searchers.named import format_searcher, searcher_from_json, searcher_to_json

MAX_LABEL_CHARACTERS = 60  # characters of a label; a run's name may have 100


def label_searchers(texts: Sequence[str]) -> Mapping[str, JSON]:
    """The searchers that texts such as `mcts,exploration=0.1` name, by the labels that their runs get.

    BadOption where two of them are one searcher, however they are written.
    """
    made: dict[str, JSON] = {}
    for text in texts:
        searcher = searcher_to_json(*parse_searcher_text(text))
        for earlier, other in zip(texts, made.values(), strict=False):
            if searcher_from_json(other) == searcher_from_json(searcher):
                raise BadOption(
                    f"--searcher {text} is the same searcher as --searcher {earlier}; name each searcher once"
                )
        made[format_label(searcher)] = searcher
    if not made:
        raise BadOption("a comparison needs searchers; name each one with --searcher")
    return made


def format_label(searcher: JSON) -> str:
    """What a searcher is called in the names of runs, as in mcts-exploration-0-1: no two are called the same.

    A dash in it stands before a setting, before its value, and for a point in that; whatever else is no letter or
    digit of a value is written by its number, as in -1: _2d1.
    """
    name, *settings = re.split(r",(?=\w+=)", format_searcher(searcher))
    named = [name]
    for key, _, value in (setting.partition("=") for setting in settings):
        named += [key, re.sub(r"[^A-Za-z0-9.]", lambda each: f"_{ord(each[0]):02x}", value).replace(".", "-")]
    whole = "-".join(named)
    digest = blake2b(whole.encode(), digest_size=8).hexdigest()
    return whole if len(whole) <= MAX_LABEL_CHARACTERS else f"{whole[: MAX_LABEL_CHARACTERS - 17]}-{digest}"
