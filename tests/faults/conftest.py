"""The server and the scriptable upstream of tests/server, and an upstream that writes raw bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests.server.conftest import start, upstream

__all__ = ["Raw", "raw", "start", "upstream"]

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Raw:
    """An upstream without manners: each connection is given to the next script, the last one for ever after."""

    port: int = 0
    scripts: list[Script] = field(default_factory=list)
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    gone: int = 0  # connections that the other side ended while a script still wanted to write or wait

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def will(self, *scripts: Script) -> None:
        """Queue scripts."""
        self.scripts = list(scripts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone += 1
        finally:
            writer.close()


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    """The raw upstream, listening."""
    made = Raw()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=1 << 20)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    tasks = [task for task in asyncio.all_tasks() if "Raw.serve" in repr(task)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
