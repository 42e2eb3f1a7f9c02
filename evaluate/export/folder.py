"""A folder with everything that a model needs to be used elsewhere."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import field, frozen
from safetensors.torch import save
from torch import Tensor, nn

from archwright.core.errors import ArchwrightError
from archwright.core.serial import JSON
from archwright.core.term import Shape, Term
from archwright.evaluate.compile import compiled
from archwright.evaluate.export.card import Card, card
from archwright.evaluate.export.model_file import Normalisation, Origin, model_file
from archwright.evaluate.failure import account

FILES = ("model.safetensors", "model.py", "architecture.json", "model.onnx", "README.md")
ALIKE = 1e-4  # how far outputs of the same model may be apart, as a fraction of the largest


class FileThere(ArchwrightError, FileExistsError):
    """A file of the export that is there already, and may be somebody's."""


class FolderUnwritable(ArchwrightError, OSError):
    """A folder that cannot be made or written to."""


class WrongWeights(ArchwrightError, ValueError):
    """Weights that are not those of the architecture."""


class WrongSource(ArchwrightError, ValueError):
    """The source of a person's kind of module, if it does not run or is not what its compile method makes."""


@frozen
class Subject:
    """A model to export. `weights` are those of the compiled module, None for those that it begins with."""

    architecture: Term
    in_shape: Shape
    seed: int  # of the weights that it begins with
    weights: Mapping[str, Tensor] | None
    origin: Origin
    normalisation: Normalisation | None
    card: Card
    described: Mapping[str, JSON] = field(factory=dict[str, JSON])  # what architecture.json holds
    initialization: str = "own"  # of what it begins with, as compile.compiled takes it


@frozen
class Exported:
    """What was written, and what could not be: why, by its file's name."""

    files: tuple[Path, ...]
    missing: Mapping[str, str]


def export(subject: Subject, folder: Path, *, force: bool = False) -> Exported:
    """Write a model to `folder`, which is made.

    The code is run first: it must give what the compiled module gives. What cannot be written because of a person's
    kind of module is left out. Raises FileThere unless `force` is set, FolderUnwritable and WrongWeights.
    """
    _require_free(folder, force=force)
    ours = _loaded(subject)
    missing: dict[str, str] = {}
    texts: dict[str, bytes] = {}
    model, state = ours, dict(ours.state_dict())
    try:
        text = model_file(subject.architecture, subject.in_shape, subject.origin, subject.normalisation)
        model, state = _rewritten(text, ours, subject, folder)
        texts["model.py"] = text.encode()
    except ArchwrightError as error:
        missing["model.py"] = str(error)
    texts["model.safetensors"] = save(
        {name: value.contiguous().clone() for name, value in state.items()}, {"format": "pt"}
    )
    texts["architecture.json"] = (json.dumps(subject.described, indent=2) + "\n").encode()
    try:
        texts["model.onnx"] = onnx_of(model, subject.in_shape)
    except Exception as error:  # noqa: BLE001  (whatever a person's kind of module makes torch raise)
        missing["model.onnx"] = f"torch cannot export the model to ONNX: {account(error, lines=3)}"
    shapes = subject.in_shape, subject.architecture.out_shape(subject.in_shape)
    text = card(subject.card, subject.origin, shapes, subject.normalisation, tuple(texts), missing)
    texts["README.md"] = text.encode()
    return Exported(tuple(_write(folder, name, texts[name]) for name in FILES if name in texts), missing)


def _require_free(folder: Path, *, force: bool) -> None:
    there = [name for name in FILES if (folder / name).exists()]
    if there and not force:
        raise FileThere(f"{folder / there[0]} is there already; name another folder, or overwrite it with --force")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnwritable(f"{folder} cannot be made ({error.strerror}); name another folder") from error


def _write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FolderUnwritable(f"{path} cannot be written ({error.strerror}); name another folder") from error
    return path


def _loaded(subject: Subject) -> nn.Module:
    """The compiled module with the weights, in eval mode."""
    model = compiled(subject.architecture, subject.in_shape, subject.seed, subject.initialization)
    if subject.weights is not None:
        try:
            model.load_state_dict(subject.weights)
        except RuntimeError as error:
            raise WrongWeights(
                f"the weights are not those of the architecture ({str(error).splitlines()[-1].strip()}); "
                "train the trial again"
            ) from error
    return model.eval()


def _rewritten(text: str, ours: nn.Module, subject: Subject, folder: Path) -> tuple[nn.Module, dict[str, Tensor]]:
    """The module of model.py with the weights, and its state; WrongSource if it is not what ours is."""
    names: dict[str, Any] = {"__name__": "model", "__file__": str(folder / "model.py")}
    x = torch.randn(4, *subject.in_shape, generator=torch.Generator().manual_seed(0))
    try:
        exec(compile(text, "model.py", "exec"), names)  # noqa: S102  (what is exported must run)
        model: nn.Module = names["Model"]().eval()
        own = [name for name in model.state_dict() if name not in ("mean", "deviation")]
        weights = ours.state_dict().values()
        if [model.state_dict()[name].shape for name in own] != [value.shape for value in weights]:
            raise WrongSource("compile and source of a kind of your own make other weights; let them make the same")
        state = dict(zip(own, weights, strict=True))
        if (images := subject.normalisation) is not None and not images.is_written_out:
            state |= {"mean": torch.tensor(images.mean).reshape(images.shape)}
            state |= {"deviation": torch.tensor(images.deviation).reshape(images.shape)}
        model.load_state_dict(state)
        with torch.no_grad():
            _require_alike(model(x), ours(x))
    except ArchwrightError:
        raise
    except Exception as error:  # a person's source may raise anything
        raise WrongSource(f"the code of a kind of your own does not run:\n{account(error, lines=None)}") from error
    return model, state


def _require_alike(found: Tensor, expected: Tensor) -> None:
    bound = ALIKE * max(1.0, float(expected.nan_to_num().abs().max()))
    if found.shape != expected.shape or not torch.allclose(found, expected, rtol=ALIKE, atol=bound, equal_nan=True):
        raise WrongSource("compile and source of a kind of your own give other outputs; let them compute the same")


def onnx_of(model: nn.Module, in_shape: Shape) -> bytes:
    """The model in ONNX, its input `images` and its output `logits` with a batch of any size."""
    images = torch.zeros(2, *in_shape)  # one image would be taken for a batch that is always of one
    batch = torch.export.Dim("batch")
    export_: Callable[..., Any] = torch.onnx.export
    program = export_(
        model,
        (images,),
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=({0: batch},),
        dynamo=True,
        verbose=False,
    )
    return program.model_proto.SerializeToString()
