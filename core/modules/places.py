"""One term in many places: chosen once, where the traversal first needs it, and used at the shape of each place.

A let does not traverse its skeleton, but a copy of it in which each place is bound: it holds the term that it stands
for. The first bound place that is come to is descended into. What is chosen for it is then known in the environment,
as the value of a shared hyperparameter is, and every later place stands for that.
"""

from collections.abc import Mapping
from typing import Any, Self, final

from attrs import evolve, field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import MAX_VALUE_CHARACTERS, ArchwrightError, cut_text, show
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.kind import child, children, module, require_term
from archwright.core.named_modules import split_name
from archwright.core.shape import Shape
from archwright.core.term import Compound, Rewriting, Term, chain_out_shape
from archwright.core.term_cache import cache_on_term

MAX_CHOSEN_TERMS = 4096  # of one binding; more are not kept


class PlaceWithoutLet(ArchwrightError, LookupError):
    """A place whose name no let around it gives to a term."""


@final
@frozen(cache_hash=True)
class ChosenTerm:
    """What was chosen for a name of a let."""

    term: Term
    outs: dict[Shape, Shape] = field(factory=dict[Shape, Shape], eq=False, repr=False)  # a cache
    filled: dict[Any, Any] = field(factory=dict[Any, Any], eq=False, repr=False)  # of a traversal: what it fills

    def fill(self, term: Term, in_shape: Shape) -> tuple[Term, Shape]:
        """A term in which nothing is open but places of this, with it in them, and its output shape.

        Misfit if something does not fit.
        """
        if isinstance(term, BoundPlace):
            return term.with_children((self.term,)), self.out_shape(in_shape)
        if term.plan.is_specified or not isinstance(term, Compound):
            return term, term.out_shape(in_shape)
        children, outs = list[Term](), ()
        for i, child_term in enumerate(term.get_children()):
            inner, out = self.fill(child_term, term.child_in_shape(i, in_shape, outs))
            children.append(inner)
            outs = term.keep_shapes(i, in_shape, outs, chain_out_shape(inner, out, term.copies))
        return term.with_children(tuple(children)), term.merge(in_shape, outs)

    def out_shape(self, in_shape: Shape) -> Shape:
        """The output shape of the term. Misfit if it does not fit."""
        out = self.outs.get(in_shape)
        if out is None:
            out = self.outs[in_shape] = self.term.out_shape(in_shape)
        return out


@final
@frozen(eq=False)
class Binding:
    """A name within one let and its term: the key, in an environment, of what is chosen for it."""

    let: "Let"
    name: str
    term: Term
    # A cache: one object for equal terms.
    chosen_terms: dict[Term, ChosenTerm] = field(factory=dict[Term, ChosenTerm], repr=False)
    # The same by the id of an object, with it: one comes again and again, and to compare it takes long.
    chosen_objects: dict[int, tuple[Term, ChosenTerm]] = field(factory=dict[int, tuple[Term, ChosenTerm]], repr=False)

    @property
    def prefix(self) -> str:
        """What the names of the choices in the term begin with, after those of the modules around the let."""
        return f"{self.name}.{self.term.given_name}." if self.term.given_name else f"{self.name}."

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Binding) and (self.name, self.let) == (other.name, other.let))

    def __hash__(self) -> int:
        return hash(self.name)  # that of the let takes long, and few names are in one environment

    def choose(self, term: Term, in_shape: Shape, out_shape: Shape) -> ChosenTerm:
        """The specified `term`, whose output shape for one input shape is known, as what was chosen."""
        same, chosen = self.chosen_objects.get(id(term), (None, None))
        if same is not term or chosen is None:
            chosen = self.chosen_terms.get(term) or ChosenTerm(term)
            for cache in (self.chosen_terms, self.chosen_objects):
                if len(cache) >= MAX_CHOSEN_TERMS:
                    cache.clear()
            self.chosen_terms[term] = chosen
            self.chosen_objects[id(term)] = term, chosen
        chosen.outs[in_shape] = out_shape
        return chosen


@final
@module
class Place(Rewriting):
    """Where a term stands that a let around it names.

    InvalidHyperparameter of a name that is no identifier. Where no let around it has such a term, PlaceWithoutLet is
    raised as the traversal comes to it.
    """

    term_name: str

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.term_name, str) or not self.term_name.isidentifier():  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidHyperparameter(
                f"the name of a place is {show(self.term_name)}; write that of the term in the let, as in place('cell')"
            )

    def expand(self) -> Term:
        """PlaceWithoutLet: the places of a let are bound before they are traversed."""
        raise PlaceWithoutLet(
            f"place({show(self.term_name)}) stands in no let that names such a term; put what it is in into one, as in "
            f"let(inside=sequential(place({show(self.term_name)}), ...), "
            f"{cut_text(self.term_name, MAX_VALUE_CHARACTERS)}=conv2d(8, 3))"
        )


