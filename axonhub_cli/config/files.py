"""Reading and replacing small files, so that a reader sees the old content or the new one and never half of it.

A write is: a temporary file beside the real one (symlinks resolved), fsync, rename, fsync of the folder. Whoever reads, changes
and writes a file holds `locked(path)` around all three; the lock is on the folder, so that no lock file is left behind (but on
Windows, where folders have none).
"""

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import ConfigError

PRIVATE = 0o600


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes. FileNotFoundError passes through; all else is a `ConfigError`."""
    try:
        info = os.stat(path)
        if not stat.S_ISREG(info.st_mode):  # a FIFO would block, a device would never end
            raise ConfigError(f"{path} is {_kind(info.st_mode)}, not a file.", hint="Move it away.")
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {reason(error)}.", hint=_read_hint(error, path)) from error
    if len(data) > limit:
        raise ConfigError(f"{path} is larger than {limit // 1024} KiB.", hint="Such a file is not ours; move it away.")
    return data


def atomic_write(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace the file's content. An existing file keeps its mode and owner; a new one gets `mode` (0600 unless given).

    Missing folders are made, for the user alone. Raises `ConfigError`; nothing has changed then.
    """
    try:
        real = _real(path)
        try:
            info: os.stat_result | None = os.stat(real)
        except FileNotFoundError:
            info = None
        real.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(real, data, stat.S_IMODE(info.st_mode) if info else PRIVATE if mode is None else mode, info)
    except OSError as error:
        hint = f"Check the permissions of {path.parent} and the free space."
        raise ConfigError(f"{path} cannot be written: {reason(error)}.", hint=hint) from error


def write_private(path: Path, data: bytes) -> None:
    """`atomic_write` for files with secrets: 0600 and ours, whatever was there before."""
    try:
        real = _real(path)
        real.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(real, data, PRIVATE, None)
    except OSError as error:
        hint = f"Check the permissions of {path.parent} and the free space."
        raise ConfigError(f"{path} cannot be written: {reason(error)}.", hint=hint) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the folder of `path` against other processes of ours. Where the file system has no locks, the last writer wins."""
    folder = _real(path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = _open_lock(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be used: {reason(error)}.", hint="Check its permissions.") from error
    try:
        with suppress(OSError):  # a network file system without locks, or (Windows) somebody has held it for ten seconds
            lock(handle)
        yield
    finally:
        os.close(handle)


def _open_lock(folder: Path) -> int:
    """The folder itself, so that nothing is left behind; Windows cannot open one, and gets a file in it."""
    if os.name == "posix":
        return os.open(folder, os.O_RDONLY)
    return os.open(folder / ".axonhub.lock", os.O_RDWR | os.O_CREAT, PRIVATE)


def lock(handle: int, *, wait: bool = True) -> None:
    """Lock an open file until it is closed. `BlockingIOError` at once when somebody has it and we do not `wait`; another
    OSError where there are no locks."""
    try:
        import fcntl
    except ImportError:  # Windows: the first byte, ten tries in ten seconds
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except PermissionError:
            raise BlockingIOError from None
        return
    fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def sweep(path: Path) -> None:
    """Take away what writers of ours that were killed left beside a file. Hold `locked` around all writers of that file."""
    real = _real(path)
    for stray in real.parent.glob(glob.escape(_temporary(real)) + "*"):
        with suppress(OSError):  # another user's, or gone
            stray.unlink()


def signature(path: Path | str, *, there: bool = False) -> tuple[int, ...] | None:
    """What changes when the file does, from one `stat`; None when there is no file. `there`: it was a moment ago."""
    if not there and not os.access(path, os.F_OK):  # most of what a server looks for is not there, and an error costs more
        return None
    try:
        info = os.stat(path)
    except OSError:
        return None
    return (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)


def open_to_others(path: Path) -> bool:
    """Whether group or others may read the file. Always False where modes mean nothing."""
    return os.name == "posix" and bool(os.stat(path).st_mode & 0o077)


def reason(error: OSError) -> str:
    """An operating system's error in its own words, without the path."""
    return (error.strerror or type(error).__name__).lower()


def _real(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    if real.is_symlink():  # realpath gives a loop back as it is
        raise ConfigError(f"{path} is a symbolic link that leads in a circle.", hint="Remove the link.")
    return real


def _temporary(real: Path) -> str:
    """How the names of our temporary files for that file begin."""
    return f".{real.name}.axonhub-"


def _replace(real: Path, data: bytes, mode: int, owner: os.stat_result | None) -> None:
    import tempfile

    handle, name = tempfile.mkstemp(prefix=_temporary(real), dir=real.parent)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            if os.name == "posix":
                _give(file.fileno(), mode, owner)
            os.fsync(file.fileno())
        os.replace(name, real)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _sync_folder(real.parent)


def _give(handle: int, mode: int, owner: os.stat_result | None) -> None:
    if owner is not None and (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):  # only root may give files away
            os.fchown(handle, owner.st_uid, owner.st_gid)
    os.fchmod(handle, mode)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _kind(mode: int) -> str:
    return "a folder" if stat.S_ISDIR(mode) else "a special file"


def _read_hint(error: OSError, path: Path) -> str:
    return f"Run: chmod u+r {path}" if isinstance(error, PermissionError) else "Check the path and the links in it."
