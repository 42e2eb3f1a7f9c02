"""A training of one's own with Lightning, for the models of a search; needs `pip install lightning`.

archwright search digits --evaluator examples/train_lightning.py:train --data digits --trials 4 --budget 2epochs
"""

import logging
import warnings

import lightning
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # no banner for each trial
warnings.filterwarnings("ignore", message=".*does not have many workers.*")  # the images are in memory


def train(model, settings, budget, data, device, seed, report):
    """The accuracy and the loss on the validation images after the last epoch."""
    limits = {"epochs": {"max_epochs": round(budget.amount)}, "seconds": {"max_time": {"seconds": budget.amount}}}
    if budget.unit not in limits:
        raise ValueError(f"the budget is {budget}; this training counts epochs or seconds, as in 5epochs or 30s")
    trainer = lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else device.type,
        devices=[device.index or 0] if device.type == "cuda" else 1,  # the one of this worker, and no other
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **limits[budget.unit],
    )
    size = settings.get("batch_size", 64)
    order = torch.Generator().manual_seed(seed)
    trainer.fit(
        Classifier(model, settings, report),
        DataLoader(make_dataset(data, data.train), size, shuffle=True, generator=order),
        DataLoader(make_dataset(data, data.validation), 512),
    )
    return {name: trainer.callback_metrics[name] for name in ("accuracy", "loss")}


def make_dataset(data, split):
    """A split on the CPU: Lightning moves each batch to the device itself."""
    return TensorDataset(data.normalised(split.images).cpu(), split.labels.cpu())


class Classifier(lightning.LightningModule):
    """A model of the search with its loss, its optimizer, and its reports to the search."""

    def __init__(self, model, settings, report):
        super().__init__()
        self.model, self.settings, self.report = model, settings, report

    def configure_optimizers(self):
        """The optimizer that the search chose."""
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[self.settings["optimizer"]]
        return kind(self.model.parameters(), lr=self.settings["learning_rate"])

    def training_step(self, batch, _):
        """The loss of a batch."""
        images, labels = batch
        return functional.cross_entropy(self.model(images), labels)

    def validation_step(self, batch, _):
        """Logs the metrics, which Lightning averages over the validation images."""
        images, labels = batch
        logits = self.model(images)
        self.log("loss", functional.cross_entropy(logits, labels))
        self.log("accuracy", (logits.argmax(1) == labels).float().mean())

    def on_validation_epoch_end(self):
        """Reports an epoch, but not Lightning's trial run of the validation before the first one."""
        if not self.trainer.sanity_checking:
            self.report(self.current_epoch + 1, **self.trainer.callback_metrics)
