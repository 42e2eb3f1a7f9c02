"""A grammar in a file, from the command line: shown, drawn, searched, resumed, replayed and exported."""

import json
from pathlib import Path

import pytest

import archwright as aw
from tests.cli.running import run_command

FILE = '''
import archwright as aw

TEXT = """
NET -> Two CELL CELL | Two CELL NET   # as often as depth says
CELL -> conv | conv | pool [0.5]
"""


def space(input, classes):
    terminals = {"Two": aw.sequential, "conv": aw.conv2d(4, 3), "pool": aw.max_pool2d(2, stride=1)}
    return aw.sequential(aw.grammar_from_text(TEXT, terminals, depth=3), aw.global_avg_pool(), aw.affine(classes))
'''

WORDS = ("--data", "digits", "--budget", "1epoch", "--trials", "2", "--workers", "1")


@pytest.fixture
def own(tmp_path) -> Path:
    """A folder with a grammar of a person's own."""
    (tmp_path / "own.py").write_text(FILE)
    return tmp_path


def run(folder: Path, *words: str) -> str:
    """What a command prints that must succeed."""
    done = run_command(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_both_counts_are_shown(own):
    """By hand: a cell is one of two, or of three as listed; two, three or four cells."""
    out = run(own, "space", "own.py:space", "--input", "1,8,8")
    assert "12 architectures, at most 4 choices each" in out
    assert "36 derivations: productions that are listed twice count twice" in out
    assert "CELL" in out
    assert "conv [2]: conv2d(filters=4, size=3)" in out
    facts = json.loads(run(own, "space", "own.py:space", "--input", "1,8,8", "--json", "--sample", "2"))
    assert (facts["size"], facts["derivations"]) == (12, 36)
    assert aw.count(aw.from_json(facts["term"])) == 12
    assert run(own, "space", "own.py:space", "--count").strip() == "12"
    run(own, "space", "own.py:space", "--svg", "space.svg")
    assert "grammar NET, depth 3" in (own / "space.svg").read_text()


@pytest.mark.slow
def test_a_grammar_is_searched_resumed_verified_and_exported(own):
    run(own, "search", "own.py:space", *WORDS)
    run(own, "resume", "--trials", "+1")
    assert "makes all 3 proposals again" in run(own, "replay", "--verify")
    details = json.loads(run(own, "show", "own-1", "--json"))
    assert [trial["status"] for trial in details["trials"]] == ["ok"] * 3
    choices = json.loads(run(own, "show", "own-1", "0", "--json"))["choices"]
    assert any(name.endswith("CELL.production") for name in choices)
    run(own, "export", "own-1", str(details["best"]["trial"]), "model")
    architecture = json.loads((own / "model" / "architecture.json").read_text())
    assert "grammar" not in json.dumps(architecture)
