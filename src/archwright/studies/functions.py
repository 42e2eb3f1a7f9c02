"""A person's function as an evaluation with settings."""

from collections.abc import Callable, Mapping
from typing import Any

from archwright.core.errors import suggest_names
from archwright.core.json import JSON
from archwright.core.setting import BadSetting
from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.functions.evaluation import Function

DATA_SETTINGS = ("validation", "split_seed", "image_size")  # how data are read and split


def function(
    target: Callable[..., Any],
    *,
    data: Callable[..., Any] | str | None = None,
    data_dir: str | None = None,
    settings: Mapping[str, JSON] | None = None,
    device: str = "auto",
    threads: int = 0,
    **data_settings: Any,
) -> Function:
    """The evaluation by a function of any form, which gets what its parameters name; as it is, `search` takes it alone.

    `data` is what its parameter of that name gets, as in `Training`, and `data_settings` are those of `Training` that
    say how it is read and split: validation, split_seed, image_size. `settings` are hyperparameters, for what the
    architecture does not set itself. The function runs on the `device`, with so many CPU `threads`; 0: its share.
    Raises NotCallable and BadSetting.
    """
    for name in data_settings:
        if name not in DATA_SETTINGS:
            suggestion = suggest_names(name, DATA_SETTINGS)
            own = "" if suggestion.endswith("?") else f"; a hyperparameter goes in settings={{{name!r}: ...}}"
            raise BadSetting(f"there is no setting {name!r}; {suggestion}{own}")
    named = data_settings if settings is None else {**data_settings, "settings": settings}
    return wrap_callable(target, data=data, data_dir=data_dir, device=device, threads=threads, **named)
