"""The searchers of a comparison, by the labels that their runs get."""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.core.words import format_setting_value
from archwright.execution.arguments import read_searcher
from archwright.search.named import format_searcher, shorten_searcher
from archwright.search.searcher import AnySearcher
from archwright.store.needed import CODE_KEY
from archwright.store.user_code import is_source

MAX_LABEL_CHARACTERS = 60  # a run's name may have 100


class BadSearchers(ArchwrightError, ValueError):
    """Searchers that no comparison can be made of: none, or one of them twice."""


@frozen
class LabelledSearcher:
    """A searcher as the log has it, and itself."""

    logged: JSON
    value: AnySearcher


def label_searchers(searchers: Sequence[AnySearcher | str]) -> Mapping[str, LabelledSearcher]:
    """Searchers, or texts such as `mcts,exploration=0.1` that name them, by the labels that their runs get.

    Raises BadSearchers where two of them are one searcher, however they are written, and what `read_searcher` does.
    """
    if isinstance(searchers, str):
        raise BadSearchers(f"the searchers are {searchers!r}; give a list of them, as in [{searchers!r}, 'random']")
    if not isinstance(searchers, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
        raise BadSearchers(f"the searchers are {searchers!r:.80}; give a list of them, as in ['random', 'smbo']")
    labelled: dict[str, LabelledSearcher] = {}
    for searcher in searchers:
        new = LabelledSearcher(*read_searcher(searcher))
        label = format_label(new.logged)
        for earlier, other in zip(searchers, labelled.items(), strict=False):
            if label == other[0] or new.value == other[1].value:
                raise BadSearchers(
                    f"{_describe(searcher, new)} is the same searcher as {_describe(earlier, other[1])}; "
                    "name each searcher once"
                )
        labelled[label] = new
    if not labelled:
        raise BadSearchers("a comparison needs searchers; give a list of them, as in ['random', 'smbo']")
    return labelled


def _describe(given: AnySearcher | str, labelled: LabelledSearcher) -> str:
    """A searcher as a person has written it."""
    return given if isinstance(given, str) else format_searcher(labelled.logged)


def format_label(searcher: JSON) -> str:
    """What a searcher is called in the names of runs, as in mcts-exploration-0-1: no two are called the same.

    A dash in it stands before a setting, before its value, and for a point in that; whatever else is no letter or
    digit of a value is written by its number, as in -1: _2d1. One of a person's own is called as its attribute is, with
    a digest of its source; or of its text, where that is all that the log has of it.
    """
    name, settings = shorten_searcher(searcher)
    parts = [_label_source(name, searcher) if is_source(name) else name]
    for key, value in settings.items():
        plain_value = re.sub(r"[^A-Za-z0-9.]", lambda match: f"_{ord(match[0]):02x}", format_setting_value(value))
        parts += [key, plain_value.replace(".", "-")]
    label = "-".join(parts)
    return label if len(label) <= MAX_LABEL_CHARACTERS else f"{label[: MAX_LABEL_CHARACTERS - 17]}-{_digest(label, 8)}"


def _label_source(name: str, searcher: JSON) -> str:
    attribute = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition(":")[2].rpartition("<locals>.")[2])
    code = searcher.get(CODE_KEY) or {}
    return f"{attribute}-{_digest(name + (code.get('sha256') or ''), 4)}"


def _digest(text: str, size: int) -> str:
    """A digest of `size` bytes, in hexadecimal digits."""
    return blake2b(text.encode(), digest_size=size).hexdigest()
