"""The `axonhub` command: the table of its commands, and the one boundary where errors become sentences.

Each command lives in a file of its own that is imported when it is asked for (`lazy`); what is heavy (aiohttp, keyring, rich,
sqlite3) it imports inside. A new command is one line in `commands`.
"""

import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from .. import __version__
from ..errors import AxonHubError
from .commands import ABOUT, TABLE, help_page
from .lazy import LazyGroup
from .output import emit, fail


class Root(LazyGroup):
    """The commands in the order in which a user meets them."""

    table = TABLE

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The page of `commands`, which is printed without all this where nothing else was asked for."""
        formatter.write(help_page())


app = typer.Typer(
    name="axonhub",
    cls=Root,
    invoke_without_command=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=ABOUT,
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"axonhub {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Without a command: where you are, and what comes next."""
    if context.invoked_subcommand is None:
        from .home import result

        emit(result())


def run() -> None:
    """Run the command line; an error of ours is a sentence on stderr and an exit code, never a traceback."""
    for out in (sys.stdout, sys.stderr):  # under LANG=C a letter that cannot be written is no reason to fail
        if isinstance(out, TextIOWrapper):
            out.reconfigure(errors="replace")
    try:
        app(prog_name="axonhub")
    except AxonHubError as error:
        sys.exit(fail(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
