"""Runs in a process of its own: one operation on the operating system's keyring, because a keyring may hang for ever.

    stdin   {"op": "get" | "set" | "delete" | "probe", "service": …, "value": …}
    stdout  {"value": …, "backend": …}   or   {"error": "no_backend" | "locked" | "not_found" | "failed", "detail": …}

Started by `secrets`, by path and with `python -P`: nothing of the working directory or of this package can be imported. Backends
are constructed from a list of those that really protect; keyring's own choice (PYTHON_KEYRING_BACKEND, keyringrc.cfg, plug-ins
that write plain text) is never asked.
"""

import importlib
import json
import os
import sys
from typing import Any

USER = "axonhub"
BACKENDS = {
    "darwin": (("macOS Keychain", "keyring.backends.macOS", "Keyring"),),
    "win32": (("Windows Credential Manager", "keyring.backends.Windows", "WinVaultKeyring"),),
    "linux": (
        ("Secret Service", "keyring.backends.SecretService", "Keyring"),
        ("KWallet", "keyring.backends.kwallet", "DBusKeyring"),
    ),
}
_LOCKED = ("KeyringLocked", "LockedException", "InitError", "PromptDismissedException")
_ABSENT = ("NoKeyringError", "SecretServiceNotAvailableException")


class _Failed(Exception):
    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.answer = {"error": kind, "detail": detail}


def choose() -> tuple[str, Any]:
    """The name and an instance of the best backend that works here."""
    found: list[tuple[float, str, Any]] = []
    reasons = []
    for title, module, name in BACKENDS.get(sys.platform, BACKENDS["linux"]):
        try:
            backend = getattr(importlib.import_module(module), name)
            found.append((backend.priority, title, backend))
        except Exception as error:  # noqa: BLE001  # whatever a backend's libraries raise means that it is not usable
            reasons.append(f"{title}: {_one_line(error)}")
    if not found:
        raise _Failed("no_backend", "; ".join(reasons))
    _, title, backend = max(found, key=lambda each: each[0])
    return title, backend()


def run(job: dict[str, str]) -> dict[str, str | None]:
    """Do one operation; the answer as it goes to stdout."""
    title, backend = choose()
    op, service = job["op"], job["service"]
    if op == "set":
        backend.set_password(service, USER, job["value"])
        if backend.get_password(service, USER) != job["value"]:
            raise _Failed("failed", f"{title} gave back something else than was stored")
    elif op == "delete":
        backend.delete_password(service, USER)
    value = backend.get_password(service, USER) if op in ("get", "probe") else None
    if op == "get" and value is None:
        raise _Failed("not_found", title)
    return {"value": value if op == "get" else None, "backend": title}


def main() -> None:
    """Read the job, do it, print the answer."""
    _find_bus()
    job = json.load(sys.stdin)
    answer: dict[str, str | None]
    try:
        answer = run(job)
    except _Failed as error:
        answer = dict(error.answer)
    except Exception as error:  # noqa: BLE001  # the caller needs an answer, not a traceback
        # When storing, the message might quote the value.
        answer = {"error": _kind(error), "detail": type(error).__name__ if job["op"] == "set" else _one_line(error)}
    json.dump(answer, sys.stdout)


def _kind(error: Exception) -> str:
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & set(_LOCKED):
        return "locked"
    if names & set(_ABSENT):
        return "no_backend"
    return "not_found" if "PasswordDeleteError" in names else "failed"


def _find_bus() -> None:
    """Where no session bus is named (ssh, cron), the user's own one may still be at its usual place."""
    bus = os.path.join(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent", "bus")
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ and os.path.exists(bus):
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"


def _one_line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


if __name__ == "__main__":
    main()
