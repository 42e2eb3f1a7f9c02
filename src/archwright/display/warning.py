"""What a person should look at, and what goes on all the same."""

import logging
from collections.abc import Iterable

from archwright.core.errors import to_one_line

LOGGER = logging.getLogger(__name__)  # prints on stderr, where nobody says otherwise


def warn(sentences: Iterable[str]) -> None:
    """Warn of each, in a line."""
    for sentence in sentences:
        LOGGER.warning("%s", to_one_line(sentence))
