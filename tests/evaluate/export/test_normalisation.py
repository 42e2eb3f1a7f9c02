"""The normalisation that is found from a configuration is that of its evaluations."""

import pytest
import torch

import archwright as aw
from archwright.evaluate.data import builtin
from archwright.evaluate.data.dataset import NoSuchData
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.export.normalisation import find_normalisation
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.evaluate.training.evaluation import Training


def test_images_are_normalised_as_in_the_training(tmp_path):
    """A table's evaluator has normalised none."""
    normalisation = find_normalisation(Training("digits", validation=0.3, split_seed=2), aw.affine(10))
    data = to_device(load_dataset("digits", None, 0.3, 2), torch.device("cpu"))
    image = data.train.images[:1]
    assert normalisation.shape == (1, 1, 1)
    torch.testing.assert_close((image - normalisation.mean[0]) / normalisation.deviation[0], data.normalised(image))
    assert find_normalisation(Nasbench201(str(tmp_path / "table.npz")), aw.affine(10)) is None


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_data_is_not_downloaded_only_to_normalise_images(tmp_path, monkeypatch, name):
    """Neither a built-in set nor one at a path."""
    monkeypatch.setattr(builtin, "_download", lambda *_: pytest.fail("it was downloaded"))
    with pytest.raises(NoSuchData, match=f"{name} is not in .*; give --data-dir"):
        find_normalisation(Training(name), aw.affine(10), str(tmp_path))
    with pytest.raises(NoSuchData, match="there is nothing at"):
        find_normalisation(Training(f"npz:{tmp_path}/gone.npz"), aw.affine(10))


def test_images_are_normalised_by_pixel_where_the_recipe_says_so():
    """Whether the setting is the evaluator's or the architecture's."""
    data = to_device(load_dataset("digits"), torch.device("cpu")).with_pixel_normalisation
    image = data.train.images[:1]
    paper = aw.sequential(aw.settings(recipe="paper"), aw.affine(10))
    for normalisation in (
        find_normalisation(Training(), paper),
        find_normalisation(Training(settings={"normalisation": "pixel"}), aw.affine(10)),
    ):
        assert normalisation.shape == (1, 8, 8)
        mean, deviation = (
            torch.tensor(values).reshape(normalisation.shape)
            for values in (normalisation.mean, normalisation.deviation)
        )
        torch.testing.assert_close((image - mean) / deviation, data.normalised(image))
