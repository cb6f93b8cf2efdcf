"""What `axonhub setup` does to a client's file, or prints instead: exports, diffs, a question, the edit, the way back.

Exports go to stdout alone, so that `eval "$(axonhub setup claude-code)"` works; everything meant for eyes goes to stderr then.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .output import Result, clean, confirm, console, emit, interactive

if TYPE_CHECKING:
    from pathlib import Path

    from ..clients.ask import Ask
    from ..clients.catalog import Client
    from ..clients.journal import Journal, Plan
    from ..clients.shell import Line, Shell


def journal() -> "Journal":
    """The journal of this user."""
    from ..clients.journal import Journal
    from ..config.paths import paths

    return Journal(paths().journal_file)


def notes(lines: Sequence[str]) -> None:
    """Sentences for eyes, on stderr."""
    for line in lines:
        sys.stderr.write(f"axonhub: {clean(line)}\n")


def settings(client: "Client") -> dict[str, Any]:
    """What the client's file says. Raises `ClientFileError` when it cannot be read as it is."""
    from ..clients import source

    return source.read(client.file(), client.kind).value


def print_exports(client: str, command: str, shell: "Shell | None", lines: "list[Line]", *, explain: bool, json: bool) -> None:
    """The statements for a shell, on stdout and nothing besides."""
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
        notes([f"This takes effect with: {use(shell, command)}"])


def write(client: "Client", wanted: "Ask", steps: list[str], *, dry_run: bool, yes: bool, json: bool) -> None:
    """Plan the edits of a client's file, show them and carry them out."""
    plan = journal().plan(client.target(wanted))
    _carry_out(client, plan, steps, [*client.remarks(wanted), *_exposed(client.file(), plan, wanted)], dry_run, yes, json)


def _exposed(file: "Path", plan: "Plan", wanted: "Ask") -> list[str]:
    """A note when the file would hold a key and others may read it."""
    if os.name != "posix" or wanted.token not in plan.after or not file.exists() or not file.stat().st_mode & 0o077:
        return []
    return [f"{file} can be read by other users, and will hold a local key. Run: chmod 600 {file}"]


def _carry_out(
    client: "Client", plan: "Plan", steps: list[str], remarks: list[str], dry_run: bool, yes: bool, json: bool
) -> None:
    """The result says what changed, where the backup is and what to do next."""
    from ..clients.edits import diff

    file = plan.source.path
    shown = clean(diff(plan.source.text, plan.after, str(file)), 1_000_000)
    data = {
        "client": client.name,
        "file": str(file),
        "changed": plan.changes and not dry_run,
        "dry_run": dry_run,
        "diff": shown,
    }
    if not plan.changes:
        journal().adopt(plan)
        head = [f"{file} is already set up for axonhub."]
    elif dry_run:
        head = [shown, "", "Nothing was written (--dry-run)."]
        steps = []
    else:
        asked = _ask(shown, "Write this?", yes=yes or json)
        backup = journal().apply(plan)
        data["backup"] = backup and str(backup)
        head = [] if asked else [shown, ""]
        head += [
            f"Wrote {file}.",
            *([f"Backup: {backup}"] if backup else []),
            f"Take it back with: axonhub setup {client.name} --undo",
        ]
    emit(Result({**data, "notes": remarks, "next": steps}, "\n".join([*head, *steps])), json=json)
    notes(remarks)


def undo(client: "Client", *, dry_run: bool, yes: bool, json: bool) -> None:
    """Take back what is still ours in a client's file."""
    from ..clients.edits import diff

    file = client.file()
    record = journal().record(client.name, file)
    data: dict[str, object] = {
        "client": client.name, "file": str(file), "changed": False, "dry_run": dry_run, "diff": "", "kept": [],
    }  # fmt: skip
    if record is None:
        nothing = f"Nothing to take back: axonhub has no record of an edit of {file}."
        emit(Result(data, "\n".join([nothing, *_leftovers(client)])), json=json)
        return
    plan = journal().plan_undo(record)
    shown = clean(diff(plan.source.text, plan.after, str(file)), 1_000_000)
    kept = [f"Kept, because you changed it since: {name}" for name in plan.kept]
    asked = False
    if not dry_run:
        asked = plan.changes and _ask(shown, "Take this back?", yes=yes or json)
        journal().undo(plan)
    data |= {"changed": plan.changes and not dry_run, "diff": shown, "kept": list(plan.kept)}
    head = [] if asked or not shown else [shown, ""]
    tail = [*([client.after_undo] if plan.changes and client.after_undo else []), *_leftovers(client)]
    emit(Result(data, "\n".join([*head, _undone(plan, dry_run), *kept, *tail])), json=json)


def _leftovers(client: "Client") -> list[str]:
    """What this shell still says; no command can take that out of it."""
    return [f"This shell still sets {client.variable}: unset it."] if os.environ.get(client.variable) else []


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
