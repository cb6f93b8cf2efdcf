"""The relay: every client protocol against every upstream protocol, failover, cuts, silence, and clients that leave."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from axonhub_cli.errors import ProtocolError
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, HEADS, PATHS, PINGS, PROTOCOLS, STREAMS, error_of, frames, text_of

DIRECTIONS = [(client, server) for client in PROTOCOLS for server in PROTOCOLS]


@pytest.mark.parametrize(("client", "server"), DIRECTIONS)
async def test_a_stream_reaches_the_client_in_its_own_protocol(
    client: str, server: str, start: Start, upstream: Upstream
) -> None:
    """Text, the asked model name, usage in the record and the last word arrive in all sixteen directions."""
    upstream.will(stream(STREAMS[server]))
    hub = await start(channels((server, upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        data = await response.read()
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["x-axonhub-channel"] == "c0"
    assert text_of(client, data) == "Hello"
    assert error_of(client, data) is None
    assert b"asked-model" in data
    assert b"up-model" not in data
    assert upstream.requests[0]["path"].startswith(PATHS[server])
    record = (await hub.records())[-1]
    assert (record["outcome"], record["status"], record["model"]) == ("ok", 200, "up-model")
    assert (record["usage"]["input"], record["usage"]["output"]) == (15, 2)
    assert record["lane"] == ("convert" if client != server else "splice" if client == "openai-chat" else "verbatim")


@pytest.mark.parametrize(("client", "server"), DIRECTIONS)
async def test_a_client_that_wants_it_whole_gets_it_whole(client: str, server: str, start: Start, upstream: Upstream) -> None:
    """Without `stream` the answer is one JSON object of the client's protocol."""
    answers: dict[str, Any] = {
        "anthropic": wire.MESSAGE,
        "openai-chat": {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "up-model",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 15, "completion_tokens": 2, "total_tokens": 17},
        },
        "openai-responses": frames(wire.R_END)[-1]["response"],  # type: ignore[index]  # the frame is an object
        "gemini": wire.G_WHOLE,
    }  # fmt: skip
    upstream.will(whole(answers[server]))
    hub = await start(channels((server, upstream.url)))

    async with hub.post(PATHS[client], {**ASKS[client], "stream": False}) as response:
        body = await response.json()
    assert response.status == 200
    assert body["modelVersion" if client == "gemini" else "model"] == "asked-model"
    assert "Hello" in json.dumps(body)
    assert (await hub.records())[-1]["usage"]["output"] == 2


async def test_bytes_pass_untouched_when_nothing_has_to_change(start: Start, upstream: Upstream) -> None:
    """Same protocol, same model name: the upstream gets the client's bytes and the client the upstream's."""
    upstream.will(stream(wire.A_STREAM, b'event: mystery\ndata: {"type": "mystery",  "n": 1.50}\n\n'))
    hub = await start(channels(("anthropic", upstream.url)))
    body = (
        b'{ "model":"up-model","max_tokens":  1e2, "messages":[{"role":"user","content":"\\ud83d"}],"stream":true, "n":{"a":1.0}}'
    )

    async with hub.post("/v1/messages", body) as response:
        data = await response.read()
    assert upstream.requests[0]["raw"] == body
    assert data == wire.A_STREAM + b'event: mystery\ndata: {"type": "mystery",  "n": 1.50}\n\n'
    assert (await hub.records())[-1]["lane"] == "verbatim"


async def test_a_mapped_model_is_the_only_thing_that_changes(start: Start, upstream: Upstream) -> None:
    """The splice lane replaces the name on the way out and on the way back, and keeps every other byte."""
    upstream.will(stream(wire.A_STREAM))
    config = (
        'profile = "p"\n'
        + channels(("anthropic", upstream.url))
        + '[profiles.p]\nmappings = [{exact = "asked-model", to = "up-model"}]\n'
    )
    hub = await start(config)

    async with hub.post("/v1/messages", b'{"max_tokens":1.00,"model":"asked-model","stream":true,"messages":[]}') as response:
        data = await response.read()
    assert upstream.requests[0]["raw"] == b'{"max_tokens":1.00,"model":"up-model","stream":true,"messages":[]}'
    assert data == wire.A_STREAM.replace(b"up-model", b"asked-model")


async def test_usage_that_only_we_asked_for_stays_with_us(start: Start, upstream: Upstream) -> None:
    """A Chat client that did not ask for usage gets no usage chunk, but the record has the figures."""
    upstream.will(stream(wire.C_STREAM))
    hub = await start(channels(("openai-chat", upstream.url)))

    async with hub.post("/v1/chat/completions", ASKS["openai-chat"]) as response:
        data = await response.read()
    assert upstream.requests[0]["body"]["stream_options"] == {"include_usage": True}
    assert all(frame == "[DONE]" or frame["choices"] for frame in frames(data))  # type: ignore[index]  # objects but for the last
    assert (await hub.records())[-1]["usage"]["input"] == 15


