"""Health in the running server: who is asked, who is left alone, who hears of it, and how it is undone."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from axonhub_cli.config import orders, state
from axonhub_cli.config.paths import paths
from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, PATHS, PROTOCOLS, text_of

LIMITED = whole({"error": {"message": "slow down"}}, status=429, retry_after="30")
Say = Callable[..., Any]


PATIENT = "[server]\ngrace = 3600\n"  # where time is short: a slow machine would begin the answer before it is there


async def ask(hub: Hub, client: str = "openai-chat", **more: Any) -> tuple[int, dict[str, str], str]:
    """One request: status, headers, body."""
    async with hub.post(PATHS[client], {**ASKS[client], **more}) as response:
        return (
            response.status,
            {name.lower(): value for name, value in response.headers.items()},
            (await response.read()).decode(),
        )


def logs(hub: Hub) -> list[str]:
    """What the person at the terminal was told."""
    assert hub.server.gateway is not None
    with hub.server.gateway.feed.subscribe() as subscription:
        return [event["message"] for event in subscription.drain() if event["type"] == "log"]


async def test_a_channel_that_asked_for_rest_is_left_alone(start: Start, upstream: Upstream) -> None:
    """The second request does not ask it again, other models of it are none of that, and the terminal hears why."""
    upstream.will(LIMITED, stream(wire.C_STREAM))
    hub = await start(channels(("openai-chat", upstream.url + "/one"), ("openai-chat", upstream.url + "/two")))

    for _ in range(3):
        status, headers, _ = await ask(hub)
        assert (status, headers["x-axonhub-channel"]) == (200, "c1")
    assert [request["path"].split("/")[1] for request in upstream.requests] == ["one", "two", "two", "two"]
    assert any("c0" in line and "30 s" in line and "slow down" in line for line in logs(hub))
    assert (await ask(hub, model="other"))[1]["x-axonhub-channel"] == "c0"


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_when_all_rest_the_client_hears_how_long_without_asking_anybody(
    client: str, start: Start, upstream: Upstream
) -> None:
    """429 with a wait in the client's form; no upstream call."""
    upstream.will(LIMITED)
    hub = await start(channels(("openai-chat", upstream.url)))
    await ask(hub)

    status, headers, body = await ask(hub, client)
    assert status == 429
    assert 20 <= int(headers["retry-after"]) <= 30
    assert 20_000 <= int(headers["retry-after-ms"]) <= 30_000
    assert "slow down" in json.loads(body)["error"]["message"]
    assert len(upstream.requests) == 1
    assert [record["outcome"] for record in await hub.records()] == ["error", "error"]


@pytest.mark.parametrize("asked", ["1e9", pytest.param("100", marks=pytest.mark.faults)])
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_no_client_is_told_to_wait_for_an_hour(client: str, asked: str, start: Start, upstream: Upstream) -> None:
    """A minute at most, and the word that waiting is not worth it; the upstream's own headers do not slip through."""
    upstream.will(whole({"error": {"message": "slow down"}}, status=429, retry_after=asked, retry_after_ms="9" * 12))
    hub = await start(channels(("openai-chat", upstream.url)))

    for _ in range(2):
        status, headers, _ = await ask(hub, client)
        assert (status, headers["retry-after"], headers["retry-after-ms"]) == (429, "60", "60000")
        assert headers["x-should-retry"] == "false"


async def test_a_short_rest_is_waited_for(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds are nothing that a client needs to be sent away for."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.05")
    upstream.will(whole({"error": {"message": "try again in 2s"}}, status=429), stream(wire.C_STREAM))
    hub = await start(PATIENT + channels(("openai-chat", upstream.url)))
    assert (await ask(hub))[0] == 429

    status, _, body = await ask(hub)
    assert (status, text_of("openai-chat", body.encode())) == (200, "Hello")


