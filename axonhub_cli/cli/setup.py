"""`axonhub setup`: point a client here, show what that changes, and take it back.

A client is one of three kinds. Those that environment variables suffice for get exports (`--write` edits their file where they
have one); those with a file get it edited (`--env` prints the key that they read beside it); the others get instructions. Every
command takes the same options; what a client has no use for does nothing. An edit shows its diff, asks when somebody is there
to be asked, and can be undone.
"""

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .output import JsonFlag, LimitOption, Result, clean, emit, table
from .setup_client import Wish, guide, set_up

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    no_args_is_help=True, help="Point Claude Code, Codex and other clients at axonhub; every change can be taken back."
)

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


@app.command("claude-code")
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


@app.command()
def codex(
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
    """Add axonhub to ~/.codex/config.toml as Codex's model provider. Comments and all other settings stay as they are.

    Examples:

        axonhub setup codex --dry-run

        axonhub setup codex && eval "$(axonhub setup codex --env)"
    """
    wish = Wish(
        shell=shell, key=key, port=port, model=model, explain=explain, env=env, dry_run=dry_run, undo=undo, yes=yes, json=json
    )
    set_up("codex", wish)


@app.command()
def opencode(
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
    """Add axonhub to opencode's own configuration as a provider, with the models that channels and profiles offer."""
    wish = Wish(
        shell=shell, key=key, port=port, model=model, explain=explain, env=env, dry_run=dry_run, undo=undo, yes=yes, json=json
    )
    set_up("opencode", wish)


@app.command("gemini-cli")
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


@app.command()
def zed(
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
    """Add axonhub to Zed's settings as a provider, with the models that channels and profiles offer."""
    wish = Wish(
        shell=shell, key=key, port=port, model=model, explain=explain, env=env, dry_run=dry_run, undo=undo, yes=yes, json=json
    )
    set_up("zed", wish)


def _guided(name: str, sentence: str) -> None:
    @app.command(name, help=sentence)
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


for _name, _sentence in {
    "aider": "Print the exports that make aider use axonhub.",
    "openai-sdk": "Print the exports that make programs with an OpenAI SDK use axonhub.",
    "anthropic-sdk": "Print the exports that make programs with an Anthropic SDK use axonhub.",
    "llm": "Say what to add to llm's list of models.",
    "continue": "Say what to add to Continue's configuration.",
    "cline": "Say what to enter in Cline's settings.",
    "cursor": "Say what works with Cursor, and what does not.",
}.items():
    _guided(_name, _sentence)


@app.command("list")
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
    emit(Result(rows, table(["CLIENT", "NAME", "HOW", "FILE"], [list(row.values()) for row in rows])), json=json)


@app.command()
def status(json: JsonFlag = False) -> None:
    """How far each client is set up, in its file and in this shell, and what has changed since."""
    from msgspec import to_builtins

    from ..clients.catalog import CLIENTS
    from ..clients.status import status as look
    from .edit import server_port
    from .setup_files import journal

    found = [look(client, journal(), server_port(), os.environ) for client in CLIENTS]
    rows = [
        [item.client, item.state, "yes" if item.shell else "no", clean(item.address or "-"), clean(_short(item.file))]
        for item in found
    ]

    def show(out: "Console") -> None:
        out.print(table(["CLIENT", "FILE SAYS", "THIS SHELL", "ADDRESS", "FILE"], rows))
        for item in found:
            for remark in item.remarks:
                out.print(f"{item.client}: {clean(remark)}")

    emit(Result([to_builtins(item) for item in found], show), json=json)


def _short(file: str) -> str:
    """A path with the home directory as `~`."""
    home = os.path.expanduser("~")
    return "~" + file.removeprefix(home) if file.startswith(home + os.sep) else file
