"""Scripts and notebooks, in processes of their own: killed, stopped by signals, and gone on with by others."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import archwright as aw
from tests.cli.running import TIMEOUT_SECONDS, RecordedCommand, make_environment

SCRIPT = """
import sys, time
from pathlib import Path
import archwright as aw

@aw.module
class Same(aw.Basic):
    def out_shape(self, in_shape):
        return in_shape

    def compile(self, in_shape):
        from torch import nn

        return nn.Identity()

def evaluate(architecture, seed):
    while len(list(Path().glob("done-*"))) >= 2 and not Path("go").exists():
        time.sleep(0.02)
    Path(f"done-{seed}").touch()
    return seed % 97 / 97

space = aw.sequential(aw.affine(units=aw.integers(8, 64)), Same(), aw.affine(units=3))

if __name__ == "__main__":
    try:
        run = aw.search(space, evaluate, trials=6, workers=2, input=aw.features(12), name="mine", searcher="mcts")
    except aw.RunInterrupted as error:
        print(error, aw.Log("archwright.duckdb")["mine"].status)
        sys.exit(error.exit_code)
    print(run.status, "torch" in sys.modules)
"""

RESUME = """
import archwright as aw
import script

if __name__ == "__main__":
    run = aw.Log("archwright.duckdb")["mine"]
    try:
        run.resume(progress=False)
    except aw.ArchwrightError as error:
        print(type(error).__name__, error)
    run = run.resume(evaluation=script.evaluate, workers=2, progress=False)
    print(run.status, [trial.status for trial in run], len(run.frame()), "svg" in run._repr_html_())
    print(run.verify())
    print(run.retrain(seeds=2, progress=False).status)
    print(*(file.name for file in run.best().export("model", untrained=True).files))
"""


GO_ON = """
import archwright as aw
from script import evaluate

if __name__ == "__main__":
    run = aw.resume("mine", evaluation=evaluate, workers=2, progress=False)
    print(run.status, [trial.status for trial in run])
"""


class StartedScript(RecordedCommand, subprocess.Popen[bytes]):
    """A script in a folder, in a process that is started for it; it is killed at the end of the block."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__([sys.executable, name], cwd=folder, env=make_environment(), **self._open_files())


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with the script."""
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def run_code(folder: Path, code: str) -> str:
    """What a script prints that ends well."""
    (folder / "other.py").write_text(code)
    with StartedScript(folder, "other.py") as script:
        out, err = script.wait_to_end()
    assert script.returncode == 0, out + err
    return out


def test_a_script_that_is_killed_goes_on_in_another_process(folder):
    with StartedScript(folder, "script.py") as script:
        script.wait_for("accuracy", times=2)
        script.kill()
        script.wait(TIMEOUT_SECONDS)
    (folder / "go").touch()
    out = run_code(folder, RESUME).splitlines()
    assert out[0].startswith("FunctionNeeded the evaluation is the function __main__:evaluate, which no other process")
    assert out[0].endswith("aw.resume('mine', evaluation=evaluate)")
    assert out[1] == f"finished {['ok'] * 6} 6 True"
    assert "whole; 6 proposals, as the searcher makes them" in out[2]
    assert out[3] == "finished"
    assert "model.safetensors" in out[4]


def test_another_function_of_the_name_is_said_to_be_another(folder):
    (folder / "go").touch()
    code = """
import archwright as aw
import script

def evaluate(architecture):
    return 1.0

if __name__ == "__main__":
    run = aw.Log("archwright.duckdb")["mine"]
    print(run.resume(evaluation=evaluate, trials="+1", progress=False)[6].score)
    print(run.refresh().resume(evaluation=script.evaluate, trials="+1", progress=False)[7].status)
