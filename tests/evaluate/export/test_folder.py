"""An exported model is whole, runs without archwright, and gives what the trained model gives."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from attrs import evolve
from safetensors.torch import load_file

import archwright as aw
from archwright.core.basic import Zero
from archwright.core.cell import topology
from archwright.core.nasbench201 import EDGES, OPERATIONS, Nasbench201Network
from archwright.evaluate.compile import compiled
from archwright.evaluate.config import Nasbench201Config, TrainingConfig
from archwright.evaluate.data import read
from archwright.evaluate.export.card import Card
from archwright.evaluate.export.folder import (
    FILES,
    FileThere,
    FolderUnwritable,
    Subject,
    WrongWeights,
    export,
)
from archwright.evaluate.export.model_file import Normalisation, Origin
from archwright.evaluate.export.normalising import normalisation
from archwright.evaluate.tensors import on_device
from tests.core.own import Glued, Shrink
from tests.evaluate.export.test_model_file import Silent, Wrong

IMAGE = (3, 9, 8)
SMALL = aw.sequential(aw.conv2d(4, 3), aw.batch_norm(), aw.relu(), aw.affine(5))
FORKS = aw.sequential(
    aw.conv2d(4, 3, stride=2),
    aw.residual(aw.sequential(aw.conv2d(6, 3), aw.batch_norm())),
    aw.branches(aw.conv2d(3, 1), aw.avg_pool2d(3, 1, "same"), aw.max_pool2d(2, 1, "same"), merge="concatenate"),
    aw.avg_pool2d(2, 2, "same"),
    aw.repeat_tied(aw.residual(aw.sequential(aw.conv2d(13, 3), aw.relu())), 3),
    aw.dropout(0.5),
    aw.affine(5),
)
CELLS = Nasbench201Network(topology(EDGES, *OPERATIONS.values(), Zero()), classes=5, channels=4, cells=2)
OWN = aw.sequential(Glued((Shrink(2), Shrink(2)), aw.conv2d(4, 1)), aw.affine(5))


def subject(architecture: aw.Term = SMALL, shape: aw.Shape = IMAGE, pixels: bool = False) -> Subject:
    """A model with weights of its own, and images that are normalised by channel or by pixel."""
    model = compiled(architecture, shape, seed=5)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point() and value.dim() < 2:
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    norm = shape if pixels else (shape[0], 1, 1)
    held = [100.0 + i for i in range(int(np.prod(norm)))]
    return Subject(
        architecture=architecture,
        in_shape=shape,
        seed=0,
        weights=model.state_dict(),
        origin=Origin("A model", {"run": "digits-1"}),
        normalisation=Normalisation(norm, held, [value / 2 for value in held]),
        card=Card({"conv2d.filters": "4"}, {"optimizer": "adam"}, {"accuracy": "0.9"}, {"torch": "2"}, "digits"),
        described={"architecture": aw.to_json(architecture)},
    )


def outputs(given: Subject, images: torch.Tensor) -> torch.Tensor:
    """What the trained module gives for raw images."""
    model = compiled(given.architecture, given.in_shape, seed=0)
    model.load_state_dict(given.weights)
    held = given.normalisation
    mean, deviation = (torch.tensor(v).reshape(held.shape) for v in (held.mean, held.deviation))
    with torch.no_grad():
        return model.eval()((images.float() - mean) / deviation)


RUN = """
import sys

sys.path.append(sys.argv[1])
try:
    import archwright
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("archwright can be imported")
sys.path.insert(0, sys.argv[2])
import numpy, torch
from model import load

images = torch.from_numpy(numpy.load(sys.argv[3]))
model = load()
with torch.no_grad():
    numpy.save(sys.argv[4], model(model.preprocess(images)).numpy())
