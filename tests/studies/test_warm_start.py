"""A changed space keeps its trials: what a search takes over of others, what it says, and what it does with it."""

import importlib
import json

import pytest

import archwright as aw
from archwright.execution.checks import BadArgument
from archwright.store.runs import NoSuchRun
from tests.cli.running import run_command, run_started

SHAPE = (1, 8, 8)
WORK = {"input": SHAPE, "workers": 0, "progress": False}


def make_body(filters=(8, 16, 32, 64), units=(4, 8)) -> aw.Term:
    return aw.sequential(
        aw.conv2d(list(filters), 3, name="stem"), aw.flatten(), head=aw.affine(list(units)), name="net"
    )


def count_parameters(architecture, input):  # noqa: A002
    return float(architecture.parameters(input))


def count_double(architecture, input):  # noqa: A002
    return 2.0 * architecture.parameters(input)


def count_megabytes(architecture, input):  # noqa: A002
    return {"megabytes": architecture.parameters(input) / 1e6}


@pytest.fixture
def old(tmp_path, monkeypatch) -> aw.Run:
    """Eight different trials, all there are."""
    monkeypatch.chdir(tmp_path)
    searcher = aw.searchers.RandomSearch(replacement=False)
    return aw.search(make_body(), count_parameters, trials=8, searcher=searcher, name="old", **WORK)


def begin(space: aw.Term, old: object, name: str = "new", **options) -> aw.Run:
    evaluation = options.pop("evaluation", count_parameters)
    return aw.search(space, evaluation, trials=2, warm_start=old, name=name, **{**WORK, **options})


def list_choices(trials) -> list[dict]:
    return [dict(trial.choices) for trial in trials]


@pytest.mark.parametrize(
    ("space", "kept"),
    [
        (aw.sequential(aw.optional(aw.batch_norm()), make_body()), 8),  # a module in front
        (make_body(units=(4, 8, 12)), 8),  # an option added
        (make_body(filters=range(1, 65)), 8),  # a range widened
        (make_body(filters=(8, 16, 32)), 6),  # an option removed
    ],
)
def test_a_space_changed_in_four_ways(old, space, kept, capsys):
    """What is in the new space comes over with its score, in the order of the old run; why not the rest is said."""
    run = begin(space, old, progress=True)
    here = {(trial.path[-2:], trial.score) for trial in run.inherited}
    assert len(run.inherited) == kept
    assert [trial.number for trial in run.inherited] == list(range(-kept, 0))
    assert here == {
        (trial.path, trial.score) for trial in old if kept == 8 or trial.choices["net.stem.conv2d.filters"] != 64
    }
    assert run.inherited[0].source == f"trial {old[0].number} of old"
    for trial in run.inherited:
        assert count_parameters(trial.architecture, SHAPE) == trial.score
        assert trial.leaf.is_leaf
    out = capsys.readouterr()
    text = out.out + out.err
    assert f"inherited {kept} of 8 trials of old, the best with accuracy " in text
    assert ("left out 2: net.stem.conv2d.filters is 64, and may be one of {8, 16, 32} here" in text) == (kept == 6)
    assert ("a space keeps its models where old values stay and what is new may be left out" in text) == (kept == 6)


def test_the_runs_own_results_are_its_own(old):
    """Nothing but what is asked for with them counts inherited trials: no number, no best, no view, no end."""
    run = begin(make_body(units=(1, 2, 4, 8)), old, searcher="smbo", until_score=1e9)
    assert (len(run), [trial.number for trial in run]) == (2, [0, 1])
    assert run.best() in run.trials
    assert run.best(9, inherited=True)[0].score == max(old.best().score, run.best().score)
    assert len(run.best(99, inherited=True)) == 10
    assert run.sql("SELECT count(*) FROM trials").rows == ((2,),)
    assert run.sql("SELECT best, scored FROM runs").rows == ((run.best().score, 2),)
    assert run.sql("SELECT min(trial), max(trial), count(*), any_value(source_run) FROM inherited").rows == (
        (-8, -1, 8, "old"),
    )
    assert run.sql("SELECT min(trial) FROM incumbents").rows == ((0,),)
    details = run.details()
    assert details["inherited"] == [{"run": "old", "log": None, "trials": 8}]
    assert (details["counts"]["proposed"], len(details["trials"])) == (2, 2)
    assert "inherited" not in old.details()


def test_it_is_verified_resumed_forked_and_replayed(old):
    """The searcher has known them from the start, whoever goes on with the run."""
    run = begin(make_body(filters=range(1, 65)), old, searcher=aw.searchers.Smbo(initial=8))
    assert run.verify()
    more = run.resume(trials="+2")
    assert more.verify()
    assert [trial.path for trial in more.inherited] == [trial.path for trial in run.inherited]
    fork = run.fork(at=run[0]).resume(trials=3)
    assert len(fork.inherited) == 8
    assert fork[1].path == run[1].path
    assert fork.verify()
    whole = aw.search(
        make_body(filters=range(1, 65)),
        count_parameters,
        trials=4,
        warm_start="old",
        name="whole",
        searcher=aw.searchers.Smbo(initial=8),
        **WORK,
    )
    assert [trial.path for trial in whole] == [trial.path for trial in more]


