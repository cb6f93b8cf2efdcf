"""`axonhub run`, with a program in the client's place that says what it was given."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from axonhub_cli.cli import detach, run
from axonhub_cli.config.keys import KeyStore
from axonhub_cli.errors import AxonHubError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs exec")

SAYS = """#!{python}
import json, os, sys, urllib.request
base = os.environ["ANTHROPIC_BASE_URL"]
ask = urllib.request.Request(base + "/v1/models", headers={{"x-api-key": os.environ["ANTHROPIC_AUTH_TOKEN"]}})
print(json.dumps({{"pid": os.getpid(), "base": base, "args": sys.argv[1:], "status": urllib.request.urlopen(ask).status}}))
sys.stdout.flush()
if sys.argv[1:] == ["wait"]:
    import signal
    signal.pause()
sys.exit(7)
"""


@pytest.fixture
def environ(home: Path, tmp_path: Path) -> dict[str, str]:
    """An environment whose `claude` is the program above; the port is any free one."""
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(SAYS.format(python=sys.executable))
    program.chmod(0o755)
    (home / "config.toml").write_text(f"[server]\nport = {free_port()}\n[profiles.p]\n")
    out = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "AXONHUB_TEST_TIME_SCALE": "0.05"}
    return {**out, "PYTHONPATH": str(Path(__file__).parents[2])}


def free_port() -> int:
    """A port that was free a moment ago."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    """The command as it is typed."""
    return [sys.executable, "-m", "axonhub_cli", *arguments]


def ended() -> bool:
    """Whether the server ends within its time."""
    until = time.monotonic() + 20
    while detach.running() is not None:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_a_server_lives_as_long_as_the_sessions(environ: dict[str, str], home: Path) -> None:
    """The first session starts it, a second one shares it and keeps it alive; signals reach the client, the server follows."""
    with subprocess.Popen(command("run", "claude", "wait"), env=environ, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        one: dict[str, Any] = json.loads(first.stdout.readline())
        assert one["pid"] == first.pid  # it became the client
        with subprocess.Popen(command("run", "claude", "wait"), env=environ, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert json.loads(second.stdout.readline())["base"] == one["base"]
            first.send_signal(signal.SIGTERM)
            assert first.wait(10) == -signal.SIGTERM
            again = subprocess.run(
                command("run", "--profile", "p", "claude", "--", "-p", "hi"), env=environ, capture_output=True, text=True
            )
            assert again.returncode == 7, again.stderr
            said = json.loads(again.stdout)
            assert (said["args"], said["base"], said["status"]) == (["-p", "hi"], one["base"], 200)
            second.send_signal(signal.SIGHUP)  # SIGINT is ignored by whatever a shell started in the background
            assert second.wait(10) == -signal.SIGHUP
    assert ended()
    assert [(key.name, key.profile) for key in KeyStore(home / "keys.toml").keys] == [
        ("claude-code", None),
        ("claude-code-p", "p"),
    ]
    assert not list((home / "leases").iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nobody"], 2, "cannot start 'nobody'"),
        (["codex"], 3, "npm install"),
        (["--profile", "nope", "claude"], 2, "no profile 'nope'"),
        (["--key", "nope", "claude"], 2, "no local key named 'nope'"),
        (["--key", "a", "--profile", "p", "claude"], 2, "a profile of its own"),
    ],
)
def test_what_cannot_be_started_is_said(
    environ: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    """A sentence, the right exit code, and neither server nor lease left behind."""
    monkeypatch.setenv("PATH", environ["PATH"].partition(":")[0])
    app = typer.Typer()
    run.register(app)
    error = CliRunner().invoke(app, arguments).exception
    assert isinstance(error, AxonHubError)
    assert error.exit_code == code
    assert says in str(error)
    assert detach.running() is None
    assert not list(home.glob("leases/*"))


@pytest.mark.parametrize(
    ("arguments", "model"),
    [
        ([], None),
        (["-m", "a"], "a"),
        (["exec", "--model=b", "x"], "b"),
        (["--model", "c", "-m", "d"], "c"),
        (["--", "-m", "a"], None),
        (["-m"], None),
    ],
)
def test_the_model_of_the_users_arguments_counts(arguments: list[str], model: str | None) -> None:
    """What depends on the model is right also when the client's own option names it; other clients' options mean other things."""
    assert run.model_in(arguments, "claude") == model
    assert run.model_in(arguments, "opencode") is None
