"""Files in the format of MNIST."""

import gzip
import struct


def write_idx(path, array, magic=None):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) if magic is None else magic
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:
        file.write(header + array.tobytes())
