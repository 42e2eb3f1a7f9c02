"""What a searcher proposes is that of its revision: golden runs hold it, and runs of other revisions stay usable."""

from collections import defaultdict

import numpy as np
import pytest
from attrs import evolve, fields

from archwright.cli.reports.replaying import show_reproduction
from archwright.core.ends import RunEnds
from archwright.execution.forking import read_fork_searcher
from archwright.execution.resuming import describe_new_revision
from archwright.results.replaying import verify_proposals
from archwright.search import named
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.running.loop import SearchLoop
from archwright.search.running.revisions import (
    compute_logged_revision,
    find_mismatches,
    find_new_revision,
    find_own_proposals,
    iterate_revisions,
)
from archwright.search.running.runs import make_fork_event, read_run
from archwright.search.running.search_state import replay_search
from archwright.search.searcher import get_revision, get_total_revision
from archwright.search.searchers import smbo
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.surrogates import gaussian_process
from archwright.search.surrogates.kernel_density import KernelDensity
from archwright.search.surrogates.ridge import Ridge
from archwright.search.surrogates.surrogate import Posterior
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, RunResumed
from archwright.store.fold import fold_events
from archwright.store.log import START
from archwright.store.runs import fork_run
from archwright.store.written_paths import DEFAULT_LOG
from tests.goldens.make_runs import CASES, FOLDER, SPACES, TRIALS, finish_job, locate_golden, read_golden
from tests.search.instant import InstantEvaluator
from tests.search.running.test_search_state import events_of, one_run
from tests.store.memory_log import MemoryLog

GOLDENS = sorted(FOLDER.glob("*.events"))
TODAY = {case: get_total_revision(SEARCHER_KIND.find(*chosen)) for case, chosen in CASES.items()}
NOW = TODAY["smbo"]


def revision_in(file) -> int:
    return int(file.name.split(".")[2])


def of_today(file) -> bool:
    return revision_in(file) == TODAY[file.name.split(".")[0]]


def one(file):
    return pytest.param(file, id=file.name.removesuffix(".events"))


def test_every_searcher_has_its_goldens():
    """Each case in each space, from the first revision that is there to today's; each searcher is in a case."""
    there = defaultdict(set)
    for file in GOLDENS:
        case, space, revision, _ = file.name.split(".")
        there[case, space].add(int(revision))
    assert there.keys() == {(case, space) for case in CASES for space in SPACES}
    for (case, _), found in there.items():
        assert found == set(range(min(found), TODAY[case] + 1)), (
            f"{case} has revision {TODAY[case]} and golden runs of {sorted(found)}; python -m tests.goldens.make_runs "
            "makes today's, and those of the revisions before stay"
        )
    assert {name for name, _ in CASES.values()} == SEARCHERS.keys() - {"given"}


@pytest.mark.parametrize("file", [one(file) for file in GOLDENS if of_today(file)])
def test_todays_code_proposes_what_todays_revision_does(file):
    """To the last choice. The remedy for one who changed a searcher is in the message."""
    events = read_golden(file)
    assert compute_logged_revision(events[0].searcher) == revision_in(file)
    found = next(find_mismatches(events), None)
    assert found is None, (
        f"{events[0].searcher['name']} proposes otherwise than its golden run {file.name}, event {found.seq}: take the "
        "change back, or raise the `revision` of its class by 1 and run python -m tests.goldens.make_runs; the run of "
        "the revision before stays"
    )


def test_an_edited_proposal_is_found():
    """The first proposal that the searcher would not make, with what it would."""
    events = events_of(one_run())
    at = next(i for i, event in enumerate(events) if isinstance(event, Proposed) and event.trial == 3)
    (name, value), *rest = events[at].path
    events[at] = evolve(events[at], path=((name, "sgd" if value == "adam" else "adam"), *rest))
    (found,) = find_mismatches(events)
    assert (found.seq, found.trial, found.logged) == (at + 1, 3, events[at])
    assert found.recomputed.path[0] == (name, value)


def test_another_seed_is_found():
    events = events_of(one_run())
    events[0] = evolve(events[0], seed=1)
    assert [found.trial for found in find_mismatches(events)] == list(range(6))


def rounded_otherwise(function, size, noise):
    """`function` with other last digits in what it gives, as another processor has them."""

    def give(*arguments):
        result = function(*arguments)
        if isinstance(result, Posterior):
            return Posterior(change(result.mean), change(result.standard_deviation))
        return change(result)

    def change(numbers):
        return numbers * (1 + size * noise.uniform(-1, 1, np.shape(numbers)))

    return give


