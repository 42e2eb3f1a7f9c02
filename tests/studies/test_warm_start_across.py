"""A search begins with the trials of a study, and a study with those of a search, if a person says they are alike."""

import json
from typing import ClassVar

import pytest
from attrs import evolve, frozen

import archwright as aw
from archwright.execution.checks import BadArgument
from archwright.execution.same_search import find_other_problem, is_partly_told
from archwright.store.events import RunStarted
from tests.cli.running import TIMEOUT_SECONDS, run_command
from tests.studies.killable_script import StartedScript
from tests.studies.test_warm_start import SHAPE, WORK, count_double, count_parameters, make_body

UNKNOWN = "you alone know whether scores that are told and those of an evaluation mean the same; if they do, add "
ALL_DIFFERENT = aw.searchers.RandomSearch(replacement=False)
WIDER = make_body(filters=range(1, 17))


def count_both(architecture, input):  # noqa: A002
    return dict.fromkeys(("accuracy", "score"), float(architecture.parameters(input)))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def searched() -> aw.Run:
    """All eight architectures, scored by a function."""
    return aw.search(make_body(), count_parameters, trials=8, searcher=ALL_DIFFERENT, name="searched", **WORK)


@pytest.fixture
def told() -> aw.Run:
    """The same, scored by a person."""
    with tell_sizes(make_body(), 8, name="told", searcher=ALL_DIFFERENT) as study:
        return study.run


def tell_sizes(space: aw.Term | None, trials: int, **options) -> aw.Study:
    """A study of the accuracy, which has told so many trials."""
    study = aw.study(space, **{"input": SHAPE, "objective": "accuracy", **options})
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, count_parameters(trial.architecture, SHAPE))
    return study


def search(space: aw.Term, source: object, name: str = "new", **options) -> aw.Run:
    evaluation = options.pop("evaluation", count_parameters)
    return aw.search(space, evaluation, warm_start=source, name=name, **{"trials": 2, **WORK, **options})


def list_known(trials) -> set[tuple[int, int, float]]:
    return {(*list(trial.choices.values())[-2:], trial.score) for trial in trials}


def list_narrow(run: aw.Run) -> set[tuple[int, int, float]]:
    """What `WIDER` has of a run."""
    return list_known(trial for trial in run if trial.choices["net.stem.conv2d.filters"] <= 16)


def test_a_search_begins_with_the_trials_of_a_study(told, capsys):
    """As with those of a search: their scores, in their order; the best counts them only if asked; why not the rest."""
    run = search(WIDER, told, comparable=True, searcher="smbo", progress=True)
    assert (len(run.inherited), len(run)) == (4, 2)
    assert list_known(run.inherited) == list_narrow(told)
    assert [trial.number for trial in run.inherited] == [-4, -3, -2, -1]
    assert run.best() in run.trials
    assert run.best(inherited=True).source == max(run.inherited, key=lambda trial: trial.score).source
    assert run.details()["inherited"] == [{"run": "told", "log": None, "trials": 4}]
    out = capsys.readouterr()
    text = out.out + out.err
    assert "inherited 4 of 8 trials of told, the best with accuracy " in text
    assert "left out 2: net.stem.conv2d.filters is 32, and may be one of " in text
    assert UNKNOWN not in text


def test_a_study_begins_with_the_trials_of_a_search(searched, caplog):
    with tell_sizes(WIDER, 2, name="new", warm_start="searched", comparable=True, searcher="smbo") as study:
        assert list_known(study.run.inherited) == list_narrow(searched)
        assert study.run.best() in study.run.trials
        assert study.run.best(inherited=True).source.endswith(" of searched")
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("inherited 4 of 8 trials of searched, the best with accuracy ")
    assert "; left out 2: net.stem.conv2d.filters is 32, and may be one of " in caplog.messages[0]


def test_a_search_with_them_is_verified_resumed_forked_and_replayed(told):
    options = {"comparable": True, "searcher": aw.searchers.Smbo(initial=4)}
    run = search(WIDER, told, **options)
    assert run.verify()
    more = run.resume(trials="+2")
    assert more.verify()
    whole = search(WIDER, "told", "whole", trials=4, **options)
    assert [trial.path for trial in more] == [trial.path for trial in whole]
    assert [trial.path for trial in whole] != [trial.path for trial in search(WIDER, (), "cold", trials=4)]
    fork = run.fork(at=run[0]).resume(trials=3)
    assert (list_known(fork.inherited), fork[1].path) == (list_known(run.inherited), run[1].path)
    assert fork.verify()
    again = search(WIDER, "told", trials=4, resume=True, **options)
    assert (len(again), len(again.inherited)) == (4, 4)


