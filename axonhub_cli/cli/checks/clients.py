"""The clients: what their files say, what this shell says, and what overrides both."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config.paths import Paths
from .finding import Finding, fail, ok, short, warn

if TYPE_CHECKING:
    from ...clients.catalog import Client
    from ...config.schema import Config

_LIMIT = 1024 * 1024
_BASE = "ANTHROPIC_BASE_URL"
_MANAGED = {"darwin": "/Library/Application Support/ClaudeCode", "win32": "C:/ProgramData/ClaudeCode"}


def files(ours: Paths, found: "Config", environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each client that is set up, wholly or in part; none at all is a remark."""
    from ...clients.catalog import CLIENTS
    from ...clients.journal import Journal

    journal = Journal(ours.journal_file)
    findings = [finding for client in CLIENTS for finding in _client(client, journal, found.server.port, environ)]
    yield from findings
    if not findings:
        yield warn(
            "clients",
            "set-up",
            "no client is set up, in its file or in this shell",
            "Run: axonhub run claude, or: axonhub setup list",
        )


def _client(client: "Client", journal: Any, port: int, environ: Mapping[str, str]) -> Iterator[Finding]:
    from ...clients.status import status

    item = status(client, journal, port, environ)
    if item.state == "unreadable":
        yield fail(
            "clients",
            client.title,
            " ".join(item.remarks),
            f"Mend {short(client.file())}; axonhub changes nothing in it meanwhile.",
        )
    elif item.ignored and item.address:
        text = f"it ignores {short(client.file())} as a whole: there are comments or a trailing comma in it"
        yield fail("clients", client.title, text, "Take them out: it must be plain JSON.")
    elif item.remarks:
        again = f"axonhub setup {client.name}{' --write' if client.shell_alone else ''}"
        for remark in item.remarks:
            yield warn("clients", client.title, remark, f"Run: {again} (take it back: --undo)")
    elif item.state != "not set up":
        yield ok("clients", client.title, f"{item.state} in {short(client.file())}")
    elif item.shell:
        yield ok("clients", client.title, "set up in this shell")
    elif item.address:
        yield from _elsewhere(client, item.address)


def _elsewhere(client: "Client", address: str) -> Iterator[Finding]:
    """A file that sends the client to another program of this machine: what an earlier tool left behind, if that is gone."""
    if not _is_here(address):
        return
    file = short(client.file())
    if _answers(address):
        yield ok("clients", client.title, f"{file} sends it to {address}, another program of this machine")
    else:
        write = " --write" if client.shell_alone else ""
        remedy = f"Take that out of the file, or put axonhub in its place: axonhub setup {client.name}{write}"
        yield warn("clients", client.title, f"{file} sends it to {address}, where nothing listens", remedy)


def _answers(address: str) -> bool:
    """Whether something listens there."""
    import socket
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        socket.create_connection((parts.hostname or "", parts.port or 80), timeout=1).close()
    except (OSError, ValueError, UnicodeError):
        return False
    return True


def shell(ours: Paths, found: "Config", environ: Mapping[str, str]) -> Iterator[Finding]:
    """What this shell exports: addresses of earlier set-ups, keys of ours that are none, a real key that would go along."""
    from ...clients import claude_code
    from ...clients.environment import url

    base = environ.get(_BASE)
    if base and base.rstrip("/") != url(found.server.port, "/anthropic") and _is_here(base):
        yield warn("clients", f"this shell: {_BASE}", f"is {base}, but axonhub serves {url(found.server.port, '/anthropic')}",
                   'Run: eval "$(axonhub setup claude-code)"')  # fmt: skip
    yield from _keys(ours, environ)
    if base and environ.get("ANTHROPIC_API_KEY"):
        yield warn("clients", "this shell: ANTHROPIC_API_KEY", f"is sent along to {base}", "Run: unset ANTHROPIC_API_KEY")
    for remark in claude_code.remarks(environ, {}, {}):
        yield warn("clients", "this shell", remark, "Unset it in this shell.")
    yield from _codex(ours, environ)
    yield from _start_files(found, environ)


