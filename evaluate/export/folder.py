"""The folder of an exported model: everything that is needed to use it elsewhere."""

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
from archwright.core.input import Input, as_input
from archwright.core.json import JSON, find_user_kinds, list_kinds, to_json
from archwright.core.term import Term
from archwright.core.tracebacks import format_message, guard_user_code
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.card import Card, write_card
from archwright.evaluate.export.model_file import Provenance, write_model_file
from archwright.evaluate.export.result import ExportResult
from archwright.evaluate.network.example import make_example
from archwright.evaluate.training.trained_model import restore_model
from archwright.store.atomic import make_scratch_folder
from archwright.store.named_paths import make_folder

EXPORT_FILES = ("model.safetensors", "model.py", "architecture.json", "model.onnx", "README.md")
SCRATCH_PREFIX = ".archwright-export-"  # of temporary folders in that of the export
OUTPUT_TOLERANCE = 1e-4  # of the outputs of the same model, as a fraction of the largest


class FileExists(ArchwrightError, FileExistsError):
    """A file where one of the export should go."""


class UnwritableFolder(ArchwrightError, OSError):
    """A folder that cannot be created or written to."""


class WrongSource(ArchwrightError, ValueError):
    """A kind of module whose source does not run, or does not compute what its method compile does."""


@frozen
class ModelToExport:
    """A model to export."""

    architecture: Term
    input: Input = field(converter=as_input)  # or its shape
    seed: int  # of the initial weights
    weights: Mapping[str, Tensor] | None  # of the compiled module; None for the initial ones
    origin: Provenance
    normalisation: Normalisation | None  # None if the model was trained on no images, or if it is unknown
    card: Card
    description: Mapping[str, JSON] = field(factory=dict[str, JSON])  # the content of architecture.json
    initialization: str = "own"  # of the initial weights, as in compile_architecture
    notes: tuple[str, ...] = ()  # for the person who exports it


def export_model(model: ModelToExport, folder: Path, *, force: bool = False) -> ExportResult:
    """Write a model to `folder`, which is created if need be.

    The code is run first: its outputs must be those of the compiled module. Files that cannot be written because of a
    person's kind of module are left out, and with `force` those of an earlier export are deleted. After any error the
    folder is as it was. Raises FileExists if a file is there and `force` is not set, or if a folder has its name; and
    UnwritableFolder or WrongWeights.
    """
    _require_writable(folder, force=force)
    compiled = restore_model(model.architecture, model.input, model.weights, model.seed, model.initialization)
    missing: dict[str, str] = {}
    contents: dict[str, bytes] = {}
    module, weights = compiled, dict(compiled.state_dict())
    try:
        code = write_model_file(
            model.architecture, model.input, model.origin, model.normalisation, model.card.class_names
        )
        module, weights = _run_model_file(code, compiled, model, folder)
        contents["model.py"] = code.encode()
    except ArchwrightError as error:
        missing["model.py"] = str(error)
    metadata = _to_metadata(model.card.class_names)
    tensors = {name: value.contiguous().clone() for name, value in weights.items()}
    contents["model.safetensors"] = save(tensors, {"format": "pt", **metadata})
    contents["architecture.json"] = (json.dumps(model.description, indent=2) + "\n").encode()
    try:
        contents["model.onnx"] = to_onnx(module, model.input, metadata)
    except Exception as error:  # noqa: BLE001  (whatever a person's kind of module makes torch raise)
        missing["model.onnx"] = f"torch cannot export the model to ONNX: {_describe_root_cause(error)}"
    out_shape = model.architecture.out_shape(model.input.shape)
    card = write_card(model.card, model.origin, model.input, out_shape, model.normalisation, tuple(contents), missing)
    contents["README.md"] = card.encode()
    files = _write_files(folder, {name: contents[name] for name in EXPORT_FILES if name in contents})
    return ExportResult(files, missing, model.notes)


def _to_metadata(class_names: Sequence[str]) -> dict[str, str]:
    """The names of the classes of the outputs, in their order, as metadata: JSON, since its values are texts."""
    return {"classes": json.dumps(list(class_names))} if class_names else {}