def test_a_study_with_them_is_verified_opened_again_and_forked(searched, caplog):
    options = {"warm_start": searched, "comparable": True, "searcher": "smbo", "seed": 3}
    tell_sizes(WIDER, 1, name="new", **options).close()
    caplog.clear()
    tell_sizes(WIDER, 2, name="new", **options).close()
    tell_sizes(None, 1, name="new").close()
    assert caplog.messages == []
    tell_sizes(WIDER, 4, name="whole", **options).close()
    log = aw.Log("archwright.duckdb")
    assert [trial.path for trial in log["new"]] == [trial.path for trial in log["whole"]]
    assert log["new"].verify()
    fork = log["new"].fork(at=log["new"][0], name="fork")
    tell_sizes(None, 1, name="fork").close()
    assert fork.refresh()[1].path == log["new"][1].path
    assert fork.refresh().verify()
    assert len(fork.inherited) == 4


def test_who_does_not_say_that_scores_are_comparable_is_told_how_to(told, searched, caplog, capsys):
    """In the words of whoever asks: commands begin searches alone."""
    run = search(make_body(), told, progress=True)
    assert run.inherited == ()
    remedy = f"{UNKNOWN}--comparable (comparable=True in Python)"
    assert f"inherited 0 of 8 trials of told\n  left out 8: {remedy}\n" in capsys.readouterr().out
    with tell_sizes(make_body(), 0, name="mine", warm_start=searched) as study:
        assert study.run.inherited == ()
    assert caplog.messages == [f"inherited 0 of 8 trials of searched; left out 8: {UNKNOWN}comparable=True"]


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"objective": "score"}, "objective.metric was accuracy, and is score"),
        ({"objective": aw.minimize("accuracy")}, "objective.direction was maximize, and is minimize"),
        ({"input": (3, 8, 8)}, "input_shape"),
    ],
)
def test_what_is_another_problem_is_not_comparable(searched, told, options, difference, caplog):
    """Whatever the person says; who has not said it is told both at once."""
    remedy = ": that is another problem; trials are taken over where it is as it was"
    for name, comparable in (("a", True), ("b", False)):
        caplog.clear()
        with tell_sizes(make_body(), 0, name=name, warm_start=searched, comparable=comparable, **options) as study:
            assert study.run.inherited == ()
        run = search(make_body(), told, f"{name}-search", evaluation=count_both, comparable=comparable, **options)
        assert run.inherited == ()
        assert len(caplog.messages) == 2
        for message in caplog.messages:
            assert f"left out 8: {difference}" in message
            assert remedy in message
            assert (f"{remedy}; {UNKNOWN}" in message) == (not comparable)


def test_two_searches_are_compared_whatever_is_said(searched, told, caplog):
    """What a log knows of two evaluations, nobody needs to say."""
    run = search(make_body(), [told, searched], evaluation=count_double, comparable=True)
    assert {event.source.rpartition(" ")[2] for event in run.inherited} == {"told"}
    assert len(caplog.messages) == 1
    assert "evaluator.source was " in caplog.messages[0]


def test_the_data_of_a_search_is_nothing_that_a_study_could_differ_in(searched, told):
    """A study has no data in its log; two searches have, and are compared by it."""
    data = {"classes": ["a", "b"], "train": 1, "validation": 1, "test": 1}
    begun, asked = (run.view.run.started for run in (searched, told))
    with_data = evolve(begun, data=data)
    assert is_partly_told(asked, with_data)
    assert not is_partly_told(asked, asked)
    assert (find_other_problem(asked, with_data), find_other_problem(with_data, asked)) == ("", "")
    assert find_other_problem(with_data, begun).startswith("data")


@frozen
class SeveralBudgets(aw.searchers.RandomSearch):
    """A trial of each budget by turns."""

    name: ClassVar[str] = "several-budgets"

    def propose(self, state, trial, uniform):
        proposal = super().propose(state, trial, uniform)
        return evolve(proposal, budget=aw.Budget(1 + trial % 2, "epochs"))


