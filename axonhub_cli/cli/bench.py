"""`axonhub bench`: what the proxy costs on this machine, in less than a minute."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import JsonFlag, Result, emit

if TYPE_CHECKING:
    from rich.console import Console

    from ..server.bench import Row

BODIES = (1, 160)  # KB
EVENTS = (20, 2000)


def register(app: typer.Typer) -> None:
    """Add bench."""
    app.command()(bench)


def bench(
    lane: Annotated[str | None, typer.Option("--lane", help="Only this lane: verbatim, splice or convert.")] = None,
    json: JsonFlag = False,
) -> None:
    """Measure what axonhub adds to a request on this machine: time to the first byte, CPU, memory, start-up.

    A server of its own, in an empty folder, is asked in turn with the mock upstream behind it. Loopback only; your server, keys
    and channels are not touched. Takes less than a minute.

    Examples:

      axonhub bench
      axonhub bench --lane convert
      axonhub bench --json > bench.json
    """
    from ..errors import UsageError
    from ..server.bench import LANES

    if lane is not None and lane not in LANES:
        raise UsageError(f"There is no lane {lane!r}.", hint=f"Lanes: {', '.join(LANES)}.")
    data, rows = _run([lane] if lane else list(LANES))
    emit(Result(data, lambda console: _show(console, data, rows)), json=json)


def _run(lanes: list[str]) -> tuple[dict[str, Any], "list[Row]"]:
    """Everything that is printed: the machine, the server's own figures, the rows."""
    from msgspec import to_builtins

    from ..server import bench as measuring

    about = measuring.machine()
    rows = []
    with measuring.mock() as upstream, measuring.server(upstream) as process:
        idle = process.rss_mb()
        for events in EVENTS:
            for lane in lanes:
                for body in BODIES:
                    _progress(f"{lane}, {body} KB, {events} events …")
                    rows.append(measuring.measure(process, upstream, lane, body, events))
        after = process.rss_mb()
        served = sum(row.requests for row in rows)
    _progress("")
    memory = {"rss_mb_idle": idle, "rss_mb_after": after, "requests": served}
    return {"machine": about, "start_up_s": process.start_up, **memory, "rows": to_builtins(rows)}, rows


def _progress(words: str) -> None:
    """One line that replaces itself, for who watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{words}")
        sys.stderr.flush()


def _show(console: "Console", data: dict[str, Any], rows: "list[Row]") -> None:
    from .output import table

    about = data["machine"]
    load = "" if about["load"] is None else f" · load {about['load']:.1f}"
    console.print(f"{about['cpu']} · {about['cores']} cores · {about['system']} · Python {about['python']}{load}")
    made = f" ({about['commit']})" if about["commit"] else ""
    console.print(f"axonhub {about['axonhub']}{made} · traces and bodies stored · mock upstream on loopback, asked directly too")
    console.print()
    names = ("lane", "body", "events", "direct", "+p50", "+p99", "cpu", "cpu/1000")
    cells = [
        (
            row.lane, f"{row.body_kb} KB", row.events, _ms(row.direct_first_p50), _ms(row.added_first_p50, "+"),
            _ms(row.added_first_p99, "+"), _ms(row.cpu_per_request),
            _ms(row.cpu_per_1000_events) if row.events >= 1000 else "",
        )
        for row in rows
    ]  # fmt: skip
    console.print(table(names, cells, right=names[1:]))
    console.print()
    console.print("milliseconds: to the first byte without the proxy, what the proxy adds to it (median, 99th percentile),")
    console.print("the proxy's CPU for a request and for 1000 events of a stream")
    console.print()
    console.print(f"start-up {data['start_up_s']:.2f} s to the first answer · memory {_mb(data['rss_mb_idle'])} idle, ", end="")
    console.print(f"{_mb(data['rss_mb_after'])} after {data['requests']} requests")


def _ms(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.2f}"


def _mb(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} MB"
