"""The global random generators of a job: seeded before it, also those of libraries that it is the first to import."""

import random
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from attrs import frozen

# How the global generator of a library is seeded, by the name of its module.
SEED_FUNCTIONS: Mapping[str, Callable[[Any, int], object]] = {
    "numpy": lambda numpy, seed: numpy.random.seed(seed % 2**32),
    "torch": lambda torch, seed: torch.manual_seed(seed),
}


@contextmanager
def use_seed(seed: int) -> Generator[None]:
    """Seeds Python's generator, numpy's and torch's: those of libraries that are loaded later, once they are."""
    random.seed(seed)
    for name, seed_library in SEED_FUNCTIONS.items():
        if name in sys.modules:
            seed_library(sys.modules[name], seed)
    finder = _SeedingFinder(seed)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:  # a job may do anything
            sys.meta_path.remove(finder)


@frozen(eq=False)
class _SeedingFinder(MetaPathFinder):
    """Finds a library as the other finders do, and has its generator seeded at the end of its import."""

    seed: int

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in SEED_FUNCTIONS:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._set_seed_after_import(spec.loader)
        return spec

    def _set_seed_after_import(self, loader: Any) -> None:
        exec_module = loader.exec_module

        def exec_and_seed(module: ModuleType) -> None:
            exec_module(module)
            SEED_FUNCTIONS[module.__name__](module, self.seed)

        loader.exec_module = exec_and_seed  # of this loader alone, which has one module
