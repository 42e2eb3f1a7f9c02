"""The spaces of DeepArchitect (Negrinho and Gordon 2017): of its paper, and of its released code."""

from archwright.core.modules.basic import (
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    MaxPool2d,
    Settings,
    relu,
    settings,
)
from archwright.core.modules.choices import Repeat, maybe_swap, optional
from archwright.core.modules.composite import RepeatTied, Residual, sequential
from archwright.core.term import Term
from archwright.core.value import Value

FILTER_COUNTS: tuple[int, ...] = (48, 64, 80, 96, 112, 128)


def _space_by_ratio(start: float, stop: float, n: int) -> list[Value]:
    """`n` values from `start` to `stop` in equal ratios."""
    return [start * (stop / start) ** (i / (n - 1)) for i in range(n)]


def figure1(classes: int) -> Term:
    """The 24 models of figure 1 of the paper, whose dropout values are the fractions that are kept."""
    return sequential(
        Conv2d(filters=[32, 64], size=[3, 5], stride=1),
        maybe_swap(BatchNorm(), relu()),
        optional(Dropout(rate=[0.5, 0.1])),
        Affine(units=classes),
    )


def paper_settings() -> Settings:
    """The training hyperparameters of the paper's experiments: 2 x 32 x 8 x 8 = 4,096."""
    return settings(
        optimizer=["adam", "sgd_mom"],
        lr_init=_space_by_ratio(1e-2, 1e-7, 32),
        rate_mult=_space_by_ratio(1e-2, 0.9, 8),
        rate_patience=list(range(4, 33, 4)),
        stop_patience=64,
        lr_min=1e-9,
    )


def _block(filters: list[int]) -> Term:
    # The released code has the fraction that is kept, 0.5 or 0.9; the rate is the fraction that is dropped.
    layer = sequential(
        Conv2d(filters=filters, size=[3, 5]),
        maybe_swap(relu(), BatchNorm()),
        optional(Dropout(rate=[0.5, 0.1])),
    )
    return RepeatTied(layer, count=[1, 2, 4, 8, 16, 32])


def deeparchitect(classes: int) -> Term:
    """The paper's experimental space; the second block doubles the filters, as the released code does."""
    return sequential(
        paper_settings(),
        Conv2d(filters=list(FILTER_COUNTS), size=[3, 5, 7], stride=2),
        _block(list(FILTER_COUNTS)),
        Conv2d(filters=list(FILTER_COUNTS), size=[3, 5, 7], stride=2),
        _block([2 * filters for filters in FILTER_COUNTS]),
        Affine(units=classes),
    )


def tfref(classes: int) -> Term:
    """The small convolutional space of the released code: 15 x 15 x 3 x 3 = 2,025 models."""

    def stage() -> Term:
        convolution = Conv2d(filters=[32, 48, 64, 96, 128], size=[1, 3, 5])
        return sequential(convolution, relu(), MaxPool2d(size=2, stride=2, padding="same"))

    return sequential(
        stage(),
        stage(),
        Affine(units=[256, 512, 1024]),
        relu(),
        Dropout(rate=[0.75, 0.5, 0.25]),
        Affine(units=classes),
    )


def resnet(classes: int) -> Term:
    """The larger space of the released code, of residual networks: about 10^68 models."""

    def stage(filters: list[int]) -> Term:
        layer = sequential(Conv2d(filters=filters, size=[1, 3, 5]), maybe_swap(BatchNorm(), relu()))
        reduction = Conv2d(filters=filters, size=[1, 3, 5], stride=[1, 3, 5])
        body = sequential(RepeatTied(layer, count=[1, 2, 4]), reduction)
        return Repeat(sequential(Residual(body), optional(Dropout(rate=[0.5, 0.1]))), count=[1, 2, 4, 8])

    return sequential(
        stage(list(FILTER_COUNTS)),
        optional(sequential(AvgPool2d(size=[3, 5], stride=2, padding="same"), stage([2 * f for f in FILTER_COUNTS]))),
        Affine(units=classes),
    )
