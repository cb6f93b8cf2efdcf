"""The client's side of one call: when headers go out, and what has been said.

`opened` means that the status line is out, `spoken` that content is: between the two only keep-alives were sent, and a failure
of the upstream can still be hidden by another one. `keeper` looks at the time of the last byte.

A client that reads slowly slows its upstream down. One that reads nothing for two minutes is let go, and its upstream with it.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from ..protocols.gemini.framing import EventsToArray
from .exchange import Request, Stream

SAFE = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}


_FULL = 16 * 1024  # bytes that may wait for a slow client before its upstream has to


class ClientLeft(Exception):
    """The client is gone: noticed by a write, where the cancellation of the handler has not come yet."""


class Beginning(NamedTuple):
    """The first words of a stream: said before there is an answer, and left out of the answer then."""

    opening: Callable[[], bytes]
    unopened: Callable[[bytes], bytes]


class ClientStream:
    """A streamed answer. Whole frames only are written, so a keep-alive may follow any write.

    `framing`: for who wants the frames as the elements of an array. `begin`: for who takes no keep-alive before the first words.
    `begun` means that a keep-alive has said these.
    """

    def __init__(
        self,
        request: Request,
        headers: Callable[[], dict[str, str]],
        ping: bytes,
        framing: EventsToArray | None = None,
        begin: Beginning | None = None,
    ) -> None:
        self._request = request
        self._headers = headers
        self._framing = framing
        self._ping = ping if framing is None else framing.ping
        self._response: Stream | None = None
        self._begin = begin
        self._opening = asyncio.Lock()
        self._transport: asyncio.Transport | None = None  # while `push` may be used
        self.spoken = self.begun = False
        self.sent = 0
        self.last = asyncio.get_running_loop().time()
        self.dropped: str | None = None  # why the client was let go
        self._taken, self._taken_at = -1, self.last

    @property
    def opened(self) -> bool:
        """Whether the status line is out."""
        return self._response is not None

    async def open(self) -> Stream:
        """Send the headers, once."""
        async with self._opening:
            if self._response is None:
                headers = {
                    "Content-Type": self._framing.content_type if self._framing else "text/event-stream; charset=utf-8",
                    "Cache-Control": "no-cache",
                    **SAFE,
                    **self._headers(),
                }
                self._response = Stream(self._request, headers)
        return self._response

    async def write(self, data: bytes, now: float) -> None:
        """Content. Opens the stream when it is not open yet."""
        response = self._response or await self.open()
        data = self._said(data)
        self.last = now
        try:
            await response.write(data)
        except ConnectionError as error:
            raise ClientLeft from error
        if response.chunked and self._framing is None:
            self._transport = self._request.transport

    def _said(self, data: bytes) -> bytes:
        """Content as this client gets it."""
        if self._framing is not None:
            data = self._framing.feed(data)
        if self.begun and not self.spoken and self._begin is not None:
            data = self._begin.unopened(data)
        self.spoken = True
        self.sent += len(data)
        return data

    @property
    def flows(self) -> bool:
        """Whether content may be pushed: something was written before, the client is there, and it keeps up."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and transport.get_write_buffer_size() <= _FULL

    def push(self, data: bytes, now: float) -> None:
        """Content, written at once and without a coroutine, in the framing of `Stream`. Only while the stream `flows`."""
        assert self._transport is not None
        self.sent += len(data)
        self.last = now
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def unread(self, now: float) -> float | None:
        """Seconds for which the client has taken nothing of what waits for it; None when nothing waits."""
        transport = self._request.transport
        waiting = transport.get_write_buffer_size() if transport is not None else 0
        if not waiting or self.sent - waiting != self._taken:
            self._taken, self._taken_at = self.sent - waiting, now
        return now - self._taken_at if waiting else None

    def drop(self, why: str) -> None:
        """Let the client go: whoever writes to it is cancelled, and with that the upstream."""
        self.dropped = why
        if self._request.transport is not None:
            self._request.transport.abort()

    async def ping(self) -> None:
        """A keep-alive in the form that this client accepts and counts."""
        response = self._response or await self.open()
        self.last = asyncio.get_running_loop().time()
        if self._begin is None or self.spoken or self.begun:
            await response.write(self._ping)
            return
        self.begun = True
        await response.write(self._begin.opening())

    async def end(self, data: bytes = b"") -> Stream:
        """The last content and the end of the body; the connection may serve the next request."""
        response = self._response or await self.open()
        data = self._said(data) + (self._framing.close() if self._framing is not None else b"")
        try:
            await response.end(data)
        except ConnectionError as error:
            raise ClientLeft from error
        return response
