"""The way back: `axonhub setup CLIENT --undo` for one file, `axonhub setup --undo` for every file that the journal knows.

All is planned first and shown in one piece; one question, then file after file. A file that cannot be read or written is named
with its reason, stays in the journal, and keeps no other one from being taken back.
"""

import os
from typing import TYPE_CHECKING, Any

from ..errors import AxonHubError
from .output import Result, ask, clean, emit
from .setup_files import journal

if TYPE_CHECKING:
    from ..clients.catalog import Client
    from ..clients.journal import Plan, Record


def undo(client: "Client", *, dry_run: bool, yes: bool, json: bool) -> None:
    """Take back what is still ours in a client's file."""
    file = client.file()
    record = journal().record(client.name, file)
    if record is None:
        nothing = f"Nothing to take back: axonhub has no record of an edit of {file}."
        data = {"client": client.name, "file": str(file), "changed": False, "dry_run": dry_run, "diff": "", "kept": []}
        emit(Result(data, "\n".join([nothing, *_unrecorded(client), *_elsewhere(client), *_leftovers(client)])), json=json)
        return
    plan = journal().plan_undo(record)
    asked = not dry_run and plan.changes and ask(_diff(plan), "Take this back?", yes=yes or json)
    if not dry_run:
        journal().undo(plan)
    head = [] if asked or not plan.changes else [_diff(plan), ""]
    emit(Result(_data(plan, dry_run), "\n".join([*head, *_told(plan, dry_run)])), json=json)


def undo_all(*, dry_run: bool, yes: bool, json: bool) -> None:
    """Take back what is still ours in all files that were ever edited; exit code 1 when one of them cannot be."""
    plans, failed = _plans()
    diffs = "\n\n".join(_diff(plan) for plan in plans if plan.changes)
    asked = bool(diffs) and not dry_run and ask(diffs, "Take all of this back?", yes=yes or json)
    done = plans if dry_run else [plan for plan in plans if _carried_out(plan, failed)]
    lines = [] if asked or not diffs else [diffs, ""]
    lines += [line for plan in done for line in _told(plan, dry_run)]
    if not plans and not failed:
        lines = ["Nothing to take back: axonhub has edited no file of another program.", *_all_leftovers()]
    lines += [f"{item['file']} was left as it is: {item['message']} {item['hint']}".rstrip() for item in failed]
    data = {"files": [_data(plan, dry_run) for plan in done], "failed": failed}
    emit(Result(data, "\n".join(lines), exit_code=1 if failed else 0), json=json)


def _plans() -> "tuple[list[Plan], list[dict[str, str]]]":
    """What taking each record back would do, and the files for which that cannot be said."""
    plans: list[Plan] = []
    failed: list[dict[str, str]] = []
    for record in journal().records():
        try:
            plans.append(journal().plan_undo(record))
        except AxonHubError as error:
            failed.append(_failure(record, error))
    return plans, failed


def _carried_out(plan: "Plan", failed: list[dict[str, str]]) -> bool:
    try:
        journal().undo(plan)
    except AxonHubError as error:
        failed.append(_failure(plan.record, error))
        return False
    return True


def _failure(record: "Record", error: AxonHubError) -> dict[str, str]:
    return {"client": record.client, "file": record.file, "message": clean(error.message), "hint": clean(error.hint or "")}


def _data(plan: "Plan", dry_run: bool) -> dict[str, Any]:
    record, changed = plan.record, plan.changes and not dry_run
    return {
        "client": record.client, "file": record.file, "changed": changed, "dry_run": dry_run,
        "diff": _diff(plan) if plan.changes else "", "kept": list(plan.kept),
    }  # fmt: skip


def _diff(plan: "Plan") -> str:
    from ..clients.edits import diff

    return clean(diff(plan.source.text, plan.after, str(plan.source.path)), 1_000_000)


def _told(plan: "Plan", dry_run: bool) -> list[str]:
    """What became of a file, what stays in it and why, and what to know afterwards."""
    from ..clients.catalog import CLIENTS

    client = next((item for item in CLIENTS if item.name == plan.record.client), None)
    kept = [f"Kept, because you changed it since: {name}" for name in plan.kept]
    after = [client.after_undo] if client and client.after_undo and plan.changes else []
    return [_undone(plan, dry_run), *kept, *after, *(_leftovers(client) if client else [])]


def _undone(plan: "Plan", dry_run: bool) -> str:
    file = plan.source.path
    if not plan.changes:
        return f"Nothing of ours is left in {file}."
    if dry_run:
        return f"Nothing was written to {file} (--dry-run)."
    return f"Removed {file}, which axonhub had made." if plan.gone else f"Took the changes to {file} back."


def _unrecorded(client: "Client") -> list[str]:
    """A file that points here although the journal, which lies beside the traces, knows nothing of it: somebody cleared that
    folder. A set-up that finds everything in place writes the record again."""
    from ..clients import source
    from ..clients.edits import lookup
    from ..clients.environment import url
    from .edit import server_port

    try:
        address = lookup(source.read(client.file(), client.kind).value, client.address) if client.address else None
        if address != url(server_port(), client.below):
            return []
    except AxonHubError:
        return []
    again = f"axonhub setup {client.name}{' --write' if client.shell_alone else ''}"
    undo = f"axonhub setup {client.name} --undo"
    return [f"{client.file()} points here, though: the record was lost. To take it back: {again}, then: {undo}"]


def _elsewhere(client: "Client") -> list[str]:
    """Records of the same client for other files: it was set up under another home or another CODEX_HOME."""
    files = [record.file for record in journal().records() if record.client == client.name]
    return [f"It did edit {file}: axonhub setup --undo takes that back." for file in files]


def _leftovers(client: "Client") -> list[str]:
    """What this shell still says, and what new ones will; no command can take that out of them."""
    from ..clients.start_files import leftovers

    here = [f"This shell still sets {client.variable}: unset it."] if os.environ.get(client.variable) else []
    return [*here, *leftovers(client.name, client.variable, os.environ)]


def _all_leftovers() -> list[str]:
    from ..clients.catalog import CLIENTS

    return list(dict.fromkeys(line for client in CLIENTS for line in [*_unrecorded(client), *_leftovers(client)]))
