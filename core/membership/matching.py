"""Whether a term may become an architecture once its choices are made, as far as that shows without shapes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeGuard, cast, final

from attrs import define, evolve, field, frozen

from archwright.core.domain import Domain
from archwright.core.environment import Environment, compute_value, find_unknown
from archwright.core.errors import MAX_NESTING, ArchwrightError, cut_text
from archwright.core.expression import Expression, Shared
from archwright.core.hyperparameter import Slot, is_analyzed_in_full, list_analyzed_values
from archwright.core.names import name_segment
from archwright.core.shape import Misfit
from archwright.core.term import Basic, Composite, Compound, Rewriting, Term, iterate_terms
from archwright.core.unknown_modules import UnknownModule
from archwright.core.value import Value, format_value

# Before it is given up to find out whether an architecture is in a space; seconds, not minutes.
MAX_TRIED_VALUES = 20_000
MAX_FIELD_CHARACTERS = 80  # of what a field holds


class MembershipUnknown(ArchwrightError, ValueError):
    """An architecture of which it would take too long to find out whether it is in a space."""


@final
@frozen
class TermMismatch:
    """Where and why a term cannot become an architecture: "its 0.conv2d.filters is 48, and the space has {32, 64}"."""

    before: str
    place: str  # in the term, as in the names of choices
    after: str
    progress: int = 0  # how many modules of the architecture are in the term before it

    def within(self, prefix: str, progress: int) -> "TermMismatch":
        """The same, seen from a module around the term."""
        return evolve(self, place=prefix + self.place, progress=self.progress + progress)

    def __str__(self) -> str:
        return f"{self.before}{self.place}{self.after}"


@define
class Matcher:
    """Matches terms with parts of one architecture, each pair once, and counts the values that it tries."""

    architecture: Term
    tried: int = 0
    left_out: str = ""  # a hyperparameter with so many values that not all were tried; empty if there is none
    _known: dict[tuple[Any, ...], tuple[Term, Term, TermMismatch | None]] = field(factory=dict[Any, Any], init=False)
    _sizes: dict[int, int] = field(factory=dict[int, int], init=False)
    _values: tuple[Value, ...] | None = field(default=None, init=False)

    def match(self, term: Term, target: Term, environment: Environment, rewritings: int = 0) -> TermMismatch | None:
        """Why `term` cannot become `target`, a part of the architecture; None if nothing is seen that keeps it from it.

        The names that people give to modules are not compared. `environment` has the values of shared hyperparameters
        that are known. `rewritings` is how many terms in a row stand for others.
        """
        shared = tuple(environment.get(each.name) for each in term.plan.shared)
        key = (id(term), id(target), shared)
        known = self._known.get(key)
        if known is None:
            known = term, target, self._match_anew(term, target, environment, rewritings)
            self._known[key] = known  # with both terms, so that no other ones get their identities
        return known[2]

    def _match_anew(self, term: Term, target: Term, environment: Environment, rewritings: int) -> TermMismatch | None:
        if stands_for_another(term):
            return self.match_rewriting(term, (), target, environment, rewritings)
        if term.plan.is_specified and term == target:
            return None
        mismatch = self.match_fields(term, target, environment)
        if mismatch is not None or not term.subterms:
            return mismatch
        return self.match_children(term, term.subterms, target, environment)

    def match_children(
        self, term: Term, children: Sequence[Term], target: Term, environment: Environment
    ) -> TermMismatch | None:
        """As `match`, of the modules inside a term, each of which is to become the one at its place inside `target`."""
        progress = 1
        for i, (child, part) in enumerate(zip(children, target.subterms, strict=True)):
            mismatch = self.match(child, part, environment)
            if mismatch is not None:
                return mismatch.within(f"{name_segment(term, children, i)}.", progress)
            environment = learn_shared(child, part, environment)
            progress += self._count_modules(part)
        return None

    def match_fields(self, term: Term, target: Term, environment: Environment) -> TermMismatch | None:
        """As `match`, of a term that stands for itself, without what is inside it."""
        if isinstance(target, UnknownModule):
            return TermMismatch(
                f"it has {target.kind}, a kind that is not known here, where the space has ", term.word, ""
            )
        if term.kind != target.kind:
            return TermMismatch(f"it has {target.kind} where the space has ", term.word, "")
        for name, role in term.field_roles:
            if role in ("child", "children", "rule"):
                continue
            slot, value = getattr(term, name), getattr(target, name)
            pairs = [(name, slot, value)]
            if role == "named hyperparameters":
                names, others = ([each for each, _ in entries] for entries in (slot, value))
                if names != others:
                    return TermMismatch("its ", term.word, f" has the {name} {others}, and the space has {names}", 1)
                pairs = [(each, inner, chosen) for (each, inner), (_, chosen) in zip(slot, value, strict=True)]
            for each, inner, chosen in pairs:
                if wanted := explain_slot(term, each, inner, chosen, environment):
                    fits = f"only {wanted} fits there" if each in term.open_names else f"the space has {wanted}"
                    return TermMismatch("its ", f"{term.word}.{each}", f" is {_format(chosen)}, and {fits}", 1)
        count, wanted_count = len(target.subterms), len(term.subterms)
        if count != wanted_count:
            return TermMismatch(
                "its ", term.word, f" has {count} modules inside, and the space's has {wanted_count}", 1
            )
        return None

    def match_rewriting(
        self,
        term: Compound,
        values: tuple[Value, ...],
        target: Term,
        environment: Environment,
        rewritings: int = 0,
    ) -> TermMismatch | None:
        """As `match`, of a term that stands for another one, whose first open hyperparameters have these values."""
        if rewritings > MAX_NESTING:
            return TermMismatch("", term.word, " of the space stands for others without an end")
        # What has no candidate at all is found before all values of the others are tried with each other.
        for k in range(len(values), len(term.plan.slots)):
            wanted = self._ask_candidates(term, k, target, environment)
            if wanted is not None and not wanted:
                return self._explain_no_candidate(term, k, target, environment)
        return self._match_values(term, values, target, environment, rewritings)

    def _match_values(
        self, term: Compound, values: tuple[Value, ...], target: Term, environment: Environment, rewritings: int
    ) -> TermMismatch | None:
        plan, k = term.plan, len(values)
        if k == len(plan.slots):
            return self._match_expansion(term, values, target, environment, rewritings)
        slot = plan.slots[k]
        shared = None if isinstance(slot, Domain) else find_unknown(slot, environment)
        if not isinstance(slot, Domain) and shared is None:
            try:
                value = compute_value(term, plan.names[k], slot, environment)
            except Misfit as misfit:
                return TermMismatch("", f"{term.word}.{plan.names[k]}", f" of the space cannot be: {misfit}")
            return self._match_values(term, (*values, value), target, environment, rewritings)
        mismatches: list[TermMismatch] = []
        for value in self.list_candidates(term, k, target, environment):
            self.count_try()
            after = (*values, value) if shared is None else values
            inner = environment if shared is None else environment.set(shared.name, value)
            mismatch = self._match_values(term, after, target, inner, rewritings)
            if mismatch is None:
                return None
            mismatches.append(mismatch)
        if not mismatches:  # with a shared value that is tried, no candidate is left
            return self._explain_no_candidate(term, k, target, environment)
        farthest = max(mismatches, key=lambda each: each.progress)
        if farthest.progress == 0 and len(mismatches) > 1:
            return _explain_no_value(term, plan.names[k], target)
        return farthest

    def _match_expansion(
        self, term: Compound, values: tuple[Value, ...], target: Term, environment: Environment, rewritings: int
    ) -> TermMismatch | None:
        module = term.specify(values) if term.plan.slots else term
        try:
            children = module.get_children()
        except Misfit as misfit:
            return TermMismatch("", term.word, f" of the space cannot be: {misfit}", 1)
        for i, (child, part) in enumerate(zip(children, divide(module, target), strict=True)):
            mismatch = None if part is None else self.match(child, part, environment, rewritings + 1)
            if mismatch is not None:
                return mismatch.within(f"{name_segment(module, children, i)}.", 0)
        return None

    def _ask_candidates(self, term: Compound, k: int, target: Term, environment: Environment) -> Sequence[Value] | None:
        """The legal ones of the values that a module says come into question; None where it does not say."""
        slot = term.plan.slots[k]
        if not isinstance(slot, Domain) or not isinstance(term, Rewriting):
            return None
        wanted = term.candidates(
            term.plan.names[k], target, lambda inner, part: self.match(inner, part, environment) is None
        )
        return None if wanted is None else [value for value in wanted if value in slot]

    def _explain_no_candidate(self, term: Compound, k: int, target: Term, environment: Environment) -> TermMismatch:
        name, slot, inside = term.plan.names[k], term.plan.slots[k], list[TermMismatch]()

        def may_be(inner: Term, part: Term) -> bool:
            mismatch = self.match(inner, part, environment)
            if mismatch is not None:
                inside.append(mismatch)
            return mismatch is None

        wanted = term.candidates(name, target, may_be) if isinstance(term, Rewriting) else None
        if wanted:
            would = " or ".join(map(format_value, wanted))
            return TermMismatch("its ", f"{term.word}.{name}", f" would be {would}, and the space has {slot}", 1)
        if not inside:
            return _explain_no_value(term, name, target)
        return TermMismatch("at ", f"{term.word}.{name}", f" {max(inside, key=lambda each: each.progress)}", 1)

    def list_candidates(self, term: Term, k: int, target: Term | None, environment: Environment) -> Iterable[Value]:
        """The values of an open hyperparameter, or of the shared one that it needs next, that are worth a try."""
        name, slot = term.plan.names[k], term.plan.slots[k]
        if isinstance(slot, Domain):
            if stands_for_another(term) and target is not None:
                wanted = self._ask_candidates(term, k, target, environment)
                if wanted is not None:
                    return wanted
            return self.list_values(slot, f"{term.word}.{name}")
        shared = find_unknown(slot, environment)
        assert shared is not None
        return self.list_values(shared.domain, shared.name)

    def list_values(self, domain: Domain, name: str) -> Iterable[Value]:
        """Every value of a domain; of a long one those that the architecture has somewhere, and a few others."""
        if is_analyzed_in_full(domain):
            return domain
        self.left_out = self.left_out or name
        if self._values is None:
            self._values = tuple(dict.fromkeys(_iterate_values(self.architecture)))
        return dict.fromkeys([v for v in self._values if v in domain] + list_analyzed_values(domain))

    def count_try(self) -> None:
        """Raise MembershipUnknown if too many values were tried."""
        self.tried += 1
        if self.tried > MAX_TRIED_VALUES:
            raise MembershipUnknown(
                f"whether the architecture is in the space is not known after {MAX_TRIED_VALUES:,} values of its "
                "hyperparameters; a module of your own may say by `candidates` which of them come into question"
            )

    def _count_modules(self, part: Term) -> int:
        size = self._sizes.get(id(part))
        if size is None:
            size = self._sizes[id(part)] = 1 + sum(map(self._count_modules, part.subterms))
        return size


def _explain_no_value(term: Term, name: str, target: Term) -> TermMismatch:
    return TermMismatch(f"it has {target.kind}, which no {name} gives, where the space has ", term.word, "")


def learn_shared(term: Term, target: Term, environment: Environment) -> Environment:
    """With the values that shared hyperparameters must have where a basic module becomes one of its kind."""
    if not isinstance(term, Basic) or term.kind != target.kind:
        return environment
    for (_, slot), (_, value) in zip(term.hyperparameters, target.hyperparameters, strict=False):
        if isinstance(slot, Shared) and slot.name not in environment and value in slot.domain:
            environment = environment.set(slot.name, slot.domain.canonicalize(cast(Value, value)))
    return environment


def divide(module: Compound, architecture: Term) -> tuple[Term | None, ...]:
    """What the children of a module must be for it to become `architecture`: the inverse of `with_children`.

    None where that is not known. A composite is given an architecture of its own kind.
    """
    if isinstance(module, Composite):
        return architecture.subterms
    is_usual = type(module).with_children is Rewriting.with_children
    return (architecture,) if is_usual else (None,) * len(module.get_children())


def stands_for_another(term: Term) -> TypeGuard[Compound]:
    """Whether a term is none of an architecture itself, but its children, or what it expands to, are."""
    return isinstance(term, Compound) and not isinstance(term, Composite)


def explain_slot(term: Term, name: str, slot: Slot, value: Any, environment: Environment) -> str:
    """What a field of the space has, if it cannot be `value`; empty if it can, as far as shared values are known."""
    if isinstance(slot, Domain):
        return "" if value in slot else str(slot)
    if not isinstance(slot, Expression):
        return "" if slot == value else _format(slot)
    if find_unknown(slot, environment) is not None:
        return "" if not isinstance(slot, Shared) or value in slot.domain else f"{slot.name} of {slot.domain}"
    try:
        computed = compute_value(term, name, slot, environment)
    except Misfit as misfit:
        return str(misfit)
    return "" if computed == value else f"{slot}, which is {_format(computed)}"


def _format(content: object) -> str:
    """What a field holds, cut where it is long."""
    return cut_text(format_value(content), MAX_FIELD_CHARACTERS)


def _iterate_values(architecture: Term) -> Iterator[Value]:
    """The values of the hyperparameters in an architecture, and how many modules are in each of its modules."""
    for term in iterate_terms(architecture):
        yield from cast(Iterator[Value], (value for _, value in term.hyperparameters))
        yield len(term.subterms)
