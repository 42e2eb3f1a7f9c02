"""What a worker says of the errors that a job raises, what it frees after an attempt, and whose a StopEarly is."""

import errno
import gc
import sys
import threading
import weakref
from queue import SimpleQueue
from types import SimpleNamespace

import pytest
import torch

from archwright.evaluate.verdict import Verdict
from archwright.evaluate.workers.protocol import JobMessage, StopEarly
from archwright.evaluate.workers.worker import Inbox, attempt
from tests.evaluate.jobs import make_job


def end_of(error):
    """The end of an attempt whose code raises `error`."""

    def evaluate(job, tell):  # noqa: ARG001
        raise error

    return attempt(evaluate, make_job(), lambda report: None)  # noqa: ARG005


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80.00 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GiB, max allowed: 5.10 GiB)."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=lambda error: str(error)[:30],
)
def test_memory_that_ran_out_is_known_in_all_its_words(error):
    ended = end_of(error)
    assert ended.result.status == "out_of_memory"
    assert not ended.reusable


@pytest.mark.parametrize(
    "error",
    [
        ValueError("the plan is out of memory lane"),
        RuntimeError("CUDA error: device-side assert triggered"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
    ids=str,
)
def test_other_errors_are_no_want_of_memory(error):
    ended = end_of(error)
    assert ended.result.status == "crashed"
    assert str(error) in ended.result.error


def test_what_a_job_leaves_in_cycles_is_gone_with_the_attempt():
    left = []

    class Model:
        def __init__(self):
            self.me = self

    def evaluate(job, tell):  # noqa: ARG001
        left.append(weakref.ref(Model()))
        return Verdict("ok", {"accuracy": 0.5})

    gc.disable()
    try:
        attempt(evaluate, make_job(), lambda report: None)  # noqa: ARG005
    finally:
        gc.enable()
    assert left[0]() is None


def test_a_gpu_gets_its_memory_back_after_each_attempt(monkeypatch):
    """Where CUDA is in use; other workers may share the device."""
    emptied = []
    cuda = SimpleNamespace(is_initialized=lambda: True, empty_cache=lambda: emptied.append(True))
    fake = SimpleNamespace(cuda=cuda, manual_seed=lambda seed: None)  # noqa: ARG005
    monkeypatch.setitem(sys.modules, "torch", fake)
    attempt(lambda job, tell: Verdict("ok"), make_job(), lambda report: None)  # noqa: ARG005
    assert emptied == [True]


def test_a_thread_that_goes_on_says_nothing_once_the_attempt_is_over():
    """Not even where the next job is of the same number, as in the next search of a comparison."""
    go_on, reports = threading.Event(), []
    threads = []

    def evaluate(job, tell):  # noqa: ARG001
        def late():
            go_on.wait(60)
            tell(2, {"accuracy": 99.0})

        threads.append(threading.Thread(target=late))
        threads[0].start()
        tell(1, {"accuracy": 0.5})
        return Verdict("ok", {"accuracy": 0.5})

    attempt(evaluate, make_job(), reports.append)
    go_on.set()
    threads[0].join()
    assert [report.epoch for report in reports] == [1]


def test_a_stop_that_comes_too_late_does_not_stop_a_later_job_of_the_same_number():
    """In a comparison each search has a trial 0; one of them was stopped early just as it ended."""
    messages: SimpleQueue = SimpleQueue()
    inbox = Inbox(iter(messages.get, None))
    jobs = inbox.take_jobs()
    messages.put(JobMessage.of(make_job(0)))
    assert inbox.find_stop_reason(next(jobs)) == ""
    for message in (StopEarly(0, 1, "it was worse"), JobMessage.of(make_job(0)), None):
        messages.put(message)
    assert inbox.find_stop_reason(next(jobs)) == ""
    assert next(jobs, None) is None
