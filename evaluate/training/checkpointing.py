"""A training as part of a run: it resumes from the checkpoint of an earlier trial, and writes the artifacts to keep.

A checkpoint is a file of torch with plain values and tensors: reading it runs no code.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch
from attrs import asdict, evolve
from torch import nn

from archwright.core.differences import rewrite_old_kinds
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, to_json
from archwright.core.protocols import Artifact, Job
from archwright.evaluate.data.tensors import DeviceData
from archwright.evaluate.settings import FIRST_READER
from archwright.evaluate.training.progress import TrainingProgress, TrainingState
from archwright.evaluate.training.recipe import Recipe
from archwright.evaluate.training.trained_model import BadArtifact, NoArtifact, find_artifact, write_model
from archwright.evaluate.verdict import Metrics, Verdict
from archwright.store.artifacts import ArtifactUnwritable, discard_artifacts, locate_artifact, write_artifact

Checkpoint = Mapping[str, Any]  # None, bools, numbers, strings, bytes and tensors, in lists, tuples and dicts
# Trains from a checkpoint, or from the beginning; the second argument takes the checkpoint at the end, if any is kept.
TrainFromCheckpoint = Callable[[Checkpoint | None, Callable[[Checkpoint], None] | None], Verdict]

CHECKPOINT_FORMAT = 1  # a checkpoint of another format is not resumed from
DESCRIPTION_DEFAULTS: Mapping[str, JSON] = {"reader": FIRST_READER}  # of names that the earliest checkpoints lack


class DifferentTraining(ArchwrightError, ValueError):
    """A trial that is to continue a training of another model or with other settings."""


def train_with_checkpoints(
    job: Job, model: nn.Module, data: DeviceData, description: Mapping[str, JSON], train_from: TrainFromCheckpoint
) -> Verdict:
    """Trains from the checkpoint of the trial that the job continues, and writes the artifacts that the job keeps.

    `data` has the model's normalisation. `description` is all that a training depends on except its length: raises
    DifferentTraining if it is not that of the checkpoint. If the checkpoint is missing, the training starts over, which
    takes longer, but gives the same result unless its schedule has no horizon. The verdict's error says what could not
    be read or written.
    """
    saved_checkpoints: list[Checkpoint] = []  # one, or none if the job keeps none
    if job.artifact_folder is not None:
        discard_artifacts(job.artifact_folder, job.trial)  # the files of an earlier attempt
    checkpoint, read_error = _read_continued_checkpoint(job, description)
    verdict = train_from(checkpoint, saved_checkpoints.append if _is_kept(job, "state") else None)
    if verdict.status != "ok":
        return verdict
    if job.continues is not None:
        verdict = evolve(verdict, metrics={**verdict.metrics, **_compute_trial_spending(verdict.metrics, checkpoint)})
    errors = [read_error, write_job_model(job, model, data)]
    for saved_checkpoint in saved_checkpoints:
        content = {"format": CHECKPOINT_FORMAT, "about": dict(description), **saved_checkpoint}
        errors.append(_try_to_write(partial(write_checkpoint, str(job.artifact_folder), job.trial, content)))
    return evolve(verdict, error="\n".join(filter(None, errors)))


def _read_continued_checkpoint(job: Job, description: Mapping[str, JSON]) -> tuple[Checkpoint | None, str]:
    """The checkpoint to resume from; or None, and the reason if there should be one. Raises DifferentTraining."""
    if job.continues is None:
        return None, ""
    if job.artifact_folder is None:
        return None, f"trained from the beginning: nothing is kept of this run, nor of trial {job.continues}"
    try:
        checkpoint = read_checkpoint(job.artifact_folder, job.continues)
        checkpoint_format = checkpoint.get("format")
        if checkpoint_format != CHECKPOINT_FORMAT:
            raise BadArtifact(
                f"the state of trial {job.continues} has the format {checkpoint_format}, not {CHECKPOINT_FORMAT}"
            )
    except (NoArtifact, BadArtifact) as error:
        return None, f"trained from the beginning: {error}"
    continued_description = DESCRIPTION_DEFAULTS | checkpoint["about"]
    # The recipes of earlier releases lack settings that came later; they did what the defaults of these do.
    continued_description["recipe"] = asdict(Recipe()) | continued_description["recipe"]
    continued_architecture = json.loads(continued_description["architecture"])
    continued_description["architecture"] = json.dumps(rewrite_old_kinds(continued_architecture))
    if different := [name for name, value in description.items() if continued_description.get(name) != value]:
        raise DifferentTraining(
            f"trial {job.trial} continues trial {job.continues}, which differs in its {', '.join(different)}; "
            "only the same model, trained in the same way, can be continued"
        )
    return checkpoint, ""


def _is_kept(job: Job, kind: Artifact) -> bool:
    return job.artifact_folder is not None and kind in job.artifacts_to_keep


def _compute_trial_spending(metrics: Metrics, checkpoint: Checkpoint | None) -> Metrics:
    """The epochs and seconds that this trial has added to those of the trials that it continues."""
    start = TrainingState.from_state_dict(checkpoint).progress if checkpoint else TrainingProgress()
    return {
        "spent_epochs": metrics["epochs"] - start.epoch,
        "spent_seconds": metrics["train_seconds"] - start.seconds,
    }


def write_job_model(job: Job, model: nn.Module, data: DeviceData | None) -> str:
    """Writes the model's weights if the job keeps them; the message if they cannot be written, otherwise empty.

    With them is written how the images of `data` are normalised, if the model was trained on any.
    """
    if not _is_kept(job, "model"):
        return ""
    normalisation, class_names = (None, ()) if data is None else (data.normalisation, data.class_names)
    weights, architecture = model.state_dict(), to_json(job.architecture)
    return _try_to_write(
        partial(write_model, str(job.artifact_folder), job.trial, weights, architecture, normalisation, class_names)
    )


def _try_to_write(write_file: Callable[[], object]) -> str:
    """The message if a file cannot be written, otherwise empty."""
    try:
        write_file()
    except ArtifactUnwritable as error:
        return f"the score counts, but {error}"
    return ""


def write_checkpoint(folder: Path | str, trial: int, checkpoint: Checkpoint) -> Path:
    """Writes a trial's checkpoint. Returns the file's path; raises ArtifactUnwritable."""
    content = BytesIO()
    torch.save(checkpoint, content)
    return write_artifact(locate_artifact(folder, trial, "state"), content.getbuffer())


def read_checkpoint(folder: Path | str, trial: int) -> dict[str, Any]:
    """A trial's checkpoint, its tensors on the CPU; raises NoArtifact or BadArtifact."""
    path = find_artifact(folder, trial, "state")
    try:
        with ZipFile(path) as archive:  # torch itself does not look at the sums that it has written
            if damaged := archive.testzip():
                raise ValueError(f"its part {damaged} is damaged")
        checkpoint = torch.load(path, "cpu", weights_only=True)
        if not isinstance(checkpoint, dict):
            raise TypeError(f"it holds a {type(checkpoint).__name__}")
    except Exception as error:  # torch raises whatever its parts do
        raise BadArtifact(f"{path} is no state of a training; delete it") from error
    return checkpoint
