"""The log of a server in the background: bounded, private, begun anew when it was moved, no trouble when the disk is full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
from pathlib import Path
from axonhub_cli.cli.log_file import Lines
log = Path(sys.argv[1])
lines = Lines(log, 1000)
for number in range(100):
    lines.write(f"line {number} " + "x" * 40)
    if number == 50 and sys.argv[2] == "moved":
        os.rename(log, log.with_name("elsewhere"))
print("to stdout")
"""


def write(log: Path, how: str = "") -> None:
    """A hundred lines from a process whose output is the file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    subprocess.run([sys.executable, "-c", SCRIPT, str(log), how], stdout=handle, stderr=handle, timeout=60, check=True)
    os.close(handle)


@pytest.mark.parametrize("how", ["", "moved"])
def test_it_is_begun_anew(how: str, tmp_path: Path) -> None:
    """Two files at most, each a little above the limit at most, 0600, and the newest line in the one of the name."""
    folder = tmp_path / "logs"
    folder.mkdir()
    log = folder / "server.log"
    write(log, how)
    assert log.read_text().endswith("to stdout\n")
    assert "line 99" in log.read_text()
    assert {path.name for path in folder.iterdir()} == {"server.log", "server.log.1", *(["elsewhere"] if how else [])}
    for path in folder.iterdir():
        assert path.stat().st_size < 1100
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Somebody else's file stays as it is."""
    log, victim = tmp_path / "server.log", tmp_path / "victim"
    victim.write_text("precious")
    script = SCRIPT.replace('os.rename(log, log.with_name("elsewhere"))', f"os.unlink(log); os.symlink({str(victim)!r}, log)")
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    subprocess.run([sys.executable, "-c", script, str(log), "moved"], stdout=handle, stderr=handle, timeout=60, check=True)
    os.close(handle)
    assert victim.read_text() == "precious"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_costs_lines_only(tmp_path: Path) -> None:
    """Writing fails, nothing is raised."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "server.log"), ""], stdout=subprocess.PIPE, stderr=full, timeout=60,
            check=False,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"to stdout\n")


def test_a_terminal_or_a_pipe_is_left_alone(tmp_path: Path) -> None:
    """What stderr leads to is not the file: it is not touched."""
    log = tmp_path / "server.log"
    log.write_text("old")
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(log), ""], capture_output=True, timeout=60, check=True)
    assert log.read_text() == "old"
    assert done.stderr.count(b"\n") == 100
