"""The SQL views by which people read the log, with their documentation; they are kept in the file itself."""

from collections.abc import Mapping

from attrs import frozen

from archwright.store.database import Database, escape_quotes
from archwright.store.space_names import SPACE_NAME_SQL


@frozen
class View:
    """A view and its documentation."""

    name: str
    doc: str
    columns: Mapping[str, str]  # in the view's order
    sql: str


_RUN = "the run's name"
_TRIAL = "the trial's number: 0, 1, 2 ... in the order of proposing"
_SCORES = View(
    "scores",
    "What the searcher was told: one row a scored trial.",
    {
        "run": _RUN,
        "n": "1, 2, 3 ... in the order of scoring",
        "trial": _TRIAL,
        "time": "when it was told (UTC)",
        "status": "ok, diverged, out_of_memory, timed_out, crashed or invalid",
        "score": "the objective's metric; NULL unless the status is ok",
        "metrics": "every metric, as JSON",
    },
    """
    SELECT run, row_number() OVER (PARTITION BY run ORDER BY seq) AS n, trial,
        make_timestamp((time * 1e6)::BIGINT) AS time, payload->>'$.status' AS status,
        TRY_CAST(payload->>'$.score' AS DOUBLE) AS score, payload->'$.metrics' AS metrics
    FROM events WHERE kind = 'Scored'
    """,
)
_ATTEMPTS = View(
    "attempts",
    "One row an attempt at a trial; a trial whose process died is attempted again.",
    {
        "run": _RUN,
        "trial": _TRIAL,
        "attempt": "1, 2 ... within the trial",
        "started": "when it was handed to the evaluator (UTC)",
        "ended": "when its end arrived (UTC); NULL if it never did",
        "status": "ok, diverged, out_of_memory, timed_out, crashed or invalid; interrupted if the process that ran "
        "the search left or died first; running if nothing is known yet, also if that process died and nobody resumed",
        "seconds": "wall time, or simulated time where the evaluator simulates it",
        "error": "what went wrong; empty if nothing did",
        "stopped_by": "patience, hopeless or divergence; NULL if nothing ended it before its budget did",
        "stopped_at": "the epoch after which it was stopped",
        "why": "why it was stopped, for people",
        "clock_started": "its start in simulated time, in seconds since the run began; NULL where none is simulated",
        "clock_ended": "its end in simulated time",
    },
    """
    WITH started AS (
        SELECT run, trial, TRY_CAST(payload->>'$.attempt' AS BIGINT) AS attempt, seq,
            make_timestamp((time * 1e6)::BIGINT) AS started, TRY_CAST(payload->>'$.clock' AS DOUBLE) AS clock_started
        FROM events WHERE kind = 'AttemptStarted'
    ), ended AS (
        SELECT run, trial, TRY_CAST(payload->>'$.attempt' AS BIGINT) AS attempt,
            make_timestamp((time * 1e6)::BIGINT) AS ended, payload->>'$.status' AS status,
            TRY_CAST(payload->>'$.seconds' AS DOUBLE) AS seconds, payload->>'$.error' AS error,
            payload->>'$.stopped.by' AS stopped_by, TRY_CAST(payload->>'$.stopped.epoch' AS BIGINT) AS stopped_at,
            payload->>'$.stopped.why' AS why, TRY_CAST(payload->>'$.clock' AS DOUBLE) AS clock_ended
        FROM events WHERE kind = 'AttemptEnded'
    ), cut AS (
        SELECT run, max(seq) AS seq FROM events WHERE kind IN ('RunResumed', 'RunStopped') GROUP BY run
    )
    SELECT run, trial, attempt, started, ended,
        CASE WHEN ended.status IS NOT NULL THEN ended.status
             WHEN started.seq < cut.seq OR attempt < max(attempt) OVER (PARTITION BY run, trial) THEN 'interrupted'
             ELSE 'running' END AS status,
        seconds, error, stopped_by, stopped_at, why, clock_started, clock_ended
    FROM started LEFT JOIN ended USING (run, trial, attempt) LEFT JOIN cut USING (run)
    """,
)
# Whether what evaluates a run's trials reads their budgets, of its RunStarted, as events.py has it.
READS_BUDGET_SQL = """NOT coalesce(
    payload->>'$.reads_budget' = 'false', payload->>'$.evaluator.ignores_budget' = 'true', false
)"""
_TRIALS = View(
    "trials",
    "One row a proposal.",
    {
        "run": _RUN,
        "trial": _TRIAL,
        "proposed": "when it was proposed (UTC)",
        "status": "what the searcher was told (see scores); in_flight before that",
        "score": "the objective's metric; NULL unless the status is ok",
        "budget": "how much it may spend; NULL where what evaluates the trials reads none",
        "unit": "of the budget: epochs, seconds or examples; NULL without one",
        "continues": "the trial whose checkpoint it goes on from; NULL for a fresh one",
        "attempts": "how many attempts were started",
        "seconds": "of all attempts that came to an end",
        "path": "its choices as JSON, [[name, value], ...]; the view choices has them row by row",
        "enqueued": "the entry of the queue that it comes from; NULL if the searcher proposed it",
        "promotes": "the trial whose configuration it tries again, with a larger budget; NULL for a fresh one",
        "bracket": "of a ladder of budgets: 0, 1, 2 ... in the order of beginning; NULL of other searchers",
        "rung": "of a ladder of budgets: 0 is the smallest budget of the run; NULL of other searchers",
        "by_model": "whether a model of the trials so far made it; NULL if the searcher has none, or did not say",
        "spent": "how much of its budget it has spent, without what it continues: less than it may if it ended early "
        "at a known epoch; of an open trial, what it may; NULL where none is read",
    },
    f"""
    WITH spent AS (
        SELECT run, trial, count(*) AS attempts, sum(seconds) AS seconds FROM attempts GROUP BY run, trial
    ), readers AS (
        SELECT run FROM events WHERE kind = 'RunStarted' AND {READS_BUDGET_SQL}
    ), ends AS (
        SELECT run, trial, arg_max_null(stopped_at, attempt) FILTER (ended IS NOT NULL) AS stopped_at
        FROM attempts SEMI JOIN scores USING (run, trial) GROUP BY run, trial
    ), reached AS (
        SELECT run, trial, TRY_CAST(payload->>'$.continues' AS BIGINT) AS continues, payload->>'$.budget.unit' AS unit,
        least(
            TRY_CAST(payload->>'$.budget.amount' AS DOUBLE),
            CASE WHEN payload->>'$.budget.unit' = 'epochs' THEN stopped_at END
        ) AS reached
        FROM (SELECT * FROM events WHERE kind = 'Proposed') AS proposals LEFT JOIN ends USING (run, trial)
    ), costs AS (
        SELECT own.run, own.trial, greatest(0, own.reached - coalesce(earlier.reached, 0)) AS cost
        FROM reached AS own LEFT JOIN reached AS earlier
            ON earlier.run = own.run AND earlier.trial = own.continues AND earlier.unit = own.unit
    )
    SELECT run, trial, make_timestamp((time * 1e6)::BIGINT) AS proposed,
        coalesce(scores.status, 'in_flight') AS status, scores.score,
        CASE WHEN run IN (FROM readers) THEN TRY_CAST(payload->>'$.budget.amount' AS DOUBLE) END AS budget,
        CASE WHEN run IN (FROM readers) THEN payload->>'$.budget.unit' END AS unit,
        TRY_CAST(payload->>'$.continues' AS BIGINT) AS continues, coalesce(spent.attempts, 0) AS attempts,
        coalesce(spent.seconds, 0) AS seconds, payload->'$.path' AS path,
        TRY_CAST(payload->>'$.enqueued' AS BIGINT) AS enqueued,
        TRY_CAST(coalesce(payload->>'$.promotes', payload->>'$.continues') AS BIGINT) AS promotes,
        TRY_CAST(payload->>'$.bracket' AS BIGINT) AS bracket, TRY_CAST(payload->>'$.rung' AS BIGINT) AS rung,
        TRY_CAST(payload->>'$.by_model' AS BOOLEAN) AS by_model,
        CASE WHEN run IN (FROM readers) THEN cost END AS spent
    FROM (SELECT * FROM events WHERE kind = 'Proposed') AS proposals
        LEFT JOIN (SELECT run, trial, status, score FROM scores) AS scores USING (run, trial)
        LEFT JOIN spent USING (run, trial) LEFT JOIN costs USING (run, trial)
    """,  # noqa: S608  (of our own text)
)
_QUEUE = View(
    "queue",
    "One row a configuration that a person enqueued, to be tried before the searcher is asked again.",
    {
        "run": _RUN,
        "entry": "the entry's number: 0, 1, 2 ... in the order of enqueuing",
        "time": "when it was enqueued (UTC)",
        "trial": "the trial that it became; NULL as long as it waits",
        "choices": "what the person named of it, as JSON, [[name, value], ...]; the rest is drawn",
    },
    """
    SELECT entries.run, TRY_CAST(payload->>'$.entry' AS BIGINT) AS entry, make_timestamp((time * 1e6)::BIGINT) AS time,
        trials.trial, payload->'$.choices' AS choices
    FROM (SELECT run, time, payload FROM events WHERE kind = 'Enqueued') AS entries
        LEFT JOIN (SELECT run, trial, enqueued FROM trials) AS trials
        ON trials.run = entries.run AND trials.enqueued = TRY_CAST(payload->>'$.entry' AS BIGINT)
    """,
)
_INHERITED = View(
    "inherited",
    "One row a trial of another run that this one began with; no other view has them.",
    {
        "run": _RUN,
        "trial": "its number here, below 0: -n to -1 of n, in the order in which the searcher was told them",
        "source_run": "the run that it is of",
        "source_trial": "its number there",
        "source_log": "the name of the file of that run's log; NULL if it is this one",
        "status": "ok, diverged, out_of_memory, timed_out, crashed or invalid",
        "score": "the objective's metric; NULL unless the status is ok",
        "seconds": "of its attempts there",
        "path": "its choices in this run's space as JSON, [[name, value], ...]",
        "metrics": "every metric, as JSON",
        "budget": "what it was given; NULL where what evaluates this run's trials reads none",
        "unit": "of the budget: epochs, seconds or examples; NULL without one",
    },
    f"""
    WITH readers AS (SELECT run FROM events WHERE kind = 'RunStarted' AND {READS_BUDGET_SQL})
    SELECT run, trial, payload->>'$.source_run' AS source_run,
        TRY_CAST(payload->>'$.source_trial' AS BIGINT) AS source_trial, payload->>'$.source_log' AS source_log,
        payload->>'$.status' AS status, TRY_CAST(payload->>'$.score' AS DOUBLE) AS score,
        TRY_CAST(payload->>'$.seconds' AS DOUBLE) AS seconds, payload->'$.path' AS path,
        payload->'$.metrics' AS metrics,
        CASE WHEN run IN (FROM readers) THEN TRY_CAST(payload->>'$.budget.amount' AS DOUBLE) END AS budget,
        CASE WHEN run IN (FROM readers) THEN payload->>'$.budget.unit' END AS unit
    FROM events WHERE kind = 'Inherited'
    """,  # noqa: S608  (of our own text)
)
_CHOICES = View(
    "choices",
    "One row a choice of a trial's path.",
    {
        "run": _RUN,
        "trial": _TRIAL,
        "position": "1, 2, 3 ... along the path",
        "name": "the hyperparameter's name, unique along the path",
        "value": "the value as text",
        "number": "the value, if it is a number; NULL if not",
    },
    """
    WITH pairs AS (
        SELECT run, trial, unnest(from_json(payload->'$.path', '["JSON"]')) AS pair,
            generate_subscripts(from_json(payload->'$.path', '["JSON"]'), 1) AS position
        FROM events WHERE kind = 'Proposed'
    )
    SELECT run, trial, position, pair->>0 AS name, pair->>1 AS value,
        CASE WHEN json_type(pair->1) NOT IN ('VARCHAR', 'BOOLEAN', 'NULL')
             THEN TRY_CAST(pair->>1 AS DOUBLE) END AS number
    FROM pairs
    """,
)
_CURVES = View(
    "curves",
    "One row a metric of an epoch of an attempt.",
    {
        "run": _RUN,
        "trial": _TRIAL,
        "attempt": "1, 2 ... within the trial",
        "epoch": "1, 2 ... within the trial",
        "metric": "the metric's name",
        "value": "the metric's value, which may be NaN or infinite",
        "time": "when it was reported (UTC)",
    },
    """
    SELECT run, trial, TRY_CAST(payload->>'$.attempt' AS BIGINT) AS attempt,
        TRY_CAST(payload->>'$.epoch' AS BIGINT) AS epoch,
        metric.key AS metric, TRY_CAST(metric.value->>'$' AS DOUBLE) AS value,
        make_timestamp((time * 1e6)::BIGINT) AS time
    FROM events, json_each(payload, '$.metrics') AS metric WHERE kind = 'Reported'
    """,
)
_METRICS = View(
    "metrics",
    "One row a metric of a scored trial, from its last attempt that ended.",
    {
        "run": _RUN,
        "trial": _TRIAL,
        "attempt": "1, 2 ... within the trial",
        "metric": "the metric's name; names that begin with test_ are for people, no searcher is told",
        "value": "the metric's value, which may be NaN or infinite",
    },
    """
    WITH ended AS (
        SELECT run, trial, seq, TRY_CAST(payload->>'$.attempt' AS BIGINT) AS attempt, payload
        FROM events WHERE kind = 'AttemptEnded'
        QUALIFY row_number() OVER (PARTITION BY run, trial ORDER BY seq DESC) = 1
    ), told AS (SELECT run, trial FROM events WHERE kind = 'Scored')
    SELECT run, trial, attempt, metric.key AS metric, TRY_CAST(metric.value->>'$' AS DOUBLE) AS value
    FROM ended SEMI JOIN told USING (run, trial), json_each(payload, '$.metrics') AS metric
    """,
)
_INCUMBENTS = View(
    "incumbents",
    "One row each time that another trial became the best: that with the best score among those of the largest budget.",
    {
        "run": _RUN,
        "n": "how many trials had been scored by then, this one included",
        "trial": _TRIAL,
        "score": "its score, which is better than the one before in the direction of the run's objective, unless its "
        "budget is larger, or both are equal and it was proposed earlier",
        "time": "when it was told (UTC)",
        "budget": "what it was given; NULL where what evaluates the trials reads none",
        "unit": "of the budget: epochs, seconds or examples; NULL without one",
    },
    f"""
    WITH starts AS (
        SELECT run, CASE payload->>'$.objective.direction' WHEN 'minimize' THEN -1 ELSE 1 END AS sign,
            {READS_BUDGET_SQL} AS reads_budget
        FROM events WHERE kind = 'RunStarted'
    ), given AS (
        SELECT run, trial, sign, CASE WHEN reads_budget THEN TRY_CAST(payload->>'$.budget.amount' AS DOUBLE) END
            AS budget, CASE WHEN reads_budget THEN payload->>'$.budget.unit' END AS unit
        FROM events JOIN starts USING (run) WHERE kind = 'Proposed'
    ), rated AS (
        SELECT run, n, trial, score, time, budget, unit,
            row(coalesce(unit, ''), coalesce(budget, 0), score * sign, -trial) AS merit
        FROM scores JOIN given USING (run, trial) WHERE NOT isnan(score)
    ), compared AS (
        SELECT *, max(merit) OVER (PARTITION BY run ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS best
        FROM rated
    )
    SELECT run, n, trial, score, time, budget, unit FROM compared WHERE best IS NULL OR merit > best
    """,  # noqa: S608  (of our own text)
)
_RUNS = View(
    "runs",
    "One row a run.",
    {
        "run": _RUN,
        "started": "when it was started (UTC)",
        "latest": "when its last event was written (UTC)",
        "status": "why its last process left: finished, interrupted, failing, closed (a study) ...; open while one is "
        "going on with it, and after one that died",
        "space": "the search space, as the person named it; what it is, where it was given as a value",
        "searcher": "the searcher's name",
        "metric": "the objective's metric",
        "direction": "maximize or minimize",
        "seed": "the seed of all its randomness; NULL if beyond 64 bits",
        "target": "how many trials the person asked for; NULL if the run has no such end",
        "proposed": "how many trials were proposed",
        "scored": "how many trials the searcher was told about",
        "best_trial": "the best trial so far: that with the best score among those of the largest budget",
        "best": "its score",
        "forked_from": "the run that it was forked from; NULL if it was not",
        "forked_at": "the last event of that run that it shares",
        "events": "how many events it has",
        "time_limit": "how many seconds it may take, of all its processes together; NULL if it has no such end",
        "until_score": "the score that ends it; NULL if it has no such end",
        "no_improvement": "how many trials in a row without a new best end it; NULL if it has no such end",
        "best_budget": "what the best trial was given; NULL where what evaluates the trials reads no budget",
        "unit": "of budgets: epochs, seconds or examples; NULL where none is read",
        "configurations": "how many configurations end it, with their promotions; NULL if it has no such end",
        "total": "the sum of budgets that ends it; NULL if it has no such end",
    },
    f"""
    WITH told AS (
        SELECT run, max(make_timestamp((time * 1e6)::BIGINT)) AS latest, count(*) AS events,
            count(*) FILTER (kind = 'Proposed') AS proposed, count(*) FILTER (kind = 'Scored') AS scored,
            arg_max(kind, seq) AS last_kind, arg_max(payload->>'$.reason', seq) FILTER (kind = 'RunStopped') AS reason,
            arg_max(payload, seq) FILTER (kind IN ('RunStarted', 'RunResumed')) AS ends
        FROM events GROUP BY run
    ), champions AS (
        SELECT run, arg_max(trial, n) AS best_trial, arg_max(score, n) AS best,
            arg_max_null(budget, n) AS best_budget
        FROM incumbents GROUP BY run
    )
    SELECT run, make_timestamp((time * 1e6)::BIGINT) AS started, latest,
        CASE last_kind WHEN 'RunStopped' THEN reason ELSE 'open' END AS status,
        {SPACE_NAME_SQL} AS space, payload->>'$.searcher.name' AS searcher,
        payload->>'$.objective.metric' AS metric, payload->>'$.objective.direction' AS direction,
        TRY_CAST(payload->>'$.seed' AS BIGINT) AS seed, TRY_CAST(ends->>'$.trials' AS BIGINT) AS target, proposed,
        scored, best_trial, best,
        payload->>'$.forked_from.run' AS forked_from, TRY_CAST(payload->>'$.forked_from.at' AS BIGINT) AS forked_at,
        events, TRY_CAST(ends->>'$.time_limit' AS DOUBLE) AS time_limit,
        TRY_CAST(ends->>'$.until_score' AS DOUBLE) AS until_score,
        TRY_CAST(ends->>'$.no_improvement' AS BIGINT) AS no_improvement, best_budget,
        CASE WHEN {READS_BUDGET_SQL} THEN payload->>'$.budget.unit' END AS unit,
        TRY_CAST(ends->>'$.configurations' AS BIGINT) AS configurations,
        TRY_CAST(ends->>'$.total.amount' AS DOUBLE) AS total
    FROM (SELECT * FROM events WHERE kind = 'RunStarted') AS starts
        JOIN told USING (run) LEFT JOIN champions USING (run)
    """,  # noqa: S608  (of our own text)
)
VIEWS = (
    _SCORES,
    _ATTEMPTS,
    _TRIALS,
    _QUEUE,
    _INHERITED,
    _CHOICES,
    _CURVES,
    _METRICS,
    _INCUMBENTS,
    _RUNS,
)  # each after those it reads


def format_view(view: View) -> str:
    """The SQL statement that creates a view."""
    return f"CREATE OR REPLACE VIEW {view.name} AS {view.sql}"


def create_views(database: Database) -> None:
    """Create every view in the file, with its documentation as comments that any DuckDB client shows."""
    for view in VIEWS:
        database.execute(format_view(view))
        database.execute(f"COMMENT ON VIEW {view.name} IS '{escape_quotes(view.doc)}'")
        for column, doc in view.columns.items():
            database.execute(f"COMMENT ON COLUMN {view.name}.{column} IS '{escape_quotes(doc)}'")
