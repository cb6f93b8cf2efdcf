"""What answers teach about estimates, and whom a count asks: learned from real calls, used, kept; cooling places passed over."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli.main import app
from axonhub_cli.config.paths import paths
from axonhub_cli.config.ratios import read
from axonhub_cli.server.learning import Counters, Learning
from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream, whole
from tests.server.wire import PATHS

COUNT = "/v1/messages/count_tokens"
TEXT = "The quick brown fox jumps over the lazy dog, again and again. " * 60
ASK = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": TEXT}]}


def answer(tokens: int) -> Any:
    usage = {"prompt_tokens": tokens, "completion_tokens": 2, "total_tokens": tokens + 2}
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    return whole({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage})


async def counted(hub: Hub, body: Any = ASK) -> tuple[int, str]:
    async with hub.post(COUNT, body) as response:
        assert response.status == 200
        return (await response.json())["input_tokens"], response.headers["x-axonhub-count"]


async def call(hub: Hub, times: int, body: Any = ASK) -> None:
    """Calls one after the other, each learned from before the next."""
    assert hub.server.gateway is not None
    for _ in range(times):
        async with hub.post(PATHS["anthropic"], body) as response:
            assert response.status == 200
        while hub.server.gateway.learning._busy:
            await asyncio.sleep(0.001)


async def test_estimates_follow_what_the_model_really_counts(start: Start, upstream: Upstream) -> None:
    """After three answers with half as many tokens again, the number told is half as high again, and known to the next server."""
    hub = await start(channels(("openai-chat", upstream.url)))
    before, by = await counted(hub)
    upstream.will(answer(before * 3 // 2))
    await call(hub, 4)

    assert by == "estimate"
    assert 1.5 * before <= (await counted(hub))[0] <= 1.6 * before
    assert hub.server.gateway is not None
    fact = hub.server.gateway.learning.ratios.of("c0")[0]
    assert (fact["model"], fact["samples"], fact["error_p90"]) == ("m", 4, 0.333)
    hub.server.gateway.learning.save()
    assert Learning(hub.home / "ratios.json").ratios.of("c0")[0] == fact


async def test_streams_teach_as_well(start: Start, upstream: Upstream) -> None:
    """Cache reads and writes are part of the number."""
    usage = {"input_tokens": 400, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 100}
    head = json.dumps({"type": "message_start", "message": {**wire.MESSAGE, "content": [], "stop_reason": None, "usage": usage}})
    upstream.will(stream(wire.A_STREAM.replace(wire.A_STREAM.split(b"\n\n")[0], f"event: message_start\ndata: {head}".encode())))
    hub = await start(channels(("anthropic", upstream.url)))
    await call(hub, 1, {**ASK, "stream": True})
    assert hub.server.gateway is not None
    ratio = hub.server.gateway.learning.ratios._spots["c0", "m"].ratios[0]
    estimated, _ = await counted(hub)
    assert ratio == pytest.approx(1000 / estimated, rel=0.01)


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
UNFIT: dict[str, tuple[dict[str, Any], int]] = {
    "a small one": (ASK, 200),
    "one with a picture": ({**ASK, "messages": [{"role": "user", "content": [PICTURE, {"type": "text", "text": TEXT}]}]}, 3000),
    "one that continues what only the upstream knows": ({**ASK, "container": "c_1"}, 3000),
}


@pytest.mark.parametrize("name", UNFIT)
async def test_some_requests_teach_nothing(name: str, start: Start, upstream: Upstream) -> None:
    """Where other things than the text decide, the ratio would be about them."""
    body, tokens = UNFIT[name]
    upstream.will(answer(tokens))
    hub = await start(channels(("openai-chat", upstream.url)))
    await call(hub, 3, body)
    assert hub.server.gateway is not None
    assert hub.server.gateway.learning.ratios.of("c0") == []


async def test_later_answers_are_looked_at_now_and_then(start: Start, upstream: Upstream) -> None:
    """The first eight as they come, then one in twenty seconds."""
    upstream.will(answer(1000))
    hub = await start(channels(("openai-chat", upstream.url)))
    await call(hub, 12)
    assert hub.server.gateway is not None
    assert hub.server.gateway.learning.ratios.samples("c0", "m") == 8


async def test_what_was_learned_follows_a_new_name(start: Start, upstream: Upstream, home: Path) -> None:
    """`channel rename` beside a running server: the next count is as good as the last, and what is written has the new name."""
    upstream.will(*[answer(2000)] * 3)
    hub = await start(channels(("openai-chat", upstream.url)))
    assert hub.server.gateway is not None
    await call(hub, 3)
    before = await counted(hub)

    renamed = await asyncio.to_thread(CliRunner().invoke, app, ["channel", "rename", "c0", "other"])
    assert renamed.exit_code == 0, renamed.output
    hub.server.gateway.poll()
    assert await counted(hub) == before
    hub.server.gateway.learning.save()
    assert [fact["samples"] for fact in read(paths().ratios_file).of("other")] == [3]


async def test_a_cooling_place_is_not_asked(start: Start, upstream: Upstream) -> None:
    """The one that would serve the call counts; when it asked for a rest, the next one does; when all did, it is estimated."""
    upstream.will(whole({"error": {"type": "rate_limit_error", "message": "slow"}}, status=429, retry_after="600"))
    hub = await start(channels(("anthropic", upstream.url), ("anthropic", upstream.url)))
    async with hub.post(PATHS["anthropic"], ASK) as response:
        assert response.status == 429
    asked = len(upstream.requests)

    assert (await counted(hub))[1] == "estimate"
    assert len(upstream.requests) == asked
    assert hub.server.gateway is not None
    hub.server.gateway.places.reset("c1")
    upstream.will(whole({"input_tokens": 5}))
    assert await counted(hub) == (5, "upstream")
    assert len(upstream.requests) == asked + 1


async def test_a_place_without_a_counter_is_estimated(start: Start, upstream: Upstream) -> None:
    """The prompt is not sent to a provider that would not serve it, only to be counted there."""
    hub = await start(channels(("openai-chat", upstream.url), ("anthropic", upstream.url)))
    assert (await counted(hub))[1] == "estimate"
    assert upstream.requests == []


async def test_used_up_limits_hold_for_counts(start: Start, upstream: Upstream) -> None:
    """A channel that may not be asked now is not asked; the number comes all the same."""
    upstream.will(whole({"input_tokens": 5}))
    hub = await start(channels(("anthropic", upstream.url)) + "[channels.limits]\nrpm = 1\n")
    assert [(await counted(hub))[1] for _ in range(3)] == ["upstream", "estimate", "estimate"]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (500, 1), (400, 3)])
async def test_a_counter_that_is_not_there_is_asked_once(status: int, asked: int, start: Start, upstream: Upstream) -> None:
    """Clients count in bursts; only a counter that did not like one request is asked for the next. Calls go on."""
    upstream.will(whole({"error": {"type": "x", "message": "no"}}, status=status))
    hub = await start(channels(("anthropic", upstream.url)))
    assert {(await counted(hub))[1] for _ in range(3)} == {"estimate"}
    assert len(upstream.requests) == asked
    upstream.will(whole(wire.MESSAGE))
    await call(hub, 1)


def test_a_counters_rest_ends() -> None:
    """After twenty seconds, or ten minutes where there is none."""
    counters = Counters()
    counters.failed("a", 529, 100.0, 1.0)
    counters.failed("b", 404, 100.0, 1.0)
    assert [counters.rests(name, now) for name in "ab" for now in (110.0, 121.0, 701.0)] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]


async def test_a_channel_that_leads_here_is_not_asked(start: Start) -> None:
    """It would ask itself for ever."""
    hub = await start(channels(("anthropic", "http://127.0.0.1:1")))
    assert hub.server.gateway is not None
    text = channels(("anthropic", hub.url))
    (hub.home / "config.toml").write_text(text)
    hub.server.gateway.poll()
    assert (await counted(hub))[1] == "estimate"


async def test_a_folder_that_cannot_be_written_costs_nothing(start: Start, upstream: Upstream) -> None:
    """The ratio is used as long as the server runs."""
    hub = await start(channels(("openai-chat", upstream.url)))
    assert hub.server.gateway is not None
    learning = hub.server.gateway.learning
    learning._path = hub.home / "config.toml" / "ratios.json"
    upstream.will(answer(1500))
    await call(hub, 3)
    learning.save()
    assert learning.ratios.samples("c0", "m") == 3
