"""Incremental framing of Server-Sent Events, on bytes.

A line ends with LF, CR or CRLF; a blank line ends an event; `data:` lines of one event are joined with LF; a comment starts with
a colon; a byte order mark may come first (WHATWG HTML, section 9.2.6). Nothing else splits a line: U+2028 is text.

`Decoder.feed(chunk) -> [Frame]` is what codecs need. `Splitter.feed(chunk) -> bytes` is for relays that change nothing: it gives
back whole frames as they came and holds a partial one until it is complete.
"""

import re
from typing import NamedTuple

from ..errors import ProtocolError

MAX_FRAME = 16 * 1024 * 1024


class Frame(NamedTuple):
    """One event: its `event:` name (empty when it has none) and its data, lines joined."""

    name: str
    data: bytes


class Splitter:
    """Cuts a byte stream after its last complete frame. What is held is joined once, however many chunks a frame comes in."""

    __slots__ = ("_held", "_size", "_tail")

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0
        self._tail = b""  # the end of what is held: half of a blank line may stand there

    def feed(self, chunk: bytes) -> bytes:
        """Whole frames, as the bytes that came; b"" when none is complete yet."""
        if not self._held and chunk.endswith(b"\n\n"):
            return chunk
        cut = _last_boundary(self._tail + chunk) - len(self._tail)
        if cut <= 0:
            self._hold(chunk)
            return b""
        if self._held:
            whole, rest = b"".join((*self._held, chunk[:cut])), chunk[cut:]
        else:
            whole, rest = (chunk, b"") if cut == len(chunk) else (chunk[:cut], chunk[cut:])
        self._held, self._size, self._tail = [], 0, b""
        if rest:
            self._hold(rest)
        return whole

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._size += len(data)
        self._tail = (self._tail + data)[-2:]
        if self._size > MAX_FRAME:
            raise ProtocolError(f"an event of the upstream's stream is larger than {MAX_FRAME >> 20} MiB")

    def close(self) -> bytes:
        """What is left: a frame whose blank line never came."""
        rest = b"".join(self._held)
        self._held, self._size, self._tail = [], 0, b""
        return rest


_BLANK = re.compile(rb"(?:\r\n?+|\n){2,}")


def _last_boundary(data: bytes) -> int:
    """The offset just after the last blank line, 0 when there is none.

    A CR at the very end counts as a whole line end: should its LF follow in the next chunk, that is one more blank line, which
    ends nothing and says nothing.
    """
    if data.endswith(b"\n\n"):
        return len(data)
    if b"\r" not in data:
        at = data.rfind(b"\n\n")
        return at + 2 if at >= 0 else 0
    cut = 0
    for blank in _BLANK.finditer(data):
        cut = blank.end()
    return cut


class Decoder:
    """Bytes in, frames out. Bytes of a frame that is not complete are kept; `close` gives the last one if its end never came."""

    __slots__ = ("_fresh", "_splitter")

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._fresh = True

    def feed(self, chunk: bytes) -> list[Frame]:
        return self.frames(self._splitter.feed(chunk))

    def close(self) -> list[Frame]:
        return self.frames(self._splitter.close())

    def rest(self) -> bytes:
        """The bytes of a frame whose end never came, for `frames`."""
        return self._splitter.close()

    def whole(self, chunk: bytes) -> bytes:
        """The bytes of the frames that are complete now, for `frames`."""
        return self._splitter.feed(chunk)

    def frames(self, data: bytes) -> list[Frame]:
        """The frames of bytes that end with one."""
        if not data:
            return []
        if self._fresh:
            self._fresh = False
            data = data.removeprefix(b"\xef\xbb\xbf")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        frames = []
        for block in data.split(b"\n\n"):
            if block:
                frame = _frame(block)
                if frame is not None:
                    frames.append(frame)
        return frames


def _frame(block: bytes) -> Frame | None:
    """One block of lines as a frame; None when it holds no data (comments, `retry:`)."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return Frame("", block[6:])
    name = ""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Frame(name, data[0] if len(data) == 1 else b"\n".join(data)) if data else None


def encode(name: str, data: bytes) -> bytes:
    """One frame; the data has no line breaks (JSON never has)."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n" if name else b"data: " + data + b"\n\n"
