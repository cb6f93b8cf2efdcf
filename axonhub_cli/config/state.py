"""`server.json`: how commands find the server that runs now. Written by `serve`, 0600, because it holds the admin token.

Whoever answers on the port has to prove that it wrote the file, before it is told anything: it signs a number of ours and its
port with the admin token (`proof`). A program that has taken the port while no server ran cannot, and is sent no token, no key
and no prompt.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, ValidationError, convert, to_builtins

from ..errors import ConfigError
from .files import read_bytes, write_private

if TYPE_CHECKING:
    from http.client import HTTPConnection

CHALLENGE = "x-axonhub-challenge"  # the header of `GET /health` that asks for a proof
_TIMEOUT = 1.0  # seconds that a server on this machine may take to say that it is alive
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # not bound to: where to reach what is


class ServerState(Struct, frozen=True, kw_only=True):
    """A running server. `started` is a Unix time; `instance` is what `/health` must answer; the admin token opens the feed."""

    pid: int
    host: str
    port: int
    started: float
    instance: str
    admin_token: str

    def __repr__(self) -> str:
        return f"ServerState(pid={self.pid}, host={self.host!r}, port={self.port}, instance={self.instance!r})"


def write(path: Path, state: ServerState) -> None:
    """Say that this server runs."""
    write_private(path, json.dumps(to_builtins(state), indent=2).encode() + b"\n")


def read(path: Path) -> ServerState | None:
    """What the file says, whether or not it is still true. None when there is no usable file."""
    try:
        return convert(json.loads(read_bytes(path, 64 * 1024)), ServerState)
    except (FileNotFoundError, ConfigError, ValueError, RecursionError, ValidationError):
        return None


def running(path: Path) -> ServerState | None:
    """The server, if its process lives and who answers on its port proves to be it."""
    state = read(path)
    if state is None or not alive(state.pid):
        return None
    connection = connect(state)
    if connection is None:
        return None
    connection.close()
    return state


def remove(path: Path, instance: str) -> None:
    """Take the file away, unless another server has written it meanwhile."""
    state = read(path)
    if state is not None and state.instance == instance:
        with suppress(OSError):  # somebody else was faster
            os.unlink(path)


def alive(pid: int) -> bool:
    """Whether a process of that number lives; where that cannot be asked, True."""
    if os.name != "posix":  # there, signal 0 would end the process; /health alone decides
        return True
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it lives, and is somebody else's; /health decides
        return True
    return True


def proof(token: str, port: int, challenge: str) -> str:
    """What a server on that port answers to a challenge: only who can read server.json knows it, and it is good for this port
    alone, so that nobody can have it made elsewhere."""
    import hmac

    return hmac.new(token.encode(), f"axonhub {port} {challenge}".encode(), "sha256").hexdigest()


def connect(state: ServerState, timeout: float = _TIMEOUT) -> "HTTPConnection | None":
    """A connection whose other end has proven to be this server; it is never replaced by another. None when there is none."""
    import hmac
    from http.client import HTTPConnection

    connection = HTTPConnection(_ANY.get(state.host, state.host), state.port, timeout=timeout)
    challenge = os.urandom(16).hex()
    with suppress(OSError):
        connection.connect()
        connection.auto_open = 0
        answer = get(connection, state.port, "/health", {CHALLENGE: challenge}) or {}
        told = str(answer.get("proof")).encode()
        right = hmac.compare_digest(told, proof(state.admin_token, state.port, challenge).encode())
        if right and answer.get("instance") == state.instance:
            return connection
    connection.close()
    return None


def listens(port: int) -> bool:
    """Whether anybody listens on this port of this machine."""
    import socket

    for address in ("127.0.0.1", "::1"):
        with suppress(OSError), socket.create_connection((address, port), timeout=_TIMEOUT):
            return True
    return False


def ask(state: ServerState) -> dict[str, Any] | None:
    """How a running server is (`GET /_axonhub/state`); None when it does not answer."""
    connection = connect(state)
    if connection is None:
        return None
    try:
        return get(connection, state.port, "/_axonhub/state", {"Authorization": f"Bearer {state.admin_token}"})
    finally:
        connection.close()


def get(connection: "HTTPConnection", port: int, path: str, headers: dict[str, str]) -> dict[str, Any] | None:
    """The JSON object that a server on this machine answers; None for anything else."""
    from http.client import HTTPException

    try:
        connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}", **headers})
        response = connection.getresponse()
        answer = json.loads(response.read(1 << 20))
        return answer if isinstance(answer, dict) and response.status == 200 else None
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