def test_without_a_warm_start_nothing_is_proposed_otherwise(old):
    """And with one, something is: the searcher uses it."""
    space, searcher = make_body(filters=range(1, 65)), aw.searchers.Smbo(initial=1)
    cold = aw.search(space, count_parameters, trials=2, name="cold", searcher=searcher, **WORK)
    empty = aw.search(space, count_parameters, trials=2, name="empty", searcher=searcher, warm_start=(), **WORK)
    warm = begin(space, old, searcher=searcher)
    assert [trial.path for trial in cold] == [trial.path for trial in empty]
    assert [trial.path for trial in cold] != [trial.path for trial in warm]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"evaluation": count_megabytes, "objective": aw.minimize("megabytes")},
            "evaluator.source was tests.studies.test_warm_start:count_parameters, and is",
        ),
        ({"objective": aw.minimize("accuracy")}, "objective.direction was maximize, and is minimize: that is another"),
        ({"input": (3, 8, 8)}, "input_shape"),
        ({"evaluation": count_double}, "evaluator.source was "),
    ],
)
def test_another_problem_is_none_to_learn_from(old, options, reason, capsys):
    """All of a run's trials are left out then, with what differs."""
    run = begin(make_body(), old, progress=True, **options)
    assert run.inherited == ()
    out = capsys.readouterr()
    assert "inherited 0 of 8 trials of old" in out.out + out.err
    assert reason in out.out + out.err


def test_another_budget_is_none_to_learn_from(tmp_path, monkeypatch, capsys):
    """Unless nothing reads it."""
    monkeypatch.chdir(tmp_path)

    def evaluate(budget):
        return float(budget.amount)

    space = aw.sequential(aw.dropout([0.1, 0.2]))
    aw.search(space, evaluate, trials=2, budget="2epochs", name="short", **WORK)
    long = aw.search(
        space, evaluate, trials=2, budget="5epochs", warm_start="short", name="long", **WORK | {"progress": True}
    )
    assert long.inherited == ()
    out = capsys.readouterr()
    reason = "left out 2: it had 2 epochs, and a trial here has 5 epochs; with the budget 2epochs it is taken over"
    assert reason in out.out + out.err
    assert "a space keeps its models" not in out.out + out.err
    same = aw.search(space, evaluate, trials=2, budget="2epochs", warm_start="short", name="same", **WORK)
    assert [trial.score for trial in same.inherited] == [2.0, 2.0]


def test_a_ladder_takes_over_trials_of_each_of_its_budgets(tmp_path, monkeypatch, caplog):
    """With the budgets that they had, by which they are ranked; those of another budget are left out."""
    monkeypatch.chdir(tmp_path)

    def evaluate(budget):
        return 1 / budget.amount

    space = aw.sequential(aw.dropout([0.1, 0.2]))
    for epochs in (1, 3, 4):
        aw.search(space, evaluate, trials=1, budget=f"{epochs}epochs", name=f"of-{epochs}", **WORK)
    sources = ["of-4", "of-1", "of-3"]
    call = {"warm_start": sources, "trials": 2, "name": "ladder", **WORK}
    ladder = aw.search(space, evaluate, searcher="asha,eta=2", budget="1epochs..4epochs", **call)
    assert "it had 3 epochs, and a trial here has 1 epoch or 2 epochs or 4 epochs" in caplog.text
    assert [(trial.number, str(trial.budget), trial.score) for trial in ladder.inherited] == [
        (-2, "4epochs", 0.25),
        (-1, "1epochs", 1.0),
    ]
    assert ladder.best(1, inherited=True)[0].number == -2
    budgets = ladder.sql("SELECT trial, budget, unit FROM inherited ORDER BY trial").rows
    assert list(budgets) == [(-2, 4.0, "epochs"), (-1, 1.0, "epochs")]


def test_several_runs_and_their_forks(old):
    """Each trial once, in the order of the runs; what a run has inherited itself is not taken; also of another log."""
    fork = old.fork(at=old[2], name="fork").resume(trials=8)
    other = aw.search(make_body(units=(2,)), count_parameters, trials=2, name="other", log="other.duckdb", **WORK)
    run = begin(make_body(units=(1, 2, 4, 8)), [old, "fork", other])
    assert [trial.source for trial in run.inherited[8:]] == [
        *(f"trial {number} of fork" for number in range(len(old.at(old[2])), len(fork))),
        "trial 0 of other in other.duckdb",
        "trial 1 of other in other.duckdb",
    ]
    again = begin(make_body(units=(1, 2, 4, 8)), run, name="again")
    assert [trial.source for trial in again.inherited] == ["trial 0 of new", "trial 1 of new"]


