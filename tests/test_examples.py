"""The examples run by the command that they document, in a short form."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from pathlib import Path

import nbclient
import nbformat
import pytest
import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from tests.cli.running import read_json, run_command
from tests.paths import DATA, ROOT

EXAMPLES = ROOT / "examples"
STORY = EXAMPLES / "killed_and_resumed.py"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train_pytorch", "train_lightning"])
def test_an_own_training_searches_the_digits(tmp_path, name):
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    (command,) = re.findall(r"^archwright (search .*)$", (EXAMPLES / f"{name}.py").read_text(), flags=re.MULTILINE)
    words = command.replace("--trials 4 --budget 2epochs", "--trials 2 --budget 1epochs").split()
    assert words[-4:] == ["--trials", "2", "--budget", "1epochs"]
    completed = run_command(tmp_path, *words, "--device", "cpu")
    assert completed.returncode == 0, completed.stderr
    trials = read_json(tmp_path, "show")["trials"]
    assert [trial["status"] for trial in trials] == ["ok", "ok"]
    best = read_json(tmp_path, "show", "digits-1", "0")
    assert best["score"] == best["metrics"]["accuracy"] > 0.5  # one in ten by chance
    assert [row["epoch"] for row in best["attempts"][0]["curve"]] == [1]
    models = [read_json(tmp_path, "show", "digits-1", str(trial))["model"] for trial in (0, 1)]
    winner = read_json(tmp_path, "best", "-n", "1")[0]["trial"]
    assert [model is not None for model in models] == [trial == winner for trial in (0, 1)]


SHORTER = {  # than what the example says, which takes an hour and more
    "1epochs..9epochs": "64examples..192examples",
    "--configurations 24": "--configurations 1",
    "3epochs": "64examples",
    "--seeds 3": "--seeds 1",
}


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "MNIST").exists(), reason=f"there is no MNIST in {DATA}")
def test_a_search_on_a_sample_of_mnist_whose_winner_is_trained_on_all_of_it(tmp_path):
    """The example's two commands, with budgets of a few images; a copy of the data, as torchvision unpacks beside."""
    shutil.copytree(DATA / "MNIST", tmp_path / "data" / "MNIST")
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    text = (EXAMPLES / "mnist_sample.py").read_text().replace("\\\n", "")
    for long, short in SHORTER.items():
        assert long in text
        text = text.replace(long, short)
    said = list[str]()
    for words in re.findall(r"^archwright (.*)$", text, flags=re.MULTILINE):
        completed = subprocess.run(
            [sys.executable, "-m", "archwright", *words.split(), "--device", "cpu"],
            cwd=tmp_path,
            env={**os.environ, "ARCHWRIGHT_DATA": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        said.append(completed.stdout)
    assert "train 10,000 (" in said[0]
    assert "validation 5,000 (" in said[0]
    assert "train 48,000 (" in said[1]  # of which it trains on the 12,000 to validate on, too
    last = aw.Log(tmp_path / "archwright.duckdb").last
    assert last.name == "sample.retrain-1"  # the one configuration, promoted
    assert [trial.status for trial in last] == ["ok"]


NOTEBOOK = EXAMPLES / "search_in_a_notebook.ipynb"


def run_notebook(notebook: nbformat.NotebookNode, folder: Path) -> list[list[nbformat.NotebookNode]]:
    """What each cell of code puts out, in a kernel of its own; an error where one fails."""
    nbclient.NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def test_the_notebook_is_kept_without_outputs():
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in cells] == [([], None)] * len(cells)


@pytest.mark.slow
def test_the_notebook_searches_with_its_own_function_and_shows_what_it_finds(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    names = ["import", "space", "train", "search", "trial", "frame", "sql", "plot", "resume", "model", "export"]
    shown = dict(zip(names, run_notebook(notebook, tmp_path), strict=True))
    begun, progress, run = shown["search"]
    assert begun["text"].startswith("digits: random search of ")
    assert "6/6 trials" in progress["data"]["text/html"]  # one output, drawn again and again
    assert (begun["output_type"], progress["output_type"]) == ("stream", "display_data")
    assert "<svg" in run["data"]["text/html"]
    assert "<svg" in str(shown["space"][0]["data"])
    assert "<svg" in shown["trial"][0]["data"]["text/html"]
    assert "<table" in shown["frame"][0]["data"]["text/html"]
    assert "<table" in shown["sql"][0]["data"]["text/html"]
    assert "image/png" in shown["plot"][-1]["data"]
    assert "8 proposals, as the searcher makes them" in shown["resume"][-1]["data"]["text/plain"]
    assert "Conv2d" in shown["model"][0]["data"]["text/plain"]
    assert (tmp_path / "notebook-model" / "model.onnx").exists()
    assert [trial.status for trial in aw.Log(tmp_path / "notebook.duckdb")["digits"]] == ["ok"] * 8
    again = dict(zip(names, run_notebook(notebook, tmp_path), strict=True))  # as by Restart & Run All
    assert again["search"][0]["text"].startswith("digits has ended: it has 8 trials, more than 6; ")
    assert again["resume"][-1]["data"]["text/plain"] == shown["resume"][-1]["data"]["text/plain"]
    assert list(aw.Log(tmp_path / "notebook.duckdb")) == ["digits"]


STOPPABLE = """
    import os, signal, time
    import archwright as aw

    def evaluate(settings, report):
        report(1, accuracy=0.1)
        time.sleep({seconds})
        return settings["rate"]

    space = aw.sequential(aw.settings(rate=aw.reals(0.1, 1.0)))
    stopped = []

    def stop_once(event):
        "The stop button: the kernel and its processes get SIGINT."
        if type(event).__name__ == "Reported" and not stopped:
            stopped.append(event)
            for _ in range({presses}):
                os.killpg(0, signal.SIGINT)
    """


def run_cells(folder: Path, *cells: str, seconds: float = 1.0, presses: int = 1) -> list[str]:
    """What each cell says after one that defines `evaluate`, `space` and `stop_once`."""
    texts = [STOPPABLE.format(seconds=seconds, presses=presses), *cells]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(textwrap.dedent(text)) for text in texts])
    return ["".join(output.get("text", "") for output in outputs) for outputs in run_notebook(notebook, folder)[1:]]


