"""Taking new connections: a bounded number at each turn of the loop, and none for a moment when files have run out.

The loops' own ways differ where it matters. uvloop takes one connection at each turn: a server at its limit, whose turns are
long, leaves new streams waiting for seconds. And without files uvloop hangs up on whom it cannot serve, and tells nobody; asyncio
tries again from timers that outlive the socket. Here who cannot be taken waits in the system's queue, and the log says so.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from .tasks import spawn

_AT_ONCE = 64  # connections at each turn: some milliseconds
_REST = 0.25  # seconds without a try after files had run out
_BACKLOG = 1024


class Door:
    """A listening socket that is being served: `made` makes the protocol of each connection. Belongs to a running loop. Raises
    `NotImplementedError` where the loop cannot watch a socket (asyncio's on Windows)."""

    def __init__(self, sock: socket.socket, made: Callable[[], asyncio.Protocol]) -> None:
        self._sock, self._made = sock, made
        self._loop = asyncio.get_running_loop()
        self._rest: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        self._watch()
        sock.listen(_BACKLOG)

    def close(self) -> None:
        """Take nothing new. Connections that were taken go on."""
        if self._sock.fileno() < 0:
            return
        if self._rest is not None:
            self._rest.cancel()
        else:
            self._loop.remove_reader(self._sock)
        self._sock.close()

    def _watch(self) -> None:
        self._rest = None
        self._loop.add_reader(self._sock, self._take)

    def _take(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._failed(error)
                return
            spawn(self._serve(sock), "take a connection")

    def _failed(self, error: OSError) -> None:
        """Let the exception handler say so, and try again in a moment."""
        self._loop.remove_reader(self._sock)
        self._rest = self._loop.call_later(_REST, self._watch)
        self._loop.call_exception_handler({"message": "accepting a connection failed", "exception": error})

    async def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):  # it was reset meanwhile
            await self._loop.connect_accepted_socket(self._made, sock)
