"""Leases: a session counts while its process lives, and not one moment longer."""

import os
import subprocess
import sys
from pathlib import Path

from axonhub_cli.config import leases


def test_a_lease_is_held_while_its_process_lives(tmp_path: Path) -> None:
    """Held by a living process; once it has ended, the file and what was put beside it are taken away."""
    where = leases.folder(tmp_path)
    assert not leases.held(where)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        file = leases.take(where, process.pid)
        beside = file.with_name(f"{file.name}.settings.json")
        beside.write_text("{}")
        assert os.name != "posix" or file.stat().st_mode & 0o777 == 0o600
        assert leases.held(where)
        assert beside.exists()
        process.communicate(b"\n")
    assert not leases.held(where)
    assert list(where.iterdir()) == []


def test_a_reused_process_number_is_no_lease(tmp_path: Path) -> None:
    """A living process that started at another time is another process."""
    file = leases.take(leases.folder(tmp_path), os.getpid())
    assert leases.held(file.parent)
    file.write_text("1")
    assert not leases.held(file.parent)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """What is no lease is neither counted nor removed."""
    where = leases.folder(tmp_path)
    where.mkdir()
    (where / "notes.txt").write_text("mine")
    assert not leases.held(where)
    assert (where / "notes.txt").exists()