@pytest.mark.parametrize(
    "file", [one(file) for file in GOLDENS if of_today(file) and file.name.startswith(("smbo", "kde"))]
)
def test_another_processor_proposes_the_same(file, monkeypatch):
    """Where processors differ is in linear algebra and exponentials, and so in what surrogates say."""
    noise = np.random.default_rng(0)
    likelihood = rounded_otherwise(gaussian_process.log_marginal_likelihood, 1e-12, noise)
    monkeypatch.setattr(gaussian_process, "log_marginal_likelihood", likelihood)
    monkeypatch.setattr(Ridge, "predict", rounded_otherwise(Ridge.predict, 1e-15, noise))
    density = rounded_otherwise(KernelDensity.compute_log_density, 1e-12, noise)
    monkeypatch.setattr(KernelDensity, "compute_log_density", density)
    changed = {name: rounded_otherwise(surrogate, 1e-12, noise) for name, surrogate in smbo.SURROGATES.items()}
    monkeypatch.setattr(smbo, "SURROGATES", changed)
    assert list(find_mismatches(read_golden(file))) == []


def test_a_number_of_another_last_digit_is_the_same():
    events = read_golden(locate_golden("random", "wide", 1))
    at, event = next((i, each) for i, each in enumerate(events) if isinstance(each, Proposed))
    places = {name: i for i, (name, _) in enumerate(event.path)}
    place = next(i for name, i in places.items() if name.endswith("learning_rate"))

    def changed(factor):
        name, value = event.path[place]
        path = (*event.path[:place], (name, value * factor), *event.path[place + 1 :])
        return [*events[:at], evolve(event, path=path), *events[at + 1 :]]

    assert list(find_mismatches(changed(1 + 4e-16))) == []
    assert [found.seq for found in find_mismatches(changed(1 + 1e-9))] == [at + 1]


OLDER = [one(file) for file in GOLDENS if not of_today(file)]


def named_revision(events, revision):
    """The run as a log that names revisions has it."""
    return [evolve(events[0], searcher={**events[0].searcher, "revision": revision}), *events[1:]]


@pytest.mark.parametrize("file", OLDER)
def test_a_run_of_an_older_revision_opens_and_is_held_against_nothing(file):
    """All of its proposals are that revision's; none is called changed."""
    events = named_revision(read_golden(file), revision_in(file))
    assert fold_events(events).score_count == replay_search(events).proposal_count > 0
    assert {revision for _, _, revision in find_own_proposals(events)} == {revision_in(file)}
    assert list(find_mismatches(events)) == []


@pytest.mark.parametrize("file", OLDER)
def test_a_log_from_before_revisions_may_be_of_any(file):
    """What differs from today's is told as that of a revision that nobody knows."""
    events = read_golden(file)
    events[0] = evolve(events[0], searcher={key: each for key, each in events[0].searcher.items() if key != "revision"})
    assert {found.revision for found in find_mismatches(events)} <= {None}
    assert set(iterate_revisions(events)) == {None}
    assert find_new_revision(events) == get_revision(SEARCHER_KIND.from_json(events[0].searcher))


def test_a_log_from_before_revisions_is_of_the_first_where_there_is_no_other():
    events = read_golden(locate_golden("mcts", "small", 1))
    searcher = {key: value for key, value in events[0].searcher.items() if key != "revision"}
    events[0] = evolve(events[0], searcher=searcher)
    assert set(iterate_revisions(events)) == {1}
    assert find_new_revision(events) is None
    assert list(find_mismatches(events)) == []
    events[0] = evolve(events[0], seed=4)
    assert {found.revision for found in find_mismatches(events)} == {1}


def gone_on(events, trials):
    """The run after `trials` trials, resumed as `archwright resume` does it."""
    log = MemoryLog()
    position = log.append("run", events, START)
    event = RunResumed(trials, {}, revision=find_new_revision(events))
    loop = SearchLoop(
        log, "run", position, fold_events(events), replay_search([*events, event]), InstantEvaluator(2, finish_job)
    )
    loop.run(event)
    return [each.event for each in log.read("run")]


@pytest.mark.parametrize("known", [True, False])
def test_a_run_of_an_older_revision_goes_on_with_todays_and_says_so(known):
    """From there on proposals are compared, and one that was edited is found."""
    before = read_golden(locate_golden("smbo", "wide", 2))
    before = named_revision(before, 2) if known else before
    events = gone_on(before, TRIALS + 4)
    assert [revision for _, _, revision in find_own_proposals(events)] == [2 if known else None] * TRIALS + [NOW] * 4
    assert {found.revision for found in find_mismatches(events)} <= {None}
    assert gone_on(events, TRIALS + 5)[len(events)].revision is None  # the log has it already
    at = next(i for i, event in enumerate(events) if isinstance(event, Proposed) and event.trial == TRIALS + 1)
    events[at] = evolve(events[at], path=before[1].path)
    first = next(found for found in find_mismatches(events) if found.revision is not None)
    assert (first.seq, first.trial, first.revision) == (at + 1, TRIALS + 1, NOW)


def test_resume_says_with_which_revision_it_goes_on():
    """Nothing, where that is the run's own."""
    said = []
    for revision in (NOW, 2, None):
        log, events = MemoryLog(), read_golden(locate_golden("smbo", "wide", 2))
        log.append("run", events if revision is None else named_revision(events, revision), START)
        run = read_run(log, "run")
        said.append(list(describe_new_revision("run", run, SEARCHER_KIND.from_json(run.started.searcher))))
    today, goes_on = f"this archwright has revision {NOW} of smbo, and", f"; it goes on with revision {NOW}"
    assert said == [
        [],
        [f"{today} run was proposed by revision 2{goes_on}"],
        [f"{today} the log of run names none{goes_on}"],
    ]


