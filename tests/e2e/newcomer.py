"""Somebody who has just installed axonhub: a home without anything, the program from its wheel, the real clients on the PATH."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.e2e.processes import client_binary

_ROOT = Path(__file__).parents[2]
_CLOSED = "http://127.0.0.1:9"  # nothing of these tests may leave this machine


def install(folder: Path) -> Path:
    """The wheel built from this tree and installed into a virtual environment of its own; gives that folder."""
    quiet = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*quiet, "wheel", "--no-deps", "-w", folder, _ROOT], check=True, timeout=300)
    (wheel,) = folder.glob("axonhub_cli-*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
    subprocess.run([venv / "bin" / "python", "-m", "pip", "-q", "install", wheel], check=True, timeout=300)
    return venv


class Newcomer:
    """One person's home and shell."""

    def __init__(self, folder: Path, venv: Path) -> None:
        self.home, self.work = folder / "home", folder / "project"
        for each in (self.home, self.work, folder / "bin"):
            each.mkdir(mode=0o700)
        for name in ("claude", "codex"):
            (folder / "bin" / name).symlink_to(client_binary(name).resolve())
        self.environ = {
            "PATH": f"{venv / 'bin'}:{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8",
            "TERM": "screen-256color", "SHELL": "/bin/bash", "IS_SANDBOX": "1", "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "HTTPS_PROXY": _CLOSED, "NO_PROXY": "127.0.0.1,localhost,::1",
        }  # fmt: skip

    def run(self, *words: str, code: int = 0, **environ: str) -> str:
        """A command line that must end with that code; what it printed."""
        done = subprocess.run(
            words, env={**self.environ, **environ}, cwd=self.work, capture_output=True, text=True, timeout=180,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == code, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def files(self) -> dict[str, bytes]:
        """What other programs' configuration says, byte for byte: everything that set-up may touch."""
        names = [".claude/settings.json", ".codex/config.toml"]
        return {name: (self.home / name).read_bytes() for name in names if (self.home / name).exists()}


class Terminal:
    """A terminal of 80 columns (tmux), in which somebody types and reads. The last screen is in `screen`."""

    def __init__(self, person: Newcomer) -> None:
        if shutil.which("tmux") is None:
            pytest.skip("no tmux: apt install tmux")
        self._folder = tempfile.TemporaryDirectory(prefix="axonhub-")  # a socket's path is short
        self._tmux = ["tmux", "-S", f"{self._folder.name}/tmux", "-f", "/dev/null"]
        self._environ = {**person.environ, "PS1": "$ "}
        self.screen = ""
        self._call("new-session", "-d", "-x", "80", "-y", "50", "bash --norc", cwd=person.work)

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type it, and (as a rule) press Enter."""
        self._call("send-keys", "-l", text)
        if enter:
            self._call("send-keys", "Enter")

    def read(self, pattern: str, seconds: float = 60) -> str:
        """Wait until the screen shows it; gives the screen."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.screen = self._call("capture-pane", "-p", "-J", "-S", "-200")
            if re.search(pattern, self.screen):
                return self.screen
            time.sleep(0.1)
        raise AssertionError(f"{pattern!r} did not appear:\n{self.screen}")

    def close(self) -> None:
        """End the terminal and what runs in it."""
        self._call("kill-server")
        self._folder.cleanup()

    def _call(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run([*self._tmux, *words], env=self._environ, cwd=cwd, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout
