"""The final training of a trial: a run of its own, of the one architecture, on all images but those for testing."""

from collections.abc import Iterator, Sequence
from itertools import chain, count

from archwright.cli.user_code import trust_named_data
from archwright.cli.values import parse_settings
from archwright.core.budget import Budget
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.logged_images import images_to_json
from archwright.evaluate.evaluation import Evaluation, evaluation_to_json, read_evaluation, require_permission
from archwright.search.named import searcher_to_json
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.run_view import RunView, rebuild_leaf
from archwright.search.running.runs import collect_versions
from archwright.search.searchers.fixed import Fixed
from archwright.store.events import RunStarted
from archwright.store.runs import check_run_name


def configure_retraining(
    view: RunView,
    trial: int,
    train: Sequence[str],
    data: str | None,
    data_dir: str | None,
    device: str | None,
    image_size: tuple[int, int] | None = None,
) -> Evaluation:
    """The final training of a trial: as in its search, but for the given options, and on its validation images, too.

    Raises what the `for_retraining` of the run's evaluation does, and NotTrusted.
    """
    trust_named_data(data)
    retraining = read_evaluation(view.run.started, trusted=view.trusted).for_retraining(
        rebuild_leaf(view, view.get_trial(trial)).architecture,
        data=data,
        data_dir=data_dir,
        device=device,
        image_size=image_size,
        settings=parse_settings("--train", train),
    )
    require_permission(retraining, trusted=view.trusted)
    return retraining


def describe_training_images(view: RunView, trial: int, evaluation: Evaluation) -> DataInfo | None:
    """The images to train on, if any; DataDoesNotFit where they do not fit the architecture, and errors of the data."""
    images = evaluation.describe_data()
    architecture = rebuild_leaf(view, view.get_trial(trial)).architecture
    evaluation.check_space(architecture, view.run.started.model_input, images)
    return images


def make_start(
    view: RunView,
    trial: int,
    evaluation: Evaluation,
    images: DataInfo | None,
    budget: Budget | None,
    seeds: int,
    seed: int | None,
) -> RunStarted:
    """The first event of a run that trains a trial's architecture `seeds` times.

    The seed, if none is given, is that of the trial's own training, so that no training is seeded as one of the
    search's was; the budget is that of the trial. All models are kept.
    """
    search_start = view.run.started
    path = view.get_trial(trial).path
    return RunStarted(
        space=view.run.space,
        space_source=search_start.space_source,
        input_shape=search_start.input_shape,
        input=search_start.input,
        searcher=searcher_to_json(Fixed.name, {"path": path, "run": view.name, "trial": trial}),
        evaluator=evaluation_to_json(evaluation),
        objective=evaluation.choose_retraining_objective(search_start.objective),
        budget=budget or view.get_trial(trial).budget,
        seed=derive_training_seed(search_start.seed, trial) if seed is None else seed,
        trials=seeds,
        versions=collect_versions(),
        keep_models=seeds,
        data=images_to_json(images),
    )


def generate_retraining_names(run: str, trial: int) -> Iterator[str]:
    """The default names in order of preference: RUN.retrain-TRIAL, RUN.retrain-TRIAL-2, -3 ..."""
    stem = f"{run[:80]}.retrain-{trial}"
    return map(check_run_name, chain([stem], (f"{stem}-{number}" for number in count(2))))
