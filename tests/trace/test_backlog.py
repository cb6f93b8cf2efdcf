"""The queue before the writer: bounds, order, counts."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.trace.backlog import MANY, Backlog, Item
from axonhub_cli.trace.records import RequestRecord


def item(name: str, size: int = 0, *, final: bool = True) -> Item:
    return Item(RequestRecord(name, "t", 1.0, "anthropic", "/"), final, {"client_request": b"x" * size} if size else {})


def names(items: list[Item]) -> list[str]:
    return [one.record.id for one in items]


def test_bodies_are_left_out_before_rows() -> None:
    """Beyond the limit of bytes a request keeps its row and loses its bodies; there is room again once others are done."""
    backlog = Backlog(limit_bytes=100)
    for name, size in (("a", 60), ("b", 50), ("c", 40)):
        backlog.put(item(name, size))
    first = backlog.take(3, 0)
    assert [(one.record.id, one.size) for one in first] == [("a", 60), ("b", 0), ("c", 40)]
    assert (backlog.dropped_bodies, backlog.dropped_rows) == (1, 0)
    backlog.done(first)
    backlog.put(item("d", 100))
    assert backlog.take(1, 0)[0].size == 100


def test_rows_are_bounded_too() -> None:
    """When far too many rows wait, the oldest go; only a request that was over counts as lost."""
    backlog = Backlog(limit_rows=2)
    for name, final in (("a", False), ("a", True), ("b", True), ("c", True)):
        backlog.put(item(name, final=final))
    assert backlog.dropped_rows == 1
    assert names(backlog.take(9, 0)) == ["b", "c"]


def test_what_is_tried_again_keeps_its_place() -> None:
    """A batch that was put back comes first and in its order."""
    backlog = Backlog()
    for name in "abc":
        backlog.put(item(name))
    batch = backlog.take(2, 0)
    backlog.put(item("d"))
    backlog.retry(batch)
    assert names(backlog.take(9, 0)) == ["a", "b", "c", "d"]


def test_idle_means_done() -> None:
    """What was taken is unfinished until it is done or given up."""
    backlog = Backlog()
    backlog.put(item("a", 5))
    batch = backlog.take(1, 0)
    assert not backlog.wait_idle(0)
    backlog.done(batch)
    assert backlog.wait_idle(0)
    backlog.put(item("b", 5))
    backlog.give_up()
    assert backlog.wait_idle(0)
    assert backlog.dropped_rows == 1


def test_closing() -> None:
    """A closed backlog still gives what it has, takes nothing more, counts that, and lets nobody wait."""
    backlog = Backlog()
    backlog.put(item("a"))
    backlog.close()
    backlog.put(item("b"))
    backlog.put(item("c", final=False))
    assert not backlog.finished
    assert names(backlog.take(9, 60)) == ["a"]
    assert backlog.take(9, 60) == []
    backlog.pause(60)
    assert backlog.finished
    assert backlog.dropped_rows == 1


def test_take_waits_for_an_item() -> None:
    """`take` comes back as soon as there is something."""
    backlog = Backlog()
    taken: list[Item] = []
    thread = threading.Thread(target=lambda: taken.extend(backlog.take(1, 60)))
    thread.start()
    backlog.put(item("a"))
    thread.join(60)
    assert names(taken) == ["a"]


@given(st.lists(st.tuples(st.sampled_from(["put", "take", "retry", "done", "strip"]), st.integers(0, 80)), max_size=60))
def test_counts_always_agree(steps: list[tuple[str, int]]) -> None:
    """Whatever is done in whatever order: nothing is lost uncounted, and in the end everything is finished."""
    backlog, batch, put, done = Backlog(limit_bytes=100, limit_rows=5), [], 0, 0
    for step, number in steps:
        if step == "put":
            backlog.put(item(str(put), number))
            put += 1
        elif step == "take" and not batch:
            batch = backlog.take(1 + number % 3, 0)
        elif step == "retry":
            backlog.retry(batch)
            batch = []
        elif step == "strip":
            backlog.strip(batch)
        elif step == "done":
            backlog.done(batch)
            done, batch = done + len(batch), []
    rest = [*batch, *backlog.take(1000, 0)]
    backlog.done(rest)
    assert backlog.wait_idle(0)
    assert done + len(rest) + backlog.dropped_rows == put
    backlog.put(item("last", 100))
    assert backlog.take(1, 0)[0].size == 100


def test_more_may_come_for_a_moment() -> None:
    """While a batch is gathered a full one, many bytes, or somebody who waits for the disk, end the wait."""
    backlog = Backlog()
    backlog.put(item("a"))
    backlog.put(item("b"))
    assert names(backlog.take(2, 60, gather=60)) == ["a", "b"]

    backlog.put(item("c"))
    thread = threading.Thread(target=backlog.wait_idle, args=(60,))
    thread.start()
    batch = backlog.take(2, 60, gather=60)
    assert names(batch) == ["c"]
    backlog.done([*batch, *batch, *batch])
    thread.join()

    backlog.put(item("d", MANY + 1))
    assert names(backlog.take(2, 60, gather=60)) == ["d"]
