"""Plan, show, apply, undo: edits of other people's files that can be taken back without losing what came after.

The journal (`setup-journal.toml`) has one record per file: each edit's value before and the value that we wrote, as source
text. Undo compares three things: what was there before, what we wrote, what is there now.

    now == written       ours still                  → the value from before returns (or the line goes)
    now == before        taken back already          → nothing to do
    anything else        the user changed it since   → it stays, and is named

A table that a client accepts only as a whole (`Target.whole`) goes or stays as a whole. A file in which nothing at all
happened since gets its exact bytes back from the backup.

Order makes crashes harmless. Apply: backup, journal, file. A crash before the last step leaves the old file, and a record
whose values all equal "before". Undo: file, journal. A crash between leaves the same. Backups are only ever added, and never
made of a file that holds values of ours, so that the oldest one is always the user's own text.
"""

import os
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, ValidationError, convert, field, to_builtins
from msgspec.structs import replace

from ..config.files import locked, read_bytes, reason, sweep, write_private
from ..errors import ClientFileError, ConfigError
from . import source as files
from .edits import Change, Edit, KeyPath, Kind, KindName, kind, lookup, missing_tables, rewrite, same
from .source import Source, digest

_LIMIT = 4 * 1024 * 1024


class Target(Struct, frozen=True):
    """What a client's file shall say. `whole`: tables that make sense only complete; `retract`: what an earlier set-up of ours
    may have written and goes when it is not among the edits any more."""

    client: str
    file: Path
    kind: KindName
    edits: tuple[Edit, ...]
    whole: tuple[KeyPath, ...] = ()
    retract: tuple[KeyPath, ...] = ()


class Entry(Struct, omit_defaults=True):
    """One journalled edit; source texts, None for "not there"."""

    path: KeyPath
    before: str | None = None
    written: str | None = None
    time: str = ""


class Record(Struct, omit_defaults=True):
    """All edits of one file. `made` are the tables that did not exist; `backup` and the fingerprints allow an exact return."""

    client: str
    file: str
    kind: KindName
    created: bool = False
    backup: str | None = None
    sha_before: str = ""
    sha_after: str = ""
    made: list[KeyPath] = field(default_factory=list)
    whole: list[KeyPath] = field(default_factory=list)
    edits: list[Entry] = field(default_factory=list)


class _File(Struct):
    version: int = 1
    files: list[Record] = field(default_factory=list)


class Plan(Struct, frozen=True):
    """What an apply or an undo would do. `kept` names what stays because the user changed it; `gone`: the file itself goes."""

    source: Source
    after: str
    record: Record
    kept: tuple[str, ...] = ()
    gone: bool = False
    exact: bytes | None = None

    @property
    def changes(self) -> bool:
        """Whether the file would change."""
        return self.gone or self.after != self.source.text


