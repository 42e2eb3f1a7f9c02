"""An exported model is whole, runs without archwright, and gives what the trained model gives."""

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
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, Nasbench201Network
from archwright.evaluate.config import Nasbench201Config, TrainingConfig
from archwright.evaluate.data import builtin
from archwright.evaluate.data.dataset import NoSuchData
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import Normalisation, to_device
from archwright.evaluate.export.card import Card
from archwright.evaluate.export.folder import (
    EXPORT_FILES,
    SCRATCH_PREFIX,
    FileExists,
    ModelToExport,
    UnwritableFolder,
    WrongWeights,
    export_model,
)
from archwright.evaluate.export.model_file import Provenance
from archwright.evaluate.export.normalisation import find_normalisation
from archwright.evaluate.network.compile import compile_architecture
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


def subject(architecture: aw.Term = SMALL, shape: aw.Shape = IMAGE, pixels: bool = False) -> ModelToExport:
    """A model with weights of its own, and images that are normalised by channel or by pixel."""
    model = compile_architecture(architecture, shape, seed=5)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point() and value.dim() < 2:
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    norm = shape if pixels else (shape[0], 1, 1)
    held = [100.0 + i for i in range(int(np.prod(norm)))]
    return ModelToExport(
        architecture=architecture,
        in_shape=shape,
        seed=0,
        weights=model.state_dict(),
        origin=Provenance("A model", {"run": "digits-1"}, {"accuracy": "0.9"}),
        normalisation=Normalisation(norm, held, [value / 2 for value in held]),
        card=Card({"conv2d.filters": "4"}, {"optimizer": "adam"}, {"torch": "2"}, "digits"),
        description={"architecture": aw.to_json(architecture)},
    )


