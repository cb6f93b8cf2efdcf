"""All that an upstream says in one stream, for the trace: packed as it comes, since a thousand streams may be kept at a time.

What waits is packed when there are 32 KB of it (a fifth of a millisecond; most answers never get there). Server-sent events
shrink to a tenth, and a client that has stopped reading holds little more than its buffers.
"""

import sys

from ..errors import ProtocolError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST = 256 * 1024 * 1024  # bytes that a stream may have; who says more has lost its way, or wants to fill our memory
_PACK = 32 * 1024


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
        self._waiting += len(data)
        if self._waiting >= _PACK:
            self._size += self._waiting
            if self._size > MOST:
                raise ProtocolError(f"it is larger than {MOST >> 20} MiB")
            self._packed.append(zstd.compress(b"".join(self._pieces), 1))
            self._pieces, self._waiting = [], 0

    def whole(self) -> bytes:
        """All of it."""
        return b"".join([*map(zstd.decompress, self._packed), *self._pieces])
