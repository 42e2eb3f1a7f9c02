"""What a training leaves: the weights that count, and the state from which it can be continued.

What is read runs no code: weights are safetensors, in whose metadata the rest is that a model needs; a state is plain
values and tensors.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import safetensors
import torch
from attrs import evolve
from safetensors.torch import save
from torch import Tensor, nn

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, to_json
from archwright.core.protocols import Artifact, Job
from archwright.evaluate.config import FIRST_READER
from archwright.evaluate.data.tensors import DeviceData, Normalisation
from archwright.evaluate.verdict import Metrics, Verdict
from archwright.store.artifacts import ArtifactUnwritable, discard_artifacts, locate_artifact, write_artifact

State = Mapping[str, Any]  # None, bools, numbers, texts, bytes and tensors, in lists, tuples and dicts


class NoArtifact(ArchwrightError, FileNotFoundError):
    """A trial of which nothing was kept, or no longer is."""


class BadArtifact(ArchwrightError, ValueError):
    """A file that is not what it is named for."""


class NotNoted(ArchwrightError, LookupError):
    """A model that an earlier release has kept, without what its images were normalised with."""


def write_model(
    folder: Path | str,
    trial: int,
    weights: Mapping[str, Tensor],
    architecture: JSON,
    images: Normalisation | None = None,
    class_names: Sequence[str] = (),
) -> Path:
    """The file with the `weights` of a trial's model, the JSON of its architecture, and what normalised its `images`.

    And with the names of the classes of its outputs, where there are any.

    Raises ArtifactUnwritable.
    """
    # Copies: the format holds no two names for one tensor, which is what tied weights are.
    tensors = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()}
    about = {
        "trial": str(trial),
        "architecture": json.dumps(architecture),
        "normalisation": json.dumps(images.to_json() if images else None),
        "classes": json.dumps(list(class_names)),
    }
    return write_artifact(locate_artifact(folder, trial, "model"), save(tensors, about))


def read_model(folder: Path | str, trial: int) -> tuple[dict[str, Tensor], JSON]:
    """The weights of a trial's model, on the CPU, and its architecture; raises NoArtifact or BadArtifact."""
    with _opened(folder, trial) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["architecture"])  # noqa: SIM118  (it is no mapping)


def read_normalisation(folder: Path | str, trial: int) -> Normalisation | None:
    """What the images were normalised with that a trial's model was trained on; None if its training read none.

    Raises NoArtifact, BadArtifact or NotNoted.
    """
    with _opened(folder, trial) as file:
        noted = file.metadata().get("normalisation")
        if noted is not None:
            held = json.loads(noted)
            return None if held is None else Normalisation(**held)
    raise NotNoted(f"the model of trial {trial} in {folder} was kept without what its images were normalised with")


@contextmanager
def _opened(folder: Path | str, trial: int) -> Iterator[Any]:
    """The file of a trial's model, open; raises NoArtifact, or BadArtifact for all that is wrong in it."""
    path = _present(folder, trial, "model")
    try:
        with safetensors.safe_open(path, "pt") as file:
            yield file
    except (OSError, safetensors.SafetensorError, TypeError, LookupError, ValueError, AttributeError) as error:
        raise BadArtifact(
            f"{path} holds no weights of a model ({error}); delete it, and train that trial again"
        ) from error


def write_state(folder: Path | str, trial: int, state: State) -> Path:
    """The file with a trial's `state`; raises ArtifactUnwritable."""
    content = BytesIO()
    torch.save(state, content)
    return write_artifact(locate_artifact(folder, trial, "state"), content.getbuffer())


def read_state(folder: Path | str, trial: int) -> dict[str, Any]:
    """A trial's state, its tensors on the CPU; raises NoArtifact or BadArtifact."""
    path = _present(folder, trial, "state")
    try:
        state = torch.load(path, "cpu", weights_only=True)
        if not isinstance(state, dict):
            raise TypeError(f"it holds a {type(state).__name__}")
    except Exception as error:  # torch raises whatever its parts do
        raise BadArtifact(f"{path} is no state of a training; delete it") from error
    return state


def _present(folder: Path | str, trial: int, kind: Artifact) -> Path:
    path = locate_artifact(folder, trial, kind)
    if not path.is_file():
        raise NoArtifact(
            f"there is no {path}: the {kind} of trial {trial} was not kept; --keep-models says how many models are"
        )
    return path


FORMAT = 1  # of a state; one of another format is not gone on from
BEFORE: Mapping[str, JSON] = {
    "reader": FIRST_READER
}  # what is true of states that are from before there was a name for it

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
        discard_artifacts(job.artifacts, job.trial)  # what an earlier attempt has left
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
    images, names = (None, ()) if data is None else (data.normalisation, data.class_names)
    write = partial(
        write_model, str(job.artifacts), job.trial, model.state_dict(), to_json(job.architecture), images, names
    )
    return [_failure(write)]


def _failure(write: Callable[[], object]) -> str:
    """What is to be said where something cannot be written; empty if it can."""
    try:
        write()
    except ArtifactUnwritable as error:
        return f"the score counts, but {error}"
    return ""
