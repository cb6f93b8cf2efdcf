"""The listening sockets: both loopback families, with bounds on what a client that does not read can hold.

Both families are bound, so that nobody else can sit on `localhost`'s other address. What is set on a listening socket holds for
every connection that it accepts (Linux and the BSDs; elsewhere the stream's own timer, `client.Keeper`, does without).
"""

import errno
import os
import socket
from contextlib import suppress

from ..config import state
from ..config.paths import Paths
from ..errors import AxonHubError, ConfigError, Taken

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SEND_BUFFER = 96 * 1024  # bytes (Linux doubles it, and less than one loopback segment stalls); left alone the kernel keeps 4 MB
_UNREAD = 150_000  # milliseconds for which a connection may take nothing of what is sent to it


def bind(host: str, port: int, where: Paths) -> list[socket.socket]:
    """Listening sockets: for a loopback host, both families on the same port. Raises `ConfigError` that says who holds the
    port."""
    wanted = ["127.0.0.1", "::1"] if host in LOOPBACK else [host]
    made: list[socket.socket] = []
    try:
        for address in wanted:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            made += _bind_one(family, address, made[0].getsockname()[1] if made and port == 0 else port)
    except OSError as error:
        for each in made:
            each.close()
        raise _taken(error, host, port, where) from None
    return made


def _bind_one(family: int, address: str, port: int) -> list[socket.socket]:
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if family == socket.AF_INET6:
            return []  # no IPv6 here at all: nobody can sit there either
        raise
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _bound(made)
        made.bind((address, port))
        made.listen(1024)
        made.setblocking(False)
    except OSError as error:
        made.close()
        if family == socket.AF_INET6 and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return []
        raise
    return [made]


def _bound(listener: socket.socket) -> None:
    """What every accepted connection inherits."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        with suppress(OSError):  # not every system that has the name has the option
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD)


def _taken(error: OSError, host: str, port: int, where: Paths) -> AxonHubError:
    if error.errno == errno.EACCES:
        return ConfigError(
            f"Port {port} needs rights that axonhub does not have.", hint="Choose one above 1023: axonhub serve --port 8090"
        )
    if error.errno != errno.EADDRINUSE:
        return ConfigError(
            f"Cannot listen on {host}:{port}: {error.strerror}.", hint="Check --host and [server] host in config.toml."
        )
    ours = state.running(where.server_file)
    if ours is not None and ours.port == port:
        return Taken(f"An axonhub server runs on port {port} already (pid {ours.pid}).", hint="Use it, or end it: axonhub stop")
    who = holder(port)
    return Taken(f"Port {port} is taken by {who}.", hint="End that program, or choose another port: axonhub serve --port N")


def holder(port: int) -> str:
    """Who listens on a port, as far as this user may know (Linux)."""
    with suppress(OSError, ValueError):
        inodes = set()
        for name in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(name, encoding="ascii") as table:
                rows = [line.split() for line in table][1:]
            inodes |= {row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}
        links = {f"socket:[{inode}]" for inode in inodes}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError):
                if any(os.readlink(f"/proc/{pid}/fd/{fd}") in links for fd in os.listdir(f"/proc/{pid}/fd")):
                    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                        return f"{comm.read().strip()} (pid {pid})"
    return "another program"
