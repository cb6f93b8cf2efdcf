"""A thousand paced streams for a while: clients that vanish, upstreams that die, and what is left of them at the end.

    python -m tests.soak.soak --streams 1000 --seconds 600

The server is a process of its own; the upstream and the clients share this one. Every stream is a Chat stream of `EVENTS` events,
one each `PACE` seconds; a tenth of the clients vanish in the middle, a twentieth of the upstreams break off. Printed: how the
streams ended, the server's memory over time (and its slope in the second half), open sockets and tasks when all is over, rows in
the trace against requests that were made, how long it took until the upstream was let go after a client had left, and how
late events arrived (which includes this process's own lateness: both ends are in it).
"""

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from axonhub_cli.config import state
from axonhub_cli.config.keys import KeyStore

EVENTS, PACE = 10, 0.7
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


@dataclass
class Result:
    """What came of it. Megabytes, milliseconds, counts."""

    started: int = 0
    complete: int = 0
    vanished: int = 0
    broken: int = 0
    wrong: list[str] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    slope: float = 0.0  # MB a minute, in the second half
    sockets_before: int = 0
    sockets_after: int = 0
    tasks_before: int = 0
    tasks_after: int = 0
    rows: int = 0
    running_rows: int = 0
    cancel_ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    drain_s: float = 0.0
    exit_code: int | None = None
    stderr_lines: int = 0
    tracebacks: int = 0


def quantile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


