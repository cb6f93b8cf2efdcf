"""The addresses of a host.

Without a network the system's resolver may take half a minute to say so, and nothing can stop it. asyncio asks it in the threads
that the store, the secrets and large bodies use too, a handful of them, and waits for each at the end: a channel whose name does
not resolve would hold up channels on this machine, and Ctrl-C. Here each name is asked for once at a time, in a thread that
nobody waits for; an address that is one already is not asked for at all.
"""

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any, TypeAlias

Found: TypeAlias = list[tuple[Any, ...]]  # as `socket.getaddrinfo` gives it
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Names:
    """Questions that are on their way. Belongs to a running loop."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], asyncio.Future[Found]] = {}

    async def find(self, host: str, port: int) -> Found:
        """Where to connect to. Raises `socket.gaierror`."""
        try:
            return socket.getaddrinfo(
                host.encode(), port, type=socket.SOCK_STREAM, flags=_NUMERIC
            )  # bytes: no names, no codec for them
        except socket.gaierror:  # a name
            pass
        asked = self._asked.get((host, port))
        if asked is None:
            asked = self._asked[host, port] = asyncio.get_running_loop().create_future()
            asked.add_done_callback(lambda _: self._asked.pop((host, port)))
            threading.Thread(target=_ask, args=(asked, asyncio.get_running_loop(), host, port), daemon=True).start()
        return await asyncio.shield(asked)


def _ask(asked: "asyncio.Future[Found]", loop: asyncio.AbstractEventLoop, host: str, port: int) -> None:
    found: Found | OSError
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        found = error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error))
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(_answer, asked, found)


def _answer(asked: "asyncio.Future[Found]", found: "Found | OSError") -> None:
    if isinstance(found, OSError):
        asked.set_exception(found)
        asked.exception()  # whoever asked may have left: that is no news for the log
    else:
        asked.set_result(found)
