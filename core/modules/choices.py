"""Modules that stand for another term until they are chosen (DeepArchitect, section 4.1)."""

from collections.abc import Callable, Sequence
from typing import Any, final

from attrs import field

from archwright.core.builders import name_wrong_arguments
from archwright.core.domain import Values, as_weights
from archwright.core.given_name import require_name
from archwright.core.hyperparameter import Hyperparameter, InvalidHyperparameter, hyperparameter, integer
from archwright.core.kind import child, children, module, require_term
from archwright.core.modules.basic import Identity
from archwright.core.modules.composite import Sequential
from archwright.core.named_modules import split_name
from archwright.core.term import Rewriting, Term
from archwright.core.value import Value


def _require_one_each(instance: "Either", _: object, labels: tuple[str, ...]) -> None:
    n = len(instance.terms)
    if not n or len(set(labels)) != n or len(labels) != n:
        raise InvalidHyperparameter(
            f"either has {n} options and the labels {list(labels)}; "
            "it needs one option or more, each with a label of its own"
        )


@final
@module
class Either(Rewriting):
    """One of several terms, each under a label."""

    terms: tuple[Term, ...] = children()
    labels: tuple[str, ...] = field(converter=tuple, validator=_require_one_each)
    option: Hyperparameter[str] = hyperparameter()

    def check(self, name: str, value: Value) -> str | None:
        """An option is known by its label."""
        return check_label(value, self.labels)

    def expand(self) -> Term:
        """The option that was chosen."""
        return self.terms[self.labels.index(self.option)]


@final
@module
class Repeat(Rewriting):
    """`count` copies of the body in a chain, each with hyperparameters of its own."""

    body: Term = child()
    count: Hyperparameter[int] = hyperparameter(integer(0))

    def expand(self) -> Term:
        """The copies, all the same object until they are chosen."""
        return Sequential((self.body,) * self.count)

    def candidates(self, name: str, target: Term, may_be: Callable[[Term, Term], bool]) -> Sequence[Value]:
        """As many as a chain has."""
        return [len(target.children)] if isinstance(target, Sequential) else []


def check_label(value: Value, labels: Sequence[str]) -> str | None:
    """What is wrong with a value in place of a label, or None."""
    return None if value in labels else f"it may be one of {', '.join(labels)}"


def make_labels(terms: tuple[Term, ...], place: str) -> tuple[str, ...]:
    """A label for each of several terms: its own, numbered where it comes again."""
    seen: dict[str, int] = {}
    labels: list[str] = []
    for i, term in enumerate(terms):
        require_term(term, f"option {i} of {place}", "either")
        seen[term.label] = seen.get(term.label, 0) + 1
        labels.append(term.label if seen[term.label] == 1 else f"{term.label}_{seen[term.label]}")
    return tuple(labels)


@name_wrong_arguments
def either(*terms: Term, **named: Any) -> Either:
    """A choice of one term. Options are known by their keyword, or by their kind, numbered where it comes again.

    `weights`, a list of a number above 0 for each option, says how often each is drawn, as of `values`; a text under
    `name` is the name of the choice. A module of these keywords is an option like any other. InvalidHyperparameter of
    no options, or two of one label, NotATerm of what is no module, InvalidDomain of other weights.
    """
    weights = () if isinstance(named.get("weights"), Term) else as_weights(named.pop("weights", ()))
    name, options = split_name(named)
    labels = (*make_labels(terms, "either"), *options)
    return Either((*terms, *options.values()), labels, Values(labels, weights=weights) if labels else "", name=name)


@name_wrong_arguments
def optional(body: Term, *, name: str = "") -> Either:
    """The body or nothing."""
    require_term(body, "body of optional")
    require_name(name, "optional")
    return either(Identity(), body, name=name)


@name_wrong_arguments
def maybe_swap(a: Term, b: Term, *, name: str = "") -> Either:
    """`a` then `b`, or `b` then `a`."""
    require_term(a, "a of maybe_swap")
    require_term(b, "b of maybe_swap")
    require_name(name, "maybe_swap")
    labels = f"{a.label}_then_{b.label}", f"{b.label}_then_{a.label}"
    if labels[0] == labels[1]:
        labels = "as_written", "swapped"
    return either(**{labels[0]: Sequential((a, b)), labels[1]: Sequential((b, a))}, name=name)
