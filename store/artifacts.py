"""The files that a run's trials leave beside its log: where they lie, and how one is written: all of it, or none."""

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
    """Files that a run of that name has left and that the log knows nothing of: they belong to another one."""


class ArtifactUnwritable(ArchwrightError, OSError):
    """What a training leaves cannot be written; its result is not lost by that."""


def locate_run_folder(log: Path | str, run: str) -> Path:
    """Where the trials of `run` leave what is kept of them, for a log at `log`; nothing is made there."""
    return _locate_artifacts(log) / check_run_name(run)


def _locate_artifacts(log: Path | str) -> Path:
    return locate_sidecar(resolve_log(Path(log), "create"), "artifacts")


def find_runs_with_artifacts(log: Path | str) -> frozenset[str]:
    """The runs that have left something beside a log at `log`, whether it holds them or not."""
    folder = _locate_artifacts(log)
    return frozenset(path.name for path in folder.iterdir() if find_trials(path)) if folder.is_dir() else frozenset()


def require_no_artifacts(log: Path | str, run: str) -> None:
    """Nothing, if no run of that name has left anything beside a log at `log`; else ArtifactsExist."""
    folder = locate_run_folder(log, run)
    if find_trials(folder):
        raise ArtifactsExist(
            f"{folder} holds what an earlier run {run} has left, which is not in the log; "
            "move it to the log that it belongs to, delete it, or give the new run another name"
        )


def require_known_artifacts(log: Path | str, run: str, proposed: int) -> None:
    """Nothing, if the trials of `run` that have left something are among the `proposed` ones that the log has.

    Else ArtifactsExist: the log is an older one, and who goes on with it would delete what its later trials have left.
    """
    folder = locate_run_folder(log, run)
    if later := sorted(trial for trial in find_trials(folder) if trial >= proposed):
        raise ArtifactsExist(
            f"{folder} holds what trial {later[0]} of {run} has left, and in the log the run has {proposed} trials: "
            f"put the log back that has more, or move the folders trial-{later[0]} and later ones away"
        )


def locate_artifact(folder: Path | str, trial: int, kind: Artifact) -> Path:
    """The file of a trial in its run's folder, which may be there or not."""
    return Path(folder) / f"trial-{trial}" / ARTIFACT_FILES[kind]


def write_artifact(path: Path, content: bytes | memoryview) -> Path:
    """`path`, once it holds `content` for good, whatever it held before; raises ArtifactUnwritable."""
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
    """The trials of a run that have left something, whole or not."""
    found = Path(folder).glob("trial-*") if Path(folder).is_dir() else ()
    return frozenset(int(path.name[6:]) for path in found if path.name[6:].isdecimal())


def _is_linked(place: Path) -> bool:
    """Whether the folder of a trial, or that of its run, is a link: through it nothing is written or deleted."""
    return place.is_symlink() or place.parent.is_symlink()


def find_kinds(folder: Path | str, trial: int) -> frozenset[Artifact]:
    """What a trial has left, whole."""
    return frozenset(kind for kind in ARTIFACT_FILES if locate_artifact(folder, trial, kind).is_file())


def discard_artifacts(folder: Path | str, trial: int, kinds: Iterable[Artifact] = tuple(ARTIFACT_FILES)) -> None:
    """Deletes what is there of a trial, also what a killed process had begun to write, and a folder that is then empty.

    What cannot be deleted stays; files of other names, which are not ours, and what a link leads to, stay too.
    """
    place = Path(folder) / f"trial-{trial}"
    if _is_linked(place):
        return
    for kind in kinds:
        for path in (place / ARTIFACT_FILES[kind], *place.glob(f".{ARTIFACT_FILES[kind]}.*.tmp")):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    remove_if_empty(place)


def remove_if_empty(*folders: Path) -> None:
    """Deletes those of `folders` that hold nothing; one that is not there is none."""
    for folder in folders:
        with suppress(OSError):  # it holds something
            folder.rmdir()
