"""Clients' connections that wait for their next request: many are cheap, but each takes an open file that a stream may need.

Who waits for longest is closed first when there are too many. `front` closes what is silent for longer than the keep-alive time,
before its first request, in the middle of its headers, and between two requests.
"""

import time
from collections.abc import Iterable

from .front import Connection

MOST = 512  # that may wait at a time
KEEP_SECONDS = 75.0  # that each may wait
_YOUNG = 1.0  # seconds for which none is closed: its request may be on its way


class Connections:
    """How many may wait."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most

    def trim(self, connections: Iterable[Connection]) -> int:
        """Of these, which are all that are open, close the idle ones that are too many; how many that were."""
        until = time.monotonic() - _YOUNG
        idle = sorted((each for each in connections if not each.busy and each.since < until), key=lambda each: each.since)
        spare = idle[: max(0, len(idle) - self.most)]
        for connection in spare:
            connection.close()
        return len(spare)
