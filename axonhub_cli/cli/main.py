"""The `axonhub` command: the table of its commands, and the one boundary where errors become sentences.

Each command lives in a file of its own that is imported when it is asked for (`lazy`); what is heavy (aiohttp, keyring, rich,
sqlite3) it imports inside. A new command is one line here: its name, its module, the first sentence of its help.
"""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from .. import __version__
from ..errors import AxonHubError
from .lazy import LazyGroup
from .output import emit, fail


class Root(LazyGroup):
    """The commands in the order in which a user meets them."""

    table = {  # noqa: RUF012  # typed in the base class
        "init": ("init", "Find provider keys and local model servers, and make channels and a profile of them."),
        "serve": ("serve", "Run the proxy in the foreground."),
        "status": ("serve", "Say whether a server runs here, and which channels are unwell."),
        "stop": ("serve", "End the running server; requests may finish first."),
        "run": ("run", "Start claude, codex, opencode or gemini so that it uses axonhub, without touching its files."),
        "ready": ("ready", "Say whether a server answers, or wait for one."),
        "service": ("service", "Run axonhub as a service: it starts when you log in."),
        "setup": ("setup", "Point Claude Code, Codex and other clients at axonhub; every change can be taken back."),
        "channel": ("channel", "Model providers: add them, give them secrets, try them."),
        "profile": ("profile", "Profiles: lists of rules from the model names that clients ask for to those you want."),
        "key": ("key", "Local keys: what clients use to talk to axonhub on this machine."),
        "route": ("route", "Explain where a model name goes: the rules tried, the one that won, the candidates in order."),
        "trace": ("trace", "Look at recorded sessions: which requests, which models, tokens, time and money."),
        "usage": ("usage", "Add up tokens and money, by model, channel, client, profile or day."),
        "statusline": ("statusline", "One line for Claude Code's status line: real model, channel, cost, cache share."),
        "doctor": ("doctor", "Check everything, and say what to do about what is wrong."),
        "bench": ("bench", "Measure what axonhub adds to a request on this machine."),
        "config": ("config", "The configuration file: where it is, what is in force, what is wrong with it."),
    }


app = typer.Typer(
    name="axonhub",
    cls=Root,
    invoke_without_command=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A local gateway between coding agents (Claude Code, Codex, any OpenAI or Anthropic SDK) and model providers.",
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
        app()
    except AxonHubError as error:
        sys.exit(fail(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