"""
    (folder / "other.py").write_text(code)
    with StartedScript(folder, "script.py") as script:
        assert script.wait_to_end()[0].splitlines()[-1] == "finished False"
    with StartedScript(folder, "other.py") as other:
        out, err = other.wait_to_end()
    assert out.split() == ["1.0", "ok"], err
    assert err.count("is another one than mine was begun with: its text has changed") == 1


FIRST = "finishing the running trials; press Ctrl-C again to stop at once"
STOPS: Sequence[tuple[Sequence[tuple[signal.Signals, str]], int, int]] = [
    ([(signal.SIGINT, FIRST)], 130, 4),
    ([(signal.SIGINT, FIRST), (signal.SIGINT, "stopping at once; the running trials run again")], 130, 2),
    ([(signal.SIGTERM, "SIGTERM: the running trials have 10 s to end")], 143, 4),
]


@pytest.mark.parametrize("stop", range(len(STOPS)))
def test_signals_stop_a_script_as_they_stop_the_command(folder, stop):
    signals, code, scored = STOPS[stop]
    with StartedScript(folder, "script.py") as script:
        script.wait_for("accuracy", times=2)
        script.wait_for("began", times=4)
        for number, words in signals:
            os.kill(script.pid, number)
            script.wait_for(words)
        if len(signals) == 1:
            (folder / "go").touch()
        out, err = script.wait_to_end()
    assert script.returncode == code, out + err
    assert out.splitlines()[-1].startswith("mine was interrupted; go on with: aw.resume('mine', evaluation=evaluate)")
    assert out.splitlines()[-1].endswith("interrupted")
    run = aw.Log(folder / "archwright.duckdb")["mine"]
    assert sum(trial.score is not None for trial in run) == scored
    (folder / "go").touch()
    assert run_code(folder, GO_ON).strip() == f"finished {['ok'] * 6}"


DEAF = """
import signal, sys, time
from pathlib import Path
import archwright as aw

def evaluate(seed, settings):
    if not Path("go").exists() and len(list(Path().glob("done-*"))) >= 1:
        try:
            print("waits", flush=True)
            received = signal.getsignal(signal.SIGINT).__self__.received
            while not received:  # never reports, so that nothing but a signal ends it
                time.sleep(0.02)
            print("has taken it", flush=True)
            while True:
                time.sleep(0.02)
        except KeyboardInterrupt:
            return 1000.0  # what a half trained model is worth
    Path(f"done-{seed}").touch()
    return float(settings["width"])

space = aw.settings(width=[1, 2, 3, 4, 5])

if __name__ == "__main__":
    try:
        aw.search(space, evaluate, trials=3, workers=0, name="mine", seed=1)
    except aw.RunInterrupted as error:
        print(error, aw.Log("archwright.duckdb")["mine"].status)
        sys.exit(error.exit_code)
"""


GO_ON_HERE = """
import archwright as aw
from deaf import evaluate

aw.resume("mine", evaluation=evaluate, workers=0, progress=False)
"""


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_stops_a_trial_in_this_process_that_never_reports(folder, first):
    """And not the whole process: the run was interrupted, and the trial, which has no score, runs again."""
    (folder / "deaf.py").write_text(DEAF)
    with StartedScript(folder, "deaf.py") as script:
        script.wait_for("waits")
        os.kill(script.pid, first)
        script.wait_for("has taken it")
        os.kill(script.pid, signal.SIGINT)
        out, err = script.wait_to_end()
    assert script.returncode == 130, out + err
    assert "stopping at once; the running trials run again" in out
    assert out.splitlines()[-1].startswith("mine was interrupted; go on with: aw.resume('mine', evaluation=evaluate)")
    run = aw.Log(folder / "archwright.duckdb")["mine"]
    assert (run.status, [trial.status for trial in run]) == ("interrupted", ["ok", "interrupted"])
    (folder / "go").touch()
    run_code(folder, GO_ON_HERE)
    run = run.refresh()
    assert (run.status, len(run)) == ("finished", 3)
    assert all(trial.score < 1000 for trial in run)


NOTEBOOK = """
import archwright as aw

cell = '''
import functools
LEVEL = 0.25

def score(architecture, *, by=1.0):
    return LEVEL * by

def make(level):
    return lambda architecture: level

functions = [score, make(0.5), functools.partial(score, by=3.0), lambda architecture: 1.0]
'''

if __name__ == "__main__":
    names = {"__name__": "__main__"}
    exec(cell, names)
    space = aw.sequential(aw.affine(units=aw.integers(8, 64)), aw.affine(units=3))
    for function in names["functions"]:
        run = aw.search(space, function, trials=2, workers=2, input=aw.features(12), progress=False)
        run = run.resume(trials="+1", progress=False)
        print(run.best().score, run.retrain(seeds=1, progress=False).best().score)
"""


def test_functions_of_a_notebook_travel_by_value(tmp_path):
    assert run_code(tmp_path, NOTEBOOK).split() == ["0.25"] * 2 + ["0.5"] * 2 + ["0.75"] * 2 + ["1.0"] * 2


UNGUARDED = """
import os
import archwright as aw

def test_it(settings=None):
    return settings["rate"]

