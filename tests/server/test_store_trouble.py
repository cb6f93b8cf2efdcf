"""Whatever is wrong with the trace store: requests are answered, and `status` and the feed say what it is."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.conftest import Start, Upstream, channels, whole

ANSWER = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}  # fmt: skip


def later(file: Path) -> None:
    """Made by a later version."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()


def damaged(file: Path) -> None:
    """No database at all."""
    file.write_bytes(b"this is no database, whatever its name says" * 200)


def folder(file: Path) -> None:
    """Something that cannot be opened."""
    file.mkdir()


@pytest.mark.parametrize(
    ("prepare", "error", "told"),
    [
        (later, "was made by a later axonhub", "was made by a later axonhub"),
        (damaged, "", "was damaged; it is kept as traces.db.corrupt-1"),
        (folder, "traces.db", "traces.db"),
    ],
)
async def test_traffic_goes_on(
    prepare: Callable[[Path], None], error: str, told: str, start: Start, upstream: Upstream, home: Path
) -> None:
    """A file of a later version, a damaged one, one that cannot be opened: the answer comes, and a sentence."""
    prepare(home / "traces.db")
    hub = await start(channels(("openai-chat", upstream.url)))
    upstream.will(whole(ANSWER))
    asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    async with hub.post("/v1/chat/completions", asked) as response:
        assert (response.status, json.loads(await response.read())["choices"][0]["message"]["content"]) == (200, "hi")
    assert hub.server.gateway is not None
    with hub.server.gateway.feed.subscribe(deltas=False) as feed:
        assert told in " ".join(str(event.get("message", "")) for event in feed.drain())
    state = hub.server.gateway.state()["store"]
    assert isinstance(state, dict)
    assert error in (state["error"] or "")
    assert bool(error) == bool(state["error"])
