"""A folder with everything that a model needs to be used elsewhere."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from attrs import field, frozen
from safetensors.torch import save
from torch import Tensor, nn

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, find_user_kinds, list_kinds, to_json
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.card import Card, write_card
from archwright.evaluate.export.model_file import Provenance, write_model_file
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.paths import make_folder
from archwright.evaluate.user_errors import format_message, format_traceback
from archwright.store.atomic import make_scratch_folder

EXPORT_FILES = ("model.safetensors", "model.py", "architecture.json", "model.onnx", "README.md")
DRAFT_PREFIX = ".archwright-export-"  # folders for a moment, in that of the export
OUTPUT_TOLERANCE = 1e-4  # how far outputs of the same model may be apart, as a fraction of the largest


class FileExists(ArchwrightError, FileExistsError):
    """A file of the export that is there already, and may be somebody's."""


class UnwritableFolder(ArchwrightError, OSError):
    """A folder that cannot be made or written to."""


class WrongWeights(ArchwrightError, ValueError):
    """Weights that are not those of the architecture."""


class WrongSource(ArchwrightError, ValueError):
    """The source of a person's kind of module, if it does not run or is not what its compile method makes."""


@frozen
class ModelToExport:
    """A model to export. `weights` are those of the compiled module, None for those that it begins with."""

    architecture: Term
    in_shape: Shape
    seed: int  # of the weights that it begins with
    weights: Mapping[str, Tensor] | None
    origin: Provenance
    normalisation: Normalisation | None  # None if the model was trained on no images, or nobody knows
    card: Card
    described: Mapping[str, JSON] = field(factory=dict[str, JSON])  # what architecture.json holds
    initialization: str = "own"  # of what it begins with, as compile_architecture takes it
    notes: tuple[str, ...] = ()  # for whoever exports it


@frozen
class ExportResult:
    """What was written, and what could not be: why, by its file's name."""

    files: tuple[Path, ...]
    missing: Mapping[str, str]
    notes: tuple[str, ...] = ()  # what else is to know


def export_model(subject: ModelToExport, folder: Path, *, force: bool = False) -> ExportResult:
    """Write a model to `folder`, which is made.

    The code is run first: it must give what the compiled module gives. What cannot be written because of a person's
    kind of module is left out, and with `force` no such file of an earlier export stays. Whatever fails leaves the
    folder as it was. Raises FileThere unless `force` is set, FolderUnwritable and WrongWeights.
    """
    _require_free(folder, force=force)
    ours = _load_model(subject)
    missing: dict[str, str] = {}
    texts: dict[str, bytes] = {}
    model, state = ours, dict(ours.state_dict())
    try:
        names = subject.card.class_names
        text = write_model_file(subject.architecture, subject.in_shape, subject.origin, subject.normalisation, names)
        model, state = _load_source(text, ours, subject, folder)
        texts["model.py"] = text.encode()
    except ArchwrightError as error:
        missing["model.py"] = str(error)
    about = _to_metadata(subject.card.class_names)
    held = {name: value.contiguous().clone() for name, value in state.items()}
    texts["model.safetensors"] = save(held, {"format": "pt", **about})
    texts["architecture.json"] = (json.dumps(subject.described, indent=2) + "\n").encode()
    try:
        texts["model.onnx"] = to_onnx(model, subject.in_shape, about)
    except Exception as error:  # noqa: BLE001  (whatever a person's kind of module makes torch raise)
        missing["model.onnx"] = f"torch cannot export the model to ONNX: {_find_root_cause(error)}"
    shapes = subject.in_shape, subject.architecture.out_shape(subject.in_shape)
    text = write_card(subject.card, subject.origin, shapes, subject.normalisation, tuple(texts), missing)
    texts["README.md"] = text.encode()
    files = _write(folder, {name: texts[name] for name in EXPORT_FILES if name in texts})
    return ExportResult(files, missing, subject.notes)


def _to_metadata(names: Sequence[str]) -> dict[str, str]:
    """What metadata says of the classes of the outputs, in their order: JSON, as it holds texts only."""
    return {"classes": json.dumps(list(names))} if names else {}


def _require_free(folder: Path, *, force: bool) -> None:
    there = [folder / name for name in EXPORT_FILES if (folder / name).exists()]
    if there and not force:
        raise FileExists(f"{there[0]} is there already; name another folder, or overwrite it with --force")
    if folder.exists() and not folder.is_dir():
        raise UnwritableFolder(f"{folder} is no folder; name another one")
    if folders := [path for path in there if path.is_dir()]:
        raise FileExists(f"{folders[0]} is a folder; name another folder for the model, or move that one away")


