"""New connections: how many at a time, and what happens when files run out."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

import pytest

from axonhub_cli.server import accepting
from axonhub_cli.server.accepting import Door
from axonhub_cli.server.front import Front
from axonhub_cli.server.process import watch_loop

pytestmark = pytest.mark.loops


class Guest(asyncio.Protocol):
    """Says hello to whoever comes, and counts them by the turn of the loop in which they came."""

    came = 0

    def connection_made(self, transport: Any) -> None:
        Guest.came += 1
        transport.write(b"hello")
        transport.close()


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Nobody has come yet."""
    Guest.came = 0


class Poor:
    """A listening socket whose process has no files left for the first tries."""

    def __init__(self, sock: socket.socket, error: int, times: int) -> None:
        self._sock, self._error, self.left = sock, error, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def accept(self) -> tuple[socket.socket, Any]:
        if self.left:
            self.left -= 1
            raise OSError(self._error, "no more")
        return self._sock.accept()


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


async def greeted(sock: Any) -> bytes:
    """What a client hears there."""
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return said


async def test_a_crowd_is_taken_in_a_few_turns() -> None:
    """Not one connection at each turn, and never so many that those who are in have to wait for long."""
    sock = listening()
    crowd = [socket.create_connection(sock.getsockname()) for _ in range(100)]
    taken: list[int] = []
    real, turns = accepting.spawn, 0

    def count(work: Any, name: str) -> Any:
        taken.append(turns)
        return real(work, name)

    door = Door(sock, Guest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accepting, "spawn", count)
        while Guest.came < 100:
            turns += 1
            await asyncio.sleep(0)
    assert max(taken.count(turn) for turn in set(taken)) <= accepting._AT_ONCE
    assert len(set(taken)) < 10
    assert [each.recv(5) for each in crowd] == [b"hello"] * 100
    for each in crowd:
        each.close()
    door.close()


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_without_files_clients_wait_and_the_log_says_so(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence; who came in the meantime is served when there are files again."""
    monkeypatch.setattr(accepting, "_REST", 0.01)
    loop, told = asyncio.get_running_loop(), []
    watch_loop(loop, lambda level, message: told.append((level, message)))
    poor: Any = Poor(listening(), error, times=3)
    door = Door(poor, Guest)
    assert await greeted(poor) == b"hello"
    assert poor.left == 0
    door.close()
    loop.set_exception_handler(None)
    assert [level for level, _ in told] == ["error"]
    assert "open files" in told[0][1]


async def test_a_door_that_closes_without_files_stays_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No try comes afterwards, and closing twice does nothing."""
    monkeypatch.setattr(accepting, "_REST", 0.01)
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    poor: Any = Poor(listening(), errno.EMFILE, times=1_000_000)
    door = Door(poor, Guest)
    with socket.create_connection(poor.getsockname()):
        while not told:
            await asyncio.sleep(0.001)
    door.close()
    door.close()
    tries = 1_000_000 - poor.left
    await asyncio.sleep(0.05)
    loop.set_exception_handler(None)
    assert 1_000_000 - poor.left == tries == len(told)
    assert caplog.records == []


async def test_who_leaves_at_the_door_troubles_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that is reset before it is taken, or that the system takes back."""
    poor: Any = Poor(listening(), errno.ECONNABORTED, times=1)
    gone = socket.create_connection(poor.getsockname())
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone.close()
    door = Door(poor, Guest)
    assert await greeted(poor) == b"hello"
    door.close()
    assert caplog.records == []


async def test_a_loop_that_cannot_watch_sockets_listens_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""

    class Blind(Door):
        def __init__(self, sock: socket.socket, made: Callable[[], asyncio.Protocol]) -> None:
            raise NotImplementedError

    monkeypatch.setattr("axonhub_cli.server.front.Door", Blind)
    front = Front(lambda request: asyncio.sleep(0))  # type: ignore[arg-type, return-value]  # nobody asks
    sock = listening()
    await front.listen(sock)
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(b"nonsense\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()
    await front.close(0)
