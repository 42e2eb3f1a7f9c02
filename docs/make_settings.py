"""Writes the settings into docs/training.md: `python docs/make_settings.py`; a test says when that is due."""

import re
from pathlib import Path

import attrs

from archwright.evaluate.training.recipe import RECIPES, Recipe
from archwright.evaluate.training.setting import about

PAGE = Path(__file__).parent / "training.md"
BORDERS = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- end of settings -->)", flags=re.DOTALL)


def as_written(value: object) -> str:
    """A value as it is written after --train NAME=."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings_as_markdown() -> str:
    """Each setting with its default, and what it may be and is; then what each recipe sets."""
    rows = [
        f"| `{field.name}` | `{as_written(field.default)}` | {about(field).may_be} | {about(field).meaning} | "
        f"{about(field).source} |"
        for field in attrs.fields(Recipe)
    ]
    table = "\n".join(["| setting | default | may be | meaning | source |", "|---|---|---|---|---|", *rows])
    recipes = "\n".join(
        f"- `recipe={name}`: " + (", ".join(f"`{n}={as_written(v)}`" for n, v in sets.items()) or "the defaults")
        for name, sets in RECIPES.items()
    )
    return f"\n{table}\n\nThe recipes, and what each sets:\n\n{recipes}\n\n"


def page_with_settings() -> str:
    """The page as it should be."""
    return BORDERS.sub(lambda _: settings_as_markdown(), PAGE.read_text())


if __name__ == "__main__":
    PAGE.write_text(page_with_settings())
