"""Whether a space has an architecture, and how an architecture was derived."""

import json

import pytest

import archwright as aw
from archwright.results.records import Membership
from tests.cli.records import find_faults, read_records

OWN = """
import archwright as aw

kind = aw.shared("kind", [2, 4])
space = aw.sequential(aw.conv2d([8, 16], 3), aw.repeat(aw.optional(aw.dropout([0.1, 0.2])), [1, 2]), aw.affine(10))
renamed = aw.sequential(stem=aw.conv2d([8, 16, 32], 3), rest=space.children[1], head=aw.affine(10))
ambiguous = aw.sequential(aw.either(a=aw.relu(), b=aw.relu()), aw.affine([4, 8]))
sharing = aw.sequential(aw.conv2d(kind, 3), aw.conv2d(kind, 3))
"""
INSIDE = aw.sequential(aw.conv2d(16, 3), aw.sequential(aw.dropout(0.2), aw.identity()), aw.affine(10))
OUTSIDE = aw.sequential(aw.conv2d(32, 3), aw.sequential(aw.identity()), aw.affine(10))
CHOICES = {
    "0.conv2d.filters": 16,
    "1.repeat.count": 2,
    "1.repeat.0.either.option": "dropout",
    "1.repeat.0.either.dropout.rate": 0.2,
    "1.repeat.1.either.option": "identity",
}


@pytest.fixture
def ask(cli, tmp_path):
    """Asks whether the space has what a file holds."""
    (tmp_path / "own.py").write_text(OWN)

    def ask_of(content, *words, space="own.py:space"):
        (tmp_path / "file.json").write_text(content if isinstance(content, str) else json.dumps(content))
        return cli("space", space, "--has", "file.json", *words)

    return ask_of


@pytest.mark.parametrize(
    "content",
    [
        aw.to_json(INSIDE),
        {"architecture": aw.to_json(INSIDE), "choices": {"0.conv2d.filters": 99}},  # as an export's architecture.json
        {"trial": 3, "choices": CHOICES, "architecture": "a tree"},  # as show --json prints a trial
        [{"choices": CHOICES}],  # as best --json prints trials
        dict(reversed(CHOICES.items())),
    ],
)
def test_what_is_in_the_space_has_its_choices_shown(ask, content):
    done = ask(content)
    assert (done.code, done.err) == (0, "")
    head, rest = done.out.split("\n", 1)
    assert head == "the space has it"
    assert rest.split() == [f"{name}={value}" for name, value in CHOICES.items()]
    (record,) = read_records(ask(content, "--json").out)
    assert find_faults(record, Membership) == []
    assert (record["has"], record["choices"], record["reason"]) == (True, CHOICES, "")


@pytest.mark.parametrize(
    ("choices", "option"),
    [
        ({"0.either.option": "b", "1.affine.units": 8}, "b"),
        ({"0.either.option": "b", "1.affine.units": 4}, "a"),  # of another architecture, so it is looked for
        ({"0.either.option": "b"}, "a"),
        ({"0.either.option": ["b"], "1.affine.units": 8}, "a"),
        ({"other": 3}, "a"),
    ],
)
def test_the_choices_of_a_trial_are_told_where_they_lead_to_its_architecture(ask, choices, option):
    """The architecture counts; of several ways to it, its own is known."""
    record = {"term": aw.to_json(aw.sequential(aw.relu(), aw.affine(8))), "choices": choices}
    assert ask(record, space="own.py:ambiguous").out.split()[4:] == [f"0.either.option={option}", "1.affine.units=8"]


def test_trials_of_a_run_are_looked_for_in_a_space_of_other_names(cli, tmp_path):
    """As commands print them; they are enqueued there, too."""
    (tmp_path / "own.py").write_text(OWN)
    words = ("--evaluator", "score.py:of_architecture", "--trials", "3")
    (tmp_path / "score.py").write_text("def of_architecture(architecture):\n    return len(str(architecture)) / 1000\n")
    assert cli("search", "own.py:space", *words, "--name", "mine").code == 0
    shown = [cli("best", "mine", "--json").out, cli("show", "mine", "best", "--json").out]
    (best, *_), details = map(json.loads, shown)
    assert best["term"] == details["term"]
    chosen = dict(zip(("stem.conv2d.filters", "rest.repeat.count"), best["choices"].values(), strict=False))
    for printed in shown:
        (tmp_path / "found.json").write_text(printed)
        done = cli("space", "own.py:renamed", "--has", "found.json", "--json")
        assert (done.code, done.err) == (0, "")
        assert read_records(done.out)[0]["choices"].items() >= chosen.items()
    assert cli("search", "own.py:renamed", *words, "--name", "next", "--enqueue", "found.json").code == 0
    first = json.loads(cli("show", "next", "0", "--json").out)
    assert first["enqueued"] == 0
    assert aw.drop_names(aw.from_json(first["term"])) == aw.from_json(best["term"])


