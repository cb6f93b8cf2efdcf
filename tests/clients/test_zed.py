"""Zed's provider."""

import sys
from pathlib import Path

import pytest

from axonhub_cli.clients import zed


def test_every_model_has_a_size() -> None:
    """That which is known; the others get one that is safe."""
    edits = {edit.path[-1]: edit.value for edit in zed.target(8090, ["a", "b"], {"a": 64000}).edits}
    assert edits == {
        "api_url": "http://127.0.0.1:8090/v1",
        "available_models": [{"name": "a", "max_tokens": 64000}, {"name": "b", "max_tokens": 128000}],
    }


def test_the_file_is_where_zed_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG's folder counts on Linux, APPDATA on Windows."""
    assert zed.file() == Path.home() / ".config" / "zed" / "settings.json"
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert zed.file() == tmp_path / "zed" / "settings.json"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", str(tmp_path))
    assert zed.file() == tmp_path / "Zed" / "settings.json"
