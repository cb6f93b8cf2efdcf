"""Every test has a home of its own, a scrubbed environment, a fixed width and no colour."""

import asyncio
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from axonhub_cli.server.process import new_loop

settings.register_profile("default", max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the programs that tests start compile what they import once, not each time

_OURS = ("ANTHROPIC_", "OPENAI_", "AXONHUB_", "CLAUDE_", "CODEX_", "DEEPSEEK_", "XDG_", "PYTHON_KEYRING", "DBUS_")
_SCRUBBED = (*_OURS, "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")

_KEPT = ("AXONHUB_E2E", "AXONHUB_LOOP")  # what says how tests run


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that a server runs on, and with the mark `loops` on each that there is. AXONHUB_LOOP chooses one for
    all, also for the servers that tests start."""
    if "AXONHUB_LOOP" in os.environ or item.get_closest_marker("loops") is None or importlib.util.find_spec("uvloop") is None:
        return {"loop": new_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": new_loop}


def pytest_xdist_auto_num_workers() -> int:
    """Tests wait as much as they compute: a worker more than there are cores."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh HOME and AXONHUB_HOME; nothing of the developer's own environment reaches a test."""
    for name in list(os.environ):
        if name.startswith(_SCRUBBED) and not name.startswith(_KEPT):
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
