"""Every way to knock at the door: bad input is a sentence in the caller's own shape, and the server goes on."""

import json
from typing import Any

import aiohttp
import pytest
from backports import zstd

from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, PATHS, PROTOCOLS, text_of

BAD = [
    (b"", "JSON"),
    (b"{", "JSON"),
    (b"[1,2]", "object"),
    (b'"text"', "object"),
    (b"null", "object"),
    (b"\xff\xfe{\x00}\x00", "JSON"),
    (b"{}", "model"),
    (b'{"model": 3}', "model"),
    (b'{"model": ""}', "model"),
    (b"[" * 100_000, ""),
]


def message_of(body: dict[str, Any]) -> str:
    """The error's text; both shapes have it in the same place."""
    return str(body["error"]["message"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("body", "says"), BAD)
async def test_a_broken_body_is_400_with_what_is_wrong(
    protocol: str, body: bytes, says: str, start: Start, upstream: Upstream
) -> None:
    """The upstream is never asked, and the next request works."""
    if protocol == "gemini" and says == "model":
        body, says = b"[]", "object"  # its model is in the path: a body without one is whole
    upstream.will(stream(wire.STREAMS[protocol]))
    hub = await start(channels((protocol, upstream.url)))

    async with hub.post(PATHS[protocol], body) as response:
        assert response.status == 400, await response.text()
        answer = await response.json()
    assert says in message_of(answer)
    assert ("type" in answer) is (protocol == "anthropic")
    assert not upstream.requests
    async with hub.post(PATHS[protocol], ASKS[protocol]) as response:
        assert text_of(protocol, await response.read()) == "Hello"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_wrong_types_inside_are_located_when_they_must_be_read(protocol: str, start: Start, upstream: Upstream) -> None:
    """On the convert lane the reader names the field."""
    other = "openai-chat" if protocol != "openai-chat" else "anthropic"
    field = {"openai-responses": "input", "gemini": "contents"}.get(protocol, "messages")
    upstream.will(whole({}))
    hub = await start(channels((other, upstream.url)))

    async with hub.post(PATHS[protocol], {**ASKS[protocol], field: 17}) as response:
        answer = await response.json()
    assert response.status == 400
    assert field in message_of(answer)
    assert not upstream.requests


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_unknown_model_is_404_with_the_nearest_name(protocol: str, start: Start, upstream: Upstream) -> None:
    """And with how to map it."""
    hub = await start(channels(("openai-chat", upstream.url)) + 'models = ["deepseek-chat"]\n')

    async with hub.post(PATHS[protocol], {**ASKS[protocol], "model": "deepseek-chatt"}) as response:
        answer = await response.json()
    assert response.status == (400 if protocol == "openai-responses" else 404)  # Codex asks six times after a 404
    assert "deepseek-chat" in message_of(answer)
    assert "axonhub profile map" in message_of(answer)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_secret_that_is_not_there_says_what_to_do(protocol: str, start: Start, upstream: Upstream) -> None:
    """No upstream call, no retry by the client, the variable's name in the text."""
    hub = await start(channels(("openai-chat", upstream.url)) + 'secrets = ["env:NO_SUCH_SECRET"]\n')

    async with hub.post(PATHS[protocol], ASKS[protocol]) as response:
        answer = await response.json()
    assert response.status == (400 if protocol == "openai-responses" else 401)
    assert response.headers["x-should-retry"] == "false"
    assert "NO_SUCH_SECRET" in message_of(answer)
    assert not upstream.requests


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_upstream_that_is_down_is_502_with_its_name(protocol: str, start: Start) -> None:
    """The channel and the address are in the sentence."""
    hub = await start(channels(("openai-chat", "http://127.0.0.1:9")))

    async with hub.post(PATHS[protocol], ASKS[protocol]) as response:
        answer = await response.json()
    assert response.status == 502
    assert "127.0.0.1:9" in message_of(answer)
    assert "c0" in message_of(answer)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_wrong_key_is_401_and_not_worth_a_retry(protocol: str, start: Start) -> None:
    """A bare 401 costs Claude Code three minutes."""
    hub = await start()

    async with hub.post(PATHS[protocol], ASKS[protocol], headers={"Authorization": "Bearer ah-wrong"}) as response:
        assert response.status == 401
        assert response.headers["x-should-retry"] == "false"
        assert "axonhub key" in message_of(await response.json())


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "deflate", "br", "gzip, zstd"])
async def test_compressed_bodies_are_read(encoding: str, start: Start, upstream: Upstream) -> None:
    """All that clients send, stacked too; the upstream gets them plain."""
    import gzip
    import zlib

    import brotli

    pack = {"zstd": zstd.compress, "gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
    upstream.will(stream(wire.R_STREAM))
    hub = await start(channels(("openai-responses", upstream.url)))
    body = json.dumps(ASKS["openai-responses"]).encode()
    for name in encoding.split(", "):
        body = pack[name](body)

    async with hub.post("/v1/responses", body, headers={"Content-Encoding": encoding}) as response:
        assert text_of("openai-responses", await response.read()) == "Hello"
    assert "content-encoding" not in upstream.requests[0]["headers"]
    assert upstream.requests[0]["body"]["model"] == "asked-model"


async def test_a_bomb_is_413_and_costs_little(start: Start, upstream: Upstream) -> None:
    """The output is capped while it is made."""
    hub = await start("[server]\nmax_body_mb = 1\n")

    async with hub.post("/v1/messages", zstd.compress(b" " * (64 << 20)), headers={"Content-Encoding": "zstd"}) as response:
        assert response.status == 413


async def test_an_unknown_encoding_is_415(start: Start) -> None:
    """With the ones that are understood."""
    hub = await start()

    async with hub.post("/v1/messages", b"x", headers={"Content-Encoding": "rot13"}) as response:
        assert response.status == 415
        assert "zstd" in message_of(await response.json())


async def test_a_body_over_the_limit_is_refused_by_its_length(start: Start) -> None:
    """Declared or not."""
    hub = await start("[server]\nmax_body_mb = 1\n")

    async with hub.post("/v1/messages", b" " * (2 << 20)) as response:
        assert response.status == 413
        assert "max_body_mb" in message_of(await response.json())


async def test_the_websocket_of_responses_is_426(start: Start) -> None:
    """Codex falls back to HTTP at once; a 404 would cost it seven attempts."""
    hub = await start()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }

    async with hub.session.get(hub.url + "/v1/responses", headers=headers) as response:
        assert response.status == 426
        assert response.headers["Connection"] == "close"


