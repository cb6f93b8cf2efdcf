"""What `axonhub setup` does to a client's file, or prints instead: exports, a diff, a question, the edit.
(The way back is `setup_undo`.)

Exports go to stdout alone, so that `eval "$(axonhub setup claude-code)"` works; everything meant for eyes goes to stderr then.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .output import Result, ask, clean, emit

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
    from msgspec.structs import replace

    from ..clients.ask import unserved
    from ..clients.edits import kind

    plan = journal().plan(client.target(wanted))
    after = kind(client.kind).load(plan.after)  # what this edit itself mends is no remark
    remarks = [
        *client.remarks(replace(wanted, settings=after)),
        *unserved(wanted, client.title, lists=client.lists),
        *_ignored(client, plan),
    ]
    _carry_out(client, plan, steps, [*remarks, *_exposed(client.file(), plan, wanted)], dry_run, yes, json)


def _ignored(client: "Client", plan: "Plan") -> list[str]:
    """A note when the client will pass over the whole file."""
    from ..clients.status import ignored

    if not ignored(client, plan.after):
        return []
    return [f"{client.title} ignores {plan.source.path} as a whole: it has comments or a trailing comma. Take them out of it."]


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
        asked = ask(shown, "Write this?", yes=yes or json)
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
