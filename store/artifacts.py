"""The files that a run's trials leave beside its log, each whole or not there, in a folder for each trial."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Artifact
from archwright.store.atomic import write_atomically
from archwright.store.paths import locate_sidecar, resolve_log
from archwright.store.runs import check_run_name

ARTIFACT_FILES: dict[Artifact, str] = {"model": "model.safetensors", "state": "state.pt"}


class ArtifactsExist(ArchwrightError, FileExistsError):
    """A run of that name has left files of which the log knows nothing: they belong to another log."""


class ArtifactUnwritable(ArchwrightError, OSError):
    """A file of a trial cannot be written; its result is not lost by that."""


def locate_run_folder(log: Path | str, run: str) -> Path:
    """The folder for the artifacts of `run`, for a log at `log`; it is not created."""
    return _locate_artifacts(log) / check_run_name(run)


def _locate_artifacts(log: Path | str) -> Path:
    return locate_sidecar(resolve_log(Path(log), "create"), "artifacts")


def find_runs_with_artifacts(log: Path | str) -> frozenset[str]:
    """The runs that have left artifacts beside the log at `log`, whether it holds them or not."""
    folder = _locate_artifacts(log)
    return frozenset(path.name for path in folder.iterdir() if find_trials(path)) if folder.is_dir() else frozenset()


def require_no_artifacts(log: Path | str, run: str) -> None:
    """Raise ArtifactsExist if a run of that name has left artifacts beside the log at `log`."""
    folder = locate_run_folder(log, run)
    if find_trials(folder):
        raise ArtifactsExist(
            f"{folder} holds what an earlier run {run} has left, which is not in the log; "
            "move it to the log that it belongs to, delete it, or give the new run another name"
        )


def require_known_artifacts(log: Path | str, run: str, proposed: int) -> None:
    """Raise ArtifactsExist if a trial of `run` has left artifacts whose number is not below `proposed`, as in the log.

    The log is an older one then, and resuming the run would delete the artifacts of its later trials.
    """
    folder = locate_run_folder(log, run)
    if later := sorted(trial for trial in find_trials(folder) if trial >= proposed):
        raise ArtifactsExist(
            f"{folder} holds what trial {later[0]} of {run} has left, and in the log the run has {proposed} trials: "
            f"put the log back that has more, or move the folders trial-{later[0]} and later ones away"
        )


def locate_artifact(folder: Path | str, trial: int, kind: Artifact) -> Path:
    """The file of that kind of a trial, in the `folder` of its run, whether it exists or not."""
    return Path(folder) / f"trial-{trial}" / ARTIFACT_FILES[kind]


def write_artifact(path: Path, content: bytes | memoryview) -> Path:
    """Write `content` to `path`, atomically and to the disk, and give `path`; raises ArtifactUnwritable."""
    try:
        if _is_linked(path.parent):
            raise OSError("the folder of its trial or run is a link, which may be a stranger's")
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path, path.with_name(f".{path.name}.{os.getpid()}.tmp")) as file:
            file.write(content)
    except OSError as error:
        raise ArtifactUnwritable(
            f"{path} cannot be written ({error.strerror or error}); make room or give the right to write there"
        ) from error
    return path


def find_trials(folder: Path | str) -> frozenset[int]:
    """The numbers of the trials that have a folder in the `folder` of their run, whatever it holds."""
    paths = Path(folder).glob("trial-*") if Path(folder).is_dir() else ()
    numbers = (path.name.removeprefix("trial-") for path in paths)
    return frozenset(int(number) for number in numbers if number.isdecimal())


def _is_linked(trial_folder: Path) -> bool:
    """Whether the folder of a trial, or that of its run, is a link: nothing is written or deleted through it."""
    return trial_folder.is_symlink() or trial_folder.parent.is_symlink()


def find_kinds(folder: Path | str, trial: int) -> frozenset[Artifact]:
    """The kinds of artifacts that a trial has."""
    return frozenset(kind for kind in ARTIFACT_FILES if locate_artifact(folder, trial, kind).is_file())


def discard_artifacts(folder: Path | str, trial: int, kinds: Iterable[Artifact] = tuple(ARTIFACT_FILES)) -> None:
    """Delete the artifacts of those `kinds` of a trial, with drafts of killed processes, and its folder if empty then.

    What cannot be deleted stays, and so do files of other names and whatever a link leads to.
    """
    trial_folder = Path(folder) / f"trial-{trial}"
    if _is_linked(trial_folder):
        return
    for kind in kinds:
        for path in (trial_folder / ARTIFACT_FILES[kind], *trial_folder.glob(f".{ARTIFACT_FILES[kind]}.*.tmp")):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    remove_if_empty(trial_folder)


def remove_if_empty(*folders: Path) -> None:
    """Delete those of `folders` that exist and are empty."""
    for folder in folders:
        with suppress(OSError):  # it holds something
            folder.rmdir()