def test_failed_and_open_trials(tmp_path, monkeypatch, capsys):
    """What failed is known, too; what has not ended is not."""
    monkeypatch.chdir(tmp_path)

    def evaluate(settings):
        if settings["width"] > 2:
            raise ValueError("too wide")
        return float(settings["width"])

    space = aw.sequential(aw.settings(width=[1, 2, 3]))
    searcher = aw.searchers.RandomSearch(replacement=False)
    failing = aw.search(space, evaluate, trials=3, searcher=searcher, name="failing", **WORK)
    before = failing.at(
        next(event.number for event in failing.events if type(event.event).__name__ == "AttemptStarted")
    )
    run = aw.search(space, evaluate, trials=1, warm_start=failing, name="new", **WORK)
    assert sorted(trial.status for trial in run.inherited) == ["crashed", "ok", "ok"]
    run = aw.search(space, evaluate, trials=1, warm_start=before, name="newer", **WORK | {"progress": True})
    assert run.inherited == ()
    out = capsys.readouterr()
    assert "left out 1: it has not ended; go on with failing before it is taken over" in out.out + out.err


def tell_size(study: aw.Study, trials: int) -> None:
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, trial.architecture.parameters(SHAPE) / 1000)


def ask_wider(**options) -> aw.Study:
    return aw.study(make_body(filters=range(1, 17)), input=SHAPE, searcher="smbo", seed=3, **options)


def test_a_study_begins_with_the_trials_of_another(tmp_path, monkeypatch, caplog):
    """By the same words as a search, its events before the first proposal; what is opened again takes no more."""
    monkeypatch.chdir(tmp_path)
    searcher = aw.searchers.RandomSearch(replacement=False)
    with aw.study(make_body(), input=SHAPE, searcher=searcher, name="told") as told:
        tell_size(told, 8)
    with ask_wider(name="wider", warm_start="told") as study:
        tell_size(study, 1)
        assert len(study.run.inherited) == 4
        assert {(trial.path, trial.score) for trial in study.run.inherited} == {
            (trial.path, trial.score) for trial in told.run if trial.choices["net.stem.conv2d.filters"] <= 16
        }
        assert study.run.best() == study.run[0]
        assert study.run.best(inherited=True).score == max(study.run[0].score, *(t.score for t in study.run.inherited))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("inherited 4 of 8 trials of told, the best with score ")
    assert "; left out 2: net.stem.conv2d.filters is 32, and may be one of " in caplog.messages[0]
    caplog.clear()
    with ask_wider(name="wider", warm_start=told.run) as study:
        tell_size(study, 2)
        assert len(study.run.inherited) == 4
    assert caplog.messages == []
    with ask_wider(name="whole", warm_start=[told.run]) as whole:
        tell_size(whole, 3)
    assert [trial.path for trial in whole.run] == [trial.path for trial in study.run]
    assert study.run.verify()


def test_what_a_run_that_goes_on_is_given_to_start_from(old, caplog):
    """A run of which it has nothing is warned of, with what would begin with it; what is no run is refused."""
    with aw.study(make_body(), input=SHAPE, name="mine"):
        pass
    aw.search(make_body(), count_parameters, trials=2, name="cold", **WORK)
    remedy = "goes on without trials of old: a run takes them over when it begins"
    with aw.study(name="mine", warm_start=["mine", old]) as study:
        assert study.run.inherited == ()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"mine {remedy}")
    caplog.clear()
    again = aw.search(make_body(), count_parameters, trials=2, name="cold", resume=True, warm_start="old", **WORK)
    assert (again.inherited, len(caplog.messages)) == ((), 1)
    assert caplog.messages[0].startswith(f"cold {remedy}")
    for wrong in (3, [old, 3]):
        with pytest.raises(BadArgument, match=r"warm_start is .*; it must be a run, as aw.search returns it"):
            aw.study(name="mine", warm_start=wrong)
        with pytest.raises(BadArgument, match=r"warm_start is .*; it must be a run, as aw.search returns it"):
            aw.search(make_body(), count_parameters, name="cold", resume=True, warm_start=wrong, **WORK)


def test_nothing_is_left_to_propose_where_all_was_taken_over(old, capsys):
    searcher = aw.searchers.RandomSearch(replacement=False)
    run = begin(make_body(), old, searcher=searcher, progress=True)
    assert (run.status, len(run)) == ("exhausted", 0)
    assert "no other architectures than the 8 that it has tried or taken over" in capsys.readouterr().out


