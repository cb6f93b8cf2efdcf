"""The first hour against a real model server: found by `init`, asked once, then tested in depth; as processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import Running, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def axonhub(home: Path, *args: str, expect: int = 0) -> str:
    """A command in that home; what it says on stdout."""
    environment = {**os.environ, "AXONHUB_HOME": str(home), "HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-m", "axonhub_cli", *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=800)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


def test_init_finds_a_real_model_server_and_gets_an_answer(model_server: Running, tmp_path: Path) -> None:
    """llama.cpp is known by what it says; its model answers for every client's names, and doctor finds nothing broken."""
    data = json.loads(axonhub(tmp_path, "init", "--no-scan", "--at", model_server.url, "--yes", "--json"))
    assert [(item["type"], item["base_url"]) for item in data["channels"]] == [("llamacpp", model_server.url)]
    assert data["test"]["ok"] is True
    assert {rule["channel"] for rule in data["mappings"]} == {"llamacpp"}
    with (tmp_path / "config.toml").open("a") as file:
        file.write(f"\n[server]\nport = {free_port()}\n")
    found = json.loads(axonhub(tmp_path, "doctor", "--json"))
    assert [item["status"] for item in found["findings"] if item["area"] == "channels"] == ["ok"]


@pytest.mark.parametrize("protocol", ["anthropic", "openai-chat", "openai-responses"])
def test_the_deep_test_of_a_real_model(model_server: Running, tmp_path: Path, protocol: str) -> None:
    """Each protocol of llama.cpp streams as it should and is free again after a cancelled request; what its small model cannot do
    is told, not guessed."""
    (tmp_path / "config.toml").write_text(f'[[channels]]\nname = "local"\ntype = "llamacpp"\nbase_url = "{model_server.url}"\n')
    data = json.loads(axonhub(tmp_path, "channel", "test", "local", "--deep", "--yes", "--json", "--protocol", protocol))
    states = {name: fact["state"] for name, fact in data["facts"].items()}
    assert states["stream"] == "yes"
    assert states["cancel"] in ("yes", "partly")
    assert states["image_result"] in ("no", "partly")
    assert data["kept"] is True
