"""Servers in the background: started, found, refused with the reason."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from axonhub_cli.cli import detach
from axonhub_cli.errors import NotRunning


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is found from wherever the server is started."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def test_a_detached_server_answers_and_a_second_start_finds_it(home: Path) -> None:
    """The command comes back with a server that answers; asked again, it says that one runs already; the log is private."""
    command = [sys.executable, "-m", "axonhub_cli", "serve", "--detach", "--port", "0", "--demo", "--json"]
    first = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    try:
        assert first["started"]
        assert first["port"] != 8090  # a free one, as asked
        second = detach.serve_detached({"--port": 0})
        assert (second.data["started"], second.data["pid"]) == (False, first["pid"])
        found = detach.running()
        assert found is not None
        assert found.port == first["port"]
        assert detach.log_file().stat().st_mode & 0o777 == 0o600
    finally:
        os.kill(first["pid"], signal.SIGTERM)
    while detach.running() is not None:
        time.sleep(0.02)


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    """The log's last words are the error."""
    (home / "config.toml").write_text("[server]\nprot = 1\n")
    with pytest.raises(NotRunning, match="prot") as caught:
        detach.start()
    assert str(detach.log_file()) in (caught.value.hint or "")


def test_waiting_ends(home: Path) -> None:
    """Without a server there is nothing at the end of the wait."""
    assert detach.wait(0) is None
