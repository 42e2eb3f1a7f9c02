"""Terms that a log holds: read, with a person's kinds of modules where the log may have their code run."""

from archwright.core.json import JSON, UnreadableTerm, find_unknown_kinds, find_user_kinds, from_json
from archwright.core.term import Term
from archwright.store import permission
from archwright.store.events import RunStarted
from archwright.store.user_code import NoSuchSource, load_object


def load_logged_term(data: JSON, started: RunStarted, *, trusted: bool) -> Term:
    """The term of a logged space of the run that `started` so; code is loaded only where it has unknown kinds.

    NotTrusted where that is code that this user does not trust.
    """
    if not find_unknown_kinds(data):
        return from_json(data)
    if not started.term_sources:
        raise UnreadableTerm(
            f"{_list_unknown_kinds(data)} can be read by no built-in space, and {started.space_source!r} names no "
            "file of them; define them again in this process first"
        )
    for source in started.term_sources:
        permission.require_trusted(source, trusted=trusted)
    for source in started.term_sources:
        load_object(source)
    return from_json(data)


def find_term_source(data: JSON, source: str) -> str:
    """The source of a logged term that workers must load, since it defines kinds of modules in the term; else "".

    To be called once the source is trusted and loaded.
    """
    return source if find_user_kinds(data) else ""


def describe_unknown_kinds(data: JSON, started: RunStarted) -> str:
    """What is left out of a report on a logged term, since only untrusted code tells it; "" if nothing is."""
    if not find_unknown_kinds(data):
        return ""
    origins = [_locate(source) for source in started.term_sources] or [started.space_source]
    kinds, places = _list_unknown_kinds(data), ", ".join(dict.fromkeys(origins))
    return (
        f"what only the code of {kinds} tells, such as shapes, is left out; "
        f"--trust (trust=True in Python) runs it, from {places}"
    )


def _locate(source: str) -> str:
    try:
        return permission.find_source_file(source)
    except NoSuchSource:
        return source


def _list_unknown_kinds(data: JSON) -> str:
    return ", ".join(sorted(find_unknown_kinds(data)))
