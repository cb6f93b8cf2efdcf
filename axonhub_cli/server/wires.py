"""Where a request to an upstream finds its connection: one that waits from an earlier request, or a new one.

A connection that has waited may have been closed by the upstream in the meantime, which shows only when it is used. A request
that gets no answer on such a one is sent again on a new connection, once: nothing was answered, so nothing was done twice.
"""

import asyncio
import re
import socket
import ssl
import time
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import aiohappyeyeballs

from ..errors import ConfigError
from ..types.edited import Body
from .names import Names
from .wire import FIRST, HIGH, READ, Answer, Broken, Wire

KEEP_SECONDS = 15.0  # that a connection waits for its next request
_STAGGER = 0.25  # seconds before the next address of a host is tried beside the first
_URL = re.compile(r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(/[!-~]*)?")


class Unreachable(OSError):
    """No connection could be made; `cause` is why."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Place(NamedTuple):
    """Where connections lead to. Connections with different trust are not shared."""

    host: str
    port: int
    tls: ssl.SSLContext | None


@lru_cache(maxsize=256)
def split(url: str) -> tuple[str, int, bool, str] | None:
    """Host, port, whether TLS, and the target with the `Host` header's value in front; None for an address that is not plain."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme, host, port, path = found.groups()
    number = int(port or (443 if scheme == "https" else 80))
    if not 0 < number < 65536:
        return None
    named = host if port is None else f"{host}:{port}"
    return host.strip("[]"), number, scheme == "https", f"POST {path or '/'} HTTP/1.1\r\nHost: {named}\r\n"


def head_of(start: str, headers: list[tuple[str, str]], length: int) -> bytes:
    """The request's first lines. Raises `ConfigError` when a header holds a line break: it would begin another header."""
    return b"%bContent-Length: %d\r\n\r\n" % (_lines(start, tuple(headers)), length)


@lru_cache(maxsize=256)  # a session's requests have the same ones
def _lines(start: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    text = start + "".join(f"{name}: {value}\r\n" for name, value in headers)
    if text.count("\n") != len(headers) + 2 or text.count("\r") != len(headers) + 2:
        raise ConfigError("A header for the upstream holds a line break.", hint="Check `headers` and the secret of the channel.")
    return text.encode("utf-8", "surrogateescape")


class Wires:
    """Connections by place. Belongs to a running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Place, list[Wire]] = {}
        self._names = Names()
        self._room = memoryview(bytearray(FIRST))
        self._sweep: asyncio.TimerHandle | None = None

    async def ask(self, place: Place, head: bytes, body: Body, patience: float) -> Answer:
        """Send a request and wait for its answer's head. Raises `Unreachable`, `Broken`, and `TimeoutError` when no connection
        is made within `patience` seconds."""
        reused = self._waiting(place)
        while True:
            answer = (reused or await self._connect(place, patience)).ask(head, body)
            try:
                await answer.head()
            except BaseException as error:
                answer.close()
                if reused is None or not (isinstance(error, Broken) and error.unanswered):
                    raise
                reused = None
            else:
                return answer

    def close(self) -> None:
        """End every connection that waits."""
        if self._sweep is not None:
            self._sweep.cancel()
        for wires in self._idle.values():
            for wire in wires:
                wire.close()
        self._idle.clear()

    def _waiting(self, place: Place) -> Wire | None:
        wires = self._idle.get(place)
        oldest, now = self._loop.time() - KEEP_SECONDS, time.time()
        while wires:
            wire = wires.pop()
            if (
                wire.usable and wire.idle_since >= oldest and abs(now - wire.idle_at) <= KEEP_SECONDS
            ):  # a lid may have been closed
                return wire
            wire.close()
        return None

    async def _connect(self, place: Place, patience: float) -> Wire:
        loop = self._loop
        wires = self._idle.setdefault(place, [])

        def released(wire: Wire) -> None:
            wire.idle_since, wire.idle_at = loop.time(), time.time()
            wires.append(wire)
            if self._sweep is None:
                self._sweep = loop.call_later(KEEP_SECONDS, self._close_old)

        try:
            async with asyncio.timeout(patience):
                found = await self._names.find(place.host, place.port)
                sock = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=_STAGGER, interleave=1)
                _ask_now_and_then(sock)
                name = place.host if place.tls is not None else None
                high = HIGH if isinstance(loop, asyncio.BaseEventLoop) else _ONE_READ
                _, wire = await loop.create_connection(
                    lambda: Wire(released, self._room, high), sock=sock, ssl=place.tls, server_hostname=name
                )
        except TimeoutError:
            raise
        except OSError as error:  # without the frames that it went through: they hold on to it
            raise Unreachable(error.with_traceback(None)) from error
        return wire

    def _close_old(self) -> None:
        """Close what has waited for too long; look again while anything waits."""
        oldest = self._loop.time() - KEEP_SECONDS
        for wires in self._idle.values():
            for wire in [wire for wire in wires if wire.idle_since <= oldest or not wire.usable]:
                wires.remove(wire)
                wire.close()
        self._sweep = self._loop.call_later(KEEP_SECONDS, self._close_old) if any(self._idle.values()) else None


_ONE_READ = READ * 3 // 4  # bytes: uvloop reads again before whoever waits gets to take the first ones, unless it is paused
_PROBES = {"TCP_KEEPIDLE": 30, "TCP_KEEPALIVE": 30, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}  # seconds; the second is macOS's word


def _ask_now_and_then(sock: socket.socket) -> None:
    """Let the system ask whether the other end is there while it says nothing: a network that has vanished in the meantime shows
    after a minute and a half then, and not when the patience with a model that thinks is over."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES.items():
        if hasattr(socket, name):
            with suppress(OSError):  # not every system that has the name has the option
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
