"""How the tests run: no deadlines, the same examples each time in CI, goldens written on demand."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cli.running import SESSION_STACK
from tests.environment import reset_process

GOLDENS = Path(__file__).parent / "goldens"

reset_process()

settings.register_profile("here", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("here"), max_examples=2000)  # --hypothesis-profile=thorough
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files in tests/goldens anew")


def has_gpu() -> bool:
    """Whether there is a CUDA device, and none that CUDA_VISIBLE_DEVICES hides."""
    if not Path("/proc/driver/nvidia/version").exists():
        return False
    import torch  # which takes seconds

    return torch.cuda.is_available()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a CUDA device, tests that need one are left out."""
    if has_gpu():
        return
    deselected = [item for item in items if item.get_closest_marker("gpu")]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]


def pytest_collection_finish() -> None:
    """Freeze what was imported, so that tests that collect garbage need not scan half a million objects."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Close the session that lasts as long as the tests."""
    SESSION_STACK.close()


@pytest.fixture(scope="session", autouse=True)
def settings_folder(tmp_path_factory) -> Path:
    """A folder for settings that is not the user's, for the tests and the processes that they start."""
    folder = tmp_path_factory.mktemp("settings")
    os.environ["ARCHWRIGHT_CONFIG"] = str(folder)
    return folder


@pytest.fixture
def golden(request: pytest.FixtureRequest):
    """A function that asserts that a text is that of a golden file, or writes it with --update-golden."""

    def check(name: str, text: str) -> None:
        path = GOLDENS / name
        if request.config.getoption("--update-golden"):
            path.write_text(text + "\n")
        assert path.read_text() == text + "\n", f"{path} differs; look at it, then pytest --update-golden"

    return check