def _require_writable(folder: Path, *, force: bool) -> None:
    existing = [folder / name for name in EXPORT_FILES if (folder / name).exists()]
    if existing and not force:
        raise FileExists(
            f"{existing[0]} is there already; name another folder, or overwrite it with --force (force=True in Python)"
        )
    if folder.exists() and not folder.is_dir():
        raise UnwritableFolder(f"{folder} is no folder; name another one")
    if folders := [path for path in existing if path.is_dir()]:
        raise FileExists(f"{folders[0]} is a folder; name another folder for the model, or move that one away")


def _write_files(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """The files, once all are written to `folder`; others of EXPORT_FILES are deleted there."""
    try:
        with make_folder(folder), make_scratch_folder(folder, SCRATCH_PREFIX) as scratch_folder:
            for name, content in contents.items():
                (scratch_folder / name).write_bytes(content)
            for name in EXPORT_FILES:
                if name not in contents:
                    (folder / name).unlink(missing_ok=True)
            return tuple((scratch_folder / name).replace(folder / name) for name in contents)
    except OSError as error:
        raise UnwritableFolder(f"{folder} cannot be written to ({error.strerror}); name another folder") from error


def _run_model_file(
    code: str, compiled: nn.Module, model: ModelToExport, folder: Path
) -> tuple[nn.Module, dict[str, Tensor]]:
    """The module of model.py with the weights of the compiled one, in eval mode, and its state.

    Raises WrongSource if the two do not have the same weights and outputs.
    """
    user_classes = [list_kinds()[kind].__name__ for kind in sorted(find_user_kinds(to_json(model.architecture)))]
    author = " or ".join(user_classes) or "archwright itself"
    namespace: dict[str, Any] = {"__name__": "model", "__file__": str(folder / "model.py")}
    x = make_example(model.input, 4, seed=0)
    with guard_user_code(WrongSource, f"the code that source of {author} gives does not run"):
        exec(compile(code, "model.py", "exec"), namespace)  # noqa: S102  (what is exported must run)
        module: nn.Module = namespace["Model"]().eval()
        expected_weights = compiled.state_dict().values()
        weights = {name: value for name, value in module.state_dict().items() if name not in ("mean", "deviation")}
        if [value.shape for value in weights.values()] != [value.shape for value in expected_weights]:
            raise WrongSource(f"compile and source of {author} make different weights; let them make the same")
        state = dict(zip(weights, expected_weights, strict=True))
        if (normalisation := model.normalisation) is not None and not normalisation.is_inline:
            state["mean"] = torch.tensor(normalisation.mean).reshape(normalisation.shape)
            state["deviation"] = torch.tensor(normalisation.deviation).reshape(normalisation.shape)
        module.load_state_dict(state)
        with torch.no_grad():
            if not _is_close(module(x), compiled(x)):
                raise WrongSource(f"compile and source of {author} give different outputs; let them compute the same")
    return module, state


def _is_close(actual: Tensor, expected: Tensor) -> bool:
    atol = OUTPUT_TOLERANCE * max(1.0, float(expected.nan_to_num().abs().max()))
    return actual.shape == expected.shape and torch.allclose(
        actual, expected, rtol=OUTPUT_TOLERANCE, atol=atol, equal_nan=True
    )


def to_onnx(module: nn.Module, model_input: Input, metadata: Mapping[str, str]) -> bytes:
    """The module as ONNX, with an input of its type, named as its kind says; an output `logits`; any batch size."""
    example = make_example(model_input, 2, seed=0)  # torch would fix the size of a batch of one
    batch = torch.export.Dim("batch")
    export_: Callable[..., Any] = torch.onnx.export
    with _silence_torch():
        program = export_(
            module,
            (example,),
            input_names=[model_input.tensor_name],
            output_names=["logits"],
            dynamic_shapes=({0: batch},),
            dynamo=True,
            verbose=False,
        )
    proto = program.model_proto
    for name, value in metadata.items():
        proto.metadata_props.add(key=name, value=value)
    return proto.SerializeToString()


@contextmanager
def _silence_torch() -> Iterator[None]:
    """Discards what torch prints and logs of an export: whole programs, where it fails."""
    previous_level = logging.root.manager.disable
    logging.disable()
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            yield
    finally:
        logging.disable(previous_level)


def _describe_root_cause(error: BaseException) -> str:
    """The class of the first exception in the chain that led to an error, and the first line of its message."""
    while (cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        error = cause
    return f"{type(error).__name__}: {next(iter(format_message(error).splitlines()), '')}".removesuffix(": ")
