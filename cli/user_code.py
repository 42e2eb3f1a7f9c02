"""Code of a person's own that a command runs: since they name it there, or since a log names it and they let it."""

from contextlib import suppress

from archwright.cli.output import say
from archwright.cli.space import SpaceSource, find_space
from archwright.core.json import JSON, UnreadableTerm, find_unknown_kinds, find_user_kinds, from_json
from archwright.core.term import Term
from archwright.evaluate import permission
from archwright.evaluate.permission import ListUnwritable
from archwright.evaluate.user_code import NoSuchSource, is_source, load_object


def trust_named_source(source: str) -> str:
    """`source`, which a person names in this command, so that logs of theirs may name it from now on."""
    try:
        permission.trust_source(source)
    except ListUnwritable as error:
        say(error, err=True)
    return source


def load_named_space(source: str) -> SpaceSource:
    """The space that a person names in this command; raises what `find_space` does."""
    return find_space(trust_named_source(source))


def load_logged_space(source: str, *, trusted: bool) -> SpaceSource:
    """The space that a log names; NotTrusted where that is code that this person does not let run."""
    permission.require_trusted(source, trusted=trusted)
    return find_space(source)


def load_logged_term(data: JSON, source: str, *, trusted: bool) -> Term:
    """The term that a run has logged; its file is loaded only where the term holds kinds that are not known.

    NotTrusted where that is code that this person does not let run.
    """
    if not find_unknown_kinds(data):
        return from_json(data)
    if not is_source(source):
        raise UnreadableTerm(
            f"{_list_unknown_kinds(data)} can be read by no built-in space, and {source!r} names no file of them"
        )
    permission.require_trusted(source, trusted=trusted)
    load_object(source)
    return from_json(data)


def find_term_source(data: JSON, source: str) -> str:
    """The source of a logged term, if it holds kinds that are not built in, for whose code workers load it; else none.

    To be asked once this person has let it run.
    """
    return source if find_user_kinds(data) else ""


def describe_unknown_kinds(data: JSON, source: str) -> str:
    """What cannot be told of a logged term without code that is not to run for that; empty if all can."""
    if not find_unknown_kinds(data):
        return ""
    place = source
    with suppress(NoSuchSource):
        place = permission.find_source_file(source)
    kinds = _list_unknown_kinds(data)
    return f"what only the code of {kinds} tells, such as shapes, is left out; --trust runs it, from {place}"


def _list_unknown_kinds(data: JSON) -> str:
    return ", ".join(sorted(find_unknown_kinds(data)))
