"""The live feed: order, bounds, late subscribers, readers in other threads."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.trace.feed import FINISHED_KEPT, LOGS_KEPT, Feed, merged


def event(type_: str, request_id: str = "ar-1", **fields: Any) -> dict[str, Any]:
    return {"type": type_, "id": request_id, **fields}


def delta(number: int) -> dict[str, Any]:
    return event("delta", kind="text", text=str(number))


def test_nobody_listens() -> None:
    """Without subscribers the feed is inactive and deltas vanish."""
    feed = Feed()
    feed.publish(delta(1))
    assert not feed.active
    assert feed.subscribe().drain() == []


def test_events_arrive_in_order() -> None:
    """Deltas and other events come out in the order in which they went in, to every subscriber."""
    feed = Feed()
    events = [event("request"), delta(1), event("attempt", attempt={"index": 0}), delta(2), event("end"), event("log")]
    first, second = feed.subscribe(), feed.subscribe()
    for one in events:
        feed.publish(one)
    assert first.drain() == second.drain() == events
    assert first.drain() == []


def test_unsubscribing() -> None:
    """A closed subscription gets nothing more; the feed is inactive after the last one."""
    feed = Feed()
    with feed.subscribe() as subscription:
        other = feed.subscribe()
        other.close()
        assert feed.active
    feed.publish(event("request"))
    assert not feed.active
    assert subscription.drain() == other.drain() == []


def test_a_slow_reader_loses_deltas_first() -> None:
    """When the queue is full the oldest deltas go, then the oldest of the rest; the losses are counted."""
    feed = Feed(capacity=4)
    subscription = feed.subscribe()
    kept = [event("request"), event("attempt", attempt={"index": 0})]
    for one in (kept[0], delta(1), delta(2), kept[1], delta(3), delta(4)):
        feed.publish(one)
    assert subscription.dropped == 2
    assert subscription.drain() == [*kept, delta(3), delta(4)]
    for number in range(6):
        feed.publish(event("end", f"ar-{number}"))
    assert [one["id"] for one in subscription.drain()] == ["ar-2", "ar-3", "ar-4", "ar-5"]
    assert subscription.dropped == 4


@given(st.lists(st.sampled_from(["delta", "request", "end", "log"]), max_size=40), st.integers(1, 10))
def test_bounds_hold(kinds: list[str], capacity: int) -> None:
    """Whatever is published: nothing beyond the bound, order kept, lost plus received is all, no delta costs another event."""
    feed = Feed(capacity=capacity)
    subscription = feed.subscribe()
    for number, kind in enumerate(kinds):
        feed.publish(event(kind, number=number))
    received = [one["number"] for one in subscription.drain()]
    assert len(received) == min(len(kinds), capacity)
    assert received == sorted(received)
    assert subscription.dropped + len(received) == len(kinds)
    others = [number for number, kind in enumerate(kinds) if kind != "delta"]
    assert set(received) >= set(others[-capacity:])


def test_late_subscribers_see_what_runs_and_what_was() -> None:
    """A late subscriber gets logs, finished and running requests by time; attempts in their newest state."""
    feed = Feed()
    feed.publish(event("log", t=1, message="ready"))
    feed.publish(event("request", "ar-1", t=2))
    feed.publish(event("request", "ar-2", t=3, attempts=[]))
    feed.publish(event("end", "ar-1", t=4, cost=0.5))
    for index, outcome in ((1, "running"), (0, "error"), (1, "ok")):
        feed.publish(event("attempt", "ar-2", t=6, attempt={"index": index, "outcome": outcome}))
    feed.publish(event("attempt", "ar-9", t=6, attempt={"index": 0}))
    attempts = [{"index": 0, "outcome": "error"}, {"index": 1, "outcome": "ok"}]
    assert feed.subscribe().drain() == [
        event("log", t=1, message="ready"),
        event("request", "ar-2", t=3, attempts=attempts),
        event("end", "ar-1", t=4, cost=0.5),
    ]


def test_what_is_kept_for_late_subscribers_is_bounded() -> None:
    """Only the last finished requests and log lines are kept."""
    feed = Feed()
    for number in range(FINISHED_KEPT + 5):
        feed.publish(event("end", f"ar-{number}", t=number))
        feed.publish(event("log", t=number, number=number))
    replayed = feed.subscribe().drain()
    ends = [one["id"] for one in replayed if one["type"] == "end"]
    assert (len(ends), ends[0]) == (FINISHED_KEPT, "ar-5")
    assert len(replayed) == FINISHED_KEPT + LOGS_KEPT


async def test_get_waits_for_the_next_event() -> None:
    """`get` gives what is there, waits when there is nothing, and ends with None when the feed closes."""
    feed = Feed()
    subscription = feed.subscribe()
    feed.publish(event("request"))
    assert await subscription.get() == event("request")
    waiting = asyncio.ensure_future(subscription.get())
    await asyncio.sleep(0)
    feed.publish(delta(1))
    assert await waiting == delta(1)
    waiting = asyncio.ensure_future(subscription.get())
    await asyncio.sleep(0)
    feed.close()
    assert await waiting is None


async def test_get_survives_a_cancelled_wait() -> None:
    """A `get` that was cancelled loses no event."""
    feed = Feed()
    subscription = feed.subscribe()
    waiting = asyncio.ensure_future(subscription.get())
    await asyncio.sleep(0)
    waiting.cancel()
    feed.publish(event("request"))
    assert await subscription.get() == event("request")


async def test_another_thread_may_publish() -> None:
    """An event from another thread wakes a reader that waits in the loop."""
    feed = Feed()
    subscription = feed.subscribe()
    waiting = asyncio.ensure_future(subscription.get())
    await asyncio.sleep(0)
    thread = threading.Thread(target=feed.publish, args=(event("end", cost=1.0),))
    thread.start()
    assert await waiting == event("end", cost=1.0)
    thread.join()


def test_a_reader_whose_loop_is_gone_is_harmless() -> None:
    """Publishing goes on when a reader's event loop was closed while it waited."""
    feed = Feed()
    subscription = feed.subscribe()
    loop = asyncio.new_event_loop()
    task = loop.create_task(subscription.get())
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    feed.publish(event("request"))
    assert subscription.drain() == [event("request")]