def test_what_is_no_run(old):
    for wrong in (3, None, [old, 3]):
        with pytest.raises(BadArgument, match=r"warm_start is .*; it must be a run, as aw.search returns it"):
            begin(make_body(), wrong)
    with pytest.raises(NoSuchRun, match="old"):
        begin(make_body(), "odl")
    assert list(aw.Log("archwright.duckdb")) == ["old"]


KIND = """
import archwright as aw

@aw.module
class {kind}(aw.Basic):
    factor: float = aw.hyperparameter()

    def out_shape(self, in_shape):
        return in_shape

space = aw.sequential({kind}([0.5, 1.0]), aw.affine([4, 8]), name="net")
"""


def test_modules_of_a_persons_own_that_are_not_there(tmp_path, monkeypatch):
    """Their file has gone, or may be a stranger's: that is said of the run to start from, and no other one begins."""
    (tmp_path / "before.py").write_text(KIND.format(kind="Scaled"))
    (tmp_path / "after.py").write_text(KIND.format(kind="Shifted"))
    (tmp_path / "score.py").write_text(
        "def count(architecture, input):\n    return architecture.parameters(input) / 10\n"
    )
    options = ["--evaluator", "score.py:count", "--input", "features:3", "--workers", "0", "--trials", "2"]
    assert run_command(tmp_path, "search", "before.py:space", *options, "--name", "old").returncode == 0
    again = run_command(tmp_path, "search", "after.py:space", *options, "--name", "new", "--from", "old")
    assert "left out 2: its model has scaled where the space has net.0.shifted" in again.stdout

    begin_other = ["search", "after.py:space", *options, "--name", "other", "--from", "old"]
    with monkeypatch.context() as of_another:
        of_another.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "theirs"))
        stranger = run_started(tmp_path, *begin_other)
    assert stranger.returncode == 2
    assert "trials of old are taken over with the modules of its space, whose code may be anybody's" in stranger.stderr
    assert "archwright space before.py:space, or give the run as aw.Log('archwright.duckdb', trust=True)['old']" in (
        stranger.stderr
    )
    (tmp_path / "before.py").unlink()
    gone = run_command(tmp_path, *begin_other)
    assert gone.returncode == 2
    assert (
        "trials of old cannot be taken over, as the modules of its space are not there: there is no file" in gone.stderr
    )
    assert "put their code where it was, or begin without old" in gone.stderr
    assert list(aw.Log(tmp_path / "archwright.duckdb")) == ["old", "new"]


def test_on_the_command_line(cli, tmp_path):
    """`--from`, as often as there are runs, and `--inherited`."""
    (tmp_path / "mine.py").write_text(
        "import archwright as aw\n"
        "def count(architecture, input):\n    return float(architecture.parameters(input))\n"
        "first = aw.sequential(aw.affine([4, 8], name='head'))\n"
        "second = aw.sequential(aw.optional(aw.relu()), aw.affine([4, 8, 16], name='head'))\n"
    )
    search = ["--evaluator", "mine.py:count", "--input", "features:3", "--workers", "0"]
    for name in ("a", "b"):
        assert (
            run_command(tmp_path, "search", "mine.py:first", *search, "--trials", "2", "--name", name).returncode == 0
        )
    sources = ("--from", "a", "--from", "b")
    done = run_command(tmp_path, "search", "mine.py:second", *search, "--trials", "1", "--name", "new", *sources)
    assert "inherited 2 of 2 trials of a, the best with" in done.stdout
    ranked = json.loads(cli("best", "new", "--inherited", "-n", "9", "--json").out)
    assert {trial["source"] for trial in ranked if "source" in trial} >= {"trial 0 of a", "trial 1 of a"}
    assert all("source" not in trial for trial in json.loads(cli("best", "new", "-n", "9", "--json").out))
    assert "2 trials of a" in cli("show", "new").out


def test_a_function_has_the_name_of_its_file_and_of_its_module(tmp_path, monkeypatch, caplog):
    """It is one function: a command names the file, and Python the module that it has made of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "measuring").mkdir()
    code = "def size(architecture):\n    return architecture.parameters((1, 8, 8))\n"
    (tmp_path / "measuring" / "sizes.py").write_text(code + code.replace("size", "other"))
    options = {"input": (1, 8, 8), "trials": 2, "workers": 0, "progress": False}
    aw.search(make_body(), "measuring/sizes.py:size", name="old", **options)
    sizes = importlib.import_module("measuring.sizes")
    new = aw.search(make_body(), sizes.size, name="new", warm_start="old", **options)
    assert (len(new.inherited), caplog.messages) == (2, [])
    other = aw.search(make_body(), sizes.other, name="other", warm_start="old", **options)
    assert not other.inherited
    assert "evaluator.source was measuring/sizes.py:size, and is measuring.sizes:other" in caplog.messages[0]
