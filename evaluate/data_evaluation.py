"""What evaluations share whose trials run in workers, on a device, and may read a data set."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

from archwright.core.input import Input
from archwright.core.json import JSON
from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.evaluate.data_settings import DataFunction, DataSettings
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.settings import FIRST_READER, change
from archwright.evaluate.workers.opening import open_workers


class DataEvaluation(Evaluation, Protocol):
    """An evaluation that says by fields of its own which data it reads, and on which device its trials run.

    Each class declares these fields itself, since a log has them in the order of the class; see `DataSettings` for
    their meanings.
    """

    data_dir: str | None
    device: str
    validation: float
    split_seed: int
    image_size: tuple[int, int] | None
    reader: int

    @property
    @abstractmethod
    def data(self) -> str | DataFunction | None:
        """The name of the data set, or a function that goes by value; None if it reads none."""

    @property
    def data_settings(self) -> DataSettings | None:
        """The data that it reads, if it reads any."""
        if self.data is None:
            return None
        return DataSettings(self.data, self.data_dir, self.validation, self.split_seed, self.image_size, self.reader)

    def move_to(self, device: str | None, data_dir: str | None) -> Self:
        """The same on another device, or with its data elsewhere."""
        return change(self, device=device, data_dir=data_dir)

    def open(
        self,
        *,
        workers: int = 1,
        space_source: str | None = None,
        kinds: Sequence[type[Term]] = (),
        trial_timeout: float | None = None,
    ) -> Evaluator:
        """Workers; raises what `open_workers` does."""
        return open_workers(self, workers=workers, space_source=space_source, kinds=kinds, trial_timeout=trial_timeout)

    @classmethod
    def complete_settings(cls, settings: Mapping[str, JSON], model_input: Input | None) -> Mapping[str, JSON]:
        """With the first reader where a log names data and no reader."""
        del model_input
        return settings if settings.get("data") is None else {"reader": FIRST_READER, **settings}
