"""`axonhub ready`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from axonhub_cli.cli import detach, ready
from axonhub_cli.config.state import ServerState
from axonhub_cli.errors import NotRunning

STATE = ServerState(pid=7, host="127.0.0.1", port=8123, started=0.0, instance="i", admin_token="t")


@pytest.fixture
def app() -> typer.Typer:
    """The command alone."""
    found = typer.Typer()
    ready.register(found)
    return found


@pytest.mark.parametrize(
    ("arguments", "says"), [([], "No axonhub server answers."), (["--wait", "--timeout", "0"], "within 0 s")]
)
def test_without_a_server_it_fails(app: typer.Typer, home: Path, arguments: list[str], says: str) -> None:
    """At once, or when the time is over; exit code 3."""
    error = CliRunner().invoke(app, arguments).exception
    assert isinstance(error, NotRunning)
    assert says in error.message
    assert error.exit_code == 3


def test_it_comes_back_as_soon_as_a_server_answers(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is there at the third look is found at the third look."""
    answers = iter([None, None, STATE])
    monkeypatch.setattr(detach, "running", lambda: next(answers))
    done = CliRunner().invoke(app, ["--wait", "--json"])
    assert json.loads(done.stdout) == {"ready": True, "url": "http://127.0.0.1:8123", "port": 8123, "pid": 7}