class Journal:
    """The journal in one file, and the folder of backups beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def record(self, client: str, file: Path) -> Record | None:
        """What was written to that file for that client."""
        return next((item for item in self._load() if (item.client, item.file) == (client, str(file))), None)

    def records(self) -> list[Record]:
        """What was written to any file, in the order in which it was first."""
        return self._load()

    def plan(self, target: Target) -> Plan:
        """What applying would change now. Raises `ClientFileError` for a file that cannot be edited; writes nothing."""
        source = files.read(target.file, target.kind)
        kind_ = kind(target.kind)
        old = self.record(target.client, target.file)
        changes = [_change(kind_, source, edit) for edit in target.edits]
        stale = _stale(kind_, source, target, old)
        changes += [Change(entry.path, entry.before) for entry in stale]
        after = rewrite(kind_, source.text, changes, str(target.file))
        return Plan(source, after, _record(kind_, source, after, target, old))

    def apply(self, plan: Plan) -> Path | None:
        """Carry a plan out; gives the backup's path, None when none was needed."""
        files.check_writable(plan.source.path)
        with locked(self.path):
            sweep(plan.source.path)
            backup = self._back_up(plan) if plan.changes else None
            record = replace(plan.record, backup=str(backup)) if backup else plan.record
            self._save([*self._others(record), record])
            if plan.changes:
                files.write(plan.source, plan.after)
        return backup

    def adopt(self, plan: Plan) -> None:
        """Write the journal for a file that says already what it shall, when the journal does not know so."""
        old = self.record(plan.record.client, plan.source.path)
        if plan.record.edits and (
            old is None or [entry.path for entry in old.edits] != [entry.path for entry in plan.record.edits]
        ):
            with locked(self.path):
                self._save([*self._others(plan.record), plan.record])

    def plan_undo(self, record: Record) -> Plan:
        """What taking a record back would change now; writes nothing."""
        source = files.read(Path(record.file), record.kind)
        if source.data is None:
            return Plan(source, "", record)
        if digest(source.data) == record.sha_after:
            exact = _original(record)
            if record.created or exact is not None:
                text = "" if exact is None else exact.decode().removeprefix("\ufeff")
                return Plan(source, text, record, gone=record.created, exact=exact)
        return _three_way(kind(record.kind), source, record)

    def undo(self, plan: Plan) -> None:
        """Carry an undo out and forget the record."""
        with locked(self.path):
            sweep(plan.source.path)
            if plan.gone or plan.exact is not None:
                files.restore(plan.source, None if plan.gone else plan.exact)
            elif plan.changes:
                files.write(plan.source, plan.after)
            self._save(self._others(plan.record))

    def _others(self, record: Record) -> list[Record]:
        return [item for item in self._load() if (item.client, item.file) != (record.client, record.file)]

    def _load(self) -> list[Record]:
        try:
            return convert(tomllib.loads(read_bytes(self.path, _LIMIT).decode()), _File).files
        except FileNotFoundError:
            return []
        except (ValueError, RecursionError, ValidationError) as error:  # never its text: values before may hold a secret
            hint = f"Move it away to go on without it; the backups are in {self.path.parent / 'backups'}."
            raise ConfigError(f"{self.path} is damaged ({type(error).__name__}).", hint=hint) from None

    def _save(self, records: Sequence[Record]) -> None:
        import tomli_w

        write_private(self.path, tomli_w.dumps(to_builtins(_File(files=list(records)))).encode())

    def _back_up(self, plan: Plan) -> Path | None:
        if plan.source.data is None or plan.record.sha_before != digest(plan.source.data):
            return None  # no file, or one that holds values of ours
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        folder = self.path.parent / "backups"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _write_new(folder / f"{plan.record.client}-{plan.source.path.name}.{stamp}", plan.source.data)
        except OSError as error:
            raise ClientFileError(
                f"No backup can be made in {folder}: {reason(error)}; nothing was written.",
                hint="Check its permissions and free space.",
            ) from error


def state(kind_: Kind, text: str, entry: Entry) -> str:
    """What became of one edit: `ours`, `before` (taken back already) or `changed`."""
    now = kind_.find(text, entry.path)
    if now and kind_.comments(now) != kind_.comments(entry.written or ""):
        return "changed"  # somebody's words stand in it
    if same(kind_, now, entry.written):
        return "ours"
    return "before" if same(kind_, now, entry.before) else "changed"


def _change(kind_: Kind, source: Source, edit: Edit) -> Change:
    """The edit as text; a value that is right already keeps its own spelling."""
    now = kind_.find(source.text, edit.path)
    wanted = None if edit.value is None else kind_.literal(edit.value)
    return Change(edit.path, now if same(kind_, now, wanted) else wanted)


def _record(kind_: Kind, source: Source, after: str, target: Target, old: Record | None) -> Record:
    adopted = old is None and _is_ours(kind_, source, target)
    made = missing_tables(source.value, [edit.path for edit in target.edits if edit.value is not None])
    record = Record(target.client, str(target.file), target.kind, whole=list(target.whole))
    record.edits = _entries(kind_, source, target, old, adopted)
    record.made = list(dict.fromkeys([*(old.made if old else []), *made, *(target.whole if adopted else [])]))
    now = digest(source.data)
    if old is not None and _holds(kind_, source, old):
        record.created, record.backup = old.created, old.backup
        if now == old.sha_after:  # nobody else wrote since: the exact way back still holds
            record.sha_before, record.sha_after = old.sha_before, digest(source.encode(after))
    elif not adopted and not any(edit.own and _in_place(kind_, source, edit) for edit in target.edits):
        record.created, record.sha_before, record.sha_after = source.data is None, now, digest(source.encode(after))
    return record


