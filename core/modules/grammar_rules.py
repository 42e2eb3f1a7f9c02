"""The rules of a grammar: whether they fit together, how deep a derivation must be, and what is bound already."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, cast, final

from attrs import field, frozen

from archwright.core.domain import Domain, Values
from archwright.core.errors import show, suggest_names
from archwright.core.hyperparameter import Slot
from archwright.core.modules.choices import Either, Repeat
from archwright.core.modules.graphs import Cell
from archwright.core.modules.nonterminal import InvalidGrammar, Nonterminal, NonterminalBinder, find_nonterminals
from archwright.core.term import Term
from archwright.core.value import format_exactly

Rules: TypeAlias = tuple[tuple[str, tuple[tuple[str, float], ...]], ...]  # of each symbol: the listed labels, weights

EXHAUSTED = -1  # the depth of a grammar that has no production that may still be used


@final
@frozen(eq=False)
class Production:
    """An option of a rule, however often it is listed."""

    label: str
    weight: float  # of all its listings together
    term: Term
    inner_depth: float  # how many productions are in each other below it at least; inf where none ends

    def format(self) -> str:
        """Its label, and its weight in brackets if that is not 1."""
        return self.label if self.weight == 1 else f"{self.label} [{format_exactly(self.weight)}]"


@final
@frozen(eq=False)
class GrammarFamily:
    """A grammar's productions by symbol, and the modules made of them: each once, so that its caches serve all."""

    productions: Mapping[str, list[Production]]
    # By start, depth and given name; and by start, production and the depth inside.
    grammars: dict[tuple[str, int, str], Term] = field(factory=dict[tuple[str, int, str], Term])
    expansions: dict[tuple[str, str, int], Term] = field(factory=dict[tuple[str, str, int], Term])

    @classmethod
    def of(cls, rules: Rules, terms: tuple[Term, ...]) -> "GrammarFamily":
        """The family of a grammar, of which nothing is bound yet."""
        rule_terms = dict(_pair_terms(rules, terms))
        depths = _find_least_depths(rule_terms)
        productions: dict[str, list[Production]] = {}
        for symbol, listings in rules:
            weights, first_terms = dict[str, float](), dict[str, Term]()
            for (label, weight), term in zip(listings, rule_terms[symbol], strict=True):
                weights[label] = weights.get(label, 0) + weight
                first_terms.setdefault(label, term)
            productions[symbol] = [
                Production(label, weights[label], term, _measure_depth(term, depths))
                for label, term in first_terms.items()
            ]
        return cls(productions)

    def list_options(self, symbol: str, depth: int) -> Slot:
        """The productions of a symbol that can end within a depth, 0 for any; if none can, the first, as a value."""
        productions = self.productions[symbol]
        options = [p for p in productions if depth == 0 or p.inner_depth < depth]
        if not options:
            return productions[0].label
        return Values([p.label for p in options], weights=[p.weight for p in options])


def as_rules(rules: Any) -> Rules:
    """Rules as tuples; what is none is refused by `require_good_rules`."""
    if not isinstance(rules, list | tuple):
        return rules
    return cast(Rules, tuple(map(_as_tuples, cast(Any, rules))))


def _as_tuples(items: Any) -> Any:
    return tuple(map(_as_tuples, cast(Any, items))) if isinstance(items, list | tuple) else items


def bind_nonterminals(term: Term, bind: Callable[[Nonterminal], Term]) -> Term:
    """The term with what `bind` gives for its nonterminals; an object that comes twice stays one."""
    done: dict[int, Term] = {}

    def replace(term: Term) -> Term:
        if isinstance(term, Nonterminal):
            return bind(term)
        if not find_nonterminals(term):
            return term
        if id(term) not in done:
            done[id(term)] = term.with_subterms(tuple(map(replace, term.subterms)))
        return done[id(term)]

    return replace(term)


def _pair_terms(rules: Rules, terms: tuple[Term, ...]) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """Each symbol with the terms of its productions as they are listed."""
    rest = terms
    for symbol, listings in rules:
        yield symbol, rest[: len(listings)]
        rest = rest[len(listings) :]


# --- how deep derivations must be


def _find_least_depths(rule_terms: Mapping[str, tuple[Term, ...]]) -> Mapping[str, float]:
    """For each symbol, how many productions are in each other at least in what is derived from it; inf if none ends."""
    depths = dict.fromkeys(rule_terms, math.inf)
    while True:
        better = {s: 1 + min(_measure_depth(t, depths) for t in terms) for s, terms in rule_terms.items()}
        if better == depths:
            return depths
        depths = better


