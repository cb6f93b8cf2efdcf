"""The recorder: what the feed and the store are told, and that nothing of it can hurt a request."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from axonhub_cli.trace.feed import Feed
from axonhub_cli.trace.recorder import Level, Recorder
from axonhub_cli.trace.records import AttemptRecord, BodyKind, Findings, RequestRecord
from axonhub_cli.types.messages import Loss, Usage


class Memory:
    """A store that keeps what it is told in lists."""

    def __init__(self) -> None:
        self.found: Findings = {}
        self.told: list[tuple[str, str]] = []
        self.waiting: list[tuple[Level, str]] = []

    def begin(self, record: RequestRecord) -> None:
        self.told.append(("begin", record.id))

    def end(self, record: RequestRecord, bodies: dict[BodyKind, bytes], told: Callable[[Findings], None]) -> None:
        self.told.append(("end", record.id))
        told(self.found)

    def messages(self) -> list[tuple[Level, str]]:
        waiting, self.waiting = self.waiting, []
        return waiting


class Broken(Memory):
    """A store that fails at everything."""

    def begin(self, record: RequestRecord) -> None:
        raise OSError("disk on fire")

    def end(self, record: RequestRecord, bodies: dict[BodyKind, bytes], told: Callable[[Findings], None]) -> None:
        raise OSError("disk on fire")


@pytest.fixture
def record() -> RequestRecord:
    return RequestRecord(id="ar-1", trace_id="t", started=1.0, protocol="anthropic", path="/v1/messages")


def without_time(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in event.items() if key != "t"} for event in events]


def test_a_request_from_begin_to_end(record: RequestRecord) -> None:
    """The feed gets request, attempt, delta and end as plain JSON; the store gets begin and end."""
    store, feed = Memory(), Feed()
    subscription = feed.subscribe()
    recorder = Recorder(store, feed)
    recorder.begin(record)
    attempt = AttemptRecord(index=0, channel="deepseek", protocol="openai-chat", model="deepseek-chat")
    record.attempts.append(attempt)
    recorder.attempt(record, attempt)
    recorder.delta(record, "text", "Hello")
    attempt.outcome = record.outcome = "ok"
    record.usage, record.losses = Usage(input=3, output=2), [Loss("dropped", "top_k", "unknown there")]
    recorder.end(record, {"client_request": b"{}"})
    assert store.told == [("begin", "ar-1"), ("end", "ar-1")]
    request, started, delta, end = without_time(json.loads(json.dumps(subscription.drain())))
    assert (request["type"], request["outcome"], request["attempts"]) == ("request", "running", [])
    assert (started["type"], started["id"], started["attempt"]["outcome"]) == ("attempt", "ar-1", "running")
    assert delta == {"type": "delta", "id": "ar-1", "kind": "text", "text": "Hello"}
    assert (end["type"], end["usage"]["input"], end["attempts"][0]["outcome"]) == ("end", 3, "ok")
    assert end["losses"] == [{"action": "dropped", "path": "top_k", "why": "unknown there"}]


def test_without_a_store(record: RequestRecord) -> None:
    """With tracing switched off the feed still lives."""
    feed = Feed()
    recorder = Recorder(None, feed)
    recorder.begin(record)
    recorder.end(record, {})
    assert [event["type"] for event in feed.subscribe().drain()] == ["end"]


def test_deltas_need_a_listener(record: RequestRecord) -> None:
    """Nobody listens: no delta is even built."""
    feed = Feed()
    feed.publish = None  # type: ignore[assignment,method-assign]  # would fail if it were called
    recorder = Recorder(None, feed)
    recorder.delta(record, "text", "Hello")
    assert not feed.active


def test_what_the_store_says_is_published() -> None:
    """Messages of the store become log events: at once those from its start, later ones with the next look."""
    store, feed = Memory(), Feed()
    store.waiting = [("warning", "A new trace store was started.")]
    subscription = feed.subscribe()
    recorder = Recorder(store, feed)
    store.waiting = [("error", "The disk is full.")]
    recorder.look()
    recorder.log("info", "Reloaded.")
    events = without_time(subscription.drain())
    assert [(event.get("level"), event.get("message")) for event in events if event["type"] == "log"] == [
        ("warning", "A new trace store was started."),
        ("error", "The disk is full."),
        ("info", "Reloaded."),
    ]


def test_the_end_carries_the_price(record: RequestRecord) -> None:
    """The price that the store finds is in the end event; one that was known already stays when the store knows none."""
    store, feed = Memory(), Feed()
    recorder = Recorder(store, feed)
    store.found = {"cost": 0.25, "verdict": "idle for 7 min"}
    recorder.end(record, {})
    store.found, record.id, record.cost = {}, "ar-2", 0.5
    recorder.end(record, {})
    told = feed.subscribe().drain()
    assert [(event["cost"], event["verdict"]) for event in told] == [(0.25, "idle for 7 min"), (0.5, None)]


def test_a_broken_store_hurts_nobody(record: RequestRecord) -> None:
    """Failures of the store are swallowed; the first one is told, once, and the feed still works."""
    feed = Feed()
    subscription = feed.subscribe()
    recorder = Recorder(Broken(), feed)
    recorder.begin(record)
    recorder.end(record, {})
    assert [event["type"] for event in subscription.drain()] == ["request", "log", "end"]


def test_a_broken_feed_hurts_nobody(record: RequestRecord) -> None:
    """Even a feed that fails costs no request, and no row in the store."""

    class Silent(Feed):
        def publish(self, event: dict[str, Any]) -> None:
            raise RuntimeError("no")

    store = Memory()
    recorder = Recorder(store, Silent())
    recorder.begin(record)
    recorder.end(record, {})
    recorder.log("info", "x")
    assert store.told == [("begin", "ar-1"), ("end", "ar-1")]
