"""The machine: versions of what takes part, and the clock."""

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ... import __version__
from ...config.program import outside
from .finding import Finding, ok, warn

_PROGRAMS = {"claude": "Claude Code", "codex": "Codex"}


def versions() -> Iterator[Finding]:
    """Ours, Python's, the system's."""
    text = f"axonhub {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield ok("system", "versions", text)
    if sys.prefix == sys.base_prefix and "site-packages" in __file__:
        yield warn("system", "installation", "axonhub shares Python's own packages", "Better: pipx install, or uv tool install")


def client(program: str) -> Iterator[Finding]:
    """What a client on the PATH says that it is; one that is not there is none."""
    path = shutil.which(program)
    if path is None:
        return
    try:
        done = subprocess.run(  # noqa: S603  # what the user would run by that name
            [path, "--version"], capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL, env=outside(os.environ)
        )
        said = next(iter(done.stdout.strip().splitlines()), "")
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        said = ""
    if said:
        yield ok("system", _PROGRAMS.get(program, program), f"{said[:60]} ({path})")
    else:
        yield warn("system", _PROGRAMS.get(program, program), f"{path} does not say its version", f"Try it: {program} --version")


def clock(now: float | None = None) -> Iterator[Finding]:
    """A clock that stands before our own installation is wrong. How it compares with a provider's: see `channels`."""
    installed = Path(__file__).stat().st_mtime
    moment = time.time() if now is None else now
    if moment < installed - 86_400:
        yield warn("system", "clock", "stands before the time when axonhub was installed", "Set it: certificates go by it.")
    else:
        yield ok("system", "clock", time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(moment)))
