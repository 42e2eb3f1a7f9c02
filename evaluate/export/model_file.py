"""The text of model.py: PyTorch that runs alone, and says where it came from."""

import ast
import re
from collections.abc import Mapping, Sequence
from pprint import pformat

from attrs import field, frozen

from archwright.core.errors import to_one_line
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.classes import (
    INDENT,
    WIDTH,
    collect_definitions,
    define_classes,
    format_code,
    write_class,
    write_methods,
)
from archwright.evaluate.export.operations import numbers
from archwright.evaluate.export.translate import steps

RESERVED_NAMES = ("Model", "load", "summary", "main", "mean_of_windows", "CLASSES", "torch", "nn", "F", "sys", "Path")


@frozen
class Provenance:
    """Where a model came from, for its readers."""

    title: str  # one line
    facts: Mapping[str, str]  # what is to know, in the order of telling
    scores: Mapping[str, str] = field(factory=dict[str, str])  # how good it is


MEAN_OF_WINDOWS = '''
def mean_of_windows(x: torch.Tensor, size: int, stride: int, margins: tuple[int, int, int, int]) -> torch.Tensor:
    """The mean of each window of images with margins (left, right, top, bottom), which do not count."""
    inside = F.avg_pool2d(F.pad(torch.ones_like(x[:1, :1]), margins), size, stride)
    return F.avg_pool2d(F.pad(x, margins), size, stride) / inside
'''

PREPROCESS = '''
    def preprocess(self, images: torch.Tensor) -> torch.Tensor:
        """Images as it was trained on them: uint8 (batch, {axes}) to floats, normalised as the training data."""
        return (images.float() - self.mean) / self.deviation
'''

LOAD = '''
def load(folder: str | Path = Path(__file__).parent) -> Model:
    """The model with its weights, for inference; model.train() makes it one to train further."""
    model = Model()
    model.load_state_dict(load_file(Path(folder) / "model.safetensors"))
    return model.eval()
'''

SUMMARY = '''
def summary(model: Model) -> None:
    """Print the layers with the shapes of their weights."""
    for name, weights in model.named_parameters():
        print(f"{name:40} {tuple(weights.shape)}")
    print(f"{sum(weights.numel() for weights in model.parameters()):,} parameters")
'''

CLASSIFY = '''
def classify(model: Model, file: str) -> None:
    """Print the class of each image in an .npy file: uint8 (n, {axes})."""
    import numpy

    images = torch.from_numpy(numpy.load(file))
    with torch.inference_mode():
        shares = model(model.preprocess(images)).softmax(1)
    for i, (share, label) in enumerate(zip(*shares.max(1), strict=True)):
        print(f"image {{i}}: {what}, probability {{share:.3f}}")
'''


def write_model_file(
    architecture: Term,
    in_shape: Shape,
    origin: Provenance,
    normalisation: Normalisation | None,
    class_names: Sequence[str] = (),
) -> str:
    """The text of model.py; raises NoSource or BadSource."""
    chain = steps(architecture, in_shape)
    given = collect_definitions(chain)
    known = define_classes(chain, [*RESERVED_NAMES, *_list_defined(given)])
    init, forward = write_methods(chain, known, [str(value) for _, value in numbers(chain)], shapes=True)
    axes = ", ".join(map(str, in_shape))
    model = _model(in_shape, architecture.out_shape(in_shape), init, forward, normalisation)
    parts = [*given, *(write_class(each, known) for each in known.values()), model, LOAD.strip(), SUMMARY.strip()]
    if normalisation:
        what = "{CLASSES[int(label)]}" if class_names else "class {label}"
        parts.append(CLASSIFY.format(axes=axes, what=what).strip())
    parts.append(_main(normalisation))
    body = "\n\n\n".join(parts)
    if "mean_of_windows(" in body:
        body = f"{MEAN_OF_WINDOWS.strip()}\n\n\n{body}"
    imports = _imports(body) + (f"\n\n{_write_class_names(class_names)}" if class_names else "")
    return f"{_docstring(origin, normalisation)}\n\n{imports}\n\n\n{body}\n"


def _write_class_names(class_names: Sequence[str]) -> str:
    """The names of the classes, several to a line."""
    # A list, since pprint breaks no texts up in it that fit a line of their own.
    names = pformat(list(class_names), width=WIDTH - len(INDENT), compact=True)[1:-1]
    lines = "\n".join(INDENT + line.strip() for line in names.splitlines())
    return f"CLASSES = (  # of the logits, in their order\n{lines},\n)"


def _list_defined(texts: Sequence[str]) -> list[str]:
    """The names of classes and functions that texts define."""
    return [
        node.name
        for text in texts
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _docstring(origin: Provenance, normalisation: Normalisation | None) -> str:
    told = {**origin.facts, **origin.scores}
    width = max(map(len, told), default=0)
    facts = [to_one_line(f"{name:{width}}  {value}") for name, value in told.items()]
    ways = ["    python model.py               prints its layers"]
    if normalisation:
        ways.append("    python model.py images.npy    prints the classes of images")
    text = "\n".join(
        [
            to_one_line(origin.title),
            "",
            *facts,
            "",
            "load() gives the model with the weights beside this file.",
            "",
            *ways,
        ]
    )
    return '"""' + text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '\n"""'


def _imports(body: str) -> str:
    functional = "from torch.nn import functional as F\n" if re.search(r"\bF\.", body) else ""
    standard = "import sys\n" if "sys." in body else ""
    return (
        f"{standard}from pathlib import Path\n\nimport torch\nfrom safetensors.torch import load_file\n"
        f"from torch import nn\n{functional}"
    ).rstrip()


def _model(
    in_shape: Shape, out_shape: Shape, init: list[str], forward: list[str], normalisation: Normalisation | None
) -> str:
    lines = [
        "class Model(nn.Module):",
        f'{INDENT}"""{_describe_batch(in_shape)} to {_describe_batch(out_shape)}."""',
        "",
    ]
    lines += [f"{INDENT}def __init__(self) -> None:", f"{INDENT * 2}super().__init__()"]
    lines += [f"{INDENT * 2}{line}" for line in (*init, *_buffers(normalisation))]
    lines += ["", f"{INDENT}def forward(self, x: torch.Tensor) -> torch.Tensor:"]
    lines += [f"{INDENT * 2}{line}" for line in forward]
    end = PREPROCESS.format(axes=", ".join(map(str, in_shape))).rstrip() if normalisation else ""
    return format_code(lines) + ("\n" + end if end else "")


def _describe_batch(shape: Shape) -> str:
    return f"(batch, {', '.join(map(str, shape))})"


def _buffers(normalisation: Normalisation | None) -> list[str]:
    """The lines that make what images are normalised with."""
    if normalisation is None:
        return []
    if not normalisation.is_inline:
        shape = ", ".join(map(str, normalisation.shape))
        return [f'self.register_buffer("{name}", torch.empty({shape}))' for name in ("mean", "deviation")]
    return [
        f'self.register_buffer("{name}", torch.tensor({list(held)}).reshape{normalisation.shape}, persistent=False)'
        for name, held in (("mean", normalisation.mean), ("deviation", normalisation.deviation))
    ]


def _main(normalisation: Normalisation | None) -> str:
    if normalisation is None:
        return f'if __name__ == "__main__":\n{INDENT}summary(load())'
    return (
        f'if __name__ == "__main__":\n{INDENT}model = load()\n'
        f"{INDENT}classify(model, sys.argv[1]) if len(sys.argv) > 1 else summary(model)"
    )
