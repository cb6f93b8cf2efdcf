"""The HTTP/1.1 server: asyncio's transports, llhttp's strict parser, one task for each request, and nothing in between.

It does what a server on loopback needs and no more: keep-alive, bodies by length and by chunks, `Expect`, HEAD, HTTP/1.0, one
request after the other for who sends several at once. What is no HTTP gets a short 400 and the end of the connection. Upgrades
are not offered: such a request is answered, and its connection ends.

    a head      64 KB and 128 lines at most, 75 s to arrive
    a body      256 KB may wait to be read; then the client has to
    an answer   a body that nobody wants is let run out for two seconds after it, so that the client gets to read it
"""

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from .accepting import Door
from .exchange import Answered, Request, Whole, head_of

log = logging.getLogger("axonhub")
_LINGER = 2.0  # seconds for the rest of a body that nobody wants
_HEAD, _LINE, _LINES = 64 * 1024, 16 * 1024, 128
_UNSENT = 32 * 1024  # bytes that may wait for a client that reads slowly, beside what the system holds
_AHEAD = 32  # requests that may wait for the one before them
Handle = Callable[[Request], Awaitable[Answered]]


class Front:
    """The connections of one server. `handle` gives the answer; a stream has written itself.

    `keep` is how many seconds a connection may be without a request."""

    def __init__(self, handle: Handle, keep: float = 75.0) -> None:
        self.handle = handle
        self._keep = keep
        self.connections: set[Connection] = set()
        self.closing = False
        self._doors: list[Door | asyncio.Server] = []
        self._sweep: asyncio.TimerHandle | None = None

    async def listen(self, sock: socket.socket) -> None:
        """Serve on a bound socket."""
        loop = asyncio.get_running_loop()
        try:
            self._doors.append(Door(sock, lambda: Connection(self)))
        except NotImplementedError:  # Windows
            self._doors.append(await loop.create_server(lambda: Connection(self), sock=sock, backlog=1024))
        if self._sweep is None:
            self._sweep = loop.call_later(self._keep / 15, self._look)

    async def close(self, patience: float = 0.5) -> None:
        """Take nothing new, let running answers finish for a moment, and end every connection."""
        self.closing = True
        if self._sweep is not None:
            self._sweep.cancel()
        for door in self._doors:
            door.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while any(each.busy for each in self.connections) and loop.time() < until:  # noqa: ASYNC110  # ends by count or clock
            await asyncio.sleep(0.01)
        tasks = [each.request.task for each in self.connections if each.request is not None and each.request.task is not None]
        for each in list(self.connections):
            each.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _look(self) -> None:
        """Close what has waited for too long."""
        loop = asyncio.get_running_loop()
        for each in list(self.connections):
            if not each.busy and time.monotonic() - each.since > self._keep:
                each.close()
        self._sweep = loop.call_later(self._keep / 15, self._look)


