"""`axonhub ready`: for scripts that need a server."""

from typing import Annotated

import typer

from ..errors import NotRunning
from . import detach
from .output import JsonFlag, Result, emit


def register(app: typer.Typer) -> None:
    """Add ready."""
    app.command()(ready)


def ready(
    wait: Annotated[bool, typer.Option("--wait", help="Wait until one answers.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="At most that many seconds.")] = 30.0,
    json: JsonFlag = False,
) -> None:
    """Say whether a server answers, or wait for one. Exit code 3 when none does.

    Example:

        axonhub serve --no-tail & axonhub ready --wait && claude -p "say hello"
    """
    found = detach.wait(timeout if wait else 0)
    if found is None:
        after = f" within {timeout:g} s" if wait else ""
        raise NotRunning(f"No axonhub server answers{after}.", hint="Start one: axonhub serve --detach")
    data = {"ready": True, "url": f"http://127.0.0.1:{found.port}", "port": found.port, "pid": found.pid}
    emit(Result(data, f"axonhub answers on http://127.0.0.1:{found.port}."), json=json)
