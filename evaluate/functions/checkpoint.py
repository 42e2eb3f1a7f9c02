"""The checkpoint of a person's function: what it goes on from, and what it leaves for a trial that goes on with it."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Job
from archwright.store.artifacts import discard_artifacts, locate_artifact, write_artifact

STATE_KEY = "state"  # of what the function saved, in its file


class UnsavableState(ArchwrightError, TypeError):
    """A state of a training that a checkpoint cannot hold, since to read it would run code."""


@frozen
class FunctionCheckpoint:
    """Where a function saves the state of its training, and where it finds that of the trial that it goes on with.

    A state is plain: None, bools, numbers, texts, bytes and tensors, in lists, tuples and dicts, such as those of
    `model.state_dict()` and `optimizer.state_dict()`.
    """

    job: Job
    _missing: list[str] = field(factory=list[str], init=False, eq=False, repr=False)  # why there was no state to load

    @property
    def error(self) -> str:
        """Why a trial that was to go on with another one was trained from the beginning; empty if it was not."""
        return "\n".join(dict.fromkeys(self._missing))

    def load(self) -> Any:
        """The state that the trial saved which this one goes on with; None where it begins.

        Tensors are on the CPU. Where the file is not there any more or cannot be read, it is None, too, and the trial's
        error says so.
        """
        if self.job.continues is None:
            return None
        if self.job.artifact_folder is None:
            self._missing.append(
                f"trained from the beginning: nothing is kept of this run, nor of trial {self.job.continues}"
            )
            return None
        from archwright.evaluate.training.checkpointing import read_checkpoint  # they import torch
        from archwright.evaluate.training.trained_model import BadArtifact, NoArtifact

        try:
            return read_checkpoint(self.job.artifact_folder, self.job.continues).get(STATE_KEY)
        except (NoArtifact, BadArtifact) as error:
            self._missing.append(f"trained from the beginning: {error}")
            return None

    def save(self, state: Any) -> None:
        """Keep `state` for a trial that may go on with this one; nothing is written where none may.

        Raises UnsavableState, and ArtifactUnwritable.
        """
        if self.job.artifact_folder is None or "state" not in self.job.artifacts_to_keep:
            return
        content = _write(state)
        write_artifact(locate_artifact(self.job.artifact_folder, self.job.trial, "state"), content.getbuffer())

    def forget(self) -> None:
        """Delete what an earlier attempt at the trial has left."""
        if self.job.artifact_folder is not None:
            discard_artifacts(self.job.artifact_folder, self.job.trial)


def _write(state: Any) -> BytesIO:
    """The content of the file; UnsavableState where it could not be read again."""
    import torch  # only here, since it takes seconds

    content, saved = BytesIO(), {STATE_KEY: dict(state) if isinstance(state, Mapping) else state}
    try:
        torch.save(saved, content)
        torch.load(BytesIO(content.getbuffer()), "cpu", weights_only=True)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise UnsavableState(
            f"the state of the training cannot be kept: {reason}; save plain values and tensors, such as "
            "model.state_dict() and optimizer.state_dict()"
        ) from error
    return content
