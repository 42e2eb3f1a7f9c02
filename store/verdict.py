"""The verdict on a run: whether the log still holds it as it was written."""

import re
from typing import Literal, TypedDict

from attrs import frozen

from archwright.core.errors import to_one_line
from archwright.store.chain import ChainBreak
from archwright.store.errors import InvalidHead
from archwright.store.log import START, Position

JournalState = Literal["none", "held", "behind", "damaged"]  # no journal, one that agrees, lacks events, is damaged


class BrokenEvent(TypedDict):
    """Where and how the chain of a run is broken."""

    event: int
    what: str


class VerdictRecord(TypedDict):
    """Whether the log has a run as it was written."""

    run: str
    events: int
    broken: BrokenEvent | None
    head: str | None
    journal: str
    remark: str


@frozen
class Head:
    """The head of a run, for a person to keep elsewhere: RUN:SEQ:HASH."""

    run: str
    position: Position

    def __str__(self) -> str:
        return f"{self.run}:{self.position.seq}:{self.position.chain}"

    @classmethod
    def of(cls, text: str) -> "Head":
        """The head in `text`; raises InvalidHead."""
        match = re.fullmatch(r"([^:]+):([1-9][0-9]{0,17}):([0-9a-f]{32})", str(text).strip())
        if match is None:
            raise InvalidHead(
                f"{text!r} is no head of a run; it is RUN:EVENT:HASH, as archwright verify prints it "
                "(str(verdict.head) in Python), with 32 hexadecimal digits"
            )
        return cls(match[1], Position(int(match[2]), match[3]))


@frozen(repr=False)
class RunVerdict:
    """The verdict on a run."""

    run: str
    events: int  # how many the log holds, whatever their numbers
    broken: ChainBreak | None  # at the first event that is not what was appended, or is gone; None if the run is whole
    head: Position = START  # the run's position
    journal: JournalState = "none"
    remark: str = ""  # for people, on the journal

    def details(self) -> VerdictRecord:
        """All that there is to say of it, as `archwright verify --json` prints it."""
        return {
            "run": self.run,
            "events": self.events,
            "broken": None if self.broken is None else {"event": self.broken.seq, "what": self.broken.reason},
            "head": None if self.broken else str(Head(self.run, self.head)),
            "journal": self.journal,
            "remark": self.remark,
        }

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed or lost, as far as can be told."""
        return self.broken is None and self.journal != "damaged"

    def describe(self) -> str:
        """How many events there are, and whether they are whole, or what is not; and what is to say of the journal."""
        broken = (
            "whole" if self.broken is None else f"broken, event {self.broken.seq}: {to_one_line(self.broken.reason)}"
        )
        return f"{self.events} events, {broken}{f'; {to_one_line(self.remark)}' if self.remark else ''}"

    def __repr__(self) -> str:
        return f"<RunVerdict {self.run}: {self.describe()}>"
