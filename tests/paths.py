"""The folders of the project and of its data."""

from pathlib import Path

ROOT = Path(__file__).parent.parent  # of the project
DATA = ROOT.parent / "shared" / "data"  # data sets and tables, which are not in the repository
