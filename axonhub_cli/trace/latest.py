"""What sessions sent last, so that the trace is handed no more of the next request than what is new of it.

An agent sends its whole history again with every request. Kept as it came, each of these bodies would lie in memory until the
writer comes, and be read again by another thread when no cache has it any more: measured, that cost a request of 160 KB a
quarter of all that it takes. So it is compared while it is at hand, and let go. Several requests in a row are told as edits of
the same body (`packs` compares what is new of one with what was new of the last), until too much is new.
"""

from collections import OrderedDict

from ..types.edited import Body, Edited, cut
from .deltas import shared
from .records import BodyKind, RequestRecord, branch

LARGE = 16 << 10  # bytes of a body that is worth it
NEW = 8  # an edit has at most so-manyth of its body as new
MEMORY = 16 << 20  # bytes of all bodies that are known
KNOWN = 1024  # sessions


class Latest:
    """Bodies by session, those of the ones that spoke last. For one thread."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._size = 0

    def kept(self, kind: BodyKind, record: RequestRecord, data: bytes) -> Body:
        """The body, as an edit of an earlier one of its session where that is most of it."""
        if len(data) < LARGE:
            return data
        key = branch(kind, record)
        base = self._bodies.get(key)
        if base is not None:
            start, after = shared(base, data)
            if len(data) - start - after <= len(data) // NEW:
                self._bodies.move_to_end(key)
                return Edited(base, start, len(base) - after, cut(data, start, len(data) - after))
            self._forget(key)
        self._bodies[key] = data
        self._size += len(data)
        while self._size > MEMORY or len(self._bodies) > KNOWN:
            self._forget(next(iter(self._bodies)))
        return data

    def _forget(self, key: tuple[str, ...]) -> None:
        self._size -= len(self._bodies.pop(key))
