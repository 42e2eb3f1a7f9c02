"""Whether an error says that memory ran out."""

import errno

from archwright.evaluate.failure import said

# How torch says that memory ran out, on a CPU, and in the words of CUDA, of its libraries and of Metal.
NO_MEMORY = ("can't allocate memory", "out of memory", "STATUS_ALLOC_FAILED", "cudaErrorMemoryAllocation")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of a device."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError):
        return any(sign in said(error) for sign in NO_MEMORY)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