"""


@pytest.fixture(scope="session")
def bare(tmp_path_factory) -> Path:
    """The installed packages but archwright: what `python -I -S` sees, which reads no path files."""
    folder = tmp_path_factory.mktemp("bare")
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(place).iterdir():
            if "archwright" not in path.name and path.suffix != ".pth":
                (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "pixels"),
    [(SMALL, True), (FORKS, False), (CELLS, False), (OWN, False)],
    ids=["pixels", "forks", "cells", "own"],
)
def test_an_exported_model_gives_the_same_without_archwright(tmp_path, bare, architecture, pixels):
    """In a process that cannot import archwright, and in another runtime, from raw images."""
    given = subject(architecture, pixels=pixels)
    done = export(given, tmp_path / "deep" / "model")
    assert (done.missing, tuple(path.name for path in done.files)) == ({}, FILES)
    images = torch.randint(0, 256, (7, *IMAGE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    expected = outputs(given, images)
    np.save(tmp_path / "images.npy", images.numpy())
    words = [bare, tmp_path / "deep" / "model", tmp_path / "images.npy", tmp_path / "outputs.npy"]
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", RUN, *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = torch.from_numpy(np.load(tmp_path / "outputs.npy"))
    bound = 1e-5 * float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=bound)
    session = onnxruntime.InferenceSession(tmp_path / "deep" / "model" / "model.onnx")
    held = given.normalisation
    mean, deviation = (np.float32(v).reshape(held.shape) for v in (held.mean, held.deviation))
    for size in (7, 1):
        (logits,) = session.run(None, {"images": (images.numpy()[:size].astype(np.float32) - mean) / deviation})
        np.testing.assert_allclose(logits, expected[:size], rtol=1e-4, atol=10 * bound)


@pytest.fixture
def without_onnx(monkeypatch) -> None:
    """ONNX takes seconds, and is not what the test is about."""
    monkeypatch.setattr("archwright.evaluate.export.folder.onnx_of", lambda *_: b"onnx")


@pytest.mark.usefixtures("without_onnx")
def test_the_files_say_what_the_model_is(tmp_path):
    """The architecture can be read back; the weights go by the names of the code; the card tells the rest."""
    export(subject(), tmp_path)
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


@pytest.mark.slow
@pytest.mark.usefixtures("without_onnx")
def test_the_code_is_a_program(tmp_path):
    """It prints its layers, or the classes of images."""
    export(subject(), tmp_path)
    np.save(tmp_path / "images.npy", np.zeros((2, *IMAGE), np.uint8))
    script = str(tmp_path / "model.py")
    alone, images = (
        subprocess.run([sys.executable, script, *words], capture_output=True, text=True, check=True).stdout
        for words in ([], [str(tmp_path / "images.npy")])
    )
    assert "conv.weight" in alone
    assert alone.endswith(f"{SMALL.parameters(IMAGE):,} parameters\n")
    assert [line.split(":")[0] for line in images.splitlines()] == ["image 0", "image 1"]
    assert "probability 0." in images


@pytest.mark.usefixtures("without_onnx")
def test_nothing_is_overwritten_unless_it_is_forced(tmp_path):
    """The first file that is there is named; then nothing is written."""
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(FileThere, match=r"README.md is there already; name another folder, or overwrite it with --for"):
        export(subject(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    export(subject(), tmp_path, force=True)
    assert (tmp_path / "README.md").read_text().startswith("# A model")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnwritable, match=r"file cannot be made \(File exists\); name another folder"):
        export(subject(), tmp_path / "file")


def test_weights_of_another_architecture_are_refused(tmp_path):
    with pytest.raises(WrongWeights, match=r"the weights are not those of the architecture .*size mismatch"):
        export(evolve(subject(), architecture=aw.sequential(aw.conv2d(5, 3), *SMALL.children[1:])), tmp_path)


@aw.module
class Lying(Silent):
    """A kind whose code is not what is trained."""

    kind = "lying_in_a_test"

    def source(self, in_shape: aw.Shape) -> object:  # noqa: ARG002
        return self.text


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Silent(), "silent_in_a_test has no source; give its class a method source"),
        (Wrong("nn."), "the source of wrong_in_a_test is 'nn.' "),
        (Lying("nn.Tanh()"), "compile and source of a kind of your own give other outputs"),
        (Lying("nn.BatchNorm2d(3)"), "compile and source of a kind of your own make other weights"),
        (Lying("nn.Missing()"), "the code of a kind of your own does not run:"),
    ],
)
@pytest.mark.usefixtures("without_onnx")
def test_what_a_kind_of_ones_own_does_not_tell_is_left_out(tmp_path, kind, why):
    """The rest is written, with weights that go by the names of the compiled module."""
    done = export(subject(aw.sequential(kind, aw.conv2d(4, 1), aw.affine(5))), tmp_path)
    assert [path.name for path in done.files] == [name for name in FILES if name != "model.py"]
    assert list(done.missing) == ["model.py"]
    assert why in done.missing["model.py"]
    assert "`model.py` is missing: " in (tmp_path / "README.md").read_text()
    assert "1.weight" in load_file(tmp_path / "model.safetensors")


def test_images_are_normalised_as_they_were(tmp_path):
    """As in the training; a table's evaluator has normalised none."""
    found = normalisation(TrainingConfig("digits", validation=0.3, split_seed=2), aw.affine(10))
    data = on_device(read("digits", None, 0.3, 2), torch.device("cpu"))
    image = data.train.images[:1]
    assert found.shape == (1, 1, 1)
    torch.testing.assert_close((image - found.mean[0]) / found.deviation[0], data.normalised(image))
    assert normalisation(Nasbench201Config(str(tmp_path / "table.npz")), aw.affine(10)) is None


def test_images_are_normalised_by_pixel_where_the_recipe_says_so():
    """Whether the evaluator has it or the architecture."""
    data = on_device(read("digits"), torch.device("cpu")).by_pixel
    image = data.train.images[:1]
    paper = aw.sequential(aw.settings(recipe="paper"), aw.affine(10))
    for found in (
        normalisation(TrainingConfig(), paper),
        normalisation(TrainingConfig(settings={"normalisation": "pixel"}), aw.affine(10)),
    ):
        assert found.shape == (1, 8, 8)
        mean, deviation = (torch.tensor(values).reshape(found.shape) for values in (found.mean, found.deviation))
        torch.testing.assert_close((image - mean) / deviation, data.normalised(image))
