"""Stopping rules of a person's own, as they write them: in a file outside of the package, or in a notebook's cell."""

from pathlib import Path
from typing import ClassVar

from attrs import frozen

from archwright.core.setting import number_setting
from archwright.search.stopping_rule import ValueReported

CODE = '''
from typing import ClassVar

from attrs import frozen

from archwright.core.setting import number_setting, whole_setting
from archwright.search.stopping_rule import TrialBegun, TrialFinished, ValueReported


@frozen
class Behind:
    """Stops a trial that was so many times behind the best score, `patience` epochs in a row."""

    name: ClassVar[str] = "behind"
    revision: ClassVar[int] = 3
    factor: float = number_setting(4.0, low=1.0, meaning="how many times")
    patience: int = whole_setting(2, low=1, meaning="epochs in a row")

    def start(self, objective):
        return 0.0, {}

    def fold(self, state, news):
        best, behind = state
        match news:
            case TrialBegun(trial):
                return best, {**behind, trial: 0}
            case ValueReported(trial, _, value):
                return best, {**behind, trial: behind[trial] + 1 if value * self.factor < best else 0}
            case TrialFinished(trial, score=score):
                return max(best, score or 0.0), {other: count for other, count in behind.items() if other != trial}

    def find_stop_reason(self, state, trial):
        best, behind = state
        return f"{behind[trial]} epochs far behind {best:.3f}" if behind[trial] >= self.patience else ""


@frozen
class Diary(Behind):
    """Stops nothing, and keeps all that it is told."""

    def start(self, objective):
        return ()

    def fold(self, state, news):
        return (*state, news)

    def find_stop_reason(self, state, trial):
        return ""


@frozen
class Broken(Diary):
    """Raises, or gives no text, at one of its methods."""

    method: str = "start"

    def start(self, objective):
        return 1 / 0 if self.method == "start" else ()

    def fold(self, state, news):
        return 1 / 0 if self.method == "fold" and isinstance(news, ValueReported) else state

    def find_stop_reason(self, state, trial):
        return None if self.method == "find_stop_reason" else ""


class Plain:
    start = fold = find_stop_reason = None


impatient = Behind(patience=1)
'''


def write_own_rules(folder: Path, code: str = CODE) -> Path:
    """The file of the rules, in the folder."""
    path = folder / "mine.py"
    path.write_text(code)
    return path


def define_rule() -> type:
    """As one of a notebook's cell: no other process can import it."""

    @frozen
    class AtLeast:
        name: ClassVar[str] = "at-least"
        least: float = number_setting(0.2, meaning="what each value must be")

        def start(self, objective):
            return {}

        def fold(self, state, news):
            return {**state, news.trial: news.value} if isinstance(news, ValueReported) else state

        def find_stop_reason(self, state, trial):
            return f"{state[trial]} is less than {self.least}" if state[trial] < self.least else ""

    return AtLeast
