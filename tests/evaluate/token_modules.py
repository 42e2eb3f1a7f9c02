"""A kind of module of a person's own that takes tokens, as a space file would define it."""

from typing import Any, ClassVar, final

import archwright as aw


@final
@aw.module
class Embedding(aw.Basic):
    """A vector of `width` numbers for each token: (length,) to (length, width)."""

    kind: ClassVar[str] = "token_embedding"  # a page of the documentation has an embedding of its own
    vocabulary: int
    width: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        if len(in_shape) != 1:
            raise aw.Misfit(f"an embedding takes tokens, and not {in_shape}")
        return (*in_shape, self.width)

    def parameters(self, in_shape: aw.Shape) -> int:
        return self.vocabulary * self.width

    def compile(self, in_shape: aw.Shape) -> Any:
        from torch import nn

        return nn.Embedding(self.vocabulary, self.width)

    def source(self, in_shape: aw.Shape) -> str:
        return f"nn.Embedding({self.vocabulary}, {self.width})"
