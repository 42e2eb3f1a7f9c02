"""What the documentation says is true: every snippet and command in it is run."""

import doctest
import os
import re
import runpy
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page that are in the given language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "pycon")], ids=lambda page: page.name)
def test_sessions_print_what_they_say(page):
    """The interactive snippets of a page, run in order in one namespace."""
    text = "\n".join(blocks(page, "pycon"))
    test = doctest.DocTestParser().get_doctest(text, {"__name__": page.stem}, page.name, str(page), 0)
    out: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=out.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(out)


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """A script run by bash in `folder`, with archwright's commands on the path."""
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_views_are_documented_as_they_are():
    """docs/log.md holds what the code says of each view; if not: python docs/make_views.py."""
    made = runpy.run_path(str(ROOT / "docs" / "make_views.py"))
    assert made["page_with_views"]() == (ROOT / "docs" / "log.md").read_text()


def test_settings_are_documented_as_they_are():
    """docs/training.md holds what the code says of each setting; if not: python docs/make_settings.py."""
    made = runpy.run_path(str(ROOT / "docs" / "make_settings.py"))
    assert made["page_with_settings"]() == (ROOT / "docs" / "training.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["log.md", "retraining.md", "stopping.md", "export.md", "artifacts.md"])
def test_commands_of_a_page_work(page, tmp_path):
    """The commands and queries of a page, in order."""
    done = run("\n".join(blocks(ROOT / "docs" / page, "bash")), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_readme_commands_work_in_order(tmp_path):
    """Every command of the README, in a folder with the files that it shows."""
    readme = ROOT / "README.md"
    for block in blocks(readme, "python"):
        name = re.match(r"# (\S+\.py)\n", block)
        assert name is not None, "a Python block of the README begins with the name of its file"
        (tmp_path / name[1]).write_text(block)
    commands = "\n".join(block for block in blocks(readme, "bash") if not block.startswith("make"))
    done = run(commands, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my_space-1" in done.stdout


@pytest.mark.slow
def test_readme_make_targets_work(tmp_path):
    """The demo is run; the tests, which are running, are looked up."""
    (targets,) = (block.split("\n") for block in blocks(ROOT / "README.md", "bash") if block.startswith("make"))
    assert targets[:2] == ["make demo", "make test"]
    if not (ROOT / ".venv" / "ready").exists():
        pytest.skip("make has not made .venv here")
    log = tmp_path / "demo.duckdb"
    demo = run(f"make demo TRIALS=3 BUDGET=1epochs LOG={log}", ROOT)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "best of 3 trials" in demo.stdout
    assert "archwright resume" in demo.stdout
    assert "pytest" in run("make -n test", ROOT).stdout
