"""Grammars as text, in the notation of papers (Schrodi et al. 2023, appendix).

A rule a line, its productions between bars, in a line that begins with a bar its further ones:

    CELL -> Cell OPS OPS OPS | Other CELL [2]   # a comment
          | id

A production is a terminal with the modules that it is given, each a word or a production in parentheses, or a single
nonterminal. In brackets after it stands its weight, 1 if there is none.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, final

from attrs import define, field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.modules.grammar import Grammar, build_grammar
from archwright.core.modules.nonterminal import InvalidGrammar, Nonterminal
from archwright.core.term import Term

_TOKEN = re.compile(
    r"(?P<arrow>->)|(?P<mark>[|()])|\[(?P<weight>[^\]|#]*)\]|(?P<word>(?:(?!->)[^\s|()\[\]#])+)|(?P<wrong>\S)"
)

_NUMBER = re.compile(r"[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?|[0-9]+\.")
_QUOTES_AND_MARKS = "\"'`,;.<>"
_FILE_NAME = re.compile(r"\S+\.\w+")


class UnreadableGrammar(ArchwrightError, ValueError):
    """A text that is no grammar; the message has the line, the column and the remedy."""


@final
@frozen
class _Token:
    """A word or a mark of the text, and where it is."""

    sort: str  # arrow, mark, weight, word, wrong, or end
    text: str
    line: int  # from 1
    column: int  # from 1

    def refuse(self, reason: str) -> NoReturn:
        shown = f", at {self.text!r}" if self.text else ""
        raise UnreadableGrammar(f"line {self.line}, column {self.column}{shown}: {reason}")


@final
@frozen
class _Phrase:
    """A word with the phrases that it is given."""

    head: _Token
    arguments: "tuple[_Phrase, ...]"

    def format(self) -> str:
        """Its text, with one blank between its parts."""
        return " ".join([self.head.text, *(f"({p.format()})" if p.arguments else p.head.text for p in self.arguments)])


@final
@frozen
class _WrittenProduction:
    """A production as it is written."""

    phrase: _Phrase
    weight: float


@final
@define
class _WrittenRule:
    """A rule as it is written."""

    symbol: _Token
    productions: list[_WrittenProduction] = field(factory=list[_WrittenProduction])


@name_wrong_arguments
def grammar_from_text(
    text: str, terminals: Mapping[str, Term | Callable[..., Term]], *, depth: int | None = None
) -> Grammar:
    """The grammar of a text such as `CELL -> Cell OPS OPS | Other [2]`, which starts at the symbol of its first rule.

    What has a rule is a nonterminal; every other word is one of `terminals`: a module, or a function of as many modules
    as a production gives it. Productions are labelled by their text, and `#` begins a comment. `depth` is as in
    `grammar`. UnreadableGrammar has the line and the column; InvalidGrammar is for a depth that is none.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UnreadableGrammar(f"the text of a grammar is {show(text)}; write its rules, as in 'S -> conv | pool'")
    if not isinstance(terminals, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UnreadableGrammar(
            f"the terminals are {show(terminals)}; write a module for each word, as in {{'conv': conv2d(8, 3)}}"
        )
    if _FILE_NAME.fullmatch(text.strip()):
        raise UnreadableGrammar(
            f"the text of a grammar is {show(text)}, as if it were a file; give what it holds, as in "
            f"Path({show(text)}).read_text()"
        )
    rules = _read_rules(text)
    symbols = {rule.symbol.text: rule.symbol for rule in rules}
    for name in symbols.keys() & terminals.keys():
        symbols[name].refuse("this is a terminal, too; give one of them another name")
    builder = _Builder(symbols, terminals)
    listed: list[tuple[str, tuple[tuple[str, float], ...]]] = []
    terms: list[Term] = []
    for rule in rules:
        made = [builder.build(production.phrase, rule.symbol.text) for production in rule.productions]
        labels = [rule.productions[made.index(term)].phrase.format() for term in made]  # equal ones have the first's
        weights = [production.weight for production in rule.productions]
        listed.append((rule.symbol.text, tuple(zip(labels, weights, strict=True))))
        terms += made
    try:
        return build_grammar(rules[0].symbol.text, tuple(listed), tuple(terms), depth)
    except InvalidGrammar as error:
        if error.symbol in symbols:
            symbols[error.symbol].refuse(str(error))
        raise


def grammar_to_text(grammar: Grammar) -> str:
    """The rules of a grammar, that of its start first, each in a line, as `grammar_from_text` reads them.

    With the same terminals, that of the text of a grammar gives an equal one. Of a grammar that is not from a text,
    productions are shown by their labels. InvalidGrammar for anything else.
    """
    if not isinstance(grammar, Grammar):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidGrammar(
            f"{show(grammar)} is no grammar; give what grammar_from_text or grammar made, and not a space around it"
        )
    rules = sorted(grammar.rules, key=lambda rule: rule[0] != grammar.start)
    return "".join(f"{symbol} -> {' | '.join(map(_format_listing, listings))}\n" for symbol, listings in rules)


def _format_listing(listing: tuple[str, float]) -> str:
    label, weight = listing
    return label if weight == 1 else f"{label} [{weight!r}]"


@final
@frozen
class _Builder:
    """Makes the modules of productions."""

    symbols: Mapping[str, _Token]
    terminals: Mapping[str, Term | Callable[..., Term]]

    def build(self, phrase: _Phrase, symbol: str) -> Term:
        """The module of a phrase in a production of `symbol`."""
        head, arguments = phrase.head, [self.build(argument, symbol) for argument in phrase.arguments]
        if head.text in self.symbols:
            if arguments:
                head.refuse(f"the nonterminal {head.text} is given modules; begin the production with a terminal")
            return Nonterminal(head.text)
        if head.text not in self.terminals:
            head.refuse(f"{head.text} has no rule and is no terminal; {self._suggest(head.text)}")
        return self._apply(head, self.terminals[head.text], arguments)

    def _suggest(self, word: str) -> str:
        """What to write in place of an unknown word."""
        if _NUMBER.fullmatch(word):
            return f"a weight stands in brackets, as in [{word}]"
        bare = word.strip(_QUOTES_AND_MARKS)
        if bare != word and (bare in self.symbols or bare in self.terminals):
            return f"write {bare}: words have blanks between them, and no other marks or quotes"
        return suggest_names(word, [*self.symbols, *self.terminals])

    def _apply(self, head: _Token, terminal: Any, arguments: list[Term]) -> Term:
        given = f"{len(arguments)} module{'s' * (len(arguments) != 1)}"
        if isinstance(terminal, Term):
            if arguments:
                head.refuse(f"{head.text} is a module and is given {given}; make it a function of modules")
            return terminal
        if not callable(terminal):
            head.refuse(f"{head.text} is {show(terminal)}; a terminal is a module or a function of modules")
        try:
            term: Any = terminal(*arguments)
        except (TypeError, ValueError, LookupError) as error:
            head.refuse(
                f"{head.text} cannot be built of {given}: {error}; give it as many as its function takes, and what fits"
            )
        if not isinstance(term, Term):
            head.refuse(f"{head.text} gives {show(term)}; let it return a module")
        return term


# --- reading


def _read_rules(text: str) -> list[_WrittenRule]:
    rules: list[_WrittenRule] = []
    for number, line in enumerate(text.splitlines(), start=1):
        tokens = list(_read_tokens(line, number))
        if len(tokens) > 1:
            _LineReader(tokens, rules).read()
    if not rules:
        raise UnreadableGrammar("line 1, column 1: the text has no rule; write one, as in S -> conv | pool")
    return rules


def _read_tokens(line: str, number: int) -> Iterator[_Token]:
    """The tokens of a line without its comment, and one for its end."""
    content = line.partition("#")[0]
    for match in _TOKEN.finditer(content):
        sort = match.lastgroup or ""
        yield _Token(sort, match[sort], number, match.start() + 1)
    yield _Token("end", "", number, len(content.rstrip()) + 1)


@final
@define
class _LineReader:
    """Reads a line: a rule, or further productions of the one before."""

    tokens: list[_Token]
    rules: list[_WrittenRule]
    position: int = 0

    def read(self) -> None:
        """Add what the line says to the rules."""
        if not self._take("|"):
            self._read_symbol()
        elif not self.rules:
            self.tokens[0].refuse("a line that begins with | goes on with a rule, and there is none before it")
        while True:
            self.rules[-1].productions.append(self._read_production())
            if self._next.sort == "end":
                return
            if not self._take("|"):
                self._refuse_next()

    @property
    def _next(self) -> _Token:
        return self.tokens[self.position]

    def _take(self, mark: str) -> bool:
        is_next = self._next.sort in ("mark", "arrow") and self._next.text == mark
        self.position += is_next
        return is_next

    def _refuse_next(self) -> NoReturn:
        """What stands after a whole production."""
        token = self._next
        if token.text == "[":
            token.refuse("a weight ends with a bracket, as in [2]")
        if token.text == "->":
            token.refuse("a rule begins in a line of its own")
        token.refuse("a bar is expected here, between two productions, or the end of the line")

    def _read_symbol(self) -> None:
        symbol = self._next
        if symbol.sort != "word" or not symbol.text.isidentifier():
            symbol.refuse("a symbol is expected here, as in CELL -> conv | pool, or | before further productions")
        self.position += 1
        if not self._take("->"):
            self._next.refuse(f"-> is expected here, after the symbol {symbol.text}")
        for rule in self.rules:
            if rule.symbol.text == symbol.text:
                symbol.refuse(f"{symbol.text} has a rule in line {rule.symbol.line}; go on with that one, after a bar")
        self.rules.append(_WrittenRule(symbol))

    def _read_production(self) -> _WrittenProduction:
        phrase = self._read_phrase()
        token = self._next
        if token.sort != "weight":
            return _WrittenProduction(phrase, 1)
        self.position += 1
        text = token.text.strip()
        if not _NUMBER.fullmatch(text) or float(text) == 0:
            token.refuse("a weight is a number above 0, as in [2] or [0.5]")
        return _WrittenProduction(phrase, int(text) if text.isdecimal() else float(text))

    def _read_phrase(self) -> _Phrase:
        """A word and all that it is given, up to a bar, a closing parenthesis, a weight or the end."""
        head = self._next
        if head.sort != "word":
            inside = "; in parentheses stands what a terminal is given, as in both conv (twice pool)"
            head.refuse(f"a terminal or a nonterminal is expected here{inside * (head.text == '(')}")
        self.position += 1
        arguments: list[_Phrase] = []
        while True:
            token = self._next
            if token.sort == "word":
                self.position += 1
                arguments.append(_Phrase(token, ()))
            elif self._take("("):
                arguments.append(self._read_phrase())
                if not self._take(")"):
                    self._next.refuse(f"a closing parenthesis is missing here, for that in column {token.column}")
            else:
                return _Phrase(head, tuple(arguments))
