"""Tries an axonhub program from outside: smoke.py PROGRAM. Standard library only; everything happens in a temporary home.

A server in the background with the demo model, a request of each protocol, the live tree, traces, statistics, secrets (a keyring
where there is one), the binary as its own helper, a client started through it. Ends with the start-up times.
"""

import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PROGRAM = os.path.abspath(sys.argv[1])
CALLS = {
    "/anthropic/v1/messages": {"max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}]},
    "/v1/responses": {"input": "hi"},
    "/v1beta/models/axonhub-demo:generateContent": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}


def run(home: str, *words: str, code: int = 0, **environ: str) -> str:
    """A command that must end with that code; what it printed."""
    done = subprocess.run(
        [PROGRAM, *words], env=environment(home, **environ), capture_output=True, text=True, timeout=90, cwd=home
    )
    if done.returncode != code:
        sys.exit(f"FAILED: axonhub {' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def environment(home: str, **more: str) -> dict[str, str]:
    """A home of its own; no proxy, and nothing of Python's."""
    drop = ("PYTHON", "AXONHUB", "VIRTUAL")
    keep = {name: value for name, value in os.environ.items() if not name.startswith(drop) and "proxy" not in name.lower()}
    return {**keep, "HOME": home, "AXONHUB_HOME": f"{home}/ax", "TERM": "xterm-256color", "COLUMNS": "100", **more}


def call(port: int, token: str, path: str, body: dict[str, object]) -> None:
    """One request; its answer must hold text of the demo."""
    text = json.dumps({"model": "axonhub-demo", **body}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", text, headers), timeout=30) as answer:
        said = answer.read().decode()
    assert "demo" in said, said


def tree(home: str) -> None:
    """`serve` in a terminal draws the live tree, from a process of its own, and ends at a q."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, "serve", "--demo", "--port", "0"], environment(home, AXONHUB_HOME=f"{home}/tree"))
    seen, until, asked = b"", time.monotonic() + 30, False
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            break
        if not asked and b"quit" in seen.replace(b"\x1b", b""):
            os.write(terminal, b"q")
            asked = True
    ended, status = 0, 0
    while time.monotonic() < until and not ended:
        ended, status = os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
    if not asked or not ended or os.waitstatus_to_exitcode(status) != 0:
        shown = re.sub(rb"\x1b.[^a-zA-Z]*[a-zA-Z]", b"", seen)
        sys.exit(f"FAILED: the live tree: {shown[-2000:]!r}")


def client(home: str) -> None:
    """`run` starts a client with an environment of its own, and passes its exit code on."""
    fake = Path(home) / "bin" / "claude"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "base=$ANTHROPIC_BASE_URL loader=$LD_LIBRARY_PATH"\nexit 7\n')
    fake.chmod(0o755)
    said = run(home, "run", "claude", code=7, PATH=f"{fake.parent}:{os.environ['PATH']}")
    assert "base=http://127.0.0.1:" in said, said
    assert said.strip().endswith("loader="), said


def seconds(home: str, *words: str) -> float:
    """The median time of five starts."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([PROGRAM, *words], env=environment(home), capture_output=True, cwd=home, check=False)
        times.append(time.perf_counter() - begun)
    return sorted(times)[2]


def everything(home: str) -> None:
    """All of it, in the order in which a user would."""
    assert run(home, "--version").startswith("axonhub ")
    run(home)
    started = json.loads(run(home, "serve", "--demo", "--detach", "--port", "0", "--json"))
    try:
        token = json.loads(run(home, "key", "create", "smoke", "--json"))["token"]
        time.sleep(1)  # the server looks for new keys twice a second
        for path, body in CALLS.items():
            call(started["port"], token, path, body)
        assert "runs on" in run(home, "status")
        time.sleep(1)
        assert len(json.loads(run(home, "trace", "list", "--json"))) == len(CALLS)
        run(home, "usage")
        run(home, "statusline")
        client(home)
    finally:
        run(home, "stop")
    tree(home)
    run(home, "channel", "add", "a", "--type", "openai", "--secret", "env:NONE")
    said = json.loads(run(home, "doctor", "--json", code=1))
    keyring = next(item for item in said["findings"] if item["name"] == "keyring")
    assert "ended without an answer" not in keyring["text"], keyring
    sys.stdout.write(f"keyring: {keyring['text']}\n")
    run(home, "setup", "codex", "--yes")
    run(home, "setup", "--undo", "--yes")
    for words in (["--help"], ["status"], ["channel", "list"]):
        sys.stdout.write(f"axonhub {' '.join(words)}: {seconds(home, *words) * 1000:.0f} ms\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="axonhub-smoke-", ignore_cleanup_errors=True) as folder:
        everything(folder)
    sys.stdout.write("The smoke test passed.\n")
