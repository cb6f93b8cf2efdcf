"""The queue between the relay and the writer's thread: filling it never waits, and it is bounded in bytes and in rows.

When the disk does not keep up, bodies are left out first; a row is given up only when thousands of them are waiting. Both are
counted. What was taken out counts as unfinished until it is `done`, so that `wait_idle` means: on disk.
"""

import threading
from collections import deque
from collections.abc import Callable

from msgspec import Struct, field

from ..types.edited import Body, held
from .records import BodyKind, Findings, RequestRecord

BYTES = 64 << 20  # of bodies that may wait
MANY = 4 << 20  # of bodies: no reason to wait for more
ROWS = 10_000  # that may wait


class Item(Struct, eq=False, gc=False):
    """A request that has begun, whatever its record says when it is written, or, with `final`, as it was at its end."""

    record: RequestRecord
    final: bool
    bodies: dict[BodyKind, Body] = field(default_factory=dict)
    told: Callable[[Findings], None] | None = None  # who waits for what the store finds out: told once, nothing if need be
    found: bool = False  # it was looked into
    size: int = 0  # bytes that its bodies hold, once it was put

    def tell(self, findings: Findings | None = None) -> None:
        """Tell the findings, if nothing was told before."""
        told, self.told = self.told, None
        if told is not None:
            told(findings or {})


class Backlog:
    """Items in order. `put` is for one thread, the relay's, and takes no lock unless the writer waits; `take`, `retry`, `strip`
    and `done` are for the writer."""

    def __init__(self, *, limit_bytes: int = BYTES, limit_rows: int = ROWS) -> None:
        self.closing = False
        self.dropped_bodies = 0
        self.dropped_rows = 0
        self._limit_bytes = limit_bytes
        self._limit_rows = limit_rows
        self._changed = threading.Condition()
        self._items: deque[Item] = deque()
        # Bytes of bodies and items: those that were put are counted by `put` alone, those that are finished under the lock.
        self._bytes_in = self._bytes_out = 0
        self._put = self._finished = 0
        self._hurried = 0  # who waits for the disk
        self._enough = 0  # items that are worth waking the writer for; 0: it does not wait

    def put(self, item: Item) -> None:
        """Add an item; after `close` it is only counted."""
        if self.closing:
            self._lose(item)
            return
        items = self._items
        if item.bodies:
            size = sum(map(held, item.bodies.values()))
            if self._bytes_in + size - self._bytes_out > self._limit_bytes:
                item.bodies, size = {}, 0
                self.dropped_bodies += 1
            item.size = size
            self._bytes_in += size
        self._put += 1
        if len(items) >= self._limit_rows:
            with self._changed:
                self._finish([items.popleft()] if items else [], lost=True)
        items.append(item)
        if self._enough and (len(items) >= self._enough or self._bytes_in - self._bytes_out > MANY):
            with self._changed:
                self._changed.notify_all()

    def take(self, limit: int, timeout: float, gather: float = 0.0) -> list[Item]:
        """Up to `limit` items; waits for the first one, at most `timeout` seconds, and not at all while closing.

        `gather`: seconds in which more may come, since a transaction costs the same for one and for many. It is cut short when
        the limit is reached or somebody waits for the disk.
        """
        with self._changed:
            self._enough = 1  # before it looks: who puts something after the look sees that somebody waits
            self._changed.wait_for(lambda: self._items or self.closing, timeout)
            if self._items and gather:
                self._enough = limit
                self._changed.wait_for(lambda: self.pressing or len(self._items) >= limit, gather)
            self._enough = 0
            return [self._items.popleft() for _ in range(min(limit, len(self._items)))]

    @property
    def waiting(self) -> bool:
        """Whether something was put and not yet taken."""
        return bool(self._items)

    @property
    def pressing(self) -> bool:
        """Whether somebody waits for the disk, or much for the writer."""
        return self.closing or self._hurried > 0 or self._bytes_in - self._bytes_out > MANY

    def pause(self, seconds: float) -> None:
        """Wait, whatever comes in; closing ends it."""
        with self._changed:
            self._changed.wait_for(lambda: self.closing, seconds)

    def retry(self, batch: list[Item]) -> None:
        """Put items back to where they were taken from."""
        with self._changed:
            self._items.extendleft(reversed(batch))

    def strip(self, batch: list[Item]) -> None:
        """Leave the bodies of these items out."""
        with self._changed:
            for item in batch:
                if item.bodies:
                    self._bytes_out += item.size
                    item.bodies, item.size = {}, 0
                    self.dropped_bodies += 1

    def done(self, batch: list[Item], *, lost: bool = False) -> None:
        """These items are on disk, or lost."""
        with self._changed:
            self._finish(batch, lost=lost)
            self._changed.notify_all()

    def give_up(self) -> None:
        """Lose all that is waiting."""
        with self._changed:
            self._finish(list(self._items), lost=True)
            self._items.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Take nothing more; the writer empties what is there."""
        with self._changed:
            self.closing = True
            self._changed.notify_all()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is unfinished; False when the time did not suffice."""
        with self._changed:
            self._hurried += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: self._put == self._finished, timeout)
            finally:
                self._hurried -= 1

    @property
    def finished(self) -> bool:
        """Whether it was closed and is empty."""
        with self._changed:
            return self.closing and not self._items

    def _finish(self, batch: list[Item], *, lost: bool) -> None:
        self._finished += len(batch)
        self._bytes_out += sum(item.size for item in batch)
        for item in batch if lost else ():
            self._lose(item)

    def _lose(self, item: Item) -> None:
        self.dropped_rows += item.final
        item.tell()