@final
@frozen
class BoundPlace(Rewriting):
    """A place that knows what it stands for; made by a let, and in no JSON."""

    is_kind = False
    kind = "place"
    field_roles = ()
    binding: Binding

    @property
    def subterms(self) -> tuple[Term, ...]:
        """The term that may be chosen from."""
        return (self.binding.term,)

    @property
    def own_keys(self) -> tuple[Any, ...]:
        """The binding."""
        return (self.binding,)

    def with_subterms(self, subterms: tuple[Term, ...]) -> Self:
        """Itself: its term is that of its let."""
        return self

    def with_name(self, name: str) -> Self:
        """The place with another name."""
        return evolve(self, name=name)

    def segment(self, i: int) -> str:
        """The name, which stands in the names of choices after that of the let."""
        return self.binding.name

    def expand(self) -> Term:
        """The term."""
        return self.binding.term


@final
@module
class Let(Rewriting):
    """A skeleton with places for terms that are chosen once each.

    The names of the choices of a term begin with the name that it has here, wherever its first place is. What is chosen
    is known to the end of the let: copies of it choose for themselves.
    """

    names: tuple[str, ...] = field(converter=tuple)
    terms: tuple[Term, ...] = children()
    inside: Term = child()

    def __attrs_post_init__(self) -> None:
        if not self.names or len(set(self.names)) != len(self.names) or len(self.names) != len(self.terms):
            raise InvalidHyperparameter(
                f"let has {len(self.terms)} terms and the names {list(self.names)}; it needs one term or more, each "
                "with a name of its own, as in let(inside=sequential(place('cell'), place('cell')), cell=conv2d(8, 3))"
            )
        used = find_free_names(self.inside)
        for name, term in zip(self.names, self.terms, strict=True):
            if not isinstance(name, str) or not name.isidentifier():  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidHyperparameter(f"a name in a let is {show(name)}; write an identifier, such as cell")
            if name in find_free_names(term):
                raise InvalidHyperparameter(
                    f"the term {show(name)} of a let has a place for itself, so it would have no end; put the place "
                    "into `inside`"
                )
            if name not in used:
                raise InvalidHyperparameter(
                    f"the term {show(name)} of a let has no place; write place({show(name)}) where it is to stand in "
                    "`inside`, or leave it out"
                )

    def expand(self) -> Term:
        """The skeleton with bound places; always the same object."""
        return _bind_let(self)[1]

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Of its names, in order."""
        return _bind_let(self)[0]


@cache_on_term
def find_free_names(term: Term) -> frozenset[str]:
    """The names of the places in a term that no let in it binds."""
    if isinstance(term, Place):
        return frozenset([term.term_name])
    if isinstance(term, Let):
        free = find_free_names(term.inside) - set(term.names)
        return free.union(*map(find_free_names, term.terms))
    return frozenset[str]().union(*map(find_free_names, term.subterms))


@cache_on_term
def _bind_let(let: Let) -> tuple[tuple[Binding, ...], Term]:
    bindings = tuple(Binding(let, name, term) for name, term in zip(let.names, let.terms, strict=True))
    places = {binding.name: BoundPlace(binding) for binding in bindings}
    return bindings, _bind(let.inside, places, {})


def _bind(term: Term, places: Mapping[str, BoundPlace], bound_terms: dict[int, Term]) -> Term:
    """`term` with these places bound. One object that comes again, as in copies, is one object again."""
    if find_free_names(term).isdisjoint(places):
        return term
    bound = bound_terms.get(id(term))
    if bound is None:
        match term:
            case Place():
                bound = places[term.term_name].with_name(term.given_name) if term.given_name else places[term.term_name]
            case Let():
                terms = (_bind(t, places, bound_terms) for t in term.terms)
                visible = {name: place for name, place in places.items() if name not in term.names}
                bound = term.with_subterms((*terms, _bind(term.inside, visible, {})))
            case _:
                bound = term.with_subterms(tuple(_bind(t, places, bound_terms) for t in term.subterms))
        bound_terms[id(term)] = bound
    return bound


@name_wrong_arguments
def let(inside: Term, **named: Term | str) -> Let:
    """Terms chosen once each, and used in many places: `let(inside=sequential(place("a"), place("a")), a=relu())`.

    A text under `name` is no term, but the name of the let. NotATerm of what is no module; InvalidHyperparameter of a
    term without a place, or with one for itself, and of a name that is no identifier.
    """
    name, terms = split_name(named)
    require_term(inside, "inside of let")
    for term_name, term in terms.items():
        require_term(term, f"{term_name} of let")
    return Let(tuple(terms), tuple(terms.values()), inside, name=name)
