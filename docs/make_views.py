"""Writes the table of views into docs/log.md: `python docs/make_views.py`; a test says when that is due."""

import re
from pathlib import Path

from archwright.store.views import VIEWS

PAGE = Path(__file__).parent / "log.md"
BORDERS = re.compile(r"(?<=<!-- views -->\n).*?(?=<!-- end of views -->)", flags=re.DOTALL)


def views_as_markdown() -> str:
    """Each view with what its columns mean."""
    parts: list[str] = []
    for view in sorted(VIEWS, key=lambda view: view.name):
        rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in view.columns.items())
        parts.append(f"### `{view.name}`\n\n{view.doc}\n\n| column | meaning |\n|---|---|\n{rows}\n\n")
    return "\n" + "".join(parts)


def page_with_views() -> str:
    """The page as it should be."""
    return BORDERS.sub(lambda _: views_as_markdown(), PAGE.read_text())


if __name__ == "__main__":
    PAGE.write_text(page_with_views())
