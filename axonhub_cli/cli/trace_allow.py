"""`axonhub trace allow`: let a session go on that has used up its budget."""

import re
from typing import Annotated

import typer

from ..errors import UsageError
from .output import JsonFlag, Result, clean, emit


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(allow)


def allow(
    name: Annotated[str, typer.Argument(metavar="ID", help="The trace, as the error named it.")],
    amount: Annotated[str, typer.Argument(metavar="[+DOLLARS]", help="How much more it may cost, like +5 or +0.50.")] = "",
    requests: Annotated[int, typer.Option("--requests", min=0, help="How many more requests it may make.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Let a session go on: by so many dollars, by so many requests; one that ran in a circle goes on with neither.

    Examples:

      axonhub trace allow 3f2a… +5
      axonhub trace allow 3f2a… --requests 50
    """
    from ..config import orders
    from ..config.paths import paths

    after = orders.allow(paths().orders_file, name, cost=_dollars(amount), requests=requests)
    data = {"trace": name, "cost": after.cost, "requests": after.requests}
    text = f"{name} may go on: ${after.cost:.2f} and {after.requests} requests beyond its budget, in all."
    emit(Result(data, clean(text)), json=json)


def _dollars(text: str) -> float:
    match = re.fullmatch(r"\+?\$?(\d{1,6}(?:\.\d{1,4})?)", text.strip()) if text else None
    if text and match is None:
        raise UsageError(f"{text!r} is no amount.", hint="Say how many dollars more, like +5 or +0.50.")
    return float(match[1]) if match else 0.0
