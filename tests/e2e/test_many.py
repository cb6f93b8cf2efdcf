"""Many real Claude Code sessions through one server at the same time: each does its work, each is a trace of its own.

`AXONHUB_LOAD=1` starts twenty of them, else four.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Running, client_binary, end, start_axonhub

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
NUMBER = 20 if os.environ.get("AXONHUB_LOAD") else 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """axonhub with its built-in model, which calls the shell tool once and then answers."""
    running = start_axonhub(tmp_path / "ax", "", keys={"many": None})
    yield running
    end(running.process)


def test_sessions_side_by_side(server: Running, tmp_path: Path) -> None:
    """All of them end well; as many traces, and not one request that failed."""
    binary, token = client_binary("claude"), server.tokens["many"]
    closed = "http://127.0.0.1:9"

    def session(number: int) -> str:
        home = tmp_path / f"user{number}"
        home.mkdir()
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "IS_SANDBOX": "1", "ANTHROPIC_BASE_URL": server.url,
            "ANTHROPIC_AUTH_TOKEN": token, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
            "HTTP_PROXY": closed, "HTTPS_PROXY": closed, "NO_PROXY": "127.0.0.1,localhost,::1",
        }  # fmt: skip
        command = [str(binary), "-p", "show me", "--output-format", "json", "--dangerously-skip-permissions"]
        done = subprocess.run(
            [*command, "--model", "claude-sonnet-4-5"], env=environment, cwd=home, capture_output=True, text=True, timeout=600,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return str(json.loads(done.stdout)["result"])

    with ThreadPoolExecutor(NUMBER) as pool:
        results = list(pool.map(session, range(NUMBER)))
    assert all("hello from axonhub" in result for result in results), results
    traces = _settled(server)
    assert len({trace["id"] for trace in traces}) == len(traces) == NUMBER
    assert [trace for trace in traces if trace["errors"] or trace["running"]] == []


def _settled(server: Running) -> list[dict[str, Any]]:
    """The recorded sessions, once their last rows are written: a server under load writes them together, within a second."""
    command = [sys.executable, "-m", "axonhub_cli", "trace", "list", "--json", "--limit", "100"]
    environment = {**os.environ, "AXONHUB_HOME": str(server.home)}
    traces: list[dict[str, Any]] = []
    for _ in range(10):
        traces = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60).stdout)
        if not any(trace["running"] for trace in traces):
            break
        time.sleep(0.3)
    return traces