def _start_files(found: "Config", environ: Mapping[str, str]) -> Iterator[Finding]:
    """Lines that will send clients of new shells to a place of this machine where nobody is."""
    from ...clients import start_files

    for line in start_files.read(environ):
        if line.address and f":{found.server.port}" not in line.address and not _answers(line.address):
            text = f"sets {line.name} to {line.address}, where nothing listens"
            yield warn("clients", line.place, text, "Take that line out of the file.")


def _is_here(address: str) -> bool:
    return any(f"//{host}" in address for host in ("127.0.0.1", "localhost", "[::1]"))


def _keys(ours: Paths, environ: Mapping[str, str]) -> Iterator[Finding]:
    from ...config.keys import KeyStore
    from ...errors import ConfigError

    store = KeyStore(ours.keys_file)
    try:
        known = {key.token for key in store.keys}
    except ConfigError:  # reported by `files.keys`
        return
    for name, command in (("ANTHROPIC_AUTH_TOKEN", "setup claude-code"), ("AXONHUB_API_KEY", "setup codex --env")):
        value = environ.get(name, "")
        if value.startswith("ah-") and value not in known:
            yield fail(
                "clients", f"this shell: {name}", "is no local key of ours (any more)", f'Run: eval "$(axonhub {command})"'
            )


def _codex(ours: Paths, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The variable that it reads its key from, and profiles that lead elsewhere."""
    from ...clients import codex, source
    from ...clients.journal import Journal
    from ...errors import ClientFileError

    if Journal(ours.journal_file).record(codex.NAME, codex.file()) is None:
        return
    try:
        settings = source.read(codex.file(), "toml").value
    except ClientFileError:  # reported by `files`
        return
    if settings.get("model_provider") != codex.PROVIDER:
        return
    if not environ.get(codex.VARIABLE):
        name, remedy = f"this shell: {codex.VARIABLE}", 'Run: eval "$(axonhub setup codex --env)"'
        yield warn("clients", name, "is not set, and Codex needs it", remedy)
    for remark in codex.remarks(settings):
        yield warn("clients", codex.TITLE, remark, "See https://developers.openai.com/codex/config-advanced#profiles")


def overrides(found: "Config", environ: Mapping[str, str], cwd: Path) -> Iterator[Finding]:
    """Claude Code's settings of a project, or of an administrator, that name another address: they win over the user's."""
    from ...clients.environment import url

    ours = url(found.server.port, "/anthropic")
    for file in _settings(cwd):
        block = _read(file).get("env")
        base = block.get(_BASE) if isinstance(block, dict) else None
        if isinstance(base, str) and base.rstrip("/") != ours:
            yield warn(
                "clients",
                "Claude Code here",
                f"{short(file)} sends it to {base}",
                f"Take {_BASE} out of that file, or start Claude Code elsewhere.",
            )


def _settings(cwd: Path) -> list[Path]:
    """The files above the user's own: of the project, from here upwards, and of the administrator."""
    home = Path.home()
    folders = [folder for folder in (cwd, *cwd.parents) if folder != home]
    files = [folder / ".claude" / name for folder in folders for name in ("settings.local.json", "settings.json")]
    return [*files, Path(_MANAGED.get(sys.platform, "/etc/claude-code")) / "managed-settings.json"]


def _read(file: Path) -> dict[str, Any]:
    """A settings file of somebody else; what cannot be read is not for us to judge."""
    try:
        if not file.is_file() or file.stat().st_size > _LIMIT:
            return {}
        value = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """A proxy of the environment would swallow requests to this machine, unless NO_PROXY names it."""
    from ...clients.environment import no_proxy

    names = [name for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") if environ.get(name) or environ.get(name.lower())]
    for line in no_proxy(environ):
        export = f"export {line.name}={line.value}" if os.name == "posix" else f"{line.name}={line.value}"
        yield warn("clients", "proxy", f"{', '.join(names)} would also get what is meant for this machine", f"Run: {export}")
    if names and not no_proxy(environ):
        yield ok("clients", "proxy", f"{', '.join(names)} leaves this machine alone")
