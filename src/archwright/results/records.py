"""The records that commands print as JSON, by their fields; text for people is made from the same ones."""

from typing import Any, NotRequired, TypedDict

from archwright.core.json import JSON
from archwright.core.objective import Direction
from archwright.evaluate.export.result import ExportRecord as ExportRecord

RECORD_VERSION = 1  # of all of them; raised where a key goes or means something else: any release may add keys

SpaceRow = TypedDict(  # a class cannot have a field `from`
    "SpaceRow",
    {
        "space": str,  # as the person gave it
        "from": str,  # the paper or the file
        "input_shape": tuple[int, ...],
        "input": str,
        "classes": int,
        "size": int | float,  # how many architectures it has; infinity, which JSON has as null, of one without an end
        "depth": int,  # choices of its longest path
    },
)
SpaceRow.__doc__ = "How large a search space is, how long its paths are, and where it is from."


class SpaceSample(TypedDict):
    """A random architecture of a space."""

    choices: dict[str, Any]
    parameters: int
    drawing: str  # as a tree
    derivation: str  # as a tree of the modules that asked for the choices
    term: JSON  # the architecture


class SpaceDetails(SpaceRow):
    """A search space with its modules and the places where nothing fits."""

    derivations: int | float  # its size, if each production of a grammar counts as often as it is listed
    dead_ends: list[str]
    samples: list[SpaceSample]
    drawing: str  # as a tree
    term: JSON


class Membership(TypedDict):
    """Whether an architecture is in a space."""

    has: bool
    choices: dict[str, Any]  # of the path that leads to it; empty if none does
    place: str  # the first one where it is none of the space, as in the names of choices; empty if it is one
    reason: str  # why it is none; empty if it is one


class RunRow(TypedDict):
    """A row of the view `runs`, and whether the best score is one of several budgets."""

    run: str
    started: str  # UTC, as in 2026-01-31T12:00:00.000+00:00
    latest: str
    status: str
    space: str
    searcher: str
    metric: str
    direction: str
    seed: int | None  # None if beyond 64 bits
    target: int | None  # this and the last three: None if the run has no such end
    proposed: int
    scored: int
    best_trial: int | None
    best: float | None
    forked_from: str | None
    forked_at: int | None
    events: int
    time_limit: float | None  # seconds
    until_score: float | None
    no_improvement: int | None
    best_budget: float | None  # of the best trial; None without one, and where no budget is read
    unit: str | None  # of budgets: epochs, seconds or examples; None where none is read
    configurations: int | None  # this and the next one: further ends
    total: float | None  # in that unit
    has_several_budgets: bool  # whether the run's trials have several; not in the view


class TrialCounts(TypedDict):
    """How many trials of a run were asked for, and how many have which status."""

    target: int | None  # None if the run ends otherwise
    proposed: int
    ok: int
    failed: int
    in_flight: int


class BestScore(TypedDict):
    """The best score of a run, and its trial."""

    trial: int
    score: float | None
    budget: NotRequired[str]  # of that trial; absent where all trials have the same, or none is read


class RepeatsRecord(TypedDict):
    """The scores of a run of one architecture; `mean` and `deviation` are None if there are too few."""

    run: str | None  # whose trial it trains; None if it trains a given path
    trial: int
    metric: str
    trainings: int
    scores: int  # how many trainings have one
    mean: float | None
    deviation: float | None  # the standard deviation, that of a sample


class EarlyStopRecord(TypedDict):
    """When and why a training ended before its budget was spent."""

    by: str
    epoch: int
    why: str


class _TrialFields(TypedDict):
    """What is said of a trial wherever it is shown."""

    trial: int
    status: str
    score: float | None
    budget: str | None  # None: what evaluates the trials reads none
    seed: int
    continues: int | None  # the trial from whose checkpoint it continues
    spent: float | None  # of its budget, in its unit, without what it continues; None where none is read
    seconds: float
    metrics: dict[str, float]
    error: str
    stopped: EarlyStopRecord | None
    choices: dict[str, Any]
    promotes: NotRequired[int]  # the trial whose configuration it tries again; absent where it tries one of its own
    bracket: NotRequired[int]  # of a ladder, as the rung; absent of other searchers
    rung: NotRequired[int]
    by_model: NotRequired[bool]  # whether a model made it; absent where the searcher has none


class TrialRecord(_TrialFields):
    """A trial of a run."""

    attempts: int
    enqueued: NotRequired[int]  # the entry of the queue that it comes from; absent where the searcher proposed it
    source: NotRequired[str]  # the trial of another run that was inherited; absent for the run's own


class RankedTrialRecord(TrialRecord):
    """One of the best trials of a run."""

    metric: str
    parameters: int | None
    term: JSON  # its architecture; None where only code of others tells, or its space can no longer be read


class BestTrials(TypedDict):
    """The best trials of a run, best first: those of the largest budget, then by score."""

    run: str
    trials: list[RankedTrialRecord]
    has_several_budgets: bool  # whether the run's trials have several
    left_out: str  # what is not told of their architectures, and why; empty if all is


class AttemptRecord(TypedDict):
    """An attempt at a trial."""

    attempt: int
    started: str
    status: str
    seconds: float | None
    error: str
    stopped: EarlyStopRecord | None
    metrics: dict[str, float]
    curve: list[dict[str, float]]  # the metrics of each epoch that was reported


