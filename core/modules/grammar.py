"""Grammars: spaces that are derived from a start symbol by rules (Schrodi et al. 2023, section 3).

A nonterminal that is bound to its grammar is a rewriting module like any other: its one hyperparameter is the
production, and what it expands to is that production, in which the nonterminals are bound to the same grammar in turn.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast, final

from attrs import evolve, field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.domain import Domain, Values
from archwright.core.errors import show, suggest_names
from archwright.core.hyperparameter import Hyperparameter, hyperparameter
from archwright.core.kind import NotATerm, children, module, require_term
from archwright.core.modules.choices import check_label, make_labels
from archwright.core.modules.grammar_rules import (
    EXHAUSTED,
    GrammarFamily,
    Production,
    Rules,
    as_rules,
    bind_nonterminals,
    require_good_rules,
    require_reachable,
)
from archwright.core.modules.nonterminal import InvalidGrammar, Nonterminal, NonterminalBinder
from archwright.core.shape import Misfit
from archwright.core.term import Term, make_unchecked_term
from archwright.core.value import InvalidDomain, Value

_set_attribute = object.__setattr__  # also of a frozen object


@final
@frozen
class Weighted:
    """A production with a weight: one of weight 2 is drawn as often as one that is listed twice."""

    term: Term
    weight: float

    def __attrs_post_init__(self) -> None:
        require_term(self.term, "the production of weighted", "sequential")
        if type(self.weight) not in (int, float) or not 0 < self.weight < math.inf:
            raise InvalidDomain(f"the weight of a production is {show(self.weight)}; write a finite number above 0")


Productions: TypeAlias = Sequence[Term | Weighted] | Mapping[str, Term | Weighted]


@final
@module
class Grammar(NonterminalBinder):
    """What a grammar derives from the symbol `start`: one of the productions of its rule, each under a label.

    `rules` holds for each symbol the labels of its productions as they are listed, with their weights; `terms` are the
    productions of all rules in that order. One that is listed again has the same label: it is one option, and its
    weights add up. `depth` says how many productions may be in each other, that of `start` included; 0 is any number.
    """

    start: str
    rules: Rules = field(converter=as_rules)
    terms: tuple[Term, ...] = children()
    production: Hyperparameter[str] = hyperparameter()
    depth: int = field(default=0, metadata={"optional": True})

    def __attrs_post_init__(self) -> None:
        require_good_rules(self.start, self.rules, self.terms, self.depth)

    @property
    def word(self) -> str:
        """Its start symbol."""
        return self.start

    def check(self, name: str, value: Value) -> str | None:
        """A production is known by its label."""
        return check_label(value, list(dict.fromkeys(label for label, _ in dict(self.rules).get(self.start, ()))))

    def specify(self, values: tuple[Value, ...]) -> "Grammar":
        """The grammar with a production, and with all that it has bound already."""
        grammar = super().specify(values)
        _set_attribute(grammar, "_family", self._get_family())
        return grammar

    def expand(self) -> Term:
        """The production, its nonterminals bound. Misfit where no more productions may be in each other."""
        if self.depth == EXHAUSTED:
            raise Misfit(f"as many productions as may be are in each other already; {self.start} would be one more")
        family, inner_depth = self._get_family(), self.depth and (self.depth - 1 or EXHAUSTED)
        key = self.start, self.production, inner_depth
        if key not in family.expansions:
            term = next(p.term for p in family.productions[self.start] if p.label == self.production)
            family.expansions[key] = bind_nonterminals(term, lambda reference: self._bind(reference, inner_depth))
        return family.expansions[key]

    def list_rules(self) -> list[tuple[str, list[Production]]]:
        """The symbols with their productions, each once, that of the start first."""
        rules = self._get_family().productions
        return [(symbol, rules[symbol]) for symbol in sorted(rules, key=lambda symbol: symbol != self.start)]

    def tell_listings_apart(self) -> "Grammar":
        """The grammar, but productions that are listed several times are as many options."""
        rules = tuple((symbol, _number_labels(listings)) for symbol, listings in self.rules)
        if rules == self.rules:
            return self
        options = GrammarFamily.of(rules, self.terms).list_options(self.start, self.depth)
        is_open = isinstance(cast(Any, self.production), Domain)
        return evolve(self, rules=rules, production=options if is_open else self.production)

    def _bind(self, reference: Nonterminal, depth: int) -> "Grammar":
        """The grammar with another start, the same object each time: what is worked out about it stays with it."""
        family, symbol = self._get_family(), reference.symbol
        key = symbol, depth, reference.given_name
        if key not in family.grammars:
            production = family.list_options(symbol, depth)
            depth_left = depth if isinstance(production, Values) else EXHAUSTED
            changes = {"start": symbol, "production": production, "depth": depth_left}
            fields = [changes.get(name, getattr(self, name)) for name, _ in self.field_roles]
            grammar = make_unchecked_term(Grammar, fields, given_name=reference.given_name)
            _set_attribute(grammar, "_family", family)
            family.grammars[key] = grammar
        return cast(Grammar, family.grammars[key])

    def _get_family(self) -> GrammarFamily:
        family: GrammarFamily | None = getattr(self, "_family", None)
        if family is None:
            family = GrammarFamily.of(self.rules, self.terms)
            _set_attribute(self, "_family", family)
        return family


@name_wrong_arguments
def grammar(start: str = "", /, *, depth: Any = None, **rules: Productions) -> Grammar:
    """The grammar of these rules: `grammar("S", S=[sequential(nonterminal("OP"), relu())], OP=[conv2d(8, 3), zero()])`.

    A rule is a list of productions, known by their kinds as the options of `either` are, or a mapping of labels to
    productions; `weighted(term, 2)` weighs one, as does listing it twice. With `depth`, at most so many productions are
    in each other; rules may then lead back to their symbol. InvalidGrammar for rules that do not fit together, and
    NotATerm for a production that is no module.
    """
    if not isinstance(start, str) or not start:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidGrammar(
            f"grammar starts at {show(start)}; write the start symbol first, as in grammar('S', S=[...])"
        )
    if isinstance(depth, list | tuple | Mapping):  # the rule of a symbol that is called so
        rules, depth = {**rules, "depth": cast(Productions, depth)}, None
    listed: list[tuple[str, tuple[tuple[str, float], ...]]] = []
    terms: list[Term] = []
    for symbol, productions in rules.items():
        weighted_terms = _read_productions(symbol, productions)
        labels = _label_productions(symbol, productions, [item.term for item in weighted_terms])
        listed.append((symbol, tuple((label, w.weight) for label, w in zip(labels, weighted_terms, strict=True))))
        terms += [item.term for item in weighted_terms]
    return build_grammar(start, tuple(listed), tuple(terms), depth)


def build_grammar(start: str, rules: Rules, terms: tuple[Term, ...], depth: int | None) -> Grammar:
    """The grammar whose start has all of the productions that can end."""
    if depth is not None and (type(depth) is not int or depth < 1):
        raise InvalidGrammar(f"the depth of a grammar is {show(depth)}; write a whole number of 1 or more")
    require_good_rules(start, rules, terms, depth or 0)
    require_reachable(start, rules, terms)
    production = GrammarFamily.of(rules, terms).list_options(start, depth or 0)
    return Grammar(start, rules, terms, production, depth or 0)  # pyright: ignore[reportArgumentType]


def _read_productions(symbol: str, productions: Productions) -> list[Weighted]:
    if not isinstance(productions, list | tuple | Mapping):
        nearest = suggest_names(symbol, ["depth"])
        raise InvalidGrammar(
            f"the rule of {symbol} is {show(productions)}; write its productions in a list, as in {symbol}=[a, b], or "
            f"under labels, as in {{'first': a}}{f'; {nearest}' if nearest.endswith('?') else ''}",
            symbol,
        )
    items = list(productions.values() if isinstance(productions, Mapping) else productions)
    for i, item in enumerate(items):
        if isinstance(item, str) and item.isidentifier():
            raise NotATerm(
                f"production {i} of {symbol} is {show(item)}; it must be a module, such as relu(), or, for what is "
                f"derived from a symbol, nonterminal({show(item)})"
            )
        if not isinstance(item, Weighted):
            require_term(item, f"production {i} of {symbol}")
    return [item if isinstance(item, Weighted) else Weighted(item, 1) for item in items]


def _label_productions(symbol: str, productions: Productions, terms: list[Term]) -> list[str]:
    """A label for each production as it is listed; equal ones of a list have the same."""
    distinct = [term for i, term in enumerate(terms) if term not in terms[:i]]
    if not isinstance(productions, Mapping):
        labels = make_labels(tuple(distinct), f"the rule of {symbol}")
        return [labels[distinct.index(term)] for term in terms]
    labels = list(productions)
    for i, term in enumerate(terms):
        if (first := terms.index(term)) < i:
            raise InvalidGrammar(
                f"{labels[first]} and {labels[i]} of {symbol} are the same production; write it once, as in "
                f"{{{labels[first]!r}: weighted(..., 2)}}",
                symbol,
            )
    return labels


@name_wrong_arguments
def weighted(term: Term, weight: float) -> Weighted:
    """A production of a grammar with a weight, a number above 0; those without one weigh 1.

    NotATerm of what is no module, InvalidDomain of another weight.
    """
    return Weighted(term, weight)


def _number_labels(listings: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    labels = [label for label, _ in listings]
    numbers = [labels[:i].count(label) for i, label in enumerate(labels)]
    return tuple(
        (f"{label}\n{n}" if n else label, weight) for (label, weight), n in zip(listings, numbers, strict=True)
    )