def outputs(given: ModelToExport, images: torch.Tensor) -> torch.Tensor:
    """What the trained module gives for raw images."""
    model = compile_architecture(given.architecture, given.in_shape, seed=0)
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
def bare(tmp_path_factory) -> Path:
    """The installed packages but archwright: what `python -I -S` sees, which reads no path files."""
    folder = tmp_path_factory.mktemp("bare")
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(place).iterdir():
            if "archwright" not in path.name and path.suffix != ".pth":
                (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def elsewhere(bare) -> Iterator[Callable[[Path, torch.Tensor], torch.Tensor]]:
    """What the model of a folder gives for images in another process, which cannot import archwright."""
    words = [sys.executable, "-I", "-S", "-c", RUN, str(bare)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def given_by(folder: Path, images: torch.Tensor) -> torch.Tensor:
            np.save(folder / "images.npy", images.numpy())
            print(folder, file=process.stdin, flush=True)
            assert process.stdout.readline().rstrip() == str(folder), "it cannot be run without archwright"
            return torch.from_numpy(np.load(folder / "outputs.npy"))

        yield given_by


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "pixels"),
    [(SMALL, True), (FORKS, False), (CELLS, False), (OWN, False)],
    ids=["pixels", "forks", "cells", "own"],
)
def test_an_exported_model_gives_the_same_without_archwright(tmp_path, elsewhere, architecture, pixels):
    """In a process that cannot import archwright, and in another runtime, from raw images."""
    given = subject(architecture, pixels=pixels)
    names = ("cat", 'a "dog"', "Kükén", *map(str, range(architecture.out_shape(IMAGE)[0] - 3)))
    given = evolve(given, card=evolve(given.card, class_names=names))
    done = export_model(given, tmp_path / "deep" / "model")
    assert (done.missing, tuple(path.name for path in done.files)) == ({}, EXPORT_FILES)
    images = torch.randint(0, 256, (7, *IMAGE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    expected = outputs(given, images)
    found = elsewhere(tmp_path / "deep" / "model", images)
    bound = 1e-5 * float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=bound)
    session = onnxruntime.InferenceSession(tmp_path / "deep" / "model" / "model.onnx")
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == list(names)
    held = given.normalisation
    mean, deviation = (np.float32(v).reshape(held.shape) for v in (held.mean, held.deviation))
    for size in (7, 1):
        (logits,) = session.run(None, {"images": (images.numpy()[:size].astype(np.float32) - mean) / deviation})
        np.testing.assert_allclose(logits, expected[:size], rtol=1e-4, atol=10 * bound)


@pytest.fixture
def without_onnx(monkeypatch) -> None:
    """ONNX takes seconds, and is not what the test is about."""
    monkeypatch.setattr("archwright.evaluate.export.folder.to_onnx", lambda *_: b"onnx")


@pytest.mark.usefixtures("without_onnx")
def test_the_files_say_what_the_model_is(tmp_path):
    """The architecture can be read back; the weights go by the names of the code; the card tells the rest."""
    export_model(subject(), tmp_path)
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
    export_model(subject(), tmp_path)
    np.save(tmp_path / "images.npy", np.zeros((2, *IMAGE), np.uint8))
    script = str(tmp_path / "model.py")

    def said(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", [script, *words])
        runpy.run_path(script, run_name="__main__")
        return capsys.readouterr().out

    alone, images = said(), said(str(tmp_path / "images.npy"))
    assert "conv.weight" in alone
    assert alone.endswith(f"{SMALL.parameters(IMAGE):,} parameters\n")
    assert [line.split(":")[0] for line in images.splitlines()] == ["image 0", "image 1"]
    assert "probability 0." in images


@pytest.mark.usefixtures("without_onnx")
def test_nothing_is_overwritten_unless_it_is_forced(tmp_path):
    """The first file that is there is named; then nothing is written."""
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(
        FileExists, match=r"README.md is there already; name another folder, or overwrite it with --for"
    ):
        export_model(subject(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    export_model(subject(), tmp_path, force=True)
    assert (tmp_path / "README.md").read_text().startswith("# A model")


@pytest.mark.usefixtures("without_onnx")
def test_no_file_of_an_earlier_export_is_left_beside_those_of_another_model(tmp_path):
    """Such as its code, where this one's cannot be written; what is not ours stays."""
    export_model(subject(), tmp_path)
    (tmp_path / "model.svg").write_text("mine")
    done = export_model(subject(aw.sequential(Silent(), SMALL)), tmp_path, force=True)
    assert list(done.missing) == ["model.py"]
    left = {name for name in EXPORT_FILES if name != "model.py"} | {"model.svg"}
    assert {path.name for path in tmp_path.iterdir()} == left
    assert "`model.py` is missing: " in (tmp_path / "README.md").read_text()


@pytest.mark.usefixtures("without_onnx")
def test_an_export_that_fails_half_way_leaves_what_was_there(tmp_path, monkeypatch):
    """The earlier export whole, or no folder at all."""
    export_model(subject(), tmp_path / "old")
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    write, written = Path.write_bytes, []

    def fills_the_disk(path: Path, content: bytes) -> int:
        written.append(path.name)
        if path.name == "model.onnx":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fills_the_disk)
    for folder in ("old", "deep/new"):
        with pytest.raises(UnwritableFolder, match=r"cannot be written to \(No space left on device\); name another"):
            export_model(evolve(subject(), origin=Provenance("Another model", {})), tmp_path / folder, force=True)
    assert "model.safetensors" in written
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.usefixtures("without_onnx")
def test_what_a_killed_export_has_left_is_gone_after_the_next(tmp_path):
    """The folders of nobody, by name and by lock; not one of a person's."""
    for name in (f"{SCRATCH_PREFIX}dead", ".export-of-mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.py").write_text("half of it")
    export_model(subject(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*EXPORT_FILES, ".export-of-mine"}


@pytest.mark.usefixtures("without_onnx")
def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """Before anything is worked out."""
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFolder, match=r"file is no folder; name another one"):
        export_model(subject(), tmp_path / "file")
    with pytest.raises(UnwritableFolder, match=r"deep cannot be written to \(Not a directory\); name another folder"):
        export_model(subject(), tmp_path / "file" / "deep")
    (tmp_path / "model" / "model.py").mkdir(parents=True)
    with pytest.raises(FileExists, match=r"model.py is a folder"):
        export_model(subject(), tmp_path / "model", force=True)


def test_weights_of_another_architecture_are_refused(tmp_path):
    with pytest.raises(WrongWeights, match=r"the weights are not those of the architecture .*size mismatch"):
        export_model(
            evolve(subject(), architecture=aw.sequential(aw.conv2d(5, 3), *SMALL.children[1:])), tmp_path / "model"
        )
    assert list(tmp_path.iterdir()) == []


@aw.module
class Lying(Silent):
    """A kind whose code is not what is trained."""

    kind = "lying_in_a_test"

    def source(self, in_shape: aw.Shape) -> object:
        return self.text


@aw.module
class Raising(Silent):
    """A kind whose code cannot be had."""

    kind = "raising_in_a_test"

    def source(self, in_shape: aw.Shape) -> object:
        return in_shape[0] / 0


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Silent(), "Silent has no source; give the class a method source"),
        (Wrong("nn."), "the source of Wrong is 'nn.' "),
        (Lying("nn.Tanh()"), "compile and source of Lying give different outputs"),
        (Lying("nn.BatchNorm2d(3)"), "compile and source of Lying make different weights"),
        (Lying("nn.Missing()"), "the code that source of Lying gives does not run:"),
        (Raising(), "the method source of Raising failed:\n"),
        (Raising(), "ZeroDivisionError: "),
    ],
)
@pytest.mark.usefixtures("without_onnx")
def test_what_a_kind_of_ones_own_does_not_tell_is_left_out(tmp_path, kind, why):
    """The rest is written, with weights that go by the names of the compiled module."""
    done = export_model(subject(aw.sequential(kind, aw.conv2d(4, 1), aw.affine(5))), tmp_path)
    assert [path.name for path in done.files] == [name for name in EXPORT_FILES if name != "model.py"]
    assert list(done.missing) == ["model.py"]
    assert why in done.missing["model.py"]
    assert "`model.py` is missing: " in (tmp_path / "README.md").read_text()
    assert "1.weight" in load_file(tmp_path / "model.safetensors")