async def test_usage_is_hidden_whatever_the_line_ends(start: Start, upstream: Upstream) -> None:
    """A stream framed with CRLF, all in one read, loses its usage chunk and nothing else."""
    upstream.will(stream(wire.C_STREAM.replace(b"\n", b"\r\n")))
    hub = await start(channels(("openai-chat", upstream.url)))

    async with hub.post("/v1/chat/completions", ASKS["openai-chat"]) as response:
        data = (await response.read()).replace(b"\r\n", b"\n")
    assert text_of("openai-chat", data) == "Hello"
    assert b"usage" not in data
    assert frames(data)[-1] == "[DONE]"


FAILURES = {
    "500": whole({"error": {"message": "boom"}}, status=500),
    "429": whole({"error": {"message": "slow down"}}, status=429, retry_after="1"),
    "401": whole({"error": {"message": "bad key"}}, status=401),
    "404": whole({"error": {"message": "no such model"}}, status=404),
    "529": whole({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, status=529),
    "html 502": whole(b"<html>bad gateway</html>", status=502, content_type="text/html"),
    "200 with an error": whole({"error": {"message": "sorry", "type": "server_error"}}),
    "200 with HTML": whole(b"<html>log in</html>", content_type="text/html"),
    "an empty stream": stream(),
    "an error as first event": stream(wire.sse({"error": {"message": "overloaded", "type": "server_error"}})),
    "a cut before anything": stream(cut=True),
    "a redirect": whole(b"", status=307, location="http://127.0.0.1:1/elsewhere"),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_failure_before_the_first_word_stays_invisible(
    failure: str, client: str, start: Start, upstream: Upstream
) -> None:
    """The next channel answers, and the record has both attempts with the reason."""
    upstream.will(FAILURES[failure], stream(wire.C_STREAM))
    hub = await start(channels(("openai-chat", upstream.url), ("openai-chat", upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        data = await response.read()
        assert response.status == 200
        assert response.headers["x-axonhub-channel"] == "c1"
    assert text_of(client, data) == "Hello"
    attempts = (await hub.records())[-1]["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["error", "ok"]
    assert attempts[0]["reason"]


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_closed_port_moves_on_too(client: str, start: Start, upstream: Upstream) -> None:
    """An upstream that is not there costs nothing but an attempt."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", "http://127.0.0.1:9"), ("anthropic", upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        assert text_of(client, await response.read()) == "Hello"


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_wrong_request_is_the_clients_answer(client: str, start: Start, upstream: Upstream) -> None:
    """400 is not tried elsewhere: one upstream request, the upstream's words, the client's shape."""
    upstream.will(whole({"error": {"message": "top_q is no parameter", "type": "invalid_request_error"}}, status=400))
    hub = await start(channels(("openai-chat", upstream.url), ("openai-chat", upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        body = await response.json()
    assert response.status == 400
    assert "top_q is no parameter" in body["error"]["message"]
    assert len(upstream.requests) == 1


async def test_when_everybody_fails_the_last_real_error_is_told_with_who_was_asked(start: Start, upstream: Upstream) -> None:
    """A rate limit is not hidden by a connection that failed after it; its retry-after goes along."""
    upstream.will(whole({"error": {"message": "slow down"}}, status=429, retry_after="7"))
    hub = await start(channels(("openai-chat", upstream.url), ("openai-chat", "http://127.0.0.1:9")))

    async with hub.post("/v1/chat/completions", ASKS["openai-chat"]) as response:
        body = await response.json()
    assert response.status == 429
    assert response.headers["retry-after"] == "7"
    assert "slow down" in body["error"]["message"]
    assert "c0: rate limit" in body["error"]["message"]
    assert "c1: no good answer" in body["error"]["message"]


@pytest.mark.parametrize(
    ("client", "status"), [("anthropic", 401), ("openai-chat", 401), ("openai-responses", 400), ("gemini", 401)]
)
async def test_a_providers_401_is_not_worth_the_clients_retries(
    client: str, status: int, start: Start, upstream: Upstream
) -> None:
    """Claude Code is told not to retry; Codex, which would ask six times, gets a 400."""
    upstream.will(whole({"error": {"message": "bad key"}}, status=401))
    hub = await start(channels(("openai-chat", upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        assert response.status == status
        assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("client", "server"), DIRECTIONS)
@pytest.mark.parametrize("cut", [False, True])
async def test_a_cut_stream_is_never_presented_as_finished(
    client: str, server: str, cut: bool, start: Start, upstream: Upstream
) -> None:
    """What came is delivered, then the protocol's own error; the record says error. Clean end and broken connection alike."""
    upstream.will(stream(HEADS[server], cut=cut))
    hub = await start(channels((server, upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        data = await response.read()
    assert text_of(client, data) == "Hel"
    error = error_of(client, data)
    assert error is not None, data
    assert error["message"]
    assert frames(data)[-1] != "[DONE]"
    assert (await hub.records())[-1]["outcome"] == "error"


@pytest.mark.parametrize(("client", "server"), DIRECTIONS)
async def test_a_silent_upstream_is_found_dead_while_the_client_is_kept_alive(
    client: str, server: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pings in the client's own form during the silence, an error at the idle limit."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.002")  # idle 200 s -> 0.4 s, ping 15 s -> 30 ms

    async def silence() -> None:
        await asyncio.sleep(30)

    upstream.will(stream(HEADS[server], silence))
    hub = await start(channels((server, upstream.url)) + "timeouts.idle = 200\n")

    async with hub.post(PATHS[client], ASKS[client]) as response:
        data = await response.read()
    assert data.count(PINGS[client]) >= (3 if client != "gemini" else 1)  # blank lines run together
    error = error_of(client, data)
    assert error is not None
    assert "sent nothing" in error["message"]


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_after_the_grace_time_the_client_is_kept_alive_and_failover_still_works(
    client: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow first channel: headers and pings go out, and when it fails in the end the next one answers all the same."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.002")  # grace 20 s -> 40 ms, first byte 300 s -> 0.6 s

    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(20)
        return web.Response()

    upstream.will(slow, stream(STREAMS["openai-chat"]))
    hub = await start(channels(("openai-chat", upstream.url), ("openai-chat", upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        data = await response.read()
    assert text_of(client, data) == "Hello"
    assert {**PINGS, "openai-chat": b": ", "gemini": b"\n\n\n\n"}[client] in data
    assert [attempt["outcome"] for attempt in (await hub.records())[-1]["attempts"]] == ["error", "ok"]


@pytest.mark.parametrize("said", [True, False])
async def test_a_client_that_leaves_cancels_the_upstream(said: bool, start: Start, upstream: Upstream) -> None:
    """Before the first byte and in mid-stream alike; recorded as cancelled, held against nobody."""
    waiting = asyncio.Event()

    async def hold() -> None:
        waiting.set()
        await asyncio.sleep(30)

    async def silent(request: web.Request) -> web.StreamResponse:
        await hold()
        return web.Response()

    upstream.will(stream(wire.A_START + wire.A_TEXT, hold) if said else silent)
    hub = await start(channels(("anthropic", upstream.url)))
    call = asyncio.ensure_future(_read(hub, said))
    await waiting.wait()
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    async with asyncio.timeout(5):
        while not upstream.gone or not await hub.records():
            await asyncio.sleep(0.01)
    record = (await hub.records())[-1]
    assert (record["outcome"], record["status"]) == ("cancelled", 499)


async def _read(hub: Any, said: bool) -> None:
    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        await response.read()


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_json_for_a_stream_request_becomes_the_clients_stream(client: str, start: Start, upstream: Upstream) -> None:
    """An upstream that ignores `stream` is converted, not passed on."""
    upstream.will(whole(wire.MESSAGE))
    hub = await start(channels(("anthropic", upstream.url)))

    async with hub.post(PATHS[client], ASKS[client]) as response:
        data = await response.read()
    assert text_of(client, data) == "Hello"
    assert error_of(client, data) is None


async def test_a_stream_with_a_json_content_type_is_a_stream(start: Start, upstream: Upstream) -> None:
    """What the body begins with decides."""
    upstream.will(stream(wire.C_STREAM, kind="application/json"))
    hub = await start(channels(("openai-chat", upstream.url)))

    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        assert text_of("anthropic", await response.read()) == "Hello"


async def test_the_clients_credentials_never_travel(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """The upstream sees its own secret and the headers of the allow-list, nothing else of the client's."""
    monkeypatch.setenv("UP_SECRET", "sk-up-secret-value")
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)) + 'secrets = ["env:UP_SECRET"]\n')

    headers = {"Cookie": "session=1", "X-Api-Key": "other", "anthropic-beta": "b1", "X-Forwarded-For": "1.2.3.4"}
    async with hub.post("/v1/messages", ASKS["anthropic"], headers=headers) as response:
        await response.read()
    sent = upstream.requests[0]["headers"]
    assert sent["x-api-key"] == "sk-up-secret-value"
    assert sent["anthropic-beta"] == "b1"
    assert hub.token not in json.dumps(sent)
    assert not {"cookie", "x-forwarded-for"} & set(sent)


async def test_an_upstream_that_echoes_the_secret_does_not_leak_it(
    start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Error texts are redacted before the client or the trace sees them."""
    monkeypatch.setenv("UP_SECRET", "sk-up-secret-value")
    upstream.will(whole({"error": {"message": "wrong key sk-up-secret-value given"}}, status=403))
    hub = await start(channels(("openai-chat", upstream.url)) + 'secrets = ["env:UP_SECRET"]\n')

    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        text = await response.text()
    assert "sk-up-secret-value" not in text
    assert "sk-up-secret-value" not in json.dumps(await hub.records())


async def test_hostile_response_headers_stay_here(start: Start, upstream: Upstream) -> None:
    """Cookies, CORS and the like of an upstream never reach the client; request ids and rate limits do."""
    upstream.will(
        whole(
            wire.MESSAGE, set_cookie="a=b", access_control_allow_origin="*", server="evil", request_id="req_9",
            anthropic_ratelimit_requests_remaining="3",
        )
    )  # fmt: skip
    hub = await start(channels(("anthropic", upstream.url)))

    async with hub.post("/v1/messages", {**ASKS["anthropic"], "stream": False}) as response:
        got = {name.lower() for name in response.headers}
    assert {"request-id", "anthropic-ratelimit-requests-remaining", "ah-request-id", "ah-trace-id"} <= got
    assert not {"set-cookie", "access-control-allow-origin"} & got


async def test_a_gzipped_answer_is_understood(start: Start, upstream: Upstream) -> None:
    """An upstream that compresses although it was asked not to is decoded."""
    import gzip

    upstream.will(whole(gzip.compress(json.dumps(wire.MESSAGE).encode()), content_encoding="gzip"))
    hub = await start(channels(("anthropic", upstream.url)))

    async with hub.post("/v1/chat/completions", {**ASKS["openai-chat"], "stream": False}) as response:
        body = await response.json()
    assert body["choices"][0]["message"]["content"] == "Hello"


async def test_a_channel_that_leads_here_is_refused(start: Start) -> None:
    """Instead of going round for ever."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hub = await start(channels(("anthropic", f"http://localhost:{port}")), port=port)

    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        assert response.status == 400
        assert "leads to this axonhub server itself" in await response.text()
    assert len(await hub.records()) == 1


async def test_a_client_that_leaves_after_the_last_word_was_served(start: Start, upstream: Upstream) -> None:
    """Codex closes at `response.completed` without waiting for the end of the body: that is a success, with its usage."""

    async def linger() -> None:
        await asyncio.sleep(30)

    upstream.will(stream(wire.R_STREAM, linger))
    hub = await start(channels(("openai-responses", upstream.url)))

    async with hub.post("/v1/responses", ASKS["openai-responses"]) as response:
        async for line in response.content:
            if line.startswith(b"event: response.completed"):
                break
        response.close()
    record = (await hub.records())[-1]
    assert (record["outcome"], record["status"], record["usage"]["output"]) == ("ok", 200, 2)
    assert record["attempts"][0]["outcome"] == "ok"


@pytest.mark.parametrize("error", [ProtocolError("x"), KeyError("x")])
async def test_what_fails_after_an_answer_was_sent_asks_nobody_else(
    error: Exception, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client has its answer, and only that; what was left to note is lost."""

    def fail(*_: object) -> None:
        raise error

    upstream.will(whole(wire.MESSAGE))
    hub = await start(channels(("anthropic", upstream.url), ("anthropic", upstream.url)))
    assert hub.server.gateway is not None
    monkeypatch.setattr(hub.server.gateway.seals, "served", fail)
    for _ in range(2):
        async with hub.post("/v1/messages", {**ASKS["anthropic"], "stream": False}) as response:
            assert response.status == 200
            assert (await response.json())["type"] == "message"
    assert len(upstream.requests) == 2


async def test_a_client_that_leaves_early_is_charged_for_what_was_said(start: Start, upstream: Upstream) -> None:
    """The usage that the upstream had told by then is in the record."""

    async def linger() -> None:
        await asyncio.sleep(30)

    upstream.will(stream(wire.A_START + wire.A_TEXT, linger))
    hub = await start(channels(("anthropic", upstream.url)))

    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        async for line in response.content:
            if b"Hel" in line:
                break
        response.close()
    record = (await hub.records())[-1]
    assert (record["outcome"], record["status"], record["usage"]["input"]) == ("cancelled", 499, 15)
