"""The first minute of a newcomer: nothing configured, `axonhub serve`, the client works against the built-in demo model."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Running, client_binary, end, start_axonhub

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    """axonhub as installed, without a line of configuration."""
    running = start_axonhub(tmp_path / "ax", "", keys={"newcomer": None})
    yield running
    end(running.process)


def _trace(running: Running) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "axonhub_cli", "trace", "list", "--json"]
    listed = subprocess.run(
        command, env={**os.environ, "AXONHUB_HOME": str(running.home)}, capture_output=True, text=True, timeout=60
    )
    assert listed.returncode == 0, listed.stderr
    traces: list[dict[str, object]] = json.loads(listed.stdout)
    return traces


def test_claude_code_works_with_the_demo_model_through_the_printed_exports(demo: Running, tmp_path: Path) -> None:
    """`eval "$(axonhub setup claude-code)"` is all that it takes; the demo calls the shell tool and the trace has the session."""
    binary = client_binary("claude")
    port = demo.url.rpartition(":")[2]
    script = (
        f'eval "$({sys.executable} -m axonhub_cli setup claude-code --shell bash --port {port})" && '
        f'{binary} -p "show me" --output-format json --dangerously-skip-permissions --model claude-sonnet-4-5'
    )
    done = subprocess.run(
        ["bash", "-c", script], env=_client_environment(demo, tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert "hello from axonhub" in json.loads(done.stdout)["result"]
    traces = _trace(demo)
    assert [trace["client"] for trace in traces] == ["claude-code"]


def test_codex_works_with_the_demo_model_after_setup(demo: Running, tmp_path: Path) -> None:
    """`axonhub setup codex` and its export are all that it takes."""
    binary = client_binary("codex")
    port = demo.url.rpartition(":")[2]
    axonhub = f"{sys.executable} -m axonhub_cli"
    script = (
        f"{axonhub} setup codex --yes --port {port} >/dev/null && "
        f'eval "$({axonhub} setup codex --env --shell bash)" && '
        f'{binary} exec --json --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox -m gpt-5.5 "show me"'
    )
    done = subprocess.run(
        ["bash", "-c", script], env=_client_environment(demo, tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert "hello from axonhub" in done.stdout
    assert [trace["client"] for trace in _trace(demo)] == ["codex"]


def _client_environment(demo: Running, tmp_path: Path) -> dict[str, str]:
    closed = "http://127.0.0.1:9"
    home = tmp_path / "client-home"
    home.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "AXONHUB_HOME": str(demo.home),
        "TERM": "xterm-256color", "LANG": "C.UTF-8",
        "IS_SANDBOX": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
        "HTTP_PROXY": closed, "HTTPS_PROXY": closed, "NO_PROXY": "127.0.0.1,localhost,::1", "PYTHONPATH": os.getcwd(),
    }  # fmt: skip
