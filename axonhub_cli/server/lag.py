"""How late the event loop is: what every stream waits for in addition, whatever the cause. `axonhub status --json` shows it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

EVERY = 0.1  # seconds between two looks while requests run
IDLE = 5.0  # and while none does: looking costs, too
KEPT = 600  # looks: a minute of requests


class Lag:
    """Lateness of a timer, in milliseconds, over the last minute in which requests ran."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=KEPT)

    async def watch(self, busy: Callable[[], bool]) -> None:
        """Look until cancelled; `busy` says whether requests run."""
        while True:
            every = EVERY if busy() else IDLE
            due = time.monotonic() + every
            await asyncio.sleep(every)
            self._late.append(max(0.0, (time.monotonic() - due) * 1000))

    def state(self) -> dict[str, float]:
        """p50, p99 and the most, in milliseconds; empty before the first look."""
        late = sorted(self._late)
        if not late:
            return {}
        return {"p50": round(late[len(late) // 2], 2), "p99": round(late[int(len(late) * 0.99)], 2), "max": round(late[-1], 2)}
