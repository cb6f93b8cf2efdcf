"""The limits of channels: how many at a time and a minute, who waits, who is sent on."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from axonhub_cli.config.schema import Channel, ChannelLimits
from axonhub_cli.server.gates import Gates
from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.wire import ASKS, PATHS, PROTOCOLS


def channel(**limits: Any) -> Channel:
    """A channel with these limits."""
    return Channel(name="c", type="openai-chat", base_url="http://127.0.0.1:1", limits=ChannelLimits(**limits))


async def test_a_line_is_first_come_first_served() -> None:
    """One at a time; who waited longest goes next."""
    gates, one = Gates(0.01), channel(concurrent=1)
    order: list[int] = []

    async def work(number: int) -> None:
        assert await gates.enter(one, may_wait=True) is None
        order.append(number)
        await asyncio.sleep(0)
        gates.leave(one)

    await asyncio.gather(*(work(number) for number in range(8)))
    assert order == list(range(8))


async def test_a_full_line_and_lost_patience_are_told() -> None:
    """As an overload of ours, worth a retry in a second."""
    gates, one = Gates(0.001), channel(concurrent=1, queue=1, wait=20)
    assert await gates.enter(one, may_wait=True) is None
    waiting = asyncio.ensure_future(gates.enter(one, may_wait=True))
    await asyncio.sleep(0)
    full = await gates.enter(one, may_wait=True)
    late = await waiting

    for problem in (full, late, await gates.enter(one, may_wait=False)):
        assert problem is not None
        assert (problem.kind, problem.retry_after) == ("overloaded", 1.0)
        assert "1 requests at a time" in problem.message


async def test_a_minute_opens_the_gate_again() -> None:
    """The second request waits for the first one's minute to pass."""
    gates, one = Gates(0.001), channel(rpm=1, wait=36000)
    for _ in range(2):
        assert await gates.enter(one, may_wait=True) is None
        gates.leave(one)


async def test_who_leaves_the_line_holds_up_nobody() -> None:
    """A client that goes while it waits is forgotten."""
    gates, one = Gates(1.0), channel(concurrent=1)
    assert await gates.enter(one, may_wait=True) is None
    gone = asyncio.ensure_future(gates.enter(one, may_wait=True))
    stays = asyncio.ensure_future(gates.enter(one, may_wait=True))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    gates.leave(one)

    assert await stays is None


async def _ask(hub: Hub, client: str = "openai-chat") -> tuple[int, str]:
    async with hub.post(PATHS[client], ASKS[client]) as response:
        await response.read()
        return response.status, response.headers.get("x-axonhub-channel", "")


async def test_what_is_over_the_limit_goes_to_the_next_channel(start: Start, upstream: Upstream) -> None:
    """Nobody waits while somebody else could serve."""
    busy, release = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        if not busy.is_set():
            busy.set()
            await release.wait()
        return await stream(wire.C_STREAM)(request)

    upstream.will(hold)
    one, two = channels(("openai-chat", upstream.url), ("openai-chat", upstream.url)).split("[[channels]]\n")[1:]
    hub = await start(f"[[channels]]\n{one}limits = {{concurrent = 1}}\n[[channels]]\n{two}")
    first = asyncio.ensure_future(_ask(hub))
    await busy.wait()
    assert await _ask(hub) == (200, "c1")
    release.set()
    assert await first == (200, "c0")


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_the_last_channels_line_is_bounded(client: str, start: Start, upstream: Upstream) -> None:
    """Who finds it full is told so in the protocol's own way of being busy, at once."""
    busy, release = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        busy.set()
        await release.wait()
        return await stream(wire.C_STREAM)(request)

    upstream.will(hold)
    hub = await start(channels(("openai-chat", upstream.url)) + "limits = {concurrent = 1, queue = 0}\n")
    first = asyncio.ensure_future(_ask(hub))
    await busy.wait()
    async with hub.post(PATHS[client], ASKS[client]) as response:
        body = await response.json()
        assert response.status == (529 if client == "anthropic" else 503)
        assert response.headers["retry-after"] == "1"
    assert "at its own limit" in body["error"]["message"]
    assert body["error"].get("code") not in ("server_is_overloaded", "slow_down")
    release.set()
    assert (await first)[0] == 200
