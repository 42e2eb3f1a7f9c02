"""Writes the tables of metrics and views into docs/log.md: `python docs/make_views.py`; a test says when it is due."""

import re
from pathlib import Path

from archwright.evaluate.verdict import TRAINING_METRICS
from archwright.store.views import VIEWS

PAGE = Path(__file__).parent / "log.md"


def metrics_as_markdown() -> str:
    """Each metric with its meaning."""
    rows = "\n".join(f"| `{name}` | {metric.meaning} |" for name, metric in TRAINING_METRICS.items())
    return f"\n| metric | meaning |\n|---|---|\n{rows}\n\n"


def views_as_markdown() -> str:
    """Each view with what its columns mean."""
    parts: list[str] = []
    for view in sorted(VIEWS, key=lambda view: view.name):
        rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in view.columns.items())
        parts.append(f"### `{view.name}`\n\n{view.doc}\n\n| column | meaning |\n|---|---|\n{rows}\n\n")
    return "\n" + "".join(parts)


def page_with_views() -> str:
    """The page as it should be."""
    page = PAGE.read_text()
    for name, text in (("metrics", metrics_as_markdown()), ("views", views_as_markdown())):
        page = re.sub(
            rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", lambda _, text=text: text, page, flags=re.DOTALL
        )
    return page


if __name__ == "__main__":
    PAGE.write_text(page_with_views())
