"""What the parts of the store load."""

import subprocess
import sys

import pytest

WITHOUT_DATABASE = (
    "artifacts",
    "atomic",
    "chain",
    "errors",
    "events",
    "extensions",
    "fold",
    "journal",
    "log",
    "named_paths",
    "paths",
    "permission",
    "rescue",
    "runs",
    "undo",
    "user_code",
)


@pytest.mark.parametrize("module", WITHOUT_DATABASE)
def test_no_part_that_needs_no_database_loads_one(module):
    """Workers, searches in memory and a command's help start without DuckDB and numpy."""
    code = f"import sys, archwright.store.{module}; print(sorted({{'duckdb', 'numpy'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
