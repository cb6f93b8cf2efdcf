"""`axonhub trace replay`: send a recorded request again, to another channel or model, and see both answers side by side.

A server of its own is started for it, inside this process and for this one request, with the same configuration but that channel
alone; a running server and its traces are not touched.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .output import JsonFlag, Result, clean, confirm, emit, interactive
from .tail.figures import count, duration, money, percent, rate

if TYPE_CHECKING:
    from rich.console import Console

    from ..config.schema import Config
    from ..trace.records import BodyKind

Row = dict[str, Any]

_FIGURES = (
    "id", "model", "channel", "outcome", "status", "error", "finish", "first_token_ms", "duration_ms", "usage", "cost"
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    name: Annotated[str, typer.Argument(metavar="ID", help="A request; the beginning of its id is enough.")],
    channel: Annotated[str, typer.Option("--channel", metavar="NAME", help="Where to send it.")],
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Which model to ask (default: as recorded).")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show how the answers differ, line by line.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonFlag = False,
) -> None:
    """Send a recorded request again to a channel of your choice, and compare answer, tokens, cost and times.

    Tools are not run: only the model's answer is fetched. It costs what a request costs, so it asks first.

    Examples:

      axonhub trace replay ar-5f2c91 --channel deepseek
      axonhub trace replay ar-5f2c91 --channel anthropic --model claude-haiku-4-5 --diff
    """
    from ..config.paths import paths
    from ..config.store import load
    from ..trace.conversation import conversation
    from .replaying import send

    config = load(paths().config_file)
    old, bodies = _recorded(config, name, channel)
    target = model or old["model"] or old["asked_model"]
    confirm(_question(config, old, channel, target), yes=yes)
    if interactive():
        sys.stderr.write(f"Waiting for {clean(target, 60)} @{clean(channel, 40)} … (Ctrl-C leaves)\n")
    new, answer = send(config, old, bodies["client_request"], channel, target)
    before, after = (_answer(conversation(each, kept)) for each, kept in ((old, bodies), (new, answer)))
    data = {"recorded": {**_figures(old), "answer": before}, "replayed": {**_figures(new), "answer": after}}
    code = 0 if new["outcome"] == "ok" else 1
    emit(Result(data, lambda console: _print(console, old, new, before, after, diff=diff), code), json=json)


def _recorded(config: "Config", name: str, channel: str) -> "tuple[Row, Mapping[BodyKind, bytes]]":
    """The request and its bodies. Raises `UsageError` when it cannot be sent to that channel."""
    from ..config.check import nearest
    from .trace import open_reader, single

    with open_reader() as traces:
        old = single(traces, name)
        bodies = traces.bodies(old["id"])
    if "client_request" not in bodies:
        hint = "Bodies are kept while config.toml says trace.bodies = true, and not when the disk is too slow or full."
        raise UsageError(f"The body of {old['id']} is not kept, so it cannot be sent again.", hint=hint)
    if config.channel(channel) is None:
        hint = nearest(channel, [each.name for each in config.channels], "Channels")
        raise UsageError(f"There is no channel {channel!r}.", hint=hint)
    return old, bodies


def _question(config: "Config", old: Row, channel: str, model: str) -> str:
    """What will be sent, and about what it will cost: as much as before, without a cache."""
    from .. import pricing
    from ..config.presets import endpoints
    from ..types.messages import Usage

    usage = old["usage"] or {}
    place = config.channel(channel)
    hint = next(iter(endpoints(place).values())).base_url if place is not None else None
    price = pricing.cost(model, Usage(input=usage.get("input"), output=usage.get("output")), hint, config.prices)
    size = f"{count(usage['input'])} tokens" if usage.get("input") else f"{old['bytes_in'] // 1000} KB"
    costs = f"It costs about {money(price)}." if price else "What it costs is not known."
    return f"Send {size} to {model} @{channel}? {costs}"


def _answer(said: list[Any]) -> str:
    """What the model said and called, as text."""
    spoken = (each for each in said if each.who in ("model", "call"))
    return "\n".join(f"{each.name}({each.text})" if each.who == "call" else each.text for each in spoken)


def _figures(request: Row) -> Row:
    return {name: request[name] for name in _FIGURES}


def _print(console: "Console", old: Row, new: Row, before: str, after: str, *, diff: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for name in ("", "recorded", "replayed"):
        grid.add_column(name, overflow="fold")
    for label, *cells in zip(_ROWS, _column(old), _column(new), strict=True):
        if any(cell != "-" for cell in cells):
            grid.add_row(Text(label, style="dim"), *map(Text, cells))
    if not diff:
        grid.add_row("", "", "")
        grid.add_row(Text("answer", style="dim"), Text(clean(before, 4000)), Text(clean(after, 4000)))
    console.print(grid)
    if diff:
        _print_diff(console, before, after)


_ROWS = ("model", "channel", "outcome", "first token", "duration", "tok/s", "in", "cached", "out", "cost", "finish")


def _column(request: Row) -> tuple[str, ...]:
    usage = request["usage"] or {}
    cells = (
        clean(request["model"] or request["asked_model"], 60),
        clean(request["channel"] or "", 40),
        clean(f"{request['outcome']} {request['status'] or ''} {request['error'] or ''}".strip(), 300),
        duration(request["first_token_ms"]),
        duration(request["duration_ms"]),
        rate(usage.get("output"), request["duration_ms"], request["first_token_ms"]),
        count(usage.get("input")),
        percent(usage.get("cache_read"), usage.get("input")),
        count(usage.get("output")),
        money(request["cost"]),
        clean(request["finish"] or "", 40),
    )
    return tuple(cell or "-" for cell in cells)


def _print_diff(console: "Console", before: str, after: str) -> None:
    from difflib import unified_diff

    from rich.text import Text

    lines = list(unified_diff(before.splitlines(), after.splitlines(), "recorded", "replayed", lineterm=""))
    for line in lines or ["The answers are the same."]:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        console.print(Text(clean(line), style=style))
