"""A study to be killed: `python -m tests.studies.killable_study LOG` asks for three trials, tells one, and waits."""

import sys
import time
from pathlib import Path

from archwright.store.duckdb_log import DuckDBLog
from archwright.studies.ask_tell import begin_study
from tests.studies.test_ask_tell import make_started

if __name__ == "__main__":
    study = begin_study(DuckDBLog(Path(sys.argv[1])), make_started("random"), "mine")
    study.enqueue({"0.settings.optimizer": "sgd"}, {"0.settings.optimizer": "adam"})
    trials = [study.ask() for _ in range(3)]
    study.tell(trials[1], 0.5)
    study.report(trials[0], 1, accuracy=0.25)
    print("told", flush=True)  # noqa: T201
    time.sleep(600)
