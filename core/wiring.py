"""Wirings: which outputs flow into each child of a composite and into its own output, and how they merge, as data."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast, final

from attrs import field, frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.value import as_integer

# Weighted and attention are merges of NAGO's generated networks (Ru et al. 2020, in its released code): an input each
# is scaled by the sigmoid of a learned number; attention is normalised for each sample here, not over the batch.
# Shakes are Shake-Shake (Gastaldi 2017), and as the released code of Zela et al. (2018) has it.
SHAKES = ("shake", "shake_softmax")
MERGES = ("add", "concatenate", "mean", "weighted", "attention", *SHAKES)
TUPLE = "tuple"  # in place of a merge: outputs flow on side by side, for modules that take several

OUTPUT = "the output"  # the place of a joint in messages

MAX_CACHED_WIRINGS = 1024  # of one kind


class InvalidWiring(ArchwrightError, ValueError):
    """A wiring that says of no order in which its children could run, or of other children than its composite has."""


def _as_sources(written: Any) -> tuple[int, ...]:
    """The sources as Python's integers; one alone stands for itself."""
    items = (
        cast(Iterable[Any], written) if isinstance(written, Iterable) and not isinstance(written, str) else [written]
    )
    sources = tuple(as_integer(item) for item in items)
    is_whole = all(type(source) is int and source >= 0 for source in sources)
    if not sources or not is_whole or list(sources) != sorted(set(sources)):
        raise InvalidWiring(
            f"the sources of a joint are {show(written)}; they must be rising numbers, 0 for the input of the "
            "composite and i + 1 for the output of its child i, as in [0, 2]"
        )
    return sources


def _require_merge(_: "Joint", __: object, merge: object) -> None:
    if merge not in (*MERGES, TUPLE):
        remedy = suggest_names(merge, (*MERGES, TUPLE))
        raise InvalidWiring(f"a joint merges by {show(merge)}; {remedy}")


@final
@name_wrong_fields
@frozen
class Joint:
    """Outputs that flow together: zero-padded to a common shape and merged, from left to right.

    Source 0 is the input of the composite, source i + 1 the output of its child i. One source alone is passed through.
    "add" sums them, "mean" averages, "concatenate" puts them one behind the other along the first axis; "weighted" is
    the sum of each times the sigmoid of a learned number. "attention" normalises the first source from 0 to 1 over each
    sample; this mask times the weighted sum of the others is added to the sum itself, which is scaled once more.
    "shake" is the mean, but in training each sample has random shares of the sources, which add up to 1, and other ones
    on the way back (Gastaldi 2017): all such shares are equally likely. Those of "shake_softmax" are the softmax of
    numbers from 0 to 1, and so hardly differ from equal ones (Zela et al. 2018, in its released code).
    "tuple" merges nothing: the outputs flow on side by side, and `select` takes one of them. InvalidWiring of sources
    that do not rise, and of another merge.
    """

    sources: tuple[int, ...] = field(converter=_as_sources)
    merge: str = field(default="add", validator=_require_merge)

    @property
    def parameters(self) -> int:
        """How many numbers it learns: one for each source, and one for the sum that attention scales."""
        if len(self.sources) == 1:
            return 0
        return {"weighted": len(self.sources), "attention": len(self.sources) + 1}.get(self.merge, 0)


def _as_joint(written: Any) -> Joint:
    return written if isinstance(written, Joint) else Joint(written)


def _as_joints(written: Any) -> tuple[Joint, ...]:
    if not isinstance(written, Iterable) or isinstance(written, str):
        raise InvalidWiring(f"the inputs of a wiring are {show(written)}; they must be a list with one for each child")
    return tuple(map(_as_joint, cast(Iterable[Any], written)))


@final
@name_wrong_fields
@frozen(cache_hash=True)
class Wiring:
    """What flows into each child of a composite, in order, and into its own output.

    Each is a Joint, or its sources, or its only source: `Wiring([0, 0], [1, 2])` are two branches that are added. A
    child may take what comes before it. Equal joints are one joint, which is merged once, with one set of weights.
    InvalidWiring of a child that takes what comes later.
    """

    inputs: tuple[Joint, ...] = field(converter=_as_joints)
    output: Joint = field(converter=_as_joint)
    is_chain: bool = field(init=False, eq=False, repr=False)  # whether its children run one after the other

    def __attrs_post_init__(self) -> None:
        for i, joint in enumerate(self.inputs):
            _require_earlier(joint, i, f"child {i}")
        _require_earlier(self.output, len(self.inputs), OUTPUT)
        in_order = enumerate((*self.inputs, self.output))
        is_chain = all(joint.sources == (i,) and joint.merge == "add" for i, joint in in_order)
        object.__setattr__(self, "is_chain", is_chain)

    @property
    def joints(self) -> tuple[Joint, ...]:
        """Each joint once, in the order in which they are first merged."""
        return tuple(dict.fromkeys((*self.inputs, self.output)))


def _require_earlier(joint: Joint, last: int, place: str) -> None:
    """InvalidWiring if a joint takes from later than `last`."""
    if joint.sources[-1] > last:
        raise InvalidWiring(
            f"{place} of a wiring takes from {list(joint.sources)}; it may take from what comes before it, which is "
            f"{'0, the input' if not last else f'0, the input, and the outputs of children up to {last}'}"
            f"{', as many as it has inputs for' if place == OUTPUT else ''}"
        )


# Wirings of built-in kinds are made once, since every new architecture asks for them.
RESIDUAL = Wiring([0], [0, 1])


@lru_cache(MAX_CACHED_WIRINGS)
def chain(length: int) -> Wiring:
    """So many children one after the other; of none, the output is the input."""
    return Wiring(range(length), length)


@lru_cache(MAX_CACHED_WIRINGS)
def fan_out(count: int, merge: str) -> Wiring:
    """So many children with the same input, whose outputs are merged; of none, the output is the input."""
    return Wiring([0] * count, Joint(range(1, count + 1), merge) if count else 0)
