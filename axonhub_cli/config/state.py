"""`server.json`: how commands find the server that runs now. Written by `serve`, 0600, because it holds the admin token."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError, convert, to_builtins

from ..errors import ConfigError
from .files import read_bytes, write_private

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
    """The server, if its process lives and its port answers `GET /health` with the same instance."""
    state = read(path)
    if state is None or not alive(state.pid) or _instance(state) != state.instance:
        return None
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


def _instance(state: ServerState) -> object:
    answer = _get(state, "/health", {})
    return answer.get("instance") if answer is not None else None


def ask(state: ServerState) -> dict[str, Any] | None:
    """How a running server is (`GET /_axonhub/state`); None when it does not answer."""
    return _get(state, "/_axonhub/state", {"Authorization": f"Bearer {state.admin_token}"})


def _get(state: ServerState, path: str, headers: dict[str, str]) -> dict[str, Any] | None:
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(_ANY.get(state.host, state.host), state.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"Host": f"127.0.0.1:{state.port}", **headers})
        response = connection.getresponse()
        answer = json.loads(response.read(1 << 20))
        return answer if isinstance(answer, dict) and response.status == 200 else None
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()
