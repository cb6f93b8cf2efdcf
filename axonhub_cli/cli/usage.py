"""`axonhub usage`: tokens and money added up, as a table, a chart in the terminal, a page, or JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from ..errors import NotConfigured, UsageError
from .output import JsonFlag, Result, clean, emit
from .tail.figures import count, money, percent

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ..trace.totals import By

Row = dict[str, Any]

_COLUMNS = ("Requests", "Err", "In", "Cached", "Out", "Cost", "Missed")
_BAR = 40  # columns of the widest bar


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(usage)


def usage(
    by: Annotated[str, typer.Option("--by", metavar="WHAT", help="model, channel, client, profile or day.")] = "model",
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="30m, 2h, 7d, or a date (2026-11-22).")] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the cost as a chart.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with table and chart.")] = None,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Write the chart as a picture.")] = None,
    json: JsonFlag = False,
) -> None:
    """Add up tokens and money, by model, channel, client, profile or day.

    A cost that is not known is `-`; `+` says that some requests have no price.

    Examples:

      axonhub usage --since 7d
      axonhub usage --by day --plot
      axonhub usage --by channel --since 30d --html usage.html
    """
    from ..trace.totals import By

    if by not in get_args(By):
        raise UsageError(f"--by {by!r} is nothing to add up by.", hint=f"Use one of {', '.join(get_args(By))}.")
    rows, causes = _read(cast("By", by), since)
    data = {"by": by, "rows": rows, "misses": causes}
    if html is not None or png is not None:
        files = list(_write(_title(by, since), data, html, png))
        emit(Result({**data, "files": files}, "\n".join(f"Wrote {file}" for file in files)), json=json)
        return
    emit(Result(data, lambda console: _print(console, by, rows, causes, plot=plot)), json=json)


def _read(by: "By", since: str | None) -> tuple[list[Row], list[Row]]:
    import time

    from ..config.paths import paths
    from ..trace.reader import reader
    from .moment import moment

    start = moment(since, time.time()) if since else 0.0
    try:
        with reader(paths().database) as traces:
            return traces.usage(by, start), traces.causes(start)
    except NotConfigured:
        return [], []


def _title(by: str, since: str | None) -> str:
    return f"axonhub usage by {by}" + (f", since {since}" if since else "")


def _write(title: str, data: Row, html: Path | None, png: Path | None) -> Iterator[str]:
    """Write the files that are wanted; the picture first, since it may be refused."""
    rows = data["rows"]
    if png is not None:
        from .usage_picture import picture

        png.write_bytes(picture(title, rows))
        yield str(png)
    if html is not None:
        from .usage_page import page

        html.write_text(page(title, data["by"], rows, data["misses"], whole(rows) if rows else None), encoding="utf-8")
        yield str(html)


def _print(console: "Console", by: str, rows: list[Row], causes: list[Row], *, plot: bool) -> None:
    if not rows:
        console.print("Nothing was used in that time.")
        return
    from .usage_page import cause_words

    console.print(_chart(rows, console.width) if plot else _table(by, rows))
    for cause in causes:
        console.print(f"Cache missed: {cause_words(cause)}", style="yellow")


def _table(by: str, rows: list[Row]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_footer=len(rows) > 1)
    cells = [_cells(row) for row in rows]
    total = _cells(whole(rows))
    grid.add_column(by.capitalize(), footer="all", no_wrap=True, overflow="ellipsis")
    for index, name in enumerate(_COLUMNS):
        width = max(len(line[index]) for line in (*cells, total))
        grid.add_column(name, footer=total[index], justify="right", no_wrap=True, min_width=max(width, len(name)))
    for row, line in zip(rows, cells, strict=True):
        grid.add_row(Text(clean(row["name"], 80)), *line)
    return grid


def _cells(row: Row) -> tuple[str, ...]:
    return (
        str(row["requests"]),
        str(row["errors"] or ""),
        count(row["input_tokens"]),
        percent(row["cached_tokens"], row["input_tokens"]),
        count(row["output_tokens"]),
        money(row["cost"], row["unpriced"]) or "-",
        money(row["missed_cost"]) or (count(row["missed_tokens"]) if row["missed_tokens"] else ""),
    )


def whole(rows: list[Row]) -> Row:
    """The sum of sums; what is unknown everywhere stays unknown."""

    def add(name: str) -> Any:
        known = [row[name] for row in rows if row[name] is not None]
        return sum(known) if known else None

    return {name: add(name) for name in rows[0] if name != "name"}


def _chart(rows: list[Row], width: int) -> "RenderableType":
    """A bar for each row: its cost, or its tokens where nothing has a price."""
    from rich.table import Table
    from rich.text import Text

    from .usage_picture import measure

    what = measure(rows)
    largest = max((row[what] or 0) for row in rows) or 1
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=max(10, width // 3))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, justify="right")
    room = max(8, min(_BAR, width - width // 3 - 14))
    for row in rows:
        said = (money(row["cost"], row["unpriced"]) or "-") if what == "cost" else count(row["input_tokens"])
        grid.add_row(Text(clean(row["name"], 80)), Text(bar((row[what] or 0) / largest, room), style="cyan"), said)
    return grid


def bar(share: float, width: int) -> str:
    """A bar in eighths of a column."""
    eighths = round(max(0.0, min(share, 1.0)) * width * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
