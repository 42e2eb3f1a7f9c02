"""A search space is a term; a new kind of module is one small class that says a few local things about itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

import attrs

from archwright.core.builders import WrongArguments
from archwright.core.connection import Connection
from archwright.core.given_name import Named
from archwright.core.hyperparameter import Check, Slot
from archwright.core.plan import Plan, make_plan
from archwright.core.shape import Shape
from archwright.core.value import Value
from archwright.core.wired_shapes import WiredShapes

TermKind = TypeVar("TermKind", bound="Term")


def make_unchecked_term(
    kind: type[TermKind], fields: Sequence[Any], open_names: tuple[str, ...] = (), given_name: str = ""
) -> TermKind:
    """The term of a kind with the contents of its fields in order, which come from a valid term and are not checked."""
    term = object.__new__(kind)
    for set_field, content in zip(kind._setters, fields, strict=True):  # pyright: ignore[reportPrivateUsage]
        set_field(term, content)
    _set_open_names(term, open_names)
    _set_given_name(term, given_name)
    return term


class Term(Named, ABC):
    """A module of any kind, or a whole search space: immutable, compared by value.

    Its hyperparameters come first, then the terms inside it. Any module may have a name: `conv2d(8, 3, name="stem")`.
    """

    __slots__ = ("__weakref__", "open_names", "plan")

    plan: Plan  # what the traversal needs to know of it
    open_names: tuple[str, ...]  # of its hyperparameters that were open in the space, which drawings show; not compared

    kind: ClassVar[str]
    is_kind: ClassVar[bool] = True  # rather than a term that only stands for others, and is in no JSON
    # Its fields without the given name, each with what it holds: "child", "children", "hyperparameter", "named
    # hyperparameters", "rule", or None for a value.
    field_roles: ClassVar[tuple[tuple[str, str | None], ...]]
    _setters: ClassVar[tuple[Callable[[Any, Any], None], ...]]  # for each field, a function that sets it
    _named_indices: ClassVar[tuple[int, ...]]  # the indices of those that hold hyperparameters under names of one's own
    subterm_fields: ClassVar[tuple[str, ...]]  # the names of those that hold terms
    _has_children_alone: ClassVar[bool] = False  # whether its only field holds a tuple of terms
    optional_defaults: ClassVar[Mapping[str, Any]] = {}  # of those that JSON leaves out where they have them
    # The hyperparameters that decide which input shapes fit and what shape comes out; None stands for all.
    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = None
    # Whether its input is outputs side by side, a TupleShape; the wiring of a composite that has one says it instead.
    takes_tuple: ClassVar[bool] = False

    def __init__(self, *contents: Any, **named: Any) -> None:
        """WrongArguments: what the fields of a class are is known once it is made a kind of module."""
        del contents, named
        raise WrongArguments(f"{type(self).__name__} is no kind of module yet; write @aw.module above its class")

    @property
    def word(self) -> str:
        """The word for it in names of choices: its kind; of a nonterminal, its symbol."""
        return self.kind

    @property
    def label(self) -> str:
        """A short name for people: of an option of `either`, of a line in a drawing."""
        return self.word

    @property
    def hyperparameters(self) -> tuple[tuple[str, Slot], ...]:
        """Their names and what they hold, in the order in which they are chosen."""
        slots: list[tuple[str, Slot]] = []
        for name, role in self.field_roles:
            if role == "hyperparameter":
                slots.append((name, getattr(self, name)))
            elif role == "named hyperparameters":
                slots.extend(getattr(self, name))
        return tuple(slots)

    @property
    def subterms(self) -> "tuple[Term, ...]":
        """The terms directly inside this one."""
        if self._has_children_alone:  # the same in less time
            return getattr(self, self.subterm_fields[0])
        terms: list[Term] = []
        for name in self.subterm_fields:
            content = getattr(self, name)
            terms.extend(content if isinstance(content, tuple) else (content,))  # pyright: ignore[reportUnknownArgumentType]
        return tuple(terms)

    def __getattr__(self, name: str) -> Any:
        # What is made when it is first read then lies in its slot, where reading it costs no call.
        match name:
            case "plan":
                content = make_plan(self, is_rewritten=isinstance(self, Rewriting))
            case "open_names":  # of a term that a person wrote
                content = ()
            case _:
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        object.__setattr__(self, name, content)
        return content

    def specify(self, values: tuple[Value, ...]) -> Self:
        """This term with values for its own open hyperparameters, in order; the terms inside are as they were."""
        plan = self.plan
        fields: list[Any] = [content if k < 0 else values[k] for k, content in plan.fields]
        if self._named_indices:
            chosen = dict(zip(plan.names, values, strict=True))
            for i in self._named_indices:
                fields[i] = tuple([(name, chosen.get(name, slot)) for name, slot in fields[i]])
        return make_unchecked_term(type(self), fields, plan.names, self.given_name)

    def with_name(self, name: str) -> Self:
        """This module with another name, which must be an identifier or empty."""
        return make_unchecked_term(
            type(self), [getattr(self, field) for field, _ in self.field_roles], self.open_names, name
        )

    def check(self, name: str, value: Value) -> str | None:
        """What is wrong with a value computed for the hyperparameter `name`, or None."""
        check: Check | None = getattr(attrs.fields(type(self)), name).metadata["check"]
        return check(value) if check else None

    def segment(self, i: int) -> str:
        """What this module adds to the names of the hyperparameters in its `i`-th child."""
        return self.word if len(self.subterms) == 1 else f"{self.word}.{i}"

    def leaves_out(self, name: str) -> bool:
        """Whether a field is not written, as it is optional and has its default."""
        return name in self.optional_defaults and getattr(self, name) == self.optional_defaults[name]

    @property
    def own_keys(self) -> tuple[Any, ...]:
        """What it looks up in an environment itself, beside shared hyperparameters: nothing, unless a kind says so."""
        return ()

    def with_subterms(self, subterms: "tuple[Term, ...]") -> Self:
        """This module with other terms inside, as many as before; they are not checked."""
        if self._has_children_alone:  # the same in less time
            term = object.__new__(type(self))
            self._setters[0](term, subterms)
            _set_open_names(term, self.open_names)
            _set_given_name(term, self.given_name)
            return term
        fields: list[Any] = []
        rest = subterms
        for name, role in self.field_roles:
            content = getattr(self, name)
            if role == "children":
                content, rest = rest[: len(content)], rest[len(content) :]
            elif role == "child":
                content, rest = rest[0], rest[1:]
            fields.append(content)
        return make_unchecked_term(type(self), fields, self.open_names, self.given_name)

    @abstractmethod
    def out_shape(self, in_shape: Shape) -> Shape:
        """The shape of its output; only for specified terms. Misfit if `in_shape` cannot be its input."""

    @abstractmethod
    def parameters(self, in_shape: Shape) -> int:
        """How many trainable parameters it has; only for specified terms."""

    def __str__(self) -> str:
        from archwright.core.drawing.text import as_text  # drawing knows every kind of term, so it comes later

        return as_text(self)

    def _repr_html_(self) -> str:
        from archwright.core.drawing.svg import as_svg  # drawing knows every kind of term, so it comes later

        return as_svg(self)


class Basic(Term):
    """A module without modules inside: fields and `out_shape`."""

    __slots__ = ()

    def parameters(self, in_shape: Shape) -> int:
        """0, unless a kind says otherwise."""
        return 0


class Compound(Term):
    """A module with modules inside: the traversal enters it, and goes through its children or its expansion."""

    __slots__ = ()

    @property
    def copies(self) -> int:
        """How many times a child runs, one after the other, with hyperparameters chosen once."""
        return 1

    @property
    def connection(self) -> Connection | None:
        """The rule that says which of its children may be a bare `zero()`; None where each may."""
        return None

    @abstractmethod
    def get_children(self) -> tuple[Term, ...]:
        """The terms to traverse, in order; only when its own hyperparameters are values."""

    @abstractmethod
    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The input shape of child `i`, given what `keep_shapes` keeps of the output shapes of those before it."""

    def keep_shapes(self, i: int, in_shape: Shape, outs: tuple[Shape, ...], out: Shape) -> tuple[Shape, ...]:
        """What later shapes depend on after child `i`, given what is kept so far and its output shape.

        The less it is, the cheaper is counting.
        """
        return self.remember(outs, out)

    def remember(self, outs: tuple[Shape, ...], out: Shape) -> tuple[Shape, ...]:
        """Every output shape. Kinds without a wiring said here what they keep before there was `keep_shapes`."""
        return (*outs, out)

    @abstractmethod
    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The output shape, given what `keep_shapes` keeps of the output shapes of the children."""

    @abstractmethod
    def with_children(self, children: tuple[Term, ...]) -> Term:
        """What this module is once its children are specified."""


class Composite(WiredShapes, Compound):
    """A module that runs its children: its wiring says what flows into each of them, and into its output.

    A kind may have methods `child_in_shape` and `merge` of its own instead, which compute the shapes. `child_in_shape`
    alone may refuse shapes, and leave the rest to `super()`.
    """

    __slots__ = ("_flow",)
    _has_wired_shapes: ClassVar[bool] = False

    def get_children(self) -> tuple[Term, ...]:
        """Its children."""
        return self.subterms

    def with_children(self, children: tuple[Term, ...]) -> Self:
        """This module with other children, as many as before."""
        module = self.with_subterms(children)
        if not self.plan.slots:
            _set_flow(module, self._flow)  # the wiring stays what it is
        return module

    def iterate_calls(self, in_shape: Shape) -> Iterator[tuple[int, Term, Shape, Shape]]:
        """Each call of a child in order: its index, the child, its input and output shapes; only if specified."""
        outs: tuple[Shape, ...] = ()
        last, last_before, last_shape = None, in_shape, in_shape
        for i, term in enumerate(self.subterms):
            shape = self.child_in_shape(i, in_shape, outs)
            for _ in range(self.copies):
                before = shape
                if term is not last or before != last_before:  # cells in a row are often one object
                    last, last_before, last_shape = term, before, term.out_shape(before)
                shape = last_shape
                yield i, term, before, shape
            outs = self.keep_shapes(i, in_shape, outs, shape)

    def out_shape(self, in_shape: Shape) -> Shape:
        """The shape of its output, by way of its children."""
        copies, outs = self.copies, ()
        if self._has_wired_shapes and copies == 1 and self._flow:  # the same in less time
            return self._flow.run(in_shape, self.subterms)
        for i, term in enumerate(self.subterms):
            out = term.out_shape(self.child_in_shape(i, in_shape, outs))
            last = out if copies == 1 else chain_out_shape(term, out, copies)
            outs = self.keep_shapes(i, in_shape, outs, last)
        return self.merge(in_shape, outs)

    def parameters(self, in_shape: Shape) -> int:
        """Those of its children, where copies have parameters of their own, and of the joints between them."""
        total = self._flow.parameters if self._flow else 0
        last, last_shape, parameters = None, None, 0
        for _, term, shape, _ in self.iterate_calls(in_shape):
            if term is not last or shape != last_shape:  # cells in a row are often one object
                last, last_shape, parameters = term, shape, term.parameters(shape)
            total += parameters
        return total


def _find_setter(kind: type, name: str) -> Callable[[Any, Any], None]:
    """What sets a slot, also of a frozen object: `object.__setattr__`, which looks it up first, takes longer."""
    return vars(kind)[name].__set__


_set_given_name = _find_setter(Named, "given_name")
_set_open_names = _find_setter(Term, "open_names")
_set_flow = _find_setter(Composite, "_flow")


def iterate_terms(term: Term) -> Iterator[Term]:
    """A term and all terms inside it, each before those inside it."""
    yield term
    for subterm in term.subterms:
        yield from iterate_terms(subterm)


def chain_out_shape(term: Term, first: Shape, copies: int) -> Shape:
    """The output shape of a specified term that runs `copies` times in a chain; `first` is that of the first run."""
    shape = first
    for _ in range(copies - 1):
        before, shape = shape, term.out_shape(shape)
        if before == shape:
            break
    return shape


class Rewriting(Compound):
    """A module that stands for another term, known once its own hyperparameters are chosen."""

    __slots__ = ()
    # How many modules are in each other in that term, where nothing in it is ever open, and `out_shape` is worked out
    # without it; None where it is not so. Then the term itself is made for architectures alone.
    closed_depth: ClassVar[int | None] = None

    @abstractmethod
    def expand(self) -> Term:
        """The term that it stands for; only when its own hyperparameters are values."""

    def get_children(self) -> tuple[Term, ...]:
        """Its expansion."""
        return (self.expand(),)

    def segment(self, i: int) -> str:
        """The word for it: there is only one expansion at a time."""
        return self.word

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The input."""
        return in_shape

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The output of the expansion."""
        return outs[0]

    def with_children(self, children: tuple[Term, ...]) -> Term:
        """The expansion: once specified, it stands for itself, under the name of this module if it has none."""
        expansion = children[0]
        if self.given_name and not expansion.given_name:
            return expansion.with_name(self.given_name)
        return expansion

    def candidates(self, name: str, target: Term, may_be: Callable[[Term, Term], bool]) -> Sequence[Value] | None:
        """The values of the hyperparameter `name` with which it may expand to `target`, for `path_of`; None for any.

        `may_be` says whether a term may become a part of `target`. None is never wrong, only slower.
        """
        return None

    def out_shape(self, in_shape: Shape) -> Shape:
        """That of its expansion."""
        return self.expand().out_shape(in_shape)

    def parameters(self, in_shape: Shape) -> int:
        """Those of its expansion."""
        return self.expand().parameters(in_shape)
