"""What clients do wrong or suffer: bodies that never come or are too large, half-closed connections; and trouble of our own with
the store and the keyring. RELIABILITY.md, section 2.
"""

import asyncio
import json
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from tests.faults.outcomes import CLIENTS, check
from tests.faults.test_faults import ask, spread
from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.wire import ASKS, PATHS, STREAMS, on_the_wire, text_of


def head(hub: Hub, client: str, length: int, more: str = "") -> bytes:
    """The head of a request."""
    host = hub.url.removeprefix("http://")
    return (
        f"POST {on_the_wire(PATHS[client], ASKS[client])[0]} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {hub.token}\r\n"
        f"Content-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n"
    ).encode()


async def exchange(hub: Hub, data: bytes, *, half_close: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, read until the server closes."""
    assert hub.server.gateway is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.server.gateway.port)
    writer.write(data)
    if half_close:
        writer.write_eof()
    async with asyncio.timeout(20):
        received = await reader.read()
    writer.close()
    first, _, body = received.partition(b"\r\n\r\n")
    lines = first.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]) if lines[0] else 0, headers, body


@pytest.mark.parametrize("client", spread("openai-chat"))
async def test_41_an_upload_that_stalls(client: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not waited for for ever; nobody is asked."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.002")
    hub = await start(channels((client, upstream.url)))
    check("SLOW", client, await exchange(hub, head(hub, client, 1000) + b'{"model":'))
    assert not upstream.requests


@pytest.mark.parametrize("client", spread("openai-chat"))
async def test_43_a_body_of_a_terabyte(client: str, start: Start, upstream: Upstream) -> None:
    """Refused before a byte of it is read."""
    hub = await start(channels((client, upstream.url)))
    check("BIG", client, await exchange(hub, head(hub, client, 10**12)))


@pytest.mark.parametrize("client", spread())
async def test_37_half_closed_is_gone(client: str, start: Start, upstream: Upstream) -> None:
    """A client that ends its side has left: recorded as that, and the upstream is let go."""
    waiting = asyncio.Event()

    async def hold() -> None:
        waiting.set()
        await asyncio.sleep(60)

    upstream.will(stream(hold))
    hub = await start(channels((client, upstream.url)))
    body = json.dumps(ASKS[client]).encode()
    await exchange(hub, head(hub, client, len(body)) + body, half_close=True)
    record = (await hub.records())[-1]
    assert (record["outcome"], record["status"]) == ("cancelled", 499)


def corrupt(path: Path) -> None:
    path.write_bytes(b"this is no database" * 500)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("harm", [corrupt, newer, empty, folder])
@pytest.mark.parametrize("client", spread())
async def test_54_to_57_a_store_in_trouble_costs_nobody_an_answer(
    harm: object, client: str, start: Start, upstream: Upstream, home: Path
) -> None:
    """Damaged, made by a later version, emptied, or no file at all: requests are served."""
    assert callable(harm)
    harm(home / "traces.db")
    upstream.will(stream(STREAMS[client]))
    hub = await start(channels((client, upstream.url)))
    for _ in range(3):
        check("OK", client, await ask(hub, client))


async def test_53_a_store_that_somebody_locks(start: Start, upstream: Upstream, home: Path) -> None:
    """Requests go on meanwhile, and all of them are in it afterwards."""
    upstream.will(stream(STREAMS["anthropic"]))
    hub = await start(channels(("anthropic", upstream.url)))
    check("OK", "anthropic", await ask(hub, "anthropic"))
    locker = sqlite3.connect(home / "traces.db", isolation_level=None, check_same_thread=False)
    locker.execute("BEGIN IMMEDIATE")
    for _ in range(5):
        check("OK", "anthropic", await ask(hub, "anthropic"))
    locker.execute("ROLLBACK")
    locker.close()
    hub.server.stop()
    await hub.server.wait()
    with sqlite3.connect(home / "traces.db") as reader:
        assert reader.execute("SELECT count(*) FROM requests WHERE outcome = 'ok'").fetchone() == (6,)
    reader.close()


@pytest.mark.parametrize("client", spread())
async def test_70_no_keyring(client: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with the choices that there are, in the form that no client repeats; nobody is asked."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    hub = await start(channels((client, upstream.url)) + 'secrets = ["keyring:nothing"]\n')
    answer = await ask(hub, client)
    check("KEY", client, answer)
    assert b"keyring" in answer[2]
    assert not upstream.requests


_KEYRINGS = {  # what the process that asks the keyring does then
    "69 locked": ('print(\'{"error": "locked", "detail": "the collection"}\')', b"The keyring is locked"),
    "71 hangs": ("import time; time.sleep(600)", b"The keyring did not answer within 0.5 s"),
    "72 killed": ("import os; os.kill(os.getpid(), 9)", b"helper process ended without an answer"),
}


@pytest.mark.parametrize("trouble", _KEYRINGS)
@pytest.mark.parametrize("client", spread())
async def test_69_71_72_a_keyring_in_trouble(
    trouble: str, client: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is told as one that is not there is; who needs no secret is served meanwhile; once it is well, so is the channel."""
    does, words = _KEYRINGS[trouble]
    helper = tmp_path / "helper.py"
    helper.write_text(does)
    monkeypatch.setattr("axonhub_cli.config.secrets._HELPER", helper)
    upstream.will(stream(STREAMS[client]))
    plain = channels((client, upstream.url)).replace("c0", "open") + 'models = ["free"]\n'
    hub = await start(channels((client, upstream.url)) + 'secrets = ["keyring:mine"]\nmodels = ["asked-model"]\n' + plain)
    assert hub.server.gateway is not None
    hub.server.gateway.secrets._timeout = 0.5
    waiting = asyncio.ensure_future(ask(hub, client))
    async with hub.post(PATHS[client], {**ASKS[client], "model": "free"}) as response:
        assert text_of(client, await response.read()) == "Hello"
    answer = await waiting
    check("KEY", client, answer)
    assert words in answer[2]
    helper.write_text('print(\'{"value": "sk-mine-mine-mine-mine", "backend": "x"}\')')
    hub.server.gateway.secrets._timeout = 20
    monkeypatch.setattr("axonhub_cli.config.secrets._MEMORY", 0)  # the few seconds for which a failure stands
    check("OK", client, await ask(hub, client))
    assert len(upstream.requests) == 2


@pytest.mark.faults
@pytest.mark.parametrize("client", CLIENTS)
async def test_38_many_clients_vanish_at_once(client: str, start: Start, upstream: Upstream) -> None:
    """Every upstream request is let go, every row says so, and the server answers the next one."""
    number, begun = 150, asyncio.Semaphore(0)

    async def hold() -> None:
        begun.release()
        await asyncio.sleep(600)

    upstream.will(stream(hold))
    hub = await start(channels((client, upstream.url)))
    await hub.session.close()
    hub.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    calls = [asyncio.ensure_future(ask(hub, client)) for _ in range(number)]
    for _ in range(number):
        await begun.acquire()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    async with asyncio.timeout(20):
        while upstream.gone < number:
            await asyncio.sleep(0.01)
    upstream.will(stream(STREAMS[client]))
    assert text_of(client, (await ask(hub, client))[2]) == "Hello"
    assert hub.server.gateway is not None
    assert not hub.server.gateway.live
