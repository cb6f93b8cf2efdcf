"""The keyring: which one, whether it answers, and where there is none, why."""

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from .finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from ...config.schema import Config

_REMEDY = "Unlock or start it (log in to the desktop), or: axonhub channel secret NAME --secret env:VAR"


def keyring(found: "Config", environ: Mapping[str, str]) -> Iterator[Finding]:
    """It matters as much as channels need it: before there are any, its absence is a remark."""
    from ...config.secrets import backend

    users = [channel.name for channel in found.channels if any(ref.startswith("keyring:") for ref in channel.secrets)]
    info = backend()
    if info.usable:
        yield ok("secrets", "keyring", f"{info.name} answers")
        return
    text = _why(info.detail or "there is none here", environ)
    if users:
        needed = f"{text}; needed by {', '.join(users)}"
        yield fail("secrets", "keyring", needed, _REMEDY.replace("NAME", users[0]))
    elif found.channels:
        yield ok("secrets", "keyring", f"{text}, and no channel needs it")
    else:
        remedy = "Fine with env: and file: secrets; else see: axonhub channel secret --help"
        yield warn("secrets", "keyring", f"{text}; no channel needs it yet", remedy)


def _why(detail: str, environ: Mapping[str, str]) -> str:
    """Where nothing can be asked, that says it all; else what the keyring's libraries say."""
    bus = session_bus(environ) if sys.platform.startswith("linux") else ""
    return f"there is none here: {bus}" if bus else detail.rstrip(".")


def session_bus(environ: Mapping[str, str]) -> str:
    """What is wrong with the session's D-Bus, which keyrings on Linux are asked through. Empty when it can be connected to."""
    address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if not address and not (runtime and os.path.exists(os.path.join(runtime, "bus"))):
        return "no D-Bus session (headless, ssh or cron)"
    path = next((part[5:] for part in address.replace(";", ",").replace("unix:", "").split(",") if part.startswith("path=")), "")
    if address and not path:
        return ""  # an abstract socket or TCP: not worth a guess
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(unquote(path) or os.path.join(runtime, "bus"))
        except OSError as error:
            return f"the D-Bus session does not answer ({(error.strerror or 'timeout').lower()})"
    return ""


def references(found: "Config") -> Iterator[Finding]:
    """Every secret that a channel names can be read."""
    from concurrent.futures import ThreadPoolExecutor

    wanted = [(channel.name, ref) for channel in found.channels if channel.enabled for ref in channel.secrets]
    if not wanted:
        return
    with ThreadPoolExecutor(min(len(wanted), 8)) as pool:
        problems = [each for each in pool.map(lambda pair: _unreadable(*pair), wanted) if each is not None]
    yield from problems
    if not problems:
        yield ok("secrets", "references", "it can be read" if len(wanted) == 1 else f"all {len(wanted)} can be read")


def _unreadable(channel: str, ref: str) -> Finding | None:
    from ...config.secrets import read
    from ...errors import SecretError

    try:
        read(ref, timeout=4.0)
    except SecretError as error:
        if ref.startswith("keyring:") and "has no secret" not in error.message:  # the keyring's own line says why
            return fail("secrets", f"{channel}: {ref}", "is out of reach without the keyring", _REMEDY.replace("NAME", channel))
        return fail(
            "secrets",
            f"{channel}: {ref}",
            error.message,
            (error.hint or f"axonhub channel secret {channel}").replace("secret NAME", f"secret {channel}"),
        )
    return None
