"""`axonhub setup`: point a client here, show what that changes, and take it back.

A client is one of three kinds. Those that environment variables suffice for get exports (`--write` edits their file where they
have one); those with a file get it edited (`--env` prints the key that they read beside it); the others get instructions. Every
command takes the same options; what a client has no use for does nothing. An edit shows its diff, asks when somebody is there
to be asked, and can be undone.
"""

import os
from collections.abc import Callable, Collection
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import UsageError
from .output import JsonFlag, LimitOption, Result, clean, emit, table
from .setup_client import Wish, guide, set_up
from .setup_undo import undo_all

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="Point Claude Code, Codex and other clients at axonhub; every change can be taken back.")

_Shell = Literal["bash", "zsh", "fish", "powershell"] | None
_DRY_RUN = typer.Option("--dry-run", help="Show the diff and write nothing.")
_YES = typer.Option("--yes", "-y", help="Do not ask.")
_SLOTS = ("haiku", "sonnet", "opus", "subagent")
_OPTIONS: dict[str, tuple[Any, Any]] = {
    "shell": (_Shell, typer.Option("--shell", help="Whose syntax to print; else that of $SHELL.")),
    "key": (
        str | None,
        typer.Option("--key", metavar="NAME", help="The local key to use; by default one named after the client."),
    ),
    "port": (
        int | None,
        typer.Option("--port", min=1, max=65535, help="The server's port; by default that of the one that runs."),
    ),
    "model": (str | None, typer.Option("--model", "-m", help="Also make this the client's model.")),
    **{
        slot: (
            str | None,
            typer.Option(f"--{slot}", metavar="MODEL", help="Model for this use; by default Claude Code's own choice."),
        )
        for slot in _SLOTS
    },
    "env": (bool, typer.Option("--env", help="Print the export of the local key that it needs, and nothing else.")),
    "explain": (bool, typer.Option("--explain", help="Say above each line what it is for.")),
    "write": (bool, typer.Option("--write", help="Edit its settings file.")),
    "dry_run": (bool, _DRY_RUN),
    "undo": (bool, typer.Option("--undo", help="Take back what is still ours; what you changed since stays.")),
    "yes": (bool, _YES),
    "json": (bool, typer.Option("--json", help="Print JSON for programs.")),
}  # in the order in which help shows them


def _command(name: str, brief: str, sentence: str, *, act: Callable[[str, Wish], None], without: Collection[str] = ()) -> None:
    """Add a command with all of the options but some. What typer reads of a function, its signature, is made of the table."""

    def command(**given: Any) -> None:
        slots = {slot: model for slot in _SLOTS if (model := given.pop(slot, None))}
        act(name, Wish(**given, slots=slots))

    kept = {option: Annotated[kind, how] for option, (kind, how) in _OPTIONS.items() if option not in without}
    parameters = [
        Parameter(option, Parameter.KEYWORD_ONLY, annotation=kind, default=False if _OPTIONS[option][0] is bool else None)
        for option, kind in kept.items()
    ]
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what `inspect.signature` gives first
    command.__annotations__ = dict(kept)
    app.command(name, help=sentence, short_help=brief)(command)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what is still ours in every file that was edited.")] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
    yes: Annotated[bool, _YES] = False,
    json: JsonFlag = False,
) -> None:
    """Point Claude Code, Codex and other clients at axonhub; every change can be taken back.

    Examples:

        axonhub setup codex --dry-run

        axonhub setup codex --undo

        axonhub setup --undo
    """
    if context.invoked_subcommand is not None:
        if undo or dry_run or yes or json:
            raise UsageError(f"Options go behind the client: axonhub setup {context.invoked_subcommand} …")
    elif undo:
        undo_all(dry_run=dry_run, yes=yes, json=json)
    elif dry_run or yes or json:
        raise UsageError("No client was named.", hint="They are: axonhub setup list. Or: axonhub setup --undo")
    else:
        emit(Result(None, context.get_help()))


