"""`axonhub setup`: point a client here, show what that changes, and take it back.

A client is one of three kinds. Those that environment variables suffice for get exports (`--write` edits their file where they
have one); those with a file get it edited (`--env` prints the key that they read beside it); the others get instructions. Every
command takes the same options; what a client has no use for does nothing. An edit shows its diff, asks when somebody is there
to be asked, and can be undone.
"""

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import UsageError
from .output import JsonFlag, LimitOption, Result, clean, emit, table
from .setup_client import Wish, guide, set_up
from .setup_undo import undo_all

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="Point Claude Code, Codex and other clients at axonhub; every change can be taken back.")

ShellOption = Annotated[
    Literal["bash", "zsh", "fish", "powershell"] | None,
    typer.Option("--shell", help="Whose syntax to print; else that of $SHELL."),
]
KeyOption = Annotated[
    str | None, typer.Option("--key", metavar="NAME", help="The local key to use; by default one named after the client.")
]
PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="The server's port; by default that of the one that runs.")
]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="Also make this the client's model.")]
Explain = Annotated[bool, typer.Option("--explain", help="Say above each line what it is for.")]
Write = Annotated[bool, typer.Option("--write", help="Edit its settings file.")]
Env = Annotated[bool, typer.Option("--env", help="Print the export of the local key that it needs, and nothing else.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the diff and write nothing.")]
Undo = Annotated[bool, typer.Option("--undo", help="Take back what is still ours; what you changed since stays.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Slot = Annotated[str | None, typer.Option(help="Model for this use; by default Claude Code's own choice.")]


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what is still ours in every file that was edited.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
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


@app.command("claude-code", short_help="Exports, or settings.json (--write)")
def claude_code(
    shell: ShellOption = None,
    key: KeyOption = None,
    port: PortOption = None,
    model: ModelOption = None,
    haiku: Slot = None,
    sonnet: Slot = None,
    opus: Slot = None,
    subagent: Slot = None,
    explain: Explain = False,
    write: Annotated[bool, typer.Option("--write", help="Edit the env block of ~/.claude/settings.json instead.")] = False,
    dry_run: DryRun = False,
    undo: Undo = False,
    yes: Yes = False,
    json: JsonFlag = False,
) -> None:
    """Print the exports that make Claude Code use axonhub, or write them into its settings.

    Examples:

        eval "$(axonhub setup claude-code)"

        axonhub setup claude-code --write --dry-run

        axonhub setup claude-code --model deepseek-chat --explain
    """
    given = {"haiku": haiku, "sonnet": sonnet, "opus": opus, "subagent": subagent}
    wish = Wish(
        shell=shell, key=key, port=port, model=model, explain=explain, write=write, dry_run=dry_run, undo=undo, yes=yes,
        json=json, slots={use: name for use, name in given.items() if name},
    )  # fmt: skip
    set_up("claude-code", wish)


def _edited(name: str, brief: str, sentence: str) -> None:
    """A client whose file is edited, and which reads its key from a variable beside it."""

    @app.command(name, help=sentence, short_help=brief)
    def edit(
        key: KeyOption = None,
        model: ModelOption = None,
        port: PortOption = None,
        env: Env = False,
        shell: ShellOption = None,
        explain: Explain = False,
        dry_run: DryRun = False,
        undo: Undo = False,
        yes: Yes = False,
        json: JsonFlag = False,
    ) -> None:
        wish = Wish(
            shell=shell, key=key, port=port, model=model, explain=explain, env=env, dry_run=dry_run, undo=undo, yes=yes, json=json
        )
        set_up(name, wish)


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
    _edited(_name, _brief, _sentence + _EXAMPLE.format(name=_name))


@app.command("gemini-cli", short_help="Exports; once settings.json (--write)")
def gemini_cli(
    shell: ShellOption = None,
    key: KeyOption = None,
    port: PortOption = None,
    model: ModelOption = None,
    explain: Explain = False,
    write: Annotated[bool, typer.Option("--write", help="Choose the sign-in by key in ~/.gemini/settings.json.")] = False,
    dry_run: DryRun = False,
    undo: Undo = False,
    yes: Yes = False,
    json: JsonFlag = False,
) -> None:
    """Print the exports that make Gemini CLI use axonhub; --write makes it sign in by key, which it needs once."""
    wish = Wish(
        shell=shell, key=key, port=port, model=model, explain=explain, write=write, dry_run=dry_run, undo=undo, yes=yes, json=json
    )
    set_up("gemini-cli", wish)


def _guided(name: str, brief: str, sentence: str) -> None:
    """A client without a file for us."""

    @app.command(name, help=sentence, short_help=brief)
    def show(
        shell: ShellOption = None,
        key: KeyOption = None,
        port: PortOption = None,
        model: ModelOption = None,
        explain: Explain = False,
        undo: Undo = False,
        json: JsonFlag = False,
    ) -> None:
        guide(name, Wish(shell=shell, key=key, port=port, model=model, explain=explain, undo=undo, json=json))


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
    _guided(_name, _brief, _sentence)


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
