"""Lines of code that are no longer than people read."""

import tokenize
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import pairwise

WIDTH = 120
INDENT = " " * 4
OPEN, CLOSE = ("(", "[", "{"), (")", "]", "}")
STRING_STARTS = {getattr(tokenize, name, -1) for name in ("FSTRING_START", "TSTRING_START")}  # since Python 3.12, 3.14
STRING_ENDS = {getattr(tokenize, name, -1) for name in ("FSTRING_END", "TSTRING_END")}


def broken_up(lines: Sequence[str]) -> Iterator[str]:
    """Lines of code, each a statement or the head of one, with those that are too long broken where that is simple.

    Nothing is changed but for line ends within brackets, and brackets around a sum: what a line does stays the same.
    """
    for line in lines:
        if len(line) <= WIDTH:
            yield line
        else:
            yield from _broken(line.strip(), line[: len(line) - len(line.lstrip())])


def _broken(code: str, indent: str) -> Iterator[str]:
    """A line, with its comment above it, and then the inside of its longest brackets on lines of their own."""
    marks = list(_marks(code))
    comments = [place for place, depth, what in marks if what == "#"]
    if comments:
        yield indent + code[comments[0] :]
        code, marks = code[: comments[0]].rstrip(), [mark for mark in marks if mark[0] < comments[0]]
    if len(indent + code) <= WIDTH:
        yield indent + code
        return
    head, terms = _sum(code, marks)
    if len(terms) > 1:
        yield f"{indent}{head}("
        for term in terms:
            yield from _broken(term, indent + INDENT)
        yield f"{indent})"
        return
    outer = [place for place, depth, what in marks if depth == 0 and what in "([{)]}"]
    start, end = max(zip(outer[::2], outer[1::2], strict=True), key=lambda pair: pair[1] - pair[0], default=(0, 0))
    if end - start < 2:
        yield indent + code
        return
    commas = [place for place, depth, what in marks if depth == 1 and what == "," and start < place < end]
    yield indent + code[: start + 1]
    for before, after in pairwise([start, *commas, end]):
        inside = code[before + 1 : after + (after != end)].strip()
        if inside:
            yield from _broken(inside, indent + INDENT)
    yield indent + code[end:]


def _sum(code: str, marks: Sequence[tuple[int, int, str]]) -> tuple[str, list[str]]:
    """What stands before a sum in a statement, and its terms with their signs; one term if it is none."""
    pluses = [place for place, depth, what in marks if depth == 0 and what == "+"]
    equals = [place + 1 for place, depth, what in marks if depth == 0 and what == "="]
    start = equals[0] + 1 if equals else len("return ") if code.startswith("return ") else -1
    if start < 0 or not pluses:
        return "", [code]
    return code[:start], [term for a, b in pairwise([start, *pluses, len(code)]) if (term := code[a:b].strip())]


def _marks(code: str) -> Iterator[tuple[int, int, str]]:
    """Where in a line there are brackets, commas, signs and comments: place, depth and what; none within texts."""
    depth, texts = 0, 0
    for token in tokenize.generate_tokens(StringIO(code).readline):
        texts += (token.type in STRING_STARTS) - (token.type in STRING_ENDS)
        if texts or token.type not in (tokenize.OP, tokenize.COMMENT):
            continue
        what = "#" if token.type == tokenize.COMMENT else token.string
        depth -= what in CLOSE
        yield token.start[1], depth, what
        depth += what in OPEN