def _measure_depth(term: Term, depths: Mapping[str, float]) -> float:
    """The same for what a term has inside, given those of the symbols; a choice may take the option of the least."""
    match term:
        case Nonterminal():
            return depths[term.symbol]
        case NonterminalBinder():
            return 0
        case Either() | Cell():
            return min(_measure_depth(option, depths) for option in term.terms)
        case Repeat() if _may_be_zero(term.count):
            return 0
        case _:
            return max((_measure_depth(subterm, depths) for subterm in term.subterms), default=0)


def _may_be_zero(count: Slot) -> bool:
    return 0 in count if isinstance(count, Domain) else count == 0


# --- whether rules fit together


def require_good_rules(start: str, rules: Rules, terms: tuple[Term, ...], depth: int) -> None:
    """InvalidGrammar, with the symbol and the remedy, for rules that do not fit together."""
    _require_form(rules, terms)
    rule_terms = dict(_pair_terms(rules, terms))
    if start not in rule_terms:
        raise InvalidGrammar(f"the start {show(start)} has no rule; {suggest_names(start, rule_terms)}")
    references = {symbol: _list_references(terms) for symbol, terms in rule_terms.items()}
    _require_defined(rules, rule_terms)
    depths = _find_least_depths(rule_terms)
    if endless := [symbol for symbol, least in depths.items() if least == math.inf]:
        raise InvalidGrammar(
            f"no derivation from {endless[0]} ends: each of its productions leads to another that does not; give "
            f"{endless[0]} a production without {' or '.join(endless)}",
            endless[0],
        )
    if depth == 0 and (cycle := _find_cycle(start, references)):
        raise InvalidGrammar(
            f"the rules lead back to where they began, without end: {' -> '.join(cycle)}; give a depth, as in depth=5, "
            "so that at most so many productions are in each other",
            cycle[0],
        )
    if 0 < depth < depths[start]:
        raise InvalidGrammar(
            f"the depth is {depth}, and every derivation from {start} has {depths[start]} productions or more in each "
            f"other; give depth={depths[start]} or more",
            start,
        )


def require_reachable(start: str, rules: Rules, terms: tuple[Term, ...]) -> None:
    """InvalidGrammar for the first symbol to which no derivation comes, which is hardly ever meant."""
    references = {symbol: _list_references(terms) for symbol, terms in _pair_terms(rules, terms)}
    found, stack = {start}, [start]
    while stack:
        new = [symbol for symbol in references[stack.pop()] if symbol not in found]
        found.update(new)
        stack += new
    for symbol in references:
        if symbol not in found:
            raise InvalidGrammar(
                f"no derivation from {start} comes to {symbol}; leave its rule out, or use it in another rule", symbol
            )


def _require_form(rules: Any, terms: tuple[Term, ...]) -> None:
    """Rules are pairs of a symbol, each another, and of pairs of a label and a weight, one for each term."""
    try:
        is_good = len({symbol for symbol, _ in rules}) == len(rules)
        listings = [listing for _, pairs in rules for listing in pairs]
        is_good = is_good and len(listings) == len(terms)
        is_good = is_good and all(isinstance(label, str) and label for label, _ in listings)
        is_good = is_good and all(type(weight) in (int, float) and 0 < weight < math.inf for _, weight in listings)
    except (TypeError, ValueError):
        is_good = False
    if not is_good:
        raise InvalidGrammar(
            f"the rules of a grammar of {len(terms)} productions are {show(rules, 200)}; build it by grammar"
        )
    for symbol, pairs in cast(Rules, rules):
        Nonterminal(symbol)  # which refuses what is no symbol
        if not pairs:
            raise InvalidGrammar(f"{symbol} has no productions; give it one or more", symbol)


def _list_references(terms: tuple[Term, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(symbol for term in terms for symbol in find_nonterminals(term)))


def _require_defined(rules: Rules, rule_terms: Mapping[str, tuple[Term, ...]]) -> None:
    for symbol, listings in rules:
        for (label, _), term in zip(listings, rule_terms[symbol], strict=True):
            for reference in find_nonterminals(term):
                if reference not in rule_terms:
                    raise InvalidGrammar(
                        f"{reference} in the production {label!r} of {symbol} has no rule; "
                        f"{suggest_names(reference, rule_terms)}",
                        symbol,
                        label,
                    )


def _find_cycle(start: str, references: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The symbols on the first way that leads back, from a symbol to itself; empty if there is none."""
    finished = set[str]()
    stack = [(start, iter(references[start]))]
    while stack:
        way = [symbol for symbol, _ in stack]
        following = next(stack[-1][1], None)
        if following is None:
            finished.add(stack.pop()[0])
        elif following in way:
            return [*way[way.index(following) :], following]
        elif following not in finished:
            stack.append((following, iter(references[following])))
    return []
