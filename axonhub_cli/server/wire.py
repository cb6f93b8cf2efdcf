"""One HTTP/1.1 connection to an upstream: asyncio's transport, llhttp's parser, and nothing in between.

A proxy's cost is made of small things that happen for every request and every event, and a general HTTP client does many of
them: measured, this one takes half the CPU of a small request. It does what an upstream needs and no more: POST, keep-alive,
bodies by length, by chunks or to the end of the connection, interim answers.

A `Wire` is a connection, an `Answer` what it says to one request. An answer's body is read in either of two ways:

    read()    what has arrived by now, b"" at the end; the transport is paused while too much waits to be read
    sink      called from the transport's own callback with all that one network read brought; while it takes everything (True),
              no coroutine runs at all. What it does not take (False) waits for `read`
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from ..types.edited import Body, parts

MAX_SILENCE = 64 * 1024  # bytes that may come without a byte of the body among them: headers, interim answers, trailers
HIGH = 16 * 1024  # bytes of a body that may wait to be read
READ = 16 * 1024  # bytes that one network read brings at most: the loops' own 256 KB would be held for each client that stalls
FIRST = 64 * 1024  # bytes of an answer that may come at once: most answers are no longer, and every read costs a way through all
_JOIN = 16 * 1024  # a body up to this size goes out in one piece with its head

Sink = Callable[[bytes], bool]


class Broken(ConnectionError):
    """The connection failed before the answer was complete. `unanswered`: not one byte of it had come."""

    def __init__(self, message: str, *, unanswered: bool = False) -> None:
        super().__init__(message)
        self.unanswered = unanswered


class Wire(asyncio.BufferedProtocol):
    """One connection; one request at a time. `released` is called when it may serve the next one. `room`: `FIRST` bytes where the
    loop puts what it reads; all connections of a loop may share it, since nothing stays there. `high`: bytes of an answer that
    may wait."""

    def __init__(self, released: Callable[["Wire"], None], room: memoryview, high: int = HIGH) -> None:
        self.high = high
        self.idle_since = self.idle_at = (
            0.0  # when it became free, by the loop's clock, which stands still in a sleep, and by the wall's
        )
        self._released, self._room, self._corner = released, room, room[:READ]
        self._transport: Any = None  # transports share no base class that has all of their methods
        self._answer: Answer | None = None

    @property
    def usable(self) -> bool:
        """Whether a request can be sent on it."""
        return self._answer is None and not self._transport.is_closing()

    def ask(self, head: bytes, body: Body) -> "Answer":
        """Send a request; its answer comes."""
        self._answer = answer = Answer(self)
        if len(body) <= _JOIN:
            self._transport.write(head + bytes(body))
        else:
            self._transport.writelines([head, *parts(body)])
        return answer

    def close(self) -> None:
        """End the connection at once."""
        self._answer = None
        if self._transport is not None:
            self._transport.abort()

    def over(self, *, reuse: bool) -> None:
        """The answer is complete."""
        self._answer = None
        if reuse and not self._transport.is_closing() and not self._transport.get_write_buffer_size():
            self._released(self)
        else:
            self._transport.abort()

    def pause(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room if self._answer is not None and self._answer.heard < FIRST else self._corner

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._room[:nbytes]))

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nobody asked: whatever this is, the connection is not to be trusted any more
            self._transport.abort()
        else:
            self._answer.received(data)

    def connection_lost(self, error: Exception | None) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.ended(error)


class Answer:
    """What an upstream says to one request. `headers` have lower-case names; repeated ones are joined by commas.

    `heard`: how many bytes have come; `done`: all have. `read` and `head` raise `Broken`, or what the sink raised. `close` ends
    the connection unless the answer is complete.
    """

    def __init__(self, wire: Wire) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._lines: list[tuple[bytes, bytes]] = []
        self.sink: Sink | None = None
        self._wire = wire
        self._pieces: list[bytes] = []  # always this list: the parser puts into it what a body consists of, event by event
        self.on_body = self._pieces.append
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self.heard = self._silence = self._last = 0
        self.done = False
        self._paused = self._interim = self._begun = self._more = self._keep = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def head(self) -> None:
        """Wait for status and headers."""
        while not self._begun:
            if self._error is not None:
                raise self._failure()
            await self._more_to_come()

    async def read(self) -> bytes:
        """What has arrived of the body; b"" at its end only."""
        while not self._pieces:
            if self._error is not None:
                raise self._failure()
            if self.done:
                return b""
            await self._more_to_come()
        data = self._take()
        if self._paused:
            self._paused = False
            self._wire.resume()
        return data

    def close(self) -> None:
        """Nothing more is wanted."""
        self.sink = self._parser = None  # each holds on to this object: it would be left to the collector, with all that it holds
        if not self.done and self._error is None:
            self._error = Broken("it was closed by this program")
            self._wire.close()

    def _failure(self) -> Exception:
        """What went wrong, for once: an error that was raised holds on to the frames that it went through, and they to this."""
        error, self._error = self._error, Broken("it had failed before")
        assert error is not None
        return error

    def _more_to_come(self) -> "asyncio.Future[None]":
        """What whoever waits is woken with."""
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        return waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _take(self) -> bytes:
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        return data

    # What the connection tells.

    def received(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            return
        self.heard += len(data)
        before = len(pieces := self._pieces)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.done:
                self._fail(Broken(f"what it sent is no HTTP ({error.__context__ or error or type(error).__name__})"))
                return
            self._more = True  # the answer is whole; what follows it is nothing that we asked for
        if self._more:
            del pieces[self._last :]
        self._silence = 0 if len(pieces) > before else self._silence + len(data)
        if self._silence > MAX_SILENCE:
            self._fail(Broken(f"it sent more than {MAX_SILENCE >> 10} KB of headers"))
            return
        self._deliver()
        if self.done:
            self._wire.over(reuse=self._keep and not self._more)

    def ended(self, error: Exception | None) -> None:
        """The connection is gone. A body without a length ends with it, any other is cut."""
        if self._begun and error is None and not self._measured:
            self.done = True
        elif self._error is None:
            self._error = Broken("it was closed before the answer was complete", unanswered=not self.heard)
        self._wake()

    @property
    def _measured(self) -> bool:
        return "content-length" in self.headers or "transfer-encoding" in self.headers

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._wire.close()
        self._wake()

    def _deliver(self) -> None:
        """Hand on what one network read brought: to the sink if it takes it, else to whoever reads."""
        pieces, done = self._pieces, self.done
        if pieces and self.sink is not None and not done:  # the last piece goes out with the end of the body
            try:
                taken = self.sink(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            except Exception as error:  # noqa: BLE001  # raised where the answer is read
                pieces.clear()
                self._fail(error)
                return
            if taken:
                pieces.clear()
                return
        if not done and not self._paused and pieces and sum(map(len, pieces)) > self._wire.high:
            self._paused = True
            self._wire.pause()
        if pieces or done:
            self._wake()

    # What llhttp calls.

    def on_message_begin(self) -> None:
        self._more = self.done  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        status = parser.get_status_code()
        if not 100 <= status < 600 or parser.get_http_version() not in ("1.1", "1.0"):
            raise ValueError("the status line")  # llhttp takes other versions too, and any three digits
        self._interim = 100 <= status < 200
        if self._interim:
            self._lines = []
        elif not self.done:
            self.status, self._begun = status, True
            self.headers, self._lines = _by_name(self._lines), []  # trailers say nothing to us
            if self.headers.get("transfer-encoding", "chunked").lower() != "chunked":
                raise ValueError("a transfer coding that nobody asked for")
            self._wake()

    def on_message_complete(self) -> None:
        if not self._interim and not self.done and self._parser is not None:
            self.done, self._keep, self._last = True, bool(self._parser.should_keep_alive()), len(self._pieces)


@lru_cache(maxsize=512)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _by_name(lines: list[tuple[bytes, bytes]]) -> dict[str, str]:
    if not lines:
        return {}
    names, values = zip(*lines, strict=True)
    texts = b"\n".join(values).decode("utf-8", "surrogateescape").split("\n")
    headers = dict(zip(map(_lower, names), texts, strict=False))
    if len(headers) == len(lines) == len(texts):  # no name came twice
        return headers
    headers = {}
    for name, value in lines:
        key, text = _lower(name), value.decode("utf-8", "surrogateescape")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
