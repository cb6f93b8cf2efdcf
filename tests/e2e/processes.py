"""Real processes for the end-to-end tests, and where they are: clients, upstreams, axonhub itself.

The clients come from npm; AXONHUB_E2E_NODE names the folder whose node_modules holds them. Without it the tests look in the
current folder and skip with the reason.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CLIENTS = {
    "claude": "@anthropic-ai/claude-code-linux-x64/claude",
    "codex": "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
    "opencode": "opencode-linux-x64/bin/opencode",
    "gemini": "@google/gemini-cli/bundle/gemini.js",
}

SDKS = ("@anthropic-ai/sdk", "openai", "@google/genai")


def _path(name: str) -> Path:
    return Path(os.environ.get("AXONHUB_E2E_NODE", ".")) / "node_modules" / CLIENTS[name]


def any_client() -> None:
    """A skip when there is no client at all: servers need not be started for nothing."""
    if not any(_path(name).exists() for name in CLIENTS):
        client_binary("claude")


def client_binary(name: str) -> Path:
    """The platform binary of a client, or a skip that says how to get it."""
    path = _path(name)
    if not path.exists():
        pytest.skip(
            f"no {name}: npm install --no-save @anthropic-ai/claude-code @openai/codex opencode-ai @google/gemini-cli, "
            "then set AXONHUB_E2E_NODE to that folder"
        )
    return path


def sdk_folder() -> Path:
    """The folder whose node_modules holds the vendors' JavaScript SDKs, or a skip that says how to get them."""
    folder = Path(os.environ.get("AXONHUB_E2E_NODE", ".")).resolve()
    if not all((folder / "node_modules" / name).exists() for name in SDKS):
        pytest.skip(f"no SDKs: npm install --no-save {' '.join(SDKS)}, then set AXONHUB_E2E_NODE to that folder")
    return folder


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Until the URL answers; the process must live that long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"the process behind {url} ended with {process.returncode}"
        try:
            urllib.request.urlopen(url, timeout=1).read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{url} did not answer within {seconds} s")


@dataclass
class Running:
    """A process of ours and where it answers."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path | None = None
    tokens: dict[str, str] = field(default_factory=dict)


def _environment(home: Path) -> dict[str, str]:
    keep = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith("_PROXY") and not name.startswith("AXONHUB_")
    }
    return {**keep, "AXONHUB_HOME": str(home), "HOME": str(home)}


def start_axonhub(home: Path, config: str, *arguments: str, keys: dict[str, str | None] | None = None) -> Running:
    """A server with this config.toml, on a free port, with a key for each name (and its profile)."""
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "config.toml").write_text(config)
    environment = _environment(home)
    tokens = {}
    for name, profile in (keys or {}).items():
        command = [
            sys.executable,
            "-m",
            "axonhub_cli",
            "key",
            "create",
            name,
            "--json",
            *(["--profile", profile] if profile else []),
        ]
        made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
        tokens[name] = json.loads(made.stdout)["token"]
    port = free_port()
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "axonhub_cli", "serve", "--no-tail", "--port", str(port), *arguments],
        env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    log.close()
    wait_for(f"http://127.0.0.1:{port}/health", process)
    return Running(process, f"http://127.0.0.1:{port}", home, tokens)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, then make it."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def three_channels(base: str) -> str:
    """A config with one channel per protocol at one upstream, and a profile for each."""
    bases = {"anthropic": base, "openai-chat": f"{base}/v1", "openai-responses": f"{base}/v1"}
    channels = [f'[[channels]]\nname = "{name}"\ntype = "{name}"\nbase_url = "{url}"\n' for name, url in bases.items()]
    profiles = [f'[profiles.{name}]\nchannels = ["{name}"]\n' for name in bases]
    return "\n".join(channels + profiles)
