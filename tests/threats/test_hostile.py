"""Hostile requests, browsers' requests and bombs: refused, harmless, and the server goes on. RELIABILITY.md, section 1."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import brotli  # type: ignore[import-untyped]  # it has no types
import pytest
from backports import zstd

from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.wire import ASKS, text_of
from tests.threats.corpus import BROWSER, CASES, Case


async def send(hub: Hub, data: bytes) -> bytes:
    """Send bytes; the beginning of what comes back. Who says nothing is left, and may say something then."""
    assert hub.server.gateway is not None
    port = hub.server.gateway.port
    data = data.replace(b"HOST", b"127.0.0.1:%d" % port).replace(b"%PORT%", b"%d" % port).replace(b"TOKEN", hub.token.encode())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        try:
            async with asyncio.timeout(3):
                return await reader.read(1 << 16)
        except TimeoutError:  # it waits for more of a request that never ends
            writer.write_eof()
            return await reader.read(1 << 16)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def wrong(case: Case, answer: bytes) -> str | None:
    """Why this answer is not one that the case may get."""
    name, _, allowed = case
    head = answer.partition(b"\r\n\r\n")[0].lower()
    if b"access-control-allow" in head:
        return f"{name}: opens CORS"
    status = answer[9:10].decode() if answer.startswith(b"HTTP/1.") else "-"
    return None if status in allowed else f"{name}: {answer[:100]!r}"


async def try_all(hub: Hub, cases: list[Case]) -> list[str]:
    """What was not as it should be."""
    gate = asyncio.Semaphore(16)

    async def one(case: Case) -> str | None:
        async with gate:
            return wrong(case, await send(hub, case[1]))

    return [found for found in await asyncio.gather(*map(one, cases)) if found]


def test_the_corpus_is_large_enough() -> None:
    """At least 120 hostile requests and thirty from browsers, all of them different."""
    assert len({data for _, data, _ in CASES}) == len(CASES) >= 120
    assert len(BROWSER) == 30


@pytest.mark.parametrize("cases", [CASES, BROWSER], ids=["hostile", "browser"])
async def test_hostile_requests_get_nowhere(cases: list[Case], start: Start, upstream: Upstream) -> None:
    """No 5xx, no answer of a model, no upstream call; the next good request is served."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))

    assert await try_all(hub, cases) == []
    assert upstream.requests == []
    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        assert text_of("anthropic", await response.read()) == "Hello"


ZEROS = 64 << 20


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 9)


