"""The images of a run, printed."""

from rich.console import Console

from archwright.core.errors import to_one_line
from archwright.display.console import say
from archwright.evaluate.data.dataset import DataInfo, summarize_dataset, warn_of_absent_classes
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.settings import LATEST_READER


def say_images(images: DataInfo | None, evaluation: Evaluation, console: Console) -> None:
    """Print the images in a line, and warnings about them on stderr."""
    if images is None:
        return
    settings = evaluation.data_settings
    is_old_reader = settings is not None and settings.reader < LATEST_READER
    reader_note = "; read and split as reader 1 does" if is_old_reader else ""
    console.print(to_one_line(summarize_dataset(images) + reader_note), soft_wrap=True)
    for line in warn_of_absent_classes(images):
        say(to_one_line(line), err=True)
