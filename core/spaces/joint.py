"""The space of the joint search for an architecture and its training (Zela, Klein, Falkner and Hutter 2018).

Three stages of residual blocks, each block with the same number of branches side by side. Branches are shaken against
each other (Shake-Shake); a branch alone is dropped at random (ShakeDrop). Names and ranges are those of the released
code, where `mixup` is called alpha and `cutout` length.
"""

from collections.abc import Mapping
from typing import Any

from archwright.core.expression import Expression, shared, when
from archwright.core.hyperparameter import Slot
from archwright.core.modules.asking import Ask
from archwright.core.modules.basic import Affine, BatchNorm, Conv2d, GlobalAvgPool, relu, settings
from archwright.core.modules.composite import sequential
from archwright.core.modules.multibranch import MultiBranchStage
from archwright.core.ranges import integers, reals
from archwright.core.term import Term

_STAGES = (1, 2, 3)
_STRIDES = (1, 2, 2)  # of the first block of each stage
RECIPE = "joint"  # of the training, for all that the space does not choose
INPUT_SHAPE = (3, 32, 32)

Slots = Mapping[str, Any]  # values or domains by the names of hyperparameters

ARCHITECTURE: Slots = {
    **{f"nr_residual_blocks_{i}": integers(1, 16, log=True) for i in _STAGES},
    "initial_filters": integers(8, 32, log=True),
    "widen_factor_1": reals(0.5, 8, log=True),
    "widen_factor_2": reals(0.5, 4, log=True),
    "widen_factor_3": reals(0.5, 4, log=True),
    **{f"res_branches_{i}": integers(1, 5) for i in _STAGES},
}
TRAINING: Slots = {
    "learning_rate": reals(1e-3, 1, log=True),
    "batch_size": integers(32, 128, log=True),
    "weight_decay": reals(1e-5, 1e-3, log=True),
    "momentum": reals(1e-3, 0.99),
    "mixup": reals(0, 1),
    "cutout": integers(0, 20),
}
DEATH_RATE = reals(0, 1)

# In small: for images of a few pixels, on a CPU.
SMALL_ARCHITECTURE: Slots = {
    **{f"nr_residual_blocks_{i}": integers(1, 3, log=True) for i in _STAGES},
    "initial_filters": integers(8, 16, log=True),
    **{f"widen_factor_{i}": reals(0.5, 2, log=True) for i in _STAGES},
    **{f"res_branches_{i}": integers(1, 3) for i in _STAGES},
}
SMALL_TRAINING: Slots = {
    **TRAINING,
    "cutout": integers(0, 4),
    "crop": 1,
    "flip": False,
}  # of digits, which have no mirror

# Shake-Shake of depth 26 (Gastaldi 2017), with the learning rate, batches and weight decay of its baseline (He et al.
# 2016), mixup and Cutout as their authors have it for CIFAR-10 (Zhang et al. 2018, DeVries and Taylor 2017).
SHAKE26: Slots = {
    **{f"nr_residual_blocks_{i}": 4 for i in _STAGES},
    "initial_filters": 16,
    "widen_factor_2": 2.0,
    "widen_factor_3": 2.0,
    **{f"res_branches_{i}": 2 for i in _STAGES},
}
SHAKE26_TRAINING: Slots = {
    "learning_rate": 0.1,
    "batch_size": 128,
    "weight_decay": 1e-4,
    "momentum": 0.9,
    "mixup": 1.0,
    "cutout": 16,
}


def joint(classes: int) -> Term:
    """10 hyperparameters of the architecture and 7 of its training; `death_rate` where a stage has one branch."""
    return build_joint(classes, ARCHITECTURE, TRAINING)


def joint_small(classes: int) -> Term:
    """The same with fewer and narrower blocks, for small images such as those of the digits."""
    return build_joint(classes, SMALL_ARCHITECTURE, SMALL_TRAINING)


def joint_released(classes: int) -> Term:
    """As the released code has it: `death_rate` is always asked for, shares are a softmax, one path has a ReLU."""
    return build_joint(classes, ARCHITECTURE, TRAINING, released=True)


def shake26(classes: int, width: int) -> Term:
    """Shake-Shake 26 2x{width}d, an architecture of `joint`, with its training; `width` is of the first stage."""
    from archwright.core.node import root  # here, since who lists the spaces builds none

    architecture = {name: SHAKE26.get(name, width / SHAKE26["initial_filters"]) for name in ARCHITECTURE}
    return root(build_joint(classes, architecture, SHAKE26_TRAINING), INPUT_SHAPE).architecture


def build_joint(
    classes: int, architecture: Slots, training: Slots, death_rate: Any = DEATH_RATE, *, released: bool = False
) -> Term:
    """The space with a value or a domain for each name of `ARCHITECTURE`, and whatever is said of the training."""
    slots: dict[str, Any] = {name: _share(name, slot) for name, slot in architecture.items()}
    death_rate = _share("death_rate", death_rate)
    asked = {**slots, **({"death_rate": death_rate} if released else {})}
    stages = {f"stage_{i}": _build_stage(i, slots, death_rate, released=released) for i in _STAGES}
    return sequential(
        architecture=Ask(tuple(asked.items())),
        training=settings(recipe=RECIPE, **training),
        stem=sequential(_convolve(slots["initial_filters"]), BatchNorm()),
        **stages,
        head=sequential(relu(), GlobalAvgPool(), Affine(classes, initialization="torch")),
    )


def _share(name: str, slot: Any) -> Slot:
    return slot if isinstance(slot, int | float) else shared(name, slot)


def _convolve(filters: Any) -> Conv2d:
    return Conv2d(filters, 3, bias=False, initialization="he_fan_out")


def _compute_filters(stage: int, slots: Slots) -> Any:
    """The width of a stage: that of the one before, times its factor, rounded to a whole number."""
    before = slots["initial_filters"] if stage == 1 else _compute_filters(stage - 1, slots)
    return round(before * slots[f"widen_factor_{stage}"])


def _build_stage(stage: int, slots: Slots, death_rate: Any, *, released: bool) -> Term:
    branches = slots[f"res_branches_{stage}"]
    if isinstance(branches, Expression):
        death_rate = death_rate if released else when(branches, {1: death_rate}, otherwise=0.0)
    elif branches != 1:
        death_rate = 0.0
    return MultiBranchStage(
        filters=_compute_filters(stage, slots),
        blocks=slots[f"nr_residual_blocks_{stage}"],
        branches=branches,
        stride=_STRIDES[stage - 1],
        death_rate=death_rate,
        shares="shake_softmax" if released else "shake",
        relu="first" if released else "both",
    )
