"""A training of one's own in plain PyTorch, for the models of a search.

archwright search digits --evaluator examples/train_pytorch.py:train --data digits --trials 4 --budget 2epochs
"""

from copy import deepcopy

import torch
from torch import nn
from torch.nn import functional


def train(model, settings, budget, data, seed, report):
    """The accuracy on the validation images of the best epoch, with whose weights the model is left.

    All of the data is on the model's device already.
    """
    if budget.unit != "epochs":
        raise ValueError(f"the budget is {budget}; this training counts epochs, as in 5epochs")
    optimizer_class = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[settings["optimizer"]]
    optimizer = optimizer_class(model.parameters(), lr=settings["learning_rate"])
    order = torch.Generator().manual_seed(seed)
    best_metrics, best_weights = {"accuracy": -1.0}, model.state_dict()
    try:
        for epoch in range(1, round(budget.amount) + 1):
            model.train()
            for batch in torch.randperm(len(data.train), generator=order).split(settings.get("batch_size", 64)):
                loss = train_step(model, optimizer, data.normalised(data.train.images[batch]), data.train.labels[batch])
            metrics = {"accuracy": compute_accuracy(model, data, data.validation), "train_loss": loss}
            if metrics["accuracy"] > best_metrics["accuracy"]:
                best_metrics, best_weights = metrics, deepcopy(model.state_dict())
            report(epoch, **metrics)  # into the log, for curves; raises here if the trial is stopped early
    finally:
        model.load_state_dict(best_weights)  # the model is saved as this function leaves it
    return best_metrics  # the search maximizes accuracy, unless --metric names another of these


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Take one step of the optimizer and return the loss before it."""
    loss = functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if not loss.isfinite():
        raise FloatingPointError(f"the training loss is {loss.item()}")  # the trial has diverged
    return loss.item()


@torch.inference_mode()
def compute_accuracy(model: nn.Module, data, split) -> float:
    """The fraction of a split's images that the model classifies correctly."""
    model.eval()
    correct = sum(
        int((model(data.normalised(images)).argmax(1) == labels).sum())
        for images, labels in zip(split.images.split(512), split.labels.split(512), strict=True)
    )
    return correct / len(split)
