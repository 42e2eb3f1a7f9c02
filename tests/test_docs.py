"""What the documentation says is true: every snippet and command in it is run, and every name in it exists."""

import doctest
import os
import re
import runpy
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import archwright as aw
from archwright.cli import options
from archwright.core.setting import BadSetting, settings_by_name
from archwright.core.words import format_words
from archwright.evaluate.data.builtin import BUILTIN_NAMES
from archwright.evaluate.training.recipe import Recipe, make_recipe
from archwright.plots.figures import FIGURE_KINDS
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.named_rules import RULE_KIND, STOPPING_RULES
from archwright.search.searcher import get_revision
from tests.cli import running
from tests.mentioned_names import (
    CLASS_NAME,
    CODE_SPAN,
    DOTTED_NAME,
    PATH,
    collect_names,
    read_docstrings_and_comments,
    read_page_lines,
    read_strings,
    resolves,
)
from tests.paths import ROOT

SCRIPTS = sysconfig.get_path("scripts")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def read_code_blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page that are in the given language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if read_code_blocks(page, "pycon")], ids=lambda page: page.name
)
def test_sessions_print_what_they_say(page, tmp_path, monkeypatch):
    """The interactive snippets of a page, run in order in one namespace, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    text = "\n".join(read_code_blocks(page, "pycon"))
    test = doctest.DocTestParser().get_doctest(text, {"__name__": page.stem}, page.name, str(page), 0)
    out: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=out.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(out)


def write_shown_files(page: Path, folder: Path) -> int:
    """Write the Python blocks of a page that begin with the name of their file; how many there are."""
    named = [re.match(r"# (\S+\.py)\n", block) for block in read_code_blocks(page, "python")]
    for name in filter(None, named):
        (folder / name[1]).write_text(name.string)
    return len([name for name in named if name])


def run_bash(script: str, folder: Path, commands: str = SCRIPTS, **variables: str) -> subprocess.CompletedProcess:
    """Run a script with bash in `folder`, with archwright's commands on the path."""
    path = os.pathsep.join([commands, SCRIPTS, os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_views_are_documented_as_they_are():
    """docs/log.md holds what the code says of each view; if not: python docs/make_views.py."""
    script = runpy.run_path(str(ROOT / "docs" / "make_views.py"))
    assert script["make_page"]() == (ROOT / "docs" / "log.md").read_text()


def test_settings_and_figures_are_documented_as_they_are():
    """Pages hold what the code says of settings and kinds of figures; if not: python docs/make_settings.py."""
    for page, text in runpy.run_path(str(ROOT / "docs" / "make_settings.py"))["make_pages"]().items():
        assert page.read_text() == text


def test_what_settings_may_be_is_what_is_refused():
    """The words of the tables are those of the error; a list is no setting of any searcher, rule or recipe."""
    owners: list[tuple[str, type, Callable[[dict], object]]] = [
        *(
            (f"the searcher {name}", type(SEARCHERS[name]), partial(SEARCHER_KIND.find, name))
            for name in options.SEARCHER_NAMES
        ),
        *(
            (f"the stopping rule {name}", type(rule), partial(RULE_KIND.to_json, name))
            for name, rule in STOPPING_RULES.items()
        ),
        ("the training", Recipe, make_recipe),
    ]
    settings = [
        (owner, name, setting.allowed, make) for owner, kind, make in owners
        for name, setting in settings_by_name(kind).items()
    ]  # fmt: skip
    assert len(settings) > 40
    for owner, name, allowed, make in settings:
        with pytest.raises(BadSetting, match=re.escape(f"{name} of {owner} is [0]; it may be {allowed}")):
            make({name: [0]})


def test_names_are_completed_as_they_are():
    """Completion has no time to import what has them."""
    assert options.list_data_sets() == list(BUILTIN_NAMES)
    assert options.list_figure_kinds() == list(FIGURE_KINDS)


def test_the_help_of_stopping_rules_has_their_settings_as_they_are():
    """The option has no time to import the rules: this holds its words to them."""
    shown = re.sub(r"[│\s]+", " ", run_bash("archwright search --help", ROOT, COLUMNS="200").stdout)
    for name, rule in STOPPING_RULES.items():
        values = {setting: getattr(rule, setting) for setting in settings_by_name(type(rule))}
        assert f"{format_words(name, values)}: " in shown


def test_every_searcher_has_its_part_of_the_page_and_its_place_in_help():
    """All but `given`, of which retraining is made."""
    names = [name for name in SEARCHERS if name != "given"]
    page = (ROOT / "docs" / "searchers.md").read_text()
    parts = re.split(r"^## `(.+)`$", page, flags=re.MULTILINE)[1:]
    assert sorted(parts[::2]) == sorted(options.SEARCHER_NAMES) == sorted(names)
    for part in parts[1::2]:
        assert re.search(r"^- Under way(?: and failed:|:.*^- Failed:).*^- For: ", part, flags=re.DOTALL | re.MULTILINE)
    for command in ("search", "compare"):
        shown = run_bash(f"archwright {command} --help", ROOT, COLUMNS="200").stdout
        assert options.SEARCHERS_HELP in re.sub(r"[│\s]+", " ", shown)


def test_revisions_are_documented_as_they_are():
    """The table of the page has every searcher in the revision that it has."""
    page = (ROOT / "docs" / "searchers.md").read_text()
    rows = re.findall(r"^\| (`.+`) \| (\d+) \|", page.partition("## Revisions")[2], flags=re.MULTILINE)
    documented = {name: int(revision) for names, revision in rows for name in re.findall(r"`(.+?)`", names)}
    assert documented == {name: get_revision(searcher) for name, searcher in SEARCHERS.items() if name != "given"}


def test_every_module_is_documented():
    """Every function of `aw` that makes a module is on the page of the language."""
    page = (ROOT / "docs" / "language.md").read_text()
    functions = {name: value for name, value in vars(aw).items() if name.islower() and callable(value)}
    modules = {name for name, value in functions.items() if issubclass(find_returned_class(value), aw.Term)}
    assert {"cell", "conv2d", "relu", "topology", "zero"} <= modules
    assert [name for name in sorted(modules - {"from_json"}) if f"{name}(" not in page] == []


def find_returned_class(function) -> type:
    """The class of what a class or an annotated function returns; object where it is not annotated."""
    annotations = getattr(function, "__annotations__", {})  # texts are of what takes time to import: no modules
    cls = function if isinstance(function, type) else annotations.get("return")
    return cls if isinstance(cls, type) else object


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        "python.md",
        "language.md",
        "data.md",
        "log.md",
        "retraining.md",
        "stopping.md",
        "export.md",
        "artifacts.md",
        "searchers.md",
        "comparing.md",
        "studies.md",
        "budgets.md",
    ],
)
def test_commands_of_a_page_work(page, tmp_path):
    """The commands and queries of a page, in order, in a folder with the files that it shows."""
    write_shown_files(ROOT / "docs" / page, tmp_path)
    script = "\n".join(read_code_blocks(ROOT / "docs" / page, "bash"))
    completed = run_bash(script, tmp_path, str(running.get_fork_server().folder))
    assert completed.returncode == 0, completed.stdout + completed.stderr


