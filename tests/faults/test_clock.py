"""The wall clock jumps by hours: cooldowns and durations go on as if nothing had happened."""

import asyncio
import json
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config import state
from axonhub_cli.config.keys import KeyStore
from tests.server.conftest import Upstream, channels, stream, whole
from tests.server.test_lifecycle import Process, processes
from tests.server.wire import ASKS, STREAMS

__all__ = ["processes"]
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
pytestmark = [pytest.mark.faults, pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")]


def post(server: Process, home: Path, model: str) -> int:
    """One request; its status."""
    headers = {"Authorization": f"Bearer {KeyStore(home / 'keys.toml').keys[0].token}", "Content-Type": "application/json"}
    body = json.dumps({**ASKS["anthropic"], "model": model}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + "/v1/messages", body, headers), timeout=30) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def rests(home: Path) -> float:
    """Seconds for which the one channel rests."""
    found = state.read(home / "server.json")
    assert found is not None
    answer: Any = state.ask(found)
    return float(answer["unwell"][0]["seconds"])


@pytest.mark.parametrize("jump", ["+3700", "-3700"])
async def test_64_the_clock_jumps(jump: str, home: Path, processes: list[Process], upstream: Upstream) -> None:
    """An hour forward or back while a channel rests for ten minutes: it still does, and no request took a negative time."""
    limited = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    upstream.will(stream(STREAMS["anthropic"]), whole(limited, status=429, retry_after="600"))
    (home / "config.toml").write_text(channels(("anthropic", upstream.url)))
    clock = home / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    server = await asyncio.to_thread(lambda: Process(home, **faked))
    processes.append(server)
    assert await asyncio.to_thread(post, server, home, "m") == 200
    assert await asyncio.to_thread(post, server, home, "m") == 429
    before = await asyncio.to_thread(rests, home)
    clock.write_text(jump)
    assert await asyncio.to_thread(post, server, home, "m") == 429
    after = await asyncio.to_thread(rests, home)
    assert 500 < after <= before <= 600
    assert len(upstream.requests) == 2  # the third was not sent: the channel rests
    assert await asyncio.to_thread(server.end) == 0
    with sqlite3.connect(home / "traces.db") as store:
        rows = store.execute("SELECT started, duration_ms FROM requests").fetchall()
    store.close()
    assert len(rows) == 3
    assert all(0 <= duration < 60_000 for _, duration in rows)
    times = [started for started, _ in rows]
    assert max(times) - min(times) > 3600  # the clock did jump
