"""What is shipped: one package, importable under one name, without torch until a model is trained."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.paths import PARTS, ROOT, list_product_modules


def run_python(code: str, **options) -> str:
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **options)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel_file,) = folder.glob("*.whl")
    return wheel_file


@pytest.fixture(scope="module")
def installed_environment(wheel, tmp_path_factory) -> dict[str, str]:
    """An environment in which the wheel's package, not the checkout, is imported."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return {**os.environ, "PYTHONPATH": str(folder)}


def test_wheel_has_one_top_level_package(wheel):
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"archwright"}


def test_wheel_holds_every_module(wheel):
    shipped = set(zipfile.ZipFile(wheel).namelist())
    expected = {f"archwright/{str(path).removeprefix('src/archwright/')}" for path in list_product_modules()}
    assert expected | {"archwright/__init__.py", "archwright/__main__.py", "archwright/py.typed"} <= shipped


def test_installed_wheel_searches_and_resumes(installed_environment, tmp_path):
    module_path = run_python("import archwright; print(archwright.__file__)", env=installed_environment, cwd=tmp_path)
    assert module_path.startswith(installed_environment["PYTHONPATH"])
    main = ["-c", "import sys; from archwright.cli.main import main; main(sys.argv[1:])"]
    (tmp_path / "score.py").write_text("def score(architecture, budget):\n    return 0.5\n")
    start = [*main, "search", "digits", "--trials", "1", "--evaluator", "score.py:score"]
    resume = [*main, "resume", "--trials", "2"]
    count = [*main, "sql", "select count(*) as n from scores", "--format", "csv"]
    for command in (start, resume, count):
        completed = subprocess.run(
            [sys.executable, *command],
            env=installed_environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, completed.stderr
    assert completed.stdout.split() == ["n", "2"]


def test_no_part_is_importable_under_its_bare_name():
    code = f"import archwright.cli.main, sys; print([part for part in {PARTS!r} if part in sys.modules])"
    assert run_python(code, cwd=ROOT).strip() == "[]"


def test_importing_archwright_leaves_torch_and_numpy_alone():
    code = "import archwright, sys; print({'torch', 'numpy', 'duckdb', 'typer'} & set(sys.modules))"
    assert run_python(code).strip() == "set()"


def test_version_is_the_same_everywhere():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run_python("import archwright; print(archwright.__version__)").strip() == declared