async def test_a_wait_that_nobody_asked_for_is_imposed_on_nobody(start: Start, upstream: Upstream) -> None:
    """A channel that keeps failing is asked each time when it is the only one."""
    upstream.will(whole({"error": {"message": "boom"}}, status=500))
    hub = await start(channels(("openai-chat", upstream.url)))

    assert [(await ask(hub))[0] for _ in range(4)] == [500] * 4
    assert len(upstream.requests) == 4


@pytest.mark.parametrize("status", [503, *(pytest.param(status, marks=pytest.mark.faults) for status in (502, 504, 529))])
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_what_passes_by_itself_is_tried_once_more(
    client: str, status: int, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the same channel when there is no other, once, invisibly."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.05")
    upstream.will(whole({"error": {"message": "busy"}}, status=status), stream(wire.C_STREAM))
    hub = await start(PATIENT + channels(("openai-chat", upstream.url)))

    got, _, body = await ask(hub, client)
    assert (got, text_of(client, body.encode())) == (200, "Hello")
    assert [attempt["outcome"] for attempt in (await hub.records())[-1]["attempts"]] == ["error", "ok"]


@pytest.mark.parametrize(
    "answer",
    [
        whole({"error": {"message": "busy"}}, status=503, x_should_retry="false"),
        whole({"error": {"message": "boom"}}, status=500),
        whole({"error": {"message": "bad"}}, status=400),
        stream(),
    ],
    ids=["told not to", "500", "400", "an empty stream"],
)
async def test_what_does_not_pass_is_not_tried_again(answer: Any, start: Start, upstream: Upstream) -> None:
    """The client's own retries are many already; an answer that had begun may have been paid for."""
    upstream.will(answer)
    hub = await start(channels(("openai-chat", upstream.url)))

    await ask(hub)
    assert len(upstream.requests) == 1


async def test_a_closed_port_is_tried_twice(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then the client hears where nobody listens."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.05")
    hub = await start(PATIENT + channels(("openai-chat", "http://127.0.0.1:9")))

    status, _, body = await ask(hub)
    assert status == 502
    assert "127.0.0.1:9" in body
    assert len((await hub.records())[-1]["attempts"]) == 2