print("begun", flush=True)
space = aw.sequential(aw.settings(rate=aw.reals(0.1, 1.0)))
print(aw.search(space, test_it, trials=3, workers=2))
"""


@pytest.mark.parametrize("options", [[], ["-W", "error"], ["-O"]], ids=str)
def test_a_script_whose_search_stands_outside_of_any_block_is_run_once(tmp_path, options):
    """The workers do not run the script again; and nothing in it is warned of."""
    (tmp_path / "script.py").write_text(UNGUARDED)
    command = [sys.executable, *options, "script.py"]
    process = subprocess.run(command, cwd=tmp_path, env=make_environment(), capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    assert process.stdout.count("begun") == 1
    assert process.stderr == ""
    assert "finished, 3 of 3 trials" in process.stdout.splitlines()[-1]


DATA_SCRIPT = """
import time
from pathlib import Path
import numpy as np
import archwright as aw

WAITS = Path("begun")

def load():
    labels = np.arange(60) % 3
    inputs = np.random.default_rng(0).normal(labels[:, None], 0.3, (60, 4))
    return {"inputs": inputs, "labels": labels, "classes": ["a", "b", "c"]}

@aw.score("accuracy")
def count(data, seed):
    while WAITS.exists() and not Path("go").exists():
        time.sleep(0.02)
    WAITS.touch()
    return len(data.train) + len(data.class_names)

space = aw.sequential(aw.affine(units=aw.integers(8, 64)), aw.affine(units=3))

if __name__ == "__main__":
    aw.search(space, aw.function(count, data=load), trials=3, workers=2, name="mine")
"""

DATA_RESUME = """
import archwright as aw
import script

if __name__ == "__main__":
    run = aw.Log("archwright.duckdb")["mine"]
    try:
        run.resume(evaluation=script.count, progress=False)
    except aw.ArchwrightError as error:
        print(type(error).__name__, error)
    run = run.resume(evaluation=script.count, data=script.load, workers=2, progress=False)
    print(run.status, run.best().score)
    print(run.retrain(seeds=1, progress=False, workers=0).best().score)
    training = aw.Training(lambda: script.load())
    trained = aw.search(script.space, training, trials=1, budget="1epochs", workers=0, progress=False)
    trained = trained.resume(trials="+1", workers=0, progress=False).retrain(seeds=1, workers=0, progress=False)
    trained.best().export("model")
    import json
    print(trained.status, *json.load(open("model/architecture.json"))["classes"])
"""


def test_a_script_whose_data_is_a_function_goes_on_in_another_process(tmp_path):
    """Where it is given again; it is remembered for a retraining, and an export has the names of its classes."""
    (tmp_path / "script.py").write_text(DATA_SCRIPT)
    with StartedScript(tmp_path, "script.py") as script:
        script.wait_for("accuracy", times=1)
        script.kill()
        script.wait(TIMEOUT_SECONDS)
    (tmp_path / "go").touch()
    out = run_code(tmp_path, DATA_RESUME).splitlines()
    assert out[0].startswith("DataNeeded the data is the function __main__:load, which no other process can import")
    assert out[0].endswith("aw.resume('mine', evaluation=count, data=load)")
    assert out[1:] == ["finished 41.0", "41.0", "finished a b c"]


KIND = """
import archwright as aw

@aw.module
class Scale(aw.Basic):
    factor: aw.Hyperparameter[float] = aw.hyperparameter(aw.number(0.0))

    def out_shape(self, in_shape):
        return in_shape

def score(architecture):
    return 1.0

space = aw.sequential(aw.affine([4, 8]), Scale([0.1, 0.5]), aw.affine(2))
same = {"evaluation": score, "workers": 0, "progress": False}
aw.study(space, input=aw.features(8), name="asked").close()
asked = {"searchers": ["random"], "seeds": 1, "trials": TRIALS, "name": "held", "input": aw.features(8)}
aw.compare(space, score, **asked, workers=0, progress=False)
run = aw.search(space, score, input=aw.features(8), trials=TRIALS, name="kk", resume=True, workers=0, progress=False)
if TRIALS > 1:
    run = aw.resume("kk", trials="+1", **same)
    print(len(run), len(run.retrain(0, seeds=1, **same)))
"""


def test_a_kind_of_module_with_another_text_is_told_wherever_a_run_goes_on(tmp_path):
    def run(code: str, trials: int) -> Sequence[str]:
        (tmp_path / "kind.py").write_text(code.replace("TRIALS", str(trials)))
        with StartedScript(tmp_path, "kind.py") as script:
            return script.wait_to_end()

    edited = KIND.replace("        return in_shape", "        return tuple(in_shape)")
    changed = "the kind of module scale is another one than {} was begun with: its text has changed"
    assert "another one" not in run(KIND, 1)[1]
    out, err = run(edited, 2)
    assert out.splitlines()[-1] == "3 1", err
    assert err.count(changed.format("kk")) == 3, "of the search, when it is resumed, and trained again"
    assert err.count(changed.format("asked")) == err.count(changed.format("held.random.0")) == 1
