"""Looking at spaces."""

import json
from functools import cache

import pytest

import archwright
from archwright.core.spaces.named import SPACES
from archwright.results.records import RECORD_VERSION, SpaceRow
from tests.cli.records import find_faults, read_records
from tests.cli.running import run_command

OWN = """
import archwright as aw

space = aw.sequential(aw.affine(units=[16, 32]), aw.affine(units=10))
dead = aw.sequential(aw.max_pool2d(size=4, stride=4), aw.max_pool2d(size=4, stride=4), aw.max_pool2d(size=4, stride=4))
three = 3

def made(input_shape, classes):
    return aw.affine(units=[classes, sum(input_shape)])

def narrow(classes):
    return aw.affine(units=classes)

def breaks(input_shape, classes):
    return 1 / 0

def nothing(input_shape, classes):
    return None
"""
ODD = """
import archwright as aw

@aw.module
class Odd(aw.Basic):
    size: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))

    def out_shape(self, in_shape):
        return {}["no such shape"]

odd = aw.sequential(Odd(size=[1, 2]))
"""


@pytest.fixture
def own(tmp_path, cli):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "odd.py").write_text(ODD)  # for processes of their own: what is a kind is known in the whole process
    return cli


@pytest.mark.parametrize(
    ("space", "count"), [("deeparchitect", "247669456896"), ("figure1", "24"), ("digits", "inf"), ("tfref", "2025")]
)
def test_count_prints_a_number_and_no_more(cli, space, count):
    assert cli("space", space, "--count").out == f"{count}\n"
    size = None if count == "inf" else int(count)
    assert json.loads(cli("space", space, "--count", "--json").out) == {"version": RECORD_VERSION, "size": size}


def test_spaces_lists_every_built_in_one(cli, monkeypatch):
    monkeypatch.setattr(archwright, "list_spaces", cache(archwright.list_spaces))  # to count them takes a second
    facts = {each["space"]: each for each in read_records(cli("spaces", "--json").out)}
    assert all(find_faults(each, SpaceRow) == [] for each in facts.values())
    assert list(facts) == list(SPACES)
    assert facts["deeparchitect"]["size"] == 247_669_456_896
    assert facts["figure1"]["depth"] == 5
    assert facts["digits"]["size"] is None  # JSON has no infinity
    monkeypatch.setenv("COLUMNS", "80")
    shown = cli("spaces").out
    assert all(name in shown for name in SPACES)
    assert "247,669,456,896" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_space_draws_its_tree(cli):
    shown = cli("space", "digits").out
    assert "repeat(count={1, 2, 3})" in shown
    assert "└─ affine(units=10)" in shown


def test_space_samples_the_same_leaves_for_the_same_seed(cli):
    first, again = (cli("space", "digits", "--sample", "2", "--seed", "5", "--json").out for _ in range(2))
    assert first == again
    samples = json.loads(first)["samples"]
    assert len(samples) == 2
    assert samples[0]["parameters"] > 0
    assert "sample 2" in cli("space", "digits", "--sample", "2").out


def test_own_space_in_a_file(own):
    assert own("space", "own.py:space", "--count").out == "2\n"
    assert own("space", "own.py:made", "--count", "--input-shape", "3,4,4", "--classes", "5").out == "2\n"
    assert own("space", "own.py:made", "--json", "--input-shape", "1x2x2").code == 0


@pytest.mark.usefixtures("own")
def test_own_space_in_a_module(tmp_path):
    assert run_command(tmp_path, "space", "own:space", "--count").stdout == "2\n"


def test_dead_ends_are_shown_with_the_choices_that_lead_there(own):
    shown = own("space", "own.py:dead")
    assert shown.code == 0
    assert "dead ends" in shown.out
    assert "max_pool2d with size 4" in shown.out


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("figur1", "did you mean figure1"),
        ("own.py", "own.py:space"),
        ("own.py:spac", "did you mean space"),
        ("onw.py:space", "own.py"),
        ("own.py:three", "is 3; a space is a module"),
        ("own.py:aw.Dropout", "a space is a module"),
        ("own.py:narrow", "cannot be called with (input_shape, classes)"),
        ("own.py:nothing", "returned None"),
        ("no_such_module:space", "no module 'no_such_module'"),
    ],
)
def test_what_is_no_space_is_a_mistake_with_a_remedy(own, source, says):
    done = own("space", source)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(("source", "line"), [("own.py:breaks", "return 1 / 0"), ("odd.py:odd", '{}["no such shape"]')])
def test_code_of_a_person_that_raises_shows_their_traceback_and_not_ours(tmp_path, source, line):
    done = run_command(tmp_path, "space", source)
    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr
    assert "archwright/" not in done.stderr


def test_a_file_that_raises_on_import_shows_its_traceback(cli, tmp_path):
    (tmp_path / "bad.py").write_text("import archwright as aw\n\nspace = aw.conv2d(filters=[-1], size=3)\n")
    done = cli("space", "bad.py:space")
    assert done.code == 2
    assert "bad.py" in done.err
    assert "filters of conv2d is -1" in done.err


@pytest.mark.parametrize("shape", ["3,0,2", "a", "3,,2", ""])
def test_bad_input_shape(cli, shape):
    done = cli("space", "figure1", "--input-shape", shape)
    assert done.code == 2
    assert "3,32,32" in done.err


def test_a_space_without_end_has_infinitely_many_architectures(cli, tmp_path):
    (tmp_path / "reals.py").write_text("import archwright as aw\nspace = aw.dropout(aw.reals(0.1, 0.5))\n")
    assert "infinitely many architectures, at most 1 choice each" in cli("space", "reals.py:space").out
