"""All that an upstream says in one stream, for the trace: packed when much waits, since a thousand streams may be kept at a time.

While all streams together have less than two megabytes, each is kept as it came: packing costs a twentieth of a stream's whole
CPU. Above that, who has 32 KB packs them (a tenth of a millisecond): server-sent events shrink to a tenth, and a client that has
stopped reading holds little more than its buffers.
"""

import sys

from ..errors import ProtocolError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST = 256 * 1024 * 1024  # bytes that a stream may have; who says more has lost its way, or wants to fill our memory
_PACK = 32 * 1024
_PLENTY = 2 * 1024 * 1024  # bytes of all streams that may wait unpacked


class _All:
    """Bytes that wait in all streams."""

    waiting = 0


class Kept:
    """Pieces of a stream. `append` raises `ProtocolError` when they are too many bytes."""

    __slots__ = ("_packed", "_pieces", "_size", "_waiting")

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._pieces: list[bytes] = []
        self._size = self._waiting = 0

    def append(self, data: bytes) -> None:
        """One more piece."""
        self._pieces.append(data)
        size = len(data)
        self._waiting += size
        _All.waiting += size
        if self._waiting >= _PACK:
            if self._size + self._waiting > MOST:
                raise ProtocolError(f"it is larger than {MOST >> 20} MiB")
            if _All.waiting > _PLENTY:
                self._packed.append(zstd.compress(self._take(), 1))

    def whole(self) -> bytes:
        """All of it; afterwards there is nothing in here."""
        packed, self._packed, self._size = self._packed, [], 0
        rest = self._take()
        return b"".join([*map(zstd.decompress, packed), rest]) if packed else rest

    def _take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        _All.waiting -= self._waiting
        self._size += self._waiting
        self._waiting = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