def read_budget(architecture, budget):
    return budget.amount + architecture.parameters((4,)) / 1000


def read_no_budget(architecture):
    return architecture.parameters((4,)) / 1000


DROPOUT = aw.sequential(aw.dropout([0.1, 0.2]), aw.affine([1, 2, 3]))
FLAT = {"input": (4,), "objective": "accuracy"}


def test_the_budget_counts_where_both_name_one(caplog):
    """A person who names no budget for a study says by `comparable` that its trials had the search's."""
    tell_sizes(DROPOUT, 2, name="unsaid", **FLAT).close()
    with aw.study(DROPOUT, budget="2epochs", name="said", **FLAT) as study:
        for _ in range(2):
            study.tell(study.ask(), 0.5)
    options = {"comparable": True, "input": (4,)}
    for source, budget, kept in (
        ("unsaid", "5epochs", 2),
        ("said", "2epochs", 2),
        ("said", "5epochs", 0),
    ):
        caplog.clear()
        run = search(DROPOUT, source, None, evaluation=read_budget, budget=budget, **options)
        assert len(run.inherited) == kept
        assert [str(trial.budget) for trial in run.inherited] == [budget] * kept
        reason = "left out 2: it had 2 epochs, and a trial here has 5 epochs; with the budget 2epochs it is taken over"
        assert [reason in message for message in caplog.messages] == [True] * (not kept)
    assert len(search(DROPOUT, "said", None, evaluation=read_no_budget, **options).inherited) == 2


def test_of_several_budgets_a_study_takes_the_one_that_it_names_or_that_of_the_run(caplog):
    options = {"trials": 4, "searcher": SeveralBudgets(), "budget": "2epochs", "input": (4,)}
    run = aw.search(DROPOUT, read_budget, name="several", **WORK | options)
    ask = {"warm_start": run, "comparable": True, **FLAT}
    with aw.study(DROPOUT, name="unsaid", **ask) as study:
        assert {trial.source for trial in study.run.inherited} == {"trial 1 of several", "trial 3 of several"}
    assert caplog.messages[0].endswith(
        "left out 2: it had 1 epoch, where several is about 2 epochs, and here is no budget; with the budget 1epochs "
        "it is taken over"
    )
    with aw.study(DROPOUT, name="said", budget="1epochs", **ask) as study:
        assert {trial.source for trial in study.run.inherited} == {"trial 0 of several", "trial 2 of several"}


def test_what_failed_is_known_and_what_is_open_is_not(caplog):
    with aw.study(make_body(), input=SHAPE, objective="accuracy", name="mine", searcher=ALL_DIFFERENT) as study:
        trials = [study.ask() for _ in range(3)]
        study.tell(trials[0], failed="out of memory")
        study.tell(trials[1], 0.5)
        run = search(make_body(), study.run, comparable=True)
    assert [(trial.status, trial.score) for trial in run.inherited] == [("out_of_memory", None), ("ok", 0.5)]
    assert "left out 1: it has not ended; go on with mine before it is taken over" in caplog.messages[0]


def test_what_is_said_of_no_run_is_refused(told):
    """Before anything is logged."""
    remedy = r"no runs are given; name some by --from \(warm_start= in Python\), or leave it out"
    with pytest.raises(BadArgument, match=remedy):
        search(make_body(), (), comparable=True)
    with pytest.raises(BadArgument, match=remedy):
        aw.study(make_body(), input=SHAPE, name="new", comparable=True)
    with pytest.raises(BadArgument, match="comparable is 'told'"):
        search(make_body(), told, comparable="told")
    assert list(aw.Log("archwright.duckdb")) == ["told"]


SIZE = "def size(architecture):\n    return float(architecture.parameters((3,)))\n"
SPACES = """
import archwright as aw
first = aw.sequential(aw.affine([4, 8], name="head"))
second = aw.sequential(aw.optional(aw.relu()), aw.affine([4, 8, 16], name="head"))
"""


