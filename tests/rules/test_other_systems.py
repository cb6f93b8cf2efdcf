"""Windows has no fcntl, termios or resource, and not every name of os and signal: nothing of ours needs them to start."""

import subprocess
import sys

# The names are taken away from our modules only: the standard library here is this system's own.
SCRIPT = """
import asyncio, builtins, importlib, os, pkgutil, select, signal, socket, subprocess, sys, tempfile, aiohttp, rich.console, typer
GONE = {"fcntl", "termios", "pwd", "grp", "resource", "tty", "pty", "syslog", "readline"}
original = builtins.__import__

def limited(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and name in GONE and str((globals or {}).get("__name__", "")).startswith("axonhub_cli"):
        raise ImportError(f"no {name} on Windows")
    return original(name, globals, locals, fromlist, level)

builtins.__import__ = limited
for module, names in ((os, "getuid geteuid getgid getegid fork killpg setsid fchmod fchown O_NOFOLLOW O_CLOEXEC uname"),
                      (signal, "SIGHUP SIGTSTP SIGQUIT SIGKILL SIGUSR1 SIGWINCH SIGPIPE SIGCONT"), (socket, "AF_UNIX")):
    for name in names.split():
        delattr(module, name)
import axonhub_cli
failed = {}
for found in pkgutil.walk_packages(axonhub_cli.__path__, "axonhub_cli."):
    if found.name in {"axonhub_cli.cli.tail.terminal"}:  # the screen, which `driver` imports where there is one
        continue
    try:
        importlib.import_module(found.name)
    except Exception as error:
        failed[found.name] = repr(error)
print(failed)
"""


def test_every_module_can_be_imported_without_what_only_unix_has() -> None:
    """All of them but the full-screen terminal, for which there are plain lines elsewhere."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("{}", 0), done.stderr
