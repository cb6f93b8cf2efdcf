"""Starting a server in the background and waiting until it answers: `serve --detach`, `run`, `ready`.

The server is the same command with `--no-tail`, in a session of its own (a Ctrl-C at this terminal is not meant for it), with
its lines in a log file beside `server.json`.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.program import ourselves
from ..errors import NotRunning
from .output import Result

if TYPE_CHECKING:
    from ..config.state import ServerState

_POLL = 0.05  # seconds between looks
_START = 30.0  # seconds that a server may take to listen
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows only


def log_file() -> Path:
    """Where a server in the background writes its lines."""
    from ..config.paths import paths

    return paths().state_dir / "server.log"


def running() -> "ServerState | None":
    """The server that answers now."""
    from ..config import state
    from ..config.paths import paths

    return state.running(paths().server_file)


def serve_detached(options: Mapping[str, object]) -> Result:
    """`serve --detach`: start a server with these options (a flag's value is True), unless one runs already."""
    found = running()
    already = found is not None
    if found is None:
        given = {name: value for name, value in options.items() if value is not None and value is not False}  # port 0 is given
        found = start([word for name, value in given.items() for word in ([name] if value is True else [name, str(value)])])
    data = {"running": True, "started": not already, "pid": found.pid, "port": found.port, "log": str(log_file())}
    text = f"axonhub runs on http://127.0.0.1:{found.port} (pid {found.pid})."
    return Result(data, f"{text} It ran already." if already else f"{text} Log: {log_file()}. End it: axonhub stop")


def start(arguments: Sequence[str] = ()) -> "ServerState":
    """Start `axonhub serve` with these arguments in the background; gives its state once it answers.

    `NotRunning` with the log's last line when it ends instead, or does not answer in time.
    """
    log = log_file()
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(log, "ab", opener=_private) as out:
        before = out.tell()
        process = subprocess.Popen(  # noqa: S603  # this very program
            [*ourselves(), "serve", "--no-tail", *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True, creationflags=_NO_WINDOW,
        )  # fmt: skip
    found = wait(_START, process)
    if found is not None:
        return found
    process.terminate()
    said = _said(log, before)
    raise NotRunning(f"The server did not start{f': {said}' if said else '.'}", hint=f"Its log: {log}")


def wait(seconds: float, process: "subprocess.Popen[bytes] | None" = None) -> "ServerState | None":
    """The server as soon as one answers, None when none does in that time, or when `process`, which is to be it, has ended."""
    until = time.monotonic() + seconds
    while True:
        found = running()
        if found is not None and (process is None or found.pid == process.pid):
            return found
        if time.monotonic() >= until or (process is not None and process.poll() is not None):
            return None
        time.sleep(_POLL)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _said(log: Path, start: int) -> str:
    """What the server wrote before it ended, without our own prefix."""
    with open(log, "rb") as file:
        file.seek(start)
        lines = file.read(64 * 1024).decode(errors="replace").splitlines()
    return " ".join(line.strip().removeprefix("axonhub: ") for line in lines[-2:])
