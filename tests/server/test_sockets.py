"""What the listening sockets promise."""

import socket
import sys

import pytest

from axonhub_cli.config.paths import paths
from axonhub_cli.server.sockets import bind


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="this system cannot share a port")
def test_nobody_shares_the_port() -> None:
    """A program that would take half of the connections for itself is refused, also one of the same user."""
    made = bind("127.0.0.1", 0, paths())
    try:
        assert all(each.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 0 for each in made)
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with pytest.raises(OSError, match=r"[Ii]n use"):
                other.bind(made[0].getsockname())
    finally:
        for each in made:
            each.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep other sizes")
def test_a_connection_holds_little_of_what_is_not_read() -> None:
    """The kernel's buffer is bounded for whatever is accepted, and what takes nothing for minutes is ended by it."""
    made = bind("127.0.0.1", 0, paths())
    try:
        with socket.create_connection(made[0].getsockname()) as client:
            made[0].setblocking(True)
            accepted, _ = made[0].accept()
            with accepted:
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 256 * 1024
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 150_000
            client.close()
    finally:
        for each in made:
            each.close()
