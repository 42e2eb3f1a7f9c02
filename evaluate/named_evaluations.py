"""Evaluations that a text names: built-in ones, and code of a person's own, which a worker is the first to import."""

from attrs import fields_dict

from archwright.core.words import parse_words
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.functions.callables import load_callable
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.settings import UnusedSetting

# Of the evaluations whose text begins with their kind and a colon.
TABLE_KINDS = ("nasbench201", "fcnet", "taskset", "lcbench")
# Settings of a function's evaluation that an evaluation of a person's own has fields of its own for.
_FUNCTION_SETTINGS = ("data", "validation", "split_seed", "image_size", "reader", "threads")


def parse_evaluation(text: str) -> Evaluation:
    """The evaluation that a text names: `training`, a table, or code of a person's own.

    A table is one of `nasbench201:FILE`, `fcnet:FILE`, `taskset:FILE` and `lcbench:FOLDER`.

    One's own code is file.py:attribute or module:attribute, and is not loaded here: it becomes a Function, which says
    when its worker is ready if it is none (see `load_own_evaluation`). Settings come after commas, as in
    `own.py:Widths,scale=2`; a function gets them as `settings`. Raises UnknownEvaluation, BadSourceName, BadWords, and
    what is wrong with the settings.
    """
    name, settings = parse_words(text)
    kind, colon, path = name.partition(":")
    if colon and kind in TABLE_KINDS:
        return EVALUATION_KIND.build(name, EVALUATION_KIND.find_class(kind), {"table": path, **settings})
    if EVALUATION_KIND.find_builtin(name) is None:
        return Function(name, settings=settings, text_settings=tuple(settings))
    return EVALUATION_KIND.find(name, settings)


def load_own_evaluation(function: Function) -> Evaluation:
    """The evaluation that a person's code defines under the name of a function, with its settings.

    It is a class, which gets the settings, or a value, which has the others; where a device is said, it is moved there.
    The code is run in this process. Raises UnusedSetting for what only functions have, and what `EVALUATION_KIND` does.
    """
    for name in _FUNCTION_SETTINGS:
        if getattr(function, name) != fields_dict(Function)[name].default:
            raise UnusedSetting(
                f"{name} does nothing: {function.source} is an evaluation; its settings come after its name, as in "
                f"{function.source},NAME=VALUE"
            )
    evaluation: Evaluation = EVALUATION_KIND.build(function.source, load_callable(function), function.settings)
    return evaluation.move_to(None if function.device == "auto" else function.device, function.data_dir)
