"""The code of model.py: PyTorch that runs without archwright, and says where it came from."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from pprint import pformat

from attrs import field, frozen

from archwright.core.errors import to_one_line
from archwright.core.input import Input, as_input
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.classes import (
    INDENT,
    WIDTH,
    collect_preambles,
    define_classes,
    format_code,
    write_class,
    write_methods,
)
from archwright.evaluate.export.joints import NORMALISE
from archwright.evaluate.export.operations import collect_integers
from archwright.evaluate.export.translate import translate
from archwright.evaluate.export.user_source import BadModuleSource
from archwright.evaluate.network.merges import EPSILON

RESERVED_NAMES = (
    "Model",
    "load",
    "summary",
    "classify",
    "mean_of_windows",
    "normalise",
    "CLASSES",
    "torch",
    "nn",
    "F",
    "sys",
    "Path",
)

MEAN_OF_WINDOWS = '''
def mean_of_windows(x: torch.Tensor, size: int, stride: int, margins: tuple[int, int, int, int]) -> torch.Tensor:
    """The mean of each window of images with margins (left, right, top, bottom), which do not count."""
    inside = F.avg_pool2d(F.pad(torch.ones_like(x[:1, :1]), margins), size, stride)
    return F.avg_pool2d(F.pad(x, margins), size, stride) / inside
'''

PREPROCESS = '''
    def preprocess(self, {name}: torch.Tensor) -> torch.Tensor:
        """Of {elements} (batch, {axes}) as they come, floats: normalised as the training data."""
        return ({name}.float() - self.mean) / self.deviation
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
    """Print the class of each input in an .npy file: {elements} (n, {axes})."""
    import numpy

    inputs = torch.from_numpy(numpy.load(file))
    with torch.inference_mode():
        shares = model(model.preprocess(inputs)).softmax(1)
    for i, (share, label) in enumerate(zip(*shares.max(1), strict=True)):
        print(f"{noun} {{i}}: {name}, probability {{share:.3f}}")
'''


@frozen
class Provenance:
    """Where a model came from."""

    title: str  # one line
    facts: Mapping[str, str]  # such as run, trial and seed, in the order in which they are shown
    scores: Mapping[str, str] = field(factory=dict[str, str])  # metrics by their descriptions


def write_model_file(
    architecture: Term,
    in_shape: Input | Iterable[int],
    origin: Provenance,
    normalisation: Normalisation | None,
    class_names: Sequence[str] = (),
) -> str:
    """The code of model.py for such an input, or of that shape; raises NoModuleSource or BadModuleSource."""
    model_input = as_input(in_shape)
    shape = model_input.shape
    operations = translate(architecture, shape)
    preambles = collect_preambles(operations)
    definitions = _list_definitions(preambles)
    if taken := next((name for name in definitions if name in RESERVED_NAMES), None):
        raise BadModuleSource(f"the source of a module defines {taken}, as model.py does; give it another name")
    classes = define_classes(operations, [*RESERVED_NAMES, *definitions])
    integers = [str(value) for _, value in collect_integers(operations)]
    init, forward = write_methods(operations, classes, integers, shape_comments=True)
    model = _write_model(model_input, architecture.out_shape(shape), init, forward, normalisation)
    class_texts = [write_class(definition, classes) for definition in classes.values()]
    parts = [*preambles, *class_texts, model, LOAD.strip(), SUMMARY.strip()]
    if normalisation:
        name = "{CLASSES[int(label)]}" if class_names else "class {label}"  # for an f-string of the code
        parts.append(CLASSIFY.format(axes=_join_axes(shape), name=name, **_name_raw_inputs(model_input)).strip())
    parts.append(_write_main(normalisation))
    body = "\n\n\n".join(parts)
    for call, function in (
        (r"mean_of_windows\(", MEAN_OF_WINDOWS),
        (r"normalise\(\s*scales", NORMALISE.format(epsilon=EPSILON)),
    ):
        if re.search(call, body):
            body = f"{function.strip()}\n\n\n{body}"
    header = _write_imports(body) + (f"\n\n{_write_class_names(class_names)}" if class_names else "")
    return f"{_write_docstring(origin, normalisation, model_input.tensor_name)}\n\n{header}\n\n\n{body}\n"


def _write_class_names(class_names: Sequence[str]) -> str:
    """The constant with the names of the classes, several to a line."""
    # Of a list: pprint does not break up its texts where they fit in a line.
    names = pformat(list(class_names), width=WIDTH - len(INDENT), compact=True)[1:-1]
    lines = "\n".join(INDENT + line.strip() for line in names.splitlines())
    return f"CLASSES = (  # of the logits, in their order\n{lines},\n)"


def _list_definitions(preambles: Sequence[str]) -> list[str]:
    """The names of classes and functions that preambles define."""
    return [
        statement.name
        for preamble in preambles
        for statement in ast.parse(preamble).body
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _write_docstring(origin: Provenance, normalisation: Normalisation | None, name: str) -> str:
    """The docstring of the file; `name` is that of its inputs."""
    facts = {**origin.facts, **origin.scores}
    width = max(map(len, facts), default=0)
    rows = [to_one_line(f"{name:{width}}  {value}") for name, value in facts.items()]
    usage = ["    python model.py               prints its layers"]
    if normalisation:
        usage.append(f"    python model.py {f'{name}.npy':13} prints the classes of {name}")
    load = "load() gives the model with the weights beside this file."
    text = "\n".join([to_one_line(origin.title), "", *rows, "", load, "", *usage])
    return '"""' + text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '\n"""'


def _write_imports(body: str) -> str:
    functional = "from torch.nn import functional as F\n" if re.search(r"\bF\.", body) else ""
    standard = "import sys\n" if "sys." in body else ""
    return (
        f"{standard}from pathlib import Path\n\nimport torch\nfrom safetensors.torch import load_file\n"
        f"from torch import nn\n{functional}"
    ).rstrip()


def _write_model(
    model_input: Input, out_shape: Shape, init: list[str], forward: list[str], normalisation: Normalisation | None
) -> str:
    """The class Model; `init` and `forward` are the lines of its methods."""
    lines = [
        "class Model(nn.Module):",
        f'{INDENT}"""{_describe_input(model_input)} to (batch, {_join_axes(out_shape)})."""',
        "",
    ]
    lines += [f"{INDENT}def __init__(self) -> None:", f"{INDENT * 2}super().__init__()"]
    lines += [f"{INDENT * 2}{line}" for line in (*init, *_write_buffers(normalisation))]
    lines += ["", f"{INDENT}def forward(self, x: torch.Tensor) -> torch.Tensor:"]
    lines += [f"{INDENT * 2}{line}" for line in forward]
    preprocess = (
        "\n"
        + PREPROCESS.format(
            axes=_join_axes(model_input),
            name=model_input.tensor_name,
            elements=_name_raw_inputs(model_input)["elements"],
        ).rstrip()
        if normalisation
        else ""
    )
    return format_code(lines) + preprocess


def _describe_input(model_input: Input) -> str:
    batch = f"(batch, {_join_axes(model_input)})"
    if model_input.vocabulary is None:
        return batch
    return f"Integers in [0, {model_input.vocabulary}), {model_input.element_type} {batch},"


def _name_raw_inputs(model_input: Input) -> Mapping[str, str]:
    """What inputs are before they are normalised, and one of them, by the names in the code's templates."""
    is_image = model_input.kind == "image"
    return {"elements": "uint8" if is_image else "numbers", "noun": "image" if is_image else "input"}


def _join_axes(shape: Iterable[int]) -> str:
    return ", ".join(map(str, shape))


def _write_buffers(normalisation: Normalisation | None) -> list[str]:
    """The lines of __init__ that register mean and deviation; the values of large ones come with the weights."""
    if normalisation is None:
        return []
    if not normalisation.is_inline:
        empty = f"torch.empty({_join_axes(normalisation.shape)})"
        return [f'self.register_buffer("{name}", {empty})' for name in ("mean", "deviation")]
    return [
        f'self.register_buffer("{name}", torch.tensor({list(values)}).reshape{normalisation.shape}, persistent=False)'
        for name, values in (("mean", normalisation.mean), ("deviation", normalisation.deviation))
    ]


def _write_main(normalisation: Normalisation | None) -> str:
    if normalisation is None:
        return f'if __name__ == "__main__":\n{INDENT}summary(load())'
    return (
        f'if __name__ == "__main__":\n{INDENT}model = load()\n'
        f"{INDENT}classify(model, sys.argv[1]) if len(sys.argv) > 1 else summary(model)"
    )
