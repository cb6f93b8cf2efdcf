"""Files are replaced whole, keep their modes, and complain in sentences."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from axonhub_cli.config import files
from axonhub_cli.config.files import atomic_write, locked, open_to_others, read_bytes, signature, sweep, write_private
from axonhub_cli.errors import ConfigError

posix = pytest.mark.skipif(os.name != "posix", reason="modes and symlinks as POSIX has them")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_private_and_its_folders_are_made(tmp_path: Path) -> None:
    """A first write makes the folders for the user alone and the file 0600."""
    path = tmp_path / "a" / "b" / "file"
    atomic_write(path, b"text")
    assert path.read_bytes() == b"text"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_a_new_file_may_have_another_mode(tmp_path: Path) -> None:
    """The caller's mode counts for new files, whatever the umask."""
    atomic_write(tmp_path / "file", b"", mode=0o644)
    assert mode(tmp_path / "file") == 0o644


def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    """Replacing a file does not change who may read it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    atomic_write(path, b"new", mode=0o600)
    assert (path.read_bytes(), mode(path)) == (b"new", 0o640)


def test_a_private_write_takes_rights_away(tmp_path: Path) -> None:
    """A file with secrets is 0600 afterwards, whatever it was."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    write_private(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)


@posix
def test_a_symlink_stays_a_symlink(tmp_path: Path) -> None:
    """The file behind a link is replaced, not the link; one that leads nowhere yet gets its file."""
    real, link = tmp_path / "dotfiles" / "file", tmp_path / "link"
    link.symlink_to(real)
    for text in (b"first", b"second"):
        atomic_write(link, text)
        assert link.is_symlink()
        assert real.read_bytes() == text


@posix
def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    """Links that lead to each other are a sentence, and stay as they are."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ConfigError, match="circle"):
        atomic_write(tmp_path / "a", b"x")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_bytes(tmp_path / "a", 10)
    assert (tmp_path / "a").is_symlink()


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the rename fails (the target is a folder), there is no temporary file and a sentence says why."""
    (tmp_path / "folder" / "full").mkdir(parents=True)
    for write in (atomic_write, write_private):
        with pytest.raises(ConfigError, match="cannot be written") as caught:
            write(tmp_path / "folder", b"x")
        assert caught.value.hint
    assert not list(tmp_path.glob(".folder.*"))


def test_reading_refuses_what_is_no_file(tmp_path: Path) -> None:
    """A folder, a FIFO (which would block) and a large file are sentences; a missing file is FileNotFoundError."""
    (tmp_path / "large").write_bytes(b"x" * 2000)
    with pytest.raises(ConfigError, match="a folder, not a file"):
        read_bytes(tmp_path, 10)
    with pytest.raises(ConfigError, match="larger than 1 KiB"):
        read_bytes(tmp_path / "large", 1024)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "missing", 10)


@posix
def test_reading_a_fifo_does_not_block(tmp_path: Path) -> None:
    """A FIFO without a writer is refused before it is opened."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="a special file"):
        read_bytes(tmp_path / "pipe", 10)


def test_a_signature_changes_with_the_file(tmp_path: Path) -> None:
    """Replacing, growing and removing a file each change its signature."""
    path = tmp_path / "file"
    seen = [signature(path)]
    for text in (b"a", b"b", b"bc"):
        atomic_write(path, text)
        seen.append(signature(path))
    assert seen[0] is None
    assert len(set(seen)) == 4


@posix
def test_open_to_others_sees_group_and_world(tmp_path: Path) -> None:
    """Any right for anybody else counts."""
    path = tmp_path / "file"
    path.touch()
    seen = []
    for bits in (0o600, 0o640, 0o604, 0o601):
        path.chmod(bits)
        seen.append(open_to_others(path))
    assert seen == [False, True, True, True]


@posix
def test_the_lock_holds_against_another_process(tmp_path: Path) -> None:
    """Whoever holds the folder makes others wait until it lets go."""
    script = (
        "import fcntl, os, sys\n"
        f"handle = os.open({str(tmp_path)!r}, os.O_RDONLY)\n"
        "try: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(7)\n"
    )
    with locked(tmp_path / "file"):
        assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 7
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_a_killed_writer_left_is_swept_away(tmp_path: Path) -> None:
    """Temporary files of ours go, whatever else lies beside the file stays; the names with brackets are names, not patterns."""
    file = tmp_path / "a[b].json"
    ours = tmp_path / ".a[b].json.axonhub-12345678"
    others = [tmp_path / name for name in (".a[b].json.swp", ".a[b].json.12345678", "a[b].json", ".ab.json.axonhub-1")]
    for path in (ours, *others):
        path.write_text("x")
    sweep(file)
    assert not ours.exists()
    assert all(path.exists() for path in others)


def test_windows_locks_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting or not; somebody else's lock is told as it is elsewhere."""
    asked: list[tuple[int, int, int]] = []

    def locking(handle: int, mode: int, count: int) -> None:
        asked.append((handle, mode, count))
        if mode == 2:
            raise PermissionError

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_LOCK=1, LK_NBLCK=2))
    files.lock(5)
    with pytest.raises(BlockingIOError):
        files.lock(5, wait=False)
    assert asked == [(5, 1, 1), (5, 2, 1)]
