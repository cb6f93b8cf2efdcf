"""How recorded traces look to people: a table of them, the bodies of a request, and the words that other views share.

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

Row = dict[str, Any]

_SHORT = 13  # characters of a trace id: of a UUIDv7 that is its whole timestamp
_WIDE = 120  # columns of a terminal that has room for the whole table
_PIPE = 240  # columns where there is no terminal: nothing is cut that the table itself does not cut
_RIGHT = ("Reqs", "Err", "In", "Out", "Cached", "Cost")
_FLEXIBLE = ("Title", "Models")
_COLUMNS = ("When", "Trace", "Client", *_FLEXIBLE, *_RIGHT)
STYLES = {"ok": "green", "error": "red", "running": "cyan", "cancelled": "yellow", "interrupted": "yellow"}


def listing(traces: Iterable[Row], now: float) -> "Callable[[Console], None]":
    """A table, one line a trace. A narrow terminal gets fewer columns, so that titles can be read; a pipe gets all of it."""
    lines = [_line(trace, now) for trace in traces]

    def show(console: "Console") -> None:
        if not console.is_terminal:
            console.width = _PIPE
        console.print(_grid(lines, narrow=console.width < _WIDE))

    return show


def _grid(lines: list[tuple[str, ...]], *, narrow: bool) -> "RenderableType":
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    columns = [column for column in zip(_COLUMNS, *lines, strict=True) if not narrow or _is_kept(column)]
    for name, *cells in columns:
        fixed = name not in _FLEXIBLE
        widest = max(map(cell_len, (name, *cells))) if fixed else None
        grid.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=fixed, min_width=widest)
    for line in list(zip(*columns, strict=True))[1:]:
        grid.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in line))
    return grid


def _is_kept(column: tuple[str, ...]) -> bool:
    """Whether a narrow table has this column: not what can be seen in the trace itself, and no empty one."""
    return column[0] not in ("Models", "In", "Out") and any(column[1:])


def _line(trace: Row, now: float) -> tuple[str, ...]:
    return (
        f"{age(now - trace['last'])} ago",
        clean(trace["id"])[:_SHORT],
        cut(trace["client"], 14),
        cut(trace["title"] or "", 40),
        _some(trace["models"], 40),
        f"{trace['requests']}{' …' if trace['running'] else ''}",
        str(trace["errors"] or ""),
        count(trace["input_tokens"]),
        count(trace["output_tokens"]),
        percent(trace["cached_tokens"], trace["input_tokens"]),
        money(trace["cost"], trace["unpriced"]) or "-",
    )


def head(trace: Row) -> Iterable[tuple[str, str]]:
    """A trace in one line."""
    yield clean(trace["id"], 200), "bold"
    yield clean(" ".join(filter(None, (trace["client"], trace["client_version"]))), 100), ""
    for thread in trace["threads"]:
        yield f"thread {cut(thread, 60)}", ""
    yield plural(len(trace["turns"]), "turn"), ""
    yield plural(len(trace["requests"]), "request"), ""
    if trace["errors"]:
        yield f"{trace['errors']} failed", "red"
    yield duration((trace["last"] - trace["first"]) * 1000), "dim"
    yield from tokens({"input": trace["input_tokens"], "cache_read": trace["cached_tokens"], "output": trace["output_tokens"]})
    yield money(trace["cost"], trace["unpriced"]) or "-", "bold"
    yield f"cache missed {trace['misses']} ×" if trace["misses"] else "", "yellow"


def tokens(usage: Row) -> Iterable[tuple[str, str]]:
    """Tokens in, how much of them the cache had and got, tokens out, how many of them were thinking."""
    read, given = percent(usage.get("cache_read"), usage.get("input")), usage.get("input")
    written = sum(filter(None, (usage.get("cache_write_5m"), usage.get("cache_write_1h"))))
    notes = ", ".join(filter(None, (f"{read} cached" if read else "", f"{count(written)} written" if written else "")))
    yield (f"in {count(given)}" + (f" ({notes})" if notes else "")) if given is not None else "", ""
    thought = f" ({count(usage['reasoning'])} thinking)" if usage.get("reasoning") else ""
    yield f"out {count(usage['output'])}{thought}" if usage.get("output") is not None else "", ""


def bodies(request_id: str, texts: dict[str, str]) -> str:
    """The stored bodies as text, each under its name."""
    if not texts:
        return f"No bodies are kept for {clean(request_id, 60)} (config.toml: trace.bodies)."
    order = ("client_request", "upstream_request", "upstream_response", "client_response")
    kinds = sorted(texts, key=lambda kind: order.index(kind) if kind in order else len(order))
    return "\n\n".join(f"── {kind} ({len(texts[kind])} characters)\n{clean(texts[kind], len(texts[kind]))}" for kind in kinds)


def words(*words: tuple[str, str]) -> "Text":
    """Words with their styles in one line; empty ones are left out."""
    from rich.text import Text

    line = Text()
    for word, style in words:
        if word:
            line.append("  " if line else "").append(word, style)
    return line


def cut(text: str, limit: int) -> str:
    """One line of foreign text, at most that long."""
    line = clean(" ".join(text[: 4 * limit + 100].split()), 4 * limit + 100)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _some(names: list[str], limit: int) -> str:
    """The first names that fit, and how many more there are."""
    first = cut(names[0], limit) if names else ""
    return f"{first} +{len(names) - 1}" if len(names) > 1 else first


def clock(moment: float) -> str:
    """The local time of day."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment))
    except (OverflowError, OSError, ValueError):
        return "--:--:--"
