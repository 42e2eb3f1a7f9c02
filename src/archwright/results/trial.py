"""A trial of a run, as the log holds it."""

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Unpack

from attrs import evolve, frozen

from archwright.core.architecture import settings_of
from archwright.core.budget import Budget
from archwright.core.errors import to_one_line
from archwright.core.input import Input
from archwright.core.node import Node
from archwright.core.protocols import EarlyStop
from archwright.core.term import Term
from archwright.core.value import Path, Value
from archwright.display.text import format_budget, format_duration, format_score
from archwright.evaluate.export.result import ExportResult
from archwright.execution.call_options import take_options
from archwright.execution.checks import check_flag, read_path
from archwright.execution.given_values import NOTHING_GIVEN, GivenValues, read_given_evaluation
from archwright.execution.verb_options import ExportOptions
from archwright.plots.sketch import sketch_curve
from archwright.results.attempts import Attempt
from archwright.results.describing import (
    describe_trial_in_full,
    find_training_seed,
    find_trial_status,
    list_attempts,
    name_source,
)
from archwright.results.drawing import Drawing, write_drawing
from archwright.results.html import escape_text, render_heading, render_properties
from archwright.results.records import TrialDetails
from archwright.results.trial_architecture import count_trained_parameters
from archwright.search.running.run_view import (
    NoSuchTrial,
    RunView,
    explain_omission,
    outline_architecture,
    rebuild_leaf,
)
from archwright.store.fold import TrialState
from archwright.store.written_paths import shorten