def test_a_random_architecture_is_one_of_its_space(ask, cli):
    ask(CHOICES)
    (record,) = read_records(cli("space", "own.py:space", "--sample", "2", "--json").out)
    done = ask(record["samples"], "--json")
    assert [each["choices"] for each in read_records(done.out)] == [each["choices"] for each in record["samples"]]


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (aw.to_json(OUTSIDE), "0.conv2d.filters", "its 0.conv2d.filters is 32, and the space has {8, 16}"),
        (CHOICES | {"0.conv2d.filters": 32}, "0.conv2d.filters", "is 32, and what fits there is {8, 16}"),
        (CHOICES | {"2.affine.units": 10}, "2.affine.units", "2.affine.units is asked nowhere"),
        ({"0.conv2d.filters": 8}, "1.repeat.count", "1.repeat.count is not among them"),
        ({"0.conv2d.filters": 8, "1.repeat.cuont": 1}, "1.repeat.count", "is not among them, but 1.repeat.cuont is"),
    ],
)
def test_what_is_not_has_the_first_place_shown(ask, content, place, reason):
    """With another exit code, as grep has it for what it does not find."""
    done = ask(content)
    assert (done.code, done.err) == (1, "")
    assert done.out.endswith(reason + "\n")
    (record,) = read_records(ask(content, "--json").out)
    assert find_faults(record, Membership) == []
    assert (record["has"], record["choices"], record["place"]) == (False, {}, place)


def test_of_several_all_are_asked_for(ask):
    done = ask([aw.to_json(INSIDE), aw.to_json(OUTSIDE)])
    assert done.code == 1
    assert done.out.startswith("architecture 1: the space has it\n")
    assert "architecture 2: the architecture is not in the space: its 0.conv2d.filters is 32" in done.out
    assert ask([aw.to_json(INSIDE)] * 2).code == 0


def test_a_choice_may_be_called_as_the_key_of_a_kind_is(ask):
    assert ask({"kind": 4}, space="own.py:sharing").out.startswith("the space has it\nkind=4")


def test_the_input_counts(ask):
    """Of an image of one pixel each way, no pool of two is left."""
    architecture = aw.to_json(aw.sequential(aw.conv2d(16, 3), aw.sequential(aw.identity()), aw.affine(10)))
    assert ask(architecture, "--input", "3,1,1").code == 0
    assert ask(architecture, "--input", "12").code == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "file.json is no JSON: "),
        ("[]", "file.json is an empty list; write an architecture as aw.to_json gives it"),
        ("3", "file.json is 3; write an architecture"),
        ('[{"kind": "relu"}, 3]', "file.json, architecture 2 is 3"),
        ('{"kind": "conv2d"}', "file.json: conv2d at $ "),
        ('{"a": 1, "a": 2}', "file.json: a is given twice, as 1 and 2"),
        (aw.to_json(aw.dropout([0.1, 0.2])), "dropout has choices left"),
    ],
)
def test_what_is_no_architecture_is_refused(ask, content, says):
    done = ask(content)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_an_architecture_is_enqueued_as_it_is(ask, cli, tmp_path):
    """By the command that begins a run and by that which goes on with it; one of another space is refused."""
    ask(aw.to_json(INSIDE))
    (tmp_path / "score.py").write_text("def score(architecture):\n    return 0.5\n")
    words = ("search", "own.py:space", "--evaluator", "score.py:score", "--name", "mine", "--trials", "1")
    assert cli(*words, "--enqueue", "file.json").code == 0
    trial = json.loads(cli("show", "mine", "0", "--json").out)
    assert (trial["choices"], trial["enqueued"]) == (CHOICES, 0)
    ended = cli("resume", "mine", "--enqueue", "file.json")
    assert (ended.code, "enqueue does nothing: mine has ended; move one of its ends" in ended.err) == (0, True)
    ask({"architecture": aw.to_json(OUTSIDE)})
    refused = cli("resume", "mine", "--trials", "+1", "--enqueue", "file.json")
    assert refused.code == 2
    assert "file.json, configuration 1: the architecture is not in the space: its 0.conv2d.filters is 32" in refused.err


@pytest.mark.usefixtures("digits_log")
def test_an_export_is_in_its_space(cli):
    assert cli("export", "digits-1", "best", "model").code == 0
    assert cli("space", "digits", "--has", "model/architecture.json", "--input", "1,8,8").code == 0
    assert cli("space", "figure1", "--has", "model/architecture.json", "--input", "1,8,8").code == 1


def test_the_derivation_of_a_sample(ask, cli):
    ask({})
    done = cli("space", "own.py:space", "--derivation", "--seed", "3")
    described = aw.describe_space("own.py:space", samples=1, seed=3)["samples"][0]
    assert done.out.endswith(described["derivation"] + "\n")
    assert described["derivation"].splitlines()[1].startswith("├─ 0.conv2d(filters=")
    assert "=" in done.out
    assert described["drawing"] not in done.out


def test_one_answer_at_a_time(reader):
    """What would go unheeded is refused."""
    for words in (
        ("space", "figure1", "--svg", "a.svg", "--has", "b.json"),
        ("space", "figure1", "--has", "b", "--count"),
        ("space", "figure1", "--has", "b", "--derivation"),
        ("space", "figure1", "--count", "--derivation"),
        ("space", "figure1", "--sample", "2", "--svg", "a.svg"),
        ("space", "figure1", "--sample", "2", "--svg", "a.svg", "--derivation"),
    ):
        done = reader(*words)
        assert (done.code, "are two answers; give one of them" in done.err) == (2, True)


def test_the_derivation_of_a_trial(reader):
    done = reader("show", "run-1", "3", "--derivation")
    record = json.loads(reader("show", "run-1", "3", "--json").out)
    assert record["derivation"] in done.out
    assert record["architecture"] not in done.out
    assert (done.code, reader("show", "run-1", "--derivation").code) == (0, 2)
    assert "--derivation is of a trial; name one, as in: archwright show run-1 0 --derivation" in (
        reader("show", "run-1", "--derivation").err
    )
