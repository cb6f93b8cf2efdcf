"""Every test has a home of its own, a scrubbed environment, a fixed width and no colour."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the programs that tests start compile what they import once, not each time

_OURS = ("ANTHROPIC_", "OPENAI_", "AXONHUB_", "CLAUDE_", "CODEX_", "DEEPSEEK_", "XDG_", "PYTHON_KEYRING", "DBUS_")
_SCRUBBED = (*_OURS, "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def pytest_xdist_auto_num_workers() -> int:
    """Tests wait as much as they compute: a worker more than there are cores."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh HOME and AXONHUB_HOME; nothing of the developer's own environment reaches a test."""
    for name in list(os.environ):
        if name.startswith(_SCRUBBED) and not name.startswith("AXONHUB_E2E"):
            monkeypatch.delenv(name)
    directory = tmp_path / "axonhub-home"
    directory.mkdir(mode=0o700)
    user = tmp_path / "user-home"
    user.mkdir()
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv("AXONHUB_HOME", str(directory))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,::1")
    return directory