def test_a_fork_is_of_todays_revision():
    """It inherits what another one proposed, and its own proposals are compared."""
    log = MemoryLog()
    events = named_revision(read_golden(locate_golden("smbo", "wide", 2)), 2)
    log.append("run", events, START)
    fork_run(log, "run", 40, "fork", make_fork_event(read_run(log, "run", 40), ends=RunEnds(trials=12)))
    begun = [each.event for each in log.read("fork")]
    assert begun[0].searcher == {**SEARCHER_KIND.to_json("smbo", CASES["smbo"][1])}
    whole = gone_on(begun, 12)
    assert {revision for _, _, revision in find_own_proposals(whole)} == {NOW}
    assert list(find_mismatches(whole)) == []


@pytest.fixture
def reading(tmp_path):
    """What `archwright replay` has of a run, made of some events."""
    from archwright.search.running.run_view import view_run

    def made(events):
        log = DuckDBLog(tmp_path / "log.duckdb")
        log.append("run", events, START)
        return view_run(log.path, "run")

    return made


@pytest.mark.parametrize(
    ("file", "known", "says"),
    [
        (f"smbo.wide.{NOW}", True, "run: the searcher makes all 24 proposals again, as they were logged\n"),
        (
            "smbo.wide.2",
            True,
            f"run: revision 2 of smbo made 24 proposals; this archwright has revision {NOW}, which proposes otherwise, "
            "so there is nothing to compare them with (whether the log is whole: archwright verify)\n",
        ),
        (
            "evolution.wide.1",
            False,
            "run: from event 29, trial 6, on, proposals are not those of revision 2 of evolution, which this "
            "archwright has: the run was logged before revisions were, so that an earlier one may have made them "
            "(whether the log is whole: archwright verify)\n",
        ),
        ("evolution.small.1", False, "run: the searcher makes all 24 proposals again, as they were logged\n"),
    ],
)
def test_what_replay_verify_says(file, known, says, reading, capsys):
    """A person learns which revision proposed what; none of these is a change of the log."""
    events = read_golden(FOLDER / f"{file}.events")
    facts = verify_proposals(reading(named_revision(events, int(file[-1])) if known else events))
    assert facts["mismatch"] is None
    show_reproduction(facts, DEFAULT_LOG)
    assert capsys.readouterr().out == says


def test_what_replay_verify_says_of_two_revisions(reading, capsys):
    facts = verify_proposals(
        reading(gone_on(named_revision(read_golden(locate_golden("smbo", "wide", 2)), 2), TRIALS + 1))
    )
    assert facts["by_revision"] == [{"revision": 2, "proposals": TRIALS}, {"revision": NOW, "proposals": 1}]
    show_reproduction(facts, DEFAULT_LOG)
    out = capsys.readouterr().out
    assert "run: revision 2 of smbo made 24 proposals" in out
    show_reproduction(facts, DEFAULT_LOG.with_name("an other.duckdb"))
    assert "nothing to compare them with (whether the log is whole: archwright verify --log 'an other.duckdb')" in (
        capsys.readouterr().out
    )
    assert "run: the searcher makes the other 1 proposal again, as logged\n" in out


def test_settings_that_a_log_does_not_name_are_those_of_then(monkeypatch):
    """Whatever the usual ones become: a log has every setting that there was."""
    monkeypatch.setitem(named.SEARCHERS, "random", RandomSearch(replacement=False))
    assert SEARCHER_KIND.from_json({"name": "random"}) == RandomSearch(replacement=True)
    for name, searcher in SEARCHERS.items():
        assert list(SEARCHER_KIND.to_json(name)) == [
            "name",
            "revision",
            *(each.name for each in fields(type(searcher))),
        ]


def test_a_setting_that_a_fork_changes_leaves_the_others(reading):
    run = reading(read_golden(locate_golden("smbo", "wide", 2)))
    changed, value = read_fork_searcher(run.run.started.searcher, None, {"rollouts": 16}, trusted=False)
    assert SEARCHER_KIND.from_json(changed) == value
    assert changed == SEARCHER_KIND.to_json("smbo", {**CASES["smbo"][1], "rollouts": 16})


def test_a_searcher_of_ones_own_may_have_a_revision():
    class Plain:
        name = "own"

    class Raised(Plain):
        revision = 4

    assert [get_revision(Plain()), get_revision(Raised())] == [1, 4]


def test_another_revision_is_another_searcher_in_a_comparison():
    """Its text says so: figures and conclusions do not mix the two."""
    searcher = SEARCHER_KIND.to_json("smbo")
    assert SEARCHER_KIND.format(searcher) == SEARCHER_KIND.format({**searcher, "revision": None}) == "smbo"
    assert SEARCHER_KIND.format({**searcher, "revision": 2}) == "smbo (revision 2)"