async def test_retries_have_a_budget(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the requests, and a few at the start: an outage is not made worse."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    upstream.will(whole({"error": {"message": "busy"}}, status=503))
    hub = await start(PATIENT + channels(("openai-chat", upstream.url)))

    for _ in range(20):
        await ask(hub)
    assert 20 < len(upstream.requests) <= 20 + 3 + 20 * 0.2 + 1


async def test_a_refused_secret_is_not_used_until_it_changes(start: Start, upstream: Upstream, home: Path) -> None:
    """401: told once with what to do, no further upstream call, and a new value is taken at once."""
    file = home / "secret"
    file.write_text("sk-wrong-wrong-wrong")
    file.chmod(0o600)

    async def check(request: web.Request) -> web.StreamResponse:
        right = request.headers["authorization"] == "Bearer sk-right-right-right"
        return await (stream(wire.C_STREAM) if right else whole({"error": {"message": "bad key"}}, status=401))(request)

    upstream.will(check)
    hub = await start(channels(("openai-chat", upstream.url)) + f'secrets = ["file:{file}"]\n')
    for _ in range(3):
        status, headers, body = await ask(hub)
        assert (status, headers["x-should-retry"]) == (401, "false")
    assert "axonhub channel secret c0" in body
    assert len(upstream.requests) == 1
    assert sum("refused" in line for line in logs(hub)) == 1

    file.write_text("sk-right-right-right")
    orders.reset(paths().orders_file, "c0")
    assert hub.server.gateway is not None
    hub.server.gateway.poll()
    assert (await ask(hub))[0] == 200


async def test_a_secret_that_was_replaced_is_noticed_without_a_word(
    start: Start, upstream: Upstream, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever edits the file or the keyring by hand need not tell us; we look again every few seconds."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.001")
    file = home / "secret"
    file.write_text("sk-wrong-wrong-wrong")
    file.chmod(0o600)
    upstream.will(whole({"error": {"message": "bad key"}}, status=401), stream(wire.C_STREAM))
    hub = await start(PATIENT + channels(("openai-chat", upstream.url)) + f'secrets = ["file:{file}"]\n')
    assert (await ask(hub))[0] == 401

    file.write_text("sk-right-right-right")
    async with asyncio.timeout(10):
        while (await ask(hub))[0] != 200:
            await asyncio.sleep(0)
    assert len(upstream.requests) == 2


async def test_the_other_secret_serves_when_one_is_refused(
    start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One attempt is lost, once."""
    monkeypatch.setenv("ONE", "sk-one-one-one-one")
    monkeypatch.setenv("TWO", "sk-two-two-two-two")

    async def check(request: web.Request) -> web.StreamResponse:
        right = "two" in request.headers["authorization"]
        return await (stream(wire.C_STREAM) if right else whole({"error": {"message": "bad key"}}, status=401))(request)

    upstream.will(check)
    hub = await start(channels(("openai-chat", upstream.url)) + 'secrets = ["env:ONE", "env:TWO"]\n')

    assert [(await ask(hub))[0] for _ in range(12)] == [200] * 12
    assert sum("one" in request["headers"]["authorization"] for request in upstream.requests) <= 1


async def test_one_probe_at_a_time(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a half-open channel is being tried by one request, the others go elsewhere; its success opens it."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.02")
    release, probing = asyncio.Event(), asyncio.Event()

    async def probe(request: web.Request) -> web.StreamResponse:
        probing.set()
        await release.wait()
        return await stream(wire.C_STREAM)(request)

    one = [whole({"error": {"message": "boom"}}, status=500), probe, stream(wire.C_STREAM)]

    async def route(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/two"):
            return await stream(wire.C_STREAM)(request)
        return await (one.pop(0) if len(one) > 1 else one[0])(request)

    upstream.will(route)
    hub = await start(PATIENT + channels(("openai-chat", upstream.url + "/one"), ("openai-chat", upstream.url + "/two")))
    assert (await ask(hub))[1]["x-axonhub-channel"] == "c1"
    await asyncio.sleep(0.05)
    first = asyncio.ensure_future(ask(hub))
    await probing.wait()
    assert (await ask(hub))[1]["x-axonhub-channel"] == "c1"
    release.set()
    assert (await first)[1]["x-axonhub-channel"] == "c0"
    assert (await ask(hub))[1]["x-axonhub-channel"] == "c0"
    assert any("works again" in line for line in logs(hub))


async def test_the_state_is_for_the_holder_of_the_admin_token(start: Start, upstream: Upstream) -> None:
    """What is unwell and why; a client's key is not enough."""
    upstream.will(LIMITED)
    hub = await start(channels(("openai-chat", upstream.url)))
    await ask(hub)
    async with hub.session.get(hub.url + "/_axonhub/state", headers={"Authorization": f"Bearer {hub.token}"}) as response:
        assert response.status == 401

    found = state.read(paths().server_file)
    assert found is not None
    answer = await asyncio.to_thread(state.ask, found)
    assert answer is not None
    row = answer["unwell"][0]
    assert (row["channel"], row["told"], row["refused"], row["kind"]) == ("c0", True, False, "rate_limit")


async def test_commands_show_it_and_reset_undoes_it(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status`, `channel list` and `route` say that a channel rests; after `channel reset` it does not."""
    from typer.testing import CliRunner

    from axonhub_cli.cli.main import app

    upstream.will(LIMITED, stream(wire.C_STREAM))
    hub = await start(channels(("openai-chat", upstream.url)))
    await ask(hub)

    async def axonhub(*arguments: str) -> Any:
        result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    assert (await axonhub("status"))["unwell"][0]["reason"] == "slow down"
    assert (await axonhub("channel", "list"))[0]["state"].startswith("rests")
    assert (await axonhub("route", "asked-model"))["candidates"][0]["state"].startswith("rests")
    await axonhub("channel", "reset", "c0")
    assert hub.server.gateway is not None
    hub.server.gateway.poll()
    assert (await ask(hub))[0] == 200
    assert (await axonhub("channel", "list"))[0]["state"] == "on"
