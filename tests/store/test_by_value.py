"""Pickles of what no other process can import: by value, and no more than that is by value for anybody else."""

import pickle
import sys
import threading
from types import ModuleType

import cloudpickle
import pytest
from attrs import frozen

from archwright.store.by_value import pickle_by_value

WAIT_SECONDS = 0.5  # for a thread that has to wait for this one: it passes however long that takes


@pytest.fixture
def module():
    """A module that this process alone has, as that of a notebook's magic."""
    made = ModuleType("made_for_pickles")
    exec("def first(): return 1\n\ndef second(): return first() + 1", made.__dict__)
    sys.modules[made.__name__] = made
    yield made
    sys.modules.pop(made.__name__, None)


def load_elsewhere(pickled: bytes, module: ModuleType):
    """What a process gets that does not have the module."""
    del sys.modules[module.__name__]
    try:
        return pickle.loads(pickled)
    finally:
        sys.modules[module.__name__] = module


def test_what_a_person_has_registered_stays_registered(module):
    assert load_elsewhere(pickle_by_value(module.second), module)() == 2
    assert module.__name__ not in cloudpickle.list_registry_pickle_by_value()
    cloudpickle.register_pickle_by_value(module)
    try:
        assert load_elsewhere(pickle_by_value(module.second), module)() == 2
        assert module.__name__ in cloudpickle.list_registry_pickle_by_value()
    finally:
        cloudpickle.unregister_pickle_by_value(module)


@frozen
class Meeting:
    """Pickled only once another thread has had its time."""

    other: threading.Thread

    def __reduce__(self):
        self.other.start()
        self.other.join(WAIT_SECONDS)
        return int, ()


def test_threads_that_pickle_the_same_module_do_not_disturb_each_other(module):
    pickles = []
    other = threading.Thread(target=lambda: pickles.append(pickle_by_value(module.second)))
    mine = pickle_by_value([module.first, Meeting(other), module.second])
    other.join()
    first, _, second = load_elsewhere(mine, module)
    assert [first(), second(), load_elsewhere(pickles[0], module)()] == [1, 2, 2]
    assert module.__name__ not in cloudpickle.list_registry_pickle_by_value()
