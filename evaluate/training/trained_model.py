"""The file of a trained model: its weights, with the architecture and the normalisation of its images as metadata.

It is a safetensors file: reading it runs no code.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save
from torch import Tensor, nn

from archwright.core.errors import ArchwrightError
from archwright.core.input import Input
from archwright.core.json import JSON
from archwright.core.protocols import Artifact
from archwright.core.term import Term
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.network.compile import compile_architecture
from archwright.store.artifacts import locate_artifact, write_artifact

MAX_NAMED_WEIGHTS = 3  # in an error, of each way in which weights can be wrong


class NoArtifact(ArchwrightError, FileNotFoundError):
    """A file of a trial that was not kept, or no longer is."""


class BadArtifact(ArchwrightError, ValueError):
    """A file that is not what it is named for."""


class UnknownNormalisation(ArchwrightError, LookupError):
    """A model kept by an earlier release, without the normalisation of its images."""


class WrongWeights(ArchwrightError, ValueError):
    """Weights that are not those of the architecture."""


def write_model(
    folder: Path | str,
    trial: int,
    weights: Mapping[str, Tensor],
    architecture: JSON,
    normalisation: Normalisation | None = None,
    class_names: Sequence[str] = (),
) -> Path:
    """Writes the `weights` of a trial's model, its architecture, and how its images were normalised.

    And the class of each output, if there are any. Returns the file's path; raises ArtifactUnwritable.
    """
    # Copies: the format holds no two names for one tensor, which is what tied weights are.
    tensors = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()}
    metadata = {
        "trial": str(trial),
        "architecture": json.dumps(architecture),
        "normalisation": json.dumps(normalisation.to_json() if normalisation else None),
        "classes": json.dumps(list(class_names)),
    }
    return write_artifact(locate_artifact(folder, trial, "model"), save(tensors, metadata))


def read_model(folder: Path | str, trial: int) -> tuple[dict[str, Tensor], JSON]:
    """The weights of a trial's model, on the CPU, and its architecture; raises NoArtifact or BadArtifact."""
    with _open_model(folder, trial) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["architecture"])  # noqa: SIM118  (it is no mapping)


def read_normalisation(folder: Path | str, trial: int) -> Normalisation | None:
    """How the images were normalised that a trial's model was trained on; None if it was trained on none.

    Raises NoArtifact, BadArtifact or UnknownNormalisation.
    """
    with _open_model(folder, trial) as file:
        text = file.metadata().get("normalisation")
        if text is not None:
            normalisation = json.loads(text)
            return None if normalisation is None else Normalisation(**normalisation)
    raise UnknownNormalisation(
        f"the model of trial {trial} in {folder} was kept without what its images were normalised with"
    )


@contextmanager
def _open_model(folder: Path | str, trial: int) -> Iterator[Any]:
    """The file of a trial's model, open; raises NoArtifact, or BadArtifact for anything wrong in it."""
    path = find_artifact(folder, trial, "model")
    try:
        with safetensors.safe_open(path, "pt") as file:
            yield file
    except (OSError, safetensors.SafetensorError, TypeError, LookupError, ValueError, AttributeError) as error:
        raise BadArtifact(
            f"{path} holds no weights of a model ({error}); delete it, and train that trial again"
        ) from error


def find_artifact(folder: Path | str, trial: int, kind: Artifact) -> Path:
    """Where a trial's file of this kind is; raises NoArtifact."""
    path = locate_artifact(folder, trial, kind)
    if not path.is_file():
        remedy = {
            "model": "--keep-models (keep_models= in Python) says how many models are",
            "state": "it is there as long as the searcher may continue the trial, and not in a fork",
        }
        raise NoArtifact(f"there is no {path}: the {kind} of trial {trial} was not kept; {remedy[kind]}")
    return path


def restore_model(
    architecture: Term,
    model_input: Input | Iterable[int],
    weights: Mapping[str, Tensor] | None,
    seed: int,
    initialization: str = "own",
) -> nn.Module:
    """The compiled module of an architecture with these weights, or with the initial ones of `seed`; in eval mode.

    Raises WrongWeights, and what `compile_architecture` does.
    """
    module = compile_architecture(architecture, model_input, seed, initialization)
    if weights is not None:
        try:
            module.load_state_dict(weights)
        except RuntimeError as error:
            differences = _describe_differences(module.state_dict(), weights) or str(error).splitlines()[-1].strip()
            raise WrongWeights(
                f"the weights are not those of the architecture ({differences}); train the trial again"
            ) from error
    return module.eval()


def _describe_differences(wanted: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> str:
    """What differs between the weights that a module needs and those that are there; torch tells it on pages."""
    sizes = [
        f"{name} is {tuple(weights[name].shape)} in place of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    differences = {
        "missing": [name for name in wanted if name not in weights],
        "unexpected": [name for name in weights if name not in wanted],
        "size mismatch": sizes,
    }
    return "; ".join(f"{what}: {_list_first(items)}" for what, items in differences.items() if items)


def _list_first(items: Sequence[str]) -> str:
    more = len(items) - MAX_NAMED_WEIGHTS
    return f"{', '.join(items[:MAX_NAMED_WEIGHTS])}{f' and {more:,} more' if more > 0 else ''}"
