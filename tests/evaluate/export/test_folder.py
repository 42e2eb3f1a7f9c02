"""An exported model is whole, runs without archwright, and has the outputs of the trained model."""

import errno
import json
import logging
import os
import runpy
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from attrs import evolve
from safetensors.torch import load_file

import archwright as aw
from archwright.core.modules.basic import Zero
from archwright.core.modules.graphs import topology
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, build_network
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.card import Card
from archwright.evaluate.export.folder import (
    EXPORT_FILES,
    SCRATCH_PREFIX,
    FileExists,
    ModelToExport,
    UnwritableFolder,
    export_model,
)
from archwright.evaluate.export.model_file import Provenance
from archwright.evaluate.export.result import ExportResult
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.network.example import make_example
from archwright.evaluate.training.trained_model import WrongWeights
from tests.core.user_modules import Glued, Shrink
from tests.evaluate.export.test_model_file import WithoutSource, WithSource
from tests.evaluate.token_modules import Embedding

IMAGE = (3, 9, 8)
SMALL = aw.sequential(aw.conv2d(4, 3), aw.batch_norm(), aw.relu(), aw.affine(5))
BRANCHES = aw.sequential(
    aw.conv2d(4, 3, stride=2),
    aw.residual(aw.sequential(aw.conv2d(6, 3), aw.batch_norm())),
    aw.branches(aw.conv2d(3, 1), aw.avg_pool2d(3, 1, "same"), aw.max_pool2d(2, 1, "same"), merge="concatenate"),
    aw.avg_pool2d(2, 2, "same"),
    aw.repeat_tied(aw.residual(aw.sequential(aw.conv2d(13, 3), aw.relu())), 3),
    aw.dropout(0.5),
    aw.affine(5),
)
CELLS = build_network(topology(EDGES, *OPERATIONS.values(), Zero()), classes=5, channels=4, cells=2)
USER_MODULES = aw.sequential(Glued((Shrink(2), Shrink(2)), aw.conv2d(4, 1)), aw.affine(5))
# Modules, two of them called as attributes of the graphs are of which ONNX is made.
WIRED = aw.wired(
    aw.Wiring([0, 0, aw.Joint([1, 2], "tuple"), 3], [4]),
    aw.wired(aw.Wiring([0], [0, 1]), aw.conv2d(3, 3)),
    aw.conv2d(4, 3),
    graph=aw.branches(aw.select(0), aw.sequential(aw.select(1), aw.relu())),
    meta=aw.affine(5),
)


def make_model(architecture: aw.Term = SMALL, shape: aw.Shape = IMAGE, by_pixel: bool = False) -> ModelToExport:
    """A model with random weights, and images that are normalised by channel or by pixel."""
    module = compile_architecture(architecture, shape, seed=5)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point() and value.dim() < 2:
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    mean_shape = shape if by_pixel else (shape[0], 1, 1)
    mean = [100.0 + i for i in range(int(np.prod(mean_shape)))]
    return ModelToExport(
        architecture=architecture,
        input=shape,
        seed=0,
        weights=module.state_dict(),
        origin=Provenance("A model", {"run": "digits-1"}, {"accuracy": "0.9"}),
        normalisation=Normalisation(mean_shape, mean, [value / 2 for value in mean]),
        card=Card({"conv2d.filters": "4"}, {"optimizer": "adam"}, {"torch": "2"}, "digits"),
        description={"architecture": aw.to_json(architecture)},
    )


def compute_logits(model: ModelToExport, images: torch.Tensor) -> torch.Tensor:
    """The logits of the compiled module for raw images."""
    module = compile_architecture(model.architecture, model.input, seed=0)
    module.load_state_dict(model.weights)
    norm = model.normalisation
    mean, deviation = (torch.tensor(values).reshape(norm.shape) for values in (norm.mean, norm.deviation))
    with torch.no_grad():
        return module.eval()((images.float() - mean) / deviation)


# Writes outputs.npy for the images.npy of each folder that is a line of stdin.
INFERENCE_PROGRAM = """
import sys

sys.path.append(sys.argv[1])
try:
    import archwright
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("archwright can be imported")
import numpy, torch

for folder in map(str.rstrip, sys.stdin):
    sys.path.insert(0, folder)
    sys.modules.pop("model", None)
    from model import load

    images = torch.from_numpy(numpy.load(f"{folder}/images.npy"))
    model = load()
    with torch.no_grad():
        numpy.save(f"{folder}/outputs.npy", model(model.preprocess(images)).numpy())
    print(folder, flush=True)
"""