def make_bombs() -> dict[str, tuple[str, bytes]]:
    """A few kilobytes that become gigabytes (half of them: a gigabyte; nested ones more)."""
    once = _gzip(bytes(ZEROS))
    plain = zlib.compressobj(9)
    return {
        "gzip": ("gzip", once * 16),
        "gzip of gzip": ("gzip, gzip", _gzip(once * 16)),
        "deflate": ("deflate", plain.compress(bytes(ZEROS)) + plain.flush()),
        "br": ("br", brotli.compress(bytes(ZEROS), quality=9)),
        "br of br": ("br, br", brotli.compress(brotli.compress(bytes(ZEROS), quality=5))),
        "zstd": ("zstd", zstd.compress(bytes(ZEROS)) * 16),
        "gzip of zstd": ("zstd, gzip", _gzip(zstd.compress(bytes(ZEROS)) * 16)),
        "empty members": ("gzip", gzip.compress(b"") * 20000),
        "truncated": ("gzip", once[: len(once) // 2]),
        "five layers": ("gzip, gzip, gzip, gzip, gzip", once),
    }


@pytest.mark.threats
async def test_bombs_cost_milliseconds(start: Start, upstream: Upstream) -> None:
    """Each is a 4xx without an upstream call; a good request beside them is served."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start("[server]\nmax_body_mb = 8\n" + channels(("anthropic", upstream.url)))
    for name, (encoding, data) in make_bombs().items():
        async with hub.post("/v1/messages", data, headers={"Content-Encoding": encoding}) as response:
            assert response.status == {"empty members": 400, "five layers": 415}.get(name, 413), (
                name
            )  # seen before it is unfolded
            assert (await response.json())["error"]["message"]
    assert upstream.requests == []
    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("status", "headers"),
    [(status, extra) for status in (301, 302, 303, 307, 308) for extra in ({}, {"X-Other": "1"})],
)
async def test_credentials_and_bodies_never_follow_a_redirect(
    status: int, headers: dict[str, str], start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place that it points to is not even connected to."""
    from tests.server.conftest import whole

    monkeypatch.setenv("UP", "sk-secret-secret-secret")
    reached = asyncio.Event()

    async def sink(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.close()

    server = await asyncio.start_server(sink, "127.0.0.1", 0)
    there = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/messages"
    upstream.will(whole({}, status=status, location=there))
    hub = await start(channels(("anthropic", upstream.url)) + 'secrets = ["env:UP"]\n')
    async with hub.post("/v1/messages", ASKS["anthropic"], headers=headers) as response:
        assert response.status == 400
        assert "redirects" in (await response.json())["error"]["message"]
    server.close()
    assert not reached.is_set()


async def test_the_environments_proxy_is_not_used(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is .netrc: keys go where the configuration says, directly."""
    upstream.will(stream(wire.A_STREAM))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY")
    hub = await start(channels(("anthropic", upstream.url)))
    (hub.home.parent / "user-home" / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        assert response.status == 200
    assert "authorization" not in upstream.requests[0]["headers"]


async def test_a_projects_own_files_decide_nothing(
    start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A config.toml, axonhub.toml or .env in the working directory is somebody else's."""
    evil = '[[channels]]\nname = "evil"\ntype = "anthropic"\nbase_url = "http://127.0.0.1:9"\n'
    for name in ("config.toml", "axonhub.toml", ".axonhub.toml", "keys.toml", ".env"):
        (tmp_path / name).write_text(
            evil if name.endswith("toml") else "AXONHUB_HOME=/tmp/evil\nANTHROPIC_BASE_URL=http://evil\n"
        )
    monkeypatch.chdir(tmp_path)
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))
    assert hub.server.gateway is not None
    assert [channel.name for channel in hub.server.gateway.config.channels] == ["c0"]


async def test_a_request_cannot_say_where_it_goes(start: Start, upstream: Upstream) -> None:
    """Neither a header, nor a field, nor a query chooses the upstream."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))
    body = {**ASKS["anthropic"], "base_url": "http://127.0.0.1:9", "api_base": "http://127.0.0.1:9", "upstream": "x"}
    headers = {"X-Upstream": "http://127.0.0.1:9", "X-Forwarded-Host": "evil", "Forwarded": "host=evil"}
    async with hub.post("/v1/messages?base_url=http://127.0.0.1:9", body, headers=headers) as response:
        assert response.status == 200
    assert len(upstream.requests) == 1
    assert not {"x-upstream", "x-forwarded-host", "forwarded"} & set(upstream.requests[0]["headers"])


async def test_the_routes_are_these(start: Start) -> None:
    """Nothing that changes state or runs anything; only calls, lists, health, and two read-only views for the admin token."""
    from axonhub_cli.server.routes import _TABLE

    ours = {path: route for path, route in _TABLE.items() if path.startswith("/_")}
    assert {path: route.methods for path, route in ours.items()} == {"/_axonhub/events": ("GET",), "/_axonhub/state": ("GET",)}
    posts = {route.kind for route in _TABLE.values() if "POST" in route.methods}
    assert posts <= {"call", "count_tokens", "compact"}


CONTROL = b"\x1b]52;c;aGk=\x07\x1b[2J\x9b31m\xe2\x80\xae"


async def test_escapes_in_a_request_stay_out_of_the_log(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """What a client or a model writes never reaches the terminal as it is."""
    from axonhub_cli.cli.output import clean

    hub = await start()
    async with hub.post("/v1/messages", {**ASKS["anthropic"], "model": CONTROL.decode("latin-1")}) as response:
        assert response.status in (200, 404)
        text = await response.text()
    assert "\x1b" not in text
    record = (await hub.records())[-1]
    shown = clean(json.dumps(record, ensure_ascii=False))
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
    assert not {"\x1b", "\x07"} & set(capsys.readouterr().out)


async def test_a_hostile_stream_is_bounded(start: Start, upstream: Upstream) -> None:
    """Forty headers of an upstream: only those of the allow-list come through."""
    from tests.server.conftest import whole

    hostile = {f"x_h{number}": "v" for number in range(30)} | {
        "set_cookie": "a=b", "access_control_allow_origin": "*", "access_control_allow_credentials": "true", "location": "http://evil",
        "link": "<http://evil>", "refresh": "0", "strict_transport_security": "max-age=1", "clear_site_data": "*", "server": "x",
        "content_security_policy": "x", "request_id": "req_1",
    }  # fmt: skip
    upstream.will(whole(wire.MESSAGE, **hostile))  # type: ignore[arg-type]  # none of them is the status
    hub = await start(channels(("anthropic", upstream.url)))
    async with hub.post("/v1/messages", {**ASKS["anthropic"], "stream": False}) as response:
        got = {name.lower() for name in response.headers}
    assert got <= {
        "content-type", "content-length", "date", "server", "request-id", "ah-request-id", "ah-trace-id", "x-axonhub-channel",
        "x-axonhub-model", "x-content-type-options", "cross-origin-resource-policy", "connection",
    }  # fmt: skip
