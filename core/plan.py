"""The plan of a term: what the traversal needs to know of it, worked out once."""

from typing import Any

from attrs import frozen

from archwright.core.domain import Domain
from archwright.core.expression import Expression, Shared


@frozen(eq=False)
class Plan:
    """What the traversal needs to know of a term, worked out once for each term of a space."""

    names: tuple[str, ...]  # of the open hyperparameters, in the order in which they are chosen
    slots: tuple[Domain | Expression, ...]  # what each of them holds
    shape_dependent: tuple[bool, ...]  # whether the input shape may rule out some of the values of each
    fields: tuple[tuple[int, Any], ...]  # of each field: its index in `names`, or -1, and its content
    shared: tuple[Shared, ...]  # every shared hyperparameter in the term and below
    keys: tuple[
        Any, ...
    ]  # of all in an environment on which the term depends: names of shared hyperparameters and more
    # A value is rare if it hardly comes again: one of the reals, or of a long range. Results for it are not kept long.
    first_rare: int  # how many open hyperparameters come before the first with rare values
    rare_shared: frozenset[str]  # the names of the shared hyperparameters with rare values
    is_specified: bool  # nothing is left to choose or to expand, here or below
    depth: int  # how many modules are in each other
    cache: dict[Any, Any]  # of results that came again, see `cache_on_term`; no part of the term's value
    new_cache: dict[Any, Any]  # of the latest results that were asked for once
    rare_cache: dict[Any, Any]  # of the latest results for rare values
