"""A training as part of a run: it goes on from what an earlier trial has left, and leaves what later ones need."""

from collections.abc import Callable, Mapping
from functools import partial

from attrs import evolve
from torch import nn

from archwright.core.errors import ArchwrightError
from archwright.core.serial import JSON
from archwright.core.trial import Job
from archwright.evaluate.data.normalisation import normalisation_of
from archwright.evaluate.data.tensors import DeviceData
from archwright.evaluate.reader import FIRST
from archwright.evaluate.training.artifacts import BadArtifact, NoArtifact, State, read_state, write_model, write_state
from archwright.evaluate.verdict import Metrics, Verdict
from archwright.store.artifacts import ArtifactUnwritable, discard

FORMAT = 1  # of a state; one of another format is not gone on from
BEFORE: Mapping[str, JSON] = {"reader": FIRST}  # what is true of states that are from before there was a name for it

Train = Callable[[State | None, Callable[[State], None] | None], Verdict]


class AnotherTraining(ArchwrightError, ValueError):
    """A trial that is to go on with the training of something else than it is about."""


def kept(job: Job, model: nn.Module, data: DeviceData, about: Mapping[str, JSON], train: Train) -> Verdict:
    """The verdict of `train`, which gets a state to go on from, or None, and what takes its own at the end, or None.

    `data` has the images as they are normalised for it.
    `about` is all that makes the training what it is; a state is for trainings of which the same is true, and raises
    AnotherTraining for others. Where the state of the trial that the job continues is not there, the training begins
    anew, which gives the same result later unless its schedule has no horizon; the verdict notes that, and what could
    not be written.
    """
    states: list[State] = []
    if job.artifacts is not None:
        discard(job.artifacts, job.trial)  # what an earlier attempt has left
    past, missing = _past(job, about)
    verdict = train(past, states.append if _leaves(job, "state") else None)
    if verdict.status != "ok":
        return verdict
    if job.continues is not None:
        verdict = evolve(verdict, metrics={**verdict.metrics, **_spent(verdict.metrics, past)})
    left = [*left_model(job, model, data), *_left_states(job, about, states)]
    return evolve(verdict, error="\n".join(filter(None, [missing, *left])))


def _past(job: Job, about: Mapping[str, JSON]) -> tuple[State | None, str]:
    """The state to go on from, or None and, if there should be one, why there is none."""
    if job.continues is None:
        return None, ""
    if job.artifacts is None:
        return None, f"trained from the beginning: nothing is kept of this run, nor of trial {job.continues}"
    try:
        state = read_state(job.artifacts, job.continues)
        if state.get("format") != FORMAT:
            raise BadArtifact(f"the state of trial {job.continues} has the format {state.get('format')}, not {FORMAT}")
    except (NoArtifact, BadArtifact) as error:
        return None, f"trained from the beginning: {error}"
    was = BEFORE | state["about"]
    if other := [name for name, value in about.items() if was.get(name) != value]:
        raise AnotherTraining(
            f"trial {job.trial} continues trial {job.continues}, which differs in its {', '.join(other)}; "
            "only the same model, trained in the same way, can be continued"
        )
    return state, ""


def _leaves(job: Job, what: str) -> bool:
    return job.artifacts is not None and what in job.keeps


def _spent(metrics: Metrics, past: State | None) -> Metrics:
    """What this trial itself has spent of all that its training did."""
    then = past["progress"]["course"] if past else {"epoch": 0, "seconds": 0.0}
    return {
        "spent_epochs": metrics["epochs"] - then["epoch"],
        "spent_seconds": metrics["train_seconds"] - then["seconds"],
    }


def _left_states(job: Job, about: Mapping[str, JSON], states: list[State]) -> list[str]:
    """Writes the states that the job says are kept; what is to be said of those that cannot be."""
    named = [{"format": FORMAT, "about": dict(about), **state} for state in states]
    return [_failure(partial(write_state, str(job.artifacts), job.trial, state)) for state in named]


def left_model(job: Job, model: nn.Module, data: DeviceData | None) -> list[str]:
    """Writes the model's weights if the job says that they are kept; what is to be said if they cannot be.

    Beside them is kept what the images of `data` are normalised with, if the model was trained on any.
    """
    if not _leaves(job, "model"):
        return []
    images, names = (None, ()) if data is None else (normalisation_of(data), data.class_names)
    write = partial(write_model, str(job.artifacts), job.trial, model.state_dict(), job.architecture, images, names)
    return [_failure(write)]


def _failure(write: Callable[[], object]) -> str:
    """What is to be said where something cannot be written; empty if it can."""
    try:
        write()
    except ArtifactUnwritable as error:
        return f"the score counts, but {error}"
    return ""
