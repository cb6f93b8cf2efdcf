"""A running server takes what a deep test found: for that model, from the next request on."""

from axonhub_cli.config import capabilities
from axonhub_cli.config.capabilities import Capabilities, Fact
from tests.server.conftest import Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, PATHS, STREAMS

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SEE = {"messages": [{"role": "user", "content": [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]}]}  # fmt: skip
REFUSED = Fact("no", "400: image input is not supported")


async def test_a_model_that_sees_no_images_gets_none(start: Start, upstream: Upstream) -> None:
    """The image passes until the test says that it cannot; another model on the same channel still gets it."""
    upstream.will(stream(STREAMS["openai-chat"]))
    hub = await start(channels(("openai-chat", upstream.url)))
    assert hub.server.gateway is not None
    ask = {**ASKS["anthropic"], **SEE, "stream": True}

    async def sees(model: str) -> bool:
        async with hub.post(PATHS["anthropic"], {**ask, "model": model}) as response:
            await response.read()
        return PIXEL in upstream.requests[-1]["raw"].decode()

    assert await sees("blind")
    facts = {"image": REFUSED}
    capabilities.write(
        Capabilities(channel="c0", model="blind", protocol="openai-chat", address=f"{upstream.url}/v1", facts=facts)
    )
    hub.server.gateway.poll()
    assert not await sees("blind")
    assert await sees("other")


async def test_nor_does_one_that_speaks_the_clients_own_protocol(start: Start, upstream: Upstream) -> None:
    """An image in the history would have every further request refused; a placeholder stands for it. All else passes as it is."""
    upstream.will(stream(STREAMS["anthropic"]))
    hub = await start(channels(("anthropic", upstream.url)) + "quirks = { images = false }\n")
    for ask, lane in ((ASKS["anthropic"], "verbatim"), ({**ASKS["anthropic"], **SEE}, "convert")):
        async with hub.post(PATHS["anthropic"], {**ask, "stream": True}) as response:
            assert response.status == 200
            await response.read()
        assert (await hub.records())[-1]["lane"] == lane
    assert PIXEL not in upstream.requests[-1]["raw"].decode()
    assert "this model cannot see it" in upstream.requests[-1]["raw"].decode()


async def test_a_counter_that_is_not_there_is_not_asked(start: Start, upstream: Upstream) -> None:
    """The estimate answers at once."""
    upstream.will(whole({"input_tokens": 7}))
    hub = await start(channels(("anthropic", upstream.url)))
    assert hub.server.gateway is not None
    facts = {"count_tokens": Fact("no", "it has no counter; 5 used")}
    model = ASKS["anthropic"]["model"]
    capabilities.write(Capabilities(channel="c0", model=model, protocol="anthropic", address=upstream.url, facts=facts))
    hub.server.gateway.poll()
    async with hub.post("/v1/messages/count_tokens", ASKS["anthropic"]) as response:
        assert response.headers["x-axonhub-count"] == "estimate"
    assert not upstream.requests
