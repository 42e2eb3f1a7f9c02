"""Whether a person's kind of module has as many parameters as it says."""

from collections.abc import Callable, Iterator

import torch
from torch import nn

from archwright.core.claims import says
from archwright.core.errors import ArchwrightError
from archwright.core.term import Composite, Shape, Term


class WrongSize(ArchwrightError, ValueError):
    """A module with another number of parameters than its kind says."""


def sizes(model: nn.Module) -> tuple[int, int]:
    """How many parameters a model has: all, and those that training changes."""
    counts = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, _ in counts), sum(n for n, is_trained in counts if is_trained)


def require_size(
    architecture: Term, in_shape: Shape, model: nn.Module, build: Callable[[Term, Shape], nn.Module]
) -> None:
    """WrongSize for the first kind of a person's own whose module has another number than its `parameters` gives.

    Kinds that have no method `parameters` say nothing. `build` makes the module of a term; it draws weights.
    """
    if architecture.parameters(in_shape) in sizes(model):
        return
    for term, shape in _own(architecture, in_shape):
        module = build(term, shape)
        module.eval()(torch.zeros(2, *shape))  # lazy layers know their size from then on
        whole, trained = sizes(module)
        said = term.parameters(shape)
        if said not in (whole, trained):
            of = f"{whole:,}" if whole == trained else f"{whole:,}, of which {trained:,} are trained"
            raise WrongSize(
                f"{term.kind} says by parameters that it has {said:,} of them for an input of shape {shape}, and its "
                f"module has {of}; make them agree"
            )


def _own(term: Term, in_shape: Shape) -> Iterator[tuple[Term, Shape]]:
    """The modules whose kinds are a person's own and say how large they are, inner ones first."""
    if isinstance(term, Composite):
        for _, inside, shape, _ in term.runs(in_shape):
            yield from _own(inside, shape)
    if says(type(term), "parameters"):
        yield term, in_shape
