"""`axonhub trace diff`: what became of a request on its way upstream, or what one turn has that another had not."""

import json as _json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import to_builtins

from ..errors import UsageError
from .output import JsonFlag, Result, clean, emit
from .tail.figures import plural

if TYPE_CHECKING:
    from rich.console import Console

    from ..trace.compare import Change
    from ..trace.reader import TraceReader

_LONG = 160  # characters of a value that are shown
_AROUND = 40  # characters before the first difference of two texts

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(diff)


def diff(
    name: Annotated[str, typer.Argument(metavar="ID", help="A request; the beginning of its id is enough.")],
    other: Annotated[str | None, typer.Argument(metavar="[ID]", help="A second request: turn against turn.")] = None,
    json: JsonFlag = False,
) -> None:
    """Compare bodies by structure: the client's with the one that went upstream, or those of two requests.

    Examples:

      axonhub trace diff ar-5f2c91
      axonhub trace diff ar-5f2c91 ar-77aa02
    """
    from ..trace.compare import compare
    from .trace import open_reader, single

    with open_reader() as traces:
        first = single(traces, name)
        if other is None:
            labels = ("what the client sent", "what went upstream")
            old, new = _both(traces.bodies(first["id"]), first["id"])
        else:
            second = single(traces, other)
            labels = (first["id"], second["id"])
            old, new = _client(traces, first["id"]), _client(traces, second["id"])
    changes = compare(old, new)
    data = {"from": labels[0], "to": labels[1], "changes": [to_builtins(change) for change in changes]}
    emit(Result(data, lambda console: _print(console, labels, changes)), json=json)


def _both(bodies: Any, request_id: str) -> tuple[bytes, bytes]:
    """The client's body and the upstream's; where only the first is kept, it went as it was."""
    if "client_request" not in bodies:
        raise UsageError(f"No bodies are kept for {request_id}.", hint="config.toml: trace.bodies = true keeps them.")
    return bodies["client_request"], bodies.get("upstream_request", bodies["client_request"])


def _client(traces: "TraceReader", request_id: str) -> bytes:
    return _both(traces.bodies(request_id), request_id)[0]


def _print(console: "Console", labels: tuple[str, str], changes: "list[Change]") -> None:
    from rich.text import Text

    if not changes:
        console.print(f"No difference: {labels[1]} is {labels[0]}.")
        return
    console.print(f"{labels[0]} → {labels[1]}: {plural(len(changes), 'difference')}", style="bold")
    for change in changes:
        sign, style = _SIGNS[change.kind]
        console.print(Text(f"{sign} {clean(change.path, 200)}", style=style))
        old, new = shown(change.old, change.new) if change.kind == "changed" else (_json_of(change.old), _json_of(change.new))
        if change.kind != "added":
            _value(console, f"- {old}", "red")
        if change.kind != "removed":
            _value(console, f"+ {new}", "green")


def _value(console: "Console", text: str, style: str) -> None:
    """A value under its path; in a terminal what does not fit goes on below it, in a pipe it is one line."""
    from rich.padding import Padding
    from rich.text import Text

    if console.is_terminal:
        console.print(Padding(Text(text, style=style), (0, 0, 0, 4)), soft_wrap=False)
    else:
        console.print(Text(f"    {text}", style=style))


def shown(old: Any, new: Any) -> tuple[str, str]:
    """Two values as text, from a little before the place where they begin to differ."""
    before, after = _json_of(old, 1 << 20), _json_of(new, 1 << 20)
    at = next((index for index, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
    start = max(0, at - _AROUND) if at > _AROUND + 20 else 0
    return _from(before, start), _from(after, start)


def _from(text: str, start: int) -> str:
    cut = text[start : start + _LONG]
    return ("…" if start else "") + cut + ("…" if len(text) > start + _LONG else "")


def _json_of(value: Any, limit: int = _LONG) -> str:
    return clean(_json.dumps(value, ensure_ascii=False), limit).replace("\n", " ")
