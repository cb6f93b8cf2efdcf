"""What a server asks of its process: enough files, no core dumps, no looking in from outside, and a quiet log when files run out.

Secrets are in this process's memory. On Linux it is made undumpable: other processes of the same user cannot read its memory or
its environment then. That also keeps debuggers out; `AXONHUB_DEBUGGABLE=1` leaves the door open for them.
"""

import asyncio
import errno
import gc
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import UsageError

_PR_SET_DUMPABLE = 4
_WANTED = 65536  # open files; each stream needs two
_RESERVE = 64  # files that are not for streams: the store, listening sockets, secrets, logs
_EVERY = 10.0  # seconds between two complaints about files that ran out


def harden() -> None:
    """No core dump with secrets in it, no other process that reads them."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and not os.environ.get("AXONHUB_DEBUGGABLE"):
        with suppress(OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def new_loop() -> asyncio.AbstractEventLoop:
    """The server's event loop. uvloop where it is installed: a stream at a model's pace costs about a tenth less CPU with it.
    `AXONHUB_LOOP=asyncio` switches back to Python's own, which serves as well. Raises `UsageError`."""
    wanted = os.environ.get("AXONHUB_LOOP") or "any"
    if wanted not in ("any", "asyncio", "uvloop"):
        raise UsageError(f"There is no event loop {wanted!r}.", hint="AXONHUB_LOOP may be asyncio or uvloop, or be unset.")
    if wanted != "asyncio":
        try:
            import uvloop
        except ImportError:  # Windows, PyPy, and machines for which there is no wheel
            if wanted == "uvloop":
                hint = "Install it (pip install uvloop), or unset AXONHUB_LOOP."
                raise UsageError("AXONHUB_LOOP asks for uvloop, which is not here.", hint=hint) from None
        else:
            return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def rest_collector() -> None:
    """Leave what start-up made alone, and look for garbage less often: with big bodies a full look came every few requests, and
    held every stream up for tens of milliseconds. Rarer still costs memory: 20,000 took 40 MB more."""
    gc.freeze()
    gc.set_threshold(3_000, 20, 100)


def collect_at_rest() -> None:
    """A full look for garbage, which takes some 15 ms, for a moment when nothing runs; not again before there was more work. The
    collector itself takes one after six million objects only, and what libraries leave behind would wait as long."""
    if any(gc.get_count()[1:]):
        gc.collect()


def share_interpreter() -> None:
    """Let the loop have the interpreter back from the trace writer soon: Python's own 5 ms are a delay that people see."""
    sys.setswitchinterval(0.0005)


def room() -> int | None:
    """Raise the limit of open files as far as it goes; how many requests may run at a time then (None: no limit known)."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return None if soft == resource.RLIM_INFINITY else max(1, (soft - _RESERVE) // 2)


def watch_loop(loop: asyncio.AbstractEventLoop, tell: Callable[[str, str], None]) -> None:
    """Say that files ran out as one sentence now and then; a line for each try to accept would come several times a second."""
    last = -_EVERY

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal last
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            loop.default_exception_handler(context)
            return
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            tell(
                "error", "axonhub has run out of open files: new connections wait. Raise the limit (ulimit -n 65536) and restart."
            )

    loop.set_exception_handler(handle)
