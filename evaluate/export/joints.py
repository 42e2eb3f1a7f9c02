"""The code of joints: expressions and statements that merge tensors, with zeros where their shapes differ."""

import math
from collections.abc import Iterator, Sequence

from archwright.core.flow import pad_shapes
from archwright.core.shape import Shape
from archwright.core.wiring import SHAKES, TUPLE, Joint

ShapedCode = tuple[str, Shape]  # an expression and its shape
MEANS = ("mean", *SHAKES)  # an exported model has no random shares

NORMALISE = '''
def normalise(x: torch.Tensor) -> torch.Tensor:
    """Each sample between 0 and 1."""
    axes = tuple(range(1, x.dim()))
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    return (x - low) / (high - low + {epsilon})
'''


def write_joint(joint: Joint, operands: Sequence[ShapedCode], weights: str) -> tuple[tuple[str, ...], str]:
    """The statements that come before the merged operands, and their expression; it learned the attribute `weights`."""
    if len(operands) == 1:
        return (), operands[0][0]
    if joint.merge == TUPLE:
        return (), f"({', '.join(code for code, _ in operands)})"
    statements: list[str] = []
    if joint.parameters:
        statements.append(f"scales = torch.sigmoid(self.{weights})")
        first = joint.parameters - len(operands)  # of attention, the first weight is that of the sum
        operands = [(f"scales[{first + i}] * {code}", shape) for i, (code, shape) in enumerate(operands)]
    if joint.merge == "attention":
        (mask, mask_shape), *others = operands
        (mask, _), *others = _align([(f"normalise({mask})", mask_shape), *others])
        statements.append(f"total = {' + '.join(code for code, _ in others)}")
        return tuple(statements), f"scales[0] * total + total * {mask}"
    *partial_merges, merge = _write_merges(operands, concatenates=joint.merge == "concatenate")
    statements += [f"merged = {code}" for code in partial_merges]
    return tuple(statements), f"({merge}) / {len(operands)}" if joint.merge in MEANS else merge


def _write_merges(operands: Sequence[ShapedCode], *, concatenates: bool) -> Iterator[str]:
    """Expressions of which each refers to the value of the one before as `merged`; the last one merges all operands."""
    expressions, shapes = [e for e, _ in operands], [s for _, s in operands]
    if not concatenates and len(set(shapes)) == 1:
        yield " + ".join(expressions)
    elif concatenates and len({(len(s), s[1:]) for s in shapes}) == 1:
        yield f"torch.cat([{', '.join(expressions)}], 1)"
    else:
        left, left_shape = operands[0]
        for i, right in enumerate(operands[1:]):
            merge_pair = _concatenate_pair if concatenates else _add_pair
            code, left_shape = merge_pair(*_flatten_different_ranks((left, left_shape), right))
            left = "merged" if i < len(operands) - 2 else code
            yield code


def _add_pair(left: ShapedCode, right: ShapedCode) -> ShapedCode:
    common = pad_shapes(left[1], right[1])
    return f"{_pad_operand(*left, common)} + {_pad_operand(*right, common)}", common


def _concatenate_pair(left: ShapedCode, right: ShapedCode) -> ShapedCode:
    common = pad_shapes(left[1], right[1])
    padded = [_pad_operand(code, shape, (shape[0], *common[1:])) for code, shape in (left, right)]
    return f"torch.cat([{', '.join(padded)}], 1)", (left[1][0] + right[1][0], *common[1:])


def _align(operands: Sequence[ShapedCode]) -> list[ShapedCode]:
    """All operands in one shape: each in turn makes room for itself, as `pad_shapes` says."""
    aligned = [operands[0]]
    for operand in operands[1:]:
        pairs = [_flatten_different_ranks(other, operand) for other in aligned]
        last, common = pairs[0][1], pad_shapes(pairs[0][0][1], pairs[0][1][1])
        aligned = [(_pad_operand(*other, common), common) for other in (*(first for first, _ in pairs), last)]
    return aligned


def _flatten_different_ranks(left: ShapedCode, right: ShapedCode) -> tuple[ShapedCode, ShapedCode]:
    if len(left[1]) == len(right[1]):
        return left, right
    return _flatten_operand(*left), _flatten_operand(*right)


def _flatten_operand(expression: str, shape: Shape) -> ShapedCode:
    if len(shape) == 1:
        return expression, shape
    return f"({expression}).flatten(1)" if " " in expression else f"{expression}.flatten(1)", (math.prod(shape),)


def _pad_operand(expression: str, shape: Shape, padded_shape: Shape) -> str:
    """`expression` with zeros at the end of each axis up to the lengths of `padded_shape`."""
    missing = [after - before for before, after in zip(shape, padded_shape, strict=True)]
    while missing and missing[0] == 0:
        missing.pop(0)  # torch counts axes from the last one
    padding = [n for m in reversed(missing) for n in (0, m)]
    return f"F.pad({expression}, {tuple(padding)})" if padding else expression
