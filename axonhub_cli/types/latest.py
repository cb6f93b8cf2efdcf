"""Bodies that were sent last, so that of the next ones no more than what is new need be looked at and kept.

An agent sends its whole history again with every request. Several bodies in a row are edits of the same one, until too much is
new: so none but that one is held, and all of them are compared with what the caches have at hand.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from .deltas import shared
from .edited import Edited, cut

LARGE = 16 << 10  # bytes of a body that is worth it
NEW = 8  # an edit has at most so-manyth of its body as new
MEMORY = 16 << 20  # bytes of all bodies that are known
KNOWN = 1024  # senders

T = TypeVar("T")


class Latest(Generic[T]):
    """Bodies by sender, those of the senders that spoke last, and what was made of them. For one thread."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[Hashable, tuple[bytes, T]] = OrderedDict()
        self._size = 0

    def edit(self, sender: Hashable, data: bytes) -> tuple[Edited, T] | None:
        """The body as an edit of the sender's earlier one, where that is most of it, and what was made of that one."""
        known = self._bodies.get(sender) if len(data) >= LARGE else None
        if known is None:
            return None
        base, made = known
        start, after = shared(base, data)
        end = len(data) - after
        if end - start > len(data) // NEW:
            return None
        self._bodies.move_to_end(sender)
        return Edited(base, start, len(base) - after, cut(data, start, end)), made

    def put(self, sender: Hashable, data: bytes, made: T) -> None:
        """What comes next is to be an edit of this one, if it is large enough."""
        if len(data) < LARGE:
            return
        if sender in self._bodies:
            self._forget(sender)
        if len(data) > MEMORY // 2:  # it would drive out everybody else
            return
        self._bodies[sender] = (data, made)
        self._size += len(data)
        while self._size > MEMORY or len(self._bodies) > KNOWN:
            self._forget(next(iter(self._bodies)))

    def _forget(self, sender: Hashable) -> None:
        self._size -= len(self._bodies.pop(sender)[0])
