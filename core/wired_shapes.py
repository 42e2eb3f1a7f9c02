"""Composites by their wiring: what they say of it, and the shapes that follow from it."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from archwright.core.flow import Flow, keep_joints, plan_flow
from archwright.core.shape import Shape
from archwright.core.wiring import InvalidWiring, Wiring


class WiredShapes:
    """The shapes of a composite, which follow from its wiring."""

    __slots__ = ()

    if TYPE_CHECKING:  # what it takes for granted of a composite
        kind: ClassVar[str]
        _flow: Flow | None  # in a slot of the composite, worked out when it is first read; None for one without wiring

        @property
        def subterms(self) -> tuple[Any, ...]: ...  # noqa: D102  (its doc is Term's, and that of the next Compound's)
        def remember(self, outs: tuple[Shape, ...], out: Shape) -> tuple[Shape, ...]: ...  # noqa: D102

    def wiring(self) -> Wiring:
        """What flows into each child, and into its output; only when its own hyperparameters are values.

        The same whenever it is asked.
        """
        raise InvalidWiring(
            f"{self.kind} does not say how its children are connected; give its class a method wiring(self) that "
            "returns it, as in aw.Wiring([0, 0], [1, 2]) of two branches that are added"
        )

    def __getattr__(self, name: str) -> Any:
        if name != "_flow":
            return cast(Any, super()).__getattr__(name)
        flow = _require_flow(self) if takes_shapes_of_wiring(type(self)) else None
        object.__setattr__(self, "_flow", flow)
        return flow

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The shape of the joint that flows into it."""
        index = self._flow.inputs[i]  # pyright: ignore[reportOptionalMemberAccess]
        return in_shape if index < 0 else outs[index]

    def keep_shapes(self, i: int, in_shape: Shape, outs: tuple[Shape, ...], out: Shape) -> tuple[Shape, ...]:
        """The shapes of all joints that are begun and needed later."""
        flow = self._flow
        if flow is None:
            return self.remember(outs, out)
        update = flow.updates[i]
        return (out,) if update is None else keep_joints(update, in_shape, outs, out)

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The shape of the joint that flows into its output."""
        index = self._flow.output  # pyright: ignore[reportOptionalMemberAccess]
        return in_shape if index < 0 else outs[index]


def takes_shapes_of_wiring(kind: type[WiredShapes]) -> bool:
    """Whether a composite has a wiring, which says what the shapes are: not where two methods of its own do."""
    return kind.child_in_shape is WiredShapes.child_in_shape or kind.merge is WiredShapes.merge


def has_wired_shapes(kind: type) -> bool:
    """Whether the shapes of a kind of module follow from its wiring alone, with no methods of its own."""
    names = ("child_in_shape", "keep_shapes", "merge")
    return issubclass(kind, WiredShapes) and all(getattr(kind, name) is getattr(WiredShapes, name) for name in names)


def _require_flow(module: WiredShapes) -> Flow:
    """The flow of the wiring of a module. InvalidWiring names its kind."""
    try:
        wiring = module.wiring()
    except InvalidWiring as error:
        raise InvalidWiring(f"wiring of {module.kind} failed: {error}") from error
    children = len(module.subterms)
    if len(wiring.inputs) != children:
        raise InvalidWiring(
            f"wiring of {module.kind} gave {len(wiring.inputs)} inputs for its {children} children; give one for each"
            f"{'' if children else ', and say of the fields that hold them that they are aw.child() or aw.children()'}"
        )
    return plan_flow(wiring)


def find_wiring(module: WiredShapes) -> Wiring | None:
    """The wiring of a composite; None of a kind without one, of which nobody knows how its children are connected."""
    flow = module._flow  # pyright: ignore[reportPrivateUsage]
    return flow.wiring if flow else None
