"""Terms that a log holds: read, with a person's kinds of modules where the log may have their code run."""

from collections.abc import Mapping, Sequence

from archwright.core.json import JSON, UnreadableTerm, find_unknown_kinds, find_user_kinds, from_json, list_kinds
from archwright.core.term import Term
from archwright.store import permission
from archwright.store.events import RunStarted
from archwright.store.needed import explain_changed
from archwright.store.origins import compare_code
from archwright.store.user_code import NoSuchSource, load_object


def load_logged_term(data: JSON, started: RunStarted, *, trusted: bool) -> Term:
    """The term of a logged space of the run that `started` so; code is loaded only where it has unknown kinds.

    NotTrusted where that is code that this user does not trust.
    """
    if not find_unknown_kinds(data):
        return from_json(data)
    for source in started.term_sources:
        permission.require_trusted(source, trusted=trusted)
    for source in started.term_sources:
        load_object(source)
    if find_unknown_kinds(data):
        raise UnreadableTerm(
            f"{_explain_lost_kinds(data)}, and go on in the same process (with @aw.module and aw.resume(...) in Python)"
        )
    return from_json(data)


def describe_changed_kinds(run: str, started: RunStarted) -> Sequence[str]:
    """A sentence for each kind of module that has another text here than the run was begun with, as far as it says."""
    return [explain_changed(name, run) for name in find_changed_kinds(started.kind_code)]


def find_changed_kinds(kind_code: JSON) -> Sequence[str]:
    """The kinds of modules, in words, that have other texts here than in the `kind_code` of a RunStarted."""
    kinds = list_kinds()
    logged: Mapping[str, Mapping[str, str | None]] = kind_code or {}
    return [
        f"the kind of module {name}"
        for name, code in logged.items()
        if name in kinds and compare_code(code.get("sha256"), kinds[name]) == "other"
    ]


def find_term_source(data: JSON, source: str) -> str:
    """The source of a logged term that workers must load, since it defines kinds of modules in the term; else "".

    To be called once the source is trusted and loaded.
    """
    return source if find_user_kinds(data) else ""


def describe_unknown_kinds(data: JSON, started: RunStarted) -> str:
    """What is left out of a report on a logged term, since only untrusted code tells it; "" if nothing is."""
    if not find_unknown_kinds(data):
        return ""
    omission = f"what only the code of {_list_unknown_kinds(data)} tells, such as shapes, is left out"
    if not started.term_sources:
        lost = _explain_lost_kinds(data)
        return f"{omission}: {lost}, and look at the run in the same process (with @aw.module in Python)"
    places = ", ".join(dict.fromkeys(map(_locate, started.term_sources)))
    return f"{omission}; --trust (trust=True in Python) runs it, from {places}"


def _explain_lost_kinds(data: JSON) -> str:
    """The beginning of a sentence: the log names no file of some kinds of modules, and what is to be done first."""
    return (
        f"no file that the log names defines the modules {_list_unknown_kinds(data)}; define their classes again, as "
        "they were"
    )


def _locate(source: str) -> str:
    try:
        return permission.find_source_file(source)
    except NoSuchSource:
        return source


def _list_unknown_kinds(data: JSON) -> str:
    return ", ".join(sorted(find_unknown_kinds(data)))
