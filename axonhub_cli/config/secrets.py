"""Provider credentials: read from the operating system's keyring, the environment or a 0600 file; written only when asked.

The keyring is asked in a helper process (`keyring_helper`) that is killed when it does not answer: a Secret Service may hang for
ever. The secret travels through pipes, never through arguments. Nothing here falls back to another place by itself, and no error
quotes a value.
"""

import json
import os
import signal
import stat
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from ..errors import ConfigError, SecretError
from . import program
from .files import reason, write_private
from .paths import paths
from .refs import Scheme, SecretRef, looks_like_key, parse_ref

__all__ = [
    "BackendInfo",
    "Scheme",
    "SecretCache",
    "SecretRef",
    "backend",
    "delete",
    "looks_like_key",
    "parse_ref",
    "read",
    "store",
]

TIMEOUT = 5.0  # seconds for the keyring to answer
_MEMORY = 5.0  # seconds for which a failure stands, so that a hundred requests do not each wait for a hung keyring
_LONGEST = 1200  # characters: Windows stores 1280 at most
_HELPER = Path(__file__).with_name("keyring_helper.py")
_CHOICES = (
    "Either unlock or install a keyring (gnome-keyring, KWallet, KeePassXC), or use an environment variable (env:NAME), "
    "or a file that only you can read (file:PATH): axonhub channel secret NAME"
)


class BackendInfo(Struct, frozen=True):
    """The keyring of this machine: its name (empty when there is none), whether it answers, and why not."""

    name: str
    usable: bool
    detail: str


def read(ref: str, *, timeout: float = TIMEOUT) -> str:
    """The secret. Blocks up to `timeout` seconds; raises `SecretError` with a hint, never an empty value."""
    parsed = parse_ref(ref)
    if parsed.scheme == "env":
        return _from_environment(parsed.name)
    if parsed.scheme == "file":
        return _from_file(_path(parsed.name))
    answer = _ask("get", parsed.name, timeout)
    return _checked(answer.get("value") or "", f"the keyring's item {_service(parsed.name)!r}", parsed.name)


def store(ref: str, value: str, *, timeout: float = TIMEOUT) -> None:
    """Keep a secret where the reference says: an item of its own in the keyring, or a 0600 file (with the user's consent)."""
    parsed = parse_ref(ref)
    if parsed.scheme == "env":
        raise SecretError(
            f"{ref} is an environment variable; a program cannot set it for your shell.", hint=f"Run: export {parsed.name}=…"
        )
    _checked(value, "the secret", parsed.name)
    if parsed.scheme == "keyring":
        _ask("set", parsed.name, timeout, value)
        return
    try:
        write_private(_path(parsed.name), value.encode() + b"\n")
    except ConfigError as error:
        raise SecretError(error.message, hint=error.hint) from error


def delete(ref: str, *, timeout: float = TIMEOUT) -> None:
    """Forget a stored secret. `SecretError` when there is none."""
    parsed = parse_ref(ref)
    if parsed.scheme == "env":
        raise SecretError(
            f"{ref} is an environment variable; a program cannot unset it for your shell.", hint=f"Run: unset {parsed.name}"
        )
    if parsed.scheme == "keyring":
        _ask("delete", parsed.name, timeout)
        return
    path = _path(parsed.name)
    try:
        path.unlink()
    except OSError as error:
        raise SecretError(f"{path} cannot be removed: {reason(error)}.") from error


def backend(*, timeout: float = TIMEOUT) -> BackendInfo:
    """What the keyring of this machine is, after having asked it for an item that does not exist."""
    try:
        answer = _run({"op": "probe", "service": "axonhub:probe"}, timeout)
    except SecretError as error:
        return BackendInfo("", False, error.message)
    if "error" in answer:
        return BackendInfo("", False, _failure(answer, "probe").message)
    return BackendInfo(answer.get("backend") or "", True, "")


