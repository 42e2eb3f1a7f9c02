"""A user's code that a command runs: the user names it in the command, or a log names it and the user trusts it."""

from collections.abc import Sequence

from archwright.cli.space import SpaceSource, find_space
from archwright.cli.values import parse_searcher_text
from archwright.core.json import JSON
from archwright.display.console import say
from archwright.store import permission
from archwright.store.permission import ListUnwritable


def trust_named_source(source: str) -> str:
    """Trust `source`, which the user names in this command, in logs from now on; returns it."""
    try:
        permission.trust_source(source)
    except ListUnwritable as error:
        say(error, err=True)
    return source


def trust_named_data(data: str | None) -> None:
    """Trust the code of data that the user names in this command, if it is a function of theirs."""
    if data is None:
        return
    from archwright.evaluate.data.loading import is_user_data  # only here, since it needs numpy

    if is_user_data(data):
        trust_named_source(data)


def load_named_space(source: str) -> SpaceSource:
    """The space that the user names in this command; raises what `find_space` does."""
    return find_space(trust_named_source(source))


def load_logged_space(source: str, *, trusted: bool) -> SpaceSource:
    """The space that a log names; NotTrusted where that is code that this user does not trust."""
    permission.require_trusted(source, trusted=trusted)
    return find_space(source)


def read_named_searcher(text: str, set_options: Sequence[str] = ()) -> JSON:
    """What the log holds of the searcher that the user names in this command; raises what finding it does.

    Code of their own that it is, they trust in logs from now on.
    """
    from archwright.search.named import SEARCHER_KIND, searcher_to_json

    data = searcher_to_json(*parse_searcher_text(text, set_options))
    for source in SEARCHER_KIND.find_sources(data):
        trust_named_source(source)
    return data
