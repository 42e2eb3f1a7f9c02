"""The normalisation of the images that a run has read, where it was not kept with a model."""

from archwright.core.term import Term
from archwright.evaluate.data.loading import UnknownData, is_user_data, require_local_dataset
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.evaluation import Evaluation


def find_normalisation(evaluation: Evaluation, architecture: Term, data_dir: str | None = None) -> Normalisation | None:
    """The mean and deviation of the images that a run has evaluated an architecture on; None if it has read none.

    They follow from the recipe and from the data as it is now, which is read but not downloaded. Raises NoSuchData,
    BadData or UnknownData.
    """
    evaluation = evaluation.move_to(None, data_dir)
    if (settings := evaluation.data_settings) is None:
        return None
    if settings.function is not None or is_user_data(settings.name):
        raise UnknownData(f"{settings.name} is code, which no export runs; train the trial again, which keeps it")
    require_local_dataset(settings.name, settings.data_dir)
    return evaluation.load_normalisation(architecture)
