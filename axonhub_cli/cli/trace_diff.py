"""`axonhub trace diff`: what became of a request on its way upstream, or what one turn has that another had not."""

import json as _json
import re
from collections.abc import Iterable
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
_ALIKE = 3  # changes of one kind in one place of a list's items that are shown as one

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(diff)


def diff(
    name: Annotated[str, typer.Argument(metavar="ID", help="A request; the beginning of its id is enough.")],
    other: Annotated[str | None, typer.Argument(metavar="[ID]", help="A second request: turn against turn.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Shorten no value, and sum up nothing.")] = False,
    json: JsonFlag = False,
) -> None:
    """Compare bodies by structure: the client's with the one that went upstream, or those of two requests.

    What happened to many items of a list in the same way is shown once.

    Examples:

      axonhub trace diff ar-5f2c91
      axonhub trace diff ar-5f2c91 ar-77aa02
    """
    from ..trace.compare import compare
    from .trace import open_reader, single

    with open_reader() as traces:
        first = single(traces, name)
        if other is None:
            labels = ("what the client sent", f"what went upstream{_way(first)}")
            old, new = _both(traces.bodies(first["id"]), first["id"])
        else:
            second = single(traces, other)
            labels = (first["id"], second["id"])
            old, new = _client(traces, first["id"]), _client(traces, second["id"])
    changes = compare(old, new)
    data = {"from": labels[0], "to": labels[1], "changes": [to_builtins(change) for change in changes]}
    emit(Result(data, lambda console: _print(console, labels, changes, full=full)), json=json)


def _way(request: dict[str, Any]) -> str:
    """Like ` (@deepseek, anthropic → openai-chat)`."""
    last = request["attempts"][-1] if request["attempts"] else None
    if last is None:
        return ""
    way = f", {request['protocol']} → {last['protocol']}" if last["protocol"] != request["protocol"] else ""
    return f" (@{clean(last['channel'], 40)}{way})"


def _both(bodies: Any, request_id: str) -> tuple[bytes, bytes]:
    """The client's body and the upstream's; where only the first is kept, it went as it was."""
    if "client_request" not in bodies:
        raise UsageError(f"No bodies are kept for {request_id}.", hint="config.toml: trace.bodies = true keeps them.")
    return bodies["client_request"], bodies.get("upstream_request", bodies["client_request"])


def _client(traces: "TraceReader", request_id: str) -> bytes:
    return _both(traces.bodies(request_id), request_id)[0]


def _print(console: "Console", labels: tuple[str, str], changes: "list[Change]", *, full: bool) -> None:
    from rich.text import Text

    if not changes:
        console.print(f"No difference: {labels[1]} is {labels[0]}.")
        return
    console.print(f"{labels[0]} → {labels[1]}: {plural(len(changes), 'difference')}", style="bold")
    for path, alike in _groups(changes, 1 << 30 if full else _ALIKE):
        change = alike[0]
        sign, style = _SIGNS[change.kind]
        line = Text(f"{sign} {clean(path, 200)}", style=style)
        console.print(line.append(f"  {len(alike)} ×, the first:", "dim") if len(alike) > 1 else line)
        limit = 1 << 20 if full else _LONG
        if change.kind == "changed":
            old, new = shown(change.old, change.new, limit)
        else:
            old, new = _json_of(change.old, limit), _json_of(change.new, limit)
        if change.kind != "added":
            _value(console, f"- {old}", "red")
        if change.kind != "removed":
            _value(console, f"+ {new}", "green")


def _groups(changes: "Iterable[Change]", least: int) -> "list[tuple[str, list[Change]]]":
    """Changes that are alike together, under the path that they share (`tools[].strict`), at the place of the first."""
    found: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        found.setdefault((change.kind, re.sub(r"\[\d+\]", "[]", change.path)), []).append(change)
    groups: list[tuple[str, list[Change]]] = []
    for (_, path), alike in found.items():
        if len(alike) >= least:
            groups.append((path, alike))
        else:
            groups += [(change.path, [change]) for change in alike]
    return groups


def _value(console: "Console", text: str, style: str) -> None:
    """A value under its path; in a terminal what does not fit goes on below it, in a pipe it is one line."""
    from rich.text import Text

    if not console.is_terminal:
        console.print(Text(f"    {text}", style=style))
        return
    for index, line in enumerate(Text(text, style=style).wrap(console, max(20, console.width - 6))):
        line.rstrip()
        console.print(Text("      " if index else "    ").append_text(line))


def shown(old: Any, new: Any, limit: int = _LONG) -> tuple[str, str]:
    """Two values as text, from a little before the place where they begin to differ."""
    before, after = _json_of(old, 1 << 20), _json_of(new, 1 << 20)
    at = next((index for index, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
    start = max(0, at - _AROUND) if at > _AROUND + 20 and limit == _LONG else 0
    return _from(before, start, limit), _from(after, start, limit)


def _from(text: str, start: int, limit: int) -> str:
    cut = text[start : start + limit]
    return ("…" if start else "") + cut + ("…" if len(text) > start + limit else "")


def _json_of(value: Any, limit: int = _LONG) -> str:
    return clean(_json.dumps(value, ensure_ascii=False), limit).replace("\n", " ")