@aw.module
class Sorting(Silent):
    """A kind that ONNX has no operator for."""

    kind = "sorting_in_a_test"

    def compile(self, in_shape: aw.Shape) -> object:
        class Sorted(torch.nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x + torch.special.bessel_j0(x)

        return Sorted()


@pytest.mark.slow
def test_a_module_that_onnx_has_no_operator_for_costs_that_file_alone(tmp_path):
    """Why is said in a line: torch's own message says where to look for it."""
    done = export_model(subject(aw.sequential(Sorting(), aw.affine(5))), tmp_path)
    found = "DispatchError: No ONNX function found for <OpOverload(op='prims.bessel_j0'"
    assert done.missing["model.onnx"].startswith(f"torch cannot export the model to ONNX: {found}")
    assert len(done.missing["model.onnx"].splitlines()) == 1
    assert (tmp_path / "model.safetensors").is_file()
    assert not (tmp_path / "model.onnx").exists()


def test_of_what_torch_says_when_it_cannot_export_only_the_cause_is_told(tmp_path, monkeypatch, capfd, caplog):
    """It prints and logs whole programs."""

    def fails(*_: object, **__: object) -> None:
        sys.stdout.write("a program")
        sys.stderr.write("a program")
        logging.getLogger("torch").warning("a program")
        try:
            raise ValueError("the innermost\nand more (Refer to the full stack trace above)")
        except ValueError as error:
            raise RuntimeError("Failed to export the model. Next steps:") from error

    monkeypatch.setattr(torch.onnx, "export", fails)
    done = export_model(subject(), tmp_path)
    assert done.missing == {"model.onnx": "torch cannot export the model to ONNX: ValueError: the innermost"}
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    logging.getLogger("torch").warning("heard")
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("without_onnx")
@pytest.mark.parametrize(("size", "each"), [((3, 1, 1), "channel"), ((1, 4, 4), "pixel"), ((1, 3, 3), "pixel")])
def test_the_card_says_what_has_a_mean_by_its_shape(tmp_path, size, each):
    """However few numbers that are."""
    shape = IMAGE if each == "channel" else size
    architecture, numbers = aw.affine(5), [float(i + 1) for i in range(int(np.prod(size)))]
    given = evolve(subject(architecture, shape), normalisation=Normalisation(size, numbers, numbers))
    export_model(given, tmp_path)
    assert f"of each {each} the mean 1, 2, 3" in (tmp_path / "README.md").read_text()


def test_images_are_normalised_as_they_were(tmp_path):
    """As in the training; a table's evaluator has normalised none."""
    found = find_normalisation(TrainingConfig("digits", validation=0.3, split_seed=2), aw.affine(10))
    data = to_device(load_dataset("digits", None, 0.3, 2), torch.device("cpu"))
    image = data.train.images[:1]
    assert found.shape == (1, 1, 1)
    torch.testing.assert_close((image - found.mean[0]) / found.deviation[0], data.normalised(image))
    assert find_normalisation(Nasbench201Config(str(tmp_path / "table.npz")), aw.affine(10)) is None


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_data_is_not_downloaded_only_to_normalise_images(tmp_path, monkeypatch, name):
    """Neither of the two ways in which data sets lie on a disk."""
    monkeypatch.setattr(builtin, "_download", lambda *_: pytest.fail("it was downloaded"))
    with pytest.raises(NoSuchData, match=f"{name} is not in .*; give --data-dir"):
        find_normalisation(TrainingConfig(name), aw.affine(10), str(tmp_path))
    with pytest.raises(NoSuchData, match="there is nothing at"):
        find_normalisation(TrainingConfig(f"npz:{tmp_path}/gone.npz"), aw.affine(10))


def test_images_are_normalised_by_pixel_where_the_recipe_says_so():
    """Whether the evaluator has it or the architecture."""
    data = to_device(load_dataset("digits"), torch.device("cpu")).by_pixel
    image = data.train.images[:1]
    paper = aw.sequential(aw.settings(recipe="paper"), aw.affine(10))
    for found in (
        find_normalisation(TrainingConfig(), paper),
        find_normalisation(TrainingConfig(settings={"normalisation": "pixel"}), aw.affine(10)),
    ):
        assert found.shape == (1, 8, 8)
        mean, deviation = (torch.tensor(values).reshape(found.shape) for values in (found.mean, found.deviation))
        torch.testing.assert_close((image - mean) / deviation, data.normalised(image))