@pytest.mark.slow
def test_the_stop_button_of_a_notebook_lets_the_running_trials_end(tmp_path):
    """The kernel and its processes get SIGINT; the next cell resumes the run with the function of the first."""
    search = """
        try:
            aw.search(space, evaluate, trials=4, workers=2, on_event=stop_once)
        except aw.RunInterrupted as error:
            print(error)
        """
    last = "print(aw.Log('archwright.duckdb').last, aw.resume(evaluation=evaluate, workers=2))"
    stopped, resumed = run_cells(tmp_path, search, last, seconds=2.0)
    assert "finishing the running trials; press Ctrl-C again to stop at once" in stopped
    assert "search-1 was interrupted; go on with: aw.resume('search-1', evaluation=evaluate)" in stopped
    assert re.search(r"<Run search-1: interrupted, [123] of 4 trials", resumed)
    assert "<Run search-1: finished, 4 of 4 trials" in resumed


@pytest.mark.slow
def test_the_stop_button_pressed_twice_stops_at_once_and_a_resumption_is_stopped_as_well(tmp_path):
    """No trial is lost, or scored twice."""
    search = """
        try:
            aw.search(space, evaluate, trials=4, workers=2, on_event=stop_once)
        except aw.RunInterrupted as error:
            print(error, aw.Log("archwright.duckdb").last)
        """
    resume = """
        stopped.clear()
        try:
            aw.Log("archwright.duckdb").last.resume(evaluation=evaluate, workers=2, on_event=stop_once)
        except aw.RunInterrupted as error:
            print(error, aw.Log("archwright.duckdb").last)
        """
    last = """
        run = aw.resume(evaluation=lambda settings: settings["rate"], workers=0)
        print(run, [trial.status for trial in run], run.verify())
        """
    begun, resumed, ended = run_cells(tmp_path, search, resume, last, seconds=600.0, presses=2)
    for said in (begun, resumed):
        assert "stopping at once; the running trials run again when the run is resumed" in said
        assert "search-1 was interrupted; go on with: aw.resume('search-1', evaluation=evaluate)" in said
        assert "<Run search-1: interrupted, 0 of 4 trials" in said
    assert "<Run search-1: finished, 4 of 4 trials" in ended
    assert f"{['ok'] * 4}" in ended
    assert "whole; 4 proposals, as the searcher makes them" in ended


