"""Known configurations, as values and in files."""

import json
import random
from pathlib import Path

import pytest

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.core.protocols import Problem
from archwright.execution.checks import BadArgument
from archwright.execution.known_configurations import read_configurations
from archwright.execution.written_configurations import BadEnqueueFile, read_enqueue_file
from archwright.search.running.enqueuing import read_choices
from tests.search.instant import SPACE

PROBLEM = Problem(SPACE, (1, 8, 8), Budget(1, "epochs"), Objective())
ONE = {"0.settings.optimizer": "sgd", "1.repeat.count": 2}
OTHER = {"0.settings.optimizer": "adam"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ONE, [ONE]),
        ([ONE, {}], [ONE, {}]),
        (list(map(list, ONE.items())), [ONE]),
        ([list(map(list, ONE.items()))], [ONE]),
        ({"trial": 3, "score": 0.5, "choices": ONE}, [ONE]),
        ([{"trial": 3, "choices": ONE}, ONE], [ONE, ONE]),
        ([], []),
        ("\ufeff{}", [{}]),
    ],
)
def test_one_configuration_or_several_or_trials(tmp_path, content, expected):
    file = tmp_path / "known.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    assert [dict(choices) for choices in read_enqueue_file(file, PROBLEM)] == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no JSON"),
        ("", "is no JSON: .*; write choices by name, as in"),
        ("[" * 100_000, "is no JSON"),
        ("null", "configuration 1: a configuration is None"),
        ("[[], 3]", "configuration 2: a configuration is 3"),
        ('{"1.repeat.count": 1, "1.repeat.count": 2}', r": 1\.repeat\.count is given twice, as 1 and 2; give it once"),
        ('[["1.repeat.count", 1], ["1.repeat.count", 2]]', r"configuration 1: 1\.repeat\.count is given twice"),
        ('{"1.repeat.count": NaN}', r"configuration 1: 1\.repeat\.count"),
        ('{"1.repeat.count": null}', r"configuration 1: 1\.repeat\.count"),
        ('{"1.repeat.count": [1]}', r"configuration 1: 1\.repeat\.count"),
        ('{"1.repeat.count": 7}', r"configuration 1: 1\.repeat\.count is 7"),
        ("7", "configuration 1: a configuration is 7"),
        ('[{}, {"0.settings.optimiser": 1}]', r"configuration 2: .* did you mean 0\.settings\.optimizer"),
        ('{"0.settings.optimizer": "x"}', r"configuration 1: 0\.settings\.optimizer is x; .*\{adam, sgd\}"),
        ('{"1.repeat.count": 1, "1.repeat.1.0.conv2d.size": 3}', "configuration 1: .*leave one of them out"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, says):
    file = tmp_path / "known.json"
    file.write_text(text)
    with pytest.raises(BadEnqueueFile, match=rf"known\.json.*{says}"):
        read_enqueue_file(file, PROBLEM)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadEnqueueFile, match="cannot be read: No such file"):
        read_enqueue_file(tmp_path / "none.json", PROBLEM)
    with pytest.raises(BadEnqueueFile, match="cannot be read: Is a directory"):
        read_enqueue_file(tmp_path, PROBLEM)


def test_text_that_is_no_utf8(tmp_path):
    file = tmp_path / "known.json"
    file.write_bytes(b"\xff\xfe{")
    with pytest.raises(BadEnqueueFile, match=r"known\.json is no JSON"):
        read_enqueue_file(file, PROBLEM)


@pytest.fixture
def file(tmp_path) -> Path:
    """A file of two configurations."""
    file = tmp_path / "known.json"
    file.write_text(json.dumps([ONE, OTHER]))
    return file


def test_files_stand_for_what_they_hold(file):
    """One alone, or in between."""
    path = tuple(ONE.items())
    for given in (file, str(file), [file], [str(file)], [ONE, OTHER], iter([path, OTHER])):
        assert [dict(read_choices(c)) for c in read_configurations(given, PROBLEM)] == [ONE, OTHER]
    assert [dict(read_choices(c)) for c in read_configurations([{}, file, path], PROBLEM)] == [{}, ONE, OTHER, ONE]
    for given in (ONE, path, list(map(list, path))):
        assert [dict(read_choices(c)) for c in read_configurations(given, PROBLEM)] == [ONE]
    assert list(read_configurations((), PROBLEM)) == []


def test_nodes_and_the_json_of_architectures():
    """A leaf, a node on the way, what `aw.to_json` gives, and a trial as `archwright best --json` prints it."""
    leaf = aw.sample(aw.root(SPACE, (1, 8, 8)), random.Random(0).random)
    written = aw.to_json(leaf.architecture)
    for given in (leaf, [leaf], written, [written], {"term": written}, {"choices": dict(leaf.path)}):
        assert [tuple(read_choices(c)) for c in read_configurations(given, PROBLEM)] == [leaf.path]
    start = aw.root(SPACE, (1, 8, 8))
    (some,) = read_configurations(start.choose(leaf.path[0][1]), PROBLEM)
    assert some == leaf.path[:1]