def _write(folder: Path, texts: Mapping[str, bytes]) -> tuple[Path, ...]:
    """The files with these texts, once they are in `folder`, and none of FILES beside them."""
    try:
        with make_folder(folder), make_scratch_folder(folder, DRAFT_PREFIX) as place:
            for name, content in texts.items():
                (place / name).write_bytes(content)
            for name in EXPORT_FILES:
                if name not in texts:
                    (folder / name).unlink(missing_ok=True)
            return tuple((place / name).replace(folder / name) for name in texts)
    except OSError as error:
        raise UnwritableFolder(f"{folder} cannot be written to ({error.strerror}); name another folder") from error


def _load_model(subject: ModelToExport) -> nn.Module:
    """The compiled module with the weights, in eval mode."""
    model = compile_architecture(subject.architecture, subject.in_shape, subject.seed, subject.initialization)
    if subject.weights is not None:
        try:
            model.load_state_dict(subject.weights)
        except RuntimeError as error:
            raise WrongWeights(
                f"the weights are not those of the architecture ({str(error).splitlines()[-1].strip()}); "
                "train the trial again"
            ) from error
    return model.eval()


def _load_source(
    text: str, ours: nn.Module, subject: ModelToExport, folder: Path
) -> tuple[nn.Module, dict[str, Tensor]]:
    """The module of model.py with the weights, and its state; WrongSource if it is not what ours is."""
    own_classes = [list_kinds()[kind].__name__ for kind in sorted(find_user_kinds(to_json(subject.architecture)))]
    whose = " or ".join(own_classes) or "archwright itself"
    names: dict[str, Any] = {"__name__": "model", "__file__": str(folder / "model.py")}
    x = torch.randn(4, *subject.in_shape, generator=torch.Generator().manual_seed(0))
    try:
        exec(compile(text, "model.py", "exec"), names)  # noqa: S102  (what is exported must run)
        model: nn.Module = names["Model"]().eval()
        own = [name for name in model.state_dict() if name not in ("mean", "deviation")]
        weights = ours.state_dict().values()
        if [model.state_dict()[name].shape for name in own] != [value.shape for value in weights]:
            raise WrongSource(f"compile and source of {whose} make different weights; let them make the same")
        state = dict(zip(own, weights, strict=True))
        if (images := subject.normalisation) is not None and not images.is_inline:
            state |= {"mean": torch.tensor(images.mean).reshape(images.shape)}
            state |= {"deviation": torch.tensor(images.deviation).reshape(images.shape)}
        model.load_state_dict(state)
        with torch.no_grad():
            if not _is_close(model(x), ours(x)):
                raise WrongSource(f"compile and source of {whose} give different outputs; let them compute the same")
    except ArchwrightError:
        raise
    except Exception as error:  # a person's source may raise anything
        raise WrongSource(
            f"the code that source of {whose} gives does not run:\n{format_traceback(error, lines=None)}"
        ) from error
    return model, state


def _is_close(found: Tensor, expected: Tensor) -> bool:
    bound = OUTPUT_TOLERANCE * max(1.0, float(expected.nan_to_num().abs().max()))
    return found.shape == expected.shape and torch.allclose(
        found, expected, rtol=OUTPUT_TOLERANCE, atol=bound, equal_nan=True
    )


def to_onnx(model: nn.Module, in_shape: Shape, about: Mapping[str, str]) -> bytes:
    """The model in ONNX, its input `images` and its output `logits` with a batch of any size; `about` is metadata."""
    images = torch.zeros(2, *in_shape)  # one image would be taken for a batch that is always of one
    batch = torch.export.Dim("batch")
    export_: Callable[..., Any] = torch.onnx.export
    with _silence_torch():
        program = export_(
            model,
            (images,),
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=({0: batch},),
            dynamo=True,
            verbose=False,
        )
    proto = program.model_proto
    for name, value in about.items():
        proto.metadata_props.add(key=name, value=value)
    return proto.SerializeToString()


@contextmanager
def _silence_torch() -> Iterator[None]:
    """Keeps to itself what torch prints and logs of an export: whole programs, where it fails."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            yield
    finally:
        logging.disable(before)


def _find_root_cause(error: BaseException) -> str:
    """The first line of what was wrong in the first place."""
    while (cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        error = cause
    return f"{type(error).__name__}: {next(iter(format_message(error).splitlines()), '')}".removesuffix(": ")