def _entries(kind_: Kind, source: Source, target: Target, old: Record | None, adopted: bool) -> list[Entry]:
    known = {entry.path: entry for entry in old.edits} if old else {}
    for stale in _stale(kind_, source, target, old):
        del known[stale.path]
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for edit in target.edits:
        now = kind_.find(source.text, edit.path)
        written = _change(kind_, source, edit).literal
        entry = known.get(edit.path)
        if entry and same(kind_, now, entry.written) and same(kind_, now, written):
            continue  # as it was left
        if entry and state(kind_, source.text, entry) == "ours":
            known[edit.path] = Entry(edit.path, entry.before, written, time)
        elif not same(kind_, now, written):
            known[edit.path] = Entry(edit.path, now, written, time)
        elif (edit.own or adopted) and now is not None:  # ours, and the journal was lost: there is no value to go back to
            known[edit.path] = Entry(edit.path, None, written, time)
        else:
            known.pop(edit.path, None)
    return list(known.values())


def _stale(kind_: Kind, source: Source, target: Target, old: Record | None) -> list[Entry]:
    """What an earlier set-up wrote, is ours still, and is wanted no more."""
    wanted = {edit.path for edit in target.edits}
    return [
        entry
        for entry in (old.edits if old else [])
        if entry.path in target.retract and entry.path not in wanted and state(kind_, source.text, entry) == "ours"
    ]


def _in_place(kind_: Kind, source: Source, edit: Edit) -> bool:
    return kind_.find(source.text, edit.path) == _change(kind_, source, edit).literal


def _is_ours(kind_: Kind, source: Source, target: Target) -> bool:
    """Whether a file of which the journal knows nothing was plainly written by us: all of it is there, a value of our own too."""
    return any(edit.own for edit in target.edits) and all(_in_place(kind_, source, edit) for edit in target.edits)


def _holds(kind_: Kind, source: Source, old: Record) -> bool:
    """Whether the file still holds a value that we wrote."""
    return any(entry.written is not None and state(kind_, source.text, entry) == "ours" for entry in old.edits)


def _original(record: Record) -> bytes | None:
    """The user's own bytes from the backup, if they are what they were."""
    if not record.backup:
        return None
    try:
        data = read_bytes(Path(record.backup), _LIMIT)
    except (OSError, ConfigError):
        return None
    return data if digest(data) == record.sha_before else None


def _three_way(kind_: Kind, source: Source, record: Record) -> Plan:
    states = {entry.path: state(kind_, source.text, entry) for entry in record.edits}
    complete = [table for table in record.whole if table in record.made and _touched(source, record, states, table)]

    def stays(path: KeyPath) -> bool:
        return any(path[: len(table)] == table for table in complete)

    changes = [
        Change(entry.path, entry.before) for entry in record.edits if states[entry.path] == "ours" and not stays(entry.path)
    ]
    tables = [table for table in record.made if not stays(table)]
    after = rewrite(kind_, source.text, changes, record.file, tables=tables)
    kept = [".".join(path) for path, found in states.items() if found == "changed"] + [".".join(table) for table in complete]
    return Plan(source, after, record, tuple(kept), gone=record.created and after.strip() in ("", "{}"))


def _touched(source: Source, record: Record, states: dict[KeyPath, str], table: KeyPath) -> bool:
    """Whether the user changed, removed or added something in a table of ours (and left something of it)."""
    ours = {entry.path for entry in record.edits if entry.path[:-1] == table}
    found = lookup(source.value, table)
    names = set(found) if isinstance(found, dict) else set()
    return bool(names) and (any(states[path] != "ours" for path in ours) or names != {path[-1] for path in ours})


def _write_new(path: Path, data: bytes) -> Path:
    """Write a file that was not there before, 0600; a number is added to a name that is taken."""
    number = 0
    while True:
        name = path if number == 0 else path.with_name(f"{path.name}-{number}")
        try:
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return name
