"""Writes the searchers' settings into docs/searchers.md, and the kinds of figures into docs/comparing.md.

`python docs/make_searchers.py`; a test says when that is due.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from archwright.cli.comparisons.figures import KINDS
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.named import SEARCHERS
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.settings import BY_TYPE, Allowed
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper

PAGES = Path(__file__).parent
PAPER = "DeepArchitect"
RELEASED = "DeepArchitect's released code"
GRAMMAR = "Schrodi et al. 2023"


@frozen
class About:
    """What is said of a setting; its name, its default and what it may be are in the code."""

    meaning: str
    source: str = ""


SETTINGS: Mapping[type, Mapping[str, About]] = {
    RandomSearch: {"replacement": About("whether a model may be proposed again")},
    Mcts: {
        "exploration": About("c of the bonus 2c sqrt(2 ln n / n_i)", f"{PAPER}, equation 2; its runs had 2c = 0.5"),
        "parts": About("0: a branch is a value; k: it is one of k parts of the domain", f"{PAPER}, section 5.3"),
        "rescale": About("scores to [0, 1] by the lowest and the highest so far, for metrics of other ranges"),
    },
    Smbo: {
        "surrogate": About(
            "the model: a Gaussian process, or a random forest",
            "Rasmussen and Williams 2006; Breiman 2001, Hutter et al. 2011",
        ),
        "initial": About("random trials to begin with", f"{GRAMMAR}; White et al. 2021"),
        "variants": About("candidates near the best trials"),
        "rollouts": About("random candidates"),
        "parents": About("the best trials, which variants are of and are to be better than", GRAMMAR),
        "memory": About("trials that the model sees: half the best ones, half spread over the rest by rank"),
    },
    SmboPaper: {
        "rollouts": About("random models to choose among", RELEASED),
        "exploration": About("the probability of a random choice", RELEASED),
        "penalty": About("lambda of the ridge regression", RELEASED),
        "occurrences": About("of an n-gram in the evaluated models, for it to be a feature", RELEASED),
    },
    Evolution: {
        "population": About("members", f"Dong and Yang 2020; {GRAMMAR}"),
        "sample": About(
            "members drawn with replacement, of which the best is the parent", f"Dong and Yang 2020; {GRAMMAR}"
        ),
    },
    LocalSearch: {},
}
DOCUMENTED = tuple(name for name, searcher in SEARCHERS.items() if type(searcher) in SETTINGS)


def as_written(value: object) -> str:
    """A value as it is written after --set NAME=."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def may_be(setting: "attrs.Attribute[Any]") -> str:
    """What a setting may be, as the code checks it."""
    return (setting.validator if isinstance(setting.validator, Allowed) else BY_TYPE[setting.type]).words


def settings_of(kind: type) -> Mapping[str, tuple[str, About]]:
    """What each setting that a class of searchers has may be, and what is said of it."""
    said, there = SETTINGS[kind], {setting.name: setting for setting in attrs.fields(kind)}
    if wrong := set(said) ^ set(there):
        raise LookupError(f"{kind.__name__} and SETTINGS here differ in {', '.join(sorted(wrong))}; make them agree")
    return {name: (may_be(setting), said[name]) for name, setting in there.items()}


def settings_as_markdown() -> str:
    """Each setting of each searcher with its default, and what it may be and is."""
    rows = ["| searcher | setting | default | may be | meaning | source |", "|---|---|---|---|---|---|"]
    for kind in SETTINGS:
        names = [name for name in DOCUMENTED if type(SEARCHERS[name]) is kind]
        shown = ", ".join(f"`{name}`" for name in names)
        for setting, (words, about) in settings_of(kind).items():
            usual, *others = ((name, as_written(getattr(SEARCHERS[name], setting))) for name in names)
            default = "; ".join([f"`{usual[1]}`", *(f"`{v}` of `{name}`" for name, v in others if v != usual[1])])
            rows.append(f"| {shown} | `{setting}` | {default} | {words} | {about.meaning} | {about.source} |")
        if not settings_of(kind):
            rows.append(f"| {shown} | none | | | | |")
    return "\n" + "\n".join(rows) + "\n\n"


def kinds_as_markdown() -> str:
    """Each kind of figure with what it shows."""
    rows = "\n".join(f"| `{name}` | {kind.shows} |" for name, kind in KINDS.items())
    return f"\n| `--kind` | shows |\n|---|---|\n{rows}\n\n"


def pages() -> Mapping[Path, str]:
    """The pages as they should be."""
    made: dict[Path, str] = {}
    for file, name, text in (
        ("searchers.md", "settings", settings_as_markdown()),
        ("comparing.md", "kinds", kinds_as_markdown()),
    ):
        borders = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", flags=re.DOTALL)
        made[PAGES / file] = borders.sub(lambda _, text=text: text, (PAGES / file).read_text())
    return made


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text)
