"""What --json prints has the fields of its typed record, of their types: no more, and no less."""

import pytest

from archwright.results.records import (
    ExportRecord,
    RankedTrialRecord,
    RunDetails,
    RunRow,
    SearchStateRecord,
    SpaceDetails,
    TrialDetails,
    WrittenFiles,
)
from archwright.results.verification import RunVerification, VerdictRecord
from tests.cli.records import find_faults, read_records


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("space", "figure1", "--sample", "1"), SpaceDetails),
        (("space", "figure1", "--svg", "space.svg"), WrittenFiles),
        (("runs",), RunRow),
        (("show", "half-1"), RunDetails),
        (("show", "half-1", "0"), TrialDetails),
        (("show", "run-1", "last"), TrialDetails),
        (("show", "run-1", "0", "--svg", "model.svg"), WrittenFiles),
        (("best", "run-1"), RankedTrialRecord),
        (("replay", "run-1"), SearchStateRecord),
        (("replay", "run-1", "--verify"), RunVerification),
        (("verify",), VerdictRecord),
        (("export", "run-1", "0", "model", "--untrained"), ExportRecord),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value.__name__,
)
def test_what_is_printed_is_a_record(reader, words, kind):
    for record in read_records(reader(*words, "--json").out):
        assert find_faults(record, kind) == []


def test_a_fork_is_a_record(reader):
    assert reader("fork", "run-1", "--at", "20", "--name", "forked").code == 0
    (record,) = read_records(reader("show", "forked", "--json").out)
    assert record["forked_from"]["run"] == "run-1"
    assert find_faults(record, RunDetails) == []


def test_faults_are_found(reader):
    """That is what the tests above ask for."""
    (record,) = read_records(reader("show", "half-1", "--json").out)
    del record["status"]
    record["objective"]["unit"] = "s"
    record["seed"] = "0"
    record["trials"][0]["stopped"] = {"by": "median", "epoch": 1}
    assert set(find_faults(record, RunDetails)) == {".status", ".objective.unit", ".seed", ".trials[].stopped.why"}