RUN_BLOCKS = """
import re, subprocess, sys

page, names = sys.stdin.read(), {"__name__": "__main__"}
for language, block in re.findall(r"^```(bash|python)\\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE):
    if language == "bash":
        subprocess.run(["bash", "-euc", block], check=True)
    else:
        exec(block, names)
"""


@pytest.mark.slow
def test_commands_and_calls_of_the_page_on_extending_work(tmp_path):
    """Both, in the order in which they stand there; the calls share their names, as in one session."""
    path = os.pathsep.join([str(running.get_fork_server().folder), SCRIPTS, os.environ["PATH"]])
    completed = subprocess.run(
        [sys.executable, "-c", RUN_BLOCKS],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        input=(ROOT / "docs" / "extending.md").read_text(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert (tmp_path / "model" / "model.py").exists()


@pytest.mark.slow
def test_readme_commands_work_in_order(tmp_path):
    """Every command of the README, in a folder with the files that it shows."""
    readme = ROOT / "README.md"
    assert write_shown_files(readme, tmp_path) == len(read_code_blocks(readme, "python")), "each has the name of a file"
    commands = "\n".join(block for block in read_code_blocks(readme, "bash") if not block.startswith("make"))
    completed = run_bash(commands, tmp_path, str(running.get_fork_server().folder))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "my_space-1" in completed.stdout
    assert "better than random by" in completed.stdout
    assert (tmp_path / "comparison.svg").read_text().count("(n=2)") == 2


@pytest.mark.slow
def test_readme_make_targets_work(tmp_path):
    """The demo is run; the tests, which are running, are looked up."""
    blocks = read_code_blocks(ROOT / "README.md", "bash")
    (targets,) = (block.split("\n") for block in blocks if block.startswith("make"))
    assert targets[:2] == ["make demo", "make test"]
    if not (ROOT / ".venv" / "ready").exists():
        pytest.skip("make has not made .venv here")
    log = tmp_path / "demo.duckdb"
    demo = run_bash(f"make demo TRIALS=3 BUDGET=1epochs LOG={log}", ROOT)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "best of 3 trials" in demo.stdout
    assert "archwright resume" in demo.stdout
    assert "pytest" in run_bash("make -n test", ROOT).stdout


def test_dotted_names_and_paths_in_texts_exist():
    """Of the pages, of the docstrings and comments of all code, and of what the package says."""
    texts = [*read_page_lines(), *read_docstrings_and_comments()]
    names = [(str(text), name) for text in (*texts, *read_strings()) for name in text.find(DOTTED_NAME)]
    paths = [(str(text), path) for text in texts for path in text.find(PATH)]
    assert len(names) > 50
    assert len(paths) > 10
    assert [(where, name) for where, name in names if not resolves(name)] == []
    assert [(where, path) for where, path in paths if not (ROOT / path).exists()] == []


def test_names_in_docstrings_and_comments_exist():
    """Names in backticks, and those of classes that have two words or more; of classes on the pages, too."""
    texts = list(read_docstrings_and_comments())
    spans = [(text, name) for text in texts for name in text.find(CODE_SPAN)]
    classes = [(text, name) for text in (*texts, *read_page_lines()) for name in text.find(CLASS_NAME)]
    assert len(spans) > 500
    assert len(classes) > 100
    mentions = [(str(text), name, collect_names(tests=text.is_of_tests)) for text, name in (*spans, *classes)]
    assert [(where, name) for where, name, names in mentions if name not in names] == []
