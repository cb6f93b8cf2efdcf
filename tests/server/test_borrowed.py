"""Upstreams behind a proxy, which aiohttp's client asks: the same promises hold there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, error_of, text_of

ASK = ASKS["anthropic"]


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between attempts."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.05")


def behind(proxy: str, url: str = "http://127.0.0.1:9") -> str:
    """A channel that is reached through this proxy alone."""
    return channels(("anthropic", url)) + f'proxy = "{proxy}"\n'


async def test_a_proxy_is_asked_for_the_address(start: Start, upstream: Upstream) -> None:
    """A stream comes through it, and a second one; nothing of the client's credentials goes there."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(behind(upstream.url))
    for _ in range(2):
        async with hub.post("/v1/messages", ASK) as response:
            assert text_of("anthropic", await response.read()) == "Hello"
    assert [request["headers"]["host"] for request in upstream.requests] == ["127.0.0.1:9"] * 2
    assert hub.token not in str(upstream.requests)


@pytest.mark.parametrize("status", [301, 307])
async def test_no_redirect_is_followed(status: int, start: Start, upstream: Upstream) -> None:
    """Whoever is pointed to gets nothing."""
    upstream.will(whole({}, status=status, location=f"{upstream.url}/elsewhere"))
    hub = await start(behind(upstream.url))
    async with hub.post("/v1/messages", ASK) as response:
        assert response.status == 400
        assert "redirects" in (await response.json())["error"]["message"]
    assert len(upstream.requests) == 1


async def test_the_environment_decides_nothing(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its proxies nor .netrc: a proxy is what the channel names."""
    upstream.will(stream(wire.A_STREAM))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY")
    hub = await start(behind(upstream.url))
    (hub.home.parent / "user-home" / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    async with hub.post("/v1/messages", ASK) as response:
        assert text_of("anthropic", await response.read()) == "Hello"
    assert not {"authorization", "proxy-authorization"} & set(upstream.requests[0]["headers"])


@asynccontextmanager
async def saying(data: bytes) -> AsyncIterator[str]:
    """A proxy that says these bytes to each request and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNK = b"%x\r\n%b\r\n" % (len(wire.HEADS["anthropic"]), wire.HEADS["anthropic"])


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        (b"", False),
        (b"no HTTP\r\n\r\n", False),
        (HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n", False),
        (HEAD + b"Content-Length: 9999\r\n\r\n" + wire.HEADS["anthropic"], True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK, True),
        (HEAD + b"\r\n" + wire.HEADS["anthropic"], True),
    ],
)
async def test_what_breaks_is_said(said: bytes, spoken: bool, start: Start) -> None:
    """Before the first word with a status, after it with the protocol's own error; never in silence."""
    async with saying(said) as url:
        hub = await start(behind(url))
        await _fails(hub, spoken=spoken)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1:9"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://nonexistent.invalid"])
async def test_nobody_there(proxy: str, url: str, start: Start) -> None:
    """No proxy at that address, and none of that name; also where the upstream would speak TLS."""
    await _fails(await start(behind(proxy, url)), spoken=False)


async def _fails(hub: Hub, *, spoken: bool) -> None:
    async with hub.post("/v1/messages", ASK) as response:
        data = await response.read()
        assert response.status == (200 if spoken else 502), data
    if spoken:
        assert text_of("anthropic", data) == "Hel"
        assert error_of("anthropic", data)
    assert [record["outcome"] for record in await hub.records()] == ["error"]
