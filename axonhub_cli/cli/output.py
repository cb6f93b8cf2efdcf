"""The one renderer. A command builds a `Result`; `emit` prints it for people or, with `--json`, for programs.

rich is imported here inside functions only: `--help` and shell exports must not pay for it. Text that comes from models,
clients or files goes through `clean` before it reaches a terminal.
"""

import json as _json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ..errors import AxonHubError, UsageError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

JsonFlag: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
LimitOption: TypeAlias = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most that many.")]


def clean(text: str, limit: int = 2000) -> str:
    """Foreign text made harmless for a terminal: control, bidi and invisible characters are shown, not obeyed; long text is
    cut."""
    from ..trace.harmless import harmless

    return harmless(text if len(text) <= limit else text[:limit] + "…")


@dataclass(slots=True)
class Result:
    """What a command has to say. `data` is what `--json` prints; `text` is what people read: a string, a rich renderable, or a
    function that is given the console."""

    data: Any
    text: "str | RenderableType | Callable[[Console], None]" = ""
    exit_code: int = 0


def console(*, stderr: bool = False) -> "Console":
    """A console without highlighting, markup or emoji: what is printed is what was given. NO_COLOR and pipes are respected."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            """Who reads has seen enough (`| head`): that is no failure of the command."""
            try:
                super().on_broken_pipe()
            except SystemExit:
                raise SystemExit(0) from None

    return Plain(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def emit(result: Result, *, json: bool = False) -> None:
    """Print a result, then leave with its exit code when that is not 0."""
    if json:
        sys.stdout.write(_json.dumps(result.data, indent=2, ensure_ascii=False, default=str) + "\n")
    elif isinstance(result.text, str):
        if result.text:
            sys.stdout.write(result.text.rstrip("\n") + "\n")
    elif callable(result.text) and not hasattr(result.text, "__rich_console__"):
        result.text(console())
    else:
        console().print(result.text)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> "RenderableType":
    """A plain table; cells are text as given (already `clean` where they are foreign), headings become capitals. `right` names
    the columns that are aligned to the right. Without a heading there is no line for them."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(columns))
    for column in columns:
        grid.add_column(column.upper(), justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(cell if isinstance(cell, Text) else Text("-" if cell is None else str(cell)) for cell in row))
    return grid


def fail(error: AxonHubError) -> int:
    """Report an error on stderr: what happened, then what to do. Gives the exit code."""
    sys.stderr.write(f"axonhub: {clean(error.message, 4000)}\n")
    if error.hint:
        sys.stderr.write(f"  {clean(error.hint, 4000)}\n")
    return error.exit_code


def interactive() -> bool:
    """Whether somebody can be asked: stdin and stderr are terminals."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone; without a terminal `--yes` must have been given."""
    if yes:
        return
    if not interactive():
        raise UsageError(f"{question} This needs a confirmation and there is no terminal to ask on.", hint="Add --yes.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def ask(shown: str, question: str, *, yes: bool) -> bool:
    """Show what would change and ask, when there is somebody to ask. For what can be taken back: a script need not say --yes."""
    if yes or not interactive():
        return False
    console(stderr=True).print(shown)
    confirm(question, yes=False)
    return True
