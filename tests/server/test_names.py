"""How hosts are looked up: once at a time, and without holding up anybody."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from axonhub_cli.server.names import Names

ADDRESS = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))]


class Resolver:
    """A resolver that answers when it may."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []
        self.fails = False

    def __call__(self, host: str, port: int, *, type: int = 0, flags: int = 0) -> Any:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "not numeric")
        self.asked.append(host)
        self.go.wait(10)
        if self.fails:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return ADDRESS


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    return made


async def test_addresses_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread is needed for what is an address already."""
    monkeypatch.setattr(threading.Thread, "start", None)
    assert {found[4][:2] for found in await Names().find("127.0.0.1", 80)} == {("127.0.0.1", 80)}
    assert {found[4][:2] for found in await Names().find("::1", 80)} == {("::1", 80)}


async def test_a_name_is_asked_for_once_at_a_time(resolver: Resolver) -> None:
    """Fifty who want it wait for one thread; who comes later asks anew. One that gives up takes nothing from the others."""
    names = Names()
    waiting = [asyncio.ensure_future(names.find("api.example", 443)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    resolver.go.set()
    assert await asyncio.gather(*waiting[1:]) == [ADDRESS] * 49
    assert waiting[0].cancelled()
    assert await names.find("api.example", 443) == ADDRESS
    assert resolver.asked == ["api.example"] * 2


async def test_what_does_not_exist_is_an_error_for_each(resolver: Resolver) -> None:
    """Also where everybody has left by then."""
    names = Names()
    resolver.fails = True
    waiting = [asyncio.ensure_future(names.find("api.example", 443)) for _ in range(2)]
    lonely = asyncio.ensure_future(names.find("other.example", 443))
    await asyncio.sleep(0)
    lonely.cancel()
    resolver.go.set()
    for each in waiting:
        with pytest.raises(socket.gaierror, match="no such host"):
            await each


async def test_a_name_that_cannot_be_one() -> None:
    """Too long a part of it is no host either."""
    with pytest.raises(socket.gaierror):
        await Names().find("a" * 70 + ".example", 443)


def test_nobody_waits_for_a_resolver_that_hangs(resolver: Resolver) -> None:
    """The loop ends while the answer is still to come, and the answer then goes nowhere."""

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await Names().find("api.example", 443)

    before = set(threading.enumerate())
    asyncio.run(give_up())
    (left,) = set(threading.enumerate()) - before
    assert left.daemon
    resolver.go.set()
    left.join(10)
    assert not left.is_alive()
