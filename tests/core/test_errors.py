"""Errors that a person can cause."""

import importlib
import pkgutil

import archwright.core
from archwright.core.errors import ArchwrightError, nearest


def classes() -> list[type[ArchwrightError]]:
    """Every error class of core."""
    for module in pkgutil.iter_modules(archwright.core.__path__):
        importlib.import_module(f"archwright.core.{module.name}")
    found, open_ = [], [ArchwrightError]
    while open_:
        each = open_.pop()
        open_ += each.__subclasses__()
        found += [each] if each.__module__.startswith("archwright.core") else []
    return found


def test_errors_are_caught_as_a_caller_would():
    """Each is an ArchwrightError and a built-in error, and its docstring is what has happened."""
    for cls in classes():
        assert cls is ArchwrightError or issubclass(cls, ValueError | LookupError | TypeError | RecursionError), cls
        assert cls.__doc__
        assert cls.__doc__.endswith(".")


def test_the_nearest_names_are_offered():
    """Up to three; all of them if none is near."""
    assert nearest("conv2", ["conv2d", "conv3d", "affine"]) == "did you mean conv2d or conv3d?"
    assert nearest("rum", ["run", "rub", "rue"]) == "did you mean run, rue or rub?"
    assert nearest("rum", ["run"]) == "did you mean run?"
    assert nearest("zzz", ["b", "a"]) == "there are: a, b"
    assert nearest("zzz", []) == "there are none"


def test_a_long_list_ends_with_how_many_more_there_are():
    """As of what lies beside a folder that is missing."""
    names = [f"n{i:03}" for i in range(1234)]
    assert nearest("zzz", names) == f"there are: {', '.join(names[:20])} and 1,214 more"
    assert nearest("zzz", names[:20]) == f"there are: {', '.join(names[:20])}"


def test_nobody_reads_a_hundred_names():
    """The first twenty, and how many more there are."""
    names = [f"n{number:03}" for number in range(100)]
    assert nearest("zzz", names) == f"there are: {', '.join(names[:20])} and 80 more"
