"""What a process was given of a run that its log does not hold whole, as functions and classes of a notebook."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Self

from attrs import evolve, frozen

from archwright.core.json import JSON
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.functions.callables import FunctionNeeded, wrap_callable
from archwright.search.configured import ExtensionNeeded
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.events import RunStarted
from archwright.store.main_module import find_in_main, has_other_text
from archwright.store.needed import IN_MAIN_KEY, describe_needed, list_code, list_needed

PARTS = ("evaluation", "searcher", "stopping")  # of a run


@frozen(kw_only=True)
class GivenValues:
    """The evaluation, the searcher and the stopping rule of a run, as far as a process was given them; else None."""

    evaluation: Evaluation | None = None
    searcher: AnySearcher | None = None
    stopping: AnyStoppingRule | None = None

    def fill_in(self, known: "GivenValues") -> Self:
        """These, and where one is missing the known one."""
        return evolve(
            self,
            evaluation=known.evaluation if self.evaluation is None else self.evaluation,
            searcher=known.searcher if self.searcher is None else self.searcher,
            stopping=known.stopping if self.stopping is None else self.stopping,
        )

    def select_needed(self, started: RunStarted) -> Self:
        """Those alone that the log of the run does not hold whole."""
        needed = _list_parts(started)
        return evolve(self, **{name: None for name in PARTS if name not in needed})

    def complete(
        self,
        started: RunStarted,
        suggest: Callable[[Mapping[str, str]], str],
        among: Collection[str] = PARTS,
        *,
        trusted: bool = False,
    ) -> Self:
        """These, and what the log of the run does not hold whole, `among` these of its parts, from `__main__`.

        There it is what has the name and the source text that are in the log. FunctionNeeded or ExtensionNeeded where
        it has none, with what `suggest` makes of the arguments that give it again; NotTrusted as `from_json`.
        """
        needed = {name: text for name, text in _list_parts(started).items() if name in among}
        missing = [name for name in needed if getattr(self, name) is None]
        whole = evolve(self, **{name: _find_in_main(started, name, trusted=trusted) for name in missing})
        missing = [name for name in missing if getattr(whole, name) is None]
        if not missing:
            return whole
        words = describe_needed(started.evaluator, started.searcher, started.stopping)
        error = FunctionNeeded if "evaluation" in missing else ExtensionNeeded
        raise error(
            f"{' and '.join(words[name] for name in missing)}, which no other process can import; "
            f"{_explain_remedy(started, missing)}: {suggest(needed)}"
        )


NOTHING_GIVEN = GivenValues()


def _list_parts(started: RunStarted) -> Mapping[str, str]:
    return list_needed(started.evaluator, started.searcher, started.stopping)


def _find_in_main(started: RunStarted, part: str, *, trusted: bool) -> Any:
    """What `__main__` has of a part of a run, by the name and the source text that the log has; else None."""
    match part:
        case "searcher":
            return SEARCHER_KIND.find_in_main(started.searcher, trusted=trusted)
        case "stopping":
            return RULE_KIND.find_in_main(started.stopping, trusted=trusted)
        case _:
            found = [find_in_main(*named) for named in _list_function(started.evaluator).items()]
            return None if found in ([], [None]) else wrap_callable(found[0])


def _explain_remedy(started: RunStarted, missing: Collection[str]) -> str:
    """What a person does about what is missing, also where `__main__` has something else by its name."""
    pronoun = "it" if len(missing) == 1 else "them"
    code = {
        "evaluation": _list_function(started.evaluator),
        "searcher": list_code(started.searcher),
        "stopping": list_code(started.stopping or {}),
    }
    others = [source for name in missing for source, sha256 in code[name].items() if has_other_text(source, sha256)]
    if not others:
        return f"define {pronoun} again in Python and give {pronoun}"
    return (
        f"what this process has as {' and '.join(others)} has another text than the run was begun with; put back what "
        f"it was, or give {pronoun} on purpose"
    )


def _list_function(evaluator: JSON) -> Mapping[str, str | None]:
    """The hash of the text of a function that `__main__` had by its name; nothing for any other evaluation."""
    return {evaluator["source"]: evaluator.get("source_hash")} if evaluator.get(IN_MAIN_KEY) else {}
