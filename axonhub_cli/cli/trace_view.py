"""How recorded traces look to people: a table of traces, a tree of one, the bodies of a request.

All that came from clients, models and upstreams goes through `clean`. rich is imported where it is used.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .output import clean
from .tail.figures import age, count, duration, money, percent, plural

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text
    from rich.tree import Tree

Row = dict[str, Any]

_SHORT = 13  # characters of a trace id: of a UUIDv7 that is its whole timestamp
_WHOLE = 10_000  # columns: no line of a tree is longer
_RIGHT = ("Reqs", "Err", "In", "Out", "Cached", "Cost")
_FLEXIBLE = ("Title", "Models")
_COLUMNS = ("When", "Trace", "Client", *_FLEXIBLE, *_RIGHT)
_STYLES = {"ok": "green", "error": "red", "running": "cyan", "cancelled": "yellow", "interrupted": "yellow"}


def listing(traces: Iterable[Row], now: float) -> "RenderableType":
    """A table, one line a trace. Where the terminal is narrow, titles and models are cut, and nothing else."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    lines = [_line(trace, now) for trace in traces]
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name, *cells in zip(_COLUMNS, *lines, strict=True):
        fixed = name not in _FLEXIBLE
        widest = max(map(cell_len, (name, *cells))) if fixed else None
        grid.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=fixed, min_width=widest)
    for line in lines:
        grid.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in line))
    return grid


def _line(trace: Row, now: float) -> tuple[str, ...]:
    return (
        f"{age(now - trace['last'])} ago",
        clean(trace["id"])[:_SHORT],
        _cut(trace["client"], 14),
        _cut(trace["title"] or "", 40),
        _some(trace["models"], 40),
        f"{trace['requests']}{' …' if trace['running'] else ''}",
        str(trace["errors"] or ""),
        count(trace["input_tokens"]),
        count(trace["output_tokens"]),
        percent(trace["cached_tokens"], trace["input_tokens"]),
        money(trace["cost"], trace["unpriced"]),
    )


def tree(trace: Row) -> "Callable[[Console], None]":
    """A trace, its requests, and under each what happened to it: attempts, tools, losses, the error. A terminal wraps long lines
    inside the tree; in a pipe they stay whole."""
    from rich.tree import Tree

    root = Tree(_words(*_head(trace)))
    for request in trace["requests"]:
        node = root.add(_words(*_request(request)))
        _details(node, request)
    return lambda console: console.print(root, soft_wrap=False, width=None if console.is_terminal else _WHOLE)


def _head(trace: Row) -> Iterable[tuple[str, str]]:
    yield clean(trace["id"], 200), "bold"
    yield clean(" ".join(filter(None, (trace["client"], trace["client_version"]))), 100), ""
    for thread in trace["threads"]:
        yield f"thread {_cut(thread, 60)}", ""
    yield plural(len(trace["requests"]), "request"), ""
    if trace["errors"]:
        yield f"{trace['errors']} failed", "red"
    yield duration((trace["last"] - trace["first"]) * 1000), "dim"
    yield from _tokens(trace["input_tokens"], trace["cached_tokens"], trace["output_tokens"])
    yield money(trace["cost"], trace["unpriced"]), "bold"


def _request(request: Row) -> Iterable[tuple[str, str]]:
    usage = request["usage"] or {}
    asked, model = request["asked_model"], request["model"]
    yield clean(request["id"], 60), "dim"
    yield _clock(request["started"]), ""
    if request["agent"]:
        yield f"[{_cut(request['agent'], _SHORT)}]", "magenta"
    if request["kind"] != "turn":
        yield str(request["kind"]), "magenta"
    yield _cut(f"{asked} → {model}" if model and model != asked else asked, 80), "bold"
    yield f"@{_cut(request['channel'], 40)}" if request["channel"] else "", "cyan"
    yield f"{request['outcome']} {request['status'] or ''}".strip(), _STYLES.get(request["outcome"], "")
    yield duration(request["duration_ms"]), ""
    yield from _tokens(usage.get("input"), usage.get("cache_read"), usage.get("output"))
    yield money(request["cost"]), ""
    yield clean(request["finish"] or "", 40), "dim"


def _tokens(input_: int | None, cached: int | None, output: int | None) -> Iterable[tuple[str, str]]:
    share = percent(cached, input_)
    yield (f"in {count(input_)}" + (f" ({share} cached)" if share else "")) if input_ is not None else "", ""
    yield f"out {count(output)}" if output is not None else "", ""


def _details(node: "Tree", request: Row) -> None:
    if request["prompt"]:
        node.add(_words((f"“{_cut(request['prompt'], 100)}”", "dim")))
    for attempt in request["attempts"]:
        node.add(_words(*_attempt(attempt)))
    if request["tools"]:
        node.add(_words(("tools", "dim"), (_cut(", ".join(request["tools"]), 200), "")))
    for loss in request["losses"]:
        node.add(_words((_cut(loss["action"], 20), "yellow"), (_cut(loss["path"], 80), ""), (_cut(loss["why"], 200), "dim")))
    if request["error"]:
        node.add(_words((_cut(request["error"], 400), "red")))


def _attempt(attempt: Row) -> Iterable[tuple[str, str]]:
    yield f"attempt {attempt['index'] + 1}", "dim"
    yield _cut(attempt["channel"], 40), "cyan"
    yield _cut(attempt["model"], 60), ""
    yield f"{_cut(attempt['protocol'], 20)}, {_cut(attempt['lane'], 20)}", "dim"
    yield f"{attempt['outcome']} {attempt['status'] or ''}".strip(), _STYLES.get(attempt["outcome"], "")
    yield duration(attempt["duration_ms"]), ""
    yield _cut(attempt["reason"] or "", 200), "dim"


def bodies(request_id: str, texts: dict[str, str]) -> str:
    """The stored bodies as text, each under its name."""
    if not texts:
        return f"No bodies are kept for {clean(request_id, 60)} (config.toml: trace.bodies)."
    order = ("client_request", "upstream_request", "upstream_response", "client_response")
    kinds = sorted(texts, key=lambda kind: order.index(kind) if kind in order else len(order))
    return "\n\n".join(f"── {kind} ({len(texts[kind])} characters)\n{clean(texts[kind], len(texts[kind]))}" for kind in kinds)


def _words(*words: tuple[str, str]) -> "Text":
    """Words with their styles in one line; empty ones are left out."""
    from rich.text import Text

    line = Text()
    for word, style in words:
        if word:
            line.append("  " if line else "").append(word, style)
    return line


def _cut(text: str, limit: int) -> str:
    """One line of foreign text, at most that long."""
    line = clean(" ".join(text[: 4 * limit + 100].split()), 4 * limit + 100)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _some(names: list[str], limit: int) -> str:
    """The first names that fit, and how many more there are."""
    first = _cut(names[0], limit) if names else ""
    return f"{first} +{len(names) - 1}" if len(names) > 1 else first


def _clock(moment: float) -> str:
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment))
    except (OverflowError, OSError, ValueError):
        return "--:--:--"
