"""Clients' connections that wait for their next request: many are cheap, but each takes an open file that a stream may need.

Who waits for longest is closed first when there are too many. aiohttp closes what is silent for longer than the keep-alive time,
before its first request, in the middle of its headers, and between two requests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

MOST = 512  # that may wait at a time
KEEP_SECONDS = 75.0  # that each may wait

_Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Connections:
    """Knows which connections serve a request now, and since when the others have been idle."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._busy: set[web.RequestHandler] = set()
        self._since: dict[web.RequestHandler, float] = {}

    def noting(self, handle: _Handle) -> _Handle:
        """The handler, with its connection noted as busy while it runs."""
        now, busy, since = asyncio.get_running_loop().time, self._busy, self._since

        async def noted(request: web.Request) -> web.StreamResponse:
            connection = request.protocol
            busy.add(connection)
            try:
                return await handle(request)
            finally:
                busy.discard(connection)
                since[connection] = now()

        return noted

    def trim(self, connections: Iterable[web.RequestHandler]) -> int:
        """Of these, which are all that are open, close the idle ones that are too many; how many that were."""
        present = list(connections)
        if len(self._since) > len(present):
            for gone in self._since.keys() - set(present):
                del self._since[gone]
        if len(present) <= self.most:
            return 0
        idle = sorted((each for each in present if self._idle(each)), key=lambda each: self._since.get(each, 0.0))
        spare = idle[: max(0, len(idle) - self.most)]
        for connection in spare:
            connection.force_close()
        return len(spare)

    def _idle(self, connection: web.RequestHandler) -> bool:
        transport = connection.transport
        return connection not in self._busy and transport is not None and not transport.get_write_buffer_size()