def test_on_the_command_line(here, cli):
    """`--from` a study with `--comparable`, which the log then has as any inherited trial."""
    (here / "mine.py").write_text(SPACES + SIZE)
    with aw.study("mine.py:first", input=(3,), objective="accuracy", name="told", log="archwright.duckdb") as study:
        for _ in range(2):
            study.tell(study.ask(), 0.25)
    search = ["search", "mine.py:second", "--evaluator", "mine.py:size", "--input", "3", "--workers", "0"]
    words = [*search, "--trials", "2", "--from", "told"]
    without = run_command(here, *words, "--name", "without")
    assert f"  left out 2: {UNKNOWN}--comparable (comparable=True in Python)" in without.stdout
    done = run_command(here, *words, "--name", "new", "--comparable")
    assert "inherited 2 of 2 trials of told, the best with accuracy 0.2500" in done.stdout, done.stderr
    assert run_command(here, "resume", "new", "--trials", "+1", "--workers", "0").returncode == 0
    assert run_command(here, "replay", "new", "--verify").returncode == 0
    ranked = json.loads(cli("best", "new", "--inherited", "-n", "9", "--json").out)
    assert {trial.get("source") for trial in ranked} >= {"trial 0 of told", "trial 1 of told"}
    assert all("source" not in trial for trial in json.loads(cli("best", "new", "-n", "9", "--json").out))
    refused = run_command(here, *search, "--name", "other", "--comparable")
    assert refused.returncode == 2
    assert "name some by --from" in refused.stderr


KILLED_STUDY = """
import time
from pathlib import Path
import archwright as aw
from mine import second

study = aw.study(
    second, input=(3,), objective="accuracy", name="mine", searcher="smbo", seed=2, warm_start="old", comparable=True
)
for trial in study.open_trials:
    study.tell(trial, 0.5)
while len(study.run) < 4:
    trial = study.ask()
    if len(study.run) == 3 and not Path("go").exists():
        print("asked", flush=True)
        time.sleep(600)
    study.tell(trial, 0.5)
study.close()
"""

KILLED_SEARCH = """
import time
from pathlib import Path
import archwright as aw
from mine import second

def evaluate(architecture, seed):
    while len(list(Path().glob("done-*"))) >= 2 and not Path("go").exists():
        time.sleep(0.02)
    Path(f"done-{seed}").touch()
    return float(architecture.parameters((3,)))

if __name__ == "__main__":
    aw.search(
        second, evaluate, input=(3,), trials=4, name="mine", searcher="smbo", resume=True, warm_start="old",
        comparable=True,
    )
"""


@pytest.mark.parametrize(
    ("script", "begin_old", "words", "times"),
    [
        (
            KILLED_STUDY,
            "aw.search(first, size, input=(3,), trials=2, workers=0, progress=False, name='old')",
            "asked",
            1,
        ),
        (
            KILLED_SEARCH,
            "study = aw.study(first, input=(3,), objective='accuracy', name='old')\n"
            "for _ in range(2):\n    study.tell(study.ask(), 0.5)",
            "accuracy",
            3,
        ),
    ],
)
def test_a_process_that_is_killed_has_taken_them_over(here, script, begin_old, words, times):
    """Run again, the script goes on with them, and takes no more: all is as if nothing had killed it."""
    for folder in (here, here / "whole"):
        folder.mkdir(exist_ok=True)
        (folder / "mine.py").write_text(SPACES + SIZE)
        (folder / "script.py").write_text(script)
        (folder / "old.py").write_text(f"import archwright as aw\nfrom mine import first, size\n{begin_old}\n")
        with StartedScript(folder, "old.py") as begun:
            assert begun.wait_to_end() == ("", "")
    with StartedScript(here) as killed:
        killed.wait_for(words, times=times)
        killed.kill()
        killed.wait(TIMEOUT_SECONDS)
    (here / "go").touch()
    (here / "whole" / "go").touch()
    for folder in (here, here / "whole"):
        with StartedScript(folder) as again:
            out, err = again.wait_to_end()
        assert again.returncode == 0, out + err
    run, whole = (aw.Log(folder / "archwright.duckdb", trust=True)["mine"] for folder in (here, here / "whole"))
    assert (len(run), len(run.inherited)) == (4, 2)
    assert [trial.path for trial in run] == [trial.path for trial in whole]
    assert [trial.path for trial in run.inherited] == [trial.path for trial in whole.inherited]
    assert run.verify()
    kinds = [type(event.event).__name__ for event in run.events]
    assert kinds[:3] == [RunStarted.__name__, "Inherited", "Inherited"]
    assert kinds.count("Inherited") == 2
    assert "RunResumed" in kinds
