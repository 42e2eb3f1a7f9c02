"""Writes the tables of metrics and views into docs/log.md: `python docs/make_views.py`; a test says when it is due."""

import re
from pathlib import Path

from archwright.evaluate.verdict import TRAINING_METRICS
from archwright.store.views import VIEWS

PAGE = Path(__file__).parent / "log.md"


def describe_metrics() -> str:
    """Each metric with its meaning."""
    rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in TRAINING_METRICS.items())
    return f"\n| metric | meaning |\n|---|---|\n{rows}\n\n"


def describe_views() -> str:
    """Each view with what its columns mean."""
    sections: list[str] = []
    for view in sorted(VIEWS, key=lambda view: view.name):
        rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in view.columns.items())
        sections.append(f"### `{view.name}`\n\n{view.doc}\n\n| column | meaning |\n|---|---|\n{rows}\n\n")
    return "\n" + "".join(sections)


def make_page() -> str:
    """The page as it should be."""
    page = PAGE.read_text()
    for name, text in (("metrics", describe_metrics()), ("views", describe_views())):
        page = re.sub(
            rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", lambda _, text=text: text, page, flags=re.DOTALL
        )
    return page


if __name__ == "__main__":
    PAGE.write_text(make_page())
