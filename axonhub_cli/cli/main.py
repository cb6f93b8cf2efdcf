"""The `axonhub` command: the table of its groups, and the one boundary where errors become sentences.

Each group lives in a file of its own and imports what is heavy (aiohttp, keyring, rich, sqlite3) inside the command that needs
it.
"""

import sys
from typing import Annotated

import typer

from .. import __version__
from ..errors import AxonHubError
from . import channel, config, key, profile, route, serve, setup, trace
from .output import fail

app = typer.Typer(
    name="axonhub",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A local gateway between coding agents (Claude Code, Codex, any OpenAI or Anthropic SDK) and model providers.",
)
serve.register(app)
app.add_typer(setup.app, name="setup")
app.add_typer(channel.app, name="channel")
app.add_typer(profile.app, name="profile")
app.add_typer(key.app, name="key")
route.register(app)
app.add_typer(trace.app, name="trace")
app.add_typer(config.app, name="config")


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"axonhub {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """The callback only carries --version."""


def run() -> None:
    """Run the command line; an error of ours is a sentence on stderr and an exit code, never a traceback."""
    try:
        app()
    except AxonHubError as error:
        sys.exit(fail(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
