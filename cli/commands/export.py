"""The command that takes a model out of the log."""

from pathlib import Path
from typing import Annotated

import typer

from archwright.cli import options


def export(
    run: options.RunArgument,
    trial: options.TrialArgument,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; it is made.", show_default=False)],
    untrained: Annotated[
        bool, typer.Option("--untrained", help="The weights that the training begins with, where none were kept.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the files of an earlier export.")] = False,
    data_dir: options.DataDirOption = None,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Write a trial's model to a folder, to be used without archwright: weights, code, ONNX, and a card.

    model.py is PyTorch that people can read; it has been run, and gives what the trained model gives. model.onnx is
    for other runtimes, architecture.json for archwright, and README.md says what the model is, how good it is, and how
    its inputs must be normalised.
    """
    import archwright
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.exports import require_complete, show_export

    exported = archwright.export(
        run, trial, folder, log=log, untrained=untrained, force=force, data_dir=data_dir, trust=trust
    )
    result = exported.details()
    print_records(result) if json else show_export(folder, result)
    require_complete(folder, result)