_command(
    "claude-code",
    "Exports, or settings.json (--write)",
    """Print the exports that make Claude Code use axonhub, or (--write) edit the env block of ~/.claude/settings.json.

    Examples:

        eval "$(axonhub setup claude-code)"

        axonhub setup claude-code --write --dry-run

        axonhub setup claude-code --model deepseek-chat --explain
    """,
    act=set_up,
    without=("env",),
)

_EXAMPLE = """

Examples:

    axonhub setup {name} --dry-run

    axonhub setup {name} && eval "$(axonhub setup {name} --env)"
"""
_EDITED = {
    "codex": (
        "Edits ~/.codex/config.toml",
        "Add axonhub to ~/.codex/config.toml as Codex's model provider. Comments and all other settings stay as they are.",
    ),
    "opencode": (
        "Edits its opencode.json",
        "Add axonhub to opencode's own configuration as a provider, with the models that channels and profiles offer.",
    ),
    "zed": (
        "Edits its settings.json",
        "Add axonhub to Zed's settings as a provider, with the models that channels and profiles offer.",
    ),
}
for _name, (_brief, _sentence) in _EDITED.items():
    _command(_name, _brief, _sentence + _EXAMPLE.format(name=_name), act=set_up, without=("write", *_SLOTS))

_command(
    "gemini-cli",
    "Exports; once settings.json (--write)",
    "Print the exports that make Gemini CLI use axonhub; --write makes it sign in by key, which it needs once.",
    act=set_up,
    without=("env", *_SLOTS),
)

_GUIDED = {
    "aider": ("Exports", "Print the exports that make aider use axonhub."),
    "openai-sdk": ("Exports", "Print the exports that make programs with an OpenAI SDK use axonhub."),
    "anthropic-sdk": ("Exports", "Print the exports that make programs with an Anthropic SDK use axonhub."),
    "llm": ("What to add", "Say what to add to llm's list of models."),
    "continue": ("What to add", "Say what to add to Continue's configuration."),
    "cline": ("What to enter", "Say what to enter in Cline's settings."),
    "cursor": ("What works, and what not", "Say what works with Cursor, and what does not."),
}
for _name, (_brief, _sentence) in _GUIDED.items():
    _command(_name, _brief, _sentence, act=guide, without=("env", "write", "dry_run", "yes", *_SLOTS))


@app.command("list", short_help="The clients that setup knows")
def list_(limit: LimitOption = 50, json: JsonFlag = False) -> None:
    """The clients that setup knows."""
    from ..clients.catalog import CLIENTS
    from ..clients.guides import GUIDES

    how = {True: "exports, or --write", False: "edits its file"}
    rows: list[dict[str, str | None]] = [
        {"client": item.name, "title": item.title, "how": how[item.shell_alone], "file": _short(str(item.file()))}
        for item in CLIENTS
    ]
    rows += [
        {"client": item.name, "title": item.title, "how": "exports" if item.variables else "says what to do", "file": None}
        for item in GUIDES
    ]
    rows = rows[:limit]
    cells = [[row["client"], row["how"], row["file"]] for row in rows]
    emit(Result(rows, table(["CLIENT", "HOW", "FILE"], cells)), json=json)


@app.command(short_help="How far each client is set up")
def status(json: JsonFlag = False) -> None:
    """How far each client is set up, in its file and in this shell, and what has changed since."""
    from msgspec import to_builtins

    from ..clients.catalog import CLIENTS
    from ..clients.status import status as look
    from .edit import server_port
    from .setup_files import journal

    found = [look(client, journal(), server_port(), os.environ) for client in CLIENTS]
    rows = [[item.client, item.state, "yes" if item.shell else "no", clean(_short(item.file))] for item in found]

    def show(out: "Console") -> None:
        out.print(table(["CLIENT", "FILE SAYS", "THIS SHELL", "FILE"], rows))
        for item in found:
            if item.address and item.state == "not set up":
                out.print(f"{item.client}: its file sends it to {clean(item.address)}")
            for remark in item.remarks:
                out.print(f"{item.client}: {clean(remark)}")

    emit(Result([to_builtins(item) for item in found], show), json=json)


def _short(file: str) -> str:
    """A path with the home directory as `~`."""
    home = os.path.expanduser("~")
    return "~" + file.removeprefix(home) if file.startswith(home + os.sep) else file
