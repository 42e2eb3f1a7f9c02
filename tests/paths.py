"""Where what the tests need lies."""

from pathlib import Path

ROOT = Path(__file__).parent.parent  # of the project
DATA = ROOT.parent / "shared" / "data"  # data sets and tables, which the project does not hold
