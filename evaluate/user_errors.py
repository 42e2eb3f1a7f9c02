"""What the errors of a user's code and of workers mean: how those of workers begin, and whether memory ran out."""

import errno

from archwright.core.tracebacks import format_message

# How the error of an attempt begins whose worker has ended; the lines below it are the worker's last output.
WORKER_ENDINGS = (
    "the worker was killed",
    "the worker exited",
    "the worker ended",
    "the worker closed",
    "the worker was not",
    "the trial was killed",
)
# What torch's errors say when memory runs out: on a CPU, and those of CUDA, of its libraries and of Metal.
OUT_OF_MEMORY_MESSAGES = (
    "can't allocate memory",
    "out of memory",
    "STATUS_ALLOC_FAILED",
    "cudaErrorMemoryAllocation",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the memory of the machine or of a device ran out."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError):
        message = format_message(error)
        return any(text in message for text in OUT_OF_MEMORY_MESSAGES)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