@pytest.mark.parametrize("given", [3, None, 0.5])
def test_what_holds_no_configurations_is_refused(given):
    with pytest.raises(BadArgument, match=r"enqueue is .*; it must be a list of configurations, or name a file"):
        read_configurations(given, PROBLEM)


def test_a_study_takes_files_too(file, tmp_path):
    """At first, in between, and when it goes on, where what it knows is not enqueued again."""
    log = tmp_path / "log.duckdb"
    with aw.study(SPACE, input=(1, 8, 8), name="mine", log=log, enqueue=file) as study:
        study.enqueue(str(file), {"1.repeat.count": 1})
        known = [dict(entry.choices) for entry in study._writer.run_state.queue.entries]
    assert known == [ONE, OTHER, ONE, OTHER, {"1.repeat.count": 1}]
    with aw.study(SPACE, name="mine", log=log, enqueue=[file, {"1.repeat.count": 2}]) as study:
        assert [dict(entry.choices) for entry in study._writer.run_state.queue.entries[5:]] == [{"1.repeat.count": 2}]


def test_a_study_that_is_given_a_bad_file_is_as_it_was(file, tmp_path):
    log = tmp_path / "log.duckdb"
    bad = tmp_path / "bad.json"
    bad.write_text('[{}, {"x": 1}]')
    with pytest.raises(BadEnqueueFile, match=r"bad\.json, configuration 2: "):
        aw.study(SPACE, input=(1, 8, 8), name="mine", log=log, enqueue=bad)
    assert not log.exists()
    with aw.study(SPACE, input=(1, 8, 8), name="mine", log=log) as study:
        for given in (["bad.json"], [file, bad]):
            with pytest.raises(BadEnqueueFile):
                study.enqueue(*given)
        assert not study._writer.run_state.queue.entries
        study.tell(study.ask(), 0.5)
    for wrong, error in ((bad, BadEnqueueFile), (3, BadArgument)):
        with pytest.raises(error):
            aw.study(name="mine", log=log, enqueue=wrong)  # type: ignore[arg-type]
    assert len(aw.Log(log)["mine"].trials) == 1


LEAF = aw.sample(PROBLEM.root, random.Random(5).random)
OUTSIDE = aw.sequential(aw.settings(optimizer="lion", learning_rate=0.01), *LEAF.architecture.subterms[1:])


def test_an_architecture_stands_for_the_path_that_leads_to_it(tmp_path):
    """As a value, or as the JSON of it in a file, alone or in what an export writes."""
    file = tmp_path / "known.json"
    written = aw.to_json(LEAF.architecture)
    for given in (LEAF.architecture, [LEAF.architecture], iter([LEAF.architecture])):
        assert read_configurations(given, PROBLEM) == [LEAF.path]
    for content in (written, [written], {"architecture": written, "choices": {"no": "such"}}):
        file.write_text(json.dumps(content))
        assert read_configurations(file, PROBLEM) == [LEAF.path]


def test_an_architecture_that_is_not_in_the_space_is_refused_with_its_place(tmp_path):
    reason = r"its 0\.settings\.optimizer is lion, and the space has \{adam, sgd\}"
    with pytest.raises(aw.errors.NotInSpace, match=reason):
        read_configurations([LEAF.architecture, OUTSIDE], PROBLEM)
    file = tmp_path / "known.json"
    file.write_text(json.dumps([{}, aw.to_json(OUTSIDE)]))
    with pytest.raises(BadEnqueueFile, match=rf"known\.json, configuration 2: the architecture is not .* {reason}"):
        read_enqueue_file(file, PROBLEM)
    file.write_text('{"kind": "conv2d"}')
    with pytest.raises(BadEnqueueFile, match=r"configuration 1: conv2d at \$ has the fields"):
        read_enqueue_file(file, PROBLEM)


def test_a_study_takes_the_architecture_of_another_runs_trial(tmp_path):
    """Of a space with other names, too, and once only where it goes on."""
    log = tmp_path / "log.duckdb"
    with aw.study(SPACE, input=(1, 8, 8), name="first", log=log) as study:
        study.tell(study.ask(), 0.5)
        known = study.run[0].architecture
    wrapped, same = aw.sequential(SPACE, aw.identity()), aw.sequential(known, aw.identity())
    with aw.study(wrapped, input=(1, 8, 8), name="second", log=log, enqueue=same) as study:
        study.enqueue(same)
        asked = study.ask()
        assert asked.architecture.subterms[0] == known
        assert (asked.enqueued, study.ask().enqueued) == (0, 1)
    with aw.study(name="second", log=log, enqueue=[same]) as study:
        assert study.run.details()["queue"] == []
        with pytest.raises(aw.errors.NotInSpace):
            study.enqueue(known)
