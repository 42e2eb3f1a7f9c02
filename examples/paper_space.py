"""DeepArchitect's experimental space (appendix A of the paper), scaled down from photographs to digits of 8x8 pixels.

The shape and the order of the choices are the paper's, and so is the range of its 32 learning rates, most of which are
too small to learn anything: what a searcher must find out. Filters, depths and patience are scaled to the images.
"""

import archwright as aw


def log_spaced(start: float, stop: float, n: int) -> list[float]:
    """`n` values from `start` to `stop` in equal ratios."""
    return [start * (stop / start) ** (i / (n - 1)) for i in range(n)]


def block(filters: list[int]) -> aw.Term:
    """Layers that are chosen once and repeated, each with its own weights."""
    layer = aw.sequential(
        aw.conv2d(filters=filters, size=[3, 5]),
        aw.maybe_swap(aw.relu(), aw.batch_norm()),
        aw.optional(aw.dropout(rate=[0.5, 0.1])),
    )
    return aw.repeat_tied(layer, count=[1, 2, 4, 8])


FILTERS = list(range(4, 33, 4))

space = aw.sequential(
    aw.settings(
        optimizer=["adam", "sgd_mom"],
        lr_init=log_spaced(1e-2, 1e-7, 32),
        rate_mult=log_spaced(1e-2, 0.9, 8),
        rate_patience=list(range(1, 9)),
        stop_patience=64,
        lr_min=1e-9,
        batch_size=64,
    ),
    aw.conv2d(filters=FILTERS, size=[3, 5, 7], stride=2),
    block(FILTERS),
    aw.conv2d(filters=FILTERS, size=[3, 5, 7], stride=2),
    block([2 * filters for filters in FILTERS]),
    aw.affine(units=10),
)
