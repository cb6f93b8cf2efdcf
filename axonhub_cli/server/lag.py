"""How late the event loop is: what every stream waits for in addition, whatever the cause. `axonhub status --json` shows it."""

import asyncio
from collections import deque

EVERY = 0.1  # seconds between two looks
KEPT = 600  # looks: a minute of them


class Lag:
    """Lateness of a timer, in milliseconds, over the last minute."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=KEPT)

    async def watch(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            self._late.append(max(0.0, (loop.time() - due) * 1000))

    def state(self) -> dict[str, float]:
        """p50, p99 and the most, in milliseconds; empty before the first look."""
        late = sorted(self._late)
        if not late:
            return {}
        return {"p50": round(late[len(late) // 2], 2), "p99": round(late[int(len(late) * 0.99)], 2), "max": round(late[-1], 2)}
