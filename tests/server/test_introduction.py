"""When the trace hears of a request."""

import asyncio
import json
from typing import Any

from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.server.introduction import Introduction
from axonhub_cli.trace.feed import Feed
from axonhub_cli.trace.recorder import Recorder
from axonhub_cli.trace.records import RequestRecord

BODY = ClientBody(json.dumps({"model": "m", "messages": [{"role": "user", "content": "fix  it"}]}).encode())


def told(feed: Feed) -> list[Any]:
    with feed.subscribe() as late:
        return [(event["id"], event["prompt"]) for event in late.drain()]


async def test_it_is_told_when_its_task_waits() -> None:
    """Not before, and once."""
    feed, record = Feed(), RequestRecord("ar-1", "at-1", 1.0, "anthropic", "/v1/messages")
    introduce = Introduction(Recorder(None, feed), record, BODY, looked=False)
    assert told(feed) == []
    await asyncio.sleep(0)
    assert told(feed) == [("ar-1", "fix it")]
    record.prompt = "other"
    introduce()
    assert told(feed) == [("ar-1", "other")]


async def test_what_ends_without_waiting_is_told_by_its_end() -> None:
    """A prompt that was looked for already is not looked for again."""
    feed, record = Feed(), RequestRecord("ar-1", "at-1", 1.0, "anthropic", "/v1/messages")
    Introduction(Recorder(None, feed), record, BODY, looked=True)()
    assert told(feed) == [("ar-1", None)]


async def test_who_watches_hears_of_it_at_once() -> None:
    """Before anything else of that request."""
    feed = Feed()
    with feed.subscribe() as watcher:
        record = RequestRecord("ar-1", "at-1", 1.0, "anthropic", "/v1/messages")
        introduce = Introduction(Recorder(None, feed), record, BODY, looked=False)
        assert [event["prompt"] for event in watcher.drain()] == ["fix it"]
        await asyncio.sleep(0)
        introduce()
        assert watcher.drain() == []
