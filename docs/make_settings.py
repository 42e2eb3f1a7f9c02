"""Writes the tables of settings and of kinds of figures into the pages.

`python docs/make_settings.py`; a test says when that is due.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from archwright.core.setting import settings_by_name
from archwright.evaluate.training.recipe import RECIPES, Recipe
from archwright.plots.figures import FIGURE_KINDS
from archwright.search.named import SEARCHER_KIND, SEARCHERS, UNLISTED_SEARCHERS
from archwright.search.named_rules import STOPPING_RULES

DOCS = Path(__file__).parent


def format_value(value: object) -> str:
    """A value as it is written after NAME=."""
    if type(value) in map(type, SEARCHERS.values()):
        return SEARCHER_KIND.format(SEARCHER_KIND.value_to_json(value))
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (headers, *rows)]
    return "\n".join([lines[0], "|---" * len(tuple(headers)) + "|", *lines[1:]])


def describe_settings(owners: Mapping[str, attrs.AttrsInstance]) -> list[list[str]]:
    """A row for each setting of the owners, of one class: name, defaults, what it may be, meaning and source."""
    default_owner = next(iter(owners.values()))
    rows: list[list[str]] = []
    for name, setting in settings_by_name(type(default_owner)).items():
        default = format_value(getattr(default_owner, name))
        others = [(owner_name, format_value(getattr(owner, name))) for owner_name, owner in owners.items()]
        defaults = [f"`{default}`", *(f"`{value}` of `{owner}`" for owner, value in others if value != default)]
        rows.append([f"`{name}`", "; ".join(defaults), setting.allowed, setting.meaning, setting.source])
    return rows


def describe_searchers() -> str:
    """Each setting of each searcher that can be chosen by name."""
    rows: list[list[str]] = []
    listed = {name: searcher for name, searcher in SEARCHERS.items() if name not in UNLISTED_SEARCHERS}
    for cls in dict.fromkeys(map(type, listed.values())):
        same_kind = {name: searcher for name, searcher in listed.items() if type(searcher) is cls}
        names = ", ".join(f"`{name}`" for name in same_kind)
        rows += ([names, *row] for row in describe_settings(same_kind) or [["none", "", "", "", ""]])
    return write_table(["searcher", "setting", "default", "may be", "meaning", "source"], rows)


def describe_training() -> str:
    """Each setting of a training, then what each recipe sets."""
    table = write_table(["setting", "default", "may be", "meaning", "source"], describe_settings({"": Recipe()}))
    recipes = "\n".join(
        f"- `recipe={name}`: " + (", ".join(f"`{n}={format_value(v)}`" for n, v in settings.items()) or "the defaults")
        for name, settings in RECIPES.items()
    )
    return f"{table}\n\nThe recipes, and what each sets:\n\n{recipes}"


def describe_rules() -> str:
    """Each setting of each stopping rule."""
    rows = [[f"`{name}`", *row] for name, rule in STOPPING_RULES.items() for row in describe_settings({name: rule})]
    return write_table(["rule", "setting", "default", "may be", "meaning", "source"], rows)


def describe_figures() -> str:
    """Each kind of figure with what it shows."""
    return write_table(["`--kind`", "shows"], ([f"`{name}`", kind.shows] for name, kind in FIGURE_KINDS.items()))


def make_pages() -> Mapping[Path, str]:
    """The pages as they should be."""
    texts: dict[Path, str] = {}
    for file, name, text in (
        ("searchers.md", "settings", describe_searchers()),
        ("training.md", "settings", describe_training()),
        ("stopping.md", "settings", describe_rules()),
        ("comparing.md", "kinds", describe_figures()),
    ):
        section = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", flags=re.DOTALL)
        texts[DOCS / file] = section.sub(lambda _, text=text: f"\n{text}\n\n", (DOCS / file).read_text())
    return texts


if __name__ == "__main__":
    for page, text in make_pages().items():
        page.write_text(text)
