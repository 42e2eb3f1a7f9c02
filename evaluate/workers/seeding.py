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


@frozen
class Generators:
    """How a library's global generators, and what else of it is the process's, are set."""

    seed: Callable[[Any, int], object]
    get_state: Callable[[Any], Any]
    set_state: Callable[[Any, Any], object]


def _get_torch_state(torch: Any) -> Any:
    """The generators, those of GPUs where they are in use, the number of CPU threads, and how kernels are chosen."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return torch.get_rng_state(), cuda, torch.get_num_threads(), torch.backends.cudnn.benchmark


def _set_torch_state(torch: Any, state: Any) -> None:
    generator, cuda, threads, torch.backends.cudnn.benchmark = state
    torch.set_rng_state(generator)
    torch.set_num_threads(threads)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)


# By the name of the library's module.
LIBRARIES: Mapping[str, Generators] = {
    "numpy": Generators(
        seed=lambda numpy, seed: numpy.random.seed(seed % 2**32),
        get_state=lambda numpy: numpy.random.get_state(),
        set_state=lambda numpy, state: numpy.random.set_state(state),
    ),
    "torch": Generators(
        seed=lambda torch, seed: torch.manual_seed(seed), get_state=_get_torch_state, set_state=_set_torch_state
    ),
}


@contextmanager
def use_seed(seed: int) -> Generator[None]:
    """Seeds Python's generator, numpy's and torch's: those of libraries that are loaded later, once they are."""
    random.seed(seed)
    with _visit_libraries(lambda name, library: LIBRARIES[name].seed(library, seed)):
        yield


@contextmanager
def keep_generators() -> Generator[None]:
    """Sets Python's generator, and what is numpy's and torch's, back after the block to what they were before it.

    The generator of a library that the block imports goes back to what it was after the import.
    """
    own_state, states = random.getstate(), dict[str, Any]()

    def keep(name: str, library: Any) -> None:
        states[name] = LIBRARIES[name].get_state(library)

    try:
        with _visit_libraries(keep):
            yield
    finally:
        random.setstate(own_state)
        for name, state in states.items():
            LIBRARIES[name].set_state(sys.modules[name], state)


@contextmanager
def _visit_libraries(visit: Callable[[str, Any], object]) -> Generator[None]:
    """Calls `visit` with each of the LIBRARIES: with those that the block imports, once they are there."""
    for name in LIBRARIES:
        if name in sys.modules:
            visit(name, sys.modules[name])
    finder = _VisitingFinder(visit)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:  # a job may do anything
            sys.meta_path.remove(finder)


@frozen(eq=False)
class _VisitingFinder(MetaPathFinder):
    """Finds a library as the finders after it do, and has it visited at the end of its import."""

    visit: Callable[[str, Any], object]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in LIBRARIES:
            return None
        finders = [*sys.meta_path]
        others = finders[finders.index(self) + 1 :] if self in finders else finders
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._visit_after_import(spec.loader)
        return spec

    def _visit_after_import(self, loader: Any) -> None:
        exec_module = loader.exec_module

        def exec_and_visit(module: ModuleType) -> None:
            exec_module(module)
            self.visit(module.__name__, module)

        loader.exec_module = exec_and_visit  # of this loader alone, which has one module
