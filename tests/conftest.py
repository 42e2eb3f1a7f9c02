"""How the tests run: properties without deadlines, the same examples each time in CI; goldens written on demand."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cli.running import SESSION

GOLDENS = Path(__file__).parent / "goldens"

# Several processes test side by side: where each lets torch use every core, tests that use torch take a third longer.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What would have commands write as to a terminal, or as wide as one that is not there.
for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(name, None)

settings.register_profile("here", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("here"), max_examples=2000)  # --hypothesis-profile=thorough
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files in tests/goldens anew")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a CUDA device, tests that need one are left out."""
    if Path("/proc/driver/nvidia/version").exists():
        return
    left_out = [item for item in items if item.get_closest_marker("gpu")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]


def pytest_sessionfinish() -> None:
    """Ends what lasts as long as the tests."""
    SESSION.close()


@pytest.fixture
def golden(request: pytest.FixtureRequest):
    """A function that asserts that a text is that of a golden file, or writes it with --update-golden."""

    def check(name: str, text: str) -> None:
        path = GOLDENS / name
        if request.config.getoption("--update-golden"):
            path.write_text(text + "\n")
        assert path.read_text() == text + "\n", f"{path} differs; look at it, then pytest --update-golden"

    return check