@pytest.fixture(scope="session")
def packages_folder(tmp_path_factory) -> Path:
    """A folder with the installed packages but archwright, for `python -I -S`, which finds none by itself."""
    folder = tmp_path_factory.mktemp("packages")
    for packages in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(packages).iterdir():
            if "archwright" not in path.name and path.suffix != ".pth":
                (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def run_elsewhere(packages_folder) -> Iterator[Callable[[Path, torch.Tensor], torch.Tensor]]:
    """A function that runs a folder's model on images in another process, which cannot import archwright."""
    command = [sys.executable, "-I", "-S", "-c", INFERENCE_PROGRAM, str(packages_folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def run(folder: Path, images: torch.Tensor) -> torch.Tensor:
            np.save(folder / "images.npy", images.numpy())
            print(folder, file=process.stdin, flush=True)
            assert process.stdout.readline().rstrip() == str(folder), "it cannot be run without archwright"
            return torch.from_numpy(np.load(folder / "outputs.npy"))

        yield run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "by_pixel"),
    [(SMALL, True), (BRANCHES, False), (CELLS, False), (USER_MODULES, False), (WIRED, False)],
    ids=["pixels", "branches", "cells", "user_modules", "wired"],
)
def test_an_exported_model_has_the_same_outputs_without_archwright(tmp_path, run_elsewhere, architecture, by_pixel):
    """From raw images, in a process that cannot import archwright, and in onnxruntime."""
    model = make_model(architecture, by_pixel=by_pixel)
    names = ("cat", 'a "dog"', "Kükén", *map(str, range(architecture.out_shape(IMAGE)[0] - 3)))
    model = evolve(model, card=evolve(model.card, class_names=names))
    result = export_model(model, tmp_path / "deep" / "model")
    assert (result.missing, tuple(path.name for path in result.files)) == ({}, EXPORT_FILES)
    images = torch.randint(0, 256, (7, *IMAGE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    expected = compute_logits(model, images)
    actual = run_elsewhere(tmp_path / "deep" / "model", images)
    atol = 1e-5 * float(expected.abs().max())
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=atol)
    session = onnxruntime.InferenceSession(tmp_path / "deep" / "model" / "model.onnx")
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == list(names)
    norm = model.normalisation
    mean, deviation = (np.float32(values).reshape(norm.shape) for values in (norm.mean, norm.deviation))
    for size in (7, 1):
        (logits,) = session.run(None, {"images": (images.numpy()[:size].astype(np.float32) - mean) / deviation})
        np.testing.assert_allclose(logits, expected[:size], rtol=1e-4, atol=10 * atol)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "model_input", "name", "description"),
    [
        (
            aw.sequential(Embedding(50, 4), aw.flatten(), aw.affine(5)),
            aw.tokens(50, 20),
            "tokens",
            "Integers in [0, 50), int64, of shape (batch, 20)",
        ),
        (aw.sequential(aw.flatten(), aw.affine(5)), aw.signal(2, 16), "signal", "Floats of shape (batch, 2, 16)"),
        (aw.sequential(aw.affine(8), aw.relu(), aw.affine(5)), aw.features(12), "features", "Floats of shape"),
    ],
    ids=["tokens", "signal", "features"],
)
def test_the_input_of_an_exported_model_has_its_type_and_name(tmp_path, architecture, model_input, name, description):
    """In ONNX, in the code and in the card; its outputs there are those in torch."""
    compiled = compile_architecture(architecture, model_input, seed=0)
    provenance = Provenance("A model", {"run": "tokens-1"})
    model = ModelToExport(architecture, model_input, 0, compiled.state_dict(), provenance, None, Card())
    result = export_model(model, tmp_path)
    assert (result.missing, tuple(path.name for path in result.files)) == ({}, EXPORT_FILES)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (described,) = session.get_inputs()
    assert (described.name, described.shape[1:]) == (name, list(model_input.shape))
    assert described.type == ("tensor(int64)" if name == "tokens" else "tensor(float)")
    example = make_example(model_input, 7, seed=1)
    with torch.no_grad():
        expected = compiled.eval()(example)
        torch.testing.assert_close(runpy.run_path(str(tmp_path / "model.py"))["load"]()(example), expected)
    (outputs,) = session.run(None, {name: example.numpy()})
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    assert description in (tmp_path / "README.md").read_text()


@pytest.fixture
def without_onnx(monkeypatch) -> None:
    """No export to ONNX, which takes seconds."""
    monkeypatch.setattr("archwright.evaluate.export.folder.to_onnx", lambda *_: b"onnx")