class Connection(asyncio.Protocol):
    """One client's connection. `transport` is None when it is gone, `since` when the last request ended
    (`time.monotonic`: uvloop's clock counts milliseconds, too few to tell who came first)."""

    def __init__(self, front: Front) -> None:
        self.transport: Any = None  # transports share no base class that has all of their methods
        self.request: Request | None = None  # the one that is being answered
        self._front = front
        self._loop = asyncio.get_running_loop()
        self.since = time.monotonic()
        self._parser: Any = HttpRequestParser(self)  # None when the connection is gone: it holds on to this object
        self._coming: Request | None = None  # the one that is being read
        self._waiting: deque[Request] = deque()
        self._lines: list[tuple[bytes, bytes]] = []  # of its head, but for the body's length
        self._coding = b""  # its transfer codings, each with a comma
        self._silence = 0  # bytes that came without anything coming of them
        self._in_body = self._deaf = self._last = self._paused = self._refused = self._stuck = False
        self._offering = b""  # the framing of a body that follows an offer to change the protocol
        self._full: asyncio.Future[None] | None = None  # while somebody waits for a client that reads slowly

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.request is not None

    def close(self) -> None:
        """End it when what was written is sent."""
        self._deaf = True
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """End it at once."""
        self._deaf = True
        if self.transport is not None:
            self.transport.abort()

    def resume(self) -> None:
        """There is room again."""
        if self._paused and self.transport is not None and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()

    async def drained(self) -> None:
        """Wait while the client has too much to read."""
        if self._stuck:
            self._full = self._full or self._loop.create_future()
            await asyncio.shield(self._full)

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._front.connections.add(self)
        self.transport.set_write_buffer_limits(_UNSENT)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so only for sockets that it has made itself

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = self._parser = self._coming = None
        self._deaf = True
        self._front.connections.discard(self)
        self._waiting.clear()
        self.resume_writing()
        request = self.request
        if request is not None and request.task is not None:
            if request.left is not None:
                request.left()  # the upstream first: with a thousand that leave at once, each task's own end would come late
            request.task.cancel()

    def pause_writing(self) -> None:
        self._stuck = True

    def resume_writing(self) -> None:
        self._stuck = False
        if self._full is not None and not self._full.done():
            self._full.set_result(None)
        self._full = None

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._silence += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._last = True
            if self._offering:
                self._read_on(data[upgrade.args[0] :])
        except (HttpParserError, ValueError, OverflowError):
            self._refuse(400, "This is not the HTTP/1.1 that axonhub speaks.")
        if self._silence > _HEAD:
            self._refuse(431, "The head of this request is too large.")
        if self.request is None:
            self._next()

    def _read_on(self, rest: bytes) -> None:
        """A body behind an offer to change the protocol (`Upgrade: h2c`; Java's client makes it with each request), which llhttp
        leaves alone: another parser reads it."""
        self._parser = HttpRequestParser(self)
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + self._offering + b"\r\n\r\n")
        self._offering = b""
        self.data_received(rest)

    def _refuse(self, status: int, why: str) -> None:
        """What comes is nothing to answer: say so when nothing else is being said, and end it."""
        if self._refused:
            return
        self._refused = self._last = self._deaf = True
        self._coming = None
        self._waiting = deque(each for each in self._waiting if each.complete)
        if self.request is not None and not self.request.complete:
            self.abort()  # the body that is being read is broken
        elif self.request is None and not self._waiting and not self.transport.is_closing():
            text = why.encode()
            framing = f"Connection: close\r\nContent-Length: {len(text)}\r\n"
            self.transport.write(head_of(status, {"Content-Type": "text/plain; charset=utf-8"}, framing) + text)
            self._loop.call_later(_LINGER, self.close)  # closed at once it would be reset, and the answer with it

    # What llhttp calls.

    def on_message_begin(self) -> None:
        if self._offering:
            return
        self._coming = None if self._refused else Request(self)
        self._in_body, self._coding, self._lines = False, b"", []
        self._silence = 0

    def on_url(self, url: bytes) -> None:
        if self._coming is not None and not self._offering:
            self._coming.raw_path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:  # trailers say nothing to us
            return
        if len(name) == 14 and self._coming is not None and name.lower() == b"content-length":
            self._coming.length = int(value)
        else:
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        request, parser = self._coming, self._parser
        if request is None or self._offering:
            return
        self._in_body, self._silence = True, 0
        version, head = parser.get_http_version(), _head(tuple(self._lines))
        request.raw_headers, request.expects, self._coding = head.lines, head.expects, head.coding
        if (why := self._objection(request, head, version)) is not None:
            self._refuse(*why)
            return
        request.method = parser.get_method().decode("latin-1")
        request.http11 = version == "1.1"
        request.keep_alive = bool(parser.should_keep_alive()) and not parser.should_upgrade()
        if parser.should_upgrade() and request.method != "CONNECT" and (self._coding or request.length):
            self._offering = b"Transfer-Encoding: chunked" if self._coding else b"Content-Length: %d" % (request.length or 0)
        self._waiting.append(request)
        if len(self._waiting) > _AHEAD:
            self.abort()

    def _objection(self, request: Request, head: "_Head", version: str) -> tuple[int, str] | None:
        """Status and reason where a head is none that we answer."""
        if version not in ("1.1", "1.0"):
            return 400, "This is not the HTTP/1.1 that axonhub speaks."
        if head.large or len(request.raw_path) > _LINE:
            return 431, "The head of this request is too large."
        if self._coding and (self._coding != b"chunked," or version == "1.0"):  # where such a body ends is a matter of opinion
            return 501, "axonhub knows no transfer coding but the chunked one of HTTP/1.1."
        if request.expects not in (b"", b"100-continue"):
            return 417, "axonhub knows no such expectation."
        return None

    def on_body(self, data: bytes) -> None:
        self._silence = 0
        if self._coming is not None and self._coming.came(data) and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._offering:
            return
        request, self._coming = self._coming, None
        if request is None:
            return
        request.complete = True
        request.wake()
        if request.unwanted:  # it was answered already
            self._over(request)

    # From one request to the next.

    def _next(self) -> None:
        if self._waiting and self.transport is not None and not self.transport.is_closing():
            self.request = request = self._waiting.popleft()
            request.task = self._loop.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._front.handle(request)
            if isinstance(response, Whole):
                request.say(response)
                if self._stuck:
                    await self.drained()
        except (asyncio.CancelledError, ConnectionError):  # the client left, or the server ends
            self.abort()
        except Exception:
            log.exception("answering failed")
            self.abort()
        self._answered(request)

    def _answered(self, request: Request) -> None:
        if self.transport is None:
            self.request = None
        elif request.complete:
            self._over(request)
        else:
            request.unwanted = True
            request.read_nowait()
            self._loop.call_later(_LINGER, self._let_run_out, request)

    def _over(self, request: Request) -> None:
        """Answered and read to its end."""
        self.request, request.task = None, None
        self.resume()  # a large body that nobody read may have stopped it
        self.since = time.monotonic()
        if not request.keep_alive or self._front.closing or (self._last and not self._waiting):
            self.close()
        else:
            self._next()

    def _let_run_out(self, request: Request) -> None:
        """It had its time to send the rest of a body that nobody wants."""
        if self.request is request:
            self.close()


class _Head(NamedTuple):
    """What the lines of a head say, but for the body's length. `coding`: transfer codings, each with a comma."""

    lines: tuple[tuple[bytes, bytes], ...]
    expects: bytes
    coding: bytes
    large: bool


@lru_cache(maxsize=16)  # a client's requests have the same ones; few are kept, since who sent them may be anybody
def _head(lines: tuple[tuple[bytes, bytes], ...]) -> _Head:
    kept = tuple((name, value.rstrip(b" \t")) for name, value in lines)
    expects, coding, size = b"", b"", 0
    for name, value in kept:
        size += len(name) + len(value)
        match name.lower():
            case b"expect":
                expects = value.lower()
            case b"transfer-encoding":
                coding += value.lower() + b","
    large = size > _HEAD or len(lines) > _LINES or any(len(value) > _LINE for _, value in kept)
    return _Head(kept, expects, coding, large)