@pytest.mark.parametrize("path", ["/", "/anthropic", "/anthropic/api/hello"])
async def test_probes_are_answered_without_a_key(path: str, start: Start) -> None:
    """HEAD says 200 and nothing else."""
    hub = await start()

    async with hub.session.head(hub.url + path) as response:
        assert response.status == 200


async def test_an_unknown_path_is_404_in_the_callers_shape(start: Start) -> None:
    """It names what is served."""
    hub = await start()

    async with hub.post("/anthropic/v1/complete", {}) as response:
        answer = await response.json()
    assert response.status == 404
    assert answer["error"]["type"] == "not_found_error"
    assert "/v1/messages" in message_of(answer)


async def test_models_come_in_both_shapes(start: Start, upstream: Upstream) -> None:
    """By path or by the version header; unknown query parameters are fine; one model has its own address."""
    hub = await start(channels(("openai-chat", upstream.url)) + 'models = ["claude-x", "m2"]\n')
    auth = {"Authorization": f"Bearer {hub.token}"}

    async def get(path: str, **more: str) -> Any:
        async with hub.session.get(hub.url + path, headers={**auth, **more}) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    openai = await get("/v1/models?client_version=1")
    claude = await get("/anthropic/v1/models?limit=1000")
    assert [model["id"] for model in openai["data"]] == ["claude-x", "m2"]
    assert openai["object"] == "list"
    assert [model["type"] for model in claude["data"]] == ["model", "model"]
    assert claude["data"][0]["created_at"].endswith("Z")
    assert (await get("/v1/models", **{"anthropic-version": "2026-10-21"}))["has_more"] is False
    assert (await get("/v1/models/m2"))["id"] == "m2"
    async with hub.session.get(hub.url + "/v1/models/nope", headers=auth) as response:
        assert response.status == 404


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens?beta=true"])
async def test_tokens_are_always_counted(path: str, start: Start, upstream: Upstream) -> None:
    """By the upstream where it can, else estimated; never an error, also without max_tokens."""
    body = {"model": "m", "messages": wire.HELLO, "tools": [{"name": "t", "input_schema": {"type": "object"}}]}
    upstream.will(whole({"input_tokens": 321}), whole({"error": {"message": "no"}}, status=404))
    hub = await start(channels(("anthropic", upstream.url)))

    async with hub.post(path, body) as response:
        assert (await response.json())["input_tokens"] == 321
        assert response.headers["x-axonhub-count"] == "upstream"
    async with hub.post(path, body) as response:
        assert 5 < (await response.json())["input_tokens"] < 1000
        assert response.headers["x-axonhub-count"] == "estimate"


