"""A server as a process of its own, an upstream in this one, and what the server's process uses."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from axonhub_cli.config.keys import KeyStore

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Serving:
    """Where it is, what opens it, and its process."""

    url: str
    port: int
    token: str
    home: Path
    process: asyncio.subprocess.Process

    def rss(self) -> float:
        """Megabytes of memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu(self) -> float:
        """Seconds of CPU since it started, to the microsecond."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e9

    def post(self, path: str, body: bytes, headers: str = "") -> bytes:
        """A request as bytes."""
        return (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n{headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


@asynccontextmanager
async def serving(upstream: Handle, config: str = "", **environment: str) -> AsyncIterator[Serving]:
    """Start both; they end with the block. The one channel speaks Chat."""
    app = web.Application(client_max_size=1 << 28)
    app.router.add_post("/{tail:.*}", upstream)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
    with tempfile.TemporaryDirectory(prefix="axonhub-soak-") as folder:
        home = Path(folder)
        (home / "config.toml").write_text(
            f'{config}[[channels]]\nname = "c"\ntype = "openai-chat"\nbase_url = "http://127.0.0.1:{runner.addresses[0][1]}/v1"\n'
        )
        with (home / "stderr").open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "axonhub_cli", "serve", "--port", "0", "--json",
                env={**os.environ, "AXONHUB_HOME": folder, "AXONHUB_DEBUGGABLE": "1", **environment},
                stdout=asyncio.subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        assert process.stdout is not None
        ready = json.loads(await process.stdout.readline())
        token = KeyStore(home / "keys.toml").keys[0].token
        try:
            yield Serving(ready["url"], ready["port"], token, home, process)
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
            await runner.cleanup()
