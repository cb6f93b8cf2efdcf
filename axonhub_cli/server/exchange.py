"""One request of a client and the forms in which it is answered: whole, or as a stream.

A `Request` exists from the moment its head is read; its body may still be coming. A `Whole` is a value that `front` writes, or
that is sent before (`Request.say`); a `Stream` writes itself, piece by piece, and what it wrote ends with `end`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from ..protocols.raw import dumps

if TYPE_CHECKING:
    from .front import Connection

_HIGH = 256 * 1024  # bytes of a body that may wait to be read
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class Request:
    """What a client asks. `raw_path` is the target as it came, `raw_headers` the header lines but for the body's length, which is
    `length` (None: none was told). `complete`: the whole body is here. `left`: called when the client is gone, before the task
    hears of it. `begun`: a stream has said its first words; `answered`: a whole answer was sent."""

    __slots__ = (
        "_invited", "_pieces", "_size", "_waiter", "answered", "begun", "complete", "connection", "expects", "http11",
        "keep_alive", "left", "length", "method", "raw_headers", "raw_path", "task", "unwanted",
    )  # fmt: skip

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.raw_path = self.method = ""
        self.raw_headers: tuple[tuple[bytes, bytes], ...] = ()
        self.length: int | None = None
        self.expects = b""
        self.answered = self.begun = self.complete = self.unwanted = self._invited = False
        self.http11 = self.keep_alive = True
        self.task: asyncio.Task[None] | None = None
        self.left: Callable[[], None] | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def path(self) -> str:
        """The path for people."""
        path = self.raw_path.partition("?")[0]
        return unquote(path) if "%" in path else path

    @property
    def query(self) -> dict[str, str]:
        """What stands behind the question mark."""
        return dict(parse_qsl(self.raw_path.partition("?")[2], keep_blank_values=True))

    @property
    def transport(self) -> Any:
        """The way back; None when the client has left."""
        return self.connection.transport

    @property
    def uninvited(self) -> bool:
        """Whether the client asked if its body is wanted and got no word: who knows what it sends next, a body or a request."""
        return bool(self.expects) and not self._invited and not self.complete

    async def read(self) -> bytes:
        """What has arrived of the body; b"" at its end only. Raises `ConnectionError` when the client left in the middle."""
        while not self._pieces:
            if self.complete:
                return b""
            if self.transport is None:
                raise ConnectionResetError("the client left")
            self._invite()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self.read_nowait()

    def read_nowait(self) -> bytes:
        """What has arrived of the body."""
        pieces, self._pieces, self._size = self._pieces, [], 0
        self.connection.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def say(self, answer: "Whole") -> None:
        """Send an answer in one piece. Who has got one gets no second; a stream that has begun is broken off, since a head would
        pass for its words."""
        transport = self.transport
        if transport is None or self.answered:
            return
        if self.begun:
            self.connection.abort()
            return
        if answer.close or self.uninvited:
            self.keep_alive = False
        transport.write(answer.written(self))
        self.answered = True

    def _invite(self) -> None:
        """Who asks first whether the body is wanted (curl does, with large ones) hears that it is."""
        if not self._invited and self.http11 and self.expects and self.transport is not None:
            self.transport.write(_CONTINUE)
        self._invited = True

    # What the connection tells.

    def came(self, data: bytes) -> bool:
        """A piece of the body. True when enough waits to be read."""
        if self.unwanted:
            return False
        self._pieces.append(data)
        self._size += len(data)
        self.wake()
        return self._size > _HIGH

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Whole:
    """An answer in one piece. `close`: the connection ends with it."""

    __slots__ = ("body", "close", "headers", "status")

    def __init__(self, *, status: int = 200, body: bytes = b"", headers: Mapping[str, str], close: bool = False) -> None:
        self.status, self.body, self.headers, self.close = status, body, headers, close

    def written(self, request: Request) -> bytes:
        """The whole answer as bytes."""
        kept = request.keep_alive and not self.close
        head = head_of(self.status, self.headers, _connection(request, kept) + f"Content-Length: {len(self.body)}\r\n")
        return head if request.method == "HEAD" else head + self.body


class Stream:
    """An answer whose length nobody knows: chunks for HTTP/1.1, else all that comes until the connection ends.

    The head waits for the first piece, and goes out with it.
    """

    __slots__ = ("_head", "_request", "chunked")

    def __init__(self, request: Request, headers: Mapping[str, str]) -> None:
        self._request = request
        self.chunked = request.http11
        if not self.chunked:
            request.keep_alive = False
        framing = _connection(request, request.keep_alive) + ("Transfer-Encoding: chunked\r\n" if self.chunked else "")
        self._head = head_of(200, headers, framing)

    async def write(self, data: bytes) -> None:
        """Send a piece, and wait while the client has too much to read. Raises `ConnectionError` when it is gone."""
        self._send(self._framed(data))
        await self._request.connection.drained()

    async def end(self, data: bytes = b"") -> None:
        """Send the last piece."""
        self._send(self._framed(data) + (b"0\r\n\r\n" if self.chunked else b""))
        await self._request.connection.drained()

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if data and self.chunked else data

    def _send(self, data: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client left")
        if self._head:
            data, self._head, self._request.begun = self._head + data, b"", True
        transport.write(data)


Answered: TypeAlias = Whole | Stream


def json_response(value: Any, *, headers: Mapping[str, str], status: int = 200) -> Whole:
    """A value as JSON."""
    return Whole(status=status, body=dumps(value), headers={"Content-Type": "application/json; charset=utf-8", **headers})


def _connection(request: Request, kept: bool) -> str:
    if not kept:
        return "Connection: close\r\n"
    return "" if request.http11 else "Connection: keep-alive\r\n"


def head_of(status: int, headers: Mapping[str, str], framing: str) -> bytes:
    """Status line and headers. Raises `ValueError` when a header holds a line break: it would begin another header."""
    said = "".join([*headers, *headers.values()])
    if "\n" in said or "\r" in said:
        raise ValueError("a header holds a line break")
    lines = "\r\n".join([*map(": ".join, headers.items()), ""])
    line = _LINES.get(status) or f"HTTP/1.1 {status} Status\r\n"
    return f"{line}{lines}{framing}Date: {_date(int(time.time()))}\r\n\r\n".encode("utf-8", "surrogateescape")


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    """The time as HTTP writes it."""
    at = time.gmtime(seconds)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year} {clock} GMT"
