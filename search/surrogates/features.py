"""The features of a leaf: what tells it from others of its space, by name."""

from collections.abc import Sequence
from sys import intern
from typing import final

from attrs import frozen

from archwright.core.modules.places import Binding, BoundPlace, Let
from archwright.core.node import Node
from archwright.core.picked import PickedHyperparameter, find_picked
from archwright.core.term import Composite, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Path, Value
from archwright.search.surrogates.named_features import NamedFeatures, count_names
from archwright.search.surrogates.routes import extract_structure


@final
@frozen
class LeafFeatures:
    """What tells a leaf from another."""

    options: NamedFeatures  # `name=value` of each choice that is no number, once each
    numbers: NamedFeatures  # the position of each choice that is one, in [0, 1], in the domain that was offered
    structure: NamedFeatures  # how often each module, pair of modules and route comes


def extract_leaf_features(leaf: Node, path: Path) -> LeafFeatures:
    """The features of a leaf; `path` is its path, which whoever drew it has made already."""
    options, numbers = dict[str, float](), dict[str, float]()
    picked = find_picked(leaf.origin.space)
    node = leaf.parent
    for name, value in reversed(path):
        if name in picked:
            _add_picked(picked[name], value, options, numbers)
            node = node.parent  # pyright: ignore[reportOptionalMemberAccess]
            continue
        kind = type(value)  # values are plain, and isinstance with several types takes half as long as all the rest
        if kind is str or kind is bool:
            options[intern(f"{name}={value}")] = 1.0
        else:
            numbers[intern(name)] = node.domain.place_value(value)  # pyright: ignore[reportOptionalMemberAccess]
        node = node.parent  # pyright: ignore[reportOptionalMemberAccess]  (there is one for each choice)
    structure = [string for part in list_chosen_parts(leaf) for string in extract_structure(part)]
    return LeafFeatures(options, numbers, count_names(structure))


def _add_picked(
    picked: Sequence[PickedHyperparameter], value: Value, options: dict[str, float], numbers: dict[str, float]
) -> None:
    """Add what a choice picks, in place of the choice itself."""
    place = int(value)
    for hyperparameter in picked:
        if hyperparameter.is_number:
            numbers[hyperparameter.name] = hyperparameter.positions[place]
        else:
            options[intern(f"{hyperparameter.name}={hyperparameter.options[place]}")] = 1.0


def list_chosen_parts(leaf: Node) -> Sequence[Term]:
    """The parts of an architecture in which it may differ from others of its space, each once.

    Of a let that leaves nothing else open, these are the terms that were chosen; of any other space, all of it.
    """
    bindings = _list_open_bindings(leaf.origin.space)
    if not bindings:
        return [leaf.architecture]
    find_chosen = leaf.environment.get
    return [chosen.term for binding in bindings if (chosen := find_chosen(binding)) is not None]


@cache_on_term
def _list_open_bindings(space: Term) -> Sequence[Binding]:
    """The bindings of a let that leaves nothing else open; none of any other space."""
    return space.bindings if isinstance(space, Let) and _is_closed(space.expand()) else ()


def _is_closed(skeleton: Term) -> bool:
    """Whether nothing is open in a term but what is chosen for places."""
    if skeleton.plan.is_specified or isinstance(skeleton, BoundPlace):
        return True
    return isinstance(skeleton, Composite) and not skeleton.plan.names and all(map(_is_closed, skeleton.subterms))