@pytest.mark.usefixtures("without_onnx")
def test_the_files_describe_the_model(tmp_path):
    """The architecture can be read back, the weights have the names of the code, and the card has the rest."""
    export_model(make_model(), tmp_path)
    assert aw.from_json(json.loads((tmp_path / "architecture.json").read_text())["architecture"]) == SMALL
    assert "conv.weight" in load_file(tmp_path / "model.safetensors")
    text = (tmp_path / "README.md").read_text()
    for expected in (
        "# A model",
        "| run | digits-1 |",
        "| conv2d.filters | 4 |",
        "| optimizer | adam |",
        "| accuracy | 0.9 |",
        "| model.py | its code",
        "(batch, 3, 9, 8) to logits of shape (batch, 5)",
        "the mean 100, 101, 102 is subtracted, and the rest divided by the deviation 50, 50.5, 51",
        "| torch | 2 |",
    ):
        assert expected in text


@pytest.mark.usefixtures("without_onnx")
def test_the_code_is_a_program(tmp_path, monkeypatch, capsys):
    """It prints its layers, or the classes of images."""
    export_model(make_model(), tmp_path)
    np.save(tmp_path / "images.npy", np.zeros((2, *IMAGE), np.uint8))
    script = str(tmp_path / "model.py")

    def run_script(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        runpy.run_path(script, run_name="__main__")
        return capsys.readouterr().out

    summary, classes = run_script(), run_script(str(tmp_path / "images.npy"))
    assert "conv.weight" in summary
    assert summary.endswith(f"{SMALL.parameters(IMAGE):,} parameters\n")
    assert [line.split(":")[0] for line in classes.splitlines()] == ["image 0", "image 1"]
    assert "probability 0." in classes


@pytest.mark.usefixtures("without_onnx")
def test_nothing_is_overwritten_unless_it_is_forced(tmp_path):
    """The error names the first file that exists; nothing is written."""
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(
        FileExists, match=r"README.md is there already; name another folder, or overwrite it with --for"
    ):
        export_model(make_model(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    export_model(make_model(), tmp_path, force=True)
    assert (tmp_path / "README.md").read_text().startswith("# A model")


def test_a_long_reason_is_one_line_of_what_was_tried_and_the_error(tmp_path):
    reason = "the code does not run:\nTraceback (most recent call last):\n  File model.py\nNameError: name 'y'"
    result = ExportResult((tmp_path / "a",), {"model.py": reason, "model.onnx": "no package onnx"})
    told = "without model.py: the code does not run: NameError: name 'y'; without model.onnx: no package onnx"
    assert repr(result) == f"<Export in {tmp_path}: a; {told}>"


@pytest.mark.usefixtures("without_onnx")
def test_no_file_of_an_earlier_export_is_left_beside_those_of_another_model(tmp_path):
    """Such as its code, where this one's cannot be written; other files stay."""
    export_model(make_model(), tmp_path)
    (tmp_path / "model.svg").write_text("mine")
    result = export_model(make_model(aw.sequential(WithoutSource(), SMALL)), tmp_path, force=True)
    assert list(result.missing) == ["model.py"]
    assert repr(result).startswith(f"<Export in {tmp_path}: model.safetensors, architecture.json, ")
    assert "; without model.py: " in repr(result)
    expected = {name for name in EXPORT_FILES if name != "model.py"} | {"model.svg"}
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert "`model.py` is missing: " in (tmp_path / "README.md").read_text()


@pytest.mark.usefixtures("without_onnx")
def test_an_export_that_fails_half_way_changes_nothing(tmp_path, monkeypatch):
    """The earlier export is whole, or there is no folder at all."""
    export_model(make_model(), tmp_path / "old")
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    write_bytes, names = Path.write_bytes, []

    def fail_on_a_full_disk(path: Path, content: bytes) -> int:
        names.append(path.name)
        if path.name == "model.onnx":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", fail_on_a_full_disk)
    for folder in ("old", "deep/new"):
        with pytest.raises(UnwritableFolder, match=r"cannot be written to \(No space left on device\); name another"):
            export_model(evolve(make_model(), origin=Provenance("Another model", {})), tmp_path / folder, force=True)
    assert "model.safetensors" in names
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.usefixtures("without_onnx")
def test_the_scratch_folder_of_a_killed_export_is_deleted_by_the_next(tmp_path):
    """One that no process has locked; no folder of another name."""
    for name in (f"{SCRATCH_PREFIX}dead", ".export-of-mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.py").write_text("half of it")
    export_model(make_model(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*EXPORT_FILES, ".export-of-mine"}


@pytest.mark.usefixtures("without_onnx")
def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFolder, match=r"file is no folder; name another one"):
        export_model(make_model(), tmp_path / "file")
    with pytest.raises(UnwritableFolder, match=r"deep cannot be written to \(Not a directory\); name another folder"):
        export_model(make_model(), tmp_path / "file" / "deep")
    (tmp_path / "model" / "model.py").mkdir(parents=True)
    with pytest.raises(FileExists, match=r"model.py is a folder"):
        export_model(make_model(), tmp_path / "model", force=True)


def test_weights_of_another_architecture_are_refused(tmp_path):
    with pytest.raises(WrongWeights, match=r"the weights are not those of the architecture .*size mismatch"):
        export_model(
            evolve(make_model(), architecture=aw.sequential(aw.conv2d(5, 3), *SMALL.children[1:])), tmp_path / "model"
        )
    assert list(tmp_path.iterdir()) == []


@aw.module
class FailingSource(WithoutSource):
    """A kind whose method `source` raises."""

    kind = "failing_source_in_a_test"

    def source(self, in_shape: aw.Shape) -> object:
        return in_shape[0] / 0


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (WithoutSource(), "WithoutSource has no source; give the class a method source"),
        (WithSource("nn."), "the source of WithSource is 'nn.' "),
        (WithSource("nn.Tanh()"), "compile and source of WithSource give different outputs"),
        (WithSource("nn.BatchNorm2d(3)"), "compile and source of WithSource make different weights"),
        (WithSource("nn.Missing()"), "the code that source of WithSource gives does not run:"),
        (FailingSource(), "the method source of FailingSource failed:\n"),
        (FailingSource(), "ZeroDivisionError: "),
    ],
)
@pytest.mark.usefixtures("without_onnx")
def test_the_code_is_left_out_where_a_kind_has_no_right_source(tmp_path, kind, reason):
    """The rest is written; the weights have the names of the compiled module."""
    result = export_model(make_model(aw.sequential(kind, aw.conv2d(4, 1), aw.affine(5))), tmp_path)
    assert [path.name for path in result.files] == [name for name in EXPORT_FILES if name != "model.py"]
    assert list(result.missing) == ["model.py"]
    assert reason in result.missing["model.py"]
    assert "`model.py` is missing: " in (tmp_path / "README.md").read_text()
    assert "1.weight" in load_file(tmp_path / "model.safetensors")


@aw.module
class WithoutOnnx(WithoutSource):
    """A kind that ONNX has no operator for."""

    kind = "without_onnx_in_a_test"

    def compile(self, in_shape: aw.Shape) -> object:
        class BesselSum(torch.nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x + torch.special.bessel_j0(x)

        return BesselSum()


@pytest.mark.slow
def test_a_module_that_onnx_has_no_operator_for_costs_that_file_alone(tmp_path):
    """The reason is one line."""
    result = export_model(make_model(aw.sequential(WithoutOnnx(), aw.affine(5))), tmp_path)
    reason = "DispatchError: No ONNX function found for <OpOverload(op='prims.bessel_j0'"
    assert result.missing["model.onnx"].startswith(f"torch cannot export the model to ONNX: {reason}")
    assert len(result.missing["model.onnx"].splitlines()) == 1
    assert (tmp_path / "model.safetensors").is_file()
    assert not (tmp_path / "model.onnx").exists()


def test_only_the_root_cause_of_a_failed_onnx_export_is_reported(tmp_path, monkeypatch, capfd, caplog):
    """Torch prints and logs whole programs."""

    def fail(*_: object, **__: object) -> None:
        sys.stdout.write("a program")
        sys.stderr.write("a program")
        logging.getLogger("torch").warning("a program")
        try:
            raise ValueError("the innermost\nand more (Refer to the full stack trace above)")
        except ValueError as error:
            raise RuntimeError("Failed to export the model. Next steps:") from error

    monkeypatch.setattr(torch.onnx, "export", fail)
    result = export_model(make_model(), tmp_path)
    assert result.missing == {"model.onnx": "torch cannot export the model to ONNX: ValueError: the innermost"}
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    logging.getLogger("torch").warning("heard")
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("without_onnx")
@pytest.mark.parametrize(("mean_shape", "unit"), [((3, 1, 1), "channel"), ((1, 4, 4), "pixel"), ((1, 3, 3), "pixel")])
def test_the_card_says_whether_a_mean_is_of_channels_or_pixels(tmp_path, mean_shape, unit):
    """By its shape, however small it is."""
    shape = IMAGE if unit == "channel" else mean_shape
    values = [float(i + 1) for i in range(int(np.prod(mean_shape)))]
    model = evolve(make_model(aw.affine(5), shape), normalisation=Normalisation(mean_shape, values, values))
    export_model(model, tmp_path)
    assert f"of each {unit} the mean 1, 2, 3" in (tmp_path / "README.md").read_text()
