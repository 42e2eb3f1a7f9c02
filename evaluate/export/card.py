"""The card that lies beside an exported model: what it is, how good it is, and how it is used."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from attrs import field, frozen

from archwright.core.errors import to_one_line
from archwright.core.shape import Shape
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.model_file import Provenance

# What Markdown reads as more than itself; an underscore is one only at the beginning or the end of a word.
SPECIAL = re.compile(r"[\\`*\[\]|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
ABOUT = {
    "model.safetensors": "its weights",
    "model.py": "its code: PyTorch that needs torch and safetensors, and not archwright",
    "model.onnx": "both, for ONNX runtimes; the size of the batch is free",
    "architecture.json": "its architecture as archwright reads it, with its choices",
}


@frozen
class Card:
    """What a card tells, beside what the model's code says of its origin."""

    choices: Mapping[str, str] = field(factory=dict[str, str])
    settings: Mapping[str, str] = field(factory=dict[str, str])  # of the training
    versions: Mapping[str, str] = field(factory=dict[str, str])
    data: str | None = None
    unknown: str = ""  # that nobody knows what its images were normalised with, if that is so
    class_names: Sequence[str] = ()  # in the order of the logits


def write_card(
    about: Card,
    origin: Provenance,
    shapes: tuple[Shape, Shape],
    normalisation: Normalisation | None,
    written: Sequence[str],
    missing: Mapping[str, str],
) -> str:
    """The text of README.md; `shapes` are of input and output, without the batch."""
    parts = [
        f"# {_verbatim(origin.title)}",
        _table("", origin.facts),
        _table("Scores", origin.scores),
        _table("Choices", about.choices),
        _table("Training", about.settings),
        _inputs(about, shapes, normalisation),
        _table("Classes", {str(number): name for number, name in enumerate(about.class_names)}),
        _use(normalisation, shapes[0]) if "model.py" in written else "",
        _table("Files", {name: ABOUT[name] for name in ABOUT if name in written}),
        *(f"`{name}` is missing: {_verbatim(why)}" for name, why in missing.items()),
        _table("Versions", about.versions),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(title: str, rows: Mapping[str, str]) -> str:
    if not rows:
        return ""
    lines = [f"| {_verbatim(name)} | {_verbatim(value)} |" for name, value in rows.items()]
    return "\n".join([*([f"## {title}", ""] if title else []), "| | |", "|---|---|", *lines])


def _verbatim(text: str) -> str:
    """Text of others in one line that Markdown shows as it is: no HTML, no link, no picture, no end of a cell."""
    shown = escape(to_one_line(text.replace("\n", " ")), quote=False)
    return SPECIAL.sub(r"\\\g<0>", shown)


def _inputs(about: Card, shapes: tuple[Shape, Shape], normalisation: Normalisation | None) -> str:
    before, after = (f"(batch, {', '.join(map(str, shape))})" for shape in shapes)
    text = f"## Inputs and outputs\n\nFloats of shape {before} to logits of shape {after}."
    if normalisation is None:
        why = _verbatim(about.unknown) or "Inputs are as the evaluator of the search had them."
        return f"{text.replace('logits', 'outputs')} {why}"
    data = _verbatim(str(about.data))
    text += f" Images are normalised as those of {data} were for its training: of each {normalisation.granularity} "
    if not normalisation.is_inline:
        return f"{text}`mean` is subtracted, and the rest divided by `deviation`; both are in `model.safetensors`."
    mean, deviation = ([f"{value:.6g}" for value in held] for held in (normalisation.mean, normalisation.deviation))
    return (
        f"{text}the mean {', '.join(mean)} is subtracted, and the rest divided by the deviation "
        f"{', '.join(deviation)}. "
        "Values go from 0 to 255."
    )


def _use(normalisation: Normalisation | None, shape: Shape) -> str:
    given = (
        f"images = torch.zeros(1, {', '.join(map(str, shape))}, dtype=torch.uint8)  # yours\n"
        "logits = model(model.preprocess(images))"
        if normalisation
        else f"outputs = model(torch.zeros(1, {', '.join(map(str, shape))}))"
    )
    code = f"import torch\n\nfrom model import load\n\nmodel = load()\n{given}"
    text = f"## Use\n\n```python\n{code}\n```\n\nin this folder, with torch and safetensors installed."
    return f"{text} `python model.py images.npy` prints the classes of images." if normalisation else text
