"""Budgets: an agent that has used up what it may is stopped in its own protocol, and may be let go on."""

import asyncio
import json
from typing import Any

import pytest

from axonhub_cli.config import orders
from axonhub_cli.config.paths import paths
from axonhub_cli.trace.records import RequestRecord
from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.wire import ASKS, PATHS, PROTOCOLS

TRACE = {"AH-Trace-Id": "the-trace"}
CALL = wire.sse(
    wire.chunk(
        {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "run", "arguments": '{"a":1}'}}]}
    ),
    wire.chunk({}, "tool_calls"),
    "[DONE]",
)


async def ask(hub: Hub, client: str = "openai-chat", trace: str = "the-trace") -> tuple[int, dict[str, Any], dict[str, str]]:
    """One request: status, error (or nothing), headers."""
    async with hub.post(PATHS[client], ASKS[client], headers={"AH-Trace-Id": trace}) as response:
        data = await response.read()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, json.loads(data)["error"] if response.status >= 400 else {}, headers


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_session_that_is_over_its_budget_is_stopped_without_retries(
    client: str, start: Start, upstream: Upstream
) -> None:
    """A 400 in the client's shape, which no client repeats; no upstream call; the message says how to go on."""
    upstream.will(stream(wire.C_STREAM))
    hub = await start("[limits]\ntrace = {requests = 2}\n" + channels(("openai-chat", upstream.url)))
    assert [(await ask(hub, client))[0] for _ in range(3)] == [200, 200, 400]

    status, error, headers = await ask(hub, client)
    assert (status, headers["x-should-retry"]) == (400, "false")
    assert "axonhub trace allow the-trace --requests 50" in error["message"]
    assert len(upstream.requests) == 2
    assert (await ask(hub, client, trace="another"))[0] == 200
    assert [record["status"] for record in await hub.records()] == [200, 200, 400, 400, 200]


async def test_a_session_that_is_allowed_more_goes_on(start: Start, upstream: Upstream) -> None:
    """`axonhub trace allow` reaches the running server, and holds after a restart, as the use itself does."""
    from typer.testing import CliRunner

    from axonhub_cli.cli.main import app

    upstream.will(stream(wire.C_STREAM))
    config = "[limits]\ntrace = {requests = 1}\n" + channels(("openai-chat", upstream.url))
    hub = await start(config)
    assert [(await ask(hub))[0] for _ in range(2)] == [200, 400]
    result = await asyncio.to_thread(CliRunner().invoke, app, ["trace", "allow", "the-trace", "--requests", "2"])
    assert result.exit_code == 0, result.output
    assert hub.server.gateway is not None
    hub.server.gateway.poll()
    assert [(await ask(hub))[0] for _ in range(3)] == [200, 200, 400]

    hub.server.stop()
    await hub.server.wait()
    again = await start(config)
    assert (await ask(again))[0] == 400
    orders.allow(paths().orders_file, "the-trace", requests=20)
    assert again.server.gateway is not None
    again.server.gateway.poll()
    assert (await ask(again))[0] == 200


async def test_a_model_that_runs_in_a_circle_is_stopped(start: Start, upstream: Upstream) -> None:
    """The same call with the same arguments three times in a row; another answer in between is no circle."""
    upstream.will(stream(CALL), stream(CALL), stream(wire.C_STREAM), stream(CALL))
    hub = await start("[limits]\nidentical_tool_calls = 3\n" + channels(("openai-chat", upstream.url)))
    assert [(await ask(hub))[0] for _ in range(6)] == [200] * 6

    status, error, _ = await ask(hub)
    assert status == 400
    assert "same tool call 3 times" in error["message"]
    orders.allow(paths().orders_file, "the-trace")
    assert hub.server.gateway is not None
    hub.server.gateway.poll()
    assert (await ask(hub))[0] == 200


@pytest.mark.parametrize("owner", ["key", "day"])
async def test_a_day_has_its_budget_too(owner: str, start: Start, upstream: Upstream) -> None:
    """For each key, and for all of them; whatever the session."""
    upstream.will(stream(wire.C_STREAM))
    hub = await start(f"[limits]\n{owner} = {{requests = 2}}\n" + channels(("openai-chat", upstream.url)))
    assert [(await ask(hub, trace=f"t{number}"))[0] for number in range(3)] == [200, 200, 400]


async def test_money_counts_as_soon_as_it_is_known(start: Start, upstream: Upstream) -> None:
    """The store prices a request; the next one is over the budget."""
    upstream.will(stream(wire.A_STREAM.replace(b"up-model", b"claude-sonnet-4-5")))
    config = channels(("anthropic", upstream.url))
    hub = await start("[limits]\ntrace = {cost = 0.000001}\n" + config)
    assert hub.server.gateway is not None
    async with hub.post("/v1/messages", {**ASKS["anthropic"], "model": "claude-sonnet-4-5"}, headers=TRACE) as response:
        await response.read()
    await hub.records()
    told = RequestRecord(id="ar-1", trace_id="the-trace", started=0.0, protocol="anthropic", path="/v1/messages", key="default")
    hub.server.gateway.budgets.cost(told, 1.0)  # what the store tells of a model whose price is known
    status, error, _ = await ask(hub, "anthropic")
    assert status == 400
    assert "budget of $0.00" in error["message"]
    assert "axonhub trace allow the-trace +5" in error["message"]
