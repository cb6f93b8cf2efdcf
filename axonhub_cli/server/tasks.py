"""Background tasks with a name and a reference, and the one place where tests scale time."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

_running: set[asyncio.Task[Any]] = set()
log = logging.getLogger("axonhub")


def spawn(work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
    """Run a coroutine beside the caller; a failure is logged by type, never lost."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _running.add(task)
    task.add_done_callback(_done)
    return task


def _done(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task %s failed: %s: %s", task.get_name(), type(error).__name__, error)


def scale() -> float:
    """What every timer is multiplied with: AXONHUB_TEST_TIME_SCALE, 1 outside tests."""
    try:
        return float(os.environ.get("AXONHUB_TEST_TIME_SCALE", "") or 1.0)
    except ValueError:
        return 1.0
