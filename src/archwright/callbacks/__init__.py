"""What a search calls while it is under way: functions and objects of one's own, and writers for experiment trackers.

No tracker's package is imported before its callback is made.
"""

from archwright.callbacks.mlflow import MLflow
from archwright.callbacks.protocol import (
    AnyCallback,
    BadCallback,
    Callback,
    CallbackFailed,
    EventFunction,
    FollowedRun,
    follow_run,
)
from archwright.callbacks.tensorboard import TensorBoard
from archwright.callbacks.wandb import WandB
from archwright.core.extra_packages import MissingPackage

__all__ = [
    "AnyCallback",
    "BadCallback",
    "Callback",
    "CallbackFailed",
    "EventFunction",
    "FollowedRun",
    "MLflow",
    "MissingPackage",
    "TensorBoard",
    "WandB",
    "follow_run",
]
