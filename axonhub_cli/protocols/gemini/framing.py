"""The other framing of this protocol's streams: without `alt=sse`, the chunks are the elements of one JSON array.

Inside this program a stream is always Server-Sent Events. The two translators here stand at its edges: `ArrayToEvents` for an
upstream that answers with an array, `EventsToArray` for a client that did not ask for `alt=sse`. Neither parses a chunk; an
element's raw line breaks are layout (in a JSON string they are escaped), so they can go.
"""

import re

from ...errors import ProtocolError
from ..sse import MAX_FRAME, Decoder

_MARKS = re.compile(rb'["{}\[\]\\]')


def begins_array(first: bytes) -> bool:
    """Whether a body's first bytes are those of an array."""
    return first.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"[")


class ArrayToEvents:
    """An array's bytes in, whole frames out, one for each element that is an object."""

    def __init__(self) -> None:
        self._held = b""
        self._seen = 0  # how much of what is held was looked at
        self._start = -1  # where the open element begins in it
        self._depth = 0
        self._string = False

    def feed(self, chunk: bytes) -> bytes:
        """The elements that are complete now."""
        data = self._held + chunk
        out: list[bytes] = []
        at = self._seen
        while (found := _MARKS.search(data, at)) is not None:
            at = found.end()
            if found.group() == b"\\":
                if at >= len(data):
                    at -= 1
                    break
                at += 1 if self._string else 0
            elif self._mark(found.group(), at - 1):
                out.append(b"data: " + data[self._start : at].replace(b"\n", b"").replace(b"\r", b"") + b"\n\n")
                self._start = -1
        else:
            at = len(data)
        self._keep(data, at)
        return b"".join(out)

    def close(self) -> bytes:
        """What is left is no element."""
        self._held = b""
        return b""

    def _mark(self, mark: bytes, at: int) -> bool:
        """One structural byte; true when it closes an element of the array."""
        if mark == b'"':
            self._string = not self._string
        elif not self._string and mark in b"{[":
            self._depth += 1
            if self._depth == 2 and mark == b"{":
                self._start = at
        elif not self._string:
            self._depth -= 1
            return self._depth == 1 and self._start >= 0
        return False

    def _keep(self, data: bytes, seen: int) -> None:
        """Hold the open element, or what was not looked at yet."""
        cut = self._start if self._start >= 0 else seen
        self._held, self._seen = data[cut:], seen - cut
        self._start = 0 if self._start >= 0 else -1
        if len(self._held) > MAX_FRAME:
            raise ProtocolError(f"an element of the upstream's stream is larger than {MAX_FRAME >> 20} MiB")


class EventsToArray:
    """Whole frames in, an array's bytes out."""

    content_type = "application/json"
    ping = b"\n"

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._begun = False

    def feed(self, frames: bytes) -> bytes:
        out = b""
        for frame in self._decoder.feed(frames):
            out += (b",\n" if self._begun else b"[") + frame.data.replace(b"\n", b"")
            self._begun = True
        return out

    def close(self) -> bytes:
        return b"]" if self._begun else b"[]"
