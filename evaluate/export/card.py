"""The card beside an exported model: what it is, how good it is, and how it is used."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from attrs import field, frozen

from archwright.core.errors import to_one_line
from archwright.core.input import Input
from archwright.core.shape import Shape
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.model_file import Provenance

# Characters with a meaning in Markdown; an underscore has one only at the beginning or the end of a word.
MARKDOWN_SPECIAL = re.compile(r"[\\`*\[\]|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
FILE_DESCRIPTIONS = {
    "model.safetensors": "its weights",
    "model.py": "its code: PyTorch that needs torch and safetensors, and not archwright",
    "model.onnx": "both, for ONNX runtimes; the size of the batch is free",
    "architecture.json": "its architecture as archwright reads it, with its choices",
}


@frozen
class Card:
    """The content of a card beside a model's provenance."""

    choices: Mapping[str, str] = field(factory=dict[str, str])
    settings: Mapping[str, str] = field(factory=dict[str, str])  # of the training
    versions: Mapping[str, str] = field(factory=dict[str, str])
    data: str | None = None
    normalisation_note: str = ""  # why the normalisation of the images is unknown, if it is
    class_names: Sequence[str] = ()  # in the order of the logits


def write_card(
    card: Card,
    origin: Provenance,
    model_input: Input,
    out_shape: Shape,
    normalisation: Normalisation | None,
    files: Sequence[str],
    missing: Mapping[str, str],
) -> str:
    """The Markdown of README.md; `out_shape` is of the output, without the batch.

    `files` are the names of the files beside it, `missing` the reasons why others are not, by name.
    """
    parts = [
        f"# {_escape_markdown(origin.title)}",
        _write_table("", origin.facts),
        _write_table("Scores", origin.scores),
        _write_table("Choices", card.choices),
        _write_table("Training", card.settings),
        _describe_inputs(card, model_input, out_shape, normalisation),
        _write_table("Classes", {str(label): name for label, name in enumerate(card.class_names)}),
        _describe_use(normalisation, model_input) if "model.py" in files else "",
        _write_table("Files", {name: text for name, text in FILE_DESCRIPTIONS.items() if name in files}),
        *(f"`{name}` is missing: {_escape_markdown(reason)}" for name, reason in missing.items()),
        _write_table("Versions", card.versions),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _write_table(title: str, rows: Mapping[str, str]) -> str:
    """A heading and a table of two columns; nothing if there are no rows."""
    if not rows:
        return ""
    heading = [f"## {title}", ""] if title else []
    lines = [f"| {_escape_markdown(name)} | {_escape_markdown(value)} |" for name, value in rows.items()]
    return "\n".join([*heading, "| | |", "|---|---|", *lines])


def _escape_markdown(text: str) -> str:
    """Text as one line that Markdown shows literally: no HTML, link, picture or end of a cell."""
    return MARKDOWN_SPECIAL.sub(r"\\\g<0>", escape(to_one_line(text.replace("\n", " ")), quote=False))


def _describe_inputs(card: Card, model_input: Input, out_shape: Shape, normalisation: Normalisation | None) -> str:
    batch, out_batch = (f"(batch, {', '.join(map(str, shape))})" for shape in (model_input, out_shape))
    output = "outputs" if normalisation is None else "logits"
    elements = "Floats"
    if model_input.vocabulary is not None:
        elements = f"Integers in [0, {model_input.vocabulary}), {model_input.element_type},"
    text = f"## Inputs and outputs\n\n{elements} of shape {batch} to {output} of shape {out_batch}."
    if normalisation is None:
        note = _escape_markdown(card.normalisation_note) or "Inputs are as the evaluator of the search had them."
        return f"{text} {note}"
    data = _escape_markdown(str(card.data))
    is_image = model_input.kind == "image"
    noun = "Images" if is_image else "Inputs"
    text += f" {noun} are normalised as those of {data} were for its training: of each {normalisation.granularity} "
    if not normalisation.is_inline:
        return f"{text}`mean` is subtracted, and the rest divided by `deviation`; both are in `model.safetensors`."
    mean, deviation = (
        ", ".join(f"{value:.6g}" for value in values) for values in (normalisation.mean, normalisation.deviation)
    )
    return (
        f"{text}the mean {mean} is subtracted, and the rest divided by the deviation {deviation}."
        f"{' Values go from 0 to 255.' if is_image else ''}"
    )


def _describe_use(normalisation: Normalisation | None, model_input: Input) -> str:
    size = f"1, {', '.join(map(str, model_input))}"
    name, raw_type = model_input.tensor_name, ", dtype=torch.uint8" if model_input.kind == "image" else ""
    element_type = "" if model_input.element_type == "float32" else f", dtype=torch.{model_input.element_type}"
    call = (
        f"{name} = torch.zeros({size}{raw_type})  # yours\nlogits = model(model.preprocess({name}))"
        if normalisation
        else f"outputs = model(torch.zeros({size}{element_type}))"
    )
    code = f"import torch\n\nfrom model import load\n\nmodel = load()\n{call}"
    text = f"## Use\n\n```python\n{code}\n```\n\nin this folder, with torch and safetensors installed."
    return f"{text} `python model.py {name}.npy` prints the classes of {name}." if normalisation else text
