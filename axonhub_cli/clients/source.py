"""Reading and writing a client's own file. It is somebody else's: whatever is unusual about it ends in a sentence, and
nothing is written.

A symbolic link is followed (dotfiles live in repositories); the mode stays; a byte-order mark is set aside and put back; and
a file that changed between reading and writing is left alone.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..config.files import atomic_write, read_bytes, reason
from ..errors import ClientFileError, ConfigError
from .edits import KindName, kind

_LIMIT = 1024 * 1024  # bytes; no client's settings come near it
_BOM = "\ufeff"
_MARKERS = ("<<<<<<< ", ">>>>>>> ")


class Source(Struct, frozen=True):
    """A file as it was read. `data` is None when there is none; `text` has no byte-order mark; `value` is what it means."""

    path: Path
    data: bytes | None
    text: str
    bom: bool
    value: dict[str, Any]

    def encode(self, text: str) -> bytes:
        """The bytes of a new text for this file."""
        return ((_BOM if self.bom else "") + text).encode()


def digest(data: bytes | None) -> str:
    """A fingerprint of a file's bytes; empty for no file."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def read(path: Path, kind_name: KindName) -> Source:
    """Read and parse. `ClientFileError` when the file is not a plain, readable, well-formed file."""
    try:
        data = read_bytes(path, _LIMIT)
    except FileNotFoundError:
        return Source(path, None, "", False, {})
    except ConfigError as error:
        raise ClientFileError(error.message, hint=error.hint) from error
    text = _decode(path, data)
    bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    return Source(path, data, text, bom, _parse(path, text, kind_name))


def write(source: Source, text: str) -> None:
    """Replace the file's text, unless it changed since it was read."""
    check_writable(source.path)
    _check_unchanged(source)
    try:
        atomic_write(source.path, source.encode(text))
    except ConfigError as error:
        raise ClientFileError(f"{error.message} Nothing was written.", hint=error.hint) from error


def check_writable(path: Path) -> None:
    """`ClientFileError` unless the file, or the folder that it would be made in, may be written by us. A rename would not ask."""
    real = Path(os.path.realpath(path))
    try:
        info = os.stat(real)
    except FileNotFoundError:
        _check_folder(path, real.parent)
        return
    except OSError as error:
        raise ClientFileError(f"{path} cannot be used: {reason(error)}.", hint="Check the path and its links.") from error
    if not info.st_mode & stat.S_IWUSR or not os.access(real, os.W_OK):
        raise ClientFileError(f"{path} is read-only; nothing was written.", hint=f"If that is not on purpose: chmod u+w {path}")
    if os.name == "posix" and os.geteuid() not in (0, info.st_uid):
        raise ClientFileError(f"{path} belongs to another user; nothing was written.", hint="Run this as that file's owner.")
    _check_folder(path, real.parent)


def restore(source: Source, data: bytes | None) -> None:
    """Put back exact bytes, or (None) take the file away, unless it changed since it was read."""
    if data is not None:
        write(Source(source.path, source.data, "", False, {}), data.decode())
        return
    _check_unchanged(source)
    try:
        os.unlink(os.path.realpath(source.path))
    except OSError as error:
        raise ClientFileError(
            f"{source.path} cannot be removed: {reason(error)}.", hint="Check the folder's permissions."
        ) from error


def _check_unchanged(source: Source) -> None:
    if _current(source.path) != source.data:
        raise ClientFileError(
            f"{source.path} was changed by another program meanwhile; nothing was written.", hint="Run the command again."
        )


def _current(path: Path) -> bytes | None:
    try:
        return read_bytes(path, _LIMIT)
    except FileNotFoundError:
        return None
    except ConfigError as error:
        raise ClientFileError(error.message, hint=error.hint) from error


def _decode(path: Path, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ClientFileError(
            f"{path} is not UTF-8 text (line {line}); nothing was written.", hint="Save it as UTF-8, then run the command again."
        ) from error


def _parse(path: Path, text: str, kind_name: KindName) -> dict[str, Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(_MARKERS):
            raise ClientFileError(
                f"{path} holds an unresolved merge conflict (line {number}); nothing was written.",
                hint="Resolve it, then run again.",
            )
    try:
        return kind(kind_name).load(text)
    except ValueError as error:
        raise ClientFileError(
            f"{path} is no valid {kind_name.upper()}: {_first_line(error)}; nothing was written.",
            hint="Correct it, then run again.",
        ) from error


def _first_line(error: ValueError) -> str:
    return (str(error).splitlines() or ["it cannot be read"])[0].rstrip(".")


def _check_folder(path: Path, folder: Path) -> None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ClientFileError(
            f"{path} cannot be written: {folder} is no folder that you may write to.", hint="Check its owner and permissions."
        )
