"""The built-in search spaces, each a term made for a number of classes."""

from collections.abc import Callable, Mapping

from attrs import frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.modules.basic import (
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    GlobalAvgPool,
    MaxPool2d,
    Settings,
    activation,
    relu,
    settings,
)
from archwright.core.modules.choices import Repeat, either, maybe_swap, optional
from archwright.core.modules.composite import RepeatTied, Residual, sequential
from archwright.core.ranges import reals
from archwright.core.shape import Shape
from archwright.core.spaces.fcnet import fcnet
from archwright.core.spaces.nasbench201 import nasbench201
from archwright.core.term import Term
from archwright.core.value import Value


class UnknownSpace(ArchwrightError, LookupError):
    """A name that no built-in space has."""


@frozen
class Named:
    """A built-in space: how it is made, the input shape that it was made for, and where it is from."""

    make: Callable[[int], Term]
    input_shape: Shape
    source: str


def _log_spaced(start: float, stop: float, n: int) -> list[Value]:
    """`n` values from `start` to `stop` in equal ratios."""
    return [start * (stop / start) ** (i / (n - 1)) for i in range(n)]


def figure1(classes: int) -> Term:
    """The 24 models of the paper's figure 1; its dropout values are fractions kept."""
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
        lr_init=_log_spaced(1e-2, 1e-7, 32),
        rate_mult=_log_spaced(1e-2, 0.9, 8),
        rate_patience=list(range(4, 33, 4)),
        stop_patience=64,
        lr_min=1e-9,
    )


FILTERS: tuple[int, ...] = (48, 64, 80, 96, 112, 128)


def _block(filters: list[int]) -> Term:
    # The released code names the fraction kept, 0.5 or 0.9; ours is the fraction dropped.
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
        Conv2d(filters=list(FILTERS), size=[3, 5, 7], stride=2),
        _block(list(FILTERS)),
        Conv2d(filters=list(FILTERS), size=[3, 5, 7], stride=2),
        _block([2 * filters for filters in FILTERS]),
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
        stage(list(FILTERS)),
        optional(sequential(AvgPool2d(size=[3, 5], stride=2, padding="same"), stage([2 * f for f in FILTERS]))),
        Affine(units=classes),
    )


def digits(classes: int) -> Term:
    """Small convolutional networks with training settings, for images of a few pixels such as the digits."""
    layer = sequential(
        Conv2d(filters=[8, 16, 32], size=[3, 5]),
        maybe_swap(BatchNorm(), activation(["relu", "gelu", "silu"])),
    )
    return sequential(
        settings(optimizer=["adam", "sgd"], learning_rate=reals(1e-3, 3e-2, log=True), batch_size=[32, 64, 128]),
        Repeat(layer, count=[1, 2, 3]),
        optional(MaxPool2d(size=2, stride=2, padding="same")),
        either(flat=sequential(Affine(units=[32, 64, 128]), relu()), pooled=GlobalAvgPool()),
        optional(Dropout(rate=[0.1, 0.3, 0.5])),
        Affine(units=classes),
    )


SPACES: Mapping[str, Named] = {
    "figure1": Named(figure1, (3, 32, 32), "DeepArchitect, figure 1"),
    "deeparchitect": Named(deeparchitect, (3, 32, 32), "DeepArchitect, appendix A: the experimental space"),
    "tfref": Named(tfref, (3, 32, 32), "DeepArchitect, released code: a small convolutional space"),
    "resnet": Named(resnet, (3, 32, 32), "DeepArchitect, released code: residual networks"),
    "nasbench201": Named(nasbench201, (3, 32, 32), "NAS-Bench-201: a cell of six edges in a fixed network"),
    "fcnet": Named(fcnet, (9,), "Klein and Hutter 2019: a small regression network and its training"),
    "digits": Named(digits, (1, 8, 8), "archwright: small networks for small images"),
}


def named_space(name: str, classes: int = 10) -> Term:
    """The built-in space of that name, with `classes` outputs. UnknownSpace names the nearest ones."""
    found = SPACES.get(name)
    if found is None:
        raise UnknownSpace(f"there is no built-in space {name!r}; {suggest_names(name, SPACES)}")
    return found.make(classes)
