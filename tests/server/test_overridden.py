"""A channel's overrides reach every upstream, in every lane, last of all; what they did is on the receipt."""

import pytest

from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.wire import ASKS, PATHS, PROTOCOLS, STREAMS

OVERRIDES = """\
[[channels.body_overrides]]
op = "set"
path = "metadata.team"
value = "blue"
[[channels.body_overrides]]
op = "delete"
path = "temperature"
[[channels.body_overrides]]
op = "set"
path = "never"
value = 1
models = ["another-*"]
[[channels.header_overrides]]
op = "set"
name = "User-Agent"
value = "mine/1"
"""


async def ask(hub: Hub, client: str) -> dict[str, str]:
    """One streamed request; the answer's headers."""
    async with hub.post(PATHS[client], {**ASKS[client], "stream": True, "temperature": 0.5}) as response:
        assert response.status == 200
        await response.read()
        return dict(response.headers)


@pytest.mark.parametrize("server", PROTOCOLS)
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_every_upstream_gets_them(client: str, server: str, start: Start, upstream: Upstream) -> None:
    """Body and headers are changed whether the request is converted or not, and the receipt says so; they are no losses."""
    upstream.will(stream(STREAMS[server]))
    hub = await start(channels((server, upstream.url)) + OVERRIDES)
    headers = await ask(hub, client)
    sent = upstream.requests[-1]
    assert sent["body"]["metadata"]["team"] == "blue"
    assert not {"temperature", "never"} & sent["body"].keys()
    assert sent["headers"]["user-agent"] == "mine/1"
    assert int(sent["headers"]["content-length"]) == len(sent["raw"])
    (record,) = await hub.records()
    told = [loss["path"] for loss in record["losses"] if loss["action"] == "override"]
    assert told[0] == "set metadata.team"
    assert told[-1] == "set header user-agent"
    assert ("delete temperature" in told) == (client == server or "gemini" not in (client, server))  # else it is called otherwise
    assert int(headers.get("x-axonhub-losses", 0)) == len(record["losses"]) - len(told)
    assert record["lane"] == ("splice" if client == server else "convert")


async def test_without_overrides_the_bytes_pass(start: Start, upstream: Upstream) -> None:
    """The verbatim lane stays verbatim, also when the operations are for other models."""
    upstream.will(stream(STREAMS["anthropic"]))
    only = '[[channels.body_overrides]]\nop = "set"\npath = "a"\nvalue = 1\nmodels = ["another-*"]\n'
    hub = await start(channels(("anthropic", upstream.url)) + only)
    await ask(hub, "anthropic")
    (record,) = await hub.records()
    assert record["lane"] == "verbatim"
    assert record["losses"] == []


async def test_a_running_server_takes_them_at_once(start: Start, upstream: Upstream) -> None:
    """Added to the file, they count for the next request; taken out, no more."""
    upstream.will(stream(STREAMS["openai-chat"]))
    plain = channels(("openai-chat", upstream.url))
    hub = await start(plain)
    assert hub.server.gateway is not None
    for text, expected in ((plain, None), (plain + OVERRIDES, {"team": "blue"}), (plain, None)):
        (hub.home / "config.toml").write_text(text)
        hub.server.gateway.poll()
        await ask(hub, "openai-chat")
        assert upstream.requests[-1]["body"].get("metadata") == expected


async def test_the_count_of_tokens_is_asked_for_with_the_same_headers(start: Start, upstream: Upstream) -> None:
    """A relay that wants its own user agent gets it there, too."""
    upstream.will(stream(b'{"input_tokens": 5}', kind="application/json"))
    hub = await start(channels(("anthropic", upstream.url)) + OVERRIDES)
    async with hub.post("/v1/messages/count_tokens", ASKS["anthropic"]) as response:
        assert (await response.json())["input_tokens"] == 5
    assert upstream.requests[-1]["headers"]["user-agent"] == "mine/1"
    assert "metadata" not in upstream.requests[-1]["body"]
