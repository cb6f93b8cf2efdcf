"""`axonhub setup` called from another command: the same command line, its result as data."""

import io
import json
from contextlib import redirect_stdout
from typing import Any

from .lazy import load

_WRITE = {"claude-code": ("--write",)}  # whose plain set-up only prints exports


def set_up(name: str) -> dict[str, Any]:
    """Set a client up in its own file. Errors of the command pass through."""
    out = io.StringIO()
    with redirect_stdout(out):
        load("setup", "setup").main([name, *_WRITE.get(name, ()), "--yes", "--json"], standalone_mode=False)
    done: dict[str, Any] = json.loads(out.getvalue())
    return done
