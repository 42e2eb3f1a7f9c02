"""What a training leaves: the weights that count, and the state from which it can be continued.

What is read runs no code: weights are safetensors, in whose metadata the rest is that a model needs; a state is plain
values and tensors.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save
from torch import Tensor

from archwright.core.errors import ArchwrightError
from archwright.core.serial import JSON
from archwright.core.trial import Artifact
from archwright.evaluate.data.normalisation import Normalisation
from archwright.store.artifacts import artifact, write

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
    return write(artifact(folder, trial, "model"), save(tensors, about))


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
    return write(artifact(folder, trial, "state"), content.getbuffer())


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
    path = artifact(folder, trial, kind)
    if not path.is_file():
        raise NoArtifact(
            f"there is no {path}: the {kind} of trial {trial} was not kept; --keep-models says how many models are"
        )
    return path