class Soak:
    """One run."""

    def __init__(self, streams: int, seconds: float, home: Path) -> None:
        self.streams, self.seconds, self.home = streams, seconds, home
        self.result = Result()
        self.left: dict[str, float] = {}  # by request: when its client left
        self.pid = 0
        self.url = self.token = ""

    async def upstream(self, request: web.Request) -> web.StreamResponse:
        """Paced events; each carries the time at which it was written."""
        body = await request.json()
        name, dies = body["user"], body["user"].endswith("-dies")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for number in range(EVENTS):
                delta = {"content": f"{time.perf_counter():.6f} "}
                await response.write(
                    b"data: " + json.dumps(CHUNK | {"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"
                )
                if dies and number == EVENTS // 2 and request.transport is not None:
                    request.transport.abort()
                    return response
                await asyncio.sleep(PACE)
        except (asyncio.CancelledError, ConnectionError):
            if name in self.left:
                self.result.cancel_ms.append((time.perf_counter() - self.left.pop(name)) * 1000)
            raise
        end = CHUNK | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        await response.write(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")
        return response

    async def client(self, session: aiohttp.ClientSession, number: int) -> None:
        """One request after the other, until the time is over."""
        until = time.monotonic() + self.seconds
        await asyncio.sleep((number % 100) / 100 * PACE)
        turn = 0
        while time.monotonic() < until:
            kind = "leaves" if (number + turn) % 10 == 3 else "dies" if (number + turn) % 20 == 7 else "stays"
            await self.one(session, f"{number}-{turn}-{kind}", kind)
            turn += 1

    async def one(self, session: aiohttp.ClientSession, name: str, kind: str) -> None:
        """One request to its end."""
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True, "user": name}
        headers = {"Authorization": f"Bearer {self.token}"}
        self.result.started += 1
        seen = b""
        try:
            async with session.post(self.url + "/v1/chat/completions", json=body, headers=headers) as response:
                async for chunk in response.content.iter_any():
                    seen += chunk
                    self.note(chunk)
                    if kind == "leaves" and seen.count(b"content") >= 3:
                        self.left[name] = time.perf_counter()
                        response.close()
                        self.result.vanished += 1
                        return
        except (aiohttp.ClientError, OSError) as error:
            self.result.wrong.append(f"{name}: {type(error).__name__}: {error}")
            return
        if kind == "stays" and b"[DONE]" in seen and seen.count(b'"content"') >= EVENTS:
            self.result.complete += 1
        elif kind == "dies" and b'"error"' in seen and b"[DONE]" not in seen:
            self.result.broken += 1
        else:
            self.result.wrong.append(f"{name}: {response.status} {seen[-120:]!r}")

    def note(self, chunk: bytes) -> None:
        """How late the last event of a chunk is."""
        _, found, rest = chunk.rpartition(b'"content": "')
        if found:
            self.result.late_ms.append((time.perf_counter() - float(rest.split(b" ", 1)[0])) * 1000)

    def sockets(self) -> int:
        """Open files of the server that are sockets."""
        folder = f"/proc/{self.pid}/fd"
        count = 0
        for name in os.listdir(folder):
            try:
                count += os.readlink(f"{folder}/{name}").startswith("socket:")
            except OSError:
                pass
        return count

    async def watch(self) -> None:
        """The server's memory, once a second."""
        while True:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
            self.result.rss.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
            await asyncio.sleep(1)

    async def tasks(self) -> int:
        """How many tasks the server runs."""
        found = state.read(self.home / "server.json")
        answer = await asyncio.to_thread(state.ask, found) if found else None
        return int(answer["tasks"]) if answer else -1

    async def run(self) -> Result:
        """All of it."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.upstream)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
        (self.home / "config.toml").write_text(
            f'[[channels]]\nname = "c"\ntype = "openai-chat"\nbase_url = "http://127.0.0.1:{runner.addresses[0][1]}/v1"\n'
        )
        process = await self.serve()
        watcher = asyncio.ensure_future(self.watch())
        connector = aiohttp.TCPConnector(limit=0, force_close=False)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:
            await self.one(session, "warm-up-stays", "stays")
            self.result.sockets_before, self.result.tasks_before = self.sockets(), await self.tasks()
            await asyncio.gather(*(self.client(session, number) for number in range(self.streams)))
        await asyncio.sleep(32)  # the pool towards the upstream is looked through every fifteen seconds, and keeps for as long
        self.result.sockets_after, self.result.tasks_after = self.sockets(), await self.tasks()
        watcher.cancel()
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.result.exit_code = await process.wait()
        self.result.drain_s = time.monotonic() - begun
        await runner.cleanup()
        self.count()
        return self.result

    async def serve(self) -> asyncio.subprocess.Process:
        """Start the server and wait until it listens."""
        environment = {**os.environ, "AXONHUB_HOME": str(self.home), "AXONHUB_DEBUGGABLE": "1"}
        with (self.home / "stderr").open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "axonhub_cli", "serve", "--port", "0", "--json", env=environment,
                stdout=asyncio.subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        assert process.stdout is not None
        ready: dict[str, Any] = json.loads(await process.stdout.readline())
        self.url, self.pid = ready["url"], process.pid
        self.token = KeyStore(self.home / "keys.toml").keys[0].token
        return process

    def count(self) -> None:
        """What the store and the log say afterwards."""
        with sqlite3.connect(self.home / "traces.db") as store:
            self.result.rows, self.result.running_rows = store.execute(
                "SELECT count(*), coalesce(sum(outcome = 'running'), 0) FROM requests"
            ).fetchone()
        store.close()
        log = (self.home / "stderr").read_text()
        self.result.stderr_lines, self.result.tracebacks = log.count("\n"), log.count("Traceback") + log.count("never retrieved")
        half = self.result.rss[len(self.result.rss) // 2 :]
        if len(half) > 2:
            middle = (len(half) - 1) / 2
            over = sum((number - middle) * value for number, value in enumerate(half))
            self.result.slope = 60 * over / sum((number - middle) ** 2 for number in range(len(half)))


def soak(streams: int, seconds: float) -> Result:
    """Run it in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="axonhub-soak-") as folder:
        return asyncio.run(Soak(streams, seconds, Path(folder)).run())


def summary(result: Result) -> dict[str, Any]:
    """The figures, without the samples."""
    short = {key: value for key, value in asdict(result).items() if key not in ("rss", "cancel_ms", "late_ms", "wrong")}
    return short | {
        "wrong": len(result.wrong),
        "wrong_first": result.wrong[:3],
        "rss_first": round(result.rss[0], 1),
        "rss_most": round(max(result.rss), 1),
        "rss_last": round(result.rss[-1], 1),
        "cancel_ms_p50": round(quantile(result.cancel_ms, 0.5), 1),
        "cancel_ms_p99": round(quantile(result.cancel_ms, 0.99), 1),
        "late_ms_p50": round(quantile(result.late_ms, 0.5), 1),
        "late_ms_p99": round(quantile(result.late_ms, 0.99), 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120)
    given = parser.parse_args()
    print(json.dumps(summary(soak(given.streams, given.seconds)), indent=2))
