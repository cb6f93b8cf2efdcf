"""One timer for all calls: each keeps its own limit."""

import asyncio
from typing import Any

import pytest

from axonhub_cli.server.keeper import Keeper, Keepers
from axonhub_cli.server.tasks import spawn
from axonhub_cli.types.problem import Problem

pytestmark = pytest.mark.loops


async def wait(keepers: Keepers, limit: float, done: list[Any], name: str, heard: int = 0) -> None:
    """A call that waits for an upstream, which says something `heard` times and then nothing."""
    keeper = Keeper(None, keepers, grace=60, ping=60)
    keepers.add(keeper)
    try:
        with keeper.guard(limit):
            for _ in range(heard):
                await asyncio.sleep(limit / 2)
                keeper.heard = asyncio.get_running_loop().time()
            await asyncio.Event().wait()
    except TimeoutError:
        done.append(name)
    finally:
        keepers.discard(keeper)


async def test_each_has_its_own_patience() -> None:
    """Whoever came first, and however long the others wait; bytes begin it anew."""
    keepers, done = Keepers(), list[Any]()
    calls = [
        spawn(wait(keepers, limit, done, name, heard), name)
        for name, limit, heard in (("slow", 0.5, 0), ("never", 600, 0), ("quick", 0.02, 0), ("talks", 0.2, 4))
    ]
    await asyncio.wait(calls, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    assert done == ["quick"]
    await asyncio.wait([calls[0], calls[2], calls[3]], timeout=10)
    assert done[0] == "quick"
    assert sorted(done[1:]) == ["slow", "talks"]
    assert len(keepers) == 1
    calls[1].cancel()
    await asyncio.wait(calls)
    assert (len(keepers), len(done)) == (0, 3)


async def test_a_wait_after_a_pause_has_its_limit() -> None:
    """The timer rests while nobody is due, and comes for who comes later."""
    keepers, done = Keepers(), list[Any]()
    await wait(keepers, 0.02, done, "first")
    await asyncio.sleep(0.1)
    await asyncio.wait_for(wait(keepers, 0.02, done, "second"), 10)
    assert done == ["first", "second"]


async def test_one_that_fails_costs_no_other_its_limit() -> None:
    """What is due after it is looked at all the same."""

    class Broken(Keeper):
        def look(self, now: float) -> None:
            self.looks_at = float("inf")
            raise RuntimeError("look")

    failed: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(str(context["exception"])))
    keepers, done = Keepers(), list[Any]()
    broken = Broken(None, keepers, grace=60, ping=60)
    keepers.add(broken)
    with broken.guard(0.01):
        await asyncio.wait_for(asyncio.gather(wait(keepers, 0.02, done, "one"), wait(keepers, 0.03, done, "two")), 10)
    assert (sorted(done), failed) == (["one", "two"], ["look"])


async def test_a_shutdown_ends_every_wait() -> None:
    """At once, with its reason."""
    keepers, done = Keepers(), list[Any]()
    calls = [spawn(wait(keepers, 600, done, str(number)), str(number)) for number in range(3)]
    await asyncio.sleep(0)
    for keeper in keepers:
        keeper.interrupt(Problem(kind="overloaded", message="down"))
    await asyncio.wait_for(asyncio.gather(*calls), 10)
    assert sorted(done) == ["0", "1", "2"]