class SecretCache:
    """Secrets read once and kept in memory. Thread-safe; several threads that want the same secret wait for one reading of it."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._values: dict[str, str] = {}
        self._seen: set[str] = set()  # every value ever read: what was forgotten may still be echoed, and must still be masked
        self._failures: dict[str, tuple[float, SecretError]] = {}

    def __repr__(self) -> str:
        return f"SecretCache({len(self._values)} secrets)"

    def get(self, ref: str) -> str:
        """The secret; blocks on first use. Raises `SecretError`; a failure stands for a few seconds before it is tried again."""
        if (value := self._values.get(ref)) is not None:
            return value
        with self._guard:
            lock = self._locks.setdefault(ref, threading.Lock())
        with lock:
            if (value := self._values.get(ref)) is not None:
                return value
            when, failure = self._failures.get(ref, (0.0, None))
            if failure is not None and time.monotonic() - when < _MEMORY:
                raise SecretError(failure.message, hint=failure.hint)
            return self._read(ref)

    def known(self, ref: str) -> str | None:
        """The secret if it is in memory; never blocks."""
        return self._values.get(ref)

    def forget_all(self) -> None:
        """Read everything anew next time: the configuration has changed."""
        self._values.clear()
        self._failures.clear()

    def forget(self, ref: str) -> None:
        """Read it anew next time: the provider has refused it."""
        self._values.pop(ref, None)
        self._failures.pop(ref, None)

    def values(self) -> list[str]:
        """All secrets that were ever read, for redaction."""
        return list(self._seen)

    def _read(self, ref: str) -> str:
        try:
            value = read(ref, timeout=self._timeout)
        except SecretError as error:
            self._failures[ref] = (time.monotonic(), error)
            raise
        self._failures.pop(ref, None)
        self._values[ref] = value
        self._seen.add(value)
        return value


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        hint = f"Set it where `axonhub serve` starts (export {name}=…), or store the secret: axonhub channel secret NAME"
        raise SecretError(f"The environment variable {name} is not set.", hint=hint)
    return _checked(value, f"the environment variable {name}", name)


def _from_file(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a FIFO must not block
    except OSError as error:
        hint = "Check the path, or store the secret: axonhub channel secret NAME"
        raise SecretError(f"The secret file {path} cannot be read: {reason(error)}.", hint=hint) from error
    try:
        _private(path, os.fstat(handle))
        data = os.read(handle, 64 * 1024)
    except OSError as error:
        raise SecretError(f"The secret file {path} cannot be read: {reason(error)}.") from error
    finally:
        os.close(handle)
    text = data.decode("utf-8", "replace")
    return _checked(text.removesuffix("\n").removesuffix("\r"), f"the secret file {path}", path.stem)


def _private(path: Path, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise SecretError(f"The secret file {path} is not a regular file.", hint="Name a file that holds the secret alone.")
    if os.name != "posix":  # modes mean nothing there
        return
    if info.st_uid != os.geteuid():
        raise SecretError(
            f"The secret file {path} belongs to another user.", hint=f"Make a copy of your own, with mode 0600: {path}"
        )
    if info.st_mode & 0o077:
        raise SecretError(f"The secret file {path} can be read by other users.", hint=f"Run: chmod 600 {path}")


def _path(name: str) -> Path:
    """The file of `file:NAME`; a relative one is in our own folder, never in the working directory."""
    return paths().config_dir / Path(name).expanduser()


def _checked(value: str, where: str, name: str) -> str:
    again = f"Store it again: axonhub channel secret {name}"
    if not value:
        raise SecretError(f"{where[0].upper()}{where[1:]} is empty.", hint=again)
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise SecretError(
            f"{where[0].upper()}{where[1:]} has spaces, line breaks or other characters that no key has.", hint=again
        )
    if len(value) > _LONGEST:
        raise SecretError(f"{where[0].upper()}{where[1:]} is longer than {_LONGEST} characters; no key is.", hint=again)
    return value


def _service(name: str) -> str:
    return f"axonhub:{name}"


def _ask(op: str, name: str, timeout: float, value: str = "") -> dict[str, str | None]:
    answer = _run({"op": op, "service": _service(name), "value": value}, timeout)
    if "error" in answer:
        raise _failure(answer, name)
    return answer


def _failure(answer: dict[str, str | None], name: str) -> SecretError:
    detail = (answer.get("detail") or "no reason given").rstrip(".!")
    match answer["error"]:
        case "not_found":
            return SecretError(f"The keyring has no secret named {name!r}.", hint=f"Run: axonhub channel secret {name}")
        case "locked":
            hint = f"Unlock it (log in to the desktop, or open its manager), then try again. {_CHOICES}"
            return SecretError(f"The keyring is locked: {detail}.", hint=hint)
        case "no_backend":
            return SecretError(f"There is no keyring here ({detail}).", hint=_CHOICES)
    return SecretError(f"The keyring failed: {detail}.", hint=_CHOICES)


def _run(job: dict[str, str], timeout: float) -> dict[str, str | None]:
    """Run the helper; `SecretError` when it does not answer in time or at all."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHON_KEYRING_BACKEND"}
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own file
        program.alone(_HELPER, "axonhub_cli.config.keyring_helper"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=environment, start_new_session=True,  # no terminal: nothing can ask there
    )  # fmt: skip
    try:
        output, _ = process.communicate(json.dumps(job).encode(), timeout)
        answer = dict(json.loads(output))
    except subprocess.TimeoutExpired:
        hint = f"It may be waiting for you to unlock it, or its daemon hangs: restart it. {_CHOICES}"
        raise SecretError(f"The keyring did not answer within {timeout:g} s.", hint=hint) from None
    except (OSError, ValueError, TypeError):
        raise SecretError("The keyring's helper process ended without an answer.", hint=_CHOICES) from None
    finally:
        _end(process)
    return answer


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the helper and whatever it started, and let go of the pipes."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
