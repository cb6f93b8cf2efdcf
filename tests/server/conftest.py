"""A real axonhub server and a scriptable upstream, both on loopback, both in the test's own loop."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from axonhub_cli.server.app import Options, Server
from tests.server.wire import on_the_wire

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Upstream:
    """Answers with what the test queued, the last answer for ever after; remembers what it was asked."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    gone: int = 0  # requests whose sender left before the answer was complete

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(
            {
                "path": request.path,
                "headers": {k.lower(): v for k, v in request.headers.items()},
                "raw": body,
                "body": json.loads(body),
            }
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            return await answer(request)
        except (ConnectionError, BaseException) as error:
            if isinstance(error, ConnectionError) or type(error).__name__ == "CancelledError":
                self.gone += 1
            raise

    def will(self, *answers: Answer) -> None:
        """Queue answers."""
        self.answers = list(answers)


def whole(body: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""

    async def answer(_: web.Request) -> web.StreamResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = headers.get("content_type", "application/json")
        extra = {name.replace("_", "-"): value for name, value in headers.items() if name != "content_type"}
        return web.Response(body=data, status=status, content_type=kind, headers=extra)

    return answer


def stream(*pieces: bytes | Callable[[], Awaitable[None]], cut: bool = False, kind: str = "text/event-stream") -> Answer:
    """An event stream of these pieces; a callable between them is awaited (a pause). `cut`: the connection breaks at the end."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        for piece in pieces:
            if isinstance(piece, bytes):
                await response.write(piece)
            else:
                await piece()
        if cut:
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write_eof()
        return response

    return answer


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """The scriptable upstream, listening."""
    made = Upstream()
    app = web.Application(client_max_size=1 << 28)
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@dataclass
class Hub:
    """A running server, its token, and a session that talks to it."""

    server: Server
    token: str
    session: aiohttp.ClientSession
    home: Path

    @property
    def url(self) -> str:
        return self.server.url

    def post(self, path: str, body: Any, **more: Any) -> Any:
        """POST JSON with the key; an async context manager."""
        path, body = on_the_wire(path, body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **more.pop("headers", {})}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.session.post(self.url + path, data=io.BytesIO(data) if len(data) > 1 << 20 else data, headers=headers, **more)

    async def records(self) -> list[dict[str, Any]]:
        """The finished requests, oldest first, as the live feed tells them. Waits for those that run."""
        assert self.server.gateway is not None
        async with asyncio.timeout(20):
            while True:
                with self.server.gateway.feed.subscribe() as subscription:
                    events = subscription.drain()
                if not self.server.gateway.running and not any(event["type"] == "request" for event in events):
                    return [event for event in events if event["type"] == "end"]
                await asyncio.sleep(0.005)


Start = Callable[..., Awaitable[Hub]]


@pytest.fixture
async def start(home: Path) -> AsyncIterator[Start]:
    """Start a server with this config.toml; it ends with the test."""
    hubs: list[Hub] = []

    async def make(config: str = "", **options: Any) -> Hub:
        (home / "config.toml").write_text(config)
        server = Server(Options(port=options.pop("port", _FREE), **options))
        gateway = await server.start()
        hub = Hub(server, gateway.keys.keys[0].token, aiohttp.ClientSession(auto_decompress=False), home)
        hubs.append(hub)
        return hub

    yield make
    for hub in hubs:
        await hub.session.close()
        hub.server.stop()
        hub.server.stop()
        await hub.server.wait()


_FREE = 0


def channels(*urls: tuple[str, str]) -> str:
    """A config with one channel per (protocol, root URL), in order of priority."""
    text = ""
    for number, (protocol, url) in enumerate(urls):
        base = url if protocol in ("anthropic", "gemini") else f"{url}/v1"
        text += f'[[channels]]\nname = "c{number}"\ntype = "{protocol}"\nbase_url = "{base}"\npriority = {number}\n'
    return text
