"""The folders of the project and of its data."""

from pathlib import Path

ROOT = Path(__file__).parent.parent  # of the project
DATA = ROOT.parent / "shared" / "data"  # data sets and tables, which are not in the repository
# The folders of modules of the product; those of the public face lie beside the package's own `__init__.py`.
PARTS = ("core", "search", "evaluate", "store", "cli")
FACE_PARTS = ("callbacks", "display", "execution", "plots", "results", "studies")
FACE_MODULES = ("errors.py", "events.py", "searchers.py")


def list_product_modules() -> list[Path]:
    """Every module of the product, by its path from the root."""
    folders = [*PARTS, *(f"src/archwright/{part}" for part in FACE_PARTS)]
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path.relative_to(ROOT) for path in (*paths, *(ROOT / "src" / "archwright" / name for name in FACE_MODULES))]
