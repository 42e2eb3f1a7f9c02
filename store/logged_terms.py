"""Terms that a log holds: read, with a person's kinds of modules where the log may have their code run."""

from contextlib import suppress

from archwright.core.json import JSON, UnreadableTerm, find_unknown_kinds, find_user_kinds, from_json
from archwright.core.term import Term
from archwright.store import permission
from archwright.store.user_code import NoSuchSource, is_source, load_object


def load_logged_term(data: JSON, source: str, *, trusted: bool) -> Term:
    """The term of a logged space; its file is loaded only where the term has unknown kinds of modules.

    NotTrusted where that is code that this user does not trust.
    """
    if not find_unknown_kinds(data):
        return from_json(data)
    if not is_source(source):
        raise UnreadableTerm(
            f"{_list_unknown_kinds(data)} can be read by no built-in space, and {source!r} names no file of them; "
            "define them again in this process first"
        )
    permission.require_trusted(source, trusted=trusted)
    load_object(source)
    return from_json(data)


def find_term_source(data: JSON, source: str) -> str:
    """The source of a logged term that workers must load, since it defines kinds of modules in the term; else "".

    To be called once the source is trusted and loaded.
    """
    return source if find_user_kinds(data) else ""


def describe_unknown_kinds(data: JSON, source: str) -> str:
    """What is left out of a report on a logged term, since only untrusted code tells it; "" if nothing is."""
    if not find_unknown_kinds(data):
        return ""
    origin = source
    with suppress(NoSuchSource):
        origin = permission.find_source_file(source)
    kinds = _list_unknown_kinds(data)
    return f"what only the code of {kinds} tells, such as shapes, is left out; --trust runs it, from {origin}"


def _list_unknown_kinds(data: JSON) -> str:
    return ", ".join(sorted(find_unknown_kinds(data)))