@pytest.mark.slow
@pytest.mark.parametrize("presses", [1, 2])
def test_the_stop_button_stops_a_comparison_which_goes_on_when_its_cell_is_run_again(tmp_path, presses):
    """With two workers."""
    compare = """
        try:
            work = {"workers": 2, "on_event": stop_once}
            comparison = aw.compare(space, evaluate, ["random", "mcts"], seeds=1, trials=3, **work)
            print("not stopped", [(row["searcher"], row["trials"]) for row in comparison])
        except aw.RunInterrupted as error:
            print(error, {run["run"]: run["scored"] for run in aw.Log("archwright.duckdb").runs()})
        """
    stopped, ended = run_cells(tmp_path, compare, compare, presses=presses)
    says = (
        "stopping at once; the running trials" if presses == 2 else "finishing the running trials; press Ctrl-C again"
    )
    assert says in stopped
    assert re.search(r"the comparison \S+ was interrupted; go on with: the same aw\.compare", stopped)
    assert re.search(r"\{'search\.random\.0': [012]\}", stopped)
    assert "not stopped [('random', 3), ('mcts', 3)]" in ended
    logged = aw.Log(tmp_path / "archwright.duckdb")
    assert [(run["scored"], run["status"]) for run in logged.runs()] == [(3, "finished")] * 2


NARROW = """
    from attrs import frozen

    @frozen
    class Narrow(aw.searchers.RandomSearch):
        name = "narrow"

        def propose(self, state, trial, uniform):
            return aw.searchers.RandomSearch.propose(self, state, trial, uniform)
    """


@pytest.mark.slow
def test_a_kernel_that_is_restarted_goes_on_with_the_function_and_the_searcher_of_its_cells(tmp_path):
    """Neither is given again; a class of a cell has its text in the log as well."""
    search = "print(aw.search(space, evaluate, searcher=Narrow(), trials=2, workers=2, progress=False).verify())"
    resume = "print(aw.resume(trials=3, progress=False), aw.Log('archwright.duckdb').last.verify())"
    *_, begun = run_cells(tmp_path, NARROW, search, seconds=0.0)
    *_, resumed = run_cells(tmp_path, NARROW, resume, seconds=0.0)
    assert "2 proposals, as the searcher makes them" in begun
    assert "<Run search-1: finished, 3 of 3 trials" in resumed
    assert "3 proposals, as the searcher makes them" in resumed
    text = aw.Log(tmp_path / "archwright.duckdb").last.searcher["code"]["text"]
    assert text.startswith("@frozen\nclass Narrow(")
    assert text.rstrip().endswith("return aw.searchers.RandomSearch.propose(self, state, trial, uniform)")


class StoppedEarly(BaseException):
    """Raised by a report of a trial that is stopped early."""


@pytest.mark.parametrize("stopped", [False, True], ids=["whole", "stopped"])
def test_the_plain_training_leaves_the_model_as_it_was_when_it_scored_best(stopped):
    """Its last epoch, which begins with a broken model here, is worse."""
    data = to_device(load_dataset("digits"), torch.device("cpu"))
    example = runpy.run_path(str(EXAMPLES / "train_pytorch.py"))
    model = compile_architecture(aw.sequential(aw.affine(16), aw.relu(), aw.affine(10)), (1, 8, 8), seed=0)
    accuracies = []

    def report(epoch, **metrics):
        accuracies.append(metrics["accuracy"])
        if stopped and epoch == 2:
            raise StoppedEarly
        with torch.no_grad():
            for weights in model.parameters():
                weights.zero_()

    settings = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 32}
    with pytest.raises(StoppedEarly) if stopped else nullcontext():
        best = example["train"](model, settings, Budget(2, "epochs"), data, 0, report)
        assert best["accuracy"] == accuracies[0]
    assert accuracies[0] > accuracies[1]
    assert example["compute_accuracy"](model, data, data.validation) == accuracies[0]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the example finds its processes in /proc")
def test_a_search_that_is_faulted_killed_and_resumed_ends_with_a_model(tmp_path):
    """On the digits; its other command does the same on MNIST. It asserts itself that both faults are in the log."""
    (command,) = re.findall(r"killed_and_resumed.py (digits .*)$", STORY.read_text(), flags=re.MULTILINE)
    program = [sys.executable, str(STORY), *command.split()]
    completed = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert re.search(r"trial \d+  began again, attempt 2: .*SIGKILL", completed.stdout)
    assert "the search itself was killed" in completed.stdout
    assert "<Run story: finished, 2 of 2 trials" in completed.stdout
    assert "events, whole; 2 proposals, as the searcher makes them" in completed.stdout
    assert re.search(r"<Trial [01] of story: ok, ", completed.stdout)
    assert "parameters, read back" in completed.stdout
    assert "<svg" in (tmp_path / "story-model" / "search.svg").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="the example finds its processes in /proc")
def test_a_process_that_ends_while_it_is_looked_at_is_no_worker(monkeypatch):
    """Its entry in /proc is gone between the listing and the reading."""
    story = runpy.run_path(str(STORY))
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    monkeypatch.setitem(story["find_workers"].__globals__, "find_descendants", lambda _: [process.pid])
    assert story["find_workers"](1) == []
