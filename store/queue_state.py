"""The queue of a run: the configurations that a person enqueued and that are not proposed yet."""

from attrs import evolve, frozen

from archwright.store.events import Enqueued, LoggedPath, Proposed


@frozen
class QueueEntry:
    """A configuration that is to be tried before the searcher is asked again."""

    entry: int
    choices: LoggedPath  # those that the person named


@frozen
class Queue:
    """The entries that wait, in the order in which they are proposed."""

    entries: tuple[QueueEntry, ...] = ()
    entry_count: int = 0  # how many were enqueued, which is the number that the next one gets

    @property
    def first(self) -> QueueEntry | None:
        """The entry that is proposed next; None if none waits."""
        return self.entries[0] if self.entries else None

    def fold(self, event: Enqueued | Proposed) -> "Queue":
        """The queue after an event, whether that may come next or not."""
        if isinstance(event, Enqueued):
            return Queue((*self.entries, QueueEntry(event.entry, event.choices)), event.entry + 1)
        return self if event.enqueued is None else self.remove(event.enqueued)

    def remove(self, number: int) -> "Queue":
        """The queue without the entry of that number, which was proposed."""
        return evolve(self, entries=tuple(entry for entry in self.entries if entry.entry != number))


EMPTY_QUEUE = Queue()
