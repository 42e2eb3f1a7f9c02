"""The guard around a person's code: whatever it raises becomes a named error, with the traceback of its own frames."""

import sys

import pytest

from archwright.core.errors import ArchwrightError
from archwright.core.tracebacks import format_traceback, guard_user_code


class TheirsFailed(ArchwrightError, RuntimeError):
    """As those of each kind of a person's code."""


class OursFailed(ArchwrightError, ValueError):
    """As archwright raises it where it is used wrongly."""


def fail_as(error):
    raise error


def run_guarded(error, **options):
    with guard_user_code(TheirsFailed, "their code failed", **options):
        fail_as(error)


def test_what_a_persons_code_raises_is_named_with_its_own_frames():
    with pytest.raises(TheirsFailed) as raised:
        run_guarded(KeyError("width"))
    first, second, *lines = str(raised.value).splitlines()
    assert (first, second, lines[-1]) == (
        "their code failed:",
        "Traceback (most recent call last):",
        "KeyError: 'width'",
    )
    assert f'File "{__file__}"' in lines[0]
    assert "in fail_as" in lines[-3]
    assert isinstance(raised.value.__cause__, KeyError)


@pytest.mark.parametrize("error", [OursFailed("a width is 1 or more"), KeyboardInterrupt(), SystemExit(3)])
def test_errors_of_archwright_and_ends_of_the_process_leave_the_guard_as_they_are(error):
    with pytest.raises(type(error)) as raised:
        run_guarded(error)
    assert raised.value is error


def test_where_none_passes_an_error_of_archwright_comes_with_the_persons_line():
    with pytest.raises(TheirsFailed, match=r"(?s)in fail_as.*OursFailed: a width is 1 or more") as raised:
        run_guarded(OursFailed("a width is 1 or more"), passing=())
    assert isinstance(raised.value.__cause__, OursFailed)


def test_where_archwright_set_the_guard_the_error_is_its_message_alone():
    """As in a worker, which formats whatever was raised: leaving the guarded block adds no frames."""
    with pytest.raises(TheirsFailed) as raised:
        run_guarded(KeyError("width"))
    traceback = raised.value.__traceback__.tb_next.tb_next  # without this file's two frames, the test's and the block's
    assert traceback is not None
    assert format_traceback(raised.value.with_traceback(traceback)) == str(raised.value)


def test_a_long_traceback_is_shortened_in_its_middle():
    """The user's line stays, though the packages that they call have frames without end; so does where it failed."""
    package = f"{sys.prefix}/lib/package.py"
    namespace = {}
    source = "def even(f, n):\n    return odd(f, n - 1) if n else f()\ndef odd(f, n):\n    return even(f, n - 1)\n"
    exec(compile(source, package, "exec"), namespace)

    def forward():
        raise ValueError("\n".join(f"shape {i}" for i in range(50)))

    def run_model():
        return namespace["even"](forward, 20)

    with pytest.raises(ValueError, match="shape 49") as raised:
        run_model()
    lines = format_traceback(raised.value).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert len(lines) <= 24
    text = "\n".join(lines)
    assert "in run_model" in text
    assert text.index("in run_model") < text.index("lines are left out ...") < text.index("in forward")
    assert text.endswith("shape 49")
    assert "ValueError: shape 0\n" in text
    assert text.count("left out") == 2  # frames, and of the message


def test_a_short_traceback_is_whole():
    with pytest.raises(KeyError) as raised:
        fail_as(KeyError("width"))
    assert "left out" not in format_traceback(raised.value)
