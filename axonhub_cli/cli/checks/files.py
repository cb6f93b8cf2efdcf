"""Our own files: what they say, who can read them, what was left behind; the trace store, and the room for it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...config.paths import Paths
from ..tail.figures import plural
from .finding import Finding, fail, ok, short, warn

if TYPE_CHECKING:
    from ...config.schema import Config

_FULL, _LOW = 50, 500  # MiB of free space


def config(files: Paths, found: "Config") -> Iterator[Finding]:
    """`config.toml`, once it could be read at all."""
    file = files.config_file
    if not file.exists():
        yield ok("config", "config.toml", f"there is none: everything at its default ({short(file)})")
    else:
        many = [plural(len(found.channels), "channel"), plural(len(found.profiles), "profile")]
        yield ok("config", "config.toml", f"{', '.join(many)} ({short(file)})")
        if os.name == "posix" and file.stat().st_mode & 0o022:
            yield _open(file, "can be changed by other users", 0o644, "warn")
    if not any(channel.enabled for channel in found.channels):
        yield warn("config", "channels", "none, so that only the demo model answers", "Run: axonhub init")
    draft = file.with_name("config.draft.toml")
    if draft.exists():
        yield warn(
            "config",
            draft.name,
            "was left behind by `axonhub config edit`",
            f"Take from it what you need, then: rm {short(draft)}",
        )


def private(files: Paths) -> Iterator[Finding]:
    """Files with keys and secrets are for their owner alone."""
    if os.name != "posix":
        return
    secrets = files.config_dir / "secrets"
    inside = [files.keys_file, files.server_file, files.database, *(secrets.iterdir() if secrets.is_dir() else ())]
    for file in inside:
        if file.is_file() and file.stat().st_mode & 0o077:
            yield _open(file, "can be read by other users", 0o600, "fail" if file == files.keys_file else "warn")


def _open(file: Path, what: str, mode: int, status: str) -> Finding:
    make = fail if status == "fail" else warn
    return make("config", file.name, what, f"Run: chmod {mode:o} {short(file)}", _chmod(file, mode))


def _chmod(file: Path, mode: int) -> Callable[[], str]:
    def change() -> str:
        os.chmod(file, mode)
        return f"Set the mode of {file} to {mode:04o}."

    return change


def keys(files: Paths) -> Iterator[Finding]:
    """Local keys; a file that cannot be used raises its own error."""
    from ...config.keys import KeyStore

    names = [key.name for key in KeyStore(files.keys_file).keys]
    if names:
        yield ok(
            "config", "keys.toml", f"{plural(len(names), 'local key')}: {', '.join(names[:5])}{', …' if len(names) > 5 else ''}"
        )
    else:
        yield warn("config", "keys.toml", "no local key yet, so no client can talk to axonhub", "Run: axonhub setup claude-code")


def database(files: Paths) -> Iterator[Finding]:
    """The trace store can be read, and is whole as far as a quick look says."""
    import sqlite3

    file = files.database
    if not file.exists():
        yield ok("system", "traces.db", "no traces yet")
        return
    size, version = file.stat().st_size / 1024**2, 0
    try:
        with sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=1) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if size < 64 else "ok"
        connection.close()
    except sqlite3.Error as error:
        answer = str(error)
    yield _store(files, answer, size, version)


def _store(files: Paths, answer: str, size: float, version: int) -> Finding:
    """What SQLite's answer means; a lock is no damage, and neither is a file that a later axonhub has made."""
    from ...trace.schema import VERSION

    if "locked" in answer or "busy" in answer:
        return warn(
            "system", "traces.db", "is locked by another program", "Close what has it open; the server goes on writing then."
        )
    if answer == "ok" and version > VERSION:
        text = f"was made by a later axonhub (format {version}, this one knows {VERSION}), so nothing is recorded"
        return fail(
            "system",
            "traces.db",
            text,
            f"Update axonhub, or begin a new one: mv {short(files.database)} {short(files.database)}.later",
        )
    if answer == "ok":
        return ok("system", "traces.db", f"{size:.0f} MiB ({short(files.database)})")
    return fail(
        "system", "traces.db", f"is damaged: {answer}", "Run: axonhub doctor --fix (it is set aside, nothing is deleted)",
        _aside(files),
    )  # fmt: skip


def _aside(files: Paths) -> Callable[[], str]:
    def move() -> str:
        from ...config import state
        from ...trace.database import set_aside

        if state.running(files.server_file) is not None:  # the file is open there
            return f"Left {short(files.database)} alone: a server runs. Restart it: axonhub stop && axonhub serve"
        return f"Set {short(files.database)} aside as {set_aside(files.database).name}."

    return move


def disk(files: Paths, found: "Config | None") -> Iterator[Finding]:
    """Room for traces."""
    folder = next(path for path in (files.data_dir, *files.data_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free // 1024**2
    limit = found.trace.max_size_mb if found else 1024
    text = f"{free:,} MiB free where traces are kept"
    remedy = f"Free some space, or lower trace.max_size_mb (now {limit})."
    if free < _FULL:
        yield fail("system", "disk", text, remedy)
    elif free < _LOW:
        yield warn("system", "disk", text, remedy)
    else:
        yield ok("system", "disk", text)
