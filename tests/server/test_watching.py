"""How often a server looks at its files."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from axonhub_cli.server import gateway


@pytest.mark.parametrize(("asked", "watched", "seconds"), [(0.0, False, 1.0), (-60.0, True, 1.0), (-60.0, False, 4.0)])
async def test_an_idle_server_looks_seldom(asked: float, watched: bool, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second while requests come or somebody watches; a request looks itself, so otherwise nothing is lost."""
    slept: list[float] = []
    polls: list[int] = []

    async def sleep(delay: float) -> None:
        slept.append(delay)
        if len(slept) > 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(gateway.asyncio, "sleep", sleep)
    one: Any = SimpleNamespace(
        live=set(), asked=time.monotonic() + asked, feed=SimpleNamespace(watched=watched), poll=lambda: polls.append(1)
    )
    one.busy = lambda: gateway.Gateway.busy(one)
    with pytest.raises(asyncio.CancelledError):
        await gateway.watch_files(one, 1.0)
    assert slept == [seconds] * 3
    assert len(polls) == 2