class TrialDetails(_TrialFields):
    """A trial with its architecture and each attempt at it."""

    run: str
    metric: str
    parameters: int | None
    all_parameters: int | None
    architecture: str  # as a tree
    derivation: str  # as a tree of the modules that asked for the choices; empty where only code of others tells
    term: JSON  # the architecture; None where only code of others tells, or its space can no longer be read
    left_out: str  # what is not told of the architecture, and why
    model: str | None  # the file of its weights
    attempts: list[AttemptRecord]


class InheritanceRecord(TypedDict):
    """How many trials a run has inherited of another one."""

    run: str
    log: str | None  # the name of the file of that run's log; None: the same
    trials: int


class QueueEntryRecord(TypedDict):
    """A configuration that a person enqueued."""

    entry: int
    choices: dict[str, Any]  # those that the person named


class EndsRecord(TypedDict):
    """The ends of a run; None for those that it does not have."""

    trials: int | None
    time_limit: float | None  # seconds
    until_score: float | None
    no_improvement: int | None  # trials
    configurations: int | None
    total: str | None  # what all trials may spend, as in 500epochs


class ObjectiveRecord(TypedDict):
    """What a run is about."""

    metric: str
    direction: Direction


class ForkRecord(TypedDict):
    """Where a run was forked."""

    run: str
    at: int  # the number of the last event that both share, in that run
    inherited: int  # how many events were copied
    seconds: float  # that had been spent on that run by then


class RunDetails(TypedDict):
    """A run, with each of its trials."""

    run: str
    log: str
    status: str
    detail: str
    space: str
    input_shape: tuple[int, ...]
    input: str
    searcher: JSON
    evaluator: JSON
    objective: ObjectiveRecord
    stopping: JSON
    budget: str | None  # None: what evaluates the trials reads none
    seed: int
    ends: EndsRecord
    seconds: float  # that it has taken: of its processes, or simulated ones
    scored_since_best: int  # trials
    configurations: int  # that it has tried
    spent: float | None  # of its trials' budgets, in their unit; None where none is read
    counts: TrialCounts
    best: BestScore | None
    repeats: RepeatsRecord | None
    started: str
    latest: str
    versions: dict[str, str]
    forked_from: ForkRecord | None
    events: int
    queue: NotRequired[list[QueueEntryRecord]]  # what waits to be tried; absent where nothing was ever enqueued
    inherited: NotRequired[list[InheritanceRecord]]  # absent where nothing was
    trials: list[TrialRecord]


class RevisionRecord(TypedDict):
    """The revisions of a run's searcher: the last one in the log, and that of this archwright."""

    logged: int | None
    now: int | None  # None where the searcher is code that was not run


class ProposalRecord(TypedDict):
    """A proposal of a searcher."""

    trial: int
    budget: str | None  # None: what evaluates the trials reads none
    choices: dict[str, Any]
    enqueued: NotRequired[int]  # the entry of the queue that it comes from; absent where it is the searcher's own
    promotes: NotRequired[int]  # as of a trial, with those that follow
    bracket: NotRequired[int]
    rung: NotRequired[int]
    by_model: NotRequired[bool]


class SearchStateRecord(TypedDict):
    """What a searcher knew after an event, and what it would propose next."""

    run: str
    searcher: str
    revision: RevisionRecord
    at: int
    event: str
    proposed: int
    scored: int
    open: list[int]
    metric: str
    best: BestScore | None
    left_out: str  # why `next` is not told; empty if it is
    next: ProposalRecord | None


class RevisionCount(TypedDict):
    """How many proposals a revision of the searcher made."""

    revision: int | None
    proposals: int


class MismatchRecord(TypedDict):
    """A proposal that the searcher does not make again."""

    event: int
    trial: int
    logged: dict[str, Any]
    recomputed: dict[str, Any] | None
    difference: str


class VerificationRecord(TypedDict):
    """How the proposals of a run compare with those that the searcher makes now."""

    run: str
    searcher: str
    revision: int
    events: int
    proposals: int
    enqueued: NotRequired[int]  # how many of these were of the queue, and are held against its entries; absent if none
    by_revision: list[RevisionCount]
    unlike: MismatchRecord | None  # the first that another revision may have made, as the log names none
    mismatch: MismatchRecord | None  # the first for certain


class WrittenFiles(TypedDict):
    """The files that a command has written."""

    files: list[str]


class Difference(TypedDict, total=False):
    """How much better than the first searcher on the same seeds; absent from the row of the first one."""

    pairs: int  # of searches with the same seed that both have a score
    better_by: float | None  # the mean over the pairs; None if there is none, as those below
    low: float | None  # of its 95 % confidence interval
    high: float | None
    p: float | None
    unlike_pairs: int  # pairs whose two scores are at different budgets


class ConclusionRow(Difference):
    """What follows for a searcher; `half` and `best` are distances to the optimum where that is known."""

    searcher: str
    seeds: int
    by: str  # what half-way and the end are of: trials, configurations, total or time
    until: float  # how much of that the end is
    trials: int  # of its longest search, up to the end
    half: float | None  # the mean best score half-way; None if no search has one
    half_error: float | None  # its standard error; None if fewer than two searches have a score
    # At which these scores are, as in 12epochs, or 12epochs..200epochs where searches differ; None if none is read.
    half_budget: str | None
    best: float | None  # the mean best score at the end
    best_error: float | None
    best_budget: str | None
    has_several_budgets: bool  # whether the trials of all these searches have several
    failed: int  # trials
    without_score: int  # searches
    ended_early: int  # searches
    test: float | None
