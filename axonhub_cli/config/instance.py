"""One server per folder: a lock that dies with its process, so that a killed server stands in nobody's way."""

import os
from pathlib import Path

from ..errors import ConfigError, Taken
from . import state
from .files import lock, reason

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)  # not on Windows


class InstanceLock:
    """Held from start to end of a server. Where the file system has no locks, the port alone keeps two apart."""

    def __init__(self, server_file: Path) -> None:
        self._server_file = server_file
        self._handle: int | None = None

    def take(self) -> None:
        """Take it, or raise a `Taken` that names the server that has it."""
        path = self._server_file.with_suffix(".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)
        except OSError as error:
            raise ConfigError(f"{path} cannot be used: {reason(error)}.", hint="Check its permissions, or remove it.") from error
        try:
            lock(handle, wait=False)
        except BlockingIOError:
            os.close(handle)
            raise self._running() from None
        except OSError:  # a network file system without locks
            pass
        self._handle = handle

    def release(self) -> None:
        """Let go of it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _running(self) -> Taken:
        found = state.read(self._server_file)
        who = f" (pid {found.pid}, port {found.port})" if found is not None else ""
        return Taken(
            f"An axonhub server{who} uses {self._server_file.parent} already.",
            hint="Use it, or end it: axonhub stop. A second one needs a folder of its own: AXONHUB_HOME=DIR axonhub serve",
        )
