"""The log of a server in the background: a file of our own that stdout and stderr lead to, and that does not grow without end.

Whoever started the server opened the file (`serve --detach`, launchd, the Windows task); that it is ours is told by what stderr
leads to. At 4 MB it is put aside as `server.log.1`, over the one before, and a new one begun. A file that somebody else has moved
away is begun anew as well.
"""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

LIMIT = 4 * 1024 * 1024


class Lines:
    """Writes lines to stderr; a disk that is full costs lines, never the server."""

    def __init__(self, log: Path, limit: int = LIMIT) -> None:
        self._log, self._limit = log, limit
        self._ours = _leads_to(log)

    def write(self, line: str) -> None:
        """Write one, and begin a new file where the old one is full or gone."""
        with suppress(OSError, ValueError):  # no room, or nobody reads: the next line may fare better
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        if self._ours:
            with suppress(OSError):
                self._renew()

    def _renew(self) -> None:
        there = _leads_to(self._log)
        if there and os.fstat(2).st_size <= self._limit:
            return
        if there:
            os.replace(self._log, self._log.with_name(self._log.name + ".1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        fresh = os.open(self._log, flags, 0o600)
        try:
            os.dup2(fresh, 1)
            os.dup2(fresh, 2)
        finally:
            os.close(fresh)


def _leads_to(log: Path) -> bool:
    """Whether stderr is this very file."""
    try:
        here, there = os.fstat(2), os.stat(log)
    except OSError:
        return False
    return stat.S_ISREG(here.st_mode) and os.path.samestat(here, there)