async def test_no_response_opens_cors(start: Start, upstream: Upstream) -> None:
    """Not even to those who ask for it."""
    hub = await start()
    for method, path in [("OPTIONS", "/v1/messages"), ("GET", "/health"), ("GET", "/v1/models"), ("GET", "/nope")]:
        async with hub.session.request(method, hub.url + path, headers={"Access-Control-Request-Method": "POST"}) as response:
            assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_a_foreign_host_or_origin_gets_nowhere(start: Start, upstream: Upstream) -> None:
    """403 before anything is looked at, with the right key too."""
    hub = await start(channels(("anthropic", upstream.url)))
    for headers in ({"Host": "rebind.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        async with hub.post("/v1/messages", ASKS["anthropic"], headers=headers) as response:
            assert response.status == 403
    assert not upstream.requests


async def test_the_event_feed_wants_the_admin_token(start: Start) -> None:
    """A client's key is not enough; the feed begins with a hello."""
    hub = await start()
    assert hub.server.gateway is not None
    async with hub.session.get(hub.url + "/_axonhub/events", headers={"Authorization": f"Bearer {hub.token}"}) as response:
        assert response.status == 401
    admin = {"Authorization": f"Bearer {hub.server.gateway.admin_token}"}
    async with hub.session.get(hub.url + "/_axonhub/events", headers=admin) as response:
        first = json.loads(await response.content.readline())
    assert first["type"] == "hello"
    assert first["demo"] is True


async def test_a_profile_switch_works_on_the_next_request(start: Start, upstream: Upstream) -> None:
    """`axonhub profile use` changes config.toml; a running server follows."""
    upstream.will(stream(wire.A_STREAM))
    profiles = "".join(f'[profiles.{name}]\nmappings = [{{regex = ".*", to = "{name}-model"}}]\n' for name in ("one", "two"))
    base = channels(("anthropic", upstream.url)) + profiles
    hub = await start('profile = "one"\n' + base)
    assert hub.server.gateway is not None

    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        await response.read()
    with hub.server.gateway.feed.subscribe() as subscription:
        subscription.drain()
        (hub.home / "config.toml").write_text('profile = "two"\n' + base + "\n")
        hub.server.gateway._polled = 0.0  # as if more than 50 ms had gone by
        hub.server.gateway.refresh()
        assert [event["profile"] for event in subscription.drain() if event["type"] == "hello"] == ["two"]
    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        await response.read()
    assert [request["body"]["model"] for request in upstream.requests] == ["one-model", "two-model"]


async def test_a_broken_config_keeps_the_last_good_one(start: Start, upstream: Upstream) -> None:
    """The person at the terminal is told; requests go on."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))
    assert hub.server.gateway is not None
    (hub.home / "config.toml").write_text("chanels = 3\n")
    hub.server.gateway.poll()

    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        assert text_of("anthropic", await response.read()) == "Hello"
    with hub.server.gateway.feed.subscribe() as subscription:
        logs = [event["message"] for event in subscription.drain() if event["type"] == "log"]
    assert any("chanels" in message for message in logs)


async def test_sessions_are_found_and_told_back(start: Start, upstream: Upstream) -> None:
    """AH-Trace-Id comes back as it was sent; Claude Code's session is found in its metadata."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))
    user = json.dumps({"device_id": "d", "account_uuid": "", "session_id": "11111111-2222-3333-4444-555555555555"})

    async with hub.post("/v1/messages", ASKS["anthropic"], headers={"AH-Trace-Id": "my-trace"}) as response:
        assert response.headers["AH-Trace-Id"] == "my-trace"
    async with hub.post("/v1/messages", {**ASKS["anthropic"], "metadata": {"user_id": user}}) as response:
        assert response.headers["AH-Trace-Id"] == "11111111-2222-3333-4444-555555555555"
        assert response.headers["AH-Request-Id"].startswith("ar-")


async def test_raw_garbage_does_not_hurt(start: Start) -> None:
    """Bytes that are no HTTP get an answer or a closed door, and the server lives."""
    import asyncio

    hub = await start()
    assert hub.server.gateway is not None
    for garbage in (
        b"\x16\x03\x01\x00",
        b"GET http://localhost/ HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.server.gateway.port)
        writer.write(garbage)
        first = await reader.read(12)
        assert not first or first.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
        writer.close()
    async with aiohttp.ClientSession() as session, session.get(hub.url + "/health") as response:
        assert (await response.json())["ok"] is True


async def test_a_base_url_without_v1_is_named(start: Start) -> None:
    """The commonest mistake of a set-up: the 404 says which path was meant."""
    hub = await start()
    async with hub.post("/chat/completions", {"model": "m", "messages": []}) as response:
        message = (await response.json())["error"]["message"]
    assert response.status == 404
    assert "Did you mean /v1/chat/completions?" in message
