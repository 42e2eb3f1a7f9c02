"""Nonterminals: modules that stand for what a grammar derives from a symbol."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Self, final

from attrs import field

from archwright.core.errors import ArchwrightError, show
from archwright.core.kind import module
from archwright.core.term import Rewriting, Term
from archwright.core.term_cache import cache_on_term

if TYPE_CHECKING:  # grammars know more than nonterminals, and few spaces have one
    from archwright.core.modules.grammar_rules import Production


class InvalidGrammar(ArchwrightError, ValueError):
    """A grammar that derives nothing, or without end, or whose rules do not fit together."""

    def __init__(self, message: str, symbol: str = "", label: str = "") -> None:
        super().__init__(message)
        self.symbol = symbol  # whose rule is wrong; empty if it is the grammar as a whole
        self.label = label  # of the production that is wrong; empty if it is the rule as a whole


class UnboundNonterminal(ArchwrightError, ValueError):
    """A nonterminal in a space that is in no grammar, so that nothing says what it stands for."""


def _require_symbol(_: object, __: object, symbol: object) -> None:
    if not isinstance(symbol, str) or not symbol.isidentifier():
        raise InvalidGrammar(f"the symbol of a nonterminal is {show(symbol)}; write a name such as CELL")


@final
@module
class Nonterminal(Rewriting):
    """A reference to the rule of a symbol, in a production of the grammar that has that rule.

    InvalidGrammar for what can be no symbol. In no grammar, it is refused where the space is read: UnboundNonterminal.
    """

    symbol: str = field(validator=_require_symbol)

    @property
    def word(self) -> str:
        """Its symbol."""
        return self.symbol

    def expand(self) -> Term:
        """UnboundNonterminal: only its grammar knows."""
        raise _make_unbound_error(self.symbol)


class NonterminalBinder(Rewriting):
    """A module that says what the nonterminals inside it stand for: a grammar, for those who need no more of it."""

    __slots__ = ("_family",)  # of what is bound already, which is no part of its value
    start: str  # the symbol that it derives from
    depth: int  # how many productions may be in each other; 0 is any number

    @abstractmethod
    def list_rules(self) -> "list[tuple[str, list[Production]]]":
        """The symbols with their productions, each once, that of the start first."""

    @abstractmethod
    def tell_listings_apart(self) -> Self:
        """The same, but productions that are listed several times are as many options."""


@cache_on_term
def find_nonterminals(term: Term) -> tuple[str, ...]:
    """The symbols of the nonterminals in a term that no module in it binds, each once."""
    if isinstance(term, Nonterminal):
        return (term.symbol,)
    if isinstance(term, NonterminalBinder):
        return ()
    return tuple(dict.fromkeys(symbol for subterm in term.subterms for symbol in find_nonterminals(subterm)))


def require_bound(space: Term) -> None:
    """UnboundNonterminal for the first nonterminal that belongs to no grammar."""
    if symbols := find_nonterminals(space):
        raise _make_unbound_error(symbols[0])


def _make_unbound_error(symbol: str) -> UnboundNonterminal:
    start = "S" if symbol != "S" else "NET"
    return UnboundNonterminal(
        f"nonterminal({symbol!r}) is in no grammar; put it into a production of one that has a rule for it, as in "
        f"aw.grammar({start!r}, {start}=[aw.nonterminal({symbol!r})], {symbol}=[aw.relu(), aw.identity()])"
    )
