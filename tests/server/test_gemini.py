"""What only Gemini's protocol has: the model in the path, keys in the query, streams that are arrays, a counter of its own."""

import json
from typing import Any

import pytest

from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream, whole

ASK = {"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]}
CALL = "/v1beta/models/asked-model:generateContent"
STREAM = "/v1beta/models/asked-model:streamGenerateContent"


async def bare(hub: Hub, path: str, body: Any = ASK, **headers: str) -> tuple[int, Any]:
    """POST without the usual key."""
    async with hub.session.post(hub.url + path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_the_key_comes_by_header_or_by_query(start: Start, upstream: Upstream) -> None:
    """Both as Google's clients send it; a wrong one is 401 in Google's shape; no record and no upstream request has it."""
    upstream.will(whole(wire.G_WHOLE))
    hub = await start(channels(("gemini", upstream.url)))
    assert (await bare(hub, CALL, **{"x-goog-api-key": hub.token}))[0] == 200
    assert (await bare(hub, f"{CALL}?key={hub.token}"))[0] == 200
    status, body = await bare(hub, f"{CALL}?key=ah-wrong")
    assert (status, body["error"]["code"], body["error"]["status"]) == (401, 401, "UNAUTHENTICATED")
    assert (await bare(hub, CALL))[0] == 401
    assert (await bare(hub, f"/v1/chat/completions?key={hub.token}", wire.ASKS["openai-chat"]))[0] == 401
    seen = json.dumps([await hub.records(), [{**asked, "raw": ""} for asked in upstream.requests]])
    assert hub.token not in seen


@pytest.mark.parametrize("prefix", ["/v1beta", "/v1", "/gemini/v1beta", "/gemini/v1", "/v1alpha"])
async def test_every_prefix_leads_to_the_same(prefix: str, start: Start, upstream: Upstream) -> None:
    """A model's name may hold a colon and an encoded slash; upstream it stands in the path again."""
    upstream.will(whole(wire.G_WHOLE))
    hub = await start(channels(("gemini", upstream.url)))

    async with hub.post(f"{prefix}/models/org%2Fmodel:8b:generateContent", ASK) as response:
        body = await response.json()
    assert response.status == 200, body
    assert body["modelVersion"] == "org/model:8b"
    assert upstream.requests[0]["path"] == "/v1beta/models/org/model:8b:generateContent"
    assert upstream.requests[0]["raw"] == json.dumps(ASK).encode()


async def test_the_secret_goes_by_googles_header(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a mapped model is named in the path; the body keeps its bytes."""
    monkeypatch.setenv("UP_SECRET", "AIza-up-secret-value")
    upstream.will(stream(wire.G_STREAM))
    config = (
        'profile = "p"\n'
        + channels(("gemini", upstream.url))
        + 'secrets = ["env:UP_SECRET"]\n[profiles.p]\nmappings = [{exact = "asked-model", to = "up-model"}]\n'
    )
    hub = await start(config)

    raw = b'{ "contents":[{"role":"user","parts":[{"text":"hi"}]}], "generationConfig":{"temperature":1.00} }'
    async with hub.post(f"{STREAM}?alt=sse", raw) as response:
        data = await response.read()
    asked = upstream.requests[0]
    assert (asked["path"], asked["raw"]) == ("/v1beta/models/up-model:streamGenerateContent", raw)
    assert asked["headers"]["x-goog-api-key"] == "AIza-up-secret-value"
    assert data == wire.G_STREAM.replace(b"up-model", b"asked-model")


@pytest.mark.parametrize("server", wire.PROTOCOLS)
async def test_without_alt_sse_the_stream_is_an_array(server: str, start: Start, upstream: Upstream) -> None:
    """JSON all the way, whatever the upstream speaks."""
    upstream.will(stream(wire.STREAMS[server]))
    hub = await start(channels((server, upstream.url)))

    async with hub.post(STREAM, ASK) as response:
        assert response.headers["Content-Type"].startswith("application/json")
        found = json.loads(await response.read())
    texts = [part.get("text", "") for each in found for part in each["candidates"][0]["content"]["parts"]]
    assert "".join(texts) == "Hello"
    assert found[-1]["candidates"][0]["finishReason"] == "STOP"
    assert found[-1]["usageMetadata"]["promptTokenCount"] == 15


async def test_an_array_that_fails_is_still_an_array(start: Start, upstream: Upstream) -> None:
    """Its last element is the error."""
    upstream.will(stream(wire.HEADS["openai-chat"], cut=True))
    hub = await start(channels(("openai-chat", upstream.url)))

    async with hub.post(STREAM, ASK) as response:
        found = json.loads(await response.read())
    assert found[0]["candidates"][0]["content"]["parts"] == [{"text": "Hel"}]
    assert found[-1]["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("client", wire.PROTOCOLS)
@pytest.mark.parametrize("streamed", [True, False])
async def test_an_upstream_that_streams_an_array_is_understood(
    client: str, streamed: bool, start: Start, upstream: Upstream
) -> None:
    """It was asked for events and sends the elements of an array, in pieces."""
    chunks = [json.loads(block[6:]) for block in wire.G_STREAM.decode().split("\n\n") if block]
    array = json.dumps(chunks, indent=1).encode()
    upstream.will(stream(array[:1], array[1:40], array[40:], kind="application/json"))
    hub = await start(channels(("gemini", upstream.url)))

    async with hub.post(wire.PATHS[client], {**wire.ASKS[client], "stream": streamed}) as response:
        data = await response.read()
    assert response.status == 200
    assert wire.text_of(client, data) == "Hello" if streamed else b"Hello" in data
    assert (await hub.records())[-1]["usage"]["output"] == 2


async def test_an_error_inside_a_list(start: Start, upstream: Upstream) -> None:
    """As Google sends it for a stream without events."""
    error = {"error": {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED"}}
    upstream.will(whole([error], status=429))
    hub = await start(channels(("gemini", upstream.url)))

    async with hub.post("/v1/messages", wire.ASKS["anthropic"]) as response:
        body = await response.json()
    assert (response.status, body["error"]["type"]) == (429, "rate_limit_error")
    assert "Quota exceeded." in body["error"]["message"]


async def test_models_in_googles_shape(start: Start, upstream: Upstream) -> None:
    """A list of resources; one of them; a shared path answers by who asks; an unknown one is 404."""
    hub = await start(channels(("gemini", upstream.url)) + 'models = ["gemini-x", "org/y"]\n')
    headers = {"x-goog-api-key": hub.token}
    for path in ("/v1beta/models?pageSize=50", "/gemini/v1beta/models", "/v1/models"):
        async with hub.session.get(hub.url + path, headers=headers) as response:
            body = await response.json()
        assert [model["name"] for model in body["models"]] == ["models/gemini-x", "models/org/y"]
    async with hub.session.get(f"{hub.url}/v1beta/models/gemini-x", headers=headers) as response:
        assert (await response.json())["supportedGenerationMethods"]
    async with hub.session.get(f"{hub.url}/v1beta/models/nope", headers=headers) as response:
        assert (response.status, (await response.json())["error"]["status"]) == (404, "NOT_FOUND")


COUNT = "/v1beta/models/asked-model:countTokens"


@pytest.mark.parametrize("inner", [False, True])
async def test_counting_asks_googles_counter(inner: bool, start: Start, upstream: Upstream) -> None:
    """In both forms; without an answer it is estimated."""
    upstream.will(whole({"totalTokens": 321}), whole({"error": {"code": 404}}, status=404))
    hub = await start(channels(("gemini", upstream.url)))
    body = {"generateContentRequest": {"model": "models/asked-model", **ASK}} if inner else ASK

    async with hub.post(COUNT, body) as response:
        assert await response.json() == {"totalTokens": 321}
    assert (upstream.requests[0]["path"], upstream.requests[0]["body"]) == (COUNT, body)
    async with hub.post(COUNT, body) as response:
        assert 2 < (await response.json())["totalTokens"] < 100
        assert response.headers["x-axonhub-count"] == "estimate"


async def test_googles_counter_serves_anthropics_clients(start: Start, upstream: Upstream) -> None:
    """The request is converted as the call itself would be."""
    upstream.will(whole({"totalTokens": 7}))
    hub = await start(channels(("gemini", upstream.url)))
    body = {"model": "m", "messages": wire.HELLO, "max_tokens": 9, "system": "be brief", "metadata": {"user_id": "u"}}
    async with hub.post("/v1/messages/count_tokens", body) as response:
        assert await response.json() == {"input_tokens": 7}
    asked = upstream.requests[0]
    assert asked["path"] == "/v1beta/models/m:countTokens"
    assert asked["body"]["generateContentRequest"]["systemInstruction"] == {"parts": [{"text": "be brief"}]}
    assert asked["body"]["generateContentRequest"]["model"] == "models/m"


async def test_anthropics_counter_serves_googles_clients(start: Start, upstream: Upstream) -> None:
    """It is told what it takes, and nothing else."""
    upstream.will(whole({"input_tokens": 8}))
    hub = await start(channels(("anthropic", upstream.url)))
    async with hub.post(COUNT, ASK) as response:
        assert await response.json() == {"totalTokens": 8}
    asked = upstream.requests[0]
    assert asked["path"] == "/v1/messages/count_tokens"
    assert asked["body"] == {"model": "asked-model", "messages": wire.HELLO}


async def test_what_the_trace_shows_of_a_request(start: Start, upstream: Upstream) -> None:
    """The last words, the level, the client."""
    upstream.will(whole(wire.G_WHOLE))
    hub = await start(channels(("gemini", upstream.url)))
    body = {**ASK, "generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}}

    async with hub.post(CALL, body, headers={"User-Agent": "GeminiCLI/0.61.0/gemini-x (linux; x64)"}) as response:
        await response.read()
    record = (await hub.records())[-1]
    assert (record["prompt"], record["effort"], record["client"]) == ("hello there", "high", "gemini-cli")
    assert (record["protocol"], record["path"], record["lane"]) == ("gemini", CALL, "verbatim")


async def test_more_than_one_answer_is_refused_before_anybody_is_asked(start: Start, upstream: Upstream) -> None:
    """Where a conversion would have to drop it."""
    upstream.will(whole({}))
    hub = await start(channels(("openai-chat", upstream.url)))

    async with hub.post(CALL, {**ASK, "generationConfig": {"candidateCount": 2}}) as response:
        body = await response.json()
    assert (response.status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "candidateCount" in body["error"]["message"]
    assert not upstream.requests
