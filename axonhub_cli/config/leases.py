"""Leases: which `axonhub run` sessions need the server that one of them started.

`run` becomes the client (exec), so it cannot stop the server when the client ends. Instead each session leaves a file named
after its process before it looks for a server, and a server that was started for such sessions ends when none of them lives.
A file holds the process's start time where the system tells it, so that a reused number is not taken for the session.
"""

from contextlib import suppress
from pathlib import Path

from .files import write_private
from .processes import started


def folder(state_dir: Path) -> Path:
    """Where the leases are."""
    return state_dir / "leases"


def take(where: Path, pid: int) -> Path:
    """Say that this process needs the server. Raises `ConfigError` when the file cannot be written."""
    file = where / str(pid)
    write_private(file, (started(pid) or "").encode())
    return file


def held(where: Path) -> bool:
    """Whether any session lives; the files of those that do not are taken away, with what they put beside (`PID.*`)."""
    found = False
    for file in list(where.glob("*")):
        pid, _, _ = file.name.partition(".")
        if not pid.isdigit():
            continue
        if _lives(where / pid, int(pid)):
            found = True
        else:
            with suppress(OSError):  # another server was faster
                file.unlink()
    return found


def _lives(file: Path, pid: int) -> bool:
    now = started(pid)
    try:
        return now is not None and file.read_text(encoding="ascii") == now
    except OSError:
        return False
