"""The verdict on an attempt at a job: its status and the metrics that it measured."""

from collections.abc import Callable, Mapping

from attrs import field, frozen

from archwright.core.protocols import EarlyStop, Job, Status
from archwright.core.tracebacks import format_traceback
from archwright.evaluate.user_errors import is_out_of_memory

Metrics = Mapping[str, float]  # by name
# Called after an epoch with its number and metrics; returns why the attempt should stop early, or "" to go on.
ReportEpoch = Callable[[int, Metrics], str]


@frozen
class Verdict:
    """The result of an attempt, as the code that runs it returns it; an attempt that raises instead has crashed."""

    status: Status
    # As measured, NaN too: the search knows which of them is its objective.
    metrics: Metrics = field(factory=dict[str, float])
    error: str = ""
    stopped: EarlyStop | None = None


def refuse_architecture(error: Exception) -> Verdict:
    """The verdict on a job whose architecture raised this before it could be tried: invalid.

    Where memory ran out, that is the machine's fault: raises the error again.
    """
    if is_out_of_memory(error):
        raise error
    return Verdict("invalid", error=format_traceback(error))


Evaluate = Callable[[Job, ReportEpoch], Verdict]


# The numbers that every trial has whose training came to a good end, and what they mean.
TRAINING_METRICS: Mapping[str, str] = {
    "accuracy": "on the validation images, of the epoch whose weights are kept; a fraction",
    "loss": "the mean cross-entropy there",
    "last_accuracy": "on the validation images after the last epoch",
    "test_accuracy": "on the test images, with the weights that are kept; no searcher is told",
    "test_loss": "the mean cross-entropy there; no searcher is told",
    "train_accuracy": "on the training images in that epoch, as they were trained on while the model changed",
    "train_loss": "the mean loss there, as the recipe has it",
    "epochs": "how many were trained, the last perhaps in part",
    "best_epoch": "the one with the best accuracy on the validation images",
    "train_seconds": "of training, without validation",
    "examples_per_second": "images trained on in a second of these",
    "parameters": "that training changes",
    "flops": (
        "of one image's forward pass: two for a multiplication with its addition in products of matrices, "
        "convolutions, attention and recurrent layers, none for anything else, such as embeddings, normalisation, "
        "activations and pooling; not there where a weight is used in a way whose cost is not known, or where none is "
        "seen in use"
    ),
    "latency_seconds": (
        "of a forward pass of 32 images that are in place and normalised, in eval mode: the median of 3 to 9 after one "
        "that warms up"
    ),
    "peak_memory_bytes": (
        "the most that the trial took beyond what its worker held before: of a GPU, what its tensors take; on a CPU, "
        "how far the process grew in RAM, which only Linux tells, and less than the truth where memory of an earlier "
        "trial was used again"
    ),
}