def test_a_quiet_subscription_hears_all_but_deltas() -> None:
    """Whoever watches for ends and log lines costs nobody a delta."""
    feed = Feed()
    subscription = feed.subscribe(deltas=False)
    assert (feed.watched, feed.active) == (True, False)

    loud = feed.subscribe()
    feed.publish({"type": "delta", "id": "ar-1", "text": "word"})
    feed.publish({"type": "log", "message": "hello"})
    assert [event["type"] for event in subscription.drain()] == ["log"]
    assert [event["type"] for event in loud.drain()] == ["delta", "log"]
    loud.close()
    assert (feed.watched, feed.active) == (True, False)


def test_who_hears_of_troubles_only() -> None:
    """Log lines and failed requests reach it, before and after it came; of all else nothing is built for it."""
    feed, made = Feed(), []

    def tell(kind: str, name: str, outcome: str) -> None:
        def make() -> dict[str, Any]:
            made.append(name)
            return {"type": kind, "id": name, "outcome": outcome, "t": 1.0}

        feed.tell(kind, name, make, trouble=kind == "end" and outcome == "error")

    tell("end", "ar-0", "error")
    tell("end", "ar-1", "ok")
    with feed.subscribe(troubles=True) as subscription:
        assert (feed.watched, feed.active) == (False, False)
        made.clear()
        tell("request", "ar-2", "running")
        tell("end", "ar-2", "ok")
        tell("end", "ar-3", "error")
        feed.publish({"type": "attempt", "id": "ar-3", "attempt": {"index": 0}})
        feed.publish({"type": "log", "message": "hello"})
        assert made == ["ar-3"]
        assert [event.get("id", event["type"]) for event in subscription.drain()] == ["ar-0", "ar-3", "log"]


def test_what_is_told_is_made_only_when_somebody_is_there() -> None:
    """Without a listener nothing is built; who comes later gets the request as it is by then."""
    feed, made = Feed(), []

    def make(kind: str) -> Callable[[], dict[str, Any]]:
        return lambda: made.append(kind) or {"type": kind, "id": "ar-1", "t": 1.0}  # type: ignore[func-returns-value]  # None, so the event

    feed.tell("request", "ar-1", make("request"))
    feed.publish({"type": "attempt", "id": "ar-1", "attempt": {"index": 0}})
    assert made == []
    first = feed.subscribe()
    assert [event["type"] for event in first.drain()] == ["request"]
    feed.tell("end", "ar-1", make("end"))
    assert [event["type"] for event in first.drain()] == ["end"]
    assert [event["type"] for event in feed.subscribe().drain()] == ["end"]
    assert made == ["request", "end", "end"]


def test_words_that_follow_each_other_become_one() -> None:
    """Between a request's words and its other events the order stays; a tool's name is never joined with another."""

    def said(name: str, kind: str, text: str) -> dict[str, Any]:
        return event("delta", name, kind=kind, text=text)

    told = [
        said("a", "text", "1"), said("b", "text", "x"), said("a", "text", "2"), said("a", "tool", "Bash"),
        said("a", "arguments", "{"),
        said("a", "arguments", "}"), said("a", "tool", "Read"), said("a", "tool", "Read"), event("end", "b"),
        said("b", "text", "y"),
        event("log"),
    ]  # fmt: skip
    assert merged(told) == [
        said("a", "text", "12"), said("b", "text", "x"), said("a", "tool", "Bash"), said("a", "arguments", "{}"),
        said("a", "tool", "Read"), said("a", "tool", "Read"), event("end", "b"), said("b", "text", "y"), event("log"),
    ]  # fmt: skip
    assert told[0]["text"] == "1"


@given(
    told=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["text", "thinking", "tool", "arguments"]), st.text(max_size=3))
    )
)
def test_no_word_is_lost(told: list[tuple[str, str, str]]) -> None:
    """Each request says the same in the same order."""
    events = [event("delta", name, kind=kind, text=text) for name, kind, text in told]
    for name in "ab":
        before, after = ("".join(one["text"] for one in some if one["id"] == name) for some in (events, merged(events)))
        assert before == after
