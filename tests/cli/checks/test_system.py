"""Versions and the clock."""

from pathlib import Path

import pytest

from axonhub_cli import __version__
from axonhub_cli.cli.checks import system


def test_our_version_is_told() -> None:
    """Ours, Python's and the system's in one line."""
    assert __version__ in next(system.versions()).text


SCRIPTS = {"says its version": ("echo 2.1.330", "ok"), "says nothing": ("exit 1", "warn")}


@pytest.mark.parametrize(("script", "status"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_client_is_asked_for_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, status: str) -> None:
    """What it says, or that it does not."""
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert [item.status for item in system.client("claude")] == [status]
    assert list(system.client("codex")) == []


def test_a_clock_that_stands_in_the_past() -> None:
    """Before the installation itself: wrong. Else it is simply told."""
    assert next(system.clock(0.0)).status == "warn"
    assert next(system.clock()).status == "ok"
