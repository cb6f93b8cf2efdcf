"""`axonhub trace search`: find a request by what was said in it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import JsonFlag, LimitOption, Result, clean, console, emit
from .tail.figures import age

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(search)


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help='Words; "two words" stand together, begin* is a beginning.')],
    limit: LimitOption = 20,
    json: JsonFlag = False,
) -> None:
    """Find requests by what was asked or answered in them.

    Examples:

      axonhub trace search 'parser bracket'
      axonhub trace search '"release note"'
    """
    from ..trace.search import MARKS
    from .trace import open_reader

    with open_reader() as traces:
        rows = traces.search(text, limit, lambda: console(stderr=True).print("Taking in what was said since the last search …"))
    plain = [{**row, **{name: _plain(row[name], MARKS) for name in ("asked", "answered")}} for row in rows]
    emit(Result(plain, lambda console: _print(console, rows, MARKS)), json=json)


def _plain(text: str, marks: tuple[str, str]) -> str:
    return text.replace(marks[0], "").replace(marks[1], "")


def _print(console: "Console", rows: list[dict[str, Any]], marks: tuple[str, str]) -> None:
    import time

    from rich.text import Text

    if not rows:
        console.print("Nothing was said like that.")
    for row in rows:
        when = f"{age(time.time() - row['started'])} ago"
        head = (clean(row["id"], 60), when, clean(row["client"], 40), clean(row["model"], 60))
        console.print(Text("  ".join(head), style="bold"))
        for who, text in (("asked", row["asked"]), ("answered", row["answered"])):
            if marks[0] in text:
                console.print(Text(f"  {who:9}").append_text(_marked(text, marks)))


def _marked(text: str, marks: tuple[str, str]) -> "Text":
    """A passage in one line, with the words that were found set off."""
    from rich.text import Text

    before, *found = " ".join(text.splitlines()).split(marks[0])
    line = Text(clean(before))
    for piece in found:
        word, _, rest = piece.partition(marks[1])
        line.append(clean(word), "bold yellow").append(clean(rest))
    return line
