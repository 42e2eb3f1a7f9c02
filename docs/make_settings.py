"""Writes what the code says of settings and of kinds of figures into the tables of the pages.

`python docs/make_settings.py`; a test says when that is due.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from archwright.cli.comparisons.figures import FIGURE_KINDS
from archwright.core.setting import settings_by_name
from archwright.evaluate.training.recipe import RECIPES, Recipe
from archwright.search.running.stopping import STOPPING_RULES
from archwright.search.searchers.named import SEARCHERS, UNLISTED_SEARCHERS

PAGES = Path(__file__).parent


def as_written(value: object) -> str:
    """A value as it is written after NAME=."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, *rows)]
    return "\n".join([lines[0], "|---" * len(tuple(heads)) + "|", *lines[1:]])


def describe_settings(values: Mapping[str, attrs.AttrsInstance]) -> list[list[str]]:
    """For each setting of some values of one class, by name: what it is called, its defaults, and all that is said."""
    usual = next(iter(values.values()))
    rows: list[list[str]] = []
    for name, setting in settings_by_name(type(usual)).items():
        default = as_written(getattr(usual, name))
        others = [(other, as_written(getattr(value, name))) for other, value in values.items()]
        defaults = [f"`{default}`", *(f"`{value}` of `{other}`" for other, value in others if value != default)]
        rows.append([f"`{name}`", "; ".join(defaults), setting.allowed, setting.meaning, setting.source])
    return rows


def describe_searchers() -> str:
    """Each setting of each searcher that a person asks for by name."""
    rows: list[list[str]] = []
    asked = {name: searcher for name, searcher in SEARCHERS.items() if name not in UNLISTED_SEARCHERS}
    for kind in dict.fromkeys(map(type, asked.values())):
        named = {name: searcher for name, searcher in asked.items() if type(searcher) is kind}
        names = ", ".join(f"`{name}`" for name in named)
        rows += ([names, *row] for row in describe_settings(named) or [["none", "", "", "", ""]])
    return write_table(["searcher", "setting", "default", "may be", "meaning", "source"], rows)


def describe_training() -> str:
    """Each setting of a training, then what each recipe sets."""
    table = write_table(["setting", "default", "may be", "meaning", "source"], describe_settings({"": Recipe()}))
    recipes = "\n".join(
        f"- `recipe={name}`: " + (", ".join(f"`{n}={as_written(v)}`" for n, v in sets.items()) or "the defaults")
        for name, sets in RECIPES.items()
    )
    return f"{table}\n\nThe recipes, and what each sets:\n\n{recipes}"


def describe_rules() -> str:
    """Each setting of each stopping rule."""
    rows = [[f"`{name}`", *row] for name, rule in STOPPING_RULES.items() for row in describe_settings({name: rule()})]
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
        borders = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", flags=re.DOTALL)
        texts[PAGES / file] = borders.sub(lambda _, text=text: f"\n{text}\n\n", (PAGES / file).read_text())
    return texts


if __name__ == "__main__":
    for page, text in make_pages().items():
        page.write_text(text)