@frozen(eq=False, repr=False)
class Trial:
    """A trial as it stood when its run was read.

    `leaf`, `architecture`, `settings` and what is made of them run code of a person's own kinds of module: they raise
    NotTrusted where the log names code that this person does not let run.
    """

    view: RunView
    state: TrialState
    given: GivenValues = NOTHING_GIVEN  # what this process was given of the run

    @property
    def run(self) -> str:
        """The name of its run."""
        return self.view.name

    @property
    def number(self) -> int:
        """0, 1, 2 ... in the order of proposing; below 0, if its run has inherited it."""
        return self.state.trial

    @property
    def source(self) -> str:
        """The trial of another run that was inherited, as in `trial 3 of digits-1`; empty for one of its own."""
        event = self.view.get_source(self.number)
        return "" if event is None else name_source(event)

    @property
    def status(self) -> str:
        """What the searcher was told: ok, crashed ...; before that running, waiting or interrupted."""
        return find_trial_status(self.view, self.state)

    @property
    def score(self) -> float | None:
        """The objective's metric; None unless the status is ok."""
        return self.state.score

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of its last attempt that ended."""
        end = self.state.last_end
        return dict(end.metrics) if end is not None else {}

    @property
    def error(self) -> str:
        """What went wrong in its last attempt that ended; empty if nothing did."""
        return self.state.last_end.error if self.state.last_end is not None else ""

    @property
    def stopped(self) -> EarlyStop | None:
        """When and why its last attempt ended before the budget was spent; None if it did not."""
        return self.state.last_end.stopped if self.state.last_end is not None else None

    @property
    def path(self) -> Path:
        """Its choices in their order: pairs of a name and a value."""
        return self.state.path

    @property
    def choices(self) -> Mapping[str, Any]:
        """Its choices by their names."""
        return dict(self.state.path)

    @property
    def budget(self) -> Budget | None:
        """What it may spend; None where what evaluates it reads none."""
        return self.state.budget if self.view.run.started.reads_budget else None

    @property
    def seconds(self) -> float:
        """The time of all its attempts that ended: wall time, or simulated time of a simulating evaluation."""
        return self.state.seconds

    @property
    def seed(self) -> int:
        """The seed of its training."""
        return find_training_seed(self.view, self.state)

    @property
    def continues(self) -> int | None:
        """The number of the trial whose training it goes on with; None for a training of its own."""
        return self.state.continues

    @property
    def promotes(self) -> int | None:
        """The number of the trial whose configuration it tries again with a larger budget; None for a first one."""
        return self.state.promotes

    @property
    def bracket(self) -> int | None:
        """The bracket of a ladder of budgets, 0, 1 ... in the order of beginning; None of other searchers."""
        return self.state.bracket

    @property
    def rung(self) -> int | None:
        """The rung of a ladder of budgets, 0 for the smallest; None of other searchers."""
        return self.state.rung

    @property
    def by_model(self) -> bool | None:
        """Whether a model of the trials so far made it; None where the searcher has none, or did not say."""
        return self.state.by_model

    @property
    def attempts(self) -> Sequence[Attempt]:
        """The attempts at it, in order."""
        return list_attempts(self.view, self.state)

    @property
    def settings(self) -> Mapping[str, Value]:
        """The values of `settings` in its architecture, by name; as a function of one's own gets them."""
        return settings_of(self.architecture)

    @property
    def curves(self) -> Mapping[str, Sequence[float]]:
        """The values of each metric after the epochs of its last attempt, in order; empty where none was reported."""
        attempts = self.attempts
        curves: dict[str, list[float]] = {}
        for epoch in attempts[-1].curve if attempts else ():
            for name, value in epoch.items():
                curves.setdefault(name, []).append(value)
        curves.pop("epoch", None)
        return curves

    @property
    def input(self) -> Input:
        """One input of the model: its kind and its shape, without the batch."""
        return self.view.model_input

    @property
    def leaf(self) -> Node:
        """The node in which everything is chosen."""
        return rebuild_leaf(self.view, self.state)

    @property
    def architecture(self) -> Term:
        """The architecture that was trained."""
        return self.leaf.architecture

    @property
    def parameters(self) -> int | None:
        """How many parameters were trained; None where only code that may not run tells it."""
        return count_trained_parameters(self.view, self.state)

    def details(self) -> TrialDetails:
        """All that is to know about it, as `archwright show --json` prints it."""
        return describe_trial_in_full(self.view, self.state)

    @property
    def left_out(self) -> str:
        """What is not told of its architecture without code that may not run, and how to get it; else empty."""
        return explain_omission(self.view)

    def model(self) -> Any:
        """The trained torch module, on the CPU and in eval mode.

        Raises NoWeights where they were not kept, BadArtifact, WrongWeights, and what compiling the architecture does.
        """
        from archwright.results.exporting import load_model  # torch takes seconds

        return load_model(self.view, self.state)

    @take_options
    def export(self, folder: str | FilePath, **options: Unpack[ExportOptions]) -> ExportResult:
        """Write its model to a folder, to be used without archwright: weights, code, ONNX, and a card.

        Returns the files, and what is missing. Raises NoWeights, EvaluationNeeded, FileOfALog, FileExists and
        UnwritableFolder.
        """
        from archwright.results.exporting import export_trial

        data_dir = options.get("data_dir")
        trusted = check_flag("trust", options.get("trust", False)) or self.view.trusted
        return export_trial(
            evolve(self.view, trusted=trusted),
            self.state,
            GivenValues(evaluation=read_given_evaluation(options.get("evaluation"))).fill_in(self.given),
            read_path("folder", folder, "a folder, as in model"),
            force=check_flag("force", options.get("force", False)),
            untrained=check_flag("untrained", options.get("untrained", False)),
            data_dir=None if data_dir is None else str(read_path("data_dir", data_dir, "a folder, as in data")),
        )

    def draw(self, file: str | FilePath | None = None) -> Drawing:
        """Its architecture with shapes, as SVG: a picture for notebooks, also written to `file` if that is given.

        Where its code may not run, modules of a person's own are drawn as the log has them, without shapes. A file that
        is there already is replaced if it is an SVG. Raises UnwritableFile and FileOfAnotherKind.
        """
        from archwright.core.drawing.svg import as_svg  # here, since it brings all that pictures are made of

        if self.left_out:
            return write_drawing(Drawing(as_svg(outline_architecture(self.view, self.state))), file)
        leaf = self.leaf
        return write_drawing(Drawing(as_svg(leaf.architecture, leaf.origin.input_shape)), file)

    def require_of(self, view: RunView) -> "Trial":
        """This trial, if it is of that run, whenever either was read; else NoSuchTrial."""
        if (self.view.name, self.view.log.resolve()) != (view.name, view.log.resolve()):
            raise NoSuchTrial(
                f"trial {self.number} is of the run {self.run} in {shorten(self.view.log)}, and this is {view.name} in "
                f"{shorten(view.log)}; give a trial of this run"
            )
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trial) and self._get_identity() == other._get_identity()

    def __hash__(self) -> int:
        return hash(self._get_identity())

    def _get_identity(self) -> tuple[object, ...]:
        return (*self.view.identity, self.number)

    def __repr__(self) -> str:
        budget = self.view.name_budget(self.state)
        given = "" if budget is None else f", {format_budget(budget)}"
        return f"<Trial {self.number} of {self.run}{given}: {self._describe_result()}>"

    def _describe_result(self) -> str:
        status = self.status.replace("_", " ")
        if self.score is None:
            return status
        return f"{status}, {to_one_line(self.view.run.started.objective.metric)} {format_score(self.score)}"

    def _repr_html_(self) -> str:
        metric = self.view.run.started.objective.metric
        budget = "" if self.budget is None else f"{format_budget(self.budget)}, "
        parts = [
            render_heading(f"trial {self.number} of {self.run}: {self._describe_result()}"),
            f"<div>{escape_text(budget + format_duration(self.seconds))}</div>",
            f"<pre>{escape_text(self.error)}</pre>" if self.error else "",
            render_properties(self.choices),
            sketch_curve(self.curves.get(metric, ()), f"{metric} by epoch"),
            f"<div>{escape_text(self.left_out)}</div>" if self.left_out else "",
            self.draw().svg,
        ]
        return "\n".join(part for part in parts if part)
