"""`axonhub setup`: point a client here, show what that changes, and take it back.

Exports go to stdout alone, so that `eval "$(axonhub setup claude-code)"` works; everything meant for eyes goes to stderr
then. An edit of a client's file shows its diff, asks when somebody is there to be asked, and can be undone.
"""

import os
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .output import JsonFlag, LimitOption, Result, clean, confirm, console, emit, interactive, table

if TYPE_CHECKING:
    from rich.console import Console

    from ..clients.journal import Journal, Plan, Target
    from ..clients.shell import Line, Shell

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
    int | None,
    typer.Option("--port", min=1, max=65535, help="The server's port; by default that of the one that runs, or config.toml's."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the diff and write nothing.")]
Undo = Annotated[bool, typer.Option("--undo", help="Take back what is still ours; what you changed since stays.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command("claude-code")
def claude_code(
    shell: ShellOption = None,
    key: KeyOption = None,
    port: PortOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say above each line what it is for.")] = False,
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
    """
    from ..clients import claude_code as client

    if undo:
        _undo(client.NAME, dry_run=dry_run, yes=yes, json=json)
    elif write or dry_run:
        _write_claude_code(key, _port(port), dry_run=dry_run, yes=yes, json=json)
    else:
        lines = client.lines(_port(port), _token(key or client.NAME, make=key is None), os.environ)
        _print_exports(client.NAME, "axonhub setup claude-code", shell, lines, explain=explain, json=json)
        written = {line.name: line.value for line in lines}
        _notes(client.remarks(os.environ, _settings(), written))


@app.command()
def codex(
    key: KeyOption = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Also make this Codex's model.")] = None,
    port: PortOption = None,
    env: Annotated[
        bool, typer.Option("--env", help="Print the export of the local key that Codex needs, and nothing else.")
    ] = False,
    shell: ShellOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="With --env: say above each line what it is for.")] = False,
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
    from ..clients import codex as client

    if undo:
        _undo(client.NAME, dry_run=dry_run, yes=yes, json=json)
    elif env:
        lines = client.lines(_token(key or client.NAME, make=key is None), os.environ)
        _print_exports(client.NAME, "axonhub setup codex --env", shell, lines, explain=explain, json=json)
    else:
        _write_codex(key, client.target(_port(port), model), shell, dry_run=dry_run, yes=yes, json=json)


@app.command("list")
def list_(limit: LimitOption = 50, json: JsonFlag = False) -> None:
    """The clients that setup knows."""
    from ..clients.catalog import CLIENTS

    rows: list[dict[str, str]] = [
        {"client": item.name, "title": item.title, "file": str(item.file())} for item in CLIENTS[:limit]
    ]
    emit(Result(rows, table(["CLIENT", "NAME", "FILE"], [list(row.values()) for row in rows])), json=json)


@app.command()
def status(json: JsonFlag = False) -> None:
    """How far each client is set up, in its file and in this shell."""
    from msgspec import to_builtins

    from ..clients.catalog import CLIENTS
    from ..clients.status import status as look

    found = [look(client, _journal(), _port(None), os.environ) for client in CLIENTS]
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


def _journal() -> "Journal":
    from ..clients.journal import Journal
    from ..config.paths import paths

    return Journal(paths().journal_file)


def _port(given: int | None) -> int:
    from .edit import server_port

    return given or server_port()


def _token(name: str, *, make: bool) -> str:
    """The token of the local key of that name. `make`: a missing one is created; else that is an error."""
    from .local_key import token

    found, made = token(name, make=make)
    if made:
        _notes([f"Created the local key {name!r}."])
    return found


def _print_exports(client: str, command: str, shell: "Shell | None", lines: "list[Line]", *, explain: bool, json: bool) -> None:
    from ..clients.shell import detect, script, use

    shell = shell or detect(os.environ)
    data = {
        "client": client,
        "shell": shell,
        "env": {line.name: line.value for line in lines if line.value is not None},
        "unset": [line.name for line in lines if line.value is None],
    }
    emit(Result(data, script(shell, lines, explain=explain)), json=json)
    if sys.stdout.isatty() and not json:
        _notes([f"This takes effect with: {use(shell, command)}"])


def _settings() -> dict[str, object]:
    """Claude Code's settings, for remarks; a file that cannot be read is not this command's business."""
    from ..clients import claude_code as client
    from ..clients import source
    from ..errors import ClientFileError

    try:
        return source.read(client.file(), "json").value
    except ClientFileError:
        return {}


def _notes(notes: list[str]) -> None:
    for note in notes:
        sys.stderr.write(f"axonhub: {clean(note)}\n")


def _write_claude_code(key: str | None, port: int, *, dry_run: bool, yes: bool, json: bool) -> None:
    from ..clients import claude_code as client
    from ..clients import source
    from .local_key import named

    settings = source.read(client.file(), "json").value
    token = (
        "ah-made-when-written"
        if dry_run and key is None and named(client.NAME) is None
        else _token(key or client.NAME, make=key is None)
    )
    plan = _journal().plan(client.target(port, token, os.environ, settings))
    notes = client.remarks(os.environ, {}, {})
    if os.environ.get("ANTHROPIC_API_KEY"):
        notes.append("ANTHROPIC_API_KEY is set in this shell and would be sent along; unset it.")
    if client.file().exists() and client.file().stat().st_mode & 0o077 and os.name == "posix":
        notes.append(f"{client.file()} can be read by other users, and will hold a local key. Run: chmod 600 {client.file()}")
    _carry_out(client.NAME, plan, ["Start Claude Code as always: claude"], notes, dry_run=dry_run, yes=yes, json=json)


def _write_codex(key: str | None, target: "Target", shell: "Shell | None", *, dry_run: bool, yes: bool, json: bool) -> None:
    from ..clients import codex as client
    from ..clients.shell import detect, use

    plan = _journal().plan(target)
    if not dry_run:
        _token(key or client.NAME, make=key is None)
    command = use(shell or detect(os.environ), "axonhub setup codex --env" + (f" --key {key}" if key else ""))
    steps = [f"Codex reads its local key from {client.VARIABLE}. Put this into your shell and its start-up file: {command}"]
    _carry_out(client.NAME, plan, steps, client.remarks(plan.source.value), dry_run=dry_run, yes=yes, json=json)


def _carry_out(client: str, plan: "Plan", steps: list[str], notes: list[str], *, dry_run: bool, yes: bool, json: bool) -> None:
    """Show and apply a plan; the result says what changed, where the backup is and what to do next."""
    from ..clients.edits import diff

    shown = clean(diff(plan.source.text, plan.after, str(plan.source.path)), 1_000_000)
    data = {
        "client": client,
        "file": str(plan.source.path),
        "changed": plan.changes and not dry_run,
        "dry_run": dry_run,
        "diff": shown,
    }
    if not plan.changes:
        _journal().adopt(plan)
        head = [f"{plan.source.path} is already set up for axonhub."]
    elif dry_run:
        head = [shown, "", "Nothing was written (--dry-run)."]
        steps = []
    else:
        asked = _ask(shown, "Write this?", yes=yes or json)
        backup = _journal().apply(plan)
        data["backup"] = backup and str(backup)
        head = [] if asked else [shown, ""]
        head += [
            f"Wrote {plan.source.path}.",
            *([f"Backup: {backup}"] if backup else []),
            f"Take it back with: axonhub setup {client} --undo",
        ]
    emit(Result({**data, "notes": notes, "next": steps}, "\n".join([*head, *steps])), json=json)
    _notes(notes)


def _undo(client: str, *, dry_run: bool, yes: bool, json: bool) -> None:
    from ..clients.catalog import CLIENTS
    from ..clients.edits import diff

    known = next(item for item in CLIENTS if item.name == client)
    file = known.file()
    record = _journal().record(client, file)
    data: dict[str, object] = {"client": client, "file": str(file), "changed": False, "dry_run": dry_run, "diff": "", "kept": []}
    if record is None:
        emit(Result(data, f"Nothing to take back: axonhub has no record of an edit of {file}."), json=json)
        return
    plan = _journal().plan_undo(record)
    shown = clean(diff(plan.source.text, plan.after, str(file)), 1_000_000)
    kept = [f"Kept, because you changed it since: {name}" for name in plan.kept]
    asked = False
    if not dry_run:
        asked = plan.changes and _ask(shown, "Take this back?", yes=yes or json)
        _journal().undo(plan)
    data |= {"changed": plan.changes and not dry_run, "diff": shown, "kept": list(plan.kept)}
    head = [] if asked or not shown else [shown, ""]
    tail = [known.after_undo] if plan.changes and known.after_undo else []
    emit(Result(data, "\n".join([*head, _undone(plan, dry_run), *kept, *tail])), json=json)


def _undone(plan: "Plan", dry_run: bool) -> str:
    if dry_run:
        return "Nothing was written (--dry-run)."
    if not plan.changes:
        return f"Nothing of ours is left in {plan.source.path}."
    return (
        f"Removed {plan.source.path}, which axonhub had made." if plan.gone else f"Took the changes to {plan.source.path} back."
    )


def _ask(shown: str, question: str, *, yes: bool) -> bool:
    """Show the diff and ask, when there is somebody to ask: the edit can be taken back, so that a script need not say --yes."""
    if yes or not interactive():
        return False
    console(stderr=True).print(shown)
    confirm(question, yes=False)
    return True
